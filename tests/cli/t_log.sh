#!/usr/bin/env bash
# run --log: lines for people and for a log's collector, repeated ones kept back.
source "$(dirname "$0")/lib.sh"
export OCELLUS_DATA=$top/data
run models get --media vtest.avi
[ "$status" = 0 ] || skip "vtest.avi: $(tail -1 err.txt)"
video=${XDG_CACHE_HOME:-$HOME/.cache}/ocellus/media/vtest.avi
[ -f "$video" ] || skip "vtest.avi is not in the cache"
printf 'name: "a\\nb"\ndetect: {network: blazeface}\ntrack: {kind: sort}\nqueue: {drop: newest, length: 1}\n' > p.yaml
run run p.yaml --check
[ "$status" = 0 ] || skip "$(tail -1 err.txt)"

run run p.yaml --source "$video" --duration 2 --quiet --log text
expect 0 '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z info a b model blazeface: begins: .*vtest.avi, 768 x 576'
expect 0 'info a b model blazeface: ends: 20 frames captured, 20 completed, 0 dropped$'
[ "$(grep -c Z err.txt)" = 2 ] || fault "lines of nothing: $(cat err.txt)"
run run p.yaml --source "$video" --duration 2 --quiet --log json
$python - << 'PY' || fault "not such lines: $(cat err.txt)"
import json
lines = [json.loads(l) for l in open("err.txt")]
assert len(lines) == 2 and all(l["stream"] == "a\nb" and l["level"] == "info" for l in lines), lines
assert lines[1]["message"] == "ends: 20 frames captured, 20 completed, 0 dropped"
PY
run run p.yaml --source "$video" --log loud
expect 2 "text or json, not 'loud'"
finish
