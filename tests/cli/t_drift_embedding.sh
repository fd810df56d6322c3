#!/usr/bin/env bash
# Drift of embeddings on real footage: a re-identification network on vtest, as it was and blurred.
source "$(dirname "$0")/lib.sh"
export OCELLUS_DATA=$top/data
weights=$top/../shared/models/person-reidentification-retail-0287.onnx
[ -f "$weights" ] || skip "no $weights"
command -v ffmpeg > /dev/null || skip "no ffmpeg"
run models get --media vtest.avi
[ "$status" = 0 ] || skip "vtest.avi: $(tail -1 err.txt)"
video=${XDG_CACHE_HOME:-$HOME/.cache}/ocellus/media/vtest.avi
[ -f "$video" ] || skip "vtest.avi is not in the cache"
ffmpeg -v error -ss 8 -i "$video" -frames:v 1 -vf crop=64:128:300:200 p.png < /dev/null
run gallery enrol g.db p.png --label somebody --card retail-0287 --model "$weights"
expect 0
cat > p.yaml << EOF
name: door
detect: {network: centernet, every: 3, score: 0.2, labels: [person]}
track: {kind: bytetrack, score_low: 0.2, score_high: 0.3, score_new: 0.5}
recognise:
  - {name: person, kind: gallery, network: retail-0287, model: "$weights", gallery: g.db, refresh: 0.5s, per_frame: 4}
EOF
run run p.yaml --check
[ "$status" = 0 ] || skip "$(tail -1 err.txt)"
run run p.yaml --source "$video" --quiet --json --drift-learn ref.json --drift-window 15
expect 0
$python - << 'PY' || fault "no embeddings in the reference"
import json
e = json.load(open("ref.json"))["streams"]["door"]["embeddings"]["person"]
assert e["network"] == "retail-0287" and e["values"] > 100 and len(e["projections"]) == 16, e["values"]
PY
ffmpeg -v error -ss 20 -i "$video" -t 30 -vf gblur=sigma=4 -c:v mjpeg -q:v 3 blur.avi < /dev/null
run run p.yaml --source "$video" --quiet --json --drift ref.json --alerts quiet.jsonl
expect 0
[ ! -s quiet.jsonl ] || fault "the whole of vtest is not quiet: $(cat quiet.jsonl)"
run run p.yaml --source blur.avi --quiet --json --drift ref.json --alerts blur.jsonl
expect 0 "drift of embedding of person: is [0-9.]* times its limit"
sed 's/"retail-0287"/"retail-0288"/' ref.json > other.json
run run p.yaml --source "$video" --duration 1 --quiet --drift other.json
expect 3 "learned with recogniser 'retail-0288', this one is 'retail-0287'"
finish
