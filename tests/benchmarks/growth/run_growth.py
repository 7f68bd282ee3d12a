#!/usr/bin/env python3
"""How the speed of a step grows with batch, text length, width and ranks, and what a cost model makes of it.

    tests/benchmarks/growth/run_growth.py --build build/release        about 8 minutes on two cores; Markdown on stdout

Every number is the best of several steps of `step_job` (real training steps). Needs Python's own library only.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import cost_model
import encoder_shapes

ROOT = pathlib.Path(__file__).resolve().parents[3]
MINILM = ROOT / ".deps/encoders/all-MiniLM-L6-v2"


class Bench:
    def __init__(self, build: pathlib.Path):
        self.programs = build / "benchmarks"
        self.data = self.programs / "data"
        subprocess.run([ROOT / "tests/benchmarks/prepare.sh", build], check=True)

    def run(self, program: str, ranks: int, arguments: list) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            command = [str(word) for word in [self.programs / program, *arguments, "--json", report]]
            environment = dict(os.environ)
            if ranks > 1:
                environment["COLDFRAME"] = command[0]
                command = [str(ROOT / "cluster/mpirun/run.sh"), str(ranks), *command[1:]]
            outcome = subprocess.run(command, env=environment, capture_output=True, text=True)
            if outcome.returncode != 0:
                sys.exit(f"{' '.join(command)} ended with {outcome.returncode}: {outcome.stderr[-2000:]}")
            return json.loads(report.read_text())

    def step(self, *, ranks=1, threads=1, steps=4, warmup=2, **options) -> dict:
        """The mean step, each step as fast as the fastest of its kind: seconds per token of the best step times mean tokens."""
        words = [word for key, value in options.items() for word in (f"--{key}", value)]
        result = self.run("step_job", ranks, [*words, "--threads", threads, "--steps", steps, "--warmup", warmup, "--max_tokens", 512])
        timed = result["steps"][warmup:]
        tokens = sum(step["tokens"] for step in timed) / len(timed)
        best = min(step["seconds"] / step["tokens"] for step in timed)
        return {"tokens": tokens, "texts": sum(step["texts"] for step in timed) / len(timed), "seconds": best * tokens,
                "flops": result["flop_per_token"] / best, "trainable": result["trainable"], "dense": result["dense"],
                "peak": max(result["peak_memory_bytes"])}


def pairs_of_length(path: pathlib.Path, words: int, pairs: int) -> pathlib.Path:
    """Distinct texts of `words` words, each one token of the vocabulary, and [CLS] and [SEP]."""
    known = [word for word in (MINILM / "vocab.txt").read_text().splitlines() if word.isascii() and word.isalpha()]
    draw = random.Random(words)
    text = lambda: " ".join(draw.choice(known) for _ in range(words))
    path.write_text("".join(f"{text()}\t{text()}\n" for _ in range(pairs)))
    return path


def table(head: list[str], rows: list[list]) -> None:
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


def share(measured: dict, limit: float, cores: int) -> str:
    return f"{100 * measured['flops'] / (limit * cores):.0f} %"


def growth_of_batch(bench: Bench, limit: float) -> None:
    rows = []
    for strategy in ("full", "lora"):
        for batch in (8, 32, 128, 512):
            m = bench.step(threads=2, strategy=strategy, batch=batch, pairs=bench.data / "movielens.tsv")
            rows.append([strategy, batch, f"{m['tokens']:.0f}", f"{m['tokens'] / m['seconds']:.0f}", share(m, limit, 2), f"{m['peak'] / 1e6:.0f}"])
    table(["strategy", "pairs", "tokens a step", "tokens/s", "share of limit", "peak MB"], rows)


def growth_of_length(bench: Bench, limit: float) -> None:
    rows = []
    for tokens in (16, 64, 128, 256, 512):
        pairs = max(4, 2048 // tokens)
        path = pairs_of_length(bench.data / f"length-{tokens}.tsv", tokens - 2, 8 * pairs)
        m = bench.step(threads=2, strategy="full", batch=pairs, pairs=path)
        rows.append([tokens, pairs, f"{m['tokens']:.0f}", f"{m['tokens'] / m['seconds']:.0f}", share(m, limit, 2), f"{m['peak'] / 1e6:.0f}"])
    table(["tokens a text", "pairs", "tokens a step", "tokens/s", "share of limit (attention scores not counted)", "peak MB"], rows)


def growth_of_width(bench: Bench, limit: float) -> None:
    rows = []
    for width in (128, 256, 384, 768):
        encoder = encoder_shapes.write_encoder(bench.data / f"width-{width}", MINILM, width, 6)
        m = bench.step(threads=2, strategy="full", batch=64, pairs=bench.data / "movielens.tsv", encoder=encoder)
        rows.append([width, f"{m['trainable'] / 1e6:.1f}", f"{m['tokens'] / m['seconds']:.0f}", share(m, limit, 2), f"{m['peak'] / 1e6:.0f}"])
    table(["width (6 layers)", "parameters, millions", "tokens/s", "share of limit", "peak MB"], rows)


def exchange_network(bench: Bench) -> cost_model.Network:
    """Latency and bandwidth between two ranks of this machine, from the exchange of 8 bytes and of 40 MB."""
    environment = dict(os.environ, COLDFRAME=str(bench.programs / "exchange_job"))
    text = subprocess.run([str(ROOT / "cluster/mpirun/run.sh"), "2"], env=environment, capture_output=True, text=True, check=True).stdout
    times = {}
    for line in text.splitlines():
        words = line.split()  # "40000000 B exchange 16400.0 us ..."
        if len(words) >= 4 and words[1:3] == ["B", "exchange"]:
            times[int(words[0])] = float(words[3]) * 1e-6
    smallest, largest = min(times), max(times)
    return cost_model.Network(times[smallest], (largest - smallest) / (times[largest] - times[smallest]))


def predict(bench: Bench, network: cost_model.Network) -> dict:
    rows, models = [], {}
    for strategy in ("full", "lora"):
        samples = [bench.step(strategy=strategy, batch=batch, pairs=bench.data / "movielens.tsv") for batch in (8, 32, 128)]
        fixed, per_token = cost_model.fit_step([(m["tokens"], m["seconds"]) for m in samples])
        step = cost_model.Step(fixed, per_token, 4.0 * samples[0]["dense"], 4.0 * 384)
        models[strategy] = step
        for batch in (32, 128):
            m = bench.step(ranks=2, strategy=strategy, batch=batch, pairs=bench.data / "movielens.tsv")
            told = cost_model.seconds(step, m["tokens"], m["texts"], 2, network)
            rows.append([strategy, batch, f"{1e3 * fixed:.1f}", f"{1e6 * per_token:.1f}", f"{told:.3f}", f"{m['seconds']:.3f}",
                         f"{100 * (told / m['seconds'] - 1):+.0f} %"])
    table(["strategy", "pairs", "fixed, ms", "us per token", "two ranks, predicted s", "measured s", "error"], rows)
    return models


def extrapolate(models: dict) -> None:
    """What the model says about 64 nodes of one such core each, 128 pairs a node."""
    networks = {"100 Gbit/s, 2 us": cost_model.Network(2e-6, 12.5e9), "10 Gbit/s, 30 us": cost_model.Network(30e-6, 1.25e9)}
    tokens, texts = 51 * 128, 2 * 128
    rows = []
    for strategy, step in models.items():
        for name, network in networks.items():
            for nodes in (4, 16, 48, 64):
                one = cost_model.seconds(step, tokens, texts, 1, network)
                times = [cost_model.seconds(step, nodes * tokens, nodes * texts, nodes, network, reduce)
                         for reduce in (cost_model.fixed_tree, cost_model.ring)]
                rows.append([strategy, name, nodes, *(f"{time:.3f} ({100 * one / time:.0f} %)" for time in times)])
    table(["strategy", "network", "nodes", "s a step, fixed tree (efficiency)", "library all-reduce (ring)"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--only", nargs="*", default=["batch", "length", "width", "ranks"], help="parts to run")
    arguments = parser.parse_args()
    bench = Bench(arguments.build.resolve())
    limit = 1e9 * bench.run("gemm_limit", 1, [])["fp32"]["one_core"]
    print(f"at::linear, fp32, one core: {limit * 1e-9:.0f} GFLOP/s; load before the start {os.getloadavg()[0]:.1f}\n")
    for name, part in {"batch": growth_of_batch, "length": growth_of_length, "width": growth_of_width}.items():
        if name in arguments.only:
            part(bench, limit)
    if "ranks" in arguments.only:
        network = exchange_network(bench)
        print(f"two ranks here: latency {1e6 * network.latency:.1f} us, bandwidth {1e-9 * network.bandwidth:.2f} GB/s\n")
        extrapolate(predict(bench, network))


if __name__ == "__main__":
    main()
