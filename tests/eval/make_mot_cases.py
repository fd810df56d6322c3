#!/usr/bin/env python3
"""Makes the MOT cases in tests/eval/mot and their expected scores.

    make_mot_cases.py TRACKEVAL      TRACKEVAL: a checkout of github.com/JonathonLuiten/TrackEval

The expected figures come from TrackEval's own HOTA, CLEAR and Identity classes (snapshot of
2022-11, commit 12c8791), run with NumPy 1.24 whose removed aliases are put back, and with an exact
assignment in place of SciPy's where SciPy is not installed.  Run by hand; the results are committed.
"""
import json
import os
import random
import sys
import types

import numpy as np


def assignment(cost):
    """Least-cost assignment, as scipy.optimize.linear_sum_assignment."""
    cost = np.asarray(cost, dtype=float)
    turned = cost.shape[0] > cost.shape[1]
    cost = cost.T if turned else cost
    n, m = cost.shape
    u, v = np.zeros(n + 1), np.zeros(m + 1)
    owner, way = np.zeros(m + 1, int), np.zeros(m + 1, int)
    for i in range(1, n + 1):
        owner[0], j0 = i, 0
        least, used = np.full(m + 1, np.inf), np.zeros(m + 1, bool)
        while True:
            used[j0] = True
            free = ~used
            free[0] = False
            reduced = np.full(m + 1, np.inf)
            reduced[1:] = cost[owner[j0] - 1] - u[owner[j0]] - v[1:]
            better = free & (reduced < least)
            least[better], way[better] = reduced[better], j0
            j1 = int(np.argmin(np.where(free, least, np.inf)))
            delta = least[j1]
            u[owner[used]] += delta
            v[used] -= delta
            least[~used] -= delta
            j0 = j1
            if owner[j0] == 0:
                break
        while j0:
            j1 = way[j0]
            owner[j0], j0 = owner[j1], j1
    pairs = sorted((owner[j] - 1, j - 1) for j in range(1, m + 1) if owner[j])
    rows, cols = np.array([p[0] for p in pairs], int), np.array([p[1] for p in pairs], int)
    if turned:
        order = np.argsort(cols, kind="stable")
        return cols[order], rows[order]
    return rows, cols


def load_trackeval(folder):
    np.float, np.int, np.bool = float, int, bool
    try:
        import scipy.optimize  # noqa: F401
    except ImportError:
        scipy, optimize = types.ModuleType("scipy"), types.ModuleType("scipy.optimize")
        optimize.linear_sum_assignment = assignment
        scipy.optimize = optimize
        sys.modules["scipy"], sys.modules["scipy.optimize"] = scipy, optimize
    for name, path in (("trackeval", "trackeval"), ("trackeval.metrics", "trackeval/metrics")):
        module = types.ModuleType(name)
        module.__path__ = [os.path.join(folder, path)]
        sys.modules[name] = module
    from trackeval.metrics.clear import CLEAR
    from trackeval.metrics.hota import HOTA
    from trackeval.metrics.identity import Identity
    return HOTA(), CLEAR({"PRINT_CONFIG": False}), Identity({"PRINT_CONFIG": False})


def overlap(a, b):
    a, b = a.copy(), b.copy()
    a[:, 2:] += a[:, :2]
    b[:, 2:] += b[:, :2]
    low, high = np.maximum(a[:, None], b[None]), np.minimum(a[:, None], b[None])
    inter = np.maximum(high[..., 2] - low[..., 0], 0) * np.maximum(high[..., 3] - low[..., 1], 0)
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    union = area_a[:, None] + area_b[None] - inter
    return np.where(union > 0, inter / np.where(union > 0, union, 1), 0)


def dense(ids):
    return {v: i for i, v in enumerate(sorted(set(ids)))}


def data_of(gt, dt):
    last = max([r[0] for r in gt] + [r[0] for r in dt] + [0])
    gt = [r for r in gt if r[6] != 0]
    gt_ids, dt_ids = dense(r[1] for r in gt), dense(r[1] for r in dt)
    data = dict(gt_ids=[], tracker_ids=[], similarity_scores=[], num_timesteps=last,
                num_gt_dets=len(gt), num_tracker_dets=len(dt), num_gt_ids=len(gt_ids),
                num_tracker_ids=len(dt_ids))
    for t in range(1, last + 1):
        a = sorted((r for r in gt if r[0] == t), key=lambda r: r[1])
        b = sorted((r for r in dt if r[0] == t), key=lambda r: r[1])
        data["gt_ids"].append(np.array([gt_ids[r[1]] for r in a], int))
        data["tracker_ids"].append(np.array([dt_ids[r[1]] for r in b], int))
        data["similarity_scores"].append(overlap(
            np.array([r[2:6] for r in a], float).reshape(-1, 4),
            np.array([r[2:6] for r in b], float).reshape(-1, 4)))
    return data


def scores(metrics, gt, dt):
    data = data_of(gt, dt)
    hota, clear, identity = (m.eval_sequence(data) for m in metrics)
    out = {k: float(np.mean(hota[k])) for k in
           ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA", "OWTA")}
    out.update({k: float(clear[k]) for k in
                ("MOTA", "MOTP", "MODA", "sMOTA", "MOTAL", "IDSW", "Frag", "MT", "PT", "ML")})
    out.update(TP=float(clear["CLR_TP"]), FP=float(clear["CLR_FP"]), FN=float(clear["CLR_FN"]))
    out.update({k: float(identity[k]) for k in ("IDF1", "IDP", "IDR", "IDTP", "IDFP", "IDFN")})
    return out


def walkers(rng, frames, n, first_id, jitter=4.0, miss=0.1, swap=0.02, ghosts=0.1):
    """Truth on straight ways; results with noise, misses, swapped ids and ghosts."""
    gt, dt, name = [], [], {i: 100 + i for i in range(n)}
    ways = [[rng.uniform(0, 600) for _ in range(2)] + [rng.uniform(-6, 6) for _ in range(2)]
            for _ in range(n)]
    for t in range(1, frames + 1):
        if t % 11 == 0:
            continue  # frames nobody is in
        for i in range(n):
            if rng.random() < swap:
                other = rng.randrange(n)
                name[i], name[other] = name[other], name[i]
        for i, (x, y, vx, vy) in enumerate(ways):
            box = [x + vx * t, y + vy * t, 40.0 + i, 90.0 - i]
            seen = 0 if rng.random() < .05 else 1
            gt.append([t, first_id + i] + [round(b, 3) for b in box] + [seen])
            if rng.random() >= miss and t % 7:
                noisy = [round(b + rng.gauss(0, jitter), 3) for b in box]
                dt.append([t, name[i]] + noisy + [1])
        if rng.random() < ghosts:
            dt.append([t, 9000 + t, 5.0, 5.0, 30.0, 30.0, 1])
    return gt, dt


def cases():
    rng = random.Random(7)
    yield ("walkers",) + walkers(rng, 60, 6, 1)
    yield ("ids_from_0",) + walkers(rng, 30, 3, 0)
    yield ("noisy",) + walkers(rng, 50, 8, 5, jitter=14, miss=.3, swap=.1, ghosts=.8)
    yield ("crowded",) + walkers(rng, 25, 20, 1000000, jitter=9, swap=.05)
    gt, dt = walkers(rng, 20, 4, 1)
    yield "no_results", gt, []
    yield "no_truth", [], dt
    yield "all_unmarked", [r[:6] + [0] for r in gt], dt
    same = [[t, i, 10.0, 10.0, 20.0, 20.0, 1] for t in (1, 2, 3) for i in (1, 2)]
    yield "one_on_another", same, [[r[0], 7, *r[2:]] for r in same if r[1] == 1]
    yield "perfect", gt, [r for r in gt if r[6]]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    metrics = load_trackeval(sys.argv[1])
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mot")
    expected = {}
    for name, gt, dt in cases():
        for kind, rows in (("gt", gt), ("dt", dt)):
            with open(os.path.join(here, f"{name}.{kind}.txt"), "w") as f:
                f.writelines(",".join(str(v) for v in r) + "\n" for r in rows)
        expected[name] = scores(metrics, gt, dt)
    with open(os.path.join(here, "expected.json"), "w") as f:
        json.dump(expected, f, indent=1, sort_keys=True)
        f.write("\n")


if __name__ == "__main__":
    main()
