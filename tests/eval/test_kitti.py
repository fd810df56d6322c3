#!/usr/bin/env python3
"""`ocellus eval kitti` against the KITTI kit's precisions (tests/eval/kitti/expected.json)."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kitti")
TRUTH = "Car 0.00 0 0 100 100 200 180 1 1 1 1 1 1 0\n"
RESULT = "Car -1 -1 0 100 100 200 180 1 1 1 1 1 1 0 0.9\n"


def run(*args):
    return subprocess.run([PROGRAM, "eval", "kitti", *args], capture_output=True, text=True)


class Scores(unittest.TestCase):
    def test_equal_to_the_kit(self):
        with open(os.path.join(HERE, "expected.json")) as f:
            expected = json.load(f)
        done = run("--gt", os.path.join(HERE, "gt"), "--dt", os.path.join(HERE, "dt"), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        got = json.loads(done.stdout)
        for what, points, ap, ap_11 in (("detection", "precision", "AP", "AP11"),
                                        ("orientation", "orientation", "AOS", "AOS11")):
            self.assertEqual(set(expected[what]), {"car", "pedestrian", "cyclist"})
            for kind, levels in expected[what].items():
                for name, want in zip(("easy", "moderate", "hard"), levels):
                    level = got[kind][name]
                    self.assertEqual(len(want), 41)
                    for a, b in zip(level[points], want):
                        self.assertAlmostEqual(a, b, delta=1e-6, msg=f"{kind} {name} {what}")
                    self.assertAlmostEqual(level[ap], sum(want[1:]) / 40, delta=1e-6)
                    self.assertAlmostEqual(level[ap_11], sum(want[::4]) / 11, delta=1e-6)
        self.assertNotEqual(expected["detection"]["car"][0], expected["detection"]["car"][2])
        self.assertNotEqual(expected["detection"]["car"], expected["orientation"]["car"])

    def test_without_angles(self):
        got = json.loads(self.score(TRUTH, RESULT.replace("-1 -1 0 ", "-1 -1 -10 ")).stdout)
        self.assertEqual(got["car"]["easy"]["AOS"], -1)
        self.assertGreater(got["car"]["easy"]["AP11"], 0)

    def score(self, gt, dt):
        with tempfile.TemporaryDirectory() as d:
            for what, text in (("gt", gt), ("dt", dt)):
                os.mkdir(os.path.join(d, what))
                if text is not None:
                    with open(os.path.join(d, what, "000007.txt"), "w") as f:
                        f.write(text)
            return run("--gt", os.path.join(d, "gt"), "--dt", os.path.join(d, "dt"), "--json")

    def test_empty(self):
        got = json.loads(self.score("", RESULT).stdout)
        self.assertEqual(got["car"]["easy"]["AP"], -1)
        got = json.loads(self.score(TRUTH, "").stdout)
        self.assertEqual((got["car"]["easy"]["n"], got["car"]["easy"]["AP"]), (1, 0))

    def test_bad_input(self):
        for gt, dt, words in ((TRUTH, RESULT.replace(" 0.9", ""), "15 columns"),
                              (TRUTH, RESULT + "\n" + RESULT.replace("200", "x"), "line 3"),
                              (TRUTH.replace("0.00", "nan"), RESULT, "line 1"),
                              (TRUTH, RESULT[:-1] + " 1 1\n", "more than"),
                              (TRUTH + "Car\n", RESULT, "line 2"), (None, RESULT, "000007.txt"),
                              (TRUTH, None, "no files")):
            done = self.score(gt, dt)
            self.assertEqual(done.returncode, 3, words)
            self.assertIn(words, done.stderr)
        self.assertEqual(run().returncode, 2)


if __name__ == "__main__":
    unittest.main()
