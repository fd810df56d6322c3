#!/usr/bin/env bash
# Several streams from outside: outputs apart, one file of events, --check, requests with ctl.
source "$(dirname "$0")/lib.sh"
model=$top/../shared/models/yolox_nano_416.onnx
video=$top/../shared/data/video/bottle-detection.mp4
[ -f "$model" ] && [ -f "$video" ] || skip "no $model, or no $video"
[ -f "$(dirname "$program")/plugins/media_ffmpeg.so" ] || skip 'the plug-in media_ffmpeg was not built'
cat > p.yaml << YAML
name: shop
source: {url: "$video"}
detect: {network: yolox-nano, model: "$model", labels: [bottle], every: 5}
streams:
  - {name: left}
  - {name: right, class: critical, deadline: 100ms, detect: {every: 10}}
YAML

run run p.yaml --check --json
expect 0
check 'd["ok"] and d["cores"] >= 1 and [t["stream"] for t in d["tasks"]] == ["left", "right"]'
check 'd["tasks"][0]["class"] == "normal" and d["tasks"][1]["class"] == "critical"'
check 'd["tasks"][0]["period_ms"] < d["tasks"][1]["period_ms"] and not d["tasks"][0]["fps_guessed"]'
check 'all(t["run_ms"] >= t["wide_ms"] > 0 and t["utilisation"] > 0 for t in d["tasks"])'
check 'abs(sum(t["utilisation"] for t in d["tasks"]) / d["cores"] - d["utilisation"]) < 0.001'

run run p.yaml --duration 1 --out out --json
expect 0
check 'd["captured"] == d["completed"] == sum(s["captured"] for s in d["streams"]) and len(d["streams"]) == 2'
check 'all(s["counts"]["looks"] == -(-s["captured"] // n) for s, n in zip(d["streams"], (5, 10)))'
for name in left right; do
    for file in events.jsonl tracks.txt summary.json report.html; do
        [ -s out/$name/$file ] || fault "out/$name/$file is not there"
    done
done

run run p.yaml --duration 0.5 --events all.jsonl --mot tracks.txt
expect 3 '\{stream\}'
absent all.jsonl tracks.txt
run run p.yaml --duration 0.5 --events all.jsonl
expect 0
grep -q '"stream":"left"' all.jsonl && grep -q '"stream":"right"' all.jsonl || fault 'events of both streams'

run ctl no-such-socket list
expect 3 'no-such-socket'
run ctl s.sock list around
expect 2 'takes'
"$program" run p.yaml --realtime --control s.sock --quiet --json > run.json 2> run.txt &
runner=$!
for _ in $(seq 200); do
    [ -S s.sock ] && break
    sleep 0.1
done
run ctl s.sock add '{name: third, detect: {every: 30}}'
expect 0
run ctl s.sock list --json
expect 0
check '[s["name"] for s in d["streams"]] == ["left", "right", "third"] and d["networks"] == 1'
run ctl s.sock set left '{detect: {every: 7}}'
expect 0
run ctl s.sock show left
expect 0
check 'd["detect"]["every"] == 7 and d["name"] == "left"'
run ctl s.sock set left '{detect: {every: never}}'
expect 1 'every'
run ctl s.sock remove third
expect 0
run ctl s.sock remove third
expect 1 "no stream 'third'"
run ctl s.sock stop
expect 0
wait $runner || fault "run: exit $?: $(cat run.txt)"
cp run.json out.txt
check '[s["pipeline"] for s in d["streams"]] == ["left", "right"]'
check 'all(s["captured"] == s["completed"] + sum(s["dropped"].values()) for s in d["streams"])'
absent s.sock
finish
