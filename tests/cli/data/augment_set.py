"""Four pictures of our own with boxes, outlines, masks and key-points, as COCO.  augment_set.py FOLDER"""
import json
import pathlib
import sys

import cv2
import numpy as np

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True)
rng = np.random.default_rng(3)
images, notes = [], []
for i, (w, h) in enumerate(((320, 240), (201, 307), (400, 150), (97, 101)), 1):
    small = rng.integers(0, 256, (h // 12 + 2, w // 12 + 2, 3)).astype(np.uint8)
    cv2.imwrite(str(folder / f"{'abcd'[i - 1]}.png"), cv2.resize(small, (w, h), interpolation=cv2.INTER_CUBIC))
    images.append({"id": i, "file_name": f"{'abcd'[i - 1]}.png", "width": w, "height": h})
    for k in range(5):
        bw, bh = rng.uniform(.1, .4, 2) * (w, h)
        x, y = rng.uniform(0, 1, 2) * (w - bw, h - bh)
        note = {"id": len(notes) + 1, "image_id": i, "category_id": 1 + k % 2, "bbox": [x, y, bw, bh],
                "area": bw * bh, "iscrowd": 0}
        if k == 1:  # an outline
            t = np.arange(9) / 9 * 2 * np.pi
            ring = np.stack([x + bw / 2 * (1 + np.cos(t)), y + bh / 2 * (1 + np.sin(t))], -1)
            note["segmentation"] = [ring.ravel().tolist()]
            low, high = ring.min(0), ring.max(0)
            note["bbox"] = [*low.tolist(), *(high - low).tolist()]
        if k == 2:  # key-points
            points = np.concatenate([rng.uniform((x, y), (x + bw, y + bh), (3, 2)), [[2], [1], [2]]], -1)
            note["category_id"], note["keypoints"], note["num_keypoints"] = 3, points.ravel().tolist(), 3
        if k == 3:  # a mask: an ellipse's pixels, run lengths down the columns
            yy, xx = np.mgrid[:h, :w] + .5
            bits = ((xx - x - bw / 2) / bw * 2) ** 2 + ((yy - y - bh / 2) / bh * 2) ** 2 < 1
            flat = np.concatenate([[0], bits.T.ravel(), [0]]).astype(np.int8)
            ends = np.flatnonzero(np.diff(flat))
            counts = np.diff(np.concatenate([[0], ends, [w * h]])).tolist()
            note["segmentation"] = {"size": [h, w], "counts": counts}
            cols, rows = np.flatnonzero(bits.any(0)), np.flatnonzero(bits.any(1))
            note["bbox"] = [float(v) for v in (cols[0], rows[0], cols[-1] - cols[0] + 1, rows[-1] - rows[0] + 1)]
            note["area"] = float(bits.sum())
        notes.append(note)
cats = [{"id": 1, "name": "cup"}, {"id": 2, "name": "box"},
        {"id": 3, "name": "face", "keypoints": ["left_eye", "right_eye", "nose"], "skeleton": []}]
json.dump({"images": images, "annotations": notes, "categories": cats}, (folder / "labels.json").open("w"))
