#!/usr/bin/env python3
"""`ocellus eval detect`: equal to scoring its detections from a file, and in a detector's range.

    test_detect.py OCELLUS      exit 77: the networks and pictures of ../shared are not there
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from yolo_to_coco import convert  # noqa: E402

PROGRAM = sys.argv.pop(1)
TOP = pathlib.Path(__file__).resolve().parent.parent.parent
DATA = TOP.parent / "shared" / "data" / "coco-val128"
MODEL = TOP.parent / "shared" / "models" / "nanodet_m_320.onnx"
CARD = TOP / "models" / "nanodet-m-320" / "card.yaml"
N_IMAGES = 6


def run(*args):
    return subprocess.run([PROGRAM, "eval", *map(str, args)], capture_output=True, text=True)


class Detect(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.gt = os.path.join(cls.folder.name, "gt.json")
        cls.truth = convert(DATA / "images", DATA / "labels", TOP / "models" / "coco80.txt",
                            N_IMAGES)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def detect(self, truth, *more, card=CARD, images=DATA / "images"):
        with open(self.gt, "w") as f:
            json.dump(truth, f)
        return run("detect", "--card", card, "--model", MODEL, "--images", images, "--gt", self.gt,
                   "--json", *more)

    def test_equal_to_its_results_from_a_file(self):
        dt = os.path.join(self.folder.name, "dt.json")
        done = self.detect(self.truth, "--dt", dt)
        self.assertEqual(done.returncode, 0, done.stderr)
        live = json.loads(done.stdout)
        self.assertEqual((live.pop("images"), live.pop("labels")), (N_IMAGES, "name"))
        with open(dt) as f:
            results = json.load(f)
        self.assertEqual(live.pop("detections"), len(results))
        for image in self.truth["images"]:
            of_image = [r for r in results if r["image_id"] == image["id"]]
            self.assertTrue(0 < len(of_image) <= 100)
            for x, y, w, h in (r["bbox"] for r in of_image):
                self.assertTrue(x >= 0 and y >= 0 and w >= 0 and h >= 0)
                self.assertTrue(x + w <= image["width"] + .002)
                self.assertTrue(y + h <= image["height"] + .002)
        again = json.loads(run("coco", "--gt", self.gt, "--dt", dt, "--json").stdout)
        self.assertEqual(live, again)
        self.assertGreater(live["AP50"], .2)
        few = json.loads(self.detect(self.truth, "--score", ".5").stdout)
        self.assertTrue(0 < few["detections"] < len(results))

    def test_labels(self):
        other = dict(self.truth, categories=[dict(c, name="x" + c["name"])
                                             for c in self.truth["categories"]])
        done = self.detect(other)
        self.assertEqual(json.loads(done.stdout)["labels"], "position")
        self.assertIn("other names", done.stderr)
        done = self.detect(dict(other, categories=other["categories"][:3]))
        self.assertEqual(done.returncode, 3)
        self.assertIn("none of the 80 labels", done.stderr)
        few = dict(self.truth, categories=[{"id": 1, "name": "person"},
                                           {"id": 7, "name": "unicorn"}])
        done = self.detect(few)
        self.assertEqual(json.loads(done.stdout)["labels"], "name")
        self.assertIn("1 categories of the truth", done.stderr)

    def test_bad_input(self):
        def image(**changes):
            first = {k: v for k, v in dict(self.truth["images"][0], **changes).items()
                     if v is not None}
            return dict(self.truth, images=[first])
        for truth, words in ((image(file_name="none.jpg"), "none.jpg"),
                             (image(file_name=None), "has no file_name"),
                             (image(width=7), "the truth says 7 x"),
                             (image(width=-1), "side is too large or negative")):
            done = self.detect(truth)
            self.assertEqual(done.returncode, 3, words)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stdout, "")
        not_one = TOP / "models" / "mnist" / "card.yaml"
        done = run("detect", "--card", not_one, "--model", MODEL, "--images", DATA, "--gt", self.gt)
        self.assertEqual(done.returncode, 3)
        self.assertEqual(run("detect", "--gt", self.gt).returncode, 2)
        self.assertEqual(self.detect(self.truth, "--score", "0").returncode, 2)


if __name__ == "__main__":
    if not (DATA / "images").is_dir() or not MODEL.is_file():
        print("skipped: no ../shared/data/coco-val128 or ../shared/models/nanodet_m_320.onnx")
        sys.exit(77)
    unittest.main()
