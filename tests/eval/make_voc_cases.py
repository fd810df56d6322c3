#!/usr/bin/env python3
"""Makes the VOC cases in tests/eval/voc and their expected scores.

    make_voc_cases.py VOC_EVAL      VOC_EVAL: lib/datasets/voc_eval.py of rbgirshick/py-faster-rcnn
                                    (45e0da9)

The expected figures come from that program, its Python 2 spellings replaced.  It takes a result as
right above the overlap asked for, VOC's own kit at or above: no case has one there.  Results
of a class have different scores, since it leaves the order of equal ones open.  Run by hand; the
results are committed.
"""
import json
import os
import random
import re
import sys
import tempfile

import numpy as np


def load_voc_eval(path):
    np.bool = bool
    with open(path) as f:
        text = f.read()
    text = text.replace("import cPickle", "import pickle as cPickle")
    text = re.sub(r"print '[^']*'\.format\((?:[^()]|\([^()]*\))*\)", "pass", text)
    text = text.replace("open(cachefile, 'w')", "open(cachefile, 'wb')")
    text = text.replace("open(cachefile, 'r')", "open(cachefile, 'rb')")
    space = {}
    exec(compile(text, path, "exec"), space)
    return space["voc_eval"]


def xml(objects):
    out = ["<annotation>", "\t<!-- made -->", "\t<size><width>500</width></size>"]
    for name, difficult, box in objects:
        sides = "".join(f"<{s}>{v}</{s}>" for s, v in zip(("xmin", "ymin", "xmax", "ymax"), box))
        out += ["\t<object>", f"\t\t<name>{name}</name>", "\t\t<pose>Left</pose>",
                "\t\t<truncated>0</truncated>", f"\t\t<difficult>{difficult}</difficult>",
                f"\t\t<bndbox>{sides}</bndbox>",
                "\t\t<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax>"
                "<ymax>2</ymax></bndbox></part>", "\t</object>"]
    return "\n".join(out + ["</annotation>", ""])


def make(folder, rng):
    names = [f"2007_{i * 7:06d}" for i in range(30)]
    results = {c: [] for c in ("cat", "dog", "tvmonitor")}
    os.makedirs(os.path.join(folder, "gt"), exist_ok=True)
    os.makedirs(os.path.join(folder, "dt"), exist_ok=True)
    for name in names:
        objects = []
        for _ in range(rng.randrange(5)):
            x, y = rng.randrange(1, 300), rng.randrange(1, 300)
            box = [x, y, x + rng.randrange(5, 150), y + rng.randrange(5, 150)]
            kind = rng.choice(("cat", "cat", "dog", "tvmonitor"))
            objects.append((kind, int(rng.random() < .25), box))
            for _ in range(rng.choice((0, 1, 1, 2))):
                noise = rng.choice((1, 4, 15))
                results[kind].append([name] + [round(v + rng.gauss(0, noise), 2) for v in box])
            if rng.random() < .3:
                results[rng.choice(list(results))].append([name] + [v + 3.25 for v in box])
        with open(os.path.join(folder, "gt", name + ".xml"), "w") as f:
            f.write(xml(objects))
    for kind, rows in results.items():
        scores = rng.sample(range(1000, 9999), len(rows))
        with open(os.path.join(folder, "dt", f"comp4_det_test_{kind}.txt"), "w") as f:
            f.writelines(f"{r[0]} {s / 1e4} {' '.join(map(str, r[1:]))}\n"
                         for r, s in zip(rows, scores))
    return names, list(results)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    voc_eval = load_voc_eval(sys.argv[1])
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "voc")
    names, kinds = make(here, random.Random(4))
    expected = {}
    with tempfile.TemporaryDirectory() as cache:
        listing = os.path.join(cache, "list.txt")
        with open(listing, "w") as f:
            f.write("\n".join(names) + "\n")
        for iou in (.5, .7):
            for kind in kinds:
                for key, old in (("AP", False), ("AP11", True)):
                    rec, prec, ap = voc_eval(
                        os.path.join(here, "dt", "comp4_det_test_{:s}.txt"),
                        os.path.join(here, "gt", "{:s}.xml"), listing, kind, cache, iou, old)
                    expected.setdefault(str(iou), {}).setdefault(kind, {}).update(
                        {key: float(ap), "recall": float(rec[-1]), "precision": float(prec[-1])})
    with open(os.path.join(here, "expected.json"), "w") as f:
        json.dump(expected, f, indent=1, sort_keys=True)
        f.write("\n")


if __name__ == "__main__":
    main()
