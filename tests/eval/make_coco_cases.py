#!/usr/bin/env python3
"""Makes the COCO cases in tests/eval/coco and their expected scores.

    make_coco_cases.py COCOAPI      COCOAPI: a checkout of github.com/cocodataset/cocoapi

The expected figures come from pycocotools' own cocoeval.py (cocoapi 8c9bcc3), its compiled overlap of
boxes replaced by the same formula in NumPy, with NumPy 1.24 whose removed aliases are put back.  Run
by hand; the results are committed.
"""
import contextlib
import io
import json
import os
import random
import sys
import types

import numpy as np


def box_iou(dt, gt, crowd):
    out = np.zeros((len(dt), len(gt)))
    for i, d in enumerate(dt):
        for j, g in enumerate(gt):
            w = min(d[0] + d[2], g[0] + g[2]) - max(d[0], g[0])
            h = min(d[1] + d[3], g[1] + g[3]) - max(d[1], g[1])
            if w > 0 and h > 0:
                area = d[2] * d[3]
                out[i, j] = w * h / (area if crowd[j] else area + g[2] * g[3] - w * h)
    return out if len(dt) and len(gt) else []


def load_cocoeval(folder):
    np.float = float
    mask = types.ModuleType("pycocotools.mask")
    mask.iou = box_iou
    package = types.ModuleType("pycocotools")
    package.__path__ = [os.path.join(folder, "PythonAPI", "pycocotools")]
    package.mask = mask
    sys.modules["pycocotools"], sys.modules["pycocotools.mask"] = package, mask
    from pycocotools.cocoeval import COCOeval
    return COCOeval


class Set:
    """As much of pycocotools' COCO class as COCOeval asks for."""

    def __init__(self, images, categories, annotations):
        self.images, self.categories, self.anns = images, categories, annotations

    def getImgIds(self):
        return [i["id"] for i in self.images]

    def getCatIds(self):
        return [c["id"] for c in self.categories]

    def getAnnIds(self, imgIds=(), catIds=()):
        images, cats = set(imgIds), set(catIds)
        return [k for k, a in enumerate(self.anns)
                if a["image_id"] in images and (not cats or a["category_id"] in cats)]

    def loadAnns(self, ids):
        return [self.anns[i] for i in ids]


def results_set(truth, results, points):
    out = []
    for k, r in enumerate(results):
        a = dict(r, id=k + 1, iscrowd=0)
        if points:
            x, y = r["keypoints"][0::3], r["keypoints"][1::3]
            a["bbox"] = [min(x), min(y), max(x) - min(x), max(y) - min(y)]
            a["area"] = (max(x) - min(x)) * (max(y) - min(y))
        else:
            a["area"] = r["bbox"][2] * r["bbox"][3]
        out.append(a)
    return Set(truth["images"], truth["categories"], out)


def scores(evaluate, truth, results, kind):
    gt = Set(truth["images"], truth["categories"], [dict(a) for a in truth["annotations"]])
    e = evaluate(gt, results_set(truth, results, kind == "keypoints"), kind)
    with contextlib.redirect_stdout(io.StringIO()):
        e.evaluate()
        e.accumulate()
        e.summarize()
    names = (("AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl") if kind == "bbox" else
             ("AP AP50 AP75 APm APl AR AR50 AR75 ARm ARl")).split()
    return dict(zip(names, map(float, e.stats)))


def jitter(rng, box, amount):
    return [round(v + rng.gauss(0, amount * (box[2] + box[3]) / 2), 2) for v in box[:2]] + [
        max(1.0, round(v * (1 + rng.gauss(0, amount)), 2)) for v in box[2:]]


def random_case(rng, images, categories, per_image, first_id=1, crowd=0.1, ties=False):
    truth = {"images": [{"id": 10 * i + 3, "width": 640, "height": 480} for i in range(images)],
             "categories": [{"id": 2 * c + 1, "name": f"thing {c}"} for c in range(categories)],
             "annotations": []}
    results, number = [], first_id
    for image in truth["images"]:
        for _ in range(rng.randrange(per_image + 1)):
            size = rng.choice((12, 25, 60, 150))
            box = [round(rng.uniform(0, 480), 2), round(rng.uniform(0, 330), 2),
                   round(size * rng.uniform(.5, 1.5), 2), round(size * rng.uniform(.5, 1.5), 2)]
            category = rng.choice(truth["categories"])["id"]
            truth["annotations"].append(
                {"id": number, "image_id": image["id"], "category_id": category, "bbox": box,
                 "area": round(box[2] * box[3] * rng.uniform(.5, 1), 2),
                 "iscrowd": int(rng.random() < crowd)})
            number += 1
            for _ in range(rng.choice((0, 1, 1, 1, 2, 4))):
                score = rng.choice((.5, .9)) if ties else round(rng.random(), 4)
                results.append({"image_id": image["id"], "category_id": category,
                                "bbox": jitter(rng, box, rng.choice((.02, .1, .3))),
                                "score": score})
        for _ in range(rng.randrange(3)):
            results.append({"image_id": image["id"],
                            "category_id": rng.choice(truth["categories"])["id"],
                            "bbox": [5.0, 5.0, 40.0, 30.0], "score": round(rng.random(), 4)})
    return truth, results


def point_case(rng, images):
    truth = {"images": [{"id": i + 1} for i in range(images)],
             "categories": [{"id": 1, "name": "person"}], "annotations": []}
    results = []
    for image in truth["images"]:
        for _ in range(rng.randrange(5)):
            x, y, h = rng.uniform(0, 400), rng.uniform(0, 300), rng.choice((40, 90, 200))
            points, labelled = [], 0
            for k in range(17):
                v = rng.choice((0, 1, 2, 2, 2)) if h != 40 else 0
                labelled += v > 0
                points += [round(x + rng.uniform(0, h / 2), 1) if v else 0,
                           round(y + h * k / 17, 1) if v else 0, v]
            truth["annotations"].append(
                {"id": len(truth["annotations"]) + 1, "image_id": image["id"], "category_id": 1,
                 "bbox": [round(x, 1), round(y, 1), h / 2, h], "area": h * h / 3,
                 "iscrowd": int(rng.random() < .1), "keypoints": points,
                 "num_keypoints": labelled})
            for _ in range(rng.choice((0, 1, 1, 2))):
                noisy = []
                for k in range(17):
                    px, py = (points[3 * k], points[3 * k + 1]) if labelled else (x, y)
                    noisy += [round(px + rng.gauss(0, h / 25), 2),
                              round(py + rng.gauss(0, h / 25), 2), 1]
                results.append({"image_id": image["id"], "category_id": 1, "keypoints": noisy,
                                "score": round(rng.random(), 3)})
    return truth, results


def cases():
    rng = random.Random(11)
    yield "mixed", "bbox", *random_case(rng, 12, 4, 8)
    yield "ids_from_0", "bbox", *random_case(rng, 5, 1, 4, first_id=0)
    yield "ties", "bbox", *random_case(rng, 6, 2, 8, ties=True)
    yield "crowds", "bbox", *random_case(rng, 6, 2, 8, crowd=.6)
    truth, results = random_case(rng, 4, 2, 6)
    yield "no_results", "bbox", truth, []
    yield "no_truth", "bbox", dict(truth, annotations=[]), results
    yield "one_category_empty", "bbox", dict(
        truth, categories=truth["categories"] + [{"id": 99, "name": "unicorn"}]), results
    many = {"images": [{"id": 1}], "categories": [{"id": 1, "name": "a"}], "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50], "area": 2500,
         "iscrowd": 0}]}
    yield "over_100", "bbox", many, [
        {"image_id": 1, "category_id": 1, "bbox": [100 + k, 0, 9, 9], "score": 1 - k / 500}
        for k in range(120)] + [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 50, 50],
                                 "score": .01}]
    yield "points", "keypoints", *point_case(rng, 12)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    evaluate = load_cocoeval(sys.argv[1])
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "coco")
    expected = {}
    for name, kind, truth, results in cases():
        for what, data in (("gt", truth), ("dt", results)):
            with open(os.path.join(here, f"{name}.{what}.json"), "w") as f:
                json.dump(data, f, separators=(",", ":"))
                f.write("\n")
        expected[name] = {"type": kind, "scores": scores(evaluate, truth, results, kind)}
    with open(os.path.join(here, "expected.json"), "w") as f:
        json.dump(expected, f, indent=1, sort_keys=True)
        f.write("\n")


if __name__ == "__main__":
    main()
