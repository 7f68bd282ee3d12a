"""Writes continual.json beside this file: forgetting and transfer of random matrices R by the metrics of Avalanche.

    python3 -m venv .deps/venv-avalanche
    .deps/venv-avalanche/bin/pip install avalanche-lib
    .deps/venv-avalanche/bin/python tests/golden/make_continual_goldens.py

Last made with avalanche-lib 0.6.0.
"""

import json
import pathlib

import numpy as np
from avalanche.evaluation.metrics.forgetting_bwt import Forgetting, forgetting_to_bwt
from avalanche.evaluation.metrics.forward_transfer import ForwardTransfer

HERE = pathlib.Path(__file__).resolve().parent


def case(rng, tasks):
    """Rows 0 .. T as they come out of a stream: what a task reached first, what came last."""
    matrix = rng.uniform(size=(tasks + 1, tasks))
    forgetting, forward = Forgetting(), ForwardTransfer()
    for task in range(tasks):
        forgetting.update_initial(task, matrix[task + 1, task])
        forgetting.update_last(task, matrix[tasks, task])
        forward.update_initial(task, matrix[0, task])
        if task > 0:
            forward.update_previous(task, matrix[task, task])
    earlier = [forgetting.result_key(task) for task in range(tasks - 1)]
    transfer = [forward.result_key(task) for task in range(1, tasks)]
    return {
        "matrix": matrix.tolist(),
        "forgetting": earlier,
        "stream_forgetting": float(np.mean(earlier)),
        "stream_bwt": float(np.mean([forgetting_to_bwt(value) for value in earlier])),
        "stream_forward_transfer": float(np.mean(transfer)),
    }


def main():
    rng = np.random.default_rng(20240501)
    cases = [case(rng, tasks) for tasks in (2, 3, 5, 8)]
    (HERE / "continual.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
