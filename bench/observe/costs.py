#!/usr/bin/env python3
"""What watching costs: user and system time of a run with all of it against one with none, in turns.

  bench/observe/costs.py PROGRAM [--pipeline P.yaml] [--source V] [--duration 20] [--turns 20] [--minutes 18]
  bench/observe/costs.py PROGRAM --callgrind [--duration 4]

With all: metrics scraped every second in both forms (one of them in gzip), three objectives and their file, metrics
every ten seconds and every tenth frame's trace to a collector, a trace file, drift against a learned reference, alerts
to a file, a log in JSON.  Each turn runs both, in random order, over the same frames; the result is the mean of the
paired differences in per cent and the upper end of its one-sided 95 % interval, by Student's t and by bootstrap; exit 1
where Student's is above 1 %.  Clients and collector run in this process: their time is not counted.  The whole takes
--minutes at most: where the first runs tell that the turns would not fit, each is made shorter.  Take a machine that
does nothing else.

--callgrind counts instructions instead (valgrind; one run each).  Its time runs sixty times as slowly, so that who
watches by the clock looks sixty times less often."""
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
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOWER = 60  # under valgrind
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


def scrape(child, pages, over, period):
    """Reads the child's stderr to its end; once it serves, its pages."""
    forms = [{"Accept": "text/plain"}, {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}]

    def go(url):
        while not over.is_set():
            for headers in forms:
                try:
                    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=100) as a:
                        pages.append(len(a.read()))
                except OSError:
                    return
            over.wait(period)
    for line in child.stderr:
        found = re.search(rb"serving (http://\S+/metrics)", line)
        if found:
            threading.Thread(target=go, args=(found.group(1).decode(),), daemon=True).start()


class Bench:
    def __init__(self, a, folder, collector):
        self.a, self.folder, self.collector = a, folder, collector
        self.pages = 0
        with open(a.pipeline) as f:
            text = f.read()
        with open(self.path("watched.yaml"), "w") as f:
            f.write(text + "\nobjectives: [latency_p99 < 150 ms, completed >= 99 %, detector_alive]\n")

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, pipeline, options, watched=False, prefix=(), env=None, period=1):
        """CPU seconds and frames of a run."""
        a = self.a
        command = [*prefix, a.program, "run", pipeline, "--duration", str(a.duration), "--quiet", "--json", *options]
        if a.source:
            command += ["--source", a.source]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=top,
                                 env={**os.environ, **(env or {})})
        pages, over, before = [], threading.Event(), Collector.requests
        thread = threading.Thread(target=scrape, args=(child, pages, over, period))
        thread.start()
        out = child.stdout.read()
        thread.join()
        over.set()
        _, status, use = os.wait4(child.pid, 0)
        child.returncode = status
        if status:
            sys.exit(f"{' '.join(command)}: exit {status}")
        if watched and not (pages and Collector.requests > before):
            sys.exit("nobody watched: no page, no export")
        self.pages += len(pages)
        return use.ru_utime + use.ru_stime, json.loads(out)["completed"]

    def one(self, watched, prefix=(), slower=1):
        if not watched:
            return self.run(self.a.pipeline, [], prefix=prefix)
        return self.run(self.path("watched.yaml"),
                        ["--http", "127.0.0.1:0", "--otlp", self.collector, "--trace", self.path("trace.json"),
                         "--state", self.path("state.bin"), "--drift", self.path("drift.json"),
                         "--alerts", self.path("alerts.jsonl"), "--log", "json"], True, prefix,
                        {"OTEL_METRIC_EXPORT_INTERVAL": str(10000 * slower)}, slower)

    def learn(self):
        """Warms up, and makes the reference for drift."""
        self.run(self.a.pipeline, ["--drift-learn", self.path("drift.json"),
                                   "--drift-window", str(max(1, self.a.duration / 4))])


def instructions(bench):
    count = {}
    for watched in (False, True):
        file = bench.path(f"callgrind.{watched}")
        bench.one(watched, ("valgrind", "--tool=callgrind", f"--callgrind-out-file={file}"), SLOWER)
        with open(file) as f:
            count[watched] = int(re.search(r"^(?:summary|totals): (\d+)", f.read(), re.M).group(1))
        print(f"{'with' if watched else 'without'}: {count[watched]} instructions", flush=True)
        if watched and bench.a.keep:
            os.replace(file, bench.a.keep)
    print(f"{100 * (count[True] / count[False] - 1):+.3f} % instructions")


def bootstrap(values, n=10000):
    """The upper end of the one-sided 95 % interval of the mean."""
    means = sorted(sum(random.choices(values, k=len(values))) / len(values) for _ in range(n))
    return means[int(0.95 * n)]


def turns(bench):
    a, start = bench.a, time.monotonic()
    begun = time.monotonic()
    for watched in (False, True):
        bench.one(watched)
    pair = time.monotonic() - begun
    if pair * a.turns > 60 * a.minutes:
        a.duration = max(2.0, a.duration * 60 * a.minutes / (pair * a.turns) * 0.9)
        print(f"a pair takes {pair:.1f} s: {a.turns} turns of {a.duration:.1f} s of video instead", flush=True)
        bench.learn()
    ratios = []
    for turn in range(a.turns):
        cost = {}
        for watched in random.sample([False, True], 2):
            seconds, frames = bench.one(watched)
            cost[watched] = seconds / frames
        ratios.append(100 * (cost[True] / cost[False] - 1))
        gone = (time.monotonic() - start) / 60
        print(f"turn {turn + 1} of {a.turns}: without {1e3 * cost[False]:.3f} ms a frame, with {1e3 * cost[True]:.3f}, "
              f"{ratios[-1]:+.2f} %; {gone:.1f} min", flush=True)
    return ratios


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program")
    p.add_argument("--pipeline", default=os.path.join(top, "pipelines/street.yaml"))
    p.add_argument("--source")
    p.add_argument("--duration", type=float, help="seconds of video a run (20; 4 with --callgrind)")
    p.add_argument("--turns", type=int, default=20)
    p.add_argument("--minutes", type=float, default=18)
    p.add_argument("--callgrind", action="store_true")
    p.add_argument("--keep", metavar="FILE", help="callgrind's profile of the run with all of it")
    a = p.parse_args()
    a.program = os.path.abspath(a.program)
    a.pipeline = os.path.abspath(a.pipeline)
    a.duration = a.duration or (4 if a.callgrind else 20)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(a, folder, f"http://127.0.0.1:{server.server_port}")
        print("with: /metrics every second in both forms, OTLP every 10 s and every 10th frame's trace, trace file, "
              "3 objectives, drift, alerts, log in JSON", flush=True)
        bench.learn()
        if a.callgrind:
            return instructions(bench)
        ratios = turns(bench)
        n, mean = len(ratios), sum(ratios) / len(ratios)
        error = math.sqrt(sum((r - mean) ** 2 for r in ratios) / (n - 1) / n) if n > 1 else math.inf
        upper = mean + (T95[n - 2] if 2 <= n < len(T95) + 2 else 1.697) * error
        print(f"{n} turns, {bench.pages} pages, {Collector.requests} exports: {mean:+.3f} %, "
              f"upper end of 95 %: {upper:+.3f} % (bootstrap {bootstrap(ratios):+.3f} %)")
        sys.exit(upper > 1.0)


main()
