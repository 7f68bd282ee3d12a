#!/usr/bin/env python3
"""Checks that the house stands as CONTRIBUTING.md says; each prints its findings as file:line: what, and fails on any.

    tests/house/house_checks.py includes     arrows between layers point downward, private libraries stay private
    tests/house/house_checks.py words        no machine paths, registry hosts, names without meaning, unfinished business
    tests/house/house_checks.py sizes        no file beyond the size at which it should have been divided
    tests/house/house_checks.py links        every relative link in the documentation leads somewhere
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT_SUFFIXES = {".h", ".cpp", ".py", ".sh", ".cmake", ".txt", ".md", ".ini", ".json", ".cff", ".sbatch", ".in", ""}

TORCH_INCLUDE = re.compile(r"^(torch|ATen|c10|caffe2)/")
TORCH_LAYERS = {"model", "distributed", "training", "cli"}
# Which layers may include a private library, in .cpp files or their own internal headers.
PRIVATE_LIBRARIES = {
    re.compile(r"^mpi\.h$"): {"comm"},
    re.compile(r"^hdf5"): {"data"},
    re.compile(r"^unicode/"): {"text"},
    re.compile(r"^(oneapi/)?tbb"): {"simulation"},
    re.compile(r"^Eigen/"): {"baselines", "simulation", "cli"},
    re.compile(r"^hwy/"): {"model"},
    re.compile(r"^zlib\.h$"): {"data"},
    re.compile(r"^openssl/"): {"core"},
    re.compile(r"^boost/program_options"): {"core"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')

# Written so that no pattern finds itself.
FORBIDDEN_WORDS = [
    (re.compile(r"(?<![\w.$}>/])/(?:work|farm|root|home|Users)/"), "a path of one machine"),
    (re.compile(r"\.\./sh[a]red"), "a path outside the repository"),
    (re.compile(r"https?://[^ ]*(?:pyp[i]|pythonhos[t]ed|deb\.deb[i]an)"), "a package registry's address"),
    (re.compile(r"\b(?:TOD[O]|FIXM[E]|XX[X])\b"), "unfinished business (name the gap in docs/)"),
]
# The CI entry point knows the machine it runs on.
WORDS_EXEMPT = {".ci/run"}
EMPTY_NAME = re.compile(r"(?:^|/)(?:util|utils|common|misc|helper|helpers)(?:/|\.|$)")

# Lines at which to stop; a longer file needs its reason in docs/decisions/, with its path written out.
SIZE_LIMITS = {("framework", ".h"): 400, ("framework", ".cpp"): 600, ("tests", ".h"): 400, ("tests", ".cpp"): 600}

MARKDOWN_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def tracked_files(root: pathlib.Path) -> list[pathlib.Path]:
    """What git knows or would take; without git (an unpacked archive) everything outside hidden and build folders."""
    listing = subprocess.run(
        ["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard"], capture_output=True, text=True
    )
    if listing.returncode == 0 and listing.stdout:
        paths = [pathlib.Path(line) for line in listing.stdout.splitlines()]
    else:
        paths = [path.relative_to(root) for path in root.rglob("*")]
        paths = [path for path in paths if path.parts[0] not in {".git", ".deps", ".cache", "build", "runs"}]
    return sorted({path for path in paths if (root / path).is_file()})


def lines_of(path: pathlib.Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def layer_table(root: pathlib.Path) -> dict[str, set[str]]:
    """The table that CMake checks at configure time is the only one there is."""
    text = (root / "cmake" / "CheckLayers.cmake").read_text()
    table = {name: set(uses.replace('"', "").split()) for name, uses in re.findall(r"set\(COLDFRAME_MAY_USE_(\w+) (.*)\)", text)}
    table["cli"] = set(table) - {"cli"}
    return table


def include_problem(layer: str, include: str, table: dict[str, set[str]]) -> str | None:
    target = re.match(r"^framework/(\w+)/", include)
    if target and target[1] != layer and target[1] not in table[layer]:
        return f"layer {layer} may not use {target[1]}"
    if TORCH_INCLUDE.match(include) and layer not in TORCH_LAYERS:
        return f"layer {layer} must not see LibTorch"
    for pattern, layers in PRIVATE_LIBRARIES.items():
        if pattern.match(include) and layer not in layers:
            return f"<{include}> is private to {', '.join(sorted(layers))}"
    return None


def check_includes(root: pathlib.Path) -> list[str]:
    table = layer_table(root)
    findings = []
    for path in tracked_files(root):
        if path.parts[0] != "framework" or path.suffix not in {".h", ".cpp"}:
            continue
        for number, line in enumerate(lines_of(root / path), start=1):
            match = INCLUDE.match(line)
            problem = match and include_problem(path.parts[1], match[1], table)
            if problem:
                findings.append(f"{path}:{number}: {problem}: {line.strip()}")
    return findings


def check_words(root: pathlib.Path) -> list[str]:
    findings = []
    for path in tracked_files(root):
        if EMPTY_NAME.search(path.as_posix()):
            findings.append(f"{path}:1: a name that says nothing about what is inside")
        if path.suffix not in TEXT_SUFFIXES or path.as_posix() in WORDS_EXEMPT or "golden" in path.parts:
            continue
        for number, line in enumerate(lines_of(root / path), start=1):
            findings += [f"{path}:{number}: {what}: {line.strip()[:120]}" for pattern, what in FORBIDDEN_WORDS if pattern.search(line)]
    return findings


def check_sizes(root: pathlib.Path) -> list[str]:
    decisions = "".join(path.read_text() for path in sorted((root / "docs" / "decisions").glob("*.md")))
    findings = []
    for path in tracked_files(root):
        limit = SIZE_LIMITS.get((path.parts[0], path.suffix))
        count = len(lines_of(root / path)) if limit else 0
        if limit and count > limit and path.as_posix() not in decisions:
            findings.append(f"{path}:{count}: longer than {limit} lines; divide it, or say why not in docs/decisions/")
    return findings


def check_links(root: pathlib.Path) -> list[str]:
    findings = []
    for path in tracked_files(root):
        if path.suffix != ".md":
            continue
        for number, line in enumerate(lines_of(root / path), start=1):
            for link in MARKDOWN_LINK.findall(line):
                if "://" not in link and not link.startswith("mailto:") and not (root / path.parent / link).exists():
                    findings.append(f"{path}:{number}: link leads nowhere: {link}")
    return findings


CHECKS = {"includes": check_includes, "words": check_words, "sizes": check_sizes, "links": check_links}


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in CHECKS:
        print(__doc__)
        return 2
    findings = CHECKS[sys.argv[1]](ROOT)
    print("\n".join(findings) or f"{sys.argv[1]}: nothing found")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
