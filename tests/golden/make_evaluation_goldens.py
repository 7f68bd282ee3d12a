"""Writes evaluation.json and baselines.json beside this file: expected values for framework/evaluation and
framework/baselines from numpy, scipy and scikit-learn, on small synthetic data.

    python3 -m venv .deps/venv-eval
    .deps/venv-eval/bin/pip install numpy scipy scikit-learn
    .deps/venv-eval/bin/python tests/golden/make_evaluation_goldens.py

Last made with numpy 2.4, scipy 1.17 and scikit-learn 1.9.
"""

import json
import pathlib

import numpy as np
from scipy import integrate, optimize, stats
from sklearn import metrics

HERE = pathlib.Path(__file__).resolve().parent
CUTS = (1, 3, 5, 10, 20)


def ranking_case(rng, items):
    """One user with distinct scores; every metric by its definition on the sorted candidate list."""
    scores = rng.permutation(items).astype(float) / 8 - 2
    chosen = rng.permutation(items)
    masked = chosen[: rng.integers(0, items // 3)]
    targets = chosen[len(masked) : len(masked) + rng.integers(1, 12)]
    candidates = np.setdiff1d(np.arange(items), masked)
    order = candidates[np.argsort(-scores[candidates])]
    relevant = np.isin(order, targets).astype(float)
    grades = np.where(np.isin(order, targets), 1 + order % 3, 0)
    expected = {}
    for k in CUTS:
        rel = relevant[:k]
        n = len(targets)
        precisions = np.cumsum(rel) / np.arange(1, len(rel) + 1)
        first = np.flatnonzero(rel)
        expected.update({
            f"hits@{k}": rel.sum(),
            f"recall@{k}": rel.sum() / n,
            f"recall_capped@{k}": rel.sum() / min(n, k),
            f"hr@{k}": float(rel.any()),
            f"precision@{k}": rel.sum() / k,
            f"mrr@{k}": 1 / (first[0] + 1) if len(first) else 0.0,
            f"map@{k}": (precisions * rel).sum() / min(n, k),
            f"map_k@{k}": (precisions * rel).sum() / k,
            f"ndcg@{k}": metrics.ndcg_score([relevant], [-np.arange(len(order))], k=k),
        })
    return {
        "scores": scores.tolist(),
        "masked": masked.tolist(),
        "targets": targets.tolist(),
        "top": order[: max(CUTS)].tolist(),
        "expected": {key: float(value) for key, value in expected.items()},
        "grades": grades.tolist(),
        "ndcg_graded": [float(metrics.ndcg_score([2.0**grades - 1], [-np.arange(len(order))], k=k)) for k in CUTS],
    }


def auc_case(rng, rows):
    scores = rng.integers(0, 9, rows).astype(float)  # many ties
    labels = rng.integers(0, 2, rows)
    return {"scores": scores.tolist(), "labels": labels.tolist(), "auc": float(metrics.roc_auc_score(labels, scores))}


def exposure_case(rng, items):
    """Both conventions of the population metrics, from their own definitions rather than by one from the other."""
    lists = [rng.choice(items, 5, replace=False, p=np.arange(1, items + 1) / (items * (items + 1) / 2)) for _ in range(9)]
    train = rng.integers(0, 6, items)
    flat = np.concatenate(lists)
    counts = np.bincount(flat, minlength=items)
    shown = np.sort(counts[counts > 0])
    padded = items + 1
    place = np.arange(padded - len(shown) + 1, padded + 1)
    p = shown / len(flat)
    pairs = np.abs(counts[:, None] - counts[None, :]).sum()
    seen = sorted((train[i], i) for i in range(items) if train[i] > 0)
    tail_seen = [i for _, i in seen[: max(int(len(seen) * 0.1), 1)]]
    return {
        "items": items,
        "lists": [row.tolist() for row in lists],
        "train": train.tolist(),
        "coverage": len(shown) / items,
        "coverage_pad": len(shown) / padded,
        "gini": pairs / (2 * items * len(flat)),  # mean absolute difference over twice the mean
        "gini_pad": float(((2 * place - padded - 1) * shown).sum() / len(flat) / padded),
        "entropy": float(stats.entropy(p)),
        "entropy_per_item": float(stats.entropy(p) / len(shown)),
        "tail_seen": float(np.isin(flat, tail_seen).mean()),
        "popularity": float(train[flat].mean()),
    }


def philox(counter, key):
    """Philox4x32-10 on arrays of counters (Salmon et al. 2011)."""
    c = [np.asarray(word, np.uint64) for word in counter]
    k = [np.uint64(word) for word in key]
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    for _ in range(10):
        a = np.uint64(0xD2511F53) * c[0]
        b = np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> shift) ^ c[1] ^ k[0], b & low, (a >> shift) ^ c[3] ^ k[1], a & low]
        k = [(k[0] + np.uint64(0x9E3779B9)) & low, (k[1] + np.uint64(0xBB67AE85)) & low]
    return c


def poisson_weights(seed, users, replicates):
    """weights [users, replicates] of the paired bootstrap: purpose 16, counter (user, replicate / 4)."""
    zero = np.zeros(1, np.uint64)
    words = philox([zero + np.uint64(seed), zero, zero + np.uint64(16), zero], (0xC01DF4A3, 0x5EEDB0C5))
    key = (int(words[0][0]), int(words[1][0]))
    blocks = np.arange((replicates + 3) // 4, dtype=np.uint64)
    same = np.zeros_like(blocks)
    rows = []
    for user in users:
        low, high = np.uint64(user & 0xFFFFFFFF), np.uint64(user >> 32)
        block = np.stack(philox([same + low, same + high, same, blocks], key), axis=1).ravel()[:replicates]
        uniform = (block.astype(float) + 0.5) / 2**32
        rows.append(stats.poisson.ppf(uniform, 1))
    return np.array(rows)


def bootstrap_case(rng):
    users = [int(x) for x in rng.integers(0, 2**63, 60)]
    a = np.round(rng.gamma(0.7, 1.0, 60), 6)
    b = np.round(np.clip(a + rng.normal(0.1, 0.3, 60), 0, None), 6)
    replicates = 999
    w = poisson_weights(5, users, replicates)
    total = w.sum(0)

    def interval(values):
        return {"se": float(values.std(ddof=1)), "low": float(np.quantile(values, 0.025)), "high": float(np.quantile(values, 0.975))}

    def bca(x, n):
        t = x.sum() / n.sum()
        replicate = (w * x[:, None]).sum(0) / (w * n[:, None]).sum(0)
        z0 = stats.norm.ppf((replicate < t).mean())
        jack = (x.sum() - x) / (n.sum() - n)
        d = jack.mean() - jack
        acceleration = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
        ends = []
        for q in (0.025, 0.975):
            z = z0 + stats.norm.ppf(q)
            ends.append(float(np.quantile(replicate, stats.norm.cdf(z0 + z / (1 - acceleration * z)))))
        return ends

    return {
        "users": [str(user) for user in users],
        "a": a.tolist(),
        "b": b.tolist(),
        "seed": 5,
        "replicates": replicates,
        "mean_a": interval((w * a[:, None]).sum(0) / total),
        "difference": interval((w * (b - a)[:, None]).sum(0) / total),
        "ratio": interval((w * b[:, None]).sum(0) / (w * a[:, None]).sum(0)),
        "bca_mean_a": bca(a, np.ones(60)),
        "bca_ratio": bca(b, a),
    }


def crossed_case(rng):
    """Two-way random effects by explicit projections of the table."""
    rows, columns = 5, 40
    table = np.round(0.02 + rng.normal(0, 0.03, (rows, 1)) + rng.normal(0, 0.2, (1, columns)) + rng.normal(0, 0.1, (rows, columns)), 6)
    mean = table.mean()
    row = np.broadcast_to(table.mean(1, keepdims=True) - mean, table.shape)
    column = np.broadcast_to(table.mean(0, keepdims=True) - mean, table.shape)
    rest = table - mean - row - column
    df = np.array([rows - 1, columns - 1, (rows - 1) * (columns - 1)])
    ms = np.array([(row**2).sum(), (column**2).sum(), (rest**2).sum()]) / df
    signed = ms * np.array([1, 1, -1])
    degrees = signed.sum() ** 2 / (signed**2 / df).sum()
    se = np.sqrt(signed.sum() / table.size)
    half = stats.t.ppf(0.975, degrees) * se
    return {
        "rows": rows,
        "table": table.ravel().tolist(),
        "mean": float(mean),
        "se": float(se),
        "degrees": float(degrees),
        "low": float(mean - half),
        "high": float(mean + half),
        "p": averaged_p(mean, ms / table.size, df),
    }


def averaged_p(mean, ms, df):
    """Two-sided, over what the variances of rows and columns may be: ms df / chi^2_df each."""

    def tail(row, column):
        given = [ms[0] * df[0] / row, ms[1] * df[1] / column]
        return 2 * stats.norm.sf(abs(mean) / np.sqrt(max(sum(given) - ms[2], *given)))

    def over_columns(row):
        return integrate.quad(lambda c: tail(row, c) * stats.chi2.pdf(c, df[1]), *stats.chi2.ppf([1e-13, 1 - 1e-13], df[1]),
                              epsabs=1e-13, epsrel=1e-10, limit=200)[0]

    ends = [0, *stats.chi2.ppf([0.01, 0.5, 0.99, 1 - 1e-13], df[0])]
    return float(sum(integrate.quad(lambda r: over_columns(r) * stats.chi2.pdf(r, df[0]), a, b, epsabs=1e-12, epsrel=1e-9,
                                    limit=200)[0] for a, b in zip(ends, ends[1:])))


def calibration_case(rng, rows):
    p = rng.beta(2, 3, rows)
    y = (rng.random(rows) < p**1.3).astype(int)

    def error(bin_of):
        bins = [np.flatnonzero(bin_of == b) for b in range(15)]
        gaps = [(p[i].mean() - y[i].mean(), len(i) / rows) for i in bins if len(i)]
        return [float(sum(abs(g) * s for g, s in gaps)), float(max(abs(g) for g, _ in gaps))]

    x = np.log(p / (1 - p))
    fit = optimize.minimize(lambda c: np.logaddexp(0, -(2 * y - 1) * (c[0] + c[1] * x)).sum(), [0, 1], method="BFGS",
                            options={"gtol": 1e-10})
    return {
        "p": p.tolist(),
        "y": y.tolist(),
        "log_loss": float(metrics.log_loss(y, p)),
        "brier": float(metrics.brier_score_loss(y, p)),
        "equal_mass": error(np.argsort(np.argsort(p)) * 15 // rows),
        "equal_width": error(np.minimum((p * 15).astype(int), 14)),
        "signed": float(p.mean() - y.mean()),
        "in_the_large": float(p.mean() / y.mean()),
        "line": fit.x.tolist(),
    }


def distributions():
    probabilities = [1e-9, 1e-4, 0.025, 0.3, 0.5, 0.8, 0.975, 0.9999, 1 - 1e-9]
    degrees = [0.7, 1, 2.5, 4, 30, 1000.5]
    points = [-40, -2.776, -1, 0, 0.3, 5]
    return {
        "normal_quantile": [[p, float(stats.norm.ppf(p))] for p in probabilities],
        "normal_cdf": [[x, float(stats.norm.cdf(x))] for x in points],
        "t_quantile": [[p, d, float(stats.t.ppf(p, d))] for p in probabilities for d in degrees],
        "t_cdf": [[x, d, float(stats.t.cdf(x, d))] for x in points for d in degrees],
    }


def baselines(rng):
    users, items = 30, 20
    taste = rng.random((users, items)) < np.linspace(0.05, 0.6, items)
    x = taste.astype(float)
    counts = x.sum(0)
    gram = x.T @ x
    inverse = np.linalg.inv(gram + 7.5 * np.eye(items))
    ease = -inverse / np.diag(inverse)
    np.fill_diagonal(ease, 0)
    norm = np.sqrt(np.outer(counts, counts))
    similarity = gram / (norm + 3.0)
    np.fill_diagonal(similarity, 0)
    history = [4, 17, 9]
    age = rng.integers(18, 70, users)
    colour = rng.choice(["red", "green", "blue"], users)
    asked = {"age": 33.0, "colour": "green"}
    width = 0.8 * age.std()
    weight = np.maximum(0.25, np.exp(-((age - asked["age"]) ** 2) / (2 * width**2))) * np.where(colour == "green", 1, 0.5)
    return {
        "likes": [np.flatnonzero(row).tolist() for row in taste],
        "items": items,
        "history": history,
        "log_prior": np.log((counts + 1) / (counts.sum() + items)).tolist(),
        "ease_ridge": 7.5,
        "ease": (ease[history].sum(0) + 0.2 * counts / users).tolist(),
        "ease_popularity": 0.2,
        "knn_shrinkage": 3.0,
        "knn": similarity[history].sum(0).tolist(),
        "age": age.tolist(),
        "colour": colour.tolist(),
        "asked": asked,
        "attribute_popularity": (0.9 * (weight @ x) / weight.sum() + 0.1 * counts / users).tolist(),
    }


def main():
    rng = np.random.default_rng(20)
    evaluation = {
        "cuts": CUTS,
        "ranking": [ranking_case(rng, items) for items in (30, 31, 45, 60)],
        "auc": [auc_case(rng, rows) for rows in (12, 57)],
        "exposure": [exposure_case(rng, items) for items in (12, 25)],
        "bootstrap": bootstrap_case(rng),
        "crossed": crossed_case(rng),
        "calibration": calibration_case(rng, 127),
        "distributions": distributions(),
    }
    for name, value in (("evaluation", evaluation), ("baselines", baselines(rng))):
        (HERE / f"{name}.json").write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
