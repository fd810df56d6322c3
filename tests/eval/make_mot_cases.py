#!/usr/bin/env python3
"""Makes the MOT cases in tests/eval/mot and their expected scores.

    make_mot_cases.py TRACKEVAL      TRACKEVAL: a checkout of github.com/JonathonLuiten/TrackEval

The expected figures come from TrackEval itself (snapshot of 2022-11, commit 12c8791): its readers
and pre-processing for MOT15, 16, 17, 20 and KITTI, its HOTA, CLEAR, Identity and Count and their
combination over sequences, run with Python 3.11, SciPy 1.10 (or the exact assignment below where
there is none) and NumPy 1.24 whose removed aliases are put back.  Run by hand; the results are
committed.
"""
import json
import os
import random
import sys
import tempfile
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
    for name in ("trackeval", "trackeval.metrics", "trackeval.datasets"):
        module = types.ModuleType(name)  # without importing all metrics and data sets
        module.__path__ = [os.path.join(folder, *name.split("."))]
        sys.modules[name] = module
    from trackeval import _timing
    from trackeval.datasets.kitti_2d_box import Kitti2DBox
    from trackeval.datasets.mot_challenge_2d_box import MotChallenge2DBox
    from trackeval.metrics.clear import CLEAR
    from trackeval.metrics.count import Count
    from trackeval.metrics.hota import HOTA
    from trackeval.metrics.identity import Identity
    _timing.DO_TIMING = False
    quiet = {"PRINT_CONFIG": False}
    return (MotChallenge2DBox, Kitti2DBox), (HOTA(), CLEAR(quiet), Identity(quiet), Count())


def mot_data(kind, benchmark, cases, work):
    """The data TrackEval's own reader and pre-processing make of the cases."""
    for name, gt, dt in cases:
        for path, rows in ((f"gt/{name}/gt/gt.txt", gt), (f"tr/all/data/{name}.txt", dt)):
            path = os.path.join(work, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.writelines(",".join(str(v) for v in row) + "\n" for row in rows)
    data = kind({"GT_FOLDER": os.path.join(work, "gt"), "TRACKERS_FOLDER": os.path.join(work, "tr"),
                 "SEQ_INFO": {name: last_frame(gt, dt) for name, gt, dt in cases},
                 "BENCHMARK": benchmark, "SKIP_SPLIT_FOL": True, "PRINT_CONFIG": False})
    return {name: data.get_preprocessed_seq_data(data.get_raw_seq_data("all", name), "pedestrian")
            for name, _, _ in cases}


def kitti_data(kind, cls, cases, work):
    for name, gt, dt in cases:
        for path, rows in ((f"gt/label_02/{name}.txt", gt), (f"tr/all/data/{name}.txt", dt)):
            path = os.path.join(work, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.writelines(" ".join(str(v) for v in row) + "\n" for row in rows)
    with open(os.path.join(work, "gt", "evaluate_tracking.seqmap.training"), "w") as f:
        f.writelines(f"{name} empty 000000 {last_frame(gt, dt) + 1:06d}\n" for name, gt, dt in cases)
    data = kind({"GT_FOLDER": os.path.join(work, "gt"), "TRACKERS_FOLDER": os.path.join(work, "tr"),
                 "CLASSES_TO_EVAL": [cls], "PRINT_CONFIG": False})
    return {name: data.get_preprocessed_seq_data(data.get_raw_seq_data("all", name), cls)
            for name, _, _ in cases}


def last_frame(gt, dt):
    return max([r[0] for r in gt] + [r[0] for r in dt] + [0])


def figures(results):
    """Every figure, under the names `ocellus eval mot --json` has for them."""
    hota, clear, identity, count = results
    out = {k: float(np.mean(hota[k])) for k in
           ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA", "OWTA")}
    out["alpha"] = {k: [float(v) for v in hota[k]] for k in
                    ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA", "OWTA")}
    out["alpha"].update({k: [float(v) for v in hota["HOTA_" + k]] for k in ("TP", "FN", "FP")})
    out.update({k: float(hota[k]) for k in ("HOTA(0)", "LocA(0)", "HOTALocA(0)")})
    out.update({k: float(clear[k]) for k in
                ("MOTA", "MOTP", "MODA", "sMOTA", "MOTAL", "IDSW", "Frag", "MT", "PT", "ML", "MTR",
                 "PTR", "MLR", "FP_per_frame")})
    out.update({k: float(clear["CLR_" + k]) for k in ("TP", "FP", "FN", "F1", "Frames")})
    out.update(Recall=float(clear["CLR_Re"]), Precision=float(clear["CLR_Pr"]))
    out.update({k: float(identity[k]) for k in ("IDF1", "IDP", "IDR", "IDTP", "IDFP", "IDFN")})
    out.update({k: float(count[k]) for k in ("Dets", "GT_Dets", "IDs", "GT_IDs")})
    return out


def scores(metrics, data):
    """Of each sequence, and of all as one: COMBINED."""
    each = {name: [m.eval_sequence(d) for m in metrics] for name, d in data.items()}
    combined = [m.combine_sequences({name: r[i] for name, r in each.items()})
                for i, m in enumerate(metrics)]
    out = {name: figures(r) for name, r in each.items()}
    out["COMBINED"] = figures(combined)
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


def with_distractors(rng, frames):
    """MOT17's nine columns: walkers, a still person, a reflection, a car, a rider, unmarked ones."""
    gt, dt = walkers(rng, frames, 5, 1)
    gt = [r + [1, 1.0] for r in gt]
    others = [(50 + k, c, 40.0 + 95 * k, seen) for k, (c, seen) in enumerate(
        ((7, 1), (12, 0), (8, 1), (2, 1), (3, 0), (6, 0), (1, 0), (1, .5)))]
    for t in range(1, frames + 1):
        for i, cls, x, seen in others:
            box = [x + t, 400.0, 40.0, 80.0]
            gt.append([t, i] + box + [seen, cls, .7])
            if rng.random() < .8:
                dt.append([t, 700 + i] + [round(v + rng.gauss(0, 5), 3) for v in box] + [1])
    return gt, dt


KITTI_REST = [-1, -1, -1, -1000, -1000, -1000, -10]


def road(rng, frames):
    """KITTI's tracks: cars, vans, walkers, people who sit; cut off, covered, small; DontCare."""
    gt, dt = [], []
    kinds = ("Car", "Car", "Van", "Pedestrian", "Pedestrian", "Person", "Cyclist", "Car")
    for t in range(frames):
        if t % 9 == 4:
            continue  # nobody there
        for i, kind in enumerate(kinds):
            h = (40, 60, 55, 70, 50, 45, 50, 28)[i]
            x, y = 20.0 + 130 * i + 2 * t, 100.0 + 7 * i
            box = [x, y, x + h * .8, y + h]
            cut, hidden = (rng.random() < .1) * 1, rng.choice((0, 0, 1, 2, 3))
            gt.append([t, i, kind, cut, hidden, -1.5] + box + KITTI_REST)
            if rng.random() < .85:
                said = "Pedestrian" if kind == "Person" else "Car" if kind == "Van" else kind
                noisy = [round(v + rng.gauss(0, 3), 2) for v in box]
                dt.append([t, 30 + i + (t > 15) * 50 * (i % 2), said, -1, -1, -10] + noisy +
                          KITTI_REST + [round(rng.random(), 3)])
        gt.append([t, -1, "DontCare", -1, -1, -10, 500.0, 220.0, 700.0, 330.0] + KITTI_REST)
        gt.append([t, -1, "DontCare", -1, -1, -10, 0.0, 300.0, 60.0, 370.0] + KITTI_REST)
        for k, box in enumerate(((520.0, 230.0, 600.0, 300.0), (680.0, 230.0, 760.0, 300.0),
                                 (300.0, 300.0, 330.0, 320.0), (300.0, 330.0, 330.0, 355.0),
                                 (900.0, 300.0, 960.0, 360.0))):
            dt.append([t, 90 + k, ("Car", "Pedestrian")[t % 2], -1, -1, -10] + list(box) +
                      KITTI_REST + [.5])
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


def sets():
    """benchmark, sequences of (name, truth, results)"""
    rng = random.Random(11)
    yield "mot15", [(n, [r + [-1, -1, -1] for r in g], d) for n, g, d in cases()]
    for benchmark in ("mot16", "mot17", "mot20"):
        yield benchmark, [(f"{benchmark}_street",) + with_distractors(rng, 40),
                          (f"{benchmark}_short",) + with_distractors(rng, 7)]
    roads = [("0000",) + road(rng, 40), ("0001",) + road(rng, 12),
             ("0002", road(rng, 5)[0], [])]
    yield "kitti-car", roads
    yield "kitti-pedestrian", roads


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    kinds, metrics = load_trackeval(sys.argv[1])
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mot")
    expected = {}
    for benchmark, sequences in sets():
        kitti = benchmark.startswith("kitti")
        for name, gt, dt in sequences:
            for kind, rows in (("gt", gt), ("dt", dt)):
                with open(os.path.join(here, f"{name}.{kind}.txt"), "w") as f:
                    f.writelines((" " if kitti else ",").join(str(v) for v in r) + "\n"
                                 for r in rows)
        with tempfile.TemporaryDirectory() as work:
            data = (kitti_data(kinds[1], benchmark[6:], sequences, work) if kitti else
                    mot_data(kinds[0], benchmark.upper(), sequences, work))
        expected[benchmark] = scores(metrics, data)
    with open(os.path.join(here, "expected.json"), "w") as f:
        json.dump(expected, f, indent=1, sort_keys=True)
        f.write("\n")


if __name__ == "__main__":
    main()
