#!/usr/bin/env python3
"""`ocellus eval coco` against pycocotools' figures (coco/expected.json), and bad input."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "coco")
TRUTH = ('{"images":[{"id":1}],"categories":[{"id":1,"name":"a"}],"annotations":'
         '[{"id":1,"image_id":1,"category_id":1,"bbox":[0,0,9,9],"area":81,"iscrowd":0}]}')
RESULT = '[{"image_id":1,"category_id":1,"bbox":[0,0,9,9],"score":0.5}]'


def run(*args):
    return subprocess.run([PROGRAM, "eval", "coco", *args], capture_output=True, text=True)


class Scores(unittest.TestCase):
    def test_equal_to_pycocotools(self):
        with open(os.path.join(HERE, "expected.json")) as f:
            expected = json.load(f)
        self.assertGreater(len(expected), 5)
        for name, case in expected.items():
            done = run("--gt", os.path.join(HERE, name + ".gt.json"), "--dt",
                       os.path.join(HERE, name + ".dt.json"), "--type", case["type"], "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            got = json.loads(done.stdout)
            for key, value in case["scores"].items():
                self.assertAlmostEqual(got[key], value, delta=1e-6, msg=f"{name}: {key}")

    def test_curves(self):
        done = run("--gt", os.path.join(HERE, "one_category_empty.gt.json"), "--dt",
                   os.path.join(HERE, "one_category_empty.dt.json"), "--json", "--curves")
        categories = json.loads(done.stdout)["categories"]
        self.assertNotIn("precision", categories[-1])  # has no truths
        for c in categories[:-1]:
            self.assertEqual([len(row) for row in c["precision"]], [101] * 10)
            self.assertAlmostEqual(sum(map(sum, c["precision"])) / 1010, c["AP"], delta=1e-5)
            self.assertAlmostEqual(sum(c["precision"][0]) / 101, c["AP50"], delta=1e-5)

    def refuse(self, truth, results, words, *more):
        with tempfile.TemporaryDirectory() as d:
            gt, dt = os.path.join(d, "gt.json"), os.path.join(d, "dt.json")
            for path, text in ((gt, truth), (dt, results)):
                with open(path, "w") as f:
                    f.write(text)
            done = run("--gt", gt, "--dt", dt, *more)
            self.assertEqual(done.returncode, 3, (truth, results, done.stderr))
            self.assertIn(words, done.stderr)
            self.assertIn(".json", done.stderr)

    def test_bad_files(self):
        for cut in range(0, len(TRUTH) - 1, 7):
            self.refuse(TRUTH[:cut], RESULT, "gt.json")
        self.refuse(TRUTH + "x", RESULT, "follows the end")
        self.refuse(TRUTH, RESULT.replace("0.5", "01"), "neither a number")
        self.refuse(TRUTH, RESULT.replace('"image_id":1', '"image_id":7'), "image 7")
        self.refuse(TRUTH, RESULT.replace(',"score":0.5', ""), "without image_id, category_id or")
        self.refuse(TRUTH, RESULT.replace("9,9]", "9]"), "four numbers")
        self.refuse(TRUTH.replace('"area":81,', ""), RESULT, "without bbox or area")
        self.refuse("{\"x\":" + "[" * 100, RESULT, "nested too deep")
        self.refuse("[]", RESULT, "object of lists")
        self.refuse('{"images":"none"}', RESULT, "list of images")
        self.refuse('{"x":"\\ud800y"}', RESULT, "surrogate")

    def test_bad_masks(self):
        truth = TRUTH.replace('{"id":1}', '{"id":1,"width":4,"height":3}', 1)
        mask = '"segmentation":{"size":[3,4],"counts":[2,10]}'
        truth = truth.replace('"area"', '"segmentation":[[0,0,3,0,0,3]],"area"')
        result = RESULT.replace('"bbox":[0,0,9,9]', mask)
        for bad, words in (("[3,4]", "a mask of 3 x 4"), ("[2,9]", "11 pixels long"),
                           ("[2,11]", "longer than"), ("[2,-1]", "run of -1"), ("7", "a list or"),
                           ('"~"', "no run length"), ('"0"', "0 pixels long"),
                           ("[2,true]", "number")):
            wrong = result.replace("[3,4]", "[4,3]") if bad == "[3,4]" else \
                result.replace("[2,10]", bad)
            self.refuse(truth, wrong, words, "--type", "segm")
        self.refuse(truth, RESULT, "no segmentation", "--type", "segm")
        for bad, words in (("[[0,0,3]]", "pairs of numbers"), ("[]", "without polygons"),
                           ("[[0,0,3,0,0,1e99]]", "corner at"), ('"x"', "polygons or run lengths"),
                           ("[[0,0,3,0,0]]", "pairs"), ('{"size":[3,4]}', "size and counts")):
            self.refuse(truth.replace("[[0,0,3,0,0,3]]", bad), result, words, "--type", "segm")
        self.refuse(truth.replace(',"width":4', ""), result, "without width", "--type", "segm")

    def test_usage(self):
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("--gt", "a", "--dt", "b", "--type", "smell").returncode, 2)
        self.assertEqual(run("--gt", "/nonexistent", "--dt", "b").returncode, 3)


if __name__ == "__main__":
    unittest.main()
