#!/usr/bin/env python3
"""Every table of a study's page is what the study's own script makes of the committed result files."""
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
STUDIES = sorted(page.stem for page in (ROOT / "docs/studies").glob("*.md"))


def tables_of(study):
    script = ROOT / "experiments" / study / "tables.py"
    output = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [table for table in output.strip().split("\n\n") if table]


class Studies(unittest.TestCase):
    def test_there_are_some(self):
        self.assertTrue(STUDIES)

    def test_pages_show_what_the_result_files_say(self):
        for study in STUDIES:
            page = (ROOT / "docs/studies" / f"{study}.md").read_text(encoding="utf-8")
            tables = tables_of(study)
            self.assertTrue(tables, study)
            for table in tables:
                with self.subTest(study=study, table=table.splitlines()[0]):
                    self.assertIn(table, page, f"run experiments/{study}/tables.py and put its tables into the page")


if __name__ == "__main__":
    unittest.main()
