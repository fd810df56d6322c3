#!/usr/bin/env python3
"""A reference for `ocellus parity`: pictures through OpenCV and ONNX Runtime, stage by stage.

    parity_reference.py --card models/yolox-nano/card.yaml --model yolox_nano_416.onnx -o DIR PICTURE...

Needs numpy, OpenCV and PyYAML, and ONNX Runtime as the Python package `onnxruntime`, or with --node the
folder whose node_modules hold `onnxruntime-node`.  Boxes are written for the heads yolox and centernet;
for others the comparison ends with the outputs.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import cv2
import numpy as np
import yaml

RUN_NODE = """
const ort = require('onnxruntime-node'), fs = require('fs');
(async () => {
  const [model, folder] = process.argv.slice(2);
  const s = await ort.InferenceSession.create(model, {executionProviders: ['cpu']});
  const m = JSON.parse(fs.readFileSync(folder + '/in.json'));
  const raw = fs.readFileSync(folder + '/in.bin');
  const buffer = raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length);
  const arrays = {float32: Float32Array, uint8: Uint8Array, int32: Int32Array, float16: Uint16Array};
  const out = await s.run({[s.inputNames[0]]: new ort.Tensor(m.type, new arrays[m.type](buffer), m.shape)});
  const about = [];
  for (const name of s.outputNames) {
    const t = out[name];
    fs.writeFileSync(`${folder}/out${about.length}.bin`, Buffer.from(t.data.buffer, t.data.byteOffset, t.data.byteLength));
    about.push({name, type: t.type, shape: t.dims});
  }
  fs.writeFileSync(folder + '/out.json', JSON.stringify(about));
})().catch(e => { console.error(e.message); process.exit(1); });
"""


def infer_node(node_folder, model, tensor):
    with tempfile.TemporaryDirectory() as folder:
        open(folder + "/in.json", "w").write(json.dumps({"type": str(tensor.dtype), "shape": tensor.shape}))
        tensor.tofile(folder + "/in.bin")
        environment = dict(os.environ, NODE_PATH=os.path.join(node_folder, "node_modules"))
        subprocess.run(["node", "-e", RUN_NODE, "run", os.path.abspath(model), folder], check=True, env=environment)
        about = json.load(open(folder + "/out.json"))
        return {o["name"]: np.fromfile(f"{folder}/out{i}.bin", o["type"]).reshape(o["shape"])
                for i, o in enumerate(about)}


def infer(options, model, tensor):
    if options.node:
        return infer_node(options.node, model, tensor)
    import onnxruntime
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: tensor})))


def stretch_corners(rgb, width, height):
    """Bilinear from i * s, as TensorFlow 1 did: OpenCV has half-pixel centres only."""
    h, w = rgb.shape[:2]
    x, y = np.arange(width) * (w / width), np.arange(height) * (h / height)
    mx, my = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    return cv2.remap(rgb, mx, my, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def resize(rgb, card):
    """-> the input's picture (RGB), and how its places map to the picture's: scale x, y, offset x, y."""
    width, height = card["size"]
    h, w = rgb.shape[:2]
    fit = card.get("fit", "stretch")
    if fit == "stretch":
        if not card.get("half_pixel", True):
            return stretch_corners(rgb, width, height), (w / width, h / height, 0, 0)
        return cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR), (w / width, h / height, 0, 0)
    if not fit.startswith("letterbox"):
        sys.exit(f"no reference for fit '{fit}'")
    s = min(width / w, height / h)
    if fit == "letterbox-topleft":
        nw, nh = int(w * s), int(h * s)
        left = top = 0
    else:
        nw, nh = round(w * s), round(h * s)
        left, top = (width - nw) // 2, (height - nh) // 2
    out = np.full((height, width, 3), card.get("pad", 0), np.uint8)
    out[top:top + nh, left:left + nw] = cv2.resize(rgb, (nw, nh), interpolation=cv2.INTER_LINEAR)
    return out, (w / nw, h / nh, -left * w / nw, -top * h / nh)


def normalise(resized, card):
    x = resized[:, :, ::-1] if card.get("color", "rgb") == "bgr" else resized
    x = x.astype(np.float32)
    if "mean" in card or "std" in card:
        x = (x - np.float32(card.get("mean", 0))) / np.float32(card.get("std", 1))
    if card.get("layout", "nchw") == "nchw":
        x = x.transpose(2, 0, 1)
    return np.ascontiguousarray(x[None].astype(card.get("dtype", "float32")))


def suppress(boxes, scores, labels, overlap):
    keep = []
    for i in np.argsort(-scores, kind="stable"):
        x0, y0 = np.maximum(boxes[i, :2], boxes[keep, :2]).T if keep else (np.empty(0),) * 2
        x1, y1 = np.minimum(boxes[i, 2:], boxes[keep, 2:]).T if keep else (np.empty(0),) * 2
        common = np.clip(x1 - x0, 0, None) * np.clip(y1 - y0, 0, None)
        area = np.prod(boxes[i, 2:] - boxes[i, :2]), np.prod(boxes[keep, 2:] - boxes[keep, :2], 1) if keep else 0
        if not np.any((labels[keep] == labels[i]) & (common > overlap * (area[0] + area[1] - common))):
            keep.append(i)
    return keep


def boxes_yolox(outputs, head, size):
    o = outputs[head["output"]][0].astype(np.float64)
    grids, strides = [], []
    for s in head["strides"]:
        gy, gx = np.mgrid[0:size[1] // s, 0:size[0] // s]
        grids.append(np.stack([gx.ravel(), gy.ravel()], 1))
        strides.append(np.full(gx.size, s))
    grid, stride = np.concatenate(grids), np.concatenate(strides)[:, None]
    centre, extent = (o[:, :2] + grid) * stride, np.exp(o[:, 2:4]) * stride
    label = o[:, 5:].argmax(1)
    score = o[:, 4] * o[np.arange(len(o)), 5 + label]
    box = np.concatenate([centre - extent / 2, centre + extent / 2], 1)
    some = score >= head["score"]
    box, score, label = box[some], score[some], label[some]
    keep = suppress(box, score, label, head["iou"])
    return box[keep], score[keep], label[keep]


def boxes_centernet(outputs, head, size):
    o = outputs[head["output"]][0].astype(np.float64)
    o = o[o[:, 4] >= head["score"]]
    return o[:, :4], o[:, 4], o[:, 5].astype(int)


def write_boxes(path, found, labels, place, shape):
    sx, sy, ox, oy = place
    entries = []
    for box, score, label in zip(*found):
        b = box * [sx, sy, sx, sy] + [ox, oy, ox, oy]
        b = np.clip(b, 0, [shape[1], shape[0]] * 2)
        entries.append({"label": labels[label], "score": float(score), "box": [float(v) for v in b]})
    json.dump(entries, open(path, "w"), indent=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--node", metavar="DIR")
    parser.add_argument("-o", dest="out", required=True)
    parser.add_argument("pictures", nargs="+")
    options = parser.parse_args()
    card = yaml.safe_load(open(options.card))
    image, head = card["input"], card["head"]
    if "size" not in image:
        image["size"] = image["sizes"][0]
    labels = card.get("labels", [])
    if isinstance(labels, str):
        labels = open(os.path.join(os.path.dirname(options.card), labels)).read().splitlines()
    decoders = {"yolox": boxes_yolox, "centernet": boxes_centernet}
    for picture in options.pictures:
        folder = os.path.join(options.out, os.path.splitext(os.path.basename(picture))[0])
        os.makedirs(folder + "/outputs", exist_ok=True)
        bgr = cv2.imread(picture)
        if bgr is None:
            sys.exit(f"{picture}: OpenCV cannot read it")
        shutil.copy(picture, folder + "/picture" + os.path.splitext(picture)[1].lower())
        rgb = np.ascontiguousarray(bgr[:, :, ::-1])
        resized, place = resize(rgb, image)
        tensor = normalise(resized, image)
        outputs = infer(options, options.model, tensor)
        np.save(folder + "/decoded.npy", rgb)
        np.save(folder + "/resized.npy", resized)
        np.save(folder + "/tensor.npy", tensor)
        for name, value in outputs.items():
            np.save(folder + "/outputs/" + name.replace("/", "_").replace(":", "_") + ".npy", value)
        if head["type"] in decoders:
            found = decoders[head["type"]](outputs, head, image["size"])
            write_boxes(folder + "/boxes.json", found, labels, place, rgb.shape)
        print(folder)


if __name__ == "__main__":
    main()
