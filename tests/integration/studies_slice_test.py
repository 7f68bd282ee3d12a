#!/usr/bin/env python3
"""A slice of the committed studies, trained and evaluated anew, gives their numbers; and numbers that moved are seen.

    tests/integration/studies_slice_test.py PROGRAM
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLICE = ROOT / "experiments/repeat_slice.py"
PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else ROOT / "build/release/bin/coldframe"
SKIPPED = 77
sys.path.insert(0, str(SLICE.parent))
import repeat_slice  # noqa: E402


class StudiesSlice(unittest.TestCase):
    def test_repeats_the_stored_numbers(self):
        with tempfile.TemporaryDirectory() as folder:
            store = pathlib.Path(folder) / "ml-100k.h5"
            subprocess.run([PROGRAM, "import", "--source", "movielens-100k", "--input", ROOT / ".deps/movielens-100k", "--output", store],
                           check=True, capture_output=True)
            repeated = subprocess.run([sys.executable, SLICE, "--program", PROGRAM, "--store", store], capture_output=True, text=True)
        print(repeated.stdout)
        self.assertEqual(repeated.returncode, 0, repeated.stdout + repeated.stderr)
        self.assertGreater(repeated.stdout.count("ok   "), 10)

    def test_sees_a_number_that_moved_is_missing_or_was_never_stored(self):
        stored = repeat_slice.stored_numbers()
        tolerances = repeat_slice.tolerances()
        found = [(study, name, value) for (study, name), value in stored.items()]
        self.assertEqual(repeat_slice.compare(found, tolerances), 0)
        (study, name, value), *rest = found
        self.assertEqual(repeat_slice.compare([(study, name, value + 1.01 * tolerances[study, name]), *rest], tolerances), 1)
        self.assertEqual(repeat_slice.compare(rest, tolerances), 1)
        self.assertEqual(repeat_slice.compare([*found, (study, "new", 1.0)], {**tolerances, (study, "new"): 1}), 1)


if __name__ == "__main__":
    if not (ROOT / ".deps/movielens-100k").exists() or not (ROOT / ".deps/encoders").exists():
        print("MovieLens-100K or the default encoder is not in .deps (cluster/setup.sh brings both)")
        sys.exit(SKIPPED)
    unittest.main()
