#!/usr/bin/env python3
"""COCO annotations from a folder of JPEG pictures and one of YOLO labels.

    yolo_to_coco.py IMAGES LABELS NAMES.txt OUT.json [MOST]

NAMES has a category a line; line i is YOLO's class i and gets the id i + 1.  An object's area is
its box's.  MOST: only the first so many pictures by name.
"""
import json
import pathlib
import struct
import sys


def jpeg_size(path):
    data, at = path.read_bytes(), 2
    while data[at] == 0xff:
        kind, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if 0xc0 <= kind <= 0xcf and kind not in (0xc4, 0xc8, 0xcc):
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return width, height
        at += 2 + length
    raise ValueError(f"{path}: no frame header")


def convert(images, labels, names, most=None):
    with open(names) as f:
        categories = [{"id": i + 1, "name": n} for i, n in enumerate(f.read().split("\n")) if n]
    truth = {"images": [], "categories": categories, "annotations": []}
    for number, path in enumerate(sorted(pathlib.Path(images).glob("*.jpg"))[:most], 1):
        w, h = jpeg_size(path)
        truth["images"].append({"id": number, "file_name": path.name, "width": w, "height": h})
        label = pathlib.Path(labels) / (path.stem + ".txt")
        for line in label.read_text().splitlines() if label.exists() else ():
            kind, x, y, bw, bh = map(float, line.split())
            box = [(x - bw / 2) * w, (y - bh / 2) * h, bw * w, bh * h]
            truth["annotations"].append(
                {"id": len(truth["annotations"]) + 1, "image_id": number,
                 "category_id": int(kind) + 1, "bbox": [round(v, 3) for v in box],
                 "area": round(box[2] * box[3], 3), "iscrowd": 0})
    return truth


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6):
        sys.exit(__doc__)
    with open(sys.argv[4], "w") as out:
        json.dump(convert(*sys.argv[1:4], int(sys.argv[5]) if len(sys.argv) > 5 else None), out)
