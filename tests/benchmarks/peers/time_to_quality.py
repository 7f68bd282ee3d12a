#!/usr/bin/env python3
"""How long either side trains until role V reaches the same NDCG@10 with the pure text score.

    tests/benchmarks/peers/time_to_quality.py --build build/release [--strategy lora] [--precision fp32]
        [--learning-rates 1e-3 3e-3] [--seeds 1 2 3] [--steps 120] [--every 10]

Both sides train all-MiniLM-L6-v2 on the same MovieLens-100K pairs in the same order, 32 a step, objective `mnrl`, dropout .1, constant
learning rate, one process with two threads. Both try every learning rate with every seed; a side's learning rate is the one with the
higher mean NDCG@10 at the end. The target is 95 % of the lower of the two sides' means at the end. Seconds are those of steps,
looks at role V not counted. Before anything is timed, the NDCG@10 of the untrained encoder must agree to 1e-3.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import quality
from jobs import MAX_TOKENS, ROOT, Jobs

SHARE = 0.95


class Sides:
    def __init__(self, build: pathlib.Path, arguments):
        self.jobs = Jobs(build)
        self.program = build / "bin/coldframe"
        self.arguments = arguments
        self.store = self.jobs.data / "ml-100k.h5"
        self.encoder = self.jobs.encoders["minilm"]
        self.catalogue = self.jobs.data / "catalogue.txt"
        self.validation = self.jobs.data / "validation.tsv"
        subprocess.run([ROOT / "tests/benchmarks/prepare.sh", build], check=True)

    def pairs(self, seed: int) -> pathlib.Path:
        path = self.jobs.data / f"movielens-seed-{seed}.tsv"
        self.jobs._call([self.jobs.programs / "movielens_pairs", "--store", self.store, "--pairs", 32 * self.arguments.steps, "--seed",
                         seed, "--output", path, "--catalogue", self.catalogue, "--validation", self.validation], {})
        return path

    def peer(self, seed: int, learning_rate: float, steps: int, every: int) -> dict:
        a = self.arguments
        result = self.jobs._run(
            [self.jobs.python, pathlib.Path(__file__).with_name("run_peer.py"), "train", "--encoder", self.encoder, "--precision",
             a.precision, "--max-tokens", MAX_TOKENS, "--threads", 2, "--pairs", self.pairs(seed), "--strategy", a.strategy, "--batch", 32,
             "--steps", steps, "--warmup", 0, "--learning-rate", learning_rate, "--seed", seed, "--look-every", every, "--texts",
             self.catalogue, "--validation", self.validation], {"OMP_NUM_THREADS": "2"})
        return {"looks": [(look["step"], look["ndcg@10"]) for look in result["looks"]],
                "seconds": [step["seconds"] for step in result["steps"]]}

    def ours(self, seed: int, learning_rate: float, steps: int, every: int) -> dict:
        a = self.arguments
        with tempfile.TemporaryDirectory() as folder:
            options = {"data.path": self.store, "encoder.folder": self.encoder, "encoder.precision": a.precision, "encoder.normalize": "yes",
                       "encoder.max_tokens": MAX_TOKENS, "experiment.root": folder, "experiment.seed": seed, "strategy.use": a.strategy,
                       "objective.use": "mnrl", "batch.pairs": 32, "batch.extra_items": 0, "optimizer.learning_rate": learning_rate,
                       "schedule.steps": steps, "schedule.warmup": 0, "schedule.shape": "constant", "training.validate_every": every,
                       "training.patience": 0, "distributed.threads": 2}
            self.jobs._call([self.program, "train", *(f"--{key}={value}" for key, value in options.items())], {})
            [log] = pathlib.Path(folder).rglob("metrics.log")
            records = [json.loads(line.rsplit("\t", 1)[0]) for line in log.read_text().splitlines()]
        return {"looks": [(record["step"], record["score"]) for record in records if record["kind"] == "validation"],
                "seconds": [record["time.seconds"] for record in records if record["kind"] == "step"]}


def check_looks(sides: Sides) -> None:
    """One step at a learning rate that moves nothing: both must see the pretrained encoder."""
    ours, peer = (side(1, 1e-12, 1, 1)["looks"][0][1] for side in (sides.ours, sides.peer))
    print(f"NDCG@10 of the untrained encoder on role V: {ours:.4f} here, {peer:.4f} there", flush=True)
    if abs(ours - peer) > 1e-3:
        sys.exit("the sides do not measure the same")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--strategy", choices=["full", "lora"], default="lora")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--learning-rates", type=float, nargs="+", default=[1e-3, 3e-3])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--every", type=int, default=10)
    arguments = parser.parse_args()
    print(f"load before the start {os.getloadavg()[0]:.1f}")
    sides = Sides(arguments.build.resolve(), arguments)
    check_looks(sides)
    runs = {"coldframe": {}, "sentence-transformers": {}}
    for rate in arguments.learning_rates:
        for seed in arguments.seeds:
            for name, side in (("coldframe", sides.ours), ("sentence-transformers", sides.peer)):
                run = side(seed, rate, arguments.steps, arguments.every)
                runs[name].setdefault(rate, []).append(run)
                print(f"{name}, learning rate {rate:g}, seed {seed}: " + " ".join(f"{value:.3f}" for _, value in run["looks"])
                      + f"; {sum(run['seconds']):.0f} s", flush=True)
    ends = {name: {rate: statistics.mean(run["looks"][-1][1] for run in of_rate) for rate, of_rate in rates.items()}
            for name, rates in runs.items()}
    best = {name: max(rates, key=rates.get) for name, rates in ends.items()}
    target = SHARE * min(ends[name][best[name]] for name in runs)
    print(f"\ntarget: NDCG@10 of {target:.3f} on role V\n\n| | learning rate | NDCG@10 at the end | seconds to the target, by seed |\n|---|---|---|---|")
    for name, rates in runs.items():
        times = [quality.time_to(target, run["looks"], run["seconds"]) for run in rates[best[name]]]
        cells = ", ".join("not reached" if time is None else f"{time:.1f}" for time in times)
        print(f"| {name} | {best[name]:g} | {ends[name][best[name]]:.3f} | {cells} |")


if __name__ == "__main__":
    main()
