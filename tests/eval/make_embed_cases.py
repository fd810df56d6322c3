#!/usr/bin/env python3
"""Makes the tables in tests/eval/embed and tests/eval/classify and their expected figures.

    make_embed_cases.py      with Debian 12's python3-sklearn (1.2.1) and NumPy (1.24)

Average precision, ROC AUC and the classifier's figures are scikit-learn's (average_precision_score,
roc_auc_score, precision_recall_fscore_support, confusion_matrix, top_k_accuracy_score); the
nearest centroid is its NearestCentroid over vectors of length 1 with centroids brought to length 1.
Run by hand; the results are committed.
"""
import json
import os

import numpy as np
from sklearn.metrics import (average_precision_score, confusion_matrix, f1_score,
                             precision_recall_fscore_support, roc_auc_score, top_k_accuracy_score)
from sklearn.neighbors import NearestCentroid

HERE = os.path.dirname(os.path.abspath(__file__))


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def figures(x, label, query, camera, center):
    """Ranks, mAP, AUC, centroid: query None is each row against all others."""
    gallery = np.flatnonzero(~query) if query is not None else np.arange(len(x))
    queries = np.flatnonzero(query) if query is not None else np.arange(len(x))
    x = unit(x - x[gallery].mean(axis=0)) if center else unit(x)
    ap, rank, same, like = [], [], [], []
    for q in queries:
        keep = np.array([g for g in gallery if g != q and
                         not (label[g] == label[q] and camera[g] >= 0 and camera[g] == camera[q])])
        s, right = x[keep] @ x[q], label[keep] == label[q]
        same += list(right)
        like += list(s)
        if right.any():
            ap.append(average_precision_score(right, s))
            rank.append(int(np.flatnonzero(right[np.argsort(-s, kind="stable")])[0]))
    rank = np.array(rank)
    hits = 0
    for q in queries:
        rows = gallery if query is not None else gallery[gallery != q]
        means = unit(np.array([x[rows[label[rows] == c]].sum(axis=0)
                               for c in sorted(set(label[rows]))]))
        near = NearestCentroid().fit(means, sorted(set(label[rows])))
        hits += near.predict(x[q:q + 1])[0] == label[q]
    return {"rank1": float((rank < 1).mean()), "rank5": float((rank < 5).mean()),
            "rank10": float((rank < 10).mean()), "mAP": float(np.mean(ap)),
            "AUC": float(roc_auc_score(same, like)), "judged": len(ap), "queries": len(queries),
            "centroid_top1": hits / len(queries)}


def embed_case(rng, name, n, classes, length, split, cameras, spread):
    means = rng.normal(size=(classes, length)) + 1.5
    label = rng.integers(0, classes, n)
    x = np.round(means[label] + spread * rng.normal(size=(n, length)), 6).astype(np.float32)
    query = rng.random(n) < .4 if split else None
    camera = rng.integers(0, 3, n) if cameras else np.full(n, -1)
    if split:
        label[np.flatnonzero(query)[0]] = classes  # nobody in the gallery is of this label
    with open(os.path.join(HERE, "embed", name + ".csv"), "w") as f:
        f.write("label" + (",set" if split else "") + (",camera" if cameras else "") +
                "".join(f",e{i}" for i in range(length)) + "\n")
        for i in range(n):
            f.write(f"c{label[i]}" + (f",{'query' if query[i] else 'gallery'}" if split else "") +
                    (f",{camera[i]}" if cameras else "") +
                    "".join(f",{v:.6f}" for v in x[i]) + "\n")
    x = x.astype(np.float64)
    return {c: figures(x, label, query, camera, c == "centered") for c in ("plain", "centered")}


def classify_case(rng, n, classes):
    scores = rng.dirichlet(np.full(classes, .6), n)
    truth = np.where(rng.random(n) < .6, scores.argmax(axis=1), rng.integers(0, classes - 1, n))
    truth[truth == classes - 1] = 0  # the last class has no rows
    scores = np.round(scores, 7)
    with open(os.path.join(HERE, "classify", "mixed.csv"), "w") as f:
        f.write("label," + ",".join(f"k{c}" for c in range(classes)) + "\n")
        for i in range(n):
            f.write(f"k{truth[i]}," + ",".join(f"{v:.7f}" for v in scores[i]) + "\n")
    best, names = scores.argmax(axis=1), np.arange(classes)
    p, r, f1, count = precision_recall_fscore_support(truth, best, labels=names, zero_division=0)
    with_rows = np.flatnonzero(count)
    return {"top1": top_k_accuracy_score(truth, scores, k=1, labels=names),
            "top3": top_k_accuracy_score(truth, scores, k=3, labels=names),
            "macro_F1": f1_score(truth, best, labels=with_rows, average="macro", zero_division=0),
            "weighted_F1": f1_score(truth, best, labels=names, average="weighted",
                                    zero_division=0),
            "NLL": float(-np.mean(np.log(scores[np.arange(n), truth]))),
            "precision": list(p), "recall": list(r), "F1": list(f1),
            "confusion": confusion_matrix(truth, best, labels=names).tolist()}


def main():
    rng = np.random.default_rng(3)
    for folder in ("embed", "classify"):
        os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    expected = {"split": embed_case(rng, "split", 60, 7, 12, True, False, 1.2),
                "cameras": embed_case(rng, "cameras", 60, 5, 9, True, True, 1.5),
                "all": embed_case(rng, "all", 40, 6, 8, False, False, 1.4)}
    with open(os.path.join(HERE, "embed", "expected.json"), "w") as f:
        json.dump(expected, f, indent=1)
        f.write("\n")
    with open(os.path.join(HERE, "classify", "expected.json"), "w") as f:
        json.dump(classify_case(rng, 80, 6), f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    main()
