#!/usr/bin/python3
"""How far the key-points of a quantised pose network lie from those of its float self.

    quant_keypoints.py --float F.onnx --quantised Q.onnx --images DIR --gt G.json [--people 24] [--ocellus build/ocellus]

The largest people of COCO annotations are cut out (a square of 1.2 times the longer side of the box, as
the card of MoveNet has it) and go through both networks with `ocellus infer`: one input [1, H, W, 3] of
RGB 0..255, one output of [.., 17, 3] (y, x in shares of the crop, score).  Points that the float network
scores .3 and more count.  The last line is JSON.  Exit 1 where less than --within of them lie less than
.05 of the crop apart."""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import onnx

NUMPY = {onnx.TensorProto.INT32: np.int32, onnx.TensorProto.FLOAT: np.float32, onnx.TensorProto.UINT8: np.uint8}


def people(truth, count):
    """(file name, box) of the largest people that are no crowds."""
    category = [c["id"] for c in truth["categories"] if c["name"] == "person"]
    if not category:
        sys.exit("the annotations have no category 'person'")
    files = {i["id"]: i["file_name"] for i in truth["images"]}
    found = [a for a in truth["annotations"] if a["category_id"] == category[0] and not a.get("iscrowd")]
    found.sort(key=lambda a: -a["bbox"][2] * a["bbox"][3])
    return [(files[a["image_id"]], a["bbox"]) for a in found[:count]]


def crop(path, box, height, width):
    image = cv2.imread(path)
    if image is None:
        sys.exit(f"{path}: no picture")
    x, y, w, h = box
    half = 1.2 * max(w, h) / 2
    kx, ky = width / (2 * half), height / (2 * half)
    matrix = np.float32([[kx, 0, width / 2 - (x + w / 2) * kx], [0, ky, height / 2 - (y + h / 2) * ky]])
    return cv2.warpAffine(image, matrix, (width, height))[:, :, ::-1]


def points(program, model, name, tensor, folder):
    source, out = os.path.join(folder, "in.npy"), os.path.join(folder, "out")
    np.save(source, tensor)
    subprocess.run([program, "infer", model, "--input", f"{name}={source}", "--output", out], check=True,
                   stdout=subprocess.DEVNULL)
    files = glob.glob(os.path.join(out, "*.npy"))
    result = np.load(files[0]).reshape(-1, 17, 3)[0]
    for f in files:
        os.remove(f)
    return result


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--float", required=True, dest="reference")
    ask.add_argument("--quantised", required=True)
    ask.add_argument("--images", required=True)
    ask.add_argument("--gt", required=True)
    ask.add_argument("--people", type=int, default=24)
    ask.add_argument("--within", type=float, default=0)
    ask.add_argument("--ocellus", default="build/ocellus")
    a = ask.parse_args()
    port = onnx.load(a.reference).graph.input[0]
    dims = [d.dim_value for d in port.type.tensor_type.shape.dim]
    if len(dims) != 4 or dims[3] != 3 or port.type.tensor_type.elem_type not in NUMPY:
        sys.exit(f"{a.reference}: the input is no picture of [1, height, width, 3]")
    with open(a.gt) as f:
        chosen = people(json.load(f), a.people)
    apart = []
    with tempfile.TemporaryDirectory() as folder:
        for name, box in chosen:
            tensor = np.ascontiguousarray(crop(os.path.join(a.images, name), box, dims[1], dims[2])[None])
            tensor = tensor.astype(NUMPY[port.type.tensor_type.elem_type])
            want, got = (points(a.ocellus, m, port.name, tensor, folder) for m in (a.reference, a.quantised))
            sure = want[:, 2] >= 0.3
            apart.extend(np.hypot(*(want - got)[sure, :2].T))
    apart = np.asarray(apart)
    if not len(apart):
        sys.exit("no point is sure: nothing to compare")
    share = float((apart < 0.05).mean())
    print(json.dumps({"people": len(chosen), "points": len(apart), "median": float(np.median(apart)),
                      "mean": float(apart.mean()), "within_05": share, "within_10": float((apart < 0.1).mean())}))
    sys.exit(share < a.within)


main()
