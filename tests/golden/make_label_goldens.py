"""Writes labels.json beside this file: expected values for heads on frozen vectors and their measures, from
scikit-learn and numpy, on small synthetic vectors.

    python3 -m venv .deps/venv-eval
    .deps/venv-eval/bin/pip install numpy scipy scikit-learn
    .deps/venv-eval/bin/python tests/golden/make_label_goldens.py

Last made with numpy 2.4, scipy 1.17 and scikit-learn 1.9.
"""

import json
import pathlib

import numpy as np
from scipy import optimize, special
from sklearn import linear_model, metrics

HERE = pathlib.Path(__file__).resolve().parent
CLASSES, WIDTH = 4, 6


def drawn(rng, rows):
    centres = np.array([[np.cos(c + d) for d in range(WIDTH)] for c in range(CLASSES)])
    labels = np.concatenate([np.arange(CLASSES), rng.choice(CLASSES, rows - CLASSES, p=[0.4, 0.3, 0.2, 0.1])])
    vectors = (centres[labels] + rng.normal(0, 0.9, (rows, WIDTH))).astype(np.float32)
    return vectors, labels


def head_case(vectors, labels, ridge):
    """The same maximum by scikit-learn: C = 1 / (ridge N) on the rows moved to their mean and divided by one length."""
    rows = vectors.astype(float)
    mean = rows.mean(0)
    scale = np.sqrt(((rows - mean) ** 2).sum(1).mean())
    model = linear_model.LogisticRegression(C=1 / (ridge * len(labels)), tol=1e-12, max_iter=20000)
    model.fit((rows - mean) / scale, labels)
    probabilities = model.predict_proba((rows - mean) / scale)
    loss = -metrics.log_loss(labels, probabilities) - 0.5 * ridge * (model.coef_**2).sum()
    return {"ridge": ridge, "mean": mean.tolist(), "scale": float(scale), "objective": float(loss),
            "probabilities": probabilities.ravel().tolist()}


def temperature_case(scores, labels):
    def loss(log_inverse):
        return metrics.log_loss(labels, special.softmax(np.exp(log_inverse) * scores, axis=1))

    found = optimize.minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-12})
    return {"scores": scores.ravel().tolist(), "labels": labels.tolist(), "temperature": float(np.exp(-found.x))}


def like_head_case(rng, pairs):
    """Logistic scaling of two scores without a penalty."""
    features = np.stack([rng.normal(0.2, 0.1, pairs), rng.normal(-6, 1.5, pairs)], axis=1)
    p = special.expit(-1 + 6 * features[:, 0] + 0.4 * features[:, 1])
    likes = (rng.random(pairs) < p).astype(int)
    found = {"features": features.ravel().tolist(), "likes": likes.tolist()}
    for name, columns in (("both", [0, 1]), ("first", [0])):
        model = linear_model.LogisticRegression(C=np.inf, tol=1e-12, max_iter=10000).fit(features[:, columns], likes)
        q = model.predict_proba(features[:, columns])[:, 1]
        found[name] = {"p": q.tolist(), "log_loss": float(metrics.log_loss(likes, q))}
    return found


def measures_case(rng, rows):
    labels = rng.integers(0, CLASSES, rows)
    probabilities = rng.dirichlet(np.ones(CLASSES), rows)
    probabilities[np.arange(rows), labels] += 0.5
    probabilities /= probabilities.sum(1, keepdims=True)
    predicted = probabilities.argmax(1)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(labels, predicted, average="macro", zero_division=0)
    confidence = probabilities.max(1)
    right = (predicted == labels).astype(float)
    bins = np.argsort(np.argsort(confidence)) * 15 // rows
    gaps = [(abs(confidence[bins == b].mean() - right[bins == b].mean()), (bins == b).mean()) for b in range(15)]
    return {
        "labels": labels.tolist(),
        "probabilities": probabilities.ravel().tolist(),
        "accuracy": float(metrics.accuracy_score(labels, predicted)),
        "macro": [float(precision), float(recall), float(f1)],
        "log_loss": float(metrics.log_loss(labels, probabilities, labels=range(CLASSES))),
        "brier": float(metrics.brier_score_loss(labels, probabilities, labels=range(CLASSES), scale_by_half=False)),
        "ece": float(sum(gap * share for gap, share in gaps)),
        "ece_max": float(max(gap for gap, _ in gaps)),
        "gap": float(confidence.mean() - right.mean()),
    }


def main():
    rng = np.random.default_rng(31)
    vectors, labels = drawn(rng, 90)
    value = {
        "classes": CLASSES,
        "vectors": [float(x) for x in vectors.ravel()],
        "labels": labels.tolist(),
        "heads": [head_case(vectors, labels, ridge) for ridge in (0.1, 0.003)],
        "temperature": temperature_case(rng.normal(0, 3, (60, CLASSES)) + 2 * np.eye(CLASSES)[labels[:60]], labels[:60]),
        "measures": measures_case(rng, 151),
        "like_head": like_head_case(rng, 240),
    }
    (HERE / "labels.json").write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
