"""Writes recbole.json beside this file: ranking, exposure and click measures of random lists by the metric classes of
RecBole themselves, before they round.

    python3 -m venv .deps/venv-recbole
    .deps/venv-recbole/bin/pip install --no-deps recbole==1.2.1
    .deps/venv-recbole/bin/pip install numpy scipy scikit-learn torch
    .deps/venv-recbole/bin/python tests/golden/make_recbole_goldens.py

RecBole pins packages that its metrics do not need: recbole.evaluator.metrics is loaded without them, and numpy gets back
the aliases np.float and np.bool that RecBole still uses. Last made with recbole 1.2.1 and numpy 2.4.
"""

import importlib
import importlib.util
import json
import pathlib
import sys
import types
import warnings

import numpy as np
from scipy import stats

HERE = pathlib.Path(__file__).resolve().parent
USERS, CANDIDATES, K, CATALOGUE = 7, 40, 10, 25
CONFIG = {"metric_decimal_place": 12, "topk": [K], "tail_ratio": 0.1}
warnings.filterwarnings("ignore")
np.float, np.bool = float, bool


def recbole_metrics():
    """recbole.evaluator.metrics alone: the packages above it would import all models."""
    root = pathlib.Path(importlib.util.find_spec("recbole").submodule_search_locations[0])
    for name in ("recbole", "recbole.evaluator"):
        package = types.ModuleType(name)
        package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
        sys.modules[name] = package
    utils = types.ModuleType("recbole.utils")
    utils.EvaluatorType = types.SimpleNamespace(RANKING="ranking", VALUE="value")
    sys.modules["recbole.utils"] = utils
    return importlib.import_module("recbole.evaluator.metrics")


def ranking(metrics, rng):
    relevant, targets = [], []
    for user in range(USERS):
        n = int(rng.integers(1, 2 * K))
        marks = np.zeros(CANDIDATES, dtype=int)
        marks[rng.choice(CANDIDATES, n, replace=False)] = 1
        relevant.append(marks[:K])
        targets.append(n)
    hits, counts = np.array(relevant, dtype=bool), np.array(targets)
    one = lambda kind, *arguments: getattr(metrics, kind)(CONFIG).metric_info(hits, *arguments).tolist()
    return {
        "relevant": np.array(relevant).tolist(),
        "targets": targets,
        "hr": one("Hit"),
        "mrr": one("MRR"),
        "precision": one("Precision"),
        "recall": one("Recall", counts),
        "map": one("MAP", counts),
        "ndcg": one("NDCG", counts),
    }


def exposure(metrics, rng):
    """Item ids of RecBole begin at 1; its number of items counts [PAD]."""
    weights = np.arange(1, CATALOGUE + 1) ** 1.5
    lists = np.stack([rng.choice(np.arange(1, CATALOGUE + 1), 5, replace=False, p=weights / weights.sum()) for _ in range(9)])
    train = rng.integers(0, 6, CATALOGUE)
    seen = {int(item) + 1: int(count) for item, count in enumerate(train) if count > 0}
    of_tail = lambda ratio: metrics.TailPercentage({**CONFIG, "tail_ratio": ratio}).get_tail(lists, seen).mean()
    return {
        "items": CATALOGUE,
        "lists": (lists - 1).tolist(),
        "train": train.tolist(),
        "coverage_pad": metrics.ItemCoverage(CONFIG).get_coverage(lists, CATALOGUE + 1),
        "gini_pad": float(metrics.GiniIndex(CONFIG).get_gini(lists, CATALOGUE + 1)),
        "entropy_per_item": float(metrics.ShannonEntropy(CONFIG).get_entropy(lists)),
        "popularity": float(metrics.AveragePopularity(CONFIG).get_pop(lists, seen).mean()),
        "tail_seen": float(of_tail(0.1)),
        "tail_below_three": float(of_tail(2)),
    }


def clicks(metrics, rng):
    """Scores with ties; the last user has no positive and is dropped from GAUC."""
    scores = rng.integers(0, 12, (USERS, 15)) / 16
    labels = (rng.random((USERS, 15)) < 0.3).astype(int)
    labels[:, 0] = 1
    labels[-1] = 0
    rank_sums = np.array([stats.rankdata(-s)[l == 1].sum() for s, l in zip(scores, labels)])
    lengths, positives = np.full(USERS, 15), labels.sum(1)
    p = np.clip(scores + 0.05, 0, 1)
    p[0, 0], p[0, 1] = 0.0, 1.0
    return {
        "scores": scores.tolist(),
        "labels": labels.tolist(),
        "gauc": float(metrics.GAUC(CONFIG).metric_info(rank_sums.reshape(-1, 1), lengths, positives)),
        "auc": float(metrics.AUC(CONFIG).metric_info(scores.ravel(), labels.ravel())),
        "probabilities": p.ravel().tolist(),
        "log_loss": float(metrics.LogLoss(CONFIG).metric_info(p.ravel(), labels.ravel())),
    }


def main():
    metrics = recbole_metrics()
    rng = np.random.default_rng(12)
    golden = {"ranking": ranking(metrics, rng), "exposure": [exposure(metrics, rng) for _ in range(2)],
              "clicks": clicks(metrics, rng)}
    (HERE / "recbole.json").write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
