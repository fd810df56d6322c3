#!/usr/bin/env python3
"""`ocellus eval text`: edit distances against a plain implementation, the end-to-end protocol, bad
input."""
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)


def run(*args):
    return subprocess.run([PROGRAM, "eval", "text", *args], capture_output=True, text=True)


def edits(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
    return row[-1]


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


class Scores(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, *parts):
        return os.path.join(self.folder.name, *parts)

    def table(self, rows, *args):
        quoted = [",".join('"' + v.replace('"', '""') + '"' for v in row) for row in rows]
        write(self.path("t.csv"), "path,truth,read\n" + "\n".join(quoted) + "\n")
        return run("--table", self.path("t.csv"), *args)

    def test_error_rates(self):
        rng, rows = random.Random(5), []
        for i in range(60):
            words = ["".join(rng.choice("abcäß漢字E\"") for _ in range(rng.randrange(1, 7)))
                     for _ in range(rng.randrange(1, 6))]
            read = list(" ".join(words))
            for _ in range(rng.randrange(4)):
                at = rng.randrange(len(read) + 1)
                read[at:at + rng.randrange(2)] = rng.choice(["", "x", " ", "ä"])
            rows.append((str(i), " ".join(words), "".join(read)))
        rows.append(("empty", "", "gone"))
        got = json.loads(self.table(rows, "--exact", "--json").stdout)
        plain = [(" ".join(t.split()), " ".join(r.split())) for _, t, r in rows]
        chars = sum(edits(t, r) for t, r in plain)
        words = sum(edits(t.split(), r.split()) for t, r in plain)
        self.assertEqual((got["character_errors"], got["word_errors"]), (chars, words))
        self.assertAlmostEqual(got["CER"], chars / sum(len(t) for t, _ in plain), delta=1e-6)
        self.assertAlmostEqual(got["WER"], words / sum(len(t.split()) for t, _ in plain),
                               delta=1e-6)
        self.assertAlmostEqual(got["exact"], sum(t == r for t, r in plain) / len(plain),
                               delta=1e-6)

    def test_case(self):
        rows = [("1", "Stop", "STOP")]
        self.assertEqual(json.loads(self.table(rows, "--json").stdout)["CER"], 0)
        self.assertEqual(json.loads(self.table(rows, "--json", "--exact").stdout)["CER"], .75)

    def spots(self, truth, found, *args):
        for name, text in truth.items():
            write(self.path("gt", name), text)
        for name, text in found.items():
            write(self.path("dt", name), text)
        return run("--gt", self.path("gt"), "--dt", self.path("dt"), *args)

    def test_end_to_end(self):
        truth = {"gt_a.txt": "\ufeff0,0,100,0,100,20,0,20,One\n0,50,100,70,Two\n"
                             "200,0,300,20,###\n0,100,50,120,a, b\n",
                 "gt_b.txt": "10,10,60,30,Three\n"}
        found = {"res_a.txt": "0,20,100,20,100,0,0,0,one\n"        # the other way round
                              "0,62,100,82,Two\n"                   # too far off
                              "2,52,98,72,Too\n"                    # there, read wrong
                              "205,0,290,20,noise\n"                # nobody can read it
                              "0,100,50,120,a, b\n"}
        got = json.loads(self.spots(truth, found, "--json").stdout)
        self.assertEqual((got["images"], got["truths"], got["results"]), (2, 4, 4))
        self.assertEqual(got["detection"]["right"], 3)
        self.assertEqual(got["end_to_end"]["right"], 2)
        self.assertAlmostEqual(got["detection"]["F1"], 6 / 8)
        self.assertAlmostEqual(got["end_to_end"]["F1"], 4 / 8)
        got = json.loads(self.spots(truth, found, "--json", "--exact").stdout)
        self.assertEqual(got["end_to_end"]["right"], 1)

    def test_turned(self):
        """Half of a square is under a diamond of the same centre and side."""
        truth = {"a.txt": "0,0,10,0,10,10,0,10,x\n"}
        found = {"a.txt": "5,0,10,5,5,10,0,5,x\n"}
        self.assertEqual(json.loads(self.spots(truth, found, "--json", "--iou", ".49").stdout)
                         ["detection"]["right"], 1)
        self.assertEqual(json.loads(self.spots(truth, found, "--json", "--iou", ".51").stdout)
                         ["detection"]["right"], 0)

    def test_without_places(self):
        got = json.loads(self.spots({"a.txt": "stop\nstop\nway\n"},
                                    {"a.txt": "0,0,9,9,stop\nStop\nstop\n"}, "--json").stdout)
        self.assertEqual((got["end_to_end"]["right"], got["results"]), (2, 3))

    def test_bad_input(self):
        for rows, words in (([("1", "x" * 20000, "y")], "16384"),):
            done = self.table(rows)
            self.assertEqual(done.returncode, 3)
            self.assertIn(words, done.stderr)
        write(self.path("t.csv"), "a,b\n1,2\n")
        self.assertIn("'truth'", run("--table", self.path("t.csv")).stderr)
        done = self.spots({"a.txt": "9,0,1,5,x\n"}, {"a.txt": ""})
        self.assertEqual(done.returncode, 3)
        self.assertIn("line 1", done.stderr)
        done = self.spots({"a.txt": "x\n"}, {"zz.txt": "x\n"})
        self.assertEqual(done.returncode, 3)
        self.assertIn("no such image", done.stderr)
        self.assertEqual(run().returncode, 2)


if __name__ == "__main__":
    unittest.main()
