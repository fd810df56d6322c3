"""Objectives of a live run: an alert that fires, one that does not, windows over a restart.

usage: t_objectives.py PROGRAM PIPELINE"""
import json
import os
import subprocess
import sys


from live import Run, expect, finish, wait_for

program, pipeline = sys.argv[1:3]
with open(pipeline) as f:
    text = f.read()


def write(lines):
    with open("objectives.yaml", "w") as out:
        out.write(text + "objectives:\n" + "".join(f"  - {line}\n" for line in lines))


lines = ["latency_p99 < 0.1 ms over 1 d", "completed >= 50 % over 1 d", "detector_alive over 1 d"]
write(lines)
run = Run(program, "objectives.yaml", "--state", "windows.bin", "--alerts", "alerts.jsonl")
run.feed_on()


def value(name, objective, **labels):
    more = "".join(f',{k}="{v}"' for k, v in labels.items())
    return run.values().get(f'{name}{{stream="watched",objective="{objective}"{more}}}')


wait_for("an alert", lambda: value("ocellus_alert_firing", "latency_p99", severity="page", window="2m") == 1, 60)
expect(value("ocellus_objective_burn_rate", "latency_p99", window="10s") > 14.4, "burn rate over the short window")
expect(value("ocellus_objective_budget_remaining_ratio", "latency_p99") < 0, "the budget is not overdrawn")
expect(value("ocellus_objective_events_total", "latency_p99", outcome="bad") > 50, "bad events")
expect(value("ocellus_objective_target_ratio", "latency_p99") == 0.99, "target")
for quiet in ("completed", "detector_alive"):
    expect(value("ocellus_objective_burn_rate", quiet, window="10s") == 0, f"{quiet} burns")
    expect(not any(v for k, v in run.values().items() if k.startswith("ocellus_alert") and quiet in k), f"{quiet} calls")
expect(any("page: alert: watched latency_p99" in line for line in run.log), f"no line: {run.log}")
code, _ = run.stop()
expect(code == 0, f"exit {code}")
with open("alerts.jsonl") as f:
    alerts = [json.loads(line) for line in f]
expect(alerts and all(a["type"] == "alert" and a["objective"] == "latency_p99" and a["burn"] > 14 for a in alerts),
       f"alerts: {alerts}")

with open("out.jsonl") as f:
    sent = [json.loads(line) for line in f]
sent = [e for e in sent if e["type"] == "alert"]
expect(len(sent) == len(alerts) and all(a.items() <= e.items() for a, e in zip(alerts, sent)), f"alerts to the sink: {sent}")

written = os.path.getsize("windows.bin")
run = Run(program, "objectives.yaml", "--state", "windows.bin")
run.feed(3)
wait_for("windows of the run before", lambda: (value("ocellus_objective_burn_rate", "latency_p99", window="2m") or 0) > 14, 30)
run.stop()
expect(os.path.getsize("windows.bin") == written, "the file of windows grows")

with open("windows.bin", "r+b") as f:  # damage
    f.seek(3000)
    f.write(b"?????")
run = Run(program, "objectives.yaml", "--state", "windows.bin")
run.feed(3)
code, _ = run.stop()
expect(code == 0 and any("damaged" in line for line in run.log) and os.path.exists("windows.bin.bad"), f"damage: {run.log}")

for line, word in [("latency_p99 < 150", "ms or s"), ("speed > 3", "no objective"), ("completed >= 100 %", "budget")]:
    write([line])
    said = subprocess.run([program, "run", "objectives.yaml", "--check"], capture_output=True, text=True)
    expect(said.returncode == 3 and "objectives.yaml:" in said.stderr and word in said.stderr, f"{line}: {said.stderr}")
write(["completed >= 99 %", "completed >= 98 %"])
said = subprocess.run([program, "run", "objectives.yaml", "--check"], capture_output=True, text=True)
expect(said.returncode == 3 and "there already" in said.stderr, f"twice: {said.stderr}")
finish()
