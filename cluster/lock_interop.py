#!/usr/bin/env python3
"""Resolves interop-requirements.in and writes interop-requirements.txt: every package, pinned and with its SHA-256.

Run it with the Python the environment is made for (3.11), from anywhere:
    python3 cluster/lock_interop.py
"""

import json
import pathlib
import subprocess
import sys
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent
WHEELS = FOLDER.parent / ".deps" / "wheels"
SOURCE = FOLDER / "interop-requirements.in"
LOCK = FOLDER / "interop-requirements.txt"
HEADER = "# Written by cluster/lock_interop.py from interop-requirements.in; for Python 3.11 on Linux x86_64.\n"


def resolve(folder: pathlib.Path) -> list[dict]:
    """Asks pip in a fresh environment, so that nothing already installed hides a dependency."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    report = folder / "report.json"
    subprocess.run(
        [folder / "venv/bin/pip", "install", "--quiet", "--dry-run", "--only-binary=:all:", "--report", report,
         "--find-links", WHEELS, "--requirement", SOURCE],
        check=True,
    )
    return json.loads(report.read_text())["install"]


def lock_line(package: dict) -> str:
    name = package["metadata"]["name"].lower().replace("_", "-")
    digest = package["download_info"]["archive_info"]["hashes"]["sha256"]
    return f"{name}=={package['metadata']['version']} --hash=sha256:{digest}\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = sorted(lock_line(package) for package in resolve(pathlib.Path(folder)))
    LOCK.write_text(HEADER + "".join(lines))
    print(f"wrote {LOCK.name}: {len(lines)} packages")


if __name__ == "__main__":
    main()
