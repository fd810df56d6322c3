"""What t_data_augment.sh compares: KIND SET MADE ARGUMENT.  Pixels by OpenCV, labels by NumPy, written anew."""
import json
import sys

import cv2
import numpy as np

kind, set_dir, made_dir = sys.argv[1:4]
arg = sys.argv[4] if len(sys.argv) > 4 else None
VISIBLE, SIDE, FILL = .3, 2, 114
src, made = json.load(open(f"{set_dir}/labels.json")), json.load(open(f"{made_dir}/labels.json"))


def notes(d, image):
    return [a for a in d["annotations"] if a["image_id"] == image["id"]]


def pictures():
    for a, b in zip(src["images"], made["images"]):
        assert b["file_name"] == a["file_name"].replace(".png", "_1.png"), b
        one, two = (cv2.imread(p) for p in (f"{set_dir}/{a['file_name']}", f"{made_dir}/images/{b['file_name']}"))
        assert two.shape[:2] == (b["height"], b["width"])
        yield a, one, b, two


def turn(degrees):
    t = np.radians(degrees)
    return np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])


def move(x, y):
    return np.array([[1., 0, x], [0, 1, y], [0, 0, 1]])


def about(w, h, m, tx=0., ty=0.):
    return move(w / 2 + tx, h / 2 + ty) @ m @ move(-w / 2, -h / 2)


def matrix(name, w, h):
    """Of label coordinates, and the size of what comes out."""
    if name == "flip":
        return np.array([[-1., 0, w], [0, 1, 0], [0, 0, 1]]), w, h
    if name == "flips":
        return np.array([[-1., 0, w], [0, -1, h], [0, 0, 1]]), w, h
    if name == "affine":
        shear = np.array([[1, np.tan(np.radians(8)), 0], [np.tan(np.radians(-5)), 1, 0], [0, 0, 1]])
        return about(w, h, turn(25) @ shear @ np.diag([.9, .9, 1]), .1 * w, -.05 * h), w, h
    if name == "resize":
        s = min(333 / w, 100 / h)
        return move((333 - s * w) // 2, (100 - s * h) // 2) @ np.diag([s, s, 1]), 333, 100
    m = about(w, h, turn(-40) @ np.diag([1.3, 1.3, 1])) @ np.array([[-1., 0, w], [0, 1, 0], [0, 0, 1]])
    return np.diag([200 / w, 200 / h, 1]) @ m, 200, 200


def through(m, p):
    q = np.concatenate([np.asarray(p, float), np.ones((len(p), 1))], -1) @ m.T
    return q[:, :2] / q[:, 2:]


def clip_ring(ring, w, h):
    for axis, edge, sign in ((0, 0, 1), (0, w, -1), (1, 0, 1), (1, h, -1)):
        out = []
        for p, q in zip(ring, np.roll(ring, -1, 0)):
            dp, dq = sign * (p[axis] - edge), sign * (q[axis] - edge)
            if dp >= 0:
                out.append(p)
            if (dp >= 0) != (dq >= 0):
                out.append(p + (q - p) * dp / (dp - dq))
        ring = np.array(out).reshape(-1, 2)
    return ring


def ring_area(r):
    return abs(np.dot(r[:, 0], np.roll(r[:, 1], -1)) - np.dot(r[:, 1], np.roll(r[:, 0], -1))) / 2 if len(r) else 0


def mask(a):
    h, w = a["segmentation"]["size"]
    counts = a["segmentation"]["counts"]
    assert sum(counts) == w * h
    return np.repeat(np.arange(len(counts)) % 2, counts).reshape(w, h).T


def moved_mask(a, m, w, h):
    """The pixels whose middles come from pixels of the mask."""
    bits = mask(a)
    xy = through(np.linalg.inv(m), np.stack(np.meshgrid(np.arange(w) + .5, np.arange(h) + .5), -1).reshape(-1, 2))
    x, y = np.floor(xy).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < bits.shape[1]) & (y < bits.shape[0])
    out = np.zeros(w * h, int)
    out[inside] = bits[y[inside], x[inside]]
    return out.reshape(h, w)


def moved(a, m, w, h):
    """A label after m, or None: too little of it is left."""
    x, y, bw, bh = a["bbox"]
    corners = through(m, [(x, y), (x + bw, y), (x, y + bh), (x + bw, y + bh)])
    low, high = corners.min(0), corners.max(0)
    l, u = np.clip(low, 0, (w, h)), np.clip(high, 0, (w, h))
    share, out = np.prod(u - l) / np.prod(high - low), {}
    if isinstance(a.get("segmentation"), dict):
        bits = out["mask"] = moved_mask(a, m, w, h)
        cols, rows = np.flatnonzero(bits.any(0)), np.flatnonzero(bits.any(1))
        l, u = np.array([cols[0], rows[0]]), np.array([cols[-1] + 1, rows[-1] + 1])
    elif "segmentation" in a:
        whole = through(m, np.reshape(a["segmentation"][0], (-1, 2)))
        cut = clip_ring(whole, w, h)
        share = ring_area(cut) / ring_area(whole)
        if len(cut):
            l, u = cut.min(0), cut.max(0)
        out["segmentation"] = cut
    if share < VISIBLE or min(u - l) < SIDE:
        return None
    out["bbox"], out["category_id"] = [*l, *(u - l)], a["category_id"]
    if "keypoints" in a:
        p = np.reshape(a["keypoints"], (-1, 3))
        q = np.concatenate([through(m, p[:, :2]), p[:, 2:]], -1)
        q[(q[:, 0] < 0) | (q[:, 1] < 0) | (q[:, 0] >= w) | (q[:, 1] >= h)] = 0
        out["keypoints"] = q[[1, 0, 2]] if np.linalg.det(m[:2, :2]) < 0 else q
    return out


def same_labels(a, b, m, w, h):
    want = [x for x in (moved(n, m, w, h) for n in notes(src, a)) if x]
    got = notes(made, b)
    assert len(want) == len(got), (a["file_name"], len(want), len(got))
    for x, y in zip(want, got):
        assert x["category_id"] == y["category_id"] and np.allclose(
            x["bbox"], y["bbox"], atol=1 + 1e-6 if "mask" in x else 1e-6), (x, y)
        if "segmentation" in x:
            ring = np.reshape(y["segmentation"][0], (-1, 2))
            assert abs(ring_area(ring) - ring_area(x["segmentation"])) < 1e-4, (x, y)
        if "mask" in x:  # a middle on a pixel's edge may fall to either side
            assert (mask(y) != x["mask"]).sum() <= 3, (a["file_name"], (mask(y) != x["mask"]).sum())
        if "keypoints" in x:
            assert np.allclose(x["keypoints"], np.reshape(y["keypoints"], (-1, 3)), atol=1e-6), (x, y)


def same_pixels(one, two, m, w, h, limit=2):
    """Label coordinates have pixels' middles at .5.  OpenCV rounds places to 32nds: a level or two on slopes as
    these; at the rim both mix in the border."""
    n = move(-.5, -.5) @ m @ move(.5, .5)
    want = cv2.warpPerspective(one, n, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT,
                               borderValue=(FILL,) * 3)
    d = np.abs(want.astype(int) - two)
    inner = cv2.warpPerspective(np.full(one.shape[:2], 255, np.uint8), n, (w, h), flags=cv2.INTER_LINEAR) % 255 == 0
    assert (d[inner] <= limit).mean() > .999 and d[inner].max() <= limit + 2 and d.max() <= 12, (
        d[inner].max(), d.max(), (d[inner] > limit).mean())


def table(name, x):
    if name == "gamma":
        return np.round(255 * (x / 255) ** .6)
    if name == "brightness":
        return np.clip((x - 128) * 1.3 + 128 - .1 * 255, 0, 255)
    return np.clip((np.round(255 * (x / 255) ** .6) - 128) * .7 + 128 + .1 * 255, 0, 255)


def coloured(name, a):
    x = a.astype(np.float32)
    if name == "white":
        return np.clip(x * np.float32([.8, .9, 1.2]), 0, 255)  # BGR
    if name == "hsv":
        v = cv2.cvtColor(x / 255, cv2.COLOR_BGR2HSV)
        v[..., 0] = (v[..., 0] - 50) % 360
        v[..., 1:] = np.minimum(v[..., 1:] * np.float32([1.5, .8]), 1)
        return cv2.cvtColor(v, cv2.COLOR_HSV2BGR) * 255
    if name == "clahe":
        b, g, r = (x[..., k].astype(int) for k in range(3))
        y = ((4899 * r + 9617 * g + 1868 * b + 8192) >> 14).astype(np.uint8)
        change = cv2.createCLAHE(3, (8, 8)).apply(y).astype(int) - y
        return np.clip(x + change[..., None], 0, 255)
    if name == "blur":
        return cv2.GaussianBlur(x, (13, 13), 1.7, borderType=cv2.BORDER_REFLECT_101)
    if name == "motion":
        return cv2.filter2D(x, -1, np.full((1, 9), 1 / 9), borderType=cv2.BORDER_REFLECT_101)
    return table(name, x)


for a, one, b, two in pictures():
    h, w = one.shape[:2]
    if kind == "place":
        m, nw, nh = matrix(arg, w, h)
        same_labels(a, b, m, nw, nh)
        same_pixels(one, two, m, nw, nh)
        if arg in ("flip", "flips"):
            assert (two == cv2.flip(one, 1 if arg == "flip" else -1)).all()
    elif kind == "perspective":
        # the matrix is drawn: found again from the outlines' corners, then held against all the rest
        whole = [(n, k) for n, k in zip(notes(src, a), notes(made, b)) if isinstance(n.get("segmentation"), list)]
        if len(notes(made, b)) != 5 or len(whole[0][1]["segmentation"][0]) != 18:
            continue
        p, q = (np.reshape(x["segmentation"][0], (-1, 2)) for x in whole[0])
        rows = []
        for (x, y), (u, v) in zip(p, q):
            rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y, -u], [0, 0, 0, x, y, 1, -v * x, -v * y, -v]]
        m = np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)
        m /= m[2, 2]
        assert abs(m[2, :2]).max() > 1e-7
        want = [moved(n, m, w, h) for n in notes(src, a)]
        for x, y in zip(want, notes(made, b)):
            assert "mask" in x or np.allclose(x["bbox"], y["bbox"], atol=1e-2), (x, y)
        same_pixels(one, two, m, w, h, 3)
    elif kind == "colour":
        d = np.abs(coloured(arg, one) - two)
        assert d.max() <= 1.5, (arg, d.max())
        assert [n["bbox"] for n in notes(src, a)] == [n["bbox"] for n in notes(made, b)]
    elif kind in ("noise", "shot"):
        inner = (one > 60) & (one < 195)
        d = (two.astype(float) - one)[inner]
        s = float(arg) if kind == "noise" else np.sqrt((255 * one[inner].astype(float) / float(arg)).mean())
        assert abs(d.std() / s - 1) < .03 and abs(d.mean()) < .03 * s, (d.std(), s, d.mean())
        assert abs((np.abs(d) > 2 * s).mean() - .0455) < .01
        assert abs(np.corrcoef(d[:-3], d[3:])[0, 1]) < .03
    elif kind == "safe":
        was, now = notes(src, a), notes(made, b)
        whole = [n for n in now for o in was if n["category_id"] == o["category_id"]
                 and np.allclose(n["bbox"][2:], o["bbox"][2:], atol=1e-6)]
        assert len(whole) >= (5 if arg == "all" else 1), (a["file_name"], len(whole))
    elif kind == "union":
        assert [n["bbox"] for n in notes(made, b)[:5]] == [n["bbox"] for n in notes(src, a)]
        assert 5 <= len(notes(made, b)) <= 10 and (two != one).any()
    elif kind == "inside":
        for n in notes(made, b):
            x, y, bw, bh = n["bbox"]
            assert x >= 0 and y >= 0 and x + bw <= b["width"] + 1e-6 and y + bh <= b["height"] + 1e-6, n
            assert bw >= SIDE - 1e-9 and bh >= SIDE - 1e-9, n
