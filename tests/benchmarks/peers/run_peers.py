#!/usr/bin/env python3
"""Times our jobs and the peer's, turn about, on the same pairs, and prints a table of ratios:

    .deps/venv-interop/bin/python tests/benchmarks/peers/run_peers.py --build build/release [--rows 'movielens-*'] [--rounds 3]

Each row first runs one step without dropout on both sides: unless the losses agree, the row fails. Then the sides take turns,
`--rounds` times (0: the check alone), with dropout 0.1; the first steps of a job do not count. Results as JSON: <build>/benchmarks/peers.json.
Exit code 1 when a row fails. Rows on distinct texts need COLDFRAME_EXTRA_DATA, the folder that holds banking77/.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys

from comparison import Disagreement, Ratio, best_seconds, check_losses, check_vectors, share_of_limit
from distinct_pairs import write_distinct_pairs
from jobs import ROOT, Jobs
from rows import Row, all_rows, select

DROPOUT = 0.1
QUIET_LOAD = 0.5  # of the last minute, before the start
SHAPES = [(1, 1), (1, 2), (2, 1)]  # ranks x threads


def timed(result: dict) -> list[float]:
    if "steps" not in result:
        return [min(result["seconds"])]
    return [step["seconds"] for step in result["steps"]][result["warmup"]:]


def megabytes(results: list[dict]) -> float:
    """The largest sum over the processes of a job; mpirun and torchrun themselves are not counted."""
    return max(sum(result["peak_memory_bytes"]) for result in results) / 1e6


def take_turns(rounds: int, sides: list) -> list[list[dict]]:
    """Results by side; who goes first alternates, so that neither always finds the machine as the other left it."""
    results: list[list[dict]] = [[] for _ in sides]
    for number in range(rounds):
        order = range(len(sides)) if number % 2 == 0 else reversed(range(len(sides)))
        for side in order:
            results[side].append(sides[side]())
    return results


def check(row: Row, jobs: Jobs) -> float:
    """Runs both sides for one step without dropout; Disagreement when they compute different things."""
    ours = jobs.ours(row, 0.0, 1, 0)
    theirs = jobs.peer(row, 0.0, 1, 0)
    if row.kind == "encode":
        return check_vectors(ours["vectors"], theirs["vectors"], row.precision)
    if ours["trainable"] != theirs["trainable"] and row.strategy != "full":
        raise Disagreement(f"{ours['trainable']} and {theirs['trainable']} trained parameters")
    return check_losses(ours["steps"][0]["loss"], theirs["steps"][0]["loss"], row.precision)


def shares(row: Row, ours: list[dict], theirs: list[dict], limit: float) -> tuple[float, float]:
    """Of the limit of matrix products, real tokens only: ours counts distinct texts, the peer's all texts of its pairs."""
    cores = row.ranks * row.threads
    first = ours[0]
    if row.kind == "encode":
        mine = other = first["tokens"]
    else:
        steps = first["steps"][first["warmup"]:]
        mine, other = (sum(step[key] for step in steps) for key in ("tokens", "tokens_with_repeats"))
    return tuple(
        share_of_limit(tokens, first["flop_per_token"], best_seconds([timed(result) for result in results]), limit, cores)
        for tokens, results in ((mine, ours), (other, theirs))
    )


def compare(row: Row, jobs: Jobs, rounds: int, gemm: dict) -> dict:
    difference = check(row, jobs)
    if rounds == 0:
        return {"row": row.name, "difference": difference}
    ours, theirs = take_turns(rounds, [lambda: jobs.ours(row, DROPOUT, row.steps, row.warmup),
                                       lambda: jobs.peer(row, DROPOUT, row.steps, row.warmup)])
    times = [[timed(result) for result in results] for results in (ours, theirs)]
    work = ours[0]["texts"] if row.kind == "encode" else row.batch * row.steps
    ratio = Ratio.of(*times)
    our_share, peer_share = shares(row, ours, theirs, gemm[row.precision]["one_core"])
    return {
        "row": row.name,
        "difference": difference,
        "unit": "texts/s" if row.kind == "encode" else "pairs/s",
        "ours": {"speed": work / best_seconds(times[0]), "share": our_share, "memory_mb": megabytes(ours),
                 "start_seconds": min(result["start_seconds"] for result in ours), "seconds": times[0]},
        "peer": {"speed": work / best_seconds(times[1]), "share": peer_share, "memory_mb": megabytes(theirs),
                 "start_seconds": min(result["start_seconds"] for result in theirs), "seconds": times[1],
                 "form": theirs[0].get("form", "SentenceTransformerTrainer")},
        "ratio": {"best": ratio.best, "low": ratio.low, "high": ratio.high},
    }


def compare_lanes(row: Row, jobs: Jobs, rounds: int) -> dict:
    sides = [lambda shape=shape: jobs.ours(row, DROPOUT, row.steps, row.warmup, shape) for shape in SHAPES]
    times = [[timed(result) for result in results] for results in take_turns(rounds, sides)]
    result = {"row": row.name, "pairs_per_second": {}, "speed_up": {}}
    for (ranks, threads), seconds in zip(SHAPES, times):
        name = f"{ranks}x{threads}"
        result["pairs_per_second"][name] = row.batch * row.steps / best_seconds(seconds)
        ratio = Ratio.of(seconds, times[0])
        result["speed_up"][name] = {"best": ratio.best, "low": ratio.low, "high": ratio.high}
    return result


def ratio_text(ratio: dict) -> str:
    return str(Ratio(**ratio))


def text_of(result: dict) -> str:
    """The row as a line of a Markdown table."""
    if "failure" in result:
        return f"| {result['row']} | {result['failure']} |"
    if "speed_up" in result:
        ups = " | ".join(f"{result['pairs_per_second'][name]:.0f} pairs/s, {ratio_text(ratio)}" for name, ratio in result["speed_up"].items())
        return f"| {result['row']} | {ups} |"
    if "ratio" not in result:
        return f"| {result['row']} | agrees: {result['difference']:.1e} |"
    ours, peer = result["ours"], result["peer"]
    return (f"| {result['row']} | {ours['speed']:.1f} | {peer['speed']:.1f} | **{ratio_text(result['ratio'])}** | {ours['share']:.0%} / {peer['share']:.0%} | "
            f"{ours['memory_mb']:.0f} / {peer['memory_mb']:.0f} | {ours['start_seconds']:.1f} / {peer['start_seconds']:.1f} | {result['difference']:.0e} |")


def prepare(jobs: Jobs, build: pathlib.Path, rows: list[Row]) -> dict[str, str]:
    """Writes the data that the rows need. Returns why rows on some data cannot run."""
    subprocess.run([ROOT / "tests/benchmarks/prepare.sh", build], check=True)
    if any(row.encoder == "base" for row in rows):
        jobs.write_base_encoder()
    extra = os.environ.get("COLDFRAME_EXTRA_DATA")
    if any(row.data == "distinct" for row in rows):
        if not extra:
            return {"distinct": "skipped: COLDFRAME_EXTRA_DATA is not set"}
        write_distinct_pairs(pathlib.Path(extra), jobs.data / "distinct.tsv")
    return {}


def machine() -> dict:
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    return {"processor": model, "cores": os.cpu_count(), "system": platform.platform(), "load_before": os.getloadavg()[0]}


def run_row(row: Row, jobs: Jobs, rounds: int, gemm: dict) -> dict:
    try:
        if row.kind == "lanes":
            return compare_lanes(row, jobs, max(rounds, 1))
        return compare(row, jobs, rounds, gemm)
    except (Disagreement, RuntimeError) as reason:
        return {"row": row.name, "failure": f"FAILED: {reason}", "failed": True}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rows", nargs="*", default=[], help="names, * for any characters; default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--list", action="store_true", help="print the names of all rows, and end")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(row.name for row in all_rows()))
        return 0
    rows = select(arguments.rows)
    build = arguments.build.resolve()
    jobs = Jobs(build)
    missing = prepare(jobs, build, rows)
    gemm = jobs.gemm_limit() if arguments.rounds > 0 else {}
    record = {"machine": machine(), "rounds": arguments.rounds, "dropout": DROPOUT, "gemm": gemm, "rows": []}
    print(f"{record['machine']['processor']}, {record['machine']['cores']} cores, load {record['machine']['load_before']:.1f} before the start")
    if record["machine"]["load_before"] > QUIET_LOAD:
        print("warning: others use this machine; their load slows the two sides unequally, so these ratios prove nothing", file=sys.stderr)
    for precision in (name for name in gemm if name != "cores"):
        print(f"at::linear {precision}: {gemm[precision]['one_core']:.0f} GFLOP/s on one core, {gemm[precision]['all_cores']:.0f} on all")
    print("\n| row | ours /s | peer /s | ratio (single rounds) | share of limit | peak MB | start s | check |\n|---|---|---|---|---|---|---|---|")
    for row in rows:
        result = {"row": row.name, "failure": missing[row.data], "failed": False} if row.data in missing else run_row(row, jobs, arguments.rounds, gemm)
        record["rows"].append(result)
        print(text_of(result), flush=True)
        (jobs.programs / "peers.json").write_text(json.dumps(record, indent=2) + "\n")
    return int(any(result.get("failed") for result in record["rows"]))


if __name__ == "__main__":
    sys.exit(main())
