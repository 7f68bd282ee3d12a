#!/usr/bin/env python3
"""Peak memory of `coldframe simulate` as its users grow, with rows of every user written.

    tests/benchmarks/simulate_memory.py --build build/release [--users 100000 10000000] [--ranks N]

An invented data set of 100 items and 400 people becomes a population; then random, popularity and item-kNN meet 100,000 and
10 million newcomers for one page each. Prints maximum resident set size, seconds and size of each record, and checks that
the first users of the larger record have the rows of the smaller one (h5py, when it is installed). Several ranks: the
largest of them. The larger record takes 0.7 GB of disk, and its rows as much again until it is written.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAPPING = """[source]
name = invented
licence = none
[interactions]
file = ratings.csv
delimiter = comma
user = user
item = item
rating = rating
timestamp = time
timestamp_unit = seconds
[users]
file = users.csv
delimiter = comma
id = user
[user.gender]
column = gender
kind = category
[items]
file = items.csv
delimiter = comma
id = item
[item.title]
column = title
kind = text
"""
POLICIES = "random,popularity,item_knn"


def invent(folder):
    draw = random.Random(1)
    (folder / "mapping.ini").write_text(MAPPING)
    (folder / "users.csv").write_text("user,gender\n" + "".join(f"u{u},{'FM'[u % 2]}\n" for u in range(400)))
    (folder / "items.csv").write_text("item,title\n" + "".join(f"i{i},film {i}\n" for i in range(100)))
    lines = ["user,item,rating,time"]
    for user in range(400):
        liked = {min(int(draw.expovariate(0.05)), 99) for _ in range(25)}
        lines += [f"u{user},i{item},5,{1000 + 10 * user + item}" for item in sorted(liked)]
    (folder / "ratings.csv").write_text("\n".join(lines) + "\n")


def run(command):
    """Seconds and megabytes of the largest process."""
    started = time.time()
    done = subprocess.run(["/usr/bin/time", "-v", *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return time.time() - started, int(re.search(r"Maximum resident set size \(kbytes\): (\d+)", done.stderr)[1]) * 1024e-6


def check_same_rows(small, large):
    try:
        import h5py
    except ImportError:
        print("rows of both records: not compared (h5py is not installed)")
        return
    with h5py.File(small) as a, h5py.File(large) as b:
        for policy in a["policies"]:
            for column in ("users", "pages", "clicks", "expected"):
                few = a[f"policies/{policy}/{column}"][:]
                if not (few == b[f"policies/{policy}/{column}"][: len(few)]).all():
                    sys.exit(f"rows of policy {policy} differ in {column}")
    print("the first users have the same rows in both records")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--users", type=int, nargs=2, default=[100_000, 10_000_000])
    parser.add_argument("--ranks", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="for the records, on a disk with room (default: a temporary one)")
    options = parser.parse_args()
    program = options.build.resolve() / "bin" / "coldframe"
    launcher = [] if options.ranks == 1 else ["mpirun", "--oversubscribe", "-n", options.ranks]
    peaks = []
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        invent(folder)
        store, population = folder / "data.h5", folder / "population.h5"
        run([program, "import", "--source", folder / "mapping.ini", "--input", folder, "--output", store])
        common = [f"--data.path={store}", f"--population.path={population}", "--population.dimensions=2", "--population.topics=2"]
        common += ["--population.group=gender", "--population.attributes=gender", "--text.user={gender}", "--text.item={title}"]
        run([program, "population", *common])
        for users in options.users:
            record = folder / f"{users}.h5"
            seconds, peak = run([*launcher, program, "simulate", *common, f"--simulation.users={users}", "--simulation.pages=1",
                                 f"--simulation.policies={POLICIES}", "--output", record])
            peaks.append(peak)
            print(f"{users:,} users: {peak:.1f} MB at most, {seconds:.1f} s, record of {os.path.getsize(record) * 1e-6:.1f} MB", flush=True)
        check_same_rows(*[folder / f"{users}.h5" for users in options.users])
    print(f"{peaks[1] / peaks[0]:.3f} times the memory for {options.users[1] / options.users[0]:g} times the users")


if __name__ == "__main__":
    main()
