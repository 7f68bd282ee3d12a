"""The arithmetic of the table, by hand; and that sides which compute different things are never compared."""

import math
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import comparison
import quality
import run_peers
from distinct_pairs import distinct_pairs
from jobs import Jobs
from rows import Row, all_rows, select

ROW = Row("one", kind="train", data="movielens", strategy="lora", batch=8, warmup=1, steps=2)


class ScriptedJobs:
    """Both sides answer from a list of seconds per step: the first of them is the warm-up."""

    def __init__(self, ours: list, theirs: list, our_loss: float = 2.0, peer_loss: float = 2.0):
        self.times = {"ours": iter(ours), "peer": iter(theirs)}
        self.loss = {"ours": our_loss, "peer": peer_loss}
        self.calls: list[tuple[str, float]] = []

    def ours(self, row, dropout, steps, warmup, shape=None):
        return self.answer("ours", dropout, warmup)

    def peer(self, row, dropout, steps, warmup):
        return self.answer("peer", dropout, warmup)

    def answer(self, side, dropout, warmup):
        self.calls.append((side, dropout))
        seconds = [1.0] if dropout == 0 else next(self.times[side])
        steps = [{"seconds": s, "loss": self.loss[side], "tokens": 100, "tokens_with_repeats": 120} for s in seconds]
        return {"steps": steps, "warmup": warmup, "trainable": 5, "flop_per_token": 1e6, "peak_memory_bytes": [2e6, 3e6],
                "start_seconds": 0.5}


class ComparisonTest(unittest.TestCase):
    def test_equal_losses_agree_and_different_ones_do_not(self):
        self.assertAlmostEqual(comparison.check_losses(2.0001, 2.0, "fp32"), 5e-5)
        for ours, theirs in [(2.001, 2.0), (math.nan, 2.0), (2.0, math.nan), (2.0, 0.0), (math.inf, 2.0)]:
            with self.assertRaises(comparison.Disagreement):
                comparison.check_losses(ours, theirs, "fp32")
        self.assertGreater(comparison.check_losses(2.001, 2.0, "bf16"), 0)

    def test_vectors_must_have_one_shape_and_one_direction(self):
        self.assertEqual(comparison.check_vectors([[0.6, 0.8]], [[0.6, 0.8]], "fp32"), 0)
        for ours, theirs in [([[0.8, 0.6]], [[0.6, 0.8]]), ([], []), ([[1.0]], [[1.0, 0.0]]), ([[math.nan]], [[1.0]])]:
            with self.assertRaises(comparison.Disagreement):
                comparison.check_vectors(ours, theirs, "fp32")

    def test_the_best_time_takes_each_step_from_its_best_round(self):
        self.assertEqual(comparison.best_seconds([[3.0, 1.0], [2.0, 4.0]]), 3.0)
        for rounds in ([[1.0], [1.0, 2.0]], [[]]):
            with self.assertRaises(ValueError):
                comparison.best_seconds(rounds)

    def test_a_ratio_above_one_says_that_ours_is_faster(self):
        # Rounds: 6 / 3 and 4 / 4; best times: ours 2 + 1, the peer's 2 + 2.
        ratio = comparison.Ratio.of([[2.0, 1.0], [2.0, 2.0]], [[3.0, 3.0], [2.0, 2.0]])
        self.assertEqual((ratio.best, ratio.low, ratio.high), (4 / 3, 1.0, 2.0))
        with self.assertRaises(ValueError):
            comparison.Ratio.of([[1.0]], [[1.0], [1.0]])

    def test_share_of_the_limit(self):
        # 1,000 tokens x 50 MFLOP in 0.5 s are 100 GFLOP/s; two cores can do 2 x 200.
        self.assertAlmostEqual(comparison.share_of_limit(1000, 5e7, 0.5, 200, 2), 0.25)


class TableTest(unittest.TestCase):
    def test_a_row_by_hand(self):
        jobs = ScriptedJobs([[9.0, 1.0, 3.0], [9.0, 2.0, 2.0]], [[9.0, 4.0, 4.0], [9.0, 6.0, 2.0]])
        result = run_peers.compare(ROW, jobs, 2, {"fp32": {"one_core": 1.0}})
        # Best: ours 1 + 2 s for 16 pairs, the peer 4 + 2 s.
        self.assertAlmostEqual(result["ours"]["speed"], 16 / 3)
        self.assertAlmostEqual(result["peer"]["speed"], 16 / 6)
        self.assertEqual(result["ratio"], {"best": 2.0, "low": 2.0, "high": 2.0})
        # 200 tokens x 1 MFLOP in 3 s against 2 GFLOP/s; the peer computes the repeats too.
        self.assertAlmostEqual(result["ours"]["share"], 2e8 / 3 / 2e9)
        self.assertAlmostEqual(result["peer"]["share"], 2.4e8 / 6 / 2e9)
        self.assertEqual(result["ours"]["memory_mb"], 5.0)

    def test_the_check_comes_first_and_the_sides_take_turns(self):
        jobs = ScriptedJobs([[1.0, 1.0, 1.0]] * 2, [[1.0, 1.0, 1.0]] * 2)
        run_peers.compare(ROW, jobs, 2, {"fp32": {"one_core": 1.0}})
        self.assertEqual(jobs.calls[:2], [("ours", 0.0), ("peer", 0.0)])
        self.assertEqual([side for side, _ in jobs.calls[2:]], ["ours", "peer", "peer", "ours"])

    def test_no_rounds_are_the_check_alone(self):
        jobs = ScriptedJobs([], [], our_loss=2.00005)
        self.assertEqual(run_peers.text_of(run_peers.run_row(ROW, jobs, 0, {})), "| one | agrees: 2.5e-05 |")
        self.assertEqual(len(jobs.calls), 2)

    def test_a_row_whose_losses_differ_fails_before_it_is_timed(self):
        jobs = ScriptedJobs([], [], our_loss=2.0, peer_loss=2.1)
        result = run_peers.run_row(ROW, jobs, 3, {"fp32": {"one_core": 1.0}})
        self.assertTrue(result["failed"])
        self.assertIn("first loss 2 and 2.1", run_peers.text_of(result))
        self.assertEqual(len(jobs.calls), 2)

    def test_lanes_are_compared_with_one_thread(self):
        jobs = ScriptedJobs([[1.0, 4.0, 4.0], [1.0, 2.0, 2.0], [1.0, 3.0, 2.0]], [])
        result = run_peers.compare_lanes(ROW, jobs, 1)
        self.assertEqual([up["best"] for up in result["speed_up"].values()], [1.0, 2.0, 1.6])


class RowsTest(unittest.TestCase):
    def test_names_are_distinct_and_patterns_select(self):
        names = [row.name for row in all_rows()]
        self.assertEqual(len(names), len(set(names)))
        self.assertEqual([row.name for row in select(["ranks-2x32-lora-*"])], ["ranks-2x32-lora-fp32", "ranks-2x32-lora-bf16"])
        self.assertEqual(len(select([])), len(names))
        with self.assertRaisesRegex(ValueError, "no row is called nonsense"):
            select(["ranks-*", "nonsense"])

    def test_distinct_pairs_repeat_no_text_and_mix_categories(self):
        rows = [("A b", "x"), ("a  B", "x"), ("c", "x"), ("d", "y"), ("e", "y"), ("f", "x"), ("g\n", "x"), ("h", "y")]
        self.assertEqual(distinct_pairs(rows), [("A b", "c"), ("d", "e"), ("f", "g")])


class JobsTest(unittest.TestCase):
    def test_a_job_that_ends_badly_is_an_error_with_its_words(self):
        with tempfile.TemporaryDirectory() as folder:
            jobs = Jobs(pathlib.Path(folder))
            with self.assertRaisesRegex(RuntimeError, "no such file"):
                jobs._call(["sh", "-c", "echo 'no such file' >&2; exit 3"], {})
            jobs._call(["sh", "-c", "true"], {})


class QualityTest(unittest.TestCase):
    def test_ndcg_by_hand(self):
        newcomer = quality.Newcomer("", masked=frozenset({0}), targets=frozenset({2, 3}))
        # Ranked: 3 (target), 1, 2 (target); 0 would come first, but is never ranked.
        found = quality.ndcg([9.0, 2.0, 1.0, 3.0, 0.5], newcomer)
        self.assertAlmostEqual(found, (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3)))
        self.assertAlmostEqual(quality.ndcg([9.0, 2.0, 1.0, 3.0, 0.5], newcomer, cut=1), 1.0)

    def test_newcomers_are_read_as_written(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "validation.tsv"
            path.write_text("A 30 year old.\t4 7\t1\n")
            [newcomer] = quality.read_newcomers(path)
        self.assertEqual(newcomer, quality.Newcomer("A 30 year old.", frozenset({4, 7}), frozenset({1})))

    def test_time_counts_the_steps_before_the_look(self):
        looks, seconds = [(2, 0.1), (4, 0.3), (6, 0.2)], [1.0, 1.0, 2.0, 2.0, 4.0, 4.0]
        self.assertEqual(quality.time_to(0.3, looks, seconds), 6.0)
        self.assertIsNone(quality.time_to(0.31, looks, seconds))


if __name__ == "__main__":
    unittest.main()
