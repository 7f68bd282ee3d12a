#!/usr/bin/env python3
"""What a prefix cache saves: step_job with and without it, in turns, after their losses were compared.

    tests/benchmarks/prefix_ratio.py build/release [--rounds 3] [--steps 20] [--lowest-layer 4]

Trains the layers from --lowest-layer upward of all-MiniLM-L6-v2 on MovieLens-100K pairs (as movielens_pairs writes them), once per
strategy, precision and side. `first` counts all steps, the filling included; `warm` the second pass over the same pairs, when
every text is there. A ratio is the time without the cache over the time with it, from the sums over steps of the least time that
any round took; in brackets those of single rounds. Losses must agree to 1e-6 relative in fp32 and 2e-3 in bf16 at every step.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TOLERANCE = {"fp32": 1e-6, "bf16": 2e-3}


def run(build, arguments, pairs, side, strategy, precision):
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "result.json"
        command = [build / "benchmarks/step_job", "--pairs", pairs, "--strategy", strategy, "--precision", precision, "--warmup", "0",
                   "--batch", str(arguments.batch), "--steps", str(2 * arguments.steps), "--lowest_layer", str(arguments.lowest_layer),
                   "--prefix_megabytes", "2000" if side == "with" else "0", "--threads", str(arguments.threads), "--json", result]
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
        return json.loads(result.read_text())


def check_losses(rounds, precision):
    worst = 0.0
    for one, other in zip(rounds["without"][0]["steps"], rounds["with"][0]["steps"]):
        worst = max(worst, abs(one["loss"] - other["loss"]) / abs(one["loss"]))
    if not worst <= TOLERANCE[precision]:
        sys.exit(f"losses with and without the cache differ by {worst:.1e}, {precision} allows {TOLERANCE[precision]:.0e}")
    return worst


def seconds(job, part):
    return [step["seconds"] for step in job["steps"][part]]


def ratio(rounds, part):
    def best(side):
        return sum(min(times) for times in zip(*(seconds(job, part) for job in rounds[side])))

    single = [sum(seconds(a, part)) / sum(seconds(b, part)) for a, b in zip(rounds["without"], rounds["with"])]
    return f"{best('without') / best('with'):.2f} ({min(single):.2f}-{max(single):.2f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--lowest-layer", type=int, default=4)
    parser.add_argument("--precision", nargs="*", default=["fp32", "bf16"], choices=["fp32", "bf16"])
    arguments = parser.parse_args()
    subprocess.run([pathlib.Path(__file__).parent / "prepare.sh", arguments.build], check=True)
    lines = (arguments.build / "benchmarks/data/movielens.tsv").read_text().splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder:
        pairs = pathlib.Path(folder) / "pairs.tsv"  # as many as one pass takes: the second pass sees the same texts
        pairs.write_text("".join(lines[: arguments.steps * arguments.batch]))
        print(f"load {os.getloadavg()[0]:.1f}, {arguments.threads} threads, layers {arguments.lowest_layer} and above are trained")
        for strategy in ["full", "lora"]:
            for precision in arguments.precision:
                rounds = {"without": [], "with": []}
                for turn in range(arguments.rounds):
                    for side in sorted(rounds, reverse=turn % 2 == 0):
                        rounds[side].append(run(arguments.build, arguments, pairs, side, strategy, precision))
                worst = check_losses(rounds, precision)
                use = rounds["with"][0]["prefix"]
                share = use["found"] / (use["found"] + use["computed"])
                print(f"{strategy} {precision}: first {ratio(rounds, slice(0, arguments.steps))}, warm {ratio(rounds, slice(arguments.steps, None))}; "
                      f"{use['texts']} texts, {use['bytes'] / 1e6:.0f} MB, {100 * share:.0f} % found, losses apart by {worst:.0e}", flush=True)


if __name__ == "__main__":
    main()
