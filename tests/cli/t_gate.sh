#!/usr/bin/env bash
# Gates: floors, ceilings, drops and rises of figures, of every class, golden frames; what is written.
source "$(dirname "$0")/lib.sh"

cat > now.json << 'EOF'
{"AP": 0.31, "AP50": 0.5, "latency_ms": {"p99": 41.5}, "ok": true,
 "categories": [{"name": "person", "AP": 0.40}, {"name": "cup", "AP": 0.20}, {"name": "new", "AP": 0.1}]}
EOF
cat > before.json << 'EOF'
{"AP": 0.32, "AP50": 0.5, "latency_ms": {"p99": 40},
 "categories": [{"name": "person", "AP": 0.40}, {"name": "cup", "AP": 0.25}, {"name": "gone", "AP": 0.3}]}
EOF

# gate NAME: a gate of one check on now.json with the lines of stdin below it
gate() {
    { printf 'version: 1\nname: test\nchecks:\n  - name: figures\n    result: now.json\n'
      sed 's/^/    /'; } > "$1.yaml"
    run gate "$1.yaml" --json
}

gate floors << 'EOF'
floors: {AP: 0.31, latency_ms.p99: 41, ok: 1}
ceilings: {latency_ms.p99: 41.5}
EOF
expect 0
check 'd["passed"] and [f["passed"] for f in d["checks"][0]["findings"]] == [True] * 4'

gate floor << 'EOF'
floors: {AP: 0.32, AP50: 0.4, AP75: 0.1, latency_ms: 1}
EOF
expect 1
check '[f["passed"] for f in d["checks"][0]["findings"]] == [False, True, False, False]'
check '"not a number" in d["checks"][0]["findings"][2]["reason"]'

gate drops << 'EOF'
baseline: before.json
drops: {AP: 0.01, AP50: 0}
rises: {latency_ms.p99: 5%}
EOF
expect 0
gate drop << 'EOF'
baseline: before.json
drops: {AP: 1%, AP50: 1%}
rises: {latency_ms.p99: 3%}
EOF
expect 1
check '[f["passed"] for f in d["checks"][0]["findings"]] == [False, True, False]'
check 'abs(d["checks"][0]["findings"][0]["bound"] - 0.3168) < 1e-12'

gate each << 'EOF'
baseline: before.json
each: {in: categories, floors: {AP: 0.15}, drops: {AP: 10%}}
EOF
expect 1
check '[f["figure"] for f in d["checks"][0]["findings"] if not f["passed"]] == [
    "categories[cup].AP", "categories[new].AP", "categories[gone]"]'
gate except << 'EOF'
each: {in: categories, except: [new], floors: {AP: 0.15}}
EOF
expect 0

# a class of device that this is not: skipped, and said so
gate elsewhere << 'EOF'
on: cart-a
floors: {AP: 0.9}
EOF
expect 0
check 'd["checks"][0]["status"] == "skipped"'
run gate elsewhere.yaml --device cart-a
expect 1

# files that are not as a gate's must be: the place is named
bad() {
    local pattern=$1
    gate bad
    expect 3 "$pattern"
    [ ! -s out.txt ] || fault "$pattern: refused, yet something on stdout"
}
bad 'bad.yaml:6:.*flors.*floors' << 'EOF'
flors: {AP: 0.3}
EOF
bad 'no baseline' << 'EOF'
drops: {AP: 1%}
EOF
bad 'a share is for drops' << 'EOF'
floors: {AP: 1%}
EOF
bad 'not a number' << 'EOF'
floors: {AP: much}
EOF
bad 'has no floors' < /dev/null
bad 'one of command, result and golden' << 'EOF'
golden: here
floors: {AP: 1}
EOF
refuse 'nothing.yaml' gate nothing.yaml

# a document that is missing or broken: the check failed, with the reason
echo '{"AP": 0.1' > now.json
run gate floors.yaml --json
expect 1
check '"now.json:" in d["checks"][0]["reason"]'
rm now.json
run gate floors.yaml
expect 1
grep -q 'now.json' out.txt || fault "the missing document is not named"

# a command of the program itself, its baseline made and then met
cat > bench.yaml << EOF
version: 1
checks:
  - name: a small network
    command: [bench, "$nets/good-add", --iterations, 10]
    model: $nets/good-add
    baseline: base.json
    floors: {gflop: 0}
    ceilings: {peak_rss_bytes: 1e9}
    drops: {gflop: 0}
EOF
run gate bench.yaml
expect 1
echo '{"gflop": 0}' > base.json
run gate bench.yaml --update-baselines --junit j.xml --markdown m.md --attest a.json
expect 0
grep -q '"peak_rss_bytes"' base.json || fault "the baseline was not kept"
$python - "$nets/good-add" << 'EOF' || fault "the files written are not as they should be"
import hashlib, json, sys, xml.etree.ElementTree as tree
suite = tree.parse("j.xml").getroot()[0]
assert suite.get("tests") == "3" and suite.get("failures") == "0", suite.attrib
assert open("m.md").read().count("| passed |") == 3
a = json.load(open("a.json"))
assert a["_type"] == "https://in-toto.io/Statement/v1" and a["predicate"]["passed"] is True
assert a["subject"][0]["digest"]["sha256"] == hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()
EOF
cat > fails.yaml << EOF
version: 1
checks: [{name: "no <such> network", command: [bench, none.onnx], floors: {gflop: 0}}]
EOF
run gate fails.yaml --junit j.xml
expect 1
grep -q 'errors="1"' j.xml && $python -c 'import xml.etree.ElementTree as t; t.parse("j.xml")' ||
    fault "an error in JUnit's XML"
cat > late.yaml << EOF
version: 1
checks: [{name: late, timeout: 0, command: [bench, "$nets/good-add", --iterations, 100000], floors: {gflop: 0}}]
EOF
run gate late.yaml
expect 1
grep -q 'not done in time' out.txt || fault "a command that takes too long"

# golden frames: as they were; one element off; an output nobody expects; another shape
if ! $python -c 'import numpy' 2> /dev/null; then
    echo "golden frames are not tried: no numpy for Python"
else
    run inspect "$nets/good-add" --json
    $python - << 'EOF'
import json, numpy, os
d = json.load(open("out.txt"))
os.makedirs("golden/first/inputs")
with open("args", "w") as args:
    for port in d["inputs"]:
        shape = [int(x) for x in port["shape"].split("x")]
        path = "golden/first/inputs/%s.npy" % port["name"]
        numpy.save(path, numpy.random.RandomState(1).rand(*shape).astype(port["dtype"]))
        args.write("--input %s=%s " % (port["name"], path))
EOF
    # shellcheck disable=SC2046
    run infer "$nets/good-add" $(cat args) --output golden/first/outputs
    expect 0
    cat > golden.yaml << EOF
version: 1
checks: [{name: golden, model: "$nets/good-add", golden: golden, tolerance: {absolute: 1e-6}}]
EOF
    run gate golden.yaml --attest a.json
    expect 0
    $python - << 'EOF'
import glob, numpy
path = glob.glob("golden/first/outputs/*.npy")[0]
x = numpy.load(path)
x.flat[x.size - 1] += 0.5
numpy.save(path, x)
numpy.save("golden/first/outputs/more.npy", x)
EOF
    run gate golden.yaml --json
    expect 1
    check 'len(d["checks"][0]["findings"]) == 2 and not any(f["passed"] for f in d["checks"][0]["findings"])'
    check 'any("1 of " in f["reason"] for f in d["checks"][0]["findings"])'
    rm -r golden/first/outputs
    run gate golden.yaml
    expect 1
fi
finish
