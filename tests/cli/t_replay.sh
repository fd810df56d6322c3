#!/usr/bin/env bash
# Recording and replay: events bit for bit, for one thread and two, with drops, from the middle of the
# ring, after a kill; what is damaged, of another version or not the same here is told.
source "$(dirname "$0")/lib.sh"
shared=$top/../shared
model=$shared/models/yolox_nano_416.onnx
video=$shared/data/video/bottle-detection.mp4
[ -e "$model" ] && [ -e "$video" ] || skip "no $model or $video"
cat > p.yaml << EOF
name: bottles
detect: {network: yolox-nano, model: "$model", labels: [bottle], score: 0.2, every: 2}
track: {kind: bytetrack}
lines: [{name: shelf, from: [0, 0.5], to: [1, 0.5]}]
zones: [{name: all, corners: [[0, 0], [1, 0], [1, 1], [0, 1]], settle: 0}]
events: {updated_every: 0.2s}
EOF
run run p.yaml --source "$video" --check
[ "$status" = 3 ] && grep -q 'plug-in' err.txt && skip "no plug-in that reads video"
expect 0

# one thread and two: the same events, the same state
for threads in 1 2; do
    run run p.yaml --source "$video" --duration 1 --threads $threads --record r$threads \
        --record-max 1500kB --events e.jsonl --quiet
    expect 0
    run replay r$threads --events again.jsonl --json
    expect 0
    check 'd["same"] and d["frames"] == 30 and d["ended"] and d["events"] > 10'
    check 'd["states"] >= 1 and d["states_different"] == 0 and d["holes"] == 0'
    cmp e.jsonl again.jsonl || fault "threads $threads: other events"
    run replay r$threads
    expect 0
    grep -q 'all the same; [1-9][0-9]* states compared: all the same' out.txt || fault "text"
done

# from the middle, up to a time; both write what they replayed
run replay r2 --from 0.5s --to 0.8s --events part.jsonl --json
expect 0
check 'd["same"] and not d["ended"] and 0.79 < d["to_s"] < 0.85 and d["from_s"] <= 0.5'
$python - << 'EOF' || fault "part.jsonl is no part of e.jsonl"
import sys
part, all = open("part.jsonl").read(), open("e.jsonl").read()
sys.exit(not part or part not in all)
EOF
run replay r2 --from often
expect 2 'not a length of time'

# drops: as they were
run run p.yaml --source "$video" --duration 1 --realtime --threads 1 --isa ref --record drops \
    --events e.jsonl --quiet --json
expect 0
check 'd["dropped"].get("newest_wins", 0) > 3'
cp out.txt was.txt
run replay drops --events again.jsonl --json
expect 0
check 'd["same"] and d["dropped"] == json.load(open("was.txt"))["dropped"]'
cmp e.jsonl again.jsonl || fault "with drops: other events"

# the bound of the ring: never above, and what is left begins in the middle
run run p.yaml --source "$video" --duration 1 --record ring --record-max 500kB --events e.jsonl --quiet
expect 0
bytes=$(cat ring/segment-*.ocrec | wc -c)
[ "$bytes" -le 500000 ] || fault "the ring has $bytes bytes"
run replay ring --events again.jsonl --json
expect 0
check 'd["same"] and 0 < d["frames"] < 30 and d["from_s"] > 0 and d["ended"]'
tail -n "$(wc -l < again.jsonl)" e.jsonl | cmp - again.jsonl || fault "ring: other events"

# settings changed while it runs: the replay changes them at the same frame
"$program" run p.yaml --source "$video" --realtime --duration 4 --record changed --control s.sock \
    --events e.jsonl --quiet > /dev/null 2> err.txt &
running=$!
for _ in $(seq 100); do
    [ "$(cat changed/bottles/segment-*.ocrec 2> /dev/null | wc -c)" -gt 200000 ] && break
    sleep 0.1
done
run ctl s.sock set bottles '{zones: ~, detect: {every: 1}}'
expect 0
wait $running || fault "the run whose settings were changed failed"
run replay changed/bottles --events again.jsonl --json
expect 0
check 'd["same"] and d["states"] >= 1'
cmp e.jsonl again.jsonl || fault "changed settings: other events"
grep -q '"type":"zone".*"entered":false\|exited' e.jsonl || fault "nobody left the zone that went"

# another number of threads
run replay r2 --threads 1 --json
expect 0
check 'd["same"]'

# a trace that Perfetto opens
run replay r2 --check --trace t.json --json
expect 0
check 'd["frames"] == 30 and d["events"] == 0'
$python - << 'EOF' || fault "trace"
import json, sys
events = json.load(open("t.json"))["traceEvents"]
names = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
spans = [e for e in events if e["ph"] == "X"]
for tid in {e["tid"] for e in spans}:
    at = -1
    for e in sorted((e for e in spans if e["tid"] == tid), key=lambda e: e["ts"]):
        assert e["ts"] >= at - 0.002, (names[tid], e)
        at = e["ts"] + e["dur"]
looks = [e for e in spans if e["name"] == "detect"]
assert len(looks) == 15 and {e["args"]["frame"] for e in looks} == set(range(0, 30, 2))
flows = [e for e in events if e["ph"] in "stf"]
assert sum(e["ph"] == "s" for e in flows) == 30 and sum(e["ph"] == "f" for e in flows) == 30
EOF

# killed: what was written is read
"$program" run p.yaml --source "$video" --realtime --record killed --quiet > /dev/null 2>&1 &
victim=$!
for _ in $(seq 100); do
    [ "$(cat killed/segment-*.ocrec 2> /dev/null | wc -c)" -gt 300000 ] && break
    sleep 0.1
done
kill -9 $victim
wait $victim 2> /dev/null
run replay killed --json
expect 0
check 'd["same"] and d["frames"] > 2 and not d["ended"]'

# a torn tail is told, damage is an error with its place
last=$(ls r1/segment-*.ocrec | tail -1)
cp -r r1 torn
truncate -s -100 "torn/$(basename "$last")"
run replay torn --json
expect 0 'was not finished: left out are the last [0-9]+ bytes'
check 'd["same"] and d["frames"] >= 29'
cp -r r1 damaged
first=$(ls damaged/segment-*.ocrec | head -1)
printf '\377\377\377' | dd of="$first" bs=1 seek=60000 conv=notrunc 2> dd.txt
refuse "${first}:[0-9]+: damaged: the block's checksum is wrong" replay damaged --json
cp -r r1 newer
printf '\011' | dd of="newer/$(basename "$first")" bs=1 seek=8 conv=notrunc 2> dd.txt
refuse 'newer version' replay newer --json
rm damaged/segment-*
refuse 'there is no recording in it' replay damaged
refuse 'No such file' replay nowhere
refuse 'run 7: there are 1' replay r1 --run 7

# a middle segment is missing: said, and gone on from the next state
if [ "$(ls ring/segment-*.ocrec | wc -l)" -ge 3 ]; then
    cp -r ring gap
    rm "$(ls gap/segment-*.ocrec | sed -n 2p)"
    run replay gap --json
    expect 0 'is missing'
    check 'd["same"] and d["holes"] == 1'
fi

# what is not the same here is named, and so is the first event that differs
mkdir -p other/yolox-nano
cp -r "$top/models/yolox-nano/." other/yolox-nano
cp "$top/models/coco80.txt" other
sed -i 's/color: bgr/color: rgb/' other/yolox-nano/card.yaml
OCELLUS_MODELS=$scratch/other run replay r1 --compare
expect 1 'not the same here: detect: its card'
grep -q '^the first event that differs' err.txt || fault "the first difference is not told"
grep -q '^  recorded  {"v"' err.txt || fault "the recorded event is not told"
run replay r1 --isa ref
grep -q 'not the same here: instruction sets' err.txt || fault "instruction sets are not told"
sed 's/every: 2/every: 2, min_height: 0.9/' p.yaml > q.yaml
run run p.yaml --source "$video" --duration 0.5 --record twice --quiet
run run q.yaml --source "$video" --duration 0.5 --record twice --quiet
run replay twice --json
expect 0
check 'd["runs"] == 2 and d["run"] == 2 and d["same"]'
run replay twice --run 1 --json
expect 0
check 'd["run"] == 1 and d["same"]'

# no room: the run goes on, and says so
(
    trap '' XFSZ
    ulimit -f 200
    "$program" run p.yaml --source "$video" --duration 1 --record full --quiet --json > out.txt 2> err.txt
    echo $? > status
)
status=$(cat status) last="run --record on a full disk"
expect 0 'cannot be written'
grep -q 'found no room and are missing' err.txt || fault "what is missing is not counted"
check 'd["completed"] == 30'
run replay full --json
expect 0
check 'd["same"] and 0 < d["frames"] < 30'

# an incident: the ring, figures, trace and page, which stand alone
run run p.yaml --source "$video" --duration 1 --record watched --incident-over 1ms --quiet
expect 0
folder=$(echo watched/incident-*Z)
for name in summary.json trace.json report.html; do
    [ -s "$folder/$name" ] || fault "$folder/$name is not there"
done
[ "$(ls -d watched/incident-* | wc -l)" = 1 ] || fault "one incident in ten minutes"
cp "$folder/summary.json" out.txt
check '"are allowed" in d["reason"] and d["frames"] > 0 and len(d["worst"]) > 0'
grep -Eq 'http://|https://|<script|[=>]nan' "$folder/report.html" && fault "the page needs others"
$python -c '
import html.parser, sys
html.parser.HTMLParser().feed(open(sys.argv[1]).read())' "$folder/report.html" || fault page
run replay "$folder" --json
expect 0
check 'd["same"] and d["frames"] > 0'

run run p.yaml --record-max 1GB
expect 2 'go with --record DIR'
run run p.yaml --source "$video" --record x --record-max lots
expect 2 'not a size'
run run p.yaml --source "$video" --record x --record-max 1kB
expect 3 'at least'
run run p.yaml --source "$video" --record /dev/null/x
expect 3 'Not a directory|File exists'
finish
