#!/usr/bin/env python3
"""Every JSON of `ocellus eval` names the data it was measured on: the truth's hash, or a lock's."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
HERE = os.path.dirname(os.path.abspath(__file__))


def run(*args):
    return subprocess.run([PROGRAM, *args], capture_output=True, text=True)


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def of_lines(pairs):
    return hashlib.sha256("".join(f"{h}  {p}\n" for h, p in pairs).encode()).hexdigest()


class Data(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = os.path.join(folder.name, "data")
        for kind in ("coco", "voc", "kitti", "mot", "classify", "embed"):
            shutil.copytree(os.path.join(HERE, kind), os.path.join(self.base, kind))

    def path(self, *parts):
        return os.path.join(self.base, *parts)

    def data(self, *args):
        done = run("eval", *args, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout).get("data")

    def test_files(self):
        gt, dt = self.path("coco", "mixed.gt.json"), self.path("coco", "mixed.dt.json")
        for args in (("coco", "--gt", gt, "--dt", dt),
                     ("coco", "--gt", gt, "--dt", dt, "--compare", dt)):
            self.assertEqual(self.data(*args), {"sha256": sha256(gt), "files": 1})
        self.assertIsNone(self.data("coco", "--gt", gt, "--dt", dt, "--no-data-hash"))
        for kind, option, name in (("classify", "--scores", "mixed.csv"),
                                   ("embed", "--table", "all.csv")):
            table = self.path(kind, name)
            self.assertEqual(self.data(kind, option, table)["sha256"], sha256(table))

    def test_text_and_track(self):
        table = self.path("words.csv")
        with open(table, "w") as f:
            f.write("truth,read\nabc,abd\n")
        self.assertEqual(self.data("text", "--table", table)["sha256"], sha256(table))
        os.makedirs(self.path("seq"))
        for name, text in (("seqinfo.ini", "[Sequence]\nname=seq\nframeRate=1\nseqLength=2\n"),
                           ("gt.txt", "1,1,0,0,5,5,1\n2,1,0,0,5,5,1\n"),
                           ("det.txt", "1,-1,0,0,5,5,1\n2,-1,0,0,5,5,1\n")):
            with open(self.path("seq", name), "w") as f:
                f.write(text)
        files = [(sha256(self.path("seq", n)), n) for n in ("det.txt", "gt.txt", "seqinfo.ini")]
        self.assertEqual(self.data("track", "--sequence", self.path("seq")),
                         {"sha256": of_lines(files), "files": 3})

    def test_folders(self):
        for kind in ("voc", "kitti"):
            gt = self.path(kind, "gt")
            names = sorted(os.listdir(gt))
            got = self.data(kind, "--gt", gt, "--dt", self.path(kind, "dt"))
            self.assertEqual(got, {"sha256": of_lines((sha256(os.path.join(gt, n)), n)
                                                      for n in names), "files": len(names)})
            self.assertIn(got["sha256"], run("data", "lock", gt).stdout)

    def test_several(self):
        gt = [self.path("mot", n + ".gt.txt") for n in ("walkers", "noisy")]
        dt = [self.path("mot", n + ".dt.txt") for n in ("walkers", "noisy")]
        args = [w for pair in zip(gt, dt) for w in ("--gt", pair[0], "--dt", pair[1])]
        self.assertEqual(self.data("mot", *args),
                         {"sha256": of_lines((sha256(p), p) for p in gt), "files": 2})
        self.assertEqual(self.data("mot", *args[:4])["sha256"], sha256(gt[0]))

    def test_lock(self):
        lock = self.base + ".lock.json"
        told = run("data", "lock", self.base).stdout.split()[0]
        gt, dt = self.path("coco", "mixed.gt.json"), self.path("coco", "mixed.dt.json")
        args = ("coco", "--gt", gt, "--dt", dt, "--lock", lock)
        got = self.data(*args)
        self.assertEqual((got["sha256"], got["lock"]), (told, lock))
        with open(self.path("voc", "more"), "w") as f:
            f.write("x")
        done = run("eval", *args, "--json")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("1 of ", done.stderr)
        self.assertIn("voc/more was added", done.stderr)
        os.remove(self.path("voc", "more"))
        with open(gt, "a") as f:
            f.write("\n")
        done = run("eval", *args)  # checked without --json, too
        self.assertEqual(done.returncode, 3)
        self.assertIn("coco/mixed.gt.json was changed", done.stderr)

    def test_lock_of_other_data(self):
        run("data", "lock", self.path("voc"))
        gt, dt = self.path("coco", "mixed.gt.json"), self.path("coco", "mixed.dt.json")
        for lock, word in ((self.path("voc.lock.json"), "a lock of 'voc'"), (gt, "not a lock"),
                           (self.path("none"), "none")):
            done = run("eval", "coco", "--gt", gt, "--dt", dt, "--lock", lock)
            self.assertEqual(done.returncode, 3)
            self.assertIn(word, done.stderr)


if __name__ == "__main__":
    unittest.main()
