#!/usr/bin/env python3
"""Makes the KITTI cases in tests/eval/kitti and their expected precisions and orientation similarities.

    make_kitti_cases.py PROGRAM      PROGRAM: evaluate_object_3d_offline of prclibo/kitti_eval
                                     (955c04c), KITTI's own program run on local files;
                                     g++ -O2 with Boost 1.74

It prints six decimals.  Run by hand; the results are committed.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

KINDS = ("Car", "Car", "Car", "Pedestrian", "Pedestrian", "Cyclist", "Van", "Person_sitting",
         "Truck")
REST = "1.5 1.6 3.9 1.0 1.5 20.0 0.1"


def near(rng, box, amount):
    w, h = box[2] - box[0], box[3] - box[1]
    return [v + rng.gauss(0, amount) * (w, h)[k % 2] for k, v in enumerate(box)]


def text(box):
    return " ".join(f"{v:.2f}" for v in box)


def make(folder, rng, images):
    truths = results = ""
    for what in ("gt", "dt"):
        os.makedirs(os.path.join(folder, what), exist_ok=True)
    for i in range(images):
        truths = results = ""
        for _ in range(rng.randrange(9)):
            kind, h = rng.choice(KINDS), rng.choice((20, 26, 38, 45, 90))
            x, y = rng.uniform(0, 1000), rng.uniform(100, 250)
            box = [x, y, x + h * rng.uniform(.4, 2), y + h]
            alpha = rng.uniform(-3.14, 3.14)
            truths += (f"{kind} {rng.choice((0, 0, 0, .1, .2, .4, .6)):.2f} "
                       f"{rng.choice((0, 0, 0, 1, 2, 3))} {alpha:.2f} {text(box)} {REST}\n")
            for _ in range(rng.choice((0, 1, 1, 1, 2))):
                said = kind if rng.random() < .9 else rng.choice(KINDS)
                seen = alpha + rng.gauss(0, .4) + rng.choice((0, 0, 0, 3.14))
                results += (f"{said} -1 -1 {seen:.2f} {text(near(rng, box, rng.choice((.01, .04, .2))))} "
                            f"{REST} {rng.uniform(0, 1):.4f}\n")
        if rng.random() < .5:
            x = rng.uniform(0, 900)
            region = [x, 150, x + 200, 230]
            truths += f"DontCare -1 -1 -10 {text(region)} -1 -1 -1 -1000 -1000 -1000 -10\n"
            for _ in range(3):
                inside = [x + 10, 155, x + rng.uniform(50, 300), 225]
                results += (f"{rng.choice(KINDS)} -1 -1 0.40 {text(inside)} {REST} "
                            f"{rng.uniform(0, 1):.4f}\n")
        for what, lines in (("gt", truths), ("dt", results)):
            with open(os.path.join(folder, what, f"{i:06d}.txt"), "w") as f:
                f.write(lines)


def reference(program, folder):
    with tempfile.TemporaryDirectory() as work:
        shutil.copytree(os.path.join(folder, "dt"), os.path.join(work, "data"))
        subprocess.run([program, os.path.join(folder, "gt"), work], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        out = {}
        for kind in ("car", "pedestrian", "cyclist"):
            for what in ("detection", "orientation"):
                with open(os.path.join(work, f"stats_{kind}_{what}.txt")) as f:
                    out.setdefault(what, {})[kind] = [[float(v) for v in line.split()]
                                                      for line in f]
        return out


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kitti")
    make(here, random.Random(9), 40)
    with open(os.path.join(here, "expected.json"), "w") as f:
        json.dump(reference(os.path.abspath(sys.argv[1]), here), f)
        f.write("\n")


if __name__ == "__main__":
    main()
