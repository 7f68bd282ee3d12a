"""Runs the jobs of one row on either side, each in a process of its own, and reads what they report."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from rows import Row

ROOT = pathlib.Path(__file__).resolve().parents[3]
MAX_TOKENS = 256


class Jobs:
    """Thread-safety: none; one job at a time has the machine."""

    def __init__(self, build: pathlib.Path, python: str = sys.executable):
        self.programs = build / "benchmarks"
        self.data = self.programs / "data"
        self.python = python
        self.encoders = {"minilm": ROOT / ".deps/encoders/all-MiniLM-L6-v2", "base": self.data / "bert-base"}

    def ours(self, row: Row, dropout: float, steps: int, warmup: int, shape: tuple[int, int] | None = None) -> dict:
        ranks, threads = shape or (row.ranks, row.threads)
        common = ["--encoder", self.encoders[row.encoder], "--precision", row.precision, "--max_tokens", MAX_TOKENS, "--threads", threads]
        if row.kind == "encode":
            command = [self.programs / "encode_job", *common, "--texts", self.data / "catalogue.txt", "--repeats", steps]
        else:
            command = [self.programs / "step_job", *common, *self._training(row, dropout, steps, warmup, row.batch)]
        environment = {}
        if ranks > 1:
            environment["COLDFRAME"] = str(command[0])
            command = [ROOT / "cluster/mpirun/run.sh", ranks, *command[1:]]
        return self._run(command, environment)

    def peer(self, row: Row, dropout: float, steps: int, warmup: int) -> dict:
        common = ["--encoder", self.encoders[row.encoder], "--precision", row.precision, "--max-tokens", MAX_TOKENS, "--threads", row.threads]
        start = [self.python]
        if row.ranks > 1:
            start += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", row.ranks]
        start.append(pathlib.Path(__file__).with_name("run_peer.py"))
        if row.kind == "encode":
            command = [*start, "encode", *common, "--texts", self.data / "catalogue.txt", "--repeats", steps]
        else:
            command = [*start, "train", *common, *self._training(row, dropout, steps, warmup, row.batch // row.ranks)]
        return self._run(command, {"OMP_NUM_THREADS": str(row.threads)})

    def gemm_limit(self) -> dict:
        return self._run([self.programs / "gemm_limit"], {})

    def write_base_encoder(self) -> None:
        """BERT-base in shape with random weights, as the peer's own library writes it."""
        if not (self.encoders["base"] / "modules.json").exists():
            self._call([self.python, pathlib.Path(__file__).with_name("run_peer.py"), "base", "--tokenizer",
                        self.encoders["minilm"], "--output", self.encoders["base"]], {})

    def _training(self, row: Row, dropout: float, steps: int, warmup: int, batch: int) -> list:
        return ["--pairs", self.data / f"{row.data}.tsv", "--strategy", row.strategy, "--dropout", dropout, "--batch", batch,
                "--steps", steps, "--warmup", warmup]

    def _run(self, command: list, environment: dict) -> dict:
        """The job's report, with the seconds from the start of its command to its first step."""
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "report.json"
            started = time.monotonic()
            self._call([*command, "--json", report], environment)
            result = json.loads(report.read_text())
        if "first_step_at" in result:
            result["start_seconds"] = result["first_step_at"] - started
        return result

    def _call(self, command: list, environment: dict) -> None:
        words = [str(word) for word in command]
        outcome = subprocess.run(words, env={**os.environ, **environment}, capture_output=True, text=True)
        if outcome.returncode != 0:
            raise RuntimeError(f"{' '.join(words)} ended with {outcome.returncode}:\n{outcome.stdout[-2000:]}{outcome.stderr[-4000:]}")
