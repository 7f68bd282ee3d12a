"""Writes fairness.json beside this file: expected values for the fairness, stability and classification measures of
framework/evaluation, from the libraries whose conventions they follow.

    python3 -m venv .deps/venv-fairness
    .deps/venv-fairness/bin/pip install numpy scipy scikit-learn fairlearn aif360 rbo
    .deps/venv-fairness/bin/python tests/golden/make_fairness_goldens.py

Last made with fairlearn 0.15.0, aif360 0.6.1, rbo 0.1.3, scikit-learn 1.9.1, scipy 1.17.1 and numpy 1.26.4. Yao and
Huang's unfairness has no library of its own: their formulas stand here in numpy, item by item.
"""

import json
import pathlib
import warnings

import numpy as np
import pandas as pd
import rbo
from aif360.datasets import BinaryLabelDataset
from aif360.metrics import BinaryLabelDatasetMetric, ClassificationMetric
from fairlearn import metrics as fairlearn
from scipy import stats
from sklearn import metrics

HERE = pathlib.Path(__file__).resolve().parent
warnings.filterwarnings("ignore")


def decisions(rng, rows, groups, without_positives=False):
    y = rng.integers(0, 2, rows)
    chosen = (rng.random(rows) < 0.3 + 0.4 * y).astype(int)
    group = rng.integers(0, groups, rows)
    if without_positives:
        y[group == groups - 1] = 0
    arguments = {"sensitive_features": group}
    case = {"positive": y.tolist(), "selected": chosen.tolist(), "group": group.tolist(), "groups": groups}
    for method in ("between_groups", "to_overall"):
        case[method] = {
            "demographic_parity_difference": fairlearn.demographic_parity_difference(y, chosen, method=method, **arguments),
            "demographic_parity_ratio": fairlearn.demographic_parity_ratio(y, chosen, method=method, **arguments),
            "equal_opportunity_difference": fairlearn.equal_opportunity_difference(y, chosen, method=method, **arguments),
            "equal_opportunity_ratio": fairlearn.equal_opportunity_ratio(y, chosen, method=method, **arguments),
            "odds_difference_worst": fairlearn.equalized_odds_difference(y, chosen, method=method, **arguments),
            "odds_difference_mean": fairlearn.equalized_odds_difference(y, chosen, method=method, agg="mean", **arguments),
            "odds_ratio_worst": fairlearn.equalized_odds_ratio(y, chosen, method=method, **arguments),
            "odds_ratio_mean": fairlearn.equalized_odds_ratio(y, chosen, method=method, agg="mean", **arguments),
        }
        case[method] = {key: float(value) for key, value in case[method].items()}
    return case


def aif360_case(rng, rows):
    """Group 0 is unprivileged; three groups for the smoothed differential fairness."""
    y = rng.integers(0, 2, rows)
    chosen = (rng.random(rows) < 0.35 + 0.3 * y).astype(int)
    group = rng.integers(0, 2, rows)
    features = np.round(rng.normal(0, 1, (rows, 2)), 6)
    three = rng.integers(0, 3, rows)

    def dataset(label, protected):
        frame = pd.DataFrame({"a": features[:, 0], "b": features[:, 1], "group": protected.astype(float), "y": label.astype(float)})
        return BinaryLabelDataset(df=frame, label_names=["y"], protected_attribute_names=["group"], favorable_label=1, unfavorable_label=0)

    metric = ClassificationMetric(dataset(y, group), dataset(chosen, group), unprivileged_groups=[{"group": 0}], privileged_groups=[{"group": 1}])
    several = BinaryLabelDatasetMetric(dataset(chosen, three))
    of_features = dataset(chosen, group)
    with_neighbours = BinaryLabelDatasetMetric(of_features)
    gei = {str(a): float(metric.generalized_entropy_index(alpha=a)) for a in (1, 2, 3)}
    # alpha = 0 needs every b above 0: rows where a positive was not selected are left out of this one.
    kept = ~((y == 1) & (chosen == 0))
    b = 1.0 + chosen[kept] - y[kept]
    zero = ClassificationMetric(dataset_of(features[kept], y[kept], group[kept]), dataset_of(features[kept], chosen[kept], group[kept]))
    return {
        "positive": y.tolist(),
        "selected": chosen.tolist(),
        "group": group.tolist(),
        "three": three.tolist(),
        "statistical_parity_difference": float(metric.statistical_parity_difference()),
        "disparate_impact": float(metric.disparate_impact()),
        "equal_opportunity_difference": float(metric.equal_opportunity_difference()),
        "average_odds_difference": float(metric.average_odds_difference()),
        "average_abs_odds_difference": float(metric.average_abs_odds_difference()),
        "gei": gei,
        "coefficient_of_variation": float(metric.coefficient_of_variation()),
        "kept": kept.astype(int).tolist(),
        "gei0_aif360": float(zero.generalized_entropy_index(alpha=0)),
        "gei0": float(-np.log(b / b.mean()).mean()),
        "smoothed_edf": float(several.smoothed_empirical_differential_fairness()),
        "features": of_features.features.ravel().tolist(),
        "consistency": float(np.squeeze(with_neighbours.consistency(n_neighbors=5))),
    }


def dataset_of(features, label, protected):
    frame = pd.DataFrame({"a": features[:, 0], "b": features[:, 1], "group": protected.astype(float), "y": label.astype(float)})
    return BinaryLabelDataset(df=frame, label_names=["y"], protected_attribute_names=["group"], favorable_label=1, unfavorable_label=0)


def rating_case(rng, pairs):
    item = rng.integers(0, 9, pairs)
    group = rng.integers(0, 2, pairs)
    group[item == 3] = 1  # an item that one side alone has rated
    rating = rng.integers(1, 6, pairs).astype(float)
    predicted = np.round(rating + rng.normal(0.2 * group, 0.8), 4)
    value, absolute, under, over = [], [], [], []
    for j in np.unique(item):
        sides = [(predicted[(item == j) & (group == g)], rating[(item == j) & (group == g)]) for g in (1, 0)]
        if any(len(y) == 0 for y, _ in sides):
            continue
        (y_g, r_g), (y_o, r_o) = [(y.mean(), r.mean()) for y, r in sides]
        value.append(abs((y_g - r_g) - (y_o - r_o)))
        absolute.append(abs(abs(y_g - r_g) - abs(y_o - r_o)))
        under.append(abs(max(0, r_g - y_g) - max(0, r_o - y_o)))
        over.append(abs(max(0, y_g - r_g) - max(0, y_o - r_o)))
    return {
        "item": item.tolist(), "group": group.tolist(), "rating": rating.tolist(), "predicted": predicted.tolist(),
        "items": len(value), "value": float(np.mean(value)), "absolute": float(np.mean(absolute)),
        "under": float(np.mean(under)), "over": float(np.mean(over)),
        "non_parity": float(abs(predicted[group == 1].mean() - predicted[group == 0].mean())),
    }


def stability_case(rng, a_length, b_length, p):
    a = rng.permutation(14)[:a_length].tolist()
    b = (a[: min(3, b_length)] + [i for i in rng.permutation(14).tolist() if i not in a[:3]])[:b_length]
    union = sorted(set(a) | set(b))
    behind = max(a_length, b_length)
    places = [[x.index(i) if i in x else behind for i in union] for x in (a, b)]
    similarity = rbo.RankingSimilarity(a, b)
    return {
        "a": a, "b": b, "p": p,
        "rbo": float(similarity.rbo(p=p)),
        "rbo_ext": float(similarity.rbo_ext(p=p)),
        "jaccard": len(set(a) & set(b)) / len(set(a) | set(b)),
        "kendall": float(stats.kendalltau(*places).statistic),
    }


def kendall_case(rng, rows):
    a = rng.integers(0, 6, rows)
    b = a + rng.integers(0, 4, rows)
    return {"a": a.tolist(), "b": b.tolist(), "tau": float(stats.kendalltau(a, b).statistic)}


def classification_case(rng, rows, classes):
    actual = rng.integers(0, classes - 1, rows)  # the last class is never true
    predicted = np.where(rng.random(rows) < 0.6, actual, rng.integers(0, classes, rows))
    predicted[predicted == 1] = 0  # class 1 is never predicted
    case = {"actual": actual.tolist(), "predicted": predicted.tolist(), "classes": classes, "accuracy": float(metrics.accuracy_score(actual, predicted))}
    for average in ("micro", "macro"):
        p, r, f, _ = metrics.precision_recall_fscore_support(actual, predicted, labels=range(classes), average=average, zero_division=0)
        case[average] = [float(p), float(r), float(f)]
    return case


def rarefaction_case(rng, users, items):
    """The exact expectation by scipy's hypergeometric distribution."""
    counts = rng.integers(0, users + 1, items)
    counts[0], counts[1] = 0, users
    m = users // 3
    absent = stats.hypergeom(users, counts, m).pmf(0)
    return {"counts": counts.tolist(), "users": users, "m": m, "distinct": float((1 - absent).sum())}


def inequality_case(rng, users):
    utility = np.round(rng.beta(0.8, 2, users), 6)
    ordered = np.sort(utility)
    pairs = np.abs(utility[:, None] - utility[None, :]).sum()
    return {"utility": utility.tolist(), "gini": float(pairs / (2 * users**2 * utility.mean())), "worst_tenth": float(ordered[: users // 10].mean())}


def main():
    rng = np.random.default_rng(7)
    golden = {
        "decisions": [decisions(rng, 160, 2), decisions(rng, 300, 4), decisions(rng, 90, 3, without_positives=True)],
        "aif360": [aif360_case(rng, 120), aif360_case(rng, 75)],
        "rating": [rating_case(rng, 200), rating_case(rng, 60)],
        "stability": [stability_case(rng, *lengths, p) for lengths, p in (((10, 10), 0.9), ((10, 10), 0.7), ((5, 9), 0.9), ((9, 4), 0.98))],
        "kendall": [kendall_case(rng, 30), kendall_case(rng, 7)],
        "classification": [classification_case(rng, 80, 4), classification_case(rng, 200, 6)],
        "rarefaction": [rarefaction_case(rng, 60, 25), rarefaction_case(rng, 943, 40)],
        "inequality": [inequality_case(rng, 50), inequality_case(rng, 200)],
    }
    (HERE / "fairness.json").write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
