#!/usr/bin/env python3
"""Every reader of `ocellus eval` gets a million random bytes, and JSON that is larger than memory may
be: errors that name the file, and memory that does not grow with the text.

OC_LONG=1: the annotations have 500 MB and the other JSON 2 GB."""
import os
import random
import resource
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
LONG = os.environ.get("OC_LONG") == "1"
MOT = "1,1,0,0,5,5,1\n"
TRUTH = '{"images":[{"id":1}],"annotations":[],"categories":[{"id":1,"name":"a"}]}'


def run(*args, megabytes=None):
    def limit():
        if megabytes:
            resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    words = args if args[0] == "data" else ("eval", *args)
    done = subprocess.run([PROGRAM, *words], capture_output=True, text=True, preexec_fn=limit)
    if LONG:
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(f"{words[:2]}: exit {done.returncode}, at most {peak} MB so far", file=sys.stderr)
    return done


class Readers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, name, content):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def test_random_bytes(self):
        rng = random.Random(8)
        gt = self.write("gt.json", TRUTH)
        mot = self.write("mot.txt", MOT)
        for text in (False, True):
            noise = bytes(rng.choices(range(33, 127), k=10 ** 6)) if text else rng.randbytes(10 ** 6)
            bad = self.write("bad", noise)
            folder = os.path.dirname(self.write("f/x.txt", noise))
            xml = os.path.dirname(self.write("xml/x.xml", noise))
            good = os.path.dirname(self.write("good/x.txt", ""))
            seq = os.path.dirname(self.write("seq/seqinfo.ini", "frameRate=1\nseqLength=9\n"))
            self.write("seq/gt.txt", MOT)
            self.write("seq/det.txt", noise)
            broken = os.path.dirname(self.write("seq2/seqinfo.ini", noise))
            for args in (("coco", "--gt", bad, "--dt", gt), ("coco", "--gt", gt, "--dt", bad),
                         ("coco", "--gt", gt, "--dt", bad, "--type", "segm"),
                         ("coco", "--gt", bad, "--dt", bad, "--type", "keypoints"),
                         ("voc", "--gt", xml, "--dt", good), ("kitti", "--gt", folder, "--dt", good),
                         ("kitti", "--gt", good, "--dt", folder), ("mot", "--gt", bad, "--dt", mot),
                         ("mot", "--gt", mot, "--dt", bad),
                         ("mot", "--gt", bad, "--dt", bad, "--benchmark", "kitti-car"),
                         ("classify", "--scores", bad), ("embed", "--table", bad),
                         ("text", "--table", bad), ("track", "--sequence", seq),
                         ("track", "--sequence", broken),
                         ("track", "--sequence", seq, "--grid", bad)):
                done = run(*args)
                self.assertEqual(done.returncode, 3, (args, done.stderr[:300]))
                self.assertEqual(done.stdout, "")
                self.assertIn(self.folder.name, done.stderr, args)

    def big(self, name, head, item, tail, size):
        """head, then item over and over, comma between, until the file has `size` bytes."""
        path = os.path.join(self.folder.name, name)
        block = (",".join([item] * 2000)).encode()
        with open(path, "wb") as f:
            f.write(head.encode() + block)
            while f.tell() < size:
                f.write(b"," + block)
            f.write(tail.encode())
        return path

    def test_large_annotations(self):
        """Members that do not matter, and long polygons of few objects: memory for objects only."""
        size = (500 if LONG else 40) << 20
        extra = '{"id":1,"file_name":"' + "x" * 900 + '","licence":[1,2,{"a":"b"}]}'
        path = self.big("big.json", '{"categories":[{"id":1,"name":"a"}],"annotations":[],"notes":[',
                        extra, '],"images":[{"id":1}]}', size)
        none = self.write("none.json", "[]")
        done = run("coco", "--gt", path, "--dt", none, megabytes=64)
        self.assertEqual(done.returncode, 0, done.stderr)
        corners = ",".join(str(v % 97) for v in range(4000))
        item = ('{"id":1,"image_id":1,"category_id":1,"bbox":[1,2,3,4],"area":12,"iscrowd":0,'
                f'"segmentation":[[{corners}]]}}')
        path = self.big("big.json", '{"images":[{"id":1,"width":100,"height":100}],"categories":'
                        '[{"id":1,"name":"a"}],"annotations":[', item, "]}", size)
        done = run("coco", "--gt", path, "--dt", none, megabytes=128)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_large_nonsense(self):
        """One string, one array and one number of 2 GB (20 MB by default)."""
        size = (2 << 30) if LONG else 20 << 20
        gt = self.write("gt.json", TRUTH)
        for head, unit in (('["', b"a" * (1 << 20)), ("[", b"[" * (1 << 20)),
                           ("[1", b"7" * (1 << 20))):
            path = os.path.join(self.folder.name, "nonsense.json")
            with open(path, "wb") as f:
                f.write(head.encode())
                while f.tell() < size:
                    f.write(unit)
            done = run("coco", "--gt", gt, "--dt", path, megabytes=128)
            self.assertEqual(done.returncode, 3, done.stderr[:300])
            self.assertIn("nonsense.json", done.stderr)


if __name__ == "__main__":
    unittest.main()
