"""Rules and dashboard: every expression is one that Prometheus reads, every metric one that a run exports.

usage: t_rules.py PROGRAM PIPELINE TOP NVML_FOLDER"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

from live import Run, expect, finish, wait_for

program, pipeline, top, nvml = sys.argv[1:5]


def promtool(*arguments):
    said = subprocess.run(["promtool", *arguments], capture_output=True, text=True)
    return said.returncode == 0, said.stdout + said.stderr


def expressions(thing, found):
    """Everything under a key `expr`, anywhere."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            if key == "expr":
                found.append(value)
            else:
                expressions(value, found)
    elif isinstance(thing, list):
        for value in thing:
            expressions(value, found)
    return found


def metrics_of(text):
    return set(re.findall(r"\b(?:ocellus|process)_[a-z0-9_]+", text))


def exported(tree):
    """Names of samples of a run with objectives, on a recorded machine with an accelerator."""
    with open(pipeline) as f, open("rules.yaml", "w") as out:
        out.write(f.read() + "objectives: [latency_p99 < 150 ms, completed >= 99 %, detector_alive]\n"
                  "sinks: [{kind: jsonl, name: out, path: rules.jsonl}]\n")
    os.environ["OCELLUS_HOST_ROOT"] = top + "/tests/observe/trees/" + tree
    os.environ["LD_LIBRARY_PATH"] = nvml
    if not os.path.exists("ref.json"):
        run = Run(program, pipeline, "--drift-learn", "ref.json", "--drift-window", "1")
        run.feed(40)
        run.stop()
    run = Run(program, "rules.yaml", "--state", "none", "--drift", "ref.json")
    run.feed(20)
    wait_for("frames", lambda: run.values().get('ocellus_frames_completed_total{stream="watched"}', 0) > 5)
    page = run.get("/metrics")[2]
    run.stop()
    return set(re.findall(r"^([a-z_0-9]+)[ {]", page, re.M))


rules = glob.glob(top + "/deploy/prometheus/*.rules.yml")
dashboards = glob.glob(top + "/deploy/grafana/*.json")
expect(rules and dashboards, "no rules, no dashboards")
used = {}
for path in rules:
    good, said = promtool("check", "rules", path)
    expect(good, f"{path}: {said}")
    with open(path) as f:
        used[path] = metrics_of(re.sub(r"#.*|- name:.*", "", f.read()))

for path in dashboards:
    with open(path) as f:
        board = json.load(f)
    panels = [p for p in board["panels"] if p["type"] != "row"]
    expect(len(panels) > 10 and len({p["id"] for p in board["panels"]}) == len(board["panels"]), f"{path}: panels")
    expect(all(t["expr"] and t["legendFormat"] for p in panels for t in p["targets"]), f"{path}: a target without a name")
    texts = expressions(board, [])
    variables = {v["name"] for v in board["templating"]["list"]}
    plain = []
    for text in texts:
        for name in re.findall(r"\$\{?(\w+)", text):
            expect(name in variables or name == "__rate_interval", f"{path}: no variable {name}: {text}")
        plain.append(re.sub(r"\$\{?\w+\}?", ".*", text.replace("$__rate_interval", "5m")))
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as out:
        json.dump({"groups": [{"name": "dashboard", "rules": [{"record": f"x:{i}", "expr": text}
                                                              for i, text in enumerate(plain)]}]}, out)
        out.flush()
        good, said = promtool("check", "rules", out.name)
        expect(good and f"{len(plain)} rules found" in said, f"{path}: {said}")
    used[path] = metrics_of(" ".join(texts) + " ".join(v["query"] for v in board["templating"]["list"]))

there = exported("arm") | exported("x86")
for path, names in used.items():
    expect(len(names) > 8, f"{path}: names hardly anything: {names}")
    for name in sorted(names - there):
        expect(False, f"{os.path.basename(path)}: {name} is not exported")
expect("ocellus_frames_captured" not in there, "the check of names takes anything")

good, said = promtool("test", "rules", *glob.glob(top + "/deploy/prometheus/*.test.yml"))
expect(good, said)
finish()
