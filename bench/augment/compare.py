"""Steps of `ocellus data augment` beside the same done with OpenCV for Python, on one core.

  chrt -f 20 /usr/bin/python3 bench/augment/compare.py AUGMENT_BENCH PICTURE [ROUNDS]

Both take the decoded picture; decoding and encoding are not counted.  Rounds alternate, the figure is the ratio of
medians: above 1, Ocellus is quicker."""
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

cv2.setNumThreads(1)


def affine(a, scale=.9, turn=25, back=cv2.INTER_LINEAR):
    h, w = a.shape[:2]
    m = cv2.getRotationMatrix2D((w / 2, h / 2), -turn, scale)
    return cv2.warpAffine(a, m, (w, h), flags=back, borderMode=cv2.BORDER_CONSTANT, borderValue=(114, 114, 114))


def perspective(a):
    h, w = a.shape[:2]
    q = np.float32([[0, 0], [w, 0], [w, h], [0, h]])
    m = cv2.getPerspectiveTransform(q, q + np.float32([[20, 30], [-40, 10], [15, -25], [-10, 5]]))
    return cv2.warpPerspective(a, m, (w, h), borderMode=cv2.BORDER_CONSTANT, borderValue=(114, 114, 114))


def hsv(a):
    h, s, v = cv2.split(cv2.cvtColor(a, cv2.COLOR_BGR2HSV))
    x = np.arange(256, dtype=np.float64)
    h = cv2.LUT(h, ((x + 10) % 180).astype(np.uint8))
    s = cv2.LUT(s, np.clip(x * 1.3, 0, 255).astype(np.uint8))
    v = cv2.LUT(v, np.clip(x * .9, 0, 255).astype(np.uint8))
    return cv2.cvtColor(cv2.merge((h, s, v)), cv2.COLOR_HSV2BGR)


def gamma(a):
    return cv2.LUT(a, np.round(255 * (np.arange(256) / 255) ** .7).astype(np.uint8))


def brightness(a):
    return cv2.convertScaleAbs(a, alpha=1.2, beta=10)


def white_balance(a):
    x = np.arange(256)
    t = np.stack([np.clip(np.round(x * k), 0, 255) for k in (.9, 1.05, 1.1)], -1).astype(np.uint8)
    return cv2.LUT(a, t.reshape(1, 256, 3))


def clahe(a):
    y = cv2.cvtColor(a, cv2.COLOR_BGR2YCrCb)
    y[..., 0] = cv2.createCLAHE(3, (8, 8)).apply(y[..., 0])
    return cv2.cvtColor(y, cv2.COLOR_YCrCb2BGR)


def motion(a):
    k = np.zeros((21, 21), np.float32)
    cv2.line(k, (1, 5), (19, 15), 1)
    return cv2.filter2D(a, -1, k / k.sum())


def defocus(a, r=5):
    k = np.zeros((2 * r + 1, 2 * r + 1), np.float32)
    cv2.circle(k, (r, r), r, 1, -1)
    return cv2.filter2D(a, -1, k / k.sum())


def gaussian_noise(a):
    n = np.empty(a.shape, np.int16)
    cv2.randn(n, 0, 10)
    return cv2.add(a, n, dtype=cv2.CV_8U)


def shot_noise(a):  # the same approximation by normal deviates
    x = a.astype(np.float32)
    n = np.empty(a.shape, np.float32)
    cv2.randn(n, 0, 1)
    return cv2.convertScaleAbs(x + n * cv2.sqrt(x * np.float32(255 / 300)))


def jpeg(a):
    return cv2.imdecode(cv2.imencode(".jpg", a, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_COLOR)


def resize(w, h):
    return lambda a: cv2.resize(a, (w, h), interpolation=cv2.INTER_LINEAR)


def blend(*steps):
    def chain(a):
        for s in steps:
            a = s(a)
        return a
    return chain


AFFINE, PERSPECTIVE = "affine: {scale: 0.9, rotate: 25}", "perspective: {amount: [0.05, 0.06]}"
HSV, GAMMA = "hsv: {hue: 20, saturation: 1.3, value: 0.9}", "gamma: {gamma: 0.7}"
BRIGHT, WHITE = "brightness: {add: 0.04, contrast: 1.2}", "white_balance: {warmth: 0.1, tint: 0.05}"
CASES = [
    ("flip", ["flip: {}"], lambda a: cv2.flip(a, 1)),
    ("flip, vertical", ["flip: {axis: vertical}"], lambda a: cv2.flip(a, 0)),
    ("crop", ["crop: {scale: 0.8}"], lambda a: a[20:-20, 20:-20].copy()),
    ("resize, smaller", ["resize: {width: 400, height: 300}"], resize(400, 300)),
    ("resize, larger", ["resize: {width: 640, height: 600}"], resize(640, 600)),
    ("affine", [AFFINE], affine),
    ("perspective", [PERSPECTIVE], perspective),
    ("hsv", [HSV], hsv),
    ("gamma", [GAMMA], gamma),
    ("white_balance", [WHITE], white_balance),
    ("brightness", [BRIGHT], brightness),
    ("clahe", ["clahe: {clip: 3}"], clahe),
    ("gaussian_blur, sigma 1", ["gaussian_blur: {sigma: 1}"], lambda a: cv2.GaussianBlur(a, (7, 7), 1)),
    ("gaussian_blur, sigma 3", ["gaussian_blur: {sigma: 3}"], lambda a: cv2.GaussianBlur(a, (19, 19), 3)),
    ("motion_blur", ["motion_blur: {length: 21, angle: 30}"], motion),
    ("defocus, radius 2", ["defocus: {radius: 2}"], lambda a: defocus(a, 2)),
    ("defocus, radius 5", ["defocus: {radius: 5}"], defocus),
    ("gaussian_noise", ["gaussian_noise: {sigma: 10}"], gaussian_noise),
    ("shot_noise", ["shot_noise: {photons: 300}"], shot_noise),
    ("jpeg", ["jpeg: {quality: 50}"], jpeg),
    ("flip, affine, perspective, hsv, gamma, brightness", ["flip: {}", AFFINE, PERSPECTIVE, HSV, GAMMA, BRIGHT],
     blend(lambda a: cv2.flip(a, 1), affine, perspective, hsv, gamma, brightness)),
    ("flip, affine, gamma, brightness", ["flip: {}", AFFINE, GAMMA, BRIGHT],
     blend(lambda a: cv2.flip(a, 1), affine, gamma, brightness)),
    ("affine, perspective, white_balance, gamma", [AFFINE, PERSPECTIVE, WHITE, GAMMA],
     blend(affine, perspective, white_balance, gamma)),
    ("flip, affine, hsv, brightness", ["flip: {}", AFFINE, HSV, BRIGHT],
     blend(lambda a: cv2.flip(a, 1), affine, hsv, brightness)),
]


def ours(program, picture, steps, runs):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write("steps:\n" + "".join(f"  - {s}\n" for s in steps))
        f.flush()
        out = subprocess.run([program, picture, f.name, str(runs)], check=True, capture_output=True, text=True)
    return int(out.stdout) / 1e6


def theirs(picture, chain, runs):
    took = []
    for _ in range(runs):
        a = picture.copy()
        begin = time.perf_counter()
        chain(a)
        took.append(time.perf_counter() - begin)
    return statistics.median(took) * 1e3


def main():
    program, path = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    picture = cv2.imread(path)
    print(f"{picture.shape[1]}x{picture.shape[0]}, OpenCV {cv2.__version__}, one thread, {rounds} rounds of 15 runs")
    for name, steps, chain in CASES:
        a, b = [], []
        for _ in range(rounds):
            a.append(ours(program, path, steps, 15))
            b.append(theirs(picture, chain, 15))
        a, b = statistics.median(a), statistics.median(b)
        print(f"{name:52s} {a:8.3f} ms   OpenCV {b:8.3f} ms   x{b / a:.2f}")


main()
