#!/usr/bin/env python3
"""The example gate ends with the exit code of the first command that is not passed, and asks all of them."""
import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GATE = ROOT / "experiments/acceptance/gate.sh"
# Ends with the code that the environment names for a subcommand, and writes down what it was asked.
PROGRAM = """#!/usr/bin/env bash
echo "$@" >> "$CALLS"
code=CODE_$1
exit "${!code:-0}"
"""


def gate(*more, **codes):
    """Exit code, and the calls of the program, under these codes of its subcommands."""
    with tempfile.TemporaryDirectory() as folder:
        program, calls = pathlib.Path(folder) / "coldframe", pathlib.Path(folder) / "calls"
        program.write_text(PROGRAM)
        program.chmod(0o755)
        names = {f"CODE_{command}": str(code) for command, code in codes.items()}
        ended = subprocess.run([GATE, program, f"{folder}/runs", *more], env={**os.environ, **names, "CALLS": str(calls)},
                               capture_output=True, text=True)
        return ended.returncode, calls.read_text().splitlines()


class Gate(unittest.TestCase):
    def test_passes_when_all_bounds_are_met(self):
        code, calls = gate()
        self.assertEqual(code, 0)
        self.assertEqual([call.split()[0] for call in calls], ["import", "train", "evaluate", "robustness", "fairness"])
        self.assertFalse([call for call in calls if "--baseline" in call])

    def test_ends_with_the_code_of_the_first_that_is_not_passed(self):
        for codes, expected in [({"evaluate": 4}, 4), ({"evaluate": 6, "fairness": 4}, 6), ({"robustness": 4}, 4),
                                ({"fairness": 6}, 6), ({"robustness": 6, "fairness": 4}, 6)]:
            with self.subTest(codes=codes):
                code, calls = gate(**codes)
                self.assertEqual(code, expected)
                self.assertEqual(len(calls), 5, "what comes later is asked all the same")

    def test_judges_nothing_when_training_fails(self):
        code, calls = gate(train=7)
        self.assertEqual(code, 7)
        self.assertEqual(len(calls), 2)

    def test_sets_the_run_beside_an_accepted_one(self):
        calls = gate("accepted")[1]
        self.assertIn("--baseline accepted", calls[2])
        self.assertIn("no_worse.ini", calls[2])


if __name__ == "__main__":
    unittest.main()
