#!/usr/bin/env python3
"""Pages of simulated users per second, what a second thread adds, and how memory grows with users.

    tests/benchmarks/replay_rates.py --build build/release [--rounds 3] [--seconds 3] [--json FILE]

Runs replay_job by turns: one thread on given slates, in softmax worlds of several dimensions, on pages of the policies
random and popularity, and with an encoder that ranks the whole catalogue; lives_job on the same widths, where users choose by a taste vector and nothing of the catalogue
but the page is looked at; then, for the encoder, two processes of one thread, each pinned to a core of its own and running at the same time, against one process
of two threads. Each figure is the best of all rounds; replay_job checks digests itself. Last, the peak memory of a
replay that hands its blocks over, at 100,000 and at 10 million users.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ENCODER = ["--case", "encoder", "--items", "1682", "--width", "384"]
WIDTHS = [64, 128, 384]
SLATES = {
    "given slates, taste of 8": ["--case", "slates", "--items", "1682", "--width", "8"],
    "given slates, taste of 8, 400 pages a user": ["--case", "slates", "--items", "1682", "--width", "8", "--pages", "400", "--users", "128"],
    **{f"given slates, taste of {width}": ["--case", "slates", "--items", "1682", "--width", str(width)] for width in WIDTHS},
    **{f"{policy} policy, taste of 8": ["--case", policy, "--items", "1682", "--width", "8"] for policy in ("random", "popularity")},
    "encoder, width 384": ENCODER,
}
LIVES = {f"lives, taste of {width}": ["--law", "factors", "--width", str(width)] for width in WIDTHS}


def cores():
    """Those that this process may use."""
    return sorted(os.sched_getaffinity(0))


def start(program, arguments, seconds, folder, core=None):
    """A running job and the file of its results."""
    result = Path(folder) / f"result-{core}.json"
    pin = [] if core is None else ["taskset", "-c", str(core)]
    command = [*pin, program, *arguments, "--seconds", str(seconds), "--json", str(result)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL), result


def finish(job, result, key="best_pages_per_second"):
    if job.wait() != 0:
        sys.exit(f"{' '.join(map(str, job.args))} failed")
    return json.loads(result.read_text())[key]


def peak_megabytes(program, users, folder):
    arguments = ["--case", "stream", "--items", "100", "--width", "4", "--pages", "1", "--threads", str(len(cores())), "--users", str(users)]
    return finish(*start(program, arguments, 0, folder), "peak_bytes") / 1e6


def one(program, arguments, seconds, folder):
    return finish(*start(program, arguments, seconds, folder))


def pinned_pair(program, arguments, seconds, folder):
    jobs = [start(program, arguments, seconds, folder, core) for core in cores()[:2]]
    return sum(finish(*job) for job in jobs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--users", type=int, default=10_000_000, help="of the large replay whose memory is measured")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    program = options.build / "benchmarks" / "replay_job"
    lives = options.build / "benchmarks" / "lives_job"
    rates = dict.fromkeys([*SLATES, *LIVES], 0.0)
    pair = threads = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name, arguments in SLATES.items():
                rates[name] = max(rates[name], one(program, arguments, options.seconds, folder))
            for name, arguments in LIVES.items():
                job = start(lives, arguments, options.seconds, folder, cores()[-1])
                rates[name] = max(rates[name], finish(*job, "best_steps_per_second"))
            if len(cores()) > 1:
                pair = max(pair, pinned_pair(program, ENCODER, options.seconds, folder))
                threads = max(threads, one(program, [*ENCODER, "--threads", "2"], options.seconds, folder))
        memory = {users: peak_megabytes(program, users, folder) for users in (100_000, options.users)}
    for name, rate in rates.items():
        print(f"{name}: {rate:,.0f} pages/s on one thread")
    for users, megabytes in memory.items():
        print(f"blocks handed over, {users:,} users: {megabytes:.1f} MB at most")
    result = {"pages_per_second": rates, "peak_megabytes": memory}
    if pair:
        print(f"encoder, width 384: two threads {threads:,.0f} pages/s, two pinned processes {pair:,.0f}: {100 * threads / pair:.1f} %")
        result |= {"two_threads": threads, "two_processes": pair}
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
