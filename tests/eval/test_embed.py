#!/usr/bin/env python3
"""`ocellus eval embed` against scikit-learn's figures (tests/eval/embed/expected.json), bad input."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "embed")


def run(*args):
    return subprocess.run([PROGRAM, "eval", "embed", *args], capture_output=True, text=True)


class Scores(unittest.TestCase):
    def test_equal_to_sklearn(self):
        with open(os.path.join(HERE, "expected.json")) as f:
            expected = json.load(f)
        self.assertEqual(set(expected), {"split", "cameras", "all"})
        for name, cases in expected.items():
            for how, want in cases.items():
                done = run("--table", os.path.join(HERE, name + ".csv"), "--json",
                           *(["--center"] if how == "centered" else []))
                self.assertEqual(done.returncode, 0, done.stderr)
                got = json.loads(done.stdout)
                for key, value in want.items():
                    self.assertAlmostEqual(got[key], value, delta=1e-6, msg=f"{name} {how} {key}")
        self.assertNotEqual(expected["split"]["plain"]["mAP"], expected["split"]["centered"]["mAP"])

    def table(self, text, *args):
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "t.csv")
            with open(path, "w") as f:
                f.write(text)
            return run("--table", path, *args)

    def test_edges(self):
        got = json.loads(self.table("label,a,b\nx,1,0\ny,0,1\n", "--json").stdout)
        self.assertEqual((got["judged"], got["AUC"], got["rank1"]), (0, None, -1))
        self.assertEqual(got["centroid_top1"], 0)
        got = json.loads(self.table("label,a,b\nx,1,0\nx,1,0\n", "--json").stdout)
        self.assertEqual((got["rank1"], got["mAP"], got["AUC"]), (1, 1, None))

    def test_bad_input(self):
        for text, words in (("label,a\n", "no rows"), ("a,b\n1,2\n", "label"),
                            ("label,a\nx,1\ny,\n", "line 3"), ("label,a\nx,nan\n", "line 2"),
                            ("label,a\nx,0\n", "all 0"), ("label,a\nx,1,2\n", "more"),
                            ("label,set,a\nx,test,1\n", "gallery or query"),
                            ("label,set,a\nx,query,1\n", "no gallery"),
                            ('label,a\n"x,1\n', "quote"), ("label,camera,a\nx,1.5,1\n", "camera")):
            done = self.table(text)
            self.assertNotEqual(done.returncode, 0, text)
            self.assertIn(words, done.stderr)
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("--table", "/nowhere").returncode, 3)


if __name__ == "__main__":
    unittest.main()
