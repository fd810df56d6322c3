#!/usr/bin/env python3
"""`ocellus eval mot` against TrackEval's figures (tests/eval/mot/expected.json), and bad input."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mot")


def run(*args):
    return subprocess.run([PROGRAM, "eval", "mot", *args], capture_output=True, text=True)


def pair(name):
    return ["--gt", os.path.join(HERE, name + ".gt.txt"), "--dt",
            os.path.join(HERE, name + ".dt.txt")]


class Scores(unittest.TestCase):
    def compare(self, got, want, what):
        for key, value in want.items():
            if isinstance(value, dict):
                self.compare(got[key], value, f"{what}: {key}")
            elif isinstance(value, list):
                self.assertEqual(len(got[key]), len(value))
                for a, b in zip(got[key], value):
                    self.assertAlmostEqual(a, b, delta=1e-6, msg=f"{what}: {key}")
            else:
                self.assertAlmostEqual(got[key], value, delta=1e-6, msg=f"{what}: {key}")

    def test_equal_to_trackeval(self):
        with open(os.path.join(HERE, "expected.json")) as f:
            expected = json.load(f)
        self.assertEqual(sorted(expected), ["kitti-car", "kitti-pedestrian", "mot15", "mot16",
                                            "mot17", "mot20"])
        for benchmark, sequences in expected.items():
            names = [n for n in sequences if n != "COMBINED"]
            pairs = [a for name in names for a in pair(name)]
            done = run(*pairs, "--benchmark", benchmark, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            got = json.loads(done.stdout)
            self.compare(got["combined"], sequences["COMBINED"], f"{benchmark} combined")
            self.assertEqual(len(got["sequences"]), len(names))
            for name, one in zip(names, got["sequences"]):
                if benchmark.startswith("kitti"):  # its map of sequences tells the length
                    one["Frames"] = sequences[name]["Frames"]
                    one["FP_per_frame"] = sequences[name]["FP_per_frame"]
                self.compare(one, sequences[name], f"{benchmark} {name}")
        self.assertNotEqual(expected["mot17"]["COMBINED"]["FP"],
                            expected["mot20"]["COMBINED"]["FP"])

    def test_sequences_together(self):
        done = run(*pair("walkers"), *pair("noisy"), "--json")
        both = json.loads(done.stdout)
        one, two = both["sequences"]
        for key in ("TP", "FP", "FN", "IDSW", "IDTP", "Frag", "GT_Dets"):
            self.assertEqual(both["combined"][key], one[key] + two[key], key)
        low, high = sorted((one["HOTA"], two["HOTA"]))
        self.assertTrue(low < both["combined"]["HOTA"] < high)

    def test_distractors_are_left_out(self):
        with tempfile.TemporaryDirectory() as d:
            gt, dt = os.path.join(d, "gt.txt"), os.path.join(d, "dt.txt")
            with open(gt, "w") as f:
                f.write("1,1,0,0,10,20,1,1,1\n1,2,50,0,10,20,1,7,1\n1,3,90,0,10,20,0,1,1\n")
            with open(dt, "w") as f:
                f.write("1,5,0,0,10,20,1\n1,6,50,0,10,20,1\n1,7,90,0,10,20,1\n")
            got = json.loads(run("--gt", gt, "--dt", dt, "--benchmark", "mot17", "--json").stdout)
            self.assertEqual((got["TP"], got["FP"], got["FN"]), (1, 1, 0))
            got = json.loads(run("--gt", gt, "--dt", dt, "--json").stdout)
            self.assertEqual((got["TP"], got["FP"], got["FN"]), (2, 1, 0))

    def test_bad_input(self):
        with tempfile.TemporaryDirectory() as d:
            bad = os.path.join(d, "bad.txt")
            for text, words in (("1,1,0,0\n", "line 1"), ("1,1,a,0,3,4,1\n", "line 1"),
                                ("0,1,0,0,3,4,1\n", "frame 0"), ("1,1.5,0,0,3,4,1\n", "id 1.5"),
                                ("1,1,0,0,3,4,1\n1,1,9,9,3,4,1\n", "twice"),
                                ("1,1,nan,0,3,4,1\n", "line 1")):
                with open(bad, "w") as f:
                    f.write(text)
                done = run("--gt", bad, "--dt", bad)
                self.assertEqual(done.returncode, 3, text)
                self.assertIn(words, done.stderr)
                self.assertIn(bad, done.stderr)
            done = run("--gt", os.path.join(d, "none"), "--dt", bad)
            self.assertEqual(done.returncode, 3)
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run(*pair("walkers"), "--benchmark", "mot99").returncode, 2)
        self.assertEqual(run(*pair("walkers"), "--frames", "3").returncode, 3)


if __name__ == "__main__":
    unittest.main()
