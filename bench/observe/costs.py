#!/usr/bin/env python3
"""What watching costs: user and system time of a run with all of it against one with none, in turns.

  bench/observe/costs.py PROGRAM [--pipeline P.yaml] [--source V] [--duration 20] [--turns 20] [--callgrind]

With all: metrics scraped every second in both forms, three objectives, metrics and every tenth frame's
trace to a collector, a trace file.  Each turn runs both, in random order; the result is the mean of the
paired differences in per cent, and the upper end of its one-sided 95 % interval (Student's t).  Clients and
collector run in this process: their time is not counted.  Take a machine that does nothing else.
--callgrind counts instructions instead (one run each; valgrind)."""
import argparse
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

T95 = [6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753,
       1.746, 1.740, 1.734, 1.729, 1.725, 1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697]
top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    requests = 0

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        Collector.requests += 1
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def scrape(child, counts, over):
    url = None
    for line in child.stderr:
        found = re.search(rb"serving (http://\S+/metrics)", line)
        if found:
            url = found.group(1).decode()
            break

    def go():
        while not over.is_set():
            for accept in ("text/plain", "application/openmetrics-text;version=1.0.0"):
                try:
                    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept}), timeout=10) as a:
                        counts.append(len(a.read()))
                except OSError:
                    return
            over.wait(1)
    if url:
        threading.Thread(target=go, daemon=True).start()
    for _ in child.stderr:
        pass


def one(a, watched, folder, collector, prefix=()):
    """CPU seconds and frames of a run."""
    pipeline = a.pipeline
    options = []
    if watched:
        with open(a.pipeline) as f:
            text = f.read()
        pipeline = os.path.join(folder, "watched.yaml")
        with open(pipeline, "w") as f:
            f.write(text + "\nobjectives: [latency_p99 < 150 ms, completed >= 99 %, detector_alive]\n")
        options = ["--http", ":0", "--otlp", collector, "--trace", os.path.join(folder, "trace.json"),
                   "--state", os.path.join(folder, "state.bin")]
    command = [*prefix, a.program, "run", pipeline, "--duration", str(a.duration), "--quiet", "--json", *options]
    if a.source:
        command += ["--source", a.source]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=top)
    counts, over = [], threading.Event()
    thread = threading.Thread(target=scrape, args=(child, counts, over))
    thread.start()
    out = child.stdout.read()
    thread.join()
    over.set()
    _, status, use = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        sys.exit(f"{' '.join(command)}: exit {status}")
    if watched and not prefix and not (counts and Collector.requests):
        sys.exit("nobody watched: no page, no export")
    return use.ru_utime + use.ru_stime, json.loads(out)["completed"]


def instructions(a, folder, collector):
    for watched in (False, True):
        file = os.path.join(folder, f"callgrind.{watched}")
        one(a, watched, folder, collector, ("valgrind", "--tool=callgrind", f"--callgrind-out-file={file}"))
        with open(file) as f:
            n = int(re.search(r"^(?:summary|totals): (\d+)", f.read(), re.M).group(1))
        print(f"{'with' if watched else 'without'}: {n} instructions")
        if watched:
            print(f"{100 * (n / first - 1):+.3f} %")
        first = n


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("--pipeline", default=os.path.join(top, "pipelines/street.yaml"))
    p.add_argument("--source")
    p.add_argument("--duration", type=float, default=20)
    p.add_argument("--turns", type=int, default=20)
    p.add_argument("--callgrind", action="store_true")
    a = p.parse_args()
    a.program = os.path.abspath(a.program)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    collector = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory() as folder:
        if a.callgrind:
            return instructions(a, folder, collector)
        one(a, True, folder, collector)  # warm
        ratios = []
        for turn in range(a.turns):
            order = [False, True]
            random.shuffle(order)
            cost = {}
            for watched in order:
                seconds, frames = one(a, watched, folder, collector)
                cost[watched] = seconds / frames
            ratios.append(100 * (cost[True] / cost[False] - 1))
            print(f"turn {turn + 1}: without {1e3 * cost[False]:.3f} ms a frame, with {1e3 * cost[True]:.3f}, {ratios[-1]:+.2f} %", flush=True)
        n = len(ratios)
        mean = sum(ratios) / n
        error = math.sqrt(sum((r - mean) ** 2 for r in ratios) / (n - 1) / n) if n > 1 else math.inf
        upper = mean + (T95[n - 2] if n - 2 < len(T95) else 1.69) * error
        print(f"{n} turns: {mean:+.3f} %, upper end of 95 %: {upper:+.3f} %")
        sys.exit(upper > 1.0)


main()
