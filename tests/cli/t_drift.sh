#!/usr/bin/env bash
# Drift without labels: real footage is learned; itself again is none, darkened, blurred, shifted it is.
source "$(dirname "$0")/lib.sh"
export OCELLUS_DATA=$top/data
command -v ffmpeg > /dev/null || skip "no ffmpeg"
run models get --media vtest.avi --json
[ "$status" = 0 ] || skip "vtest.avi: $(tail -1 err.txt)"
video=$($python -c 'import json; print(json.load(open("out.txt"))["media"][0]["path"])' 2> /dev/null) || video=
[ -f "$video" ] || video=${XDG_CACHE_HOME:-$HOME/.cache}/ocellus/media/vtest.avi
[ -f "$video" ] || skip "vtest.avi is not in the cache"
pipeline() { # NAME NETWORK
    printf 'name: %s\ndetect: {network: %s}\ntrack: {kind: sort}\n' "$1" "$2" > "$1.yaml"
}
pipeline door blazeface
pipeline gate blazeface
run run door.yaml --check
[ "$status" = 0 ] || skip "$(tail -1 err.txt)"
for f in dark:eq=brightness=-0.35 blur:gblur=sigma=4 shift:crop=iw:ih-200:0:200; do
    ffmpeg -v error -y -i "$video" -t 20 -vf "${f#*:}" -c:v mjpeg -q:v 3 "${f%%:*}.avi" < /dev/null
done

run run door.yaml --source "$video" --quiet --json --drift-learn ref.json --drift-window 12
expect 0
grep -q '"sharpness"' ref.json || fault "nothing learned: $(cat err.txt)"
# the whole of vtest as a camera gives it: neither drift nor a burn rate has anything to say; the windows
# of a day's budget are 10 s and 2 min and more
goals() { # LATENCY
    cat door.yaml
    printf 'objectives: [latency_p99 < %s over 1 d, completed >= 90 %% over 1 d, detector_alive over 1 d]\n' "$1"
}
goals "2 s" > calm.yaml
goals "0.1 ms" > hot.yaml
run run calm.yaml --source "$video" --realtime --quiet --json --drift ref.json --state none --alerts quiet.jsonl
expect 0
[ ! -s quiet.jsonl ] || fault "vtest is not quiet: $(cat quiet.jsonl)"
run run hot.yaml --source "$video" --realtime --duration 25 --quiet --json --drift ref.json --state none \
    --alerts hot.jsonl
expect 0 "page: alert: door latency_p99: burns [0-9.]* times too fast over 2m"
grep -q '"objective":"latency_p99".*"firing":true' hot.jsonl || fault "no alert of the burn rate"
drifts() { # VIDEO FEATURE
    run run door.yaml --source "$1" --quiet --json --drift ref.json --alerts a.jsonl
    expect 0 "drift of $2: is [0-9.]* times its limit"
    grep -q "\"objective\":\"drift of $2\".*\"firing\":true" a.jsonl || fault "$1: no alert of $2"
}
drifts dark.avi brightness
drifts blur.avi sharpness
drifts shift.avi sharpness

# references that do not fit
run run gate.yaml --source "$video" --duration 1 --quiet --drift ref.json
expect 3 "ref.json: has no stream 'gate'"
sed 's/"blazeface"/"yunet"/' ref.json > other.json
run run door.yaml --source "$video" --duration 1 --quiet --drift other.json
expect 3 "learned with detector 'yunet'"
head -c 200 ref.json > cut.json
run run door.yaml --source "$video" --duration 1 --quiet --drift cut.json
expect 3 "cut.json:"
run run door.yaml --source "$video" --duration 1 --quiet --drift-learn short.json
expect 0 "did not last for one window of 60 s"
[ ! -e short.json ] || fault "a reference of nothing"
run run door.yaml --source "$video" --drift-window 5
expect 2 "together with --drift-learn"
finish
