#!/usr/bin/env python3
"""Compares `ocellus infer` with TensorFlow Lite's own runtime (tflite_wasm.js) on .tflite files.

    tflite_compare.py --ocellus PROGRAM --package FOLDER [--keep KEPT.npz] FILE...
    tflite_compare.py --ocellus PROGRAM --kept KEPT.npz FILE...

FOLDER is npm's @tensorflow/tfjs-tflite, unpacked; KEPT.npz holds what it answered earlier, so that
tests need neither node nor the package.  Inputs are seeded: pictures of low frequencies in
[0, 1] for floats, any bytes for bytes.  Floats must agree within 1e-3 of the largest value of the
output; bytes within one step of their quantisation (at most one of a hundred by two, where a chain
of layers rounds).  Prints a line per output; exit 1 when one is off.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


def inputs_of(ocellus, model):
    """Name, type and shape of each input, as `inspect` lists them."""
    text = subprocess.run([ocellus, "inspect", model], capture_output=True, text=True, check=True)
    found = []
    for line in text.stdout.splitlines():
        words = line.split()
        if words[0] == "inputs":
            words = words[1:]
        elif not line.startswith(" "):
            break
        shape = [] if words[-1] == "scalar" else [int(d) for d in words[-1].split("x")]
        found.append((" ".join(words[:-2]), words[-2], shape))
    return found


def picture(rng, shape):
    """Few low frequencies and a little noise, in [0, 1]: what networks for pictures expect."""
    x = rng.random(shape)
    for axis in range(1, max(len(shape) - 1, 1)):
        for _ in range(2):
            x = (x + np.roll(x, 1, axis) + np.roll(x, 2, axis)) / 3
    x -= x.min()
    return (x / max(x.max(), 1e-9)).astype(np.float32)


def make_input(rng, dtype, shape):
    if dtype.startswith("float"):
        return picture(rng, shape).astype(dtype)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in ("int8", "uint8"):
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, shape, endpoint=True).astype(dtype)
    return rng.integers(0, 3, shape).astype(dtype)


def file_name(name):
    return name.replace("/", "_").replace(":", "_") + ".npy"


def close(got, want):
    """(fine?, what to say)"""
    if got.shape != want.shape or got.dtype != want.dtype:
        return False, f"{got.dtype}{list(got.shape)} instead of {want.dtype}{list(want.shape)}"
    if got.size == 0:
        return True, "empty"
    if want.dtype.kind == "f":
        if not np.isfinite(want).all():
            return bool(np.array_equal(got, want, equal_nan=True)), "not finite"
        scale = max(float(np.abs(want).max()), 1e-6)
        off = float(np.abs(got - want).max()) / scale
        return off <= 1e-3, f"{off:.1e} of the largest"
    off = np.abs(got.astype(np.int64) - want.astype(np.int64))
    if want.dtype.itemsize > 1 or want.dtype == bool:
        return not off.any(), f"{int((off > 0).sum())} of {off.size} differ"
    return bool((off > 1).mean() <= .01 and off.max() <= 2), \
        f"{(off > 0).mean():.2%} by one, most {off.max()}"


def reference(args, model, folder, files):
    """[(name, array)] of the model's outputs; a text where the reference cannot."""
    case = os.path.splitext(os.path.basename(model))[0]
    if args.kept:
        kept = [k for k in args.kept if k.split("|")[0] == case]
        return [(k.split("|")[2], args.kept[k]) for k in sorted(kept)] or "nothing is kept of it"
    ran = subprocess.run(["node", os.path.join(HERE, "tflite_wasm.js"), args.package, model,
                          folder] + files, capture_output=True, text=True)
    if ran.returncode:
        why = [x for x in ran.stderr.splitlines() if "INFO" not in x]
        return f"the reference cannot: {why[0] if why else '?'}"
    found = []
    for line in ran.stdout.splitlines():
        if line.count("\t") == 3:
            i, name = line.split("\t")[:2]
            found.append((name, np.load(os.path.join(folder, f"{i}.npy"))))
            args.found[f"{case}|{i}|{name}"] = found[-1][1]
    return found


def compare(args, model, rng, folder):
    title = os.path.basename(model)
    command, files = [args.ocellus, "infer", model, "--output", folder], []
    if args.isa:
        command += ["--isa", args.isa]
    for i, (name, dtype, shape) in enumerate(inputs_of(args.ocellus, model)):
        file = os.path.join(folder, f"in{i}.npy")
        np.save(file, make_input(rng, dtype, shape))
        command += ["--input", f"{name}={file}"]
        files.append(file)
    wanted = reference(args, model, folder, files)
    if isinstance(wanted, str):
        print(f"{title}: {wanted}")
        return args.kept is None
    ran = subprocess.run(command, capture_output=True, text=True)
    if ran.returncode:
        print(f"{title}: {ran.stderr.strip()}")
        return False
    fine = True
    for name, want in wanted:
        ok, text = close(np.load(os.path.join(folder, file_name(name))), want)
        fine = fine and ok
        print(f"{title}: {name}: {text}{'' if ok else '  OFF'}")
    return fine


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--ocellus", required=True)
    p.add_argument("--package")
    p.add_argument("--keep")
    p.add_argument("--kept")
    p.add_argument("--isa")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("models", nargs="+")
    args = p.parse_args()
    args.kept, args.found = dict(np.load(args.kept)) if args.kept else None, {}
    bad = 0
    for model in args.models:
        with tempfile.TemporaryDirectory() as folder:
            bad += not compare(args, model, np.random.default_rng(args.seed), folder)
    if args.keep:
        np.savez_compressed(args.keep, **args.found)
    print(f"{len(args.models)} networks, {bad} off")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
