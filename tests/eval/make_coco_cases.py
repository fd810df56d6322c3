#!/usr/bin/env python3
"""Makes the COCO cases in tests/eval/coco and their expected scores.

    make_coco_cases.py COCOAPI MASK

COCOAPI: a checkout of github.com/cocodataset/cocoapi; MASK: its common/maskApi.c, built as a shared
library.  The expected figures come from pycocotools' own cocoeval.py (cocoapi 8c9bcc3), run with
NumPy 1.24 whose removed aliases are put back, and with maskApi's functions called through ctypes.
Run by hand; the results are committed.
"""
import contextlib
import ctypes
import io
import json
import os
import random
import sys
import types

import numpy as np


class Runs(ctypes.Structure):
    _fields_ = [("h", ctypes.c_ulong), ("w", ctypes.c_ulong), ("m", ctypes.c_ulong),
                ("counts", ctypes.POINTER(ctypes.c_uint))]


class Masks:
    """What cocoeval.py wants of pycocotools.mask, by maskApi itself.  Memory it gives is kept."""

    def __init__(self, path):
        self.api = ctypes.CDLL(path)
        self.api.rleToString.restype = ctypes.c_void_p

    @staticmethod
    def doubles(rows):
        return np.ascontiguousarray(np.asarray(rows, dtype=np.double).reshape(-1))

    @staticmethod
    def pointer(array):
        return array.ctypes.data_as(ctypes.c_void_p)

    def polygons(self, parts, h, w):
        runs = (Runs * len(parts))()
        for r, part in zip(runs, parts):
            xy = self.doubles(part)
            if len(part) == 4:
                self.api.rleFrBbox(ctypes.byref(r), self.pointer(xy), ctypes.c_ulong(h),
                                   ctypes.c_ulong(w), ctypes.c_ulong(1))
            else:
                self.api.rleFrPoly(ctypes.byref(r), self.pointer(xy),
                                   ctypes.c_ulong(len(part) // 2), ctypes.c_ulong(h),
                                   ctypes.c_ulong(w))
        one = Runs()
        self.api.rleMerge(runs, ctypes.byref(one), ctypes.c_ulong(len(parts)), 0)
        return one

    def runs(self, segmentation, image):
        if isinstance(segmentation, Runs):
            return segmentation
        if isinstance(segmentation, list):
            return self.polygons(segmentation, image["height"], image["width"])
        (h, w), counts = segmentation["size"], segmentation["counts"]
        one = Runs()
        if isinstance(counts, str):
            self.api.rleFrString(ctypes.byref(one), counts.encode(), ctypes.c_ulong(h),
                                 ctypes.c_ulong(w))
        else:
            self.api.rleInit(ctypes.byref(one), ctypes.c_ulong(h), ctypes.c_ulong(w),
                             ctypes.c_ulong(len(counts)), (ctypes.c_uint * len(counts))(*counts))
        return one

    def text(self, runs):
        return ctypes.string_at(self.api.rleToString(ctypes.byref(runs))).decode()

    def area(self, runs):
        out = ctypes.c_uint()
        self.api.rleArea(ctypes.byref(runs), ctypes.c_ulong(1), ctypes.byref(out))
        return out.value

    def iou(self, dt, gt, crowd):
        if not len(dt) or not len(gt):
            return []
        out = np.zeros((len(gt), len(dt)))
        flags = np.asarray(crowd, dtype=np.uint8)
        sizes = ctypes.c_ulong(len(dt)), ctypes.c_ulong(len(gt))
        if isinstance(dt[0], Runs):
            self.api.rleIou((Runs * len(dt))(*dt), (Runs * len(gt))(*gt), *sizes,
                            self.pointer(flags), self.pointer(out))
        else:
            d, g = self.doubles(dt), self.doubles(gt)
            self.api.bbIou(self.pointer(d), self.pointer(g), *sizes, self.pointer(flags),
                           self.pointer(out))
        return out.T


def load_cocoeval(folder, masks):
    np.float = float
    mask = types.ModuleType("pycocotools.mask")
    mask.iou = masks.iou
    package = types.ModuleType("pycocotools")
    package.__path__ = [os.path.join(folder, "PythonAPI", "pycocotools")]
    package.mask = mask
    sys.modules["pycocotools"], sys.modules["pycocotools.mask"] = package, mask
    from pycocotools.cocoeval import COCOeval
    return COCOeval


class Set:
    """As much of pycocotools' COCO class as COCOeval asks for."""

    def __init__(self, images, categories, annotations, masks=None):
        self.images, self.categories, self.anns = images, categories, annotations
        self.masks, self.of_id = masks, {i["id"]: i for i in images}

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

    def annToRLE(self, ann):
        return self.masks.runs(ann["segmentation"], self.of_id[ann["image_id"]])


def results_set(truth, results, kind, masks):
    out = []
    for k, r in enumerate(results):
        a = dict(r, id=k + 1, iscrowd=0)
        if kind == "segm":
            image = next(i for i in truth["images"] if i["id"] == r["image_id"])
            a["area"] = masks.area(masks.runs(r["segmentation"], image))
        elif kind == "keypoints":
            x, y = r["keypoints"][0::3], r["keypoints"][1::3]
            a["bbox"] = [min(x), min(y), max(x) - min(x), max(y) - min(y)]
            a["area"] = (max(x) - min(x)) * (max(y) - min(y))
        else:
            a["area"] = r["bbox"][2] * r["bbox"][3]
        out.append(a)
    return Set(truth["images"], truth["categories"], out, masks)


def scores(evaluate, truth, results, kind, masks):
    gt = Set(truth["images"], truth["categories"], [dict(a) for a in truth["annotations"]], masks)
    e = evaluate(gt, results_set(truth, results, kind, masks), kind)
    with contextlib.redirect_stdout(io.StringIO()):
        e.evaluate()
        e.accumulate()
        e.summarize()
    names = (("AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl") if kind != "keypoints" else
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


def outline(rng, x, y, w, h, corners):
    """A star-shaped polygon about the middle of a box; it may cross itself."""
    out = []
    for k in range(corners):
        angle = 2 * np.pi * (k + rng.uniform(-.6, .6)) / corners
        reach = rng.uniform(.4, 1)
        out += [round(x + w / 2 * (1 + reach * np.cos(angle)), 2),
                round(y + h / 2 * (1 + reach * np.sin(angle)), 2)]
    return out


def as_runs(masks, segmentation, image, text):
    runs = masks.runs(segmentation, image)
    return {"size": [image["height"], image["width"]],
            "counts": masks.text(runs) if text else [runs.counts[i] for i in range(runs.m)]}


def mask_case(rng, masks, images, crowd=.15):
    """Polygons (several parts, over the border, boxes of four numbers); runs as lists and text."""
    truth = {"images": [{"id": i + 1, "width": rng.randrange(60, 200),
                         "height": rng.randrange(60, 200)} for i in range(images)],
             "categories": [{"id": 1, "name": "blob"}, {"id": 4, "name": "spot"}],
             "annotations": []}
    results = []
    for image in truth["images"]:
        for _ in range(rng.randrange(6)):
            category, size = rng.choice((1, 4)), rng.choice((8, 30, 50, 120))
            box = [rng.uniform(-10, image["width"] - 10), rng.uniform(-10, image["height"] - 10),
                   size * rng.uniform(.5, 1.5), size * rng.uniform(.5, 1.5)]
            parts = [outline(rng, *box, rng.choice((3, 4, 8, 40)))]
            if rng.random() < .4:
                parts.append(outline(rng, box[0] + box[2] / 3, box[1], *box[2:], 6))
            if rng.random() < .1:
                parts = [[round(v, 1) for v in box]]
            covered = masks.area(masks.runs(parts, image))
            is_crowd = rng.random() < crowd
            truth["annotations"].append(
                {"segmentation": as_runs(masks, parts, image, rng.random() < .5)
                 if is_crowd or rng.random() < .2 else parts,
                 "id": len(truth["annotations"]) + 1, "image_id": image["id"],
                 "category_id": category, "bbox": [round(v, 2) for v in box],
                 "area": covered + rng.choice((0, .5)), "iscrowd": int(is_crowd)})
            for _ in range(rng.choice((0, 1, 1, 2, 3))):
                shift, grow = rng.gauss(0, size / 25), rng.uniform(.9, 1.1)
                middle = box[0] + box[2] / 2, box[1] + box[3] / 2
                moved = [[round(middle[k % 2] + (v - middle[k % 2]) * grow + shift, 2)
                          for k, v in enumerate(p)] if len(p) > 4 else p for p in parts]
                results.append({"image_id": image["id"], "category_id": category,
                                "segmentation": as_runs(masks, moved, image, rng.random() < .8),
                                "score": round(rng.random(), 3)})
    return truth, results


def cases(masks):
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
    truth, results = mask_case(rng, masks, 15)
    yield "masks", "segm", truth, results
    swapped = {k: truth[k] for k in ("annotations", "categories", "images")}
    yield "masks_before_images", "segm", swapped, results
    yield "mask_crowds", "segm", *mask_case(rng, masks, 8, crowd=.7)


def polygon_lines(masks):
    """Polygons of every kind and what maskApi makes of them, for tests/unit/eval/t_mask.c."""
    rng = random.Random(5)
    for k in range(300):
        w, h = rng.randrange(1, 60), rng.randrange(1, 60)
        box = [rng.uniform(-20, w), rng.uniform(-20, h), rng.uniform(0, 60), rng.uniform(0, 60)]
        xy = outline(rng, *box, rng.choice((3, 4, 5, 12)))
        if k % 4 == 0:
            xy = [float(round(v)) for v in xy]
        if k % 7 == 0:
            xy = [v + .5 for v in xy]
        if k % 9 == 0:
            xy += xy[-2:]  # a corner twice
        runs = masks.polygons([xy], h, w)
        numbers = " ".join(f"{v:g}" for v in xy)
        yield f"{w} {h} {len(xy) // 2} {numbers} {masks.text(runs)}\n"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    masks = Masks(os.path.abspath(sys.argv[2]))
    evaluate = load_cocoeval(sys.argv[1], masks)
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "coco")
    expected = {}
    for name, kind, truth, results in cases(masks):
        for what, data in (("gt", truth), ("dt", results)):
            with open(os.path.join(here, f"{name}.{what}.json"), "w") as f:
                json.dump(data, f, separators=(",", ":"))
                f.write("\n")
        expected[name] = {"type": kind, "scores": scores(evaluate, truth, results, kind, masks)}
    with open(os.path.join(here, "polygons.txt"), "w") as f:
        f.writelines(polygon_lines(masks))
    with open(os.path.join(here, "expected.json"), "w") as f:
        json.dump(expected, f, indent=1, sort_keys=True)
        f.write("\n")


if __name__ == "__main__":
    main()
