"""Exports to a collector that takes all, is busy, says no, rejects a part, lies, is not there; trace files.

usage: t_otlp.py PROGRAM PIPELINE"""
import json
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from live import Run, expect, fault, finish, wait_for

program, pipeline = sys.argv[1:3]


class Collector:
    """Answers each request by `script(path, n)`: status, headers, body; keeps what it took."""

    def __init__(self, script):
        self.taken, self.seen = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((time.monotonic(), self.path, dict(self.headers), body))
                code, headers, answer = script(self.path, len(outer.seen))
                if code == 200:
                    outer.taken.append((self.path, json.loads(body)))
                self.send_response(code)
                for key, value in headers.items():
                    self.send_header(key, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                try:
                    self.wfile.write(answer)
                except OSError:
                    pass

            def log_message(self, *_):
                pass
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def run_with(url, frames=30, *options):
    run = Run(program, pipeline, "--otlp", url, "--otlp-every", "1", *options)
    run.feed(frames)
    return run


def sums(run, name):
    return {k: v for k, v in run.values().items() if k.startswith("ocellus_otlp_" + name)}


def camel(thing, path=""):
    if isinstance(thing, dict):
        for key, value in thing.items():
            expect(re.fullmatch(r"[a-z][a-zA-Z0-9]*", key), f"key {path}.{key}")
            camel(value, f"{path}.{key}")
    elif isinstance(thing, list):
        for value in thing:
            camel(value, path)


def is_u64(text):
    return isinstance(text, str) and re.fullmatch(r"\d+", text) and int(text) < 1 << 64


def check_metrics(doc):
    camel(doc)
    (resource,) = doc["resourceMetrics"]
    names = {a["key"]: a["value"] for a in resource["resource"]["attributes"]}
    expect(names["service.name"] == {"stringValue": "ocellus"}, "service.name")
    metrics = {m["name"]: m for m in resource["scopeMetrics"][0]["metrics"]}
    expect(len(metrics) == len(resource["scopeMetrics"][0]["metrics"]), "a metric twice")
    now = time.time_ns()
    for m in metrics.values():
        (kind,) = set(m) & {"sum", "gauge", "histogram"}
        if kind != "gauge":
            expect(m[kind]["aggregationTemporality"] == 2, f"{m['name']}: temporality is a number")
        for p in m[kind]["dataPoints"]:
            expect(is_u64(p["timeUnixNano"]) and abs(int(p["timeUnixNano"]) - now) < 60e9, f"{m['name']}: time")
            expect(is_u64(p["startTimeUnixNano"]), f"{m['name']}: start")
            if kind == "histogram":
                expect(is_u64(p["count"]) and all(is_u64(n) for n in p["bucketCounts"]), f"{m['name']}: counts are text")
                expect(len(p["bucketCounts"]) == len(p["explicitBounds"]) + 1, f"{m['name']}: bounds")
                expect(sum(map(int, p["bucketCounts"])) == int(p["count"]), f"{m['name']}: sum of buckets")
            else:
                expect(("asInt" in p) != ("asDouble" in p), f"{m['name']}: one value")
                expect(is_u64(p.get("asInt", "0")) and not isinstance(p.get("asDouble", 0), str), f"{m['name']}: value")
    return metrics


def check_traces(doc):
    camel(doc)
    spans = doc["resourceSpans"][0]["scopeSpans"][0]["spans"]
    roots = {s["traceId"]: s for s in spans if "parentSpanId" not in s}
    for s in spans:
        expect(re.fullmatch(r"[0-9a-f]{32}", s["traceId"]) and re.fullmatch(r"[0-9a-f]{16}", s["spanId"]), "ids are hex")
        expect(is_u64(s["startTimeUnixNano"]) and int(s["startTimeUnixNano"]) <= int(s["endTimeUnixNano"]), "times")
        root = roots[s["traceId"]]
        expect(s is root or s["parentSpanId"] == root["spanId"], "parent")
        expect(int(root["startTimeUnixNano"]) <= int(s["startTimeUnixNano"]), f"{s['name']} before its frame")
    expect(len({s["spanId"] for s in spans}) == len(spans), "a span's id twice")
    return list(roots.values()), spans


def takes_all():
    c = Collector(lambda path, n: (200, {"Content-Type": "application/json"}, b'{"partialSuccess":{}}'))
    run = run_with(c.url)
    wait_for("frames", lambda: run.values().get('ocellus_frames_completed_total{stream="watched"}') == 30)
    run.stop()
    paths = {path for path, _ in c.taken}
    expect(paths == {"/v1/metrics", "/v1/traces"}, f"paths {paths}")
    expect(all(h["Content-Type"] == "application/json" for _, _, h, _ in c.seen), "content type")
    metrics = [check_metrics(doc) for path, doc in c.taken if path == "/v1/metrics"][-1]
    done = metrics["ocellus_frames_completed"]["sum"]
    expect(done["isMonotonic"] and done["dataPoints"][0]["asInt"] == "30", f"completed: {done}")
    expect(metrics["ocellus_frame_latency_seconds"]["histogram"]["dataPoints"][0]["count"] == "30", "latency")
    expect(metrics["ocellus_frame_latency_seconds"]["unit"] == "s", "unit")
    frames, names = [], set()
    for path, doc in c.taken:
        if path == "/v1/traces":
            roots, spans = check_traces(doc)
            names |= {s["name"] for s in spans}
            frames += [a["value"]["intValue"] for r in roots for a in r["attributes"] if a["key"] == "ocellus.frame"]
    expect(sorted(map(int, frames)) == list(range(30)), f"frames traced: {frames}")
    expect({"frame", "decode", "wait", "prepare", "detect", "boxes", "track", "events"} <= names, f"spans: {names}")
    c.close()


def busy_then_well():
    """429 with Retry-After, 503 without: tried again, not sooner than told, nothing lost."""
    c = Collector(lambda path, n: (429, {"Retry-After": "3"}, b"") if n == 1 else (503, {}, b"") if n == 2 else (200, {}, b"{}"))
    run = run_with(c.url, 8)
    wait_for("a success", lambda: len(c.taken) >= 1, 60)
    expect(c.seen[1][0] - c.seen[0][0] >= 2.9, f"tried again after {c.seen[1][0] - c.seen[0][0]:.2f} s")
    expect(c.seen[2][0] - c.seen[1][0] >= 0.9, f"then after {c.seen[2][0] - c.seen[1][0]:.2f} s")
    expect(c.seen[0][3] == c.seen[1][3] == c.seen[2][3], "another request is tried")
    expect(sum(sums(run, "exports_total").values()) >= 3, "exports are not counted")
    run.stop()
    c.close()


def says_no():
    """400, 500 and a redirect are final; a partial success is not sent again, and counted."""
    for code in (400, 500, 302, 404):
        c = Collector(lambda path, n, code=code: (code, {"Location": "http://127.0.0.1:1/", "Retry-After": "1"}, b"no"))
        run = run_with(c.url, 4)
        wait_for("a refusal", lambda: sum(v for k, v in sums(run, "dropped_total").items() if "refused" in k) >= 1)
        time.sleep(1.5)
        expect(len({body for _, _, _, body in c.seen}) == len(c.seen), f"{code}: sent again")
        run.stop()
        expect(any("refuses" in line for line in run.log), f"{code}: no word of it")
        c.close()
    c = Collector(lambda path, n: (200, {}, b'{"partialSuccess":{"rejectedSpans":"7","errorMessage":"too \\"many\\""}}'))
    run = run_with(c.url, 4)
    wait_for("rejected spans", lambda: sum(v for k, v in sums(run, "dropped_total").items() if "rejected" in k) >= 7)
    expect(len(c.seen) == len({body for _, _, _, body in c.seen}), "a partial success is sent again")
    run.stop()
    c.close()


def lies():
    """Answers that are nonsense, huge or odd; a run does not mind, and ends soon."""
    for answer in (b"not json", b"[" * 60000, b"x" * 5000000, b'{"partialSuccess":{"rejectedSpans":-5}}',
                   b'{"partialSuccess":{"rejectedSpans":"1e400"}}', b'{"partialSuccess":[]}'):
        c = Collector(lambda path, n: (200, {}, answer))
        run = run_with(c.url, 4)
        wait_for(f"a request", lambda: len(c.seen) >= 1)
        start = time.monotonic()
        code, _ = run.stop()
        expect(code == 0 and time.monotonic() - start < 20, f"{answer[:20]!r}: exit {code}")
        c.close()
    c = Collector(lambda path, n: (503, {"Retry-After": "99999999999999999999"}, b""))
    run = run_with(c.url, 4)
    wait_for("a request", lambda: len(c.seen) >= 1)
    code, _ = run.stop()
    expect(code == 0, f"Retry-After without end: exit {code}")
    c.close()


def nobody_there():
    run = run_with("http://127.0.0.1:9", 10)
    wait_for("a retry", lambda: sum(v for k, v in sums(run, "exports_total").items() if "retried" in k) >= 1)
    wait_for("frames", lambda: run.values().get('ocellus_frames_completed_total{stream="watched"}') == 10)
    start = time.monotonic()
    code, out = run.stop()
    expect(code == 0 and json.loads(out)["completed"] == 10 and time.monotonic() - start < 20, f"exit {code}")
    for url in ("ftp://x", "collector:4318", "http://a b", ""):
        said = subprocess.run([program, "run", pipeline, "--source", "pipe:0", "--otlp", url],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        expect(said.returncode in (2, 3) and "--otlp" in said.stderr, f"{url}: {said.returncode} {said.stderr}")


def trace_file():
    run = Run(program, pipeline, "--trace", "trace.json")
    run.feed(12)
    run.stop()
    with open("trace.json") as f:
        events = json.load(f)["traceEvents"]
    threads = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e["name"] == "thread_name"}
    expect(set(threads.values()) == {"capture", "work"}, f"threads {threads}")
    starts = {e["id"]: e for e in events if e["ph"] == "s"}
    ends = {e["id"]: e for e in events if e["ph"] == "f"}
    expect(len(starts) == 12 and set(starts) == set(ends), f"{len(starts)} flows begin, {len(ends)} end")
    for i, s in starts.items():
        expect(s["tid"] != ends[i]["tid"] and s["ts"] <= ends[i]["ts"], "a flow goes from capture to work")
    slices = [e for e in events if e["ph"] == "X"]
    for e in slices + list(starts.values()) + list(ends.values()):
        if e["ph"] != "X":  # a flow's end binds to a slice that is open there
            held = [x for x in slices if x["tid"] == e["tid"] and x["ts"] <= e["ts"] <= x["ts"] + x["dur"]]
            expect(held, f"flow {e} outside of every slice")
    frames = [e for e in slices if e["name"] == "frame"]
    for e in slices:
        if e["tid"] == frames[0]["tid"] and e["name"] != "frame":
            expect(any(f["args"]["frame"] == e["args"]["frame"] and f["ts"] <= e["ts"] + 0.01 and
                       e["ts"] + e["dur"] <= f["ts"] + f["dur"] + 0.01 for f in frames), f"{e} outside of its frame")
    for option in ("--trace", "--drift-learn"):
        said = subprocess.run([program, "run", pipeline, "--source", "pipe:0", option, "/proc/no/such.json"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        expect(said.returncode == 3 and "no/such.json" in said.stderr, f"{option} without a place: {said.stderr}")


for step in (takes_all, busy_then_well, says_no, lies, nobody_there, trace_file):
    step()
finish()
