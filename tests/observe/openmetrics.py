"""A reader of OpenMetrics 1.0 text that lets nothing pass: gives back a list of faults.

Source: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md (ABNF)."""
import math
import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
META = re.compile(rf"# (TYPE|UNIT|HELP) ({NAME}) (.*)")
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? (\S+)( \S+)?")
SUFFIX = {"counter": ["_total", "_created"], "info": ["_info"], "gauge": [""], "unknown": [""],
          "histogram": ["_bucket", "_sum", "_count", "_created"]}


class Reader:
    def __init__(self):
        self.faults, self.done, self.seen = [], set(), set()
        self.name = self.kind = None
        self.meta, self.bounds = {}, {}

    def fault(self, text):
        self.faults.append(text)

    def begin(self, name):
        self.end()
        if name in self.done:
            self.fault(f"{name}: comes twice")
        self.name, self.kind, self.meta, self.bounds = name, "unknown", {}, {}
        self.done.add(name)

    def describe(self, line):
        found = META.fullmatch(line)
        if not found:
            return self.fault(f"no metadata: {line}")
        word, name, text = found.groups()
        if name != self.name:
            self.begin(name)
        if word in self.meta:
            self.fault(f"{name}: two lines of {word}")
        self.meta[word] = text
        if word == "TYPE":
            self.kind = text
            if text not in SUFFIX:
                self.fault(f"{name}: type {text}")
        if word == "UNIT" and text and not name.endswith("_" + text):
            self.fault(f"{name}: does not end with its unit {text}")
        if word == "HELP" and re.search(r'(?<!\\)(?:\\\\)*(\\[^\\n"]|")', text):
            self.fault(f"{name}: help is not escaped")

    def sample(self, line):
        found = SAMPLE.fullmatch(line)
        if not found:
            return self.fault(f"no sample: {line}")
        name, labels, value, _ = found.groups()
        labels = labels or ""
        if self.name is None or name not in [self.name + s for s in SUFFIX.get(self.kind, [])]:
            return self.fault(f"{name}: not of family {self.name}, a {self.kind}")
        keys = re.findall(r'([a-zA-Z0-9_]+)="', labels)
        if len(keys) != len(set(keys)):
            self.fault(f"{line}: a label twice")
        if (name, labels) in self.seen:
            self.fault(f"{line}: a sample twice")
        self.seen.add((name, labels))
        number = float(value.replace("Inf", "inf"))
        if self.kind == "counter" and not (number >= 0 and math.isfinite(number)):
            self.fault(f"{line}: no value of a counter")
        if self.kind == "info" and number != 1:
            self.fault(f"{line}: info is 1")
        if self.kind == "histogram":
            self.histogram(name[len(self.name):], labels, number)

    def histogram(self, part, labels, value):
        bound = re.search(r',?le="([^"]*)"', labels)
        key = labels.replace(bound.group(0), "") if bound else labels
        row = self.bounds.setdefault(key, {"le": []})
        if part == "_bucket":
            row["le"].append((float(bound.group(1).replace("Inf", "inf")), value))
        else:
            row[part] = value

    def end(self):
        for key, row in self.bounds.items():
            bounds, counts = [b for b, _ in row["le"]], [n for _, n in row["le"]]
            if bounds != sorted(set(bounds)) or counts != sorted(counts):
                self.fault(f"{self.name}{{{key}}}: buckets do not rise")
            if not bounds or bounds[-1] != math.inf:
                self.fault(f"{self.name}{{{key}}}: lacks le=+Inf")
            elif row.get("_count") != counts[-1] or "_sum" not in row:
                self.fault(f"{self.name}{{{key}}}: count is not that of +Inf")


def check(page):
    reader = Reader()
    lines = page.split("\n")
    if lines[-2:] != ["# EOF", ""]:
        reader.fault("does not end with # EOF")
    for line in lines[:-2]:
        if line.startswith("#"):
            reader.describe(line)
        else:
            reader.sample(line)
    reader.end()
    return reader.faults
