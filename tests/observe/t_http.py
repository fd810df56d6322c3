"""What `ocellus run --http` serves, and what clients of every kind do not bring down.

usage: t_http.py PROGRAM PIPELINE"""
import http.client
import json
import shutil
import socket
import subprocess
import threading
import time

import sys
import openmetrics
from live import Run, expect, fault, finish, wait_for

program, pipeline = sys.argv[1:3]
OPEN = "application/openmetrics-text; version=1.0.0"


def readiness(run):
    code, _, body = run.get("/ready")
    expect(code == 503 and json.loads(body)["ready"] is False, f"/ready before a frame: {code} {body}")
    expect(run.get("/live")[0] == 200, "/live before a frame")
    run.feed_on()
    wait_for("/ready", lambda: run.get("/ready")[0] == 200)
    body = json.loads(run.get("/ready")[2])
    expect(body == {"streams": [{"stream": "watched", "state": "delivers"}], "ready": True}, f"/ready: {body}")


def pages(run):
    code, headers, page = run.get("/metrics")
    expect(code == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), "classic type")
    if shutil.which("promtool"):
        said = subprocess.run(["promtool", "check", "metrics"], input=page, text=True, capture_output=True)
        expect(said.returncode == 0 and not said.stdout + said.stderr, f"promtool: {said.stdout}{said.stderr}")
    code, headers, page = run.get("/metrics", accept=OPEN)
    expect(headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0"), "open type")
    for text in openmetrics.check(page)[:10]:
        fault("OpenMetrics: " + text)
    expect(openmetrics.check(page.replace("_total ", "_count ", 1)), "the checker finds nothing wrong with a wrong page")
    code, headers, body = run.get("/metrics", method="HEAD")
    expect(code == 200 and body == "" and int(headers["Content-Length"]) > 1000, "HEAD")
    expect(run.get("/")[0] == 200 and run.get("/nowhere")[0] == 404, "index, 404")
    expect(run.get("/metrics/../../etc/passwd")[0] == 404, "a path that climbs")


def counts_add_up(run):
    before = -1
    for _ in range(20):
        v = run.values()
        of = lambda name: sum(x for k, x in v.items() if k.startswith("ocellus_frames_" + name + "{"))
        sums = [of("captured_total"), of("completed_total") + of("dropped_total") + of("in_flight")]
        expect(sums[0] == sums[1], f"captured {sums[0]}, the others together {sums[1]}")
        expect(sums[0] >= before, "captured went backwards")
        before = sums[0]
        time.sleep(0.06)
    expect(before > 0, "no frame was captured")
    done = [x for k, x in v.items() if k.startswith("ocellus_jobs_done_total{")]
    expect(len(done) == 1 and done[0] > 0, f"jobs of the scheduler: {done}")
    expect(v["ocellus_scheduler_busy_seconds_total"] > 0, "busy time of the scheduler")
    expect(v['ocellus_sink_events_total{sink="out",kind="jsonl"}'] > 0, "events of a sink")
    expect(v['ocellus_sink_sent_total{sink="out",kind="jsonl"}'] > 0, "events a sink sent")
    expect(v['ocellus_sink_spool_evicted_total{sink="out",kind="jsonl",priority="low"}'] == 0, "evicted by priority")


def answer_to(run, request, seconds=30):
    """The status line, b"" where the connection was closed without one."""
    with run.connect() as s:
        s.settimeout(seconds)
        try:
            s.sendall(request)
            return s.recv(65536).split(b"\r\n")[0]
        except (ConnectionError, socket.timeout) as error:
            return repr(error).encode()


def wrong_requests(run):
    head = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
    for request, codes in [
            (b"GET /metrics\r\n\r\n", [b"400", b"200", b""]),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n", [b"400", b""]),
            (b"GARBAGE\r\n\r\n", [b"400", b"405", b""]),
            (b"GET /metrics HTTP/9.9\r\nHost: x\r\n\r\n", [b"505", b"400", b""]),
            (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", [b"405"]),
            (b"DELETE /metrics HTTP/1.1\r\nHost: x\r\n\r\n", [b"405"]),
            (head + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n", [b"400", b"200", b""]),
            (head + b"Content-Length: -7\r\n\r\n", [b"400", b"200", b""]),
            (head + b"X: " + b"a" * 100000 + b"\r\n\r\n", [b"431", b"413", b"", b"reset"]),
            (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", [b"414", b"431", b"", b"reset"]),
            (head + b"".join(b"X%d: y\r\n" % i for i in range(5000)) + b"\r\n", [b"431", b"413", b"", b"reset"])]:
        line = answer_to(run, request)
        code = line.split(b" ")[1] if line.startswith(b"HTTP/") else b"reset" if b"Reset" in line or b"Pipe" in line else line
        expect(code in codes, f"{request[:40]!r}: {line!r}")
    expect(run.get("/live")[0] == 200, "/live after wrong requests")


def keeps_connections(run):
    c = http.client.HTTPConnection(*run.at, timeout=30)
    for _ in range(3):
        c.request("GET", "/metrics")
        answer = c.getresponse()
        expect(answer.status == 200 and not answer.will_close and answer.read(), "a connection is not kept")
    c.close()


def slow_ones_are_cut(run):
    """Half a request, one that drips, one that never reads its answer."""
    start = time.monotonic()
    half, drip = run.connect(), run.connect()
    half.sendall(b"GET /metrics HT")
    drip.sendall(b"GET /metrics HTTP/1.1\r\n")
    ended = {}

    def dripping():
        try:
            while time.monotonic() - start < 60:
                drip.sendall(b"X: y\r\n")
                time.sleep(0.5)
        except OSError:
            ended["drip"] = time.monotonic() - start
    thread = threading.Thread(target=dripping)
    thread.start()
    half.settimeout(60)
    try:
        while half.recv(4096):
            pass
    except OSError:
        pass
    ended["half"] = time.monotonic() - start
    thread.join()
    for name in ("half", "drip"):
        expect(5 < ended.get(name, 99) < 30, f"{name}: cut after {ended.get(name)} s")
    expect(run.values()["ocellus_http_connections_cut_total"] >= 2, "cut connections are not counted")


def storms(run):
    """Twice as many connections as are taken; then the server still answers, and makes few pages."""
    idle = [run.connect() for _ in range(64)]
    scraped = []

    def scrape():
        for _ in range(5):
            try:
                scraped.append(run.get("/metrics")[0])
            except OSError as error:
                scraped.append(repr(error))
    threads = [threading.Thread(target=scrape) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for s in idle:
        s.close()
    expect(scraped == [200] * 40, f"scrapes in a storm: {scraped}")
    v = run.values()
    made = v["ocellus_scrape_duration_seconds_count"]
    served = v['ocellus_scrapes_total{format="classic"}']
    expect(made < served, f"{made} pages made for {served} scrapes")
    expect(v["ocellus_http_connections"] <= 32, "more connections than allowed")


run = Run(program, pipeline)
for step in (readiness, pages, counts_add_up, wrong_requests, keeps_connections, slow_ones_are_cut, storms):
    step(run)

taken = subprocess.run([program, "run", pipeline, "--source", "pipe:0", "--http", "%s:%d" % run.at],
                       stdin=subprocess.DEVNULL, capture_output=True, text=True)
expect(taken.returncode == 3 and "taken" in taken.stderr, f"port taken: {taken.returncode} {taken.stderr}")
for address in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:70000", "1.2.3.4.5:80", "::1:80", "[::1:80",
                "192.0.2.1:9464", "nowhere.invalid:9464", "127.0.0.1:http", ""):
    said = subprocess.run([program, "run", pipeline, "--source", "pipe:0", "--http", address],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    expect(said.returncode in (2, 3) and "--http" in said.stderr, f"{address}: {said.returncode} {said.stderr}")

code, out = run.stop()
expect(code == 0, f"exit {code}: {''.join(run.log)}")
totals = json.loads(out)
expect(totals["captured"] == run.frames, f"captured {totals['captured']} of {run.frames}")
finish()
