#!/usr/bin/env python3
"""`ocellus eval voc` against voc_eval.py's figures (voc/expected.json), and bad input."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "voc")
OBJECT = ("<object><name>{}</name><difficult>{}</difficult><bndbox><xmin>{}</xmin><ymin>{}</ymin>"
          "<xmax>{}</xmax><ymax>{}</ymax></bndbox></object>")


def run(*args):
    return subprocess.run([PROGRAM, "eval", "voc", *args], capture_output=True, text=True)


def xml(*objects):
    return "<annotation>" + "".join(OBJECT.format(*o) for o in objects) + "</annotation>"


class Scores(unittest.TestCase):
    def test_equal_to_voc_eval(self):
        with open(os.path.join(HERE, "expected.json")) as f:
            expected = json.load(f)
        for iou, kinds in expected.items():
            done = run("--gt", os.path.join(HERE, "gt"), "--dt", os.path.join(HERE, "dt"), "--iou",
                       iou, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            got = json.loads(done.stdout)
            self.assertEqual([c["name"] for c in got["classes"]], sorted(kinds))
            for c in got["classes"]:
                for key, value in kinds[c["name"]].items():
                    self.assertAlmostEqual(c[key], value, delta=1e-6, msg=f"{c['name']} {key}")
            for key in ("AP", "AP11"):
                mean = sum(k[key] for k in kinds.values()) / len(kinds)
                self.assertAlmostEqual(got["m" + key], mean, delta=1e-6)

    def files(self, folder, gt, dt):
        for what, files in (("gt", gt), ("dt", dt)):
            os.makedirs(os.path.join(folder, what), exist_ok=True)
            for name, text in files.items():
                with open(os.path.join(folder, what, name), "w") as f:
                    f.write(text)
        return os.path.join(folder, "gt"), os.path.join(folder, "dt")

    def score(self, gt, dt, *more):
        with tempfile.TemporaryDirectory() as d:
            gt, dt = self.files(d, gt, dt)
            done = run("--gt", gt, "--dt", dt, "--json", *more)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)

    def test_exactly_at_the_overlap(self):
        gt = {"a.xml": xml(("cat", 0, 1, 1, 10, 10))}
        self.assertEqual(self.score(gt, {"cat.txt": "a .9 1 1 10 5\n"})["mAP"], 1)
        self.assertEqual(self.score(gt, {"cat.txt": "a .9 1 1 10 4.9\n"})["mAP"], 0)

    def test_only_difficult(self):
        gt = {"a.xml": xml(("cat", 1, 1, 1, 10, 10), ("dog", 0, 5, 5, 9, 9))}
        got = self.score(gt, {"x_cat.txt": "a .9 1 1 10 10\n", "x_dog.txt": ""})
        self.assertEqual([c["AP"] for c in got["classes"]], [-1, 0])
        self.assertEqual(got["mAP"], 0)

    def test_coco_files(self):
        gt = {"2007_000003.xml": xml(("dog", 0, 1, 1, 10, 10), ("cat", 0, 21, 21, 40, 40))}
        with tempfile.TemporaryDirectory() as d:
            gt, _ = self.files(d, gt, {})
            dt = os.path.join(d, "dt.json")
            with open(dt, "w") as f:
                json.dump([{"image_id": 2007000003, "category_id": 2, "bbox": [1, 1, 10, 10],
                            "score": .5}], f)
            got = json.loads(run("--gt", gt, "--dt", dt, "--json").stdout)
        self.assertEqual({c["name"]: c["AP"] for c in got["classes"]}, {"dog": 1, "cat": 0})

    def test_bad_input(self):
        good, res = xml(("cat", 0, 1, 1, 10, 10)), "a .9 1 1 10 10\n"
        with tempfile.TemporaryDirectory() as d:
            for text, words in ((good[:-5], "not well-formed"),
                                (good.replace("</name>", ""), "well"),
                                ("<html></html>", "not a VOC"), ("", "not a VOC"),
                                (good.replace(">10<", ">ten<"), "'ten' is not a number"),
                                (good.replace("<name>cat</name>", ""), "without name"),
                                ("<annotation>\n\n" + good[12:].replace(">1<", ">99<"), "line 3"),
                                ("<annotation>" * 40, "well-formed"), ("<a b='", "well-formed")):
                gt, dt = self.files(d, {"a.xml": text}, {"cat.txt": res})
                done = run("--gt", gt, "--dt", dt)
                self.assertEqual(done.returncode, 3, text)
                self.assertIn(words, done.stderr)
                self.assertIn("a.xml: line", done.stderr)
            for text, words in (("a .9 1 1 10\n", "line 1"),
                                ("\n\nb .9 1 1 2 2\n", "line 3: image"),
                                ("a x 1 1 2 2\n", "line 1"), ("a 1 1 1 2 2 3\n", "line 1")):
                gt, dt = self.files(d, {"a.xml": good}, {"cat.txt": text})
                done = run("--gt", gt, "--dt", dt)
                self.assertEqual(done.returncode, 3, text)
                self.assertIn(words, done.stderr)
            os.rename(os.path.join(dt, "cat.txt"), os.path.join(dt, "cow.txt"))
            self.assertEqual(run("--gt", gt, "--dt", dt).returncode, 3)
            self.assertEqual(run("--gt", os.path.join(d, "none"), "--dt", dt).returncode, 3)
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("--gt", "a", "--dt", "b", "--iou", "2").returncode, 2)


if __name__ == "__main__":
    unittest.main()
