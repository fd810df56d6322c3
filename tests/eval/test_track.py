#!/usr/bin/env python3
"""`ocellus eval track`: the same figures as `eval mot` on its own tracks; sweeps; bad input."""
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)


def run(*args):
    return subprocess.run([PROGRAM, "eval", *args], capture_output=True, text=True)


def sequence(folder, seed, frames=60):
    """People who walk straight on, with holes of two to nine frames in what is found of them."""
    rng = random.Random(seed)
    os.makedirs(os.path.join(folder, "gt"))
    gone, gt, det = {}, [], []
    for t in range(1, frames + 1):
        for i in range(5):
            box = [20 + 90 * i + 2 * t, 50 + 30 * i, 40, 90]
            gt.append([t, i + 1] + box + [1])
            if rng.random() < .06:
                gone[i] = t + rng.randrange(2, 9)
            if gone.get(i, 0) < t:
                det.append([t, -1] + [b + rng.gauss(0, 1) for b in box] + [.9])
    for path, rows in (("gt/gt.txt", gt), ("det.txt", det)):
        with open(os.path.join(folder, path), "w") as f:
            f.writelines(",".join(str(v) for v in r) + "\n" for r in rows)
    with open(os.path.join(folder, "seqinfo.ini"), "w") as f:
        f.write(f"[Sequence]\nname=s\nframeRate=10\nseqLength={frames}\n")


class Track(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.names = [os.path.join(cls.folder.name, n) for n in ("one", "two")]
        for i, name in enumerate(cls.names):
            sequence(name, i)
        cls.sequences = [a for n in cls.names for a in ("--sequence", n)]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_as_eval_mot(self):
        out = os.path.join(self.folder.name, "out")
        for kind in ("bytetrack", "ocsort", "sort"):
            done = run("track", *self.sequences, "--set", "kind=" + kind, "--dt", out, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            pairs = [a for n in self.names for a in
                     ("--gt", n + "/gt/gt.txt", "--dt", os.path.join(out, n[-3:] + ".txt"))]
            again = json.loads(run("mot", *pairs, "--json").stdout)
            for key in ("HOTA", "MOTA", "IDF1", "IDSW"):
                self.assertAlmostEqual(json.loads(done.stdout)["combined"][key],
                                       again["combined"][key], delta=2e-4, msg=f"{kind} {key}")

    def test_sweep(self):
        args = ("track", *self.sequences, "--set", "kind=bytetrack", "--sweep", "lost=0.2s,1s,2s",
                "--sweep", "confirm_hits=1,2", "--json")
        done = run(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        got = json.loads(done.stdout)
        self.assertEqual((got["settings"], len(got["table"])), (6, 6))
        hota = [row["HOTA"] for row in got["table"]]
        self.assertEqual(hota, sorted(hota, reverse=True))
        self.assertEqual(len({tuple(row["setting"].items()) for row in got["table"]}), 6)
        self.assertNotEqual(got["table"][0]["setting"]["lost"], "0.2s")  # too short for the holes
        best = [f"{k}={v}" for k, v in got["table"][0]["setting"].items()]
        one = run("track", *self.sequences, *[a for b in best for a in ("--set", b)], "--json")
        self.assertAlmostEqual(json.loads(one.stdout)["combined"]["HOTA"], hota[0], delta=1e-9)
        self.assertEqual(run(*args, "--threads", "1").stdout, done.stdout)
        by_mota = json.loads(run(*args, "--best", "MOTA").stdout)["table"]
        mota = [row["MOTA"] for row in by_mota]
        self.assertEqual(mota, sorted(mota, reverse=True))

    def test_grid(self):
        grid = os.path.join(self.folder.name, "g.yaml")
        with open(grid, "w") as f:
            f.write("kind: [sort, ocsort]\niou_min: [0.2, 0.4]\nlost: 1s\n")
        got = json.loads(run("track", *self.sequences, "--grid", grid, "--json").stdout)
        self.assertEqual(got["settings"], 4)

    def test_bad_input(self):
        one = ("track", *self.sequences)
        for args, status, words in (
                ((*one, "--set", "lots=1"), 3, "lots"), ((*one, "--set", "lost"), 3, "lost"),
                ((*one, "--sweep", "lost=1s,,2s"), 3, "lost"),
                ((*one, "--set", "kind=kalman"), 3, "kalman"),
                ((*one, "--sweep", "score_high=0.5,7"), 3, "score_high"),
                ((*one, "--best", "luck"), 2, "--best"), (("track",), 2, "--sequence"),
                (("track", "--sequence", "/nowhere"), 3, "/nowhere"),
                ((*one, "--detections", "other.txt"), 3, "other.txt")):
            done = run(*args)
            self.assertIn(done.returncode, (status, 2, 1) if status == 3 else (status,), args)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr)

    def test_compare(self):
        """Another setting's tracks, kept: as `eval mot --compare` on both, and `--dt`'s own."""
        base = self.folder.name
        for name, age in (("short", "0.2s"), ("long", "2s")):
            done = run("track", *self.sequences, "--set", f"lost={age}", "--dt",
                       os.path.join(base, name))
            self.assertEqual(done.returncode, 0, done.stderr)
        done = run("track", *self.sequences, "--set", "lost=2s", "--compare",
                   os.path.join(base, "short"), "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        got = json.loads(done.stdout)
        pairs = []
        for n in self.names:
            pairs += ["--gt", os.path.join(n, "gt", "gt.txt"), "--dt",
                      os.path.join(base, "long", os.path.basename(n) + ".txt")]
        mot = json.loads(run("mot", *pairs, "--frames", "60", "--compare",
                             os.path.join(base, "short"), "--json").stdout)
        self.assertEqual(got["figures"], mot["figures"])
        self.assertGreater(got["n_changed"], 0)
        done = run("track", *self.sequences, "--sweep", "lost=1s,2s", "--compare", base)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
