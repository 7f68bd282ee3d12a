"""The closing table of a test run, made from a JUnit file as ctest writes it."""

import pathlib
import sys
import unittest
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import summary

GOOGLETEST_OUTPUT = """[==========] Running 3 tests from 1 test suite.
[ RUN      ] Store.ReadsWhatItWrote
[       OK ] Store.ReadsWhatItWrote (1 ms)
[ RUN      ] Store.NeedsData
store_test.cpp:12: Skipped
no MovieLens-100K in .deps

[  SKIPPED ] Store.NeedsData (0 ms)
[==========] 3 tests from 1 test suite ran. (2 ms total)
[  SKIPPED ] 1 test, listed below:
[  SKIPPED ] Store.NeedsData
"""


def read(inner: str, properties: dict, output: str = "") -> summary.Test:
    status, child = inner.split("|")
    case = ElementTree.fromstring(f'<testcase name="t" time="60" status="{status}">{child}<system-out/></testcase>')
    case.find("system-out").text = output
    return summary.read_test(case, properties, jobs=2)


class SummaryTest(unittest.TestCase):
    def test_outcomes_are_told_apart(self):
        outcomes = {
            "run|": "passed",
            "fail|<failure/>": "failed",
            'notrun|<skipped message="Unable to find executable"/>': "failed",
            'notrun|<skipped message="SKIP_RETURN_CODE=77"/>': "skipped",
            "disabled|": "skipped",
        }
        for inner, outcome in outcomes.items():
            self.assertEqual(read(inner, {}).outcome, outcome, inner)

    def test_a_test_that_holds_both_cores_uses_the_whole_clock(self):
        self.assertAlmostEqual(read("run|", {"LABELS": ["full", "mpi"], "PROCESSORS": 2}).minutes, 1.0)
        self.assertAlmostEqual(read("run|", {"LABELS": ["full"]}).minutes, 0.5)

    def test_the_label_with_a_budget_counts(self):
        self.assertEqual(read("run|", {"LABELS": ["mpi", "slow"]}).label, "slow")
        self.assertEqual(read("run|", {"LABELS": ["mpi"]}).label, "other")

    def test_skipped_cases_come_with_their_reason(self):
        test = read("run|", {}, GOOGLETEST_OUTPUT)
        self.assertEqual(test.cases, 3)
        self.assertEqual(test.skipped_cases, ["Store.NeedsData: no MovieLens-100K in .deps"])

    def test_a_skipped_script_says_why_last(self):
        test = read('notrun|<skipped message="SKIP_RETURN_CODE=77"/>', {}, "looking for data\nno MovieLens-100K in .deps\n")
        self.assertEqual(test.last_words, "no MovieLens-100K in .deps")
        self.assertEqual(read('notrun|<skipped message="SKIP_RETURN_CODE=77"/>', {}).last_words, "no reason given")

    def test_going_over_the_budget_is_said(self):
        slow_test = summary.Test("t", "fast", "passed", 1.5, 1, [], "")
        self.assertIn("1.5 of 1   OVER BUDGET", summary.Row("fast", [slow_test]).text())


if __name__ == "__main__":
    unittest.main()
