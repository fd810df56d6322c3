#!/usr/bin/env python3
"""`ocellus eval ... --compare`: intervals against a bootstrap in NumPy that scores every draw with the
program itself, folds, re-runs, what changed, the sheet; bad input."""
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

PROGRAM = sys.argv.pop(1)
HERE = os.path.dirname(os.path.abspath(__file__))


def png(width, height):
    def chunk(kind, body):
        return (struct.pack(">I", len(body)) + kind + body +
                struct.pack(">I", zlib.crc32(kind + body)))
    rows = (b"\0" + b"\x60" * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def run(*args):
    done = subprocess.run([PROGRAM, "eval", *args], capture_output=True, text=True)
    return done


def figures(document, part="figures"):
    return {f["name"]: f for f in document[part]}


class Coco(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        rng = random.Random(1)
        images = [{"id": i + 1, "file_name": f"d/{i}.jpg", "width": 500, "height": 400}
                  for i in range(24)]
        truth, good, bad = [], [], []
        for image in images[:-1]:  # nothing on the last one
            for _ in range(rng.randrange(1, 5)):
                box = [rng.uniform(0, 300), rng.uniform(0, 200), rng.uniform(20, 150),
                       rng.uniform(20, 150)]
                cat = rng.choice((1, 2, 3))
                truth.append({"id": len(truth) + 1, "image_id": image["id"], "category_id": cat,
                              "bbox": box, "area": box[2] * box[3], "iscrowd": 0})
                for rows, noise, miss in ((good, 2, .1), (bad, 8, .3)):
                    if rng.random() > miss:
                        rows.append({"image_id": image["id"], "category_id": cat,
                                     "score": round(rng.random(), 3),
                                     "bbox": [round(v + rng.gauss(0, noise), 2) for v in box]})
        bad.append({"image_id": 24, "category_id": 1, "score": .75, "bbox": [1, 2, 30, 40]})
        cls.data = {"images": images, "annotations": truth, "good": good, "bad": bad,
                    "categories": [{"id": c, "name": n} for c, n in ((1, "a"), (2, "b"), (3, "c"))]}
        cls.write("gt.json", {k: cls.data[k] for k in ("images", "annotations", "categories")})
        cls.write("good.json", good)
        cls.write("bad.json", bad)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    @classmethod
    def write(cls, name, document):
        with open(cls.path(name), "w") as f:
            json.dump(document, f)

    def compare(self, *args):
        return run("coco", "--gt", self.path("gt.json"), "--dt", self.path("good.json"), "--json",
                   *args)

    def test_point_estimates(self):
        done = self.compare("--compare", self.path("bad.json"))
        self.assertEqual(done.returncode, 0, done.stderr)
        got = json.loads(done.stdout)
        for side, name in (("this", "good"), ("other", "bad")):
            plain = json.loads(run("coco", "--gt", self.path("gt.json"), "--dt",
                                   self.path(name + ".json"), "--json").stdout)
            for key in ("AP", "AP50", "AP75", "APs", "APm", "APl"):
                if plain[key] >= 0:
                    self.assertAlmostEqual(figures(got)[key][side], plain[key], delta=1e-6)
            self.assertAlmostEqual(figures(got)["AR"][side], plain["AR100"], delta=1e-6)
            for c in plain["categories"]:
                self.assertAlmostEqual(figures(got, "classes")[c["name"]][side], c["AP"],
                                       delta=1e-6)
        f = figures(got)["AP"]
        self.assertTrue(f["low"] < f["difference"] < f["high"])
        self.assertGreater(f["low"], 0)
        self.assertEqual(f["p"], 0)

    def test_interval(self):
        """60 draws with images copied, scored one by one, give the same spread."""
        rng, drawn = random.Random(4), []
        for _ in range(60):
            pick = [rng.randrange(24) for _ in range(24)]
            gt = {"images": [], "annotations": [], "categories": self.data["categories"]}
            sets = {"good": [], "bad": []}
            for new, old in enumerate(pick, 1):
                gt["images"].append({"id": new, "width": 500, "height": 400})
                for a in self.data["annotations"]:
                    if a["image_id"] == old + 1:
                        gt["annotations"].append(dict(a, image_id=new,
                                                      id=len(gt["annotations"]) + 1))
                for name, rows in sets.items():
                    rows += [dict(r, image_id=new) for r in self.data[name]
                             if r["image_id"] == old + 1]
            self.write("draw.gt.json", gt)
            ap = []
            for name, rows in sets.items():
                self.write("draw.json", rows)
                ap.append(json.loads(run("coco", "--gt", self.path("draw.gt.json"), "--dt",
                                         self.path("draw.json"), "--json").stdout)["AP"])
            drawn.append(ap[0] - ap[1])
        f = figures(json.loads(self.compare("--compare", self.path("bad.json")).stdout))["AP"]
        mean = sum(drawn) / 60
        sd = (sum((d - mean) ** 2 for d in drawn) / 59) ** .5
        width = (f["high"] - f["low"]) / (2 * 1.96)
        self.assertTrue(.65 * sd < width < 1.5 * sd, (sd, width))
        self.assertAlmostEqual((f["high"] + f["low"]) / 2, mean, delta=sd)

    def test_reproducible(self):
        one = self.compare("--compare", self.path("bad.json"), "--resamples", "200")
        self.assertEqual(self.compare("--compare", self.path("bad.json"), "--resamples", "200",
                                      "--threads", "1").stdout, one.stdout)
        self.assertNotEqual(self.compare("--compare", self.path("bad.json"), "--resamples", "200",
                                         "--seed", "9").stdout, one.stdout)

    def test_same(self):
        got = json.loads(self.compare("--compare", self.path("good.json")).stdout)
        self.assertEqual((got["n_changed"], figures(got)["AP"]["p"]), (0, 1))
        self.assertEqual(figures(got)["AP"]["low"], 0)

    def test_changed(self):
        got = json.loads(self.compare("--compare", self.path("bad.json"), "--changed", "24").stdout)
        byname = {c["name"]: c for c in got["changed"]}
        self.assertEqual((byname["d/23.jpg"]["this"], byname["d/23.jpg"]["other"]), (1, .25))
        size = [round(abs(c["this"] - c["other"]), 6) for c in got["changed"]]
        self.assertEqual(size, sorted(size, reverse=True))

    def test_folds(self):
        folds = [{"name": str(k), "images": [f"{i}.jpg" for i in range(k, 24, 3)] + ["other.jpg"]}
                 for k in range(3)]
        self.write("split.json", {"version": 1, "folds": folds})
        got = figures(json.loads(self.compare("--fold-of", self.path("split.json")).stdout))["AP"]
        values = []
        for k in range(3):
            keep = {i + 1 for i in range(k, 24, 3)}
            self.write("fold.gt.json", {
                "images": [i for i in self.data["images"] if i["id"] in keep],
                "annotations": [a for a in self.data["annotations"] if a["image_id"] in keep],
                "categories": self.data["categories"]})
            self.write("fold.json", [r for r in self.data["good"] if r["image_id"] in keep])
            values.append(json.loads(run("coco", "--gt", self.path("fold.gt.json"), "--dt",
                                         self.path("fold.json"), "--json").stdout)["AP"])
        for a, b in zip(got["fold_values"], values):
            self.assertAlmostEqual(a, b, delta=1e-6)
        mean = sum(values) / 3
        sd = (sum((v - mean) ** 2 for v in values) / 2) ** .5
        self.assertAlmostEqual(got["folds"]["mean"], mean, delta=1e-6)
        self.assertAlmostEqual(got["folds"]["half_width"], 4.303 * sd / 3 ** .5, delta=1e-3)

    def test_reruns(self):
        got = figures(json.loads(self.compare(
            "--again", self.path("bad.json"), "--compare", self.path("bad.json"), "--compare",
            self.path("good.json")).stdout))["AP"]
        self.assertEqual((got["runs"]["n"], got["other_runs"]["n"]), (2, 2))
        self.assertAlmostEqual(got["runs"]["mean"], (got["this"] + got["other"]) / 2, delta=1e-6)

    def test_sheet(self):
        sheet = self.path("sheet.html")
        done = self.compare("--compare", self.path("bad.json"), "--sheet", sheet)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(sheet) as f:
            page = f.read()
        self.assertIn("d/23.jpg", page)
        self.assertNotIn("http", page)
        self.assertTrue(page.endswith("</html>\n"))

    def test_bad_input(self):
        self.write("twice.json", {"folds": [{"images": ["1.jpg"]}, {"images": ["1.jpg"]}]})
        self.write("one.json", {"folds": [{"images": ["1.jpg"]}]})
        self.write("none.json", {"folds": [{"images": ["x"]}, {"images": ["1.jpg"]}]})
        for args, words in ((("--fold-of", self.path("twice.json")), "already"),
                            (("--fold-of", self.path("one.json")), "fewer than two"),
                            (("--fold-of", self.path("none.json")), "none of"),
                            (("--fold-of", self.path("gone.json")), "gone.json"),
                            (("--compare", self.path("gt.json")), "gt.json"),
                            (("--again", self.path("bad.json"), "--sheet", "x.html"), "--compare")):
            done = self.compare(*args)
            self.assertNotEqual(done.returncode, 0, args)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stdout, "")


class Others(unittest.TestCase):
    def test_mot(self):
        mot = os.path.join(HERE, "mot")
        pair = ["--gt", f"{mot}/walkers.gt.txt", "--dt", f"{mot}/walkers.dt.txt"]
        plain = json.loads(run("mot", *pair, "--json").stdout)
        with tempfile.TemporaryDirectory() as d:
            worse = os.path.join(d, "worse.txt")
            with open(f"{mot}/walkers.dt.txt") as f, open(worse, "w") as to:
                for line in f:  # ids that change in the middle, and some that are missing
                    row = line.split(",")
                    if int(row[0]) % 5 == 0:
                        continue
                    row[1] = str(int(row[1]) + 500 * (int(row[0]) > 30))
                    to.write(",".join(row))
            sheet = os.path.join(d, "s.html")
            done = run("mot", *pair, "--compare", worse, "--block", "5", "--json", "--sheet", sheet)
            self.assertEqual(done.returncode, 0, done.stderr)
            with open(sheet) as f:
                bare = f.read()
            self.assertIn("<svg", bare)
            self.assertNotIn("data:image", bare)
            frames = os.path.join(d, "frames")
            os.makedirs(frames)
            last = int(plain["Frames"])
            for i in range(1, last + 1):
                with open(os.path.join(frames, f"{i:06}.png"), "wb") as f:
                    f.write(png(640, 480))
            drawn = run("mot", *pair, "--compare", worse, "--block", "5", "--json", "--sheet",
                        sheet, "--images", frames)
            self.assertEqual(drawn.returncode, 0, drawn.stderr)
            with open(sheet) as f:
                pictures = f.read().count("data:image/jpeg")
            self.assertEqual(pictures, 2 * len(json.loads(drawn.stdout)["tracks"]))
            again = run("mot", *pair, "--compare", worse, "--sheet", sheet, "--images", d + "/no")
            self.assertEqual(again.returncode, 0, again.stderr)
            with open(sheet) as f:
                self.assertIn("no picture", f.read())
            self.assertEqual(run("mot", *pair, "--compare", worse, "--images", frames, "--images",
                                 frames).returncode, 2)
        got = json.loads(done.stdout)
        for key in ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "Recall", "Precision"):
            self.assertAlmostEqual(figures(got)[key]["this"], plain[key], delta=1e-6, msg=key)
        self.assertGreater(figures(got)["HOTA"]["low"], 0)
        self.assertGreater(len(got["tracks"]), 3)
        for track in got["tracks"]:
            self.assertLessEqual(track["covered"][0], track["frames"])

    def test_embed(self):
        table = os.path.join(HERE, "embed", "split.csv")
        plain = json.loads(run("embed", "--table", table, "--json").stdout)
        done = run("embed", "--table", table, "--compare", table, "--json")
        for key, value in figures(json.loads(done.stdout)).items():
            self.assertAlmostEqual(value["this"], plain[key], delta=1e-6)

    def test_classify(self):
        table = os.path.join(HERE, "classify", "mixed.csv")
        plain = json.loads(run("classify", "--scores", table, "--json").stdout)
        got = figures(json.loads(run("classify", "--scores", table, "--compare", table,
                                     "--json").stdout))
        for key in ("top1", "top5", "macro_F1"):
            self.assertAlmostEqual(got[key]["this"], plain[key], delta=1e-6)


class Boxes(unittest.TestCase):
    """VOC and KITTI: figures of the whole, of folds and of draws with images copied, each scored by
    the program itself."""
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.base = folder.name

    def copy(self, kind, name, pick, miss=0.0):
        """A set of the images `pick`, copies too; of its results a share left out, by chance."""
        rng, root = random.Random(7), os.path.join(HERE, kind)
        gt, dt = (os.path.join(self.base, name, side) for side in ("gt", "dt"))
        os.makedirs(gt)
        os.makedirs(dt)
        suffix = os.listdir(os.path.join(root, "gt"))[0].rpartition(".")[2]
        for new, old in enumerate(pick):
            with open(os.path.join(root, "gt", f"{old}.{suffix}")) as f:
                text = f.read()
            with open(os.path.join(gt, f"{new:06}.{suffix}"), "w") as f:
                f.write(text)
        for result in sorted(os.listdir(os.path.join(root, "dt"))):
            with open(os.path.join(root, "dt", result)) as f:
                lines = [line for line in f if rng.random() >= miss]
            for new, old in enumerate(pick):
                if kind == "kitti" and result == f"{old}.txt":
                    with open(os.path.join(dt, f"{new:06}.txt"), "w") as f:
                        f.writelines(lines)
                elif kind == "voc":
                    with open(os.path.join(dt, result), "a") as f:
                        f.writelines(f"{new:06} {line.partition(' ')[2]}" for line in lines
                                     if line.split()[0] == old)
        return ["--gt", gt, "--dt", dt]

    def plain(self, kind, args):
        done = run(kind, *args, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        got = json.loads(done.stdout)
        if kind == "voc":
            return {"mAP": got["mAP"], "mAP11": got["mAP11"],
                    **{c["name"]: c["AP"] for c in got["classes"]}}
        return {f"{c} {level} {key}": got[c][level][key] for c in ("car", "pedestrian", "cyclist")
                for level in ("easy", "moderate", "hard") for key in ("AP", "AOS")}

    def same(self, got, plain, msg):
        for name, value in plain.items():
            if value < 0:
                self.assertIsNone(got[name], (msg, name))
            else:
                self.assertAlmostEqual(got[name], value, delta=1e-6, msg=(msg, name))

    def check(self, kind, key):
        names = sorted(n.rpartition(".")[0] for n in os.listdir(os.path.join(HERE, kind, "gt"))
                       if kind == "voc" or
                       os.path.exists(os.path.join(HERE, kind, "dt", n)))
        one, other = self.copy(kind, "one", names), self.copy(kind, "other", names, .4)
        split = os.path.join(self.base, "split.json")
        with open(split, "w") as f:
            json.dump({"folds": [{"name": str(k), "images": [f"{i:06}" for i in
                                                             range(k, len(names), 3)]}
                                 for k in range(3)]}, f)
        done = run(kind, *one, "--compare", other[3], "--fold-of", split, "--json", "--sheet",
                   os.path.join(self.base, "s.html"))
        self.assertEqual(done.returncode, 0, done.stderr)
        got = figures(json.loads(done.stdout))
        got.update(figures(json.loads(done.stdout), "classes") if kind == "voc" else {})
        for side, args in (("this", one), ("other", other)):
            self.same({n: f[side] for n, f in got.items()}, self.plain(kind, args), side)
        for k in range(3):
            fold = self.copy(kind, f"fold{k}", names[k::3])
            self.same({n: f["fold_values"][k] for n, f in got.items()}, self.plain(kind, fold), k)
        rng, drawn = random.Random(4), []
        for d in range(40):
            pick = [rng.choice(names) for _ in names]
            a, b = (self.plain(kind, self.copy(kind, f"{d}.{m}", pick, m))[key] for m in (0, .4))
            drawn.append(a - b)
        mean = sum(drawn) / 40
        sd = (sum((v - mean) ** 2 for v in drawn) / 39) ** .5
        width = (got[key]["high"] - got[key]["low"]) / (2 * 1.96)
        self.assertTrue(.6 * sd < width < 1.6 * sd, (sd, width))
        self.assertAlmostEqual((got[key]["high"] + got[key]["low"]) / 2, mean, delta=sd)
        return json.loads(done.stdout)

    def test_voc(self):
        self.check("voc", "mAP")

    def test_kitti(self):
        got = self.check("kitti", "car moderate AP")
        self.assertGreater(got["n_changed"], 3)
        self.assertTrue(all(c["other"] != c["this"] for c in got["changed"]))


if __name__ == "__main__":
    unittest.main()
