#!/usr/bin/env bash
# report: pages of every kind of document are well-formed and hold its figures; names are escaped;
# what is missing or odd is named.
source "$(dirname "$0")/lib.sh"

# documents made here: figures are chosen, names hostile
$python - << 'PYTHON'
import json
hostile = '<script>alert("x")</script>&\'"\u0001'
curve = [[round(max(0, 1 - k / 100 - i / 20), 4) for k in range(101)] for i in range(10)]
def detection(ap):
    return {"AP": ap, "AP50": ap + .2, "AP75": ap, "APs": -1, "APm": .2, "APl": .5, "AR1": .3, "AR10": .4, "AR100": .45,
            "categories": [{"id": 1, "name": hostile, "AP": ap, "AP50": ap + .2, "precision": curve},
                           {"id": 2, "name": "cup", "AP": -1, "AP50": -1}]}
alphas = {k: [round(.9 - .04 * i, 3) for i in range(19)] for k in ("HOTA", "DetA", "AssA", "LocA")}
tracking = {"HOTA": .5432, "DetA": .6, "AssA": .5, "MOTA": .71, "IDF1": .66, "IDSW": 17, "FP": 100, "FN": 200, "alpha": alphas}
files = {
    "detect": detection(.3217),
    "before": detection(.3000),
    "mot": tracking,
    "mots": {"combined": tracking, "sequences": [dict(tracking, name=hostile), tracking]},
    "classify": {"n": 10, "top1": .7654, "top5": 1.0, "macro_F1": .7, "ECE": None,
                 "classes": [{"name": n, "n": 5, "precision": .5, "recall": .6, "F1": .55} for n in (hostile, "b")],
                 "confusion": [[4, 1], [3, 2]], "calibration": [{"n": 5, "right": 3, "confidence": .6}] * 10},
    "compare": {"units": 9, "resamples": 100, "seed": 1, "n_changed": 1,
                "figures": [{"name": "AP", "this": .3217, "other": .3, "difference": .0217, "low": .01, "high": .03, "p": .02}],
                "classes": [{"name": hostile, "this": None, "other": None, "difference": None, "low": None, "high": None, "p": None}],
                "changed": [{"name": hostile, "this": .9, "other": .1}]},
    "gate": {"gate": hostile, "passed": False, "device": "x86", "checks": [
        {"name": hostile, "status": "failed", "seconds": 1, "findings": [
            {"figure": "AP", "rule": ">= 0.34", "passed": False, "value": .3217, "bound": .34, "reason": hostile}]},
        {"name": "golden", "status": "skipped", "seconds": 0, "findings": [], "reason": "not on this device"}]},
    "run": {"captured": 200, "completed": 199, "dropped": {"failed": 1}, "fps": 31.25,
            "latency_ms": {"detect": {"p50": 12.5, "p99": 20.25}, hostile: {"p50": 1, "p99": 2}},
            "latency_histogram_ms": {"detect": [[11.2202, 150], [12.5893, 49]]}, "peak_rss_bytes": 12345678,
            "counts": {"tracks": 7, "lines": {hostile: {"in": 3}}}},
    "text": {"n": 12, "exact": .5, "CER": .1234, "WER": .3},
}
for name, d in files.items():
    json.dump(d, open(name + ".json", "w"))
with open("e.jsonl", "w") as f:
    for e in ({"type": "started", "t": 0}, {"type": "appeared", "t": 1}, {"type": "left", "t": 3}, {"type": hostile, "t": 4}):
        f.write(json.dumps(e) + "\n")
PYTHON

# page OUT.html WORD...: one well-formed document (as XML too), nothing from elsewhere, the words in its text
page() {
    $python - "$@" << 'PYTHON' || fault "$last: the page is not as it should be"
import re, sys, xml.etree.ElementTree as tree
from html.parser import HTMLParser
text = open(sys.argv[1], encoding="utf-8").read()
root = tree.fromstring(re.sub(r"^<!doctype html>", "", text))
shown = " ".join(root.itertext())
tags, sources = [], []
class Parser(HTMLParser):
    def handle_starttag(self, tag, attributes):
        tags.append(tag)
        sources.extend(v for k, v in attributes if k in ("src", "href", "srcset"))
Parser().feed(text)
assert "script" not in tags and "link" not in tags, "scripts or links"
assert all(s.startswith("data:") for s in sources), sources
assert "nan" not in re.findall(r'="(-?nan|-?inf)[^"]*"', text), "a number that is none"
assert not re.search(r'="-?(nan|inf)|[ML]-?nan| -?nan', text), "a number that is none"
for word in sys.argv[2:]:
    if word.startswith("svg="):
        assert tags.count("svg") == int(word[4:]), (word, tags.count("svg"))
    else:
        assert word in shown, word
PYTHON
}

report() {
    run report "$@" -o page.html
    expect 0
}
escaped='<script>alert("x")</script>&'
report detect.json
page page.html svg=2 Detection 0.3217 'cup' "$escaped" 'overlap .75'
report detect.json --baseline before.json --title 'a < b & "c"'
page page.html svg=2 'a < b & "c"' +0.0217 0.3000 before.json
report mot.json
page page.html svg=1 0.5432 17 HOTA AssA alpha
report mots.json --baseline mots.json
page page.html svg=1 "$escaped" +0.0000 By\ sequence IDSW
[ "$(grep -c "class=\"figure\"" page.html)" = 8 ] || fault "$last: not eight large figures"
report classify.json
page page.html svg=2 0.7654 Confusion 'taken for' "$escaped"
report compare.json
page page.html svg=1 +0.0217 '+0.0100 … +0.0300' "$escaped"
$python -c 'import json
d = json.load(open("compare.json")); d["figures"][0].update(low=-1e308, high=1e308)
json.dump(d, open("vast.json", "w"))'
report vast.json
page page.html svg=1 Comparison
report gate.json
page page.html svg=0 'Not let through' '>= 0.34' 'not on this device' "$escaped"
report run.json --events e.jsonl
page page.html svg=3 31.25 12.50 20.25 12345678 counts.lines appeared "$escaped"
$python -c 'import json
d = json.load(open("run.json")); d["latency_ms"].pop("detect"); d["latency_ms"]["other"] = {"p50": 1, "p99": 2}
json.dump(d, open("runbase.json", "w"))'
report run.json --baseline runbase.json
page page.html svg=2 '–' 'p99 before'
report text.json
page page.html svg=0 0.1234 WER

# worst images, drawn: truth and results over a picture made here
if $python -c 'import cv2, numpy' 2> /dev/null; then
    mkdir pictures
    $python - << 'PYTHON'
import cv2, json, numpy
cv2.imwrite("pictures/a&b.png", numpy.full((1200, 1600, 3), 90, numpy.uint8))
json.dump({"images": [{"id": 1, "file_name": "a&b.png", "width": 1600, "height": 1200},
                      {"id": 2, "file_name": "gone.png", "width": 64, "height": 64}],
           "annotations": [{"id": i, "image_id": i, "category_id": 1, "bbox": [10, 10, 30, 30], "area": 900, "iscrowd": 0}
                           for i in (1, 2)],
           "categories": [{"id": 1, "name": "cup"}]}, open("gt.json", "w"))
json.dump([{"image_id": 1, "category_id": 1, "bbox": [10, 10, 30, 30], "score": .9},
           {"image_id": 2, "category_id": 1, "bbox": [40, 40, 9, 9], "score": .8}], open("dt.json", "w"))
PYTHON
    report detect.json --images pictures --gt gt.json --dt dt.json
    page page.html 'Worst images' 'a&b.png' gone.png
    [ "$(grep -c 'data:image/jpeg;base64,' page.html)" -ge 1 ] || fault "$last: no picture"
    [ "$(stat -c %s page.html)" -lt 300000 ] || fault "$last: $(stat -c %s page.html) bytes for one picture"
fi

# what is odd is named, and leaves no page
rm -f page.html
odd() { # PATTERN INPUT PYTHON: the document with that done to it
    $python - "$2" "$3" << 'PYTHON'
import json, sys
d = json.load(open(sys.argv[1] + ".json"))
exec(sys.argv[2])
json.dump(d, open("odd.json", "w"))
PYTHON
    refuse "$1" report odd.json -o page.html
    absent page.html page.html.part
}
odd 'odd.json: categories\[0\].precision has 9 rows' detect 'd["categories"][0]["precision"].pop()'
odd 'odd.json: categories\[0\].precision\[3\] ' detect 'd["categories"][0]["precision"][3][7] = "x"'
odd 'odd.json: categories is a text, not a list' detect 'd["categories"] = "x"'
odd 'odd.json: categories\[1\] .*not an object' detect 'd["categories"][1] = 5'
odd 'odd.json: categories\[1\].name is a number' detect 'd["categories"][1]["name"] = 5'
odd 'odd.json: alpha.DetA has 18 elements, expected 19' mot 'd["alpha"]["DetA"].pop()'
odd 'odd.json: alpha.HOTA is not there' mot 'del d["alpha"]["HOTA"]'
odd 'odd.json: confusion has 2 rows, there are 1 classes' classify 'd["classes"].pop()'
odd 'odd.json: confusion\[1\] is not a list of 2' classify 'd["confusion"][1] = 3'
odd 'odd.json: figures\[0\].low is a text' compare 'd["figures"][0]["low"] = "x"'
odd 'odd.json: checks\[0\].findings\[0\].passed ' gate 'del d["checks"][0]["findings"][0]["passed"]'
odd 'odd.json: latency_ms.detect.p50 is a list' run 'd["latency_ms"]["detect"]["p50"] = []'
odd 'odd.json: latency_histogram_ms.detect\[0\] ' run 'd["latency_histogram_ms"]["detect"][0] = [1]'
odd 'odd.json: none of the members' text 'd.clear()'
echo '[1]' > list.json
refuse 'list.json: not an object' report list.json -o page.html
head -c 100 detect.json > cut.json
refuse 'cut.json:1:' report cut.json -o page.html
refuse 'none.json' report none.json -o page.html
echo 'no event' > bad.jsonl
refuse 'bad.jsonl:1' report run.json --events bad.jsonl -o page.html
$python -c 'import json
d = json.load(open("before.json")); d["categories"][0]["precision"] = 1
json.dump(d, open("badbase.json", "w"))'
refuse 'badbase.json: categories\[0\].precision' report detect.json --baseline badbase.json -o page.html
absent page.html page.html.part

# options that do not go together
run report detect.json
expect 2 '-o'
run report detect.json -o page.html --images pictures
expect 2 'go together'
run report detect.json -o page.html --worst 0
expect 2 '--worst'
run report detect.json -o page.html --baseline mot.json
expect 3 'mot.json is: Tracking'
run report mot.json -o page.html --events e.jsonl
expect 3 'events are for a run'
full_disk report detect.json -o page.html
expect 3 'page.html'
absent page.html
finish
