#!/usr/bin/env python3
"""soak.py PROGRAM [--minutes N] [--cameras N] [--seed N] [--json]

Runs `ocellus run --control` with several RTSP cameras of GStreamer's for N minutes while things go
wrong: cameras are killed, stopped and started again, streams added, removed, paused and given other
settings.  Then tells how memory, threads and descriptors went over the second half of the time.

Runs of less than ten minutes are not judged by their memory, which grows at first.
Exit status 0: flat; 1: something grew, a frame is missing in the books, or the run failed; 77: no
GStreamer, plug-in or network here."""
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CAMERA = os.path.join(TOP, "tests", "tools", "rtsp_camera.py")
MODEL = os.path.join(TOP, "..", "shared", "models", "yolox_nano_416.onnx")
SLOPE_MAX = 64.0  # kB a minute over the second half
JUDGED_FROM = 10  # minutes: before that, memory still grows to what it needs at most


class Camera:
    def __init__(self, port):
        self.port, self.process = port, None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", CAMERA, str(self.port), "10"], stdout=subprocess.PIPE, text=True
        )
        if self.process.stdout.readline().strip() != "ready":
            print("skipped: GStreamer's RTSP server is not here")
            sys.exit(77)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def url(self):
        return f"rtsp://127.0.0.1:{self.port}/cam"


def ask(path, program, *words):
    done = subprocess.run([program, "ctl", path, *words, "--json"], capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError:
        return {"ok": False, "error": done.stderr.strip()}


def measure(pid):
    with open(f"/proc/{pid}/statm") as f:
        rss = int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024
    return rss, len(os.listdir(f"/proc/{pid}/task")), len(os.listdir(f"/proc/{pid}/fd"))


def slope(points):
    """Least squares: y a unit of x."""
    n = len(points)
    mx, my = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    over = sum((x - mx) ** 2 for x, _ in points)
    return sum((x - mx) * (y - my) for x, y in points) / over if over else 0.0


def disturb(rng, cameras, control, program, counts):
    """One thing goes wrong, or is changed.  Gives back what, and what undoes it."""
    camera = rng.choice(cameras[1:])
    what = rng.choice(["cut", "stall", "add", "pause", "set", "set"])
    counts[what] = counts.get(what, 0) + 1
    if what == "cut":
        camera.kill()
        return camera.start
    if what == "stall":
        camera.process.send_signal(signal.SIGSTOP)
        return lambda: camera.process.send_signal(signal.SIGCONT)
    if what == "add":
        ask(control, program, "add", json.dumps({"name": "extra", "source": {"url": camera.url()}}))
        return lambda: ask(control, program, "remove", "extra")
    if what == "pause":
        name = f"c{rng.randrange(1, len(cameras))}"
        ask(control, program, "pause", name)
        return lambda: ask(control, program, "resume", name)
    settings = {"detect": {"every": rng.randrange(10, 40)}}
    if rng.random() < 0.5:
        settings["zones"] = [{"name": "z", "corners": [[0, 0], [1, 0], [1, rng.uniform(0.2, 1)]]}]
    ask(control, program, "set", f"c{rng.randrange(1, len(cameras))}", json.dumps(settings))
    return lambda: None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--cameras", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--samples", metavar="F.csv", help="keep minutes, rss_kb, threads, descriptors")
    a = parser.parse_args()
    if not os.path.exists(MODEL):
        print("skipped: no network in ../shared")
        return 77
    rng = random.Random(a.seed)
    os.environ.setdefault("OCELLUS_MODELS", os.path.join(TOP, "models"))
    folder = tempfile.mkdtemp(prefix="ocellus-soak-")
    control = os.path.join(folder, "s.sock")
    base = 21000 + os.getpid() % 10000
    cameras = [Camera(base + i) for i in range(a.cameras)]
    pipeline = {
        "name": "soak",
        "detect": {"network": "yolox-nano", "model": MODEL, "every": 20},
        "source": {"timeout": "1s", "retry": "100ms", "retry_max": "500ms"},
        "streams": [{"name": f"c{i}", "source": {"url": c.url()}} for i, c in enumerate(cameras)],
    }
    pipeline["streams"][0]["queue"] = {"drop": "none", "length": 16}  # nobody's trouble is its
    path = os.path.join(folder, "soak.yaml")
    with open(path, "w") as f:
        json.dump(pipeline, f)
    run = subprocess.Popen(
        [a.program, "run", path, "--control", control, "--quiet", "--json"],
        stdout=open(os.path.join(folder, "run.json"), "w"),
        stderr=open(os.path.join(folder, "run.txt"), "w"),
    )
    samples, counts, unbalanced, undo = [], {}, 0, None
    begin = time.time()
    end = begin + 60 * a.minutes
    try:
        while time.time() < end and run.poll() is None:
            time.sleep(rng.uniform(0.5, 3))
            if undo:
                undo()
                undo = None
                time.sleep(1)
                continue
            listed = ask(control, a.program, "list")
            for s in listed.get("streams", []):
                total = s["completed"] + s["in_flight"] + sum(s["dropped"].values())
                unbalanced += s["captured"] != total
            samples.append(((time.time() - begin) / 60, *measure(run.pid)))
            undo = disturb(rng, cameras, control, a.program, counts)
        died = run.poll() is not None
        if undo:
            undo()
        ask(control, a.program, "stop")
        status = run.wait(60)
    finally:
        if run.poll() is None:
            run.kill()
        for c in cameras:
            c.process.send_signal(signal.SIGCONT)
            c.kill()
    if a.samples:
        with open(a.samples, "w") as f:
            f.writelines(",".join(map(str, s)) + "\n" for s in samples)
    half = samples[len(samples) // 2 :]
    with open(os.path.join(folder, "run.json")) as f:
        text = f.read()
    summary = json.loads(text) if text.strip() else {"streams": []}
    calm = next((s for s in summary["streams"] if s.get("pipeline") == "c0"), {})
    result = {
        "minutes": round((time.time() - begin) / 60, 2),
        "disturbances": counts,
        "captured": summary.get("captured", 0),
        "rss_kb": {"first": samples[0][1], "half": half[0][1], "last": samples[-1][1]},
        "rss_kb_a_minute": round(slope([(t, r) for t, r, _, _ in half]), 2),
        "threads": {"most": max(s[2] for s in half), "slope": round(slope([(s[0], s[2]) for s in half]), 3)},
        "descriptors": {"most": max(s[3] for s in half), "slope": round(slope([(s[0], s[3]) for s in half]), 3)},
        "unbalanced": unbalanced,
        "calm_stream_dropped": calm.get("dropped", {}),
        "exit": status,
    }
    lost = sum(n for reason, n in result["calm_stream_dropped"].items() if reason != "stopped")
    good = not died and status == 0 and unbalanced == 0 and lost == 0
    good = good and (a.minutes < JUDGED_FROM or result["rss_kb_a_minute"] < SLOPE_MAX)
    good = good and abs(result["threads"]["slope"]) < 0.5 and abs(result["descriptors"]["slope"]) < 1
    result["good"] = good
    print(json.dumps(result) if a.json else "\n".join(f"{k:22} {v}" for k, v in result.items()))
    if good:
        shutil.rmtree(folder)
    else:
        print(f"the run's messages: {folder}/run.txt", file=sys.stderr)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
