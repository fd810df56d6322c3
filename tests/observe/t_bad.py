"""What goes wrong around a watched run: clocks that jump, files of later versions, full disks, thousands of clients,
collectors that never answer or talk nonsense.  Each time the frames go on, and it is said and counted.

usage: t_bad.py PROGRAM PIPELINE CLOCK_SHIM"""
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

from live import Run, expect, finish, wait_for

program, pipeline, shim = sys.argv[1:4]
with open(pipeline) as f:
    text = f.read()
with open("calm.yaml", "w") as f:
    f.write(text + "objectives: [latency_p99 < 50 s over 1 d, completed >= 1 % over 1 d]\n")
with open("hot.yaml", "w") as f:
    f.write(text + "objectives: [latency_p99 < 0.1 ms over 1 d]\n")


def ends_well(run, what):
    code, _ = run.stop()
    expect(code == 0, f"{what}: exit {code}: {run.log}")


def done(run):
    return run.values().get('ocellus_frames_completed_total{stream="watched"}', 0)


def goes_on(run, what, seconds=60):
    """Frames are completed from here on."""
    before = done(run)
    wait_for(f"{what}: frames go on", lambda: done(run) > before + 3, seconds)


def clocks_that_jump():
    if not os.path.exists(shim):
        print("clocks that jump: left out, no", shim)
        return
    with open("shift", "wb") as f:
        f.write(struct.pack("d", 0))

    def shift(seconds):
        with open("shift", "r+b") as f:
            f.write(struct.pack("d", seconds))
    os.environ.update(LD_PRELOAD=shim, CLOCK_SHIM=os.path.abspath("shift"))
    run = Run(program, "calm.yaml", "--state", "clock.bin", "--alerts", "clock.jsonl")
    jumps = lambda way: run.values()[f'ocellus_clock_jumps_total{{direction="{way}"}}']
    good = lambda: run.values().get('ocellus_objective_events_total{stream="watched",objective="latency_p99",outcome="good"}', 0)
    run.feed_on()
    wait_for("events of the objective", lambda: good() > 0)
    shift(10 * 365 * 86400)
    wait_for("a jump forward", lambda: jumps("forward") == 1, 30)
    goes_on(run, "a clock ten years ahead")
    shift(-20 * 365 * 86400)
    wait_for("a jump back", lambda: jumps("back") == 1, 30)
    goes_on(run, "a clock ten years behind")
    counted = good()
    wait_for("the objective counts on", lambda: good() > counted, 30)
    expect(run.get("/ready")[0] == 200 and run.get("/live")[0] == 200, "not ready after jumps")
    v = run.values()
    expect(not any(x for k, x in v.items() if k.startswith("ocellus_alert")), "a jump raises an alert")
    budget = v['ocellus_objective_budget_remaining_ratio{stream="watched",objective="latency_p99"}']
    expect(budget == 1, f"budget {budget} after jumps")
    ends_well(run, "clocks")
    shift(5 * 365 * 86400)  # the next process has another wall clock, and the same boot
    run = Run(program, "calm.yaml", "--state", "clock.bin")
    run.feed(3)
    ends_well(run, "clocks, again")
    expect(not any("clock.bin" in line for line in run.log), f"the file is not taken: {run.log}")
    del os.environ["LD_PRELOAD"], os.environ["CLOCK_SHIM"]


def a_later_version():
    run = Run(program, "calm.yaml", "--state", "later.bin")
    run.feed(3)
    ends_well(run, "state")
    with open("later.bin", "r+b") as f:
        f.seek(8)
        f.write(struct.pack("=I", 99))
        f.seek(0)
        before = f.read()
    run = Run(program, "calm.yaml", "--state", "later.bin")
    run.feed(3)
    wait_for("the failure is counted", lambda: run.values()["ocellus_objective_state_failures_total"] == 1)
    ends_well(run, "a later version")
    with open("later.bin", "rb") as f:
        expect(f.read() == before, "a file of a later version is written over")
    expect(any("version 99" in line for line in run.log), f"no word of the version: {run.log}")


def full_disks():
    run = Run(program, "hot.yaml", "--state", "none", "--alerts", "/dev/full", "--trace", "/dev/full")
    run.feed_on()
    wait_for("a failure of --alerts", lambda: run.values()["ocellus_alerts_write_failures_total"] >= 1, 60)
    goes_on(run, "alerts on a full disk")
    ends_well(run, "full disk")
    for what in ("--alerts: /dev/full", "warning: /dev/full"):
        expect(any(what in line for line in run.log), f"no word of {what}: {run.log}")

    # files that may not grow: the windows at the end
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        run = Run(program, "calm.yaml", "--state", "full.bin", "--trace", "full.json")
        run.feed(5)
        wait_for("frames", lambda: done(run) == 5)
        ends_well(run, "no byte for files")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for what in ("full.bin", "full.json"):
        expect(any(what in line for line in run.log) and not os.path.exists(what), f"{what}: {run.log}")


def thousands_of_clients():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 8192, hard))
    run = Run(program, pipeline)
    run.feed_on()
    wait_for("frames", lambda: done(run) > 0)
    taken = []
    for i in range(2000):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(run.at)
        taken.append(s)
        if i % 3 == 0:  # some talk, most do not
            try:
                s.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
            except OSError:
                pass
    for s in taken:
        s.close()
    goes_on(run, "two thousand connections")
    v = run.values()
    expect(v["process_open_fds"] < 200, f"{v['process_open_fds']} descriptors are open")
    ends_well(run, "two thousand connections")


def odd_collectors():
    for name, answer in (("never", None), ("garbage", b"\x00\xff\x13SSH-2.0-nonsense\r\n\r\n" * 50), ("closes", b"")):
        server = socket.create_server(("127.0.0.1", 0))
        held = []

        def serve():
            while True:
                try:
                    s, _ = server.accept()
                except OSError:
                    return
                held.append(s)
                if answer is not None:
                    try:
                        s.recv(65536)
                        s.sendall(answer)
                        s.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
        threading.Thread(target=serve, daemon=True).start()
        run = Run(program, pipeline, "--otlp", "http://127.0.0.1:%d" % server.getsockname()[1], "--otlp-every", "1")
        run.feed(5)
        wait_for(f"{name}: a request", lambda: held)
        wait_for(f"{name}: frames", lambda: done(run) == 5)
        if answer is not None:
            wait_for(f"{name}: it is counted", lambda: sum(
                x for k, x in run.values().items() if k.startswith("ocellus_otlp") and ("retried" in k or "refused" in k)))
        start = time.monotonic()
        ends_well(run, name)
        gone = time.monotonic() - start
        expect(gone < 9, f"{name}: a collector keeps the end waiting, {gone:.1f} s")  # ten seconds is a request's own limit
        server.close()
    for variable, value in (("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"), ("OTEL_EXPORTER_OTLP_HEADERS", "a=b%0d%0ac"),
                            ("OTEL_METRIC_EXPORT_INTERVAL", "soon")):
        said = subprocess.run([program, "run", pipeline, "--source", "pipe:0", "--otlp", "http://127.0.0.1:9"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, env={**os.environ, variable: value})
        expect(said.returncode in (2, 3) and said.stderr, f"{variable}={value}: {said.returncode} {said.stderr}")


for step in (clocks_that_jump, a_later_version, full_disks, thousands_of_clients, odd_collectors):
    step()
finish()
