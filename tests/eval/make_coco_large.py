#!/usr/bin/env python3
"""A large COCO case: 5,000 images, 36,000 truths in 80 categories, 500,000 results, as a detector
makes them: near the truths, and many of low score elsewhere.

    make_coco_large.py FOLDER                    writes FOLDER/large.gt.json, FOLDER/large.dt.json
    make_coco_large.py FOLDER COCOAPI MASK       scores them with pycocotools: figures as JSON, time
                                                 and peak memory (make_coco_cases.py says what
                                                 COCOAPI and MASK are)
"""
import contextlib
import io
import json
import os
import random
import resource
import sys
import time
import types

IMAGES, TRUTHS, RESULTS, CATEGORIES = 5000, 36000, 500000, 80


def box(rng):
    size = rng.choice((15, 40, 80, 200))
    w, h = size * rng.uniform(.5, 1.5), size * rng.uniform(.5, 1.5)
    return [round(v, 2) for v in (rng.uniform(0, 640 - w / 2), rng.uniform(0, 480 - h / 2), w, h)]


def near(rng, b, amount):
    return [round(b[0] + rng.gauss(0, amount * b[2]), 2),
            round(b[1] + rng.gauss(0, amount * b[3]), 2),
            round(b[2] * rng.uniform(1 - amount, 1 + amount), 2),
            round(b[3] * rng.uniform(1 - amount, 1 + amount), 2)]


def make(folder):
    rng = random.Random(3)
    truth = {"images": [{"id": i + 1, "width": 640, "height": 480, "file_name": f"{i:012d}.jpg"}
                        for i in range(IMAGES)],
             "categories": [{"id": c + 1, "name": f"thing {c}"} for c in range(CATEGORIES)],
             "annotations": []}
    results = []
    for k in range(TRUTHS):
        b = box(rng)
        a = {"id": k + 1, "image_id": rng.randrange(IMAGES) + 1,
             "category_id": min(CATEGORIES, int(rng.expovariate(.06)) + 1), "bbox": b,
             "area": round(b[2] * b[3] * rng.uniform(.5, 1), 2), "iscrowd": int(rng.random() < .01)}
        truth["annotations"].append(a)
        for _ in range(rng.choice((0, 1, 2, 3, 4))):
            results.append({"image_id": a["image_id"], "category_id": a["category_id"],
                            "bbox": near(rng, b, rng.choice((.03, .1, .3))),
                            "score": round(rng.random() ** .5, 5)})
    while len(results) < RESULTS:
        results.append({"image_id": rng.randrange(IMAGES) + 1,
                        "category_id": min(CATEGORIES, int(rng.expovariate(.06)) + 1),
                        "bbox": box(rng), "score": round(rng.random() ** 3, 5)})
    for what, data in (("gt", truth), ("dt", results)):
        with open(os.path.join(folder, f"large.{what}.json"), "w") as f:
            json.dump(data, f)


def reference(folder, cocoapi, library):
    from make_coco_cases import Masks, load_cocoeval
    evaluate = load_cocoeval(cocoapi, Masks(os.path.abspath(library)))
    for name in ("matplotlib", "matplotlib.pyplot", "matplotlib.collections",
                 "matplotlib.patches"):  # drawing, which is not asked for
        module = sys.modules[name] = types.ModuleType(name)
        module.PatchCollection = module.Polygon = None
    from pycocotools.coco import COCO
    start = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO(os.path.join(folder, "large.gt.json"))
        e = evaluate(gt, gt.loadRes(os.path.join(folder, "large.dt.json")), "bbox")
        e.evaluate()
        e.accumulate()
        e.summarize()
    names = "AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl".split()
    print(json.dumps(dict(zip(names, map(float, e.stats)))))
    print(f"{time.monotonic() - start:.2f} s ({time.process_time():.2f} of processor time), "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        make(sys.argv[1])
    elif len(sys.argv) == 4:
        reference(*sys.argv[1:])
    else:
        sys.exit(__doc__)
