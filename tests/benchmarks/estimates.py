#!/usr/bin/env python3
"""What `coldframe check` says a step costs, held against `coldframe train`.

    tests/benchmarks/estimates.py build/release [--cases 'minilm-*' ...] [--steps 8] [--json FILE]     about 10 minutes

For every case: memory of a rank and seconds of a step as estimated, as measured (largest resident size of a rank; seconds per token
of all steps but the first, times the tokens of the estimate), and their ratio. Ends with 1 when a ratio is off by more than
15 %. Encoders of BERT-base's and BERT-large's shape are written with random weights.
"""

import argparse
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "growth"))
import encoder_shapes

ROOT = pathlib.Path(__file__).resolve().parents[2]
MINILM = ROOT / ".deps/encoders/all-MiniLM-L6-v2"
LIMIT = 0.15


def case(encoder, strategy, precision, pairs, ranks=1, threads=2, activations="keep"):
    name = f"{encoder}-{strategy}-{precision}-b{pairs}-{ranks}x{threads}" + ("-recompute" if activations == "recompute" else "")
    return name, {"encoder": encoder, "ranks": ranks,
                  "options": {"strategy.use": strategy, "encoder.precision": precision, "batch.pairs": pairs,
                              "distributed.threads": threads, "batch.activations": activations}}


CASES = dict([
    case("minilm", "lora", "fp32", 32),
    case("minilm", "full", "fp32", 32),
    case("minilm", "lora", "bf16", 128),
    case("minilm", "full", "bf16", 128),
    case("minilm", "full", "fp32", 64, ranks=2, threads=1),
    case("minilm", "pfeiffer", "fp32", 128, threads=1),
    case("minilm", "lora", "fp32", 512, activations="recompute"),
    case("base", "full", "fp32", 32),
    case("base", "lora", "bf16", 32),
    case("large", "lora", "bf16", 32),
    case("large", "full", "fp32", 16, activations="recompute"),
])
SHAPES = {"base": (768, 12, 64), "large": (1024, 24, 64)}


class Machine:
    def __init__(self, build: pathlib.Path):
        self.program = build / "bin/coldframe"
        self.data = build / "benchmarks/data"
        self.data.mkdir(parents=True, exist_ok=True)
        self.store = self.data / "ml-100k.h5"
        if not self.store.exists():
            self.run(1, ["import", "--source", "movielens-100k", "--input", ROOT / ".deps/movielens-100k", "--output", self.store])

    def encoder(self, name: str) -> pathlib.Path:
        if name == "minilm":
            return MINILM
        width, layers, head = SHAPES[name]
        return encoder_shapes.write_encoder(self.data / f"shape-{name}", MINILM, width, layers, head)

    def run(self, ranks: int, words: list) -> str:
        environment = dict(os.environ, COLDFRAME=str(self.program))
        command = [ROOT / "cluster/mpirun/run.sh", ranks] if ranks > 1 else [self.program]
        outcome = subprocess.run([str(word) for word in [*command, *words]], env=environment, capture_output=True, text=True)
        if outcome.returncode != 0:
            sys.exit(f"{' '.join(str(word) for word in words)} ended with {outcome.returncode}: {outcome.stderr[-2000:]}")
        return outcome.stdout + outcome.stderr


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    if not found:
        sys.exit(f"no {pattern!r} in:\n{text}")
    return float(found.group(1))


def measure(machine: Machine, name: str, wanted: dict, steps: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        options = wanted["options"] | {"data.path": machine.store, "encoder.folder": machine.encoder(wanted["encoder"]),
                                       "experiment.root": folder, "experiment.name": "estimates", "schedule.steps": steps,
                                       "schedule.warmup": 0, "training.validate_every": 0}
        words = [f"--{key}={value}" for key, value in options.items()]
        told = machine.run(1, ["check", *words, "--ranks", wanted["ranks"]])
        done = machine.run(wanted["ranks"], ["train", *words])
        [log] = pathlib.Path(folder).rglob("metrics.log")
        records = [json.loads(line.rsplit("\t", 1)[0]) for line in log.read_text().splitlines()]
        timed = [record for record in records if record["kind"] == "step"][1:]
        tokens = number(r"about (\d+) tokens", told)
        per_token = sum(record["time.seconds"] for record in timed) / sum(record["tokens"] for record in timed)
        result = {"case": name, "tokens": tokens, "estimated_mb": number(r"per rank: about (\d+) MB", told),
                  "measured_mb": number(r"peak memory (\d+) MB", done), "estimated_s": number(r"time: about ([0-9.]+) s", told),
                  "measured_s": per_token * tokens}
        result["memory_ratio"] = result["estimated_mb"] / result["measured_mb"]
        result["time_ratio"] = result["estimated_s"] / result["measured_s"]
        return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--cases", nargs="*", default=["*"], help="patterns of: " + " ".join(CASES))
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    machine = Machine(arguments.build.resolve())
    chosen = [name for name in CASES if any(fnmatch.fnmatchcase(name, pattern) for pattern in arguments.cases)]
    if not chosen:
        sys.exit(f"no case fits {' '.join(arguments.cases)}; there are {' '.join(CASES)}")
    print("| case | tokens | MB estimated | measured | ratio | s a step estimated | measured | ratio |\n|" + "---|" * 8)
    results = []
    for name in chosen:
        m = measure(machine, name, CASES[name], arguments.steps)
        print(f"| {name} | {m['tokens']:.0f} | {m['estimated_mb']:.0f} | {m['measured_mb']:.0f} | {m['memory_ratio']:.2f} | "
              f"{m['estimated_s']:.3f} | {m['measured_s']:.3f} | {m['time_ratio']:.2f} |", flush=True)
        results.append(m)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    off = [m["case"] for m in results if max(abs(m["memory_ratio"] - 1), abs(m["time_ratio"] - 1)) > LIMIT]
    if off:
        sys.exit(f"off by more than {100 * LIMIT:.0f} %: {' '.join(off)}")


if __name__ == "__main__":
    main()
