#!/usr/bin/env python3
"""Closing table of a test run: per label the tests, what became of them and the minutes used of its budget.

    tests/summary.py --build build/release --junit build/release/test_results.xml --jobs 2
"""

import argparse
import dataclasses
import json
import pathlib
import re
import subprocess
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Wall-clock minutes on two cores. fast is for every save, full for every push, slow has the long studies.
BUDGET_MINUTES = {"fast": 1, "full": 25, "slow": 14}
LONGEST_FILES = 10


@dataclasses.dataclass
class Test:
    """One ctest entry: a GoogleTest program, a launch of one under mpirun, or a script."""

    name: str
    label: str
    outcome: str  # passed, failed or skipped
    minutes: float  # share of the wall clock: seconds * processors held / jobs / 60
    cases: int
    skipped_cases: list[str]
    last_words: str  # of the output: a script's reason for a skip


@dataclasses.dataclass
class Row:
    label: str
    tests: list[Test]

    def count(self, outcome: str) -> int:
        return sum(test.outcome == outcome for test in self.tests)

    def minutes(self) -> float:
        return sum(test.minutes for test in self.tests)

    def text(self) -> str:
        budget = BUDGET_MINUTES.get(self.label)
        used = f"{self.minutes():5.1f} of {budget}" if budget else f"{self.minutes():5.1f}"
        over = "   OVER BUDGET" if budget and self.minutes() > budget else ""
        cases = sum(test.cases for test in self.tests)
        skipped_cases = sum(len(test.skipped_cases) for test in self.tests)
        return (
            f"{self.label:<6}{len(self.tests):>7}{self.count('passed'):>9}{self.count('failed'):>9}"
            f"{self.count('skipped'):>10}{cases:>9}{skipped_cases:>10}    {used}{over}"
        )


def properties_by_test(build: pathlib.Path) -> dict[str, dict]:
    """Labels and processors; the JUnit file of CMake 3.25 holds neither."""
    listing = subprocess.run(
        ["ctest", "--test-dir", build, "--show-only=json-v1"], check=True, capture_output=True, text=True
    ).stdout
    tests = json.loads(listing)["tests"]
    return {test["name"]: {entry["name"]: entry["value"] for entry in test.get("properties", [])} for test in tests}


def outcome_of(case: ElementTree.Element) -> str:
    status = case.get("status")
    if status == "run":
        return "passed"
    skipped = case.find("skipped")
    # ctest also calls a missing program skipped; only a skip the test asked for, or a disabled test, is one.
    asked_for = skipped is not None and skipped.get("message", "").startswith("SKIP_")
    return "skipped" if asked_for or status == "disabled" else "failed"


def skipped_cases(output: str) -> list[str]:
    """Names and reasons: GoogleTest prints 'file:line: Skipped', the reason, then '[  SKIPPED ] Suite.case (0 ms)'."""
    found = []
    reason = ""
    lines = output.splitlines()
    for previous, line in zip([""] + lines, lines):
        if previous.endswith(": Skipped"):
            reason = line.strip()
        match = re.match(r"\[  SKIPPED \] (\S+) \(\d+ ms\)", line)
        if match:
            found.append(f"{match[1]}: {reason or 'no reason given'}")
            reason = ""
    return found


def read_test(case: ElementTree.Element, properties: dict, jobs: int) -> Test:
    output = case.findtext("system-out", "")
    label = next((label for label in properties.get("LABELS", []) if label in BUDGET_MINUTES), "other")
    processors = min(int(properties.get("PROCESSORS", 1)), jobs)
    ran = re.search(r"\[==========\] (\d+) tests? from .* ran", output)
    return Test(
        name=case.get("name"),
        label=label,
        outcome=outcome_of(case),
        minutes=float(case.get("time")) * processors / jobs / 60,
        cases=int(ran[1]) if ran else 0,
        skipped_cases=skipped_cases(output),
        last_words=output.strip().rpartition("\n")[2] or "no reason given",
    )


def print_table(tests: list[Test]) -> None:
    print("\nlabel   tests   passed   failed   skipped    cases   skipped    minutes")
    for label in [*BUDGET_MINUTES, "other"]:
        row = Row(label, [test for test in tests if test.label == label])
        if row.tests:
            print(row.text())


def print_skipped(tests: list[Test]) -> None:
    skipped = [f"  {test.name}: {case}" for test in tests for case in test.skipped_cases]
    skipped += [f"  {test.name}: {test.last_words}" for test in tests if test.outcome == "skipped"]
    if skipped:
        print("\nskipped:")
        print("\n".join(skipped))


def print_longest_files() -> None:
    def lines(path: pathlib.Path) -> int:
        return path.read_bytes().count(b"\n")

    sources = [path for folder in ("framework", "tests") for path in (ROOT / folder).rglob("*") if path.suffix in {".h", ".cpp"}]
    print(f"\n{LONGEST_FILES} longest files (stop and think at 400 lines in framework/, 600 in tests/):")
    for path in sorted(sources, key=lambda path: (-lines(path), path))[:LONGEST_FILES]:
        print(f"  {lines(path):>5}  {path.relative_to(ROOT)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--junit", type=pathlib.Path, required=True)
    parser.add_argument("--jobs", type=int, required=True)
    arguments = parser.parse_args()
    properties = properties_by_test(arguments.build)
    cases = ElementTree.parse(arguments.junit).getroot().iter("testcase")
    tests = [read_test(case, properties.get(case.get("name"), {}), arguments.jobs) for case in cases]
    print_longest_files()
    print_skipped(tests)
    print_table(tests)
    print()


if __name__ == "__main__":
    main()
