#!/usr/bin/env python3
"""`ocellus eval classify` against the definitions in NumPy, and bad input."""
import csv
import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

PROGRAM = sys.argv.pop(1)
NAMES = ["cat", "a \"big\", red dog", "cow", "emu", "fox", "gnu", "never"]


def run(*args):
    return subprocess.run([PROGRAM, "eval", "classify", *args], capture_output=True, text=True)


def expected(p, y, k):
    n, c = p.shape
    order = np.argsort(-p, axis=1, kind="stable")
    pred = order[:, 0]
    confusion = np.zeros((c, c), int)
    np.add.at(confusion, (y, pred), 1)
    right, rows, cols = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    f1 = 2 * right / np.maximum(rows + cols, 1)
    confidence, hit = p.max(1), pred == y
    ece = mce = 0
    for low in range(15):
        in_bin = (confidence > low / 15) & (confidence <= (low + 1) / 15)
        if in_bin.any():
            gap = abs(hit[in_bin].mean() - confidence[in_bin].mean())
            ece, mce = ece + gap * in_bin.sum() / n, max(mce, gap)
    return confusion.tolist(), {
        "n": n, "top1": hit.mean(), f"top{k}": (order[:, :k] == y[:, None]).any(1).mean(),
        "macro_F1": f1[rows > 0].mean(), "weighted_F1": (f1 * rows).sum() / n, "ECE": ece,
        "MCE": mce, "NLL": -np.log(p[np.arange(n), y]).mean()}


class Scores(unittest.TestCase):
    def table(self, rows, heading=None):
        handle = tempfile.NamedTemporaryFile("w", suffix=".csv", newline="")
        writer = csv.writer(handle)
        writer.writerow(heading or ["path", "label"] + NAMES)
        writer.writerows(rows)
        handle.flush()
        self.addCleanup(handle.close)
        return handle.name

    def compare(self, scores, p, labels, y, k, *more):
        rows = [[f"p/{i}.jpg", label] + list(s) for i, (s, label) in enumerate(zip(scores, labels))]
        done = run("--scores", self.table(rows), "--top", str(k), "--json", *more)
        self.assertEqual(done.returncode, 0, done.stderr)
        got = json.loads(done.stdout)
        confusion, figures = expected(p, y, k)
        self.assertEqual(got["confusion"], confusion)
        for key, value in figures.items():
            self.assertAlmostEqual(got[key], value, delta=1e-6, msg=key)
        self.assertEqual([c["name"] for c in got["classes"]], NAMES)
        return got

    def test_equal_to_sklearn(self):
        here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "classify")
        with open(os.path.join(here, "expected.json")) as f:
            want = json.load(f)
        done = subprocess.run([PROGRAM, "eval", "classify", "--scores",
                               os.path.join(here, "mixed.csv"), "--top", "3", "--json"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        got = json.loads(done.stdout)
        for key in ("top1", "top3", "macro_F1", "weighted_F1", "NLL"):
            self.assertAlmostEqual(got[key], want[key], delta=1e-6, msg=key)
        self.assertEqual(got["confusion"], want["confusion"])
        for key in ("precision", "recall", "F1"):
            for c, value in zip(got["classes"], want[key]):
                self.assertAlmostEqual(c[key], value, delta=1e-6, msg=key)

    def test_probabilities_and_logits(self):
        rng = np.random.default_rng(2)
        y = rng.integers(0, 6, 300)
        logits = rng.normal(0, 2, (300, 7))
        logits[np.arange(300), y] += 2
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        p[:20] = np.round(p[:20], 1) * .9 + .01  # ties
        p[20] = [.1, .1, .1, .4, .1, .1, .1]
        self.compare(p, p, [NAMES[i] for i in y], y, 3)
        soft = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        self.compare(logits, soft, y, y, 2, "--softmax")
        rows = [["x", i] + list(s) for i, s in zip(y, logits)]
        got = json.loads(run("--scores", self.table(rows), "--json").stdout)
        self.assertIsNone(got["ECE"])
        self.assertAlmostEqual(got["top1"], (logits.argmax(1) == y).mean(), delta=1e-9)
        done = run("--scores", self.table(rows), "--per-class")
        self.assertIn("taken for", done.stdout)

    def test_bad_input(self):
        good = ["x", "cat"] + [.1] * 7
        for rows, heading, words in (
                ([good, good[:-1]], None, "line 3: fewer"), ([good + [1]], None, "line 2: more"),
                ([["x", "bat"] + [.1] * 7], None, "'bat' is no class"),
                ([["x", "7"] + [.1] * 7], None, "'7' is no class"),
                ([["x", "-1"] + [.1] * 7], None, "no class"),
                ([good[:-1] + ["much"]], None, "column 9: 'much'"),
                ([good[:-1] + ["nan"]], None, "not a number"), ([], None, "no rows"),
                ([[.1, .2]], ["a", "b"], "a column 'label'"),
                ([["0"]], ["label"], "for each class"),
                ([good], ["path", "label"] + ["a"] * 7, "two columns 'a'"),
                ([good], ["path", "label", ""], "column 3 has no name")):
            path = self.table(rows, heading)
            done = run("--scores", path)
            self.assertEqual(done.returncode, 3, words)
            self.assertIn(words, done.stderr)
            self.assertIn(path, done.stderr)
        self.assertEqual(run("--scores", "/nonexistent").returncode, 3)
        self.assertEqual(run().returncode, 2)
        self.assertEqual(run("--scores", "x", "--top", "0").returncode, 2)


if __name__ == "__main__":
    unittest.main()
