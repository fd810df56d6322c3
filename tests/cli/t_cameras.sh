#!/usr/bin/env bash
# Two cameras of GStreamer's in one process; one is cut, stalled and started again while the other goes
# on.  Watched and stopped through the control socket.
source "$(dirname "$0")/lib.sh"
model=$top/../shared/models/yolox_nano_416.onnx
camera=$top/tests/tools/rtsp_camera.py
[ -f "$model" ] || skip "no $model"
[ -f "$(dirname "$program")/plugins/media_ffmpeg.so" ] || skip 'the plug-in media_ffmpeg was not built'
pids=()
trap 'kill -9 "${pids[@]}" 2> /dev/null; rm -rf "$scratch"' EXIT

# start NAME PORT: leaves the process in $pid
start() {
    /usr/bin/python3 "$camera" "$2" 10 > "$1.txt" 2>&1 &
    pid=$!
    pids+=($pid)
    for _ in $(seq 100); do
        grep -q ready "$1.txt" && return
        kill -0 $pid 2> /dev/null || break
        sleep 0.1
    done
    kill -9 $pid 2> /dev/null
    wait $pid # 77 is the camera's word for what is not installed
    [ $? != 77 ] || skip "$(tail -1 "$1.txt")"
    fault "camera $1 did not start: $(tail -1 "$1.txt")"
    finish
}

port=$((20000 + $$ % 20000))
start good $port
start bad $((port + 1))
bad=$pid
cat > p.yaml << YAML
name: shop
detect: {network: yolox-nano, model: "$model", every: 100}
source: {timeout: 1s, retry: 100ms, retry_max: 300ms}
streams:
  - {name: good, source: {url: "rtsp://127.0.0.1:$port/cam"}, queue: {drop: none, length: 8}}
  - {name: bad, source: {url: "rtsp://127.0.0.1:$((port + 1))/cam"}}
YAML
"$program" run p.yaml --control s.sock --events e.jsonl --quiet --json > run.json 2> run.txt &
runner=$!
pids+=($runner)

# field STREAM KEY: of the control socket's list
field() {
    "$program" ctl s.sock list --json 2> /dev/null | $python -c "
import json, sys
for s in json.load(sys.stdin)['streams']:
    if s['name'] == '$1':
        print(int(s['$2']))" 2> /dev/null
}

# until STREAM KEY OPERATOR VALUE
until_so() {
    for _ in $(seq 300); do
        v=$(field "$1" "$2")
        [ -n "$v" ] && [ "$v" "$3" "$4" ] && return
        sleep 0.1
    done
    fault "$1: $2 did not become $3 $4 (is '$v')"
    cat run.txt
}

until_so good completed -ge 10
until_so bad completed -ge 10
before=$(field bad completed)
kill -9 $bad # cut
until_so bad away -eq 1
start bad $((port + 1))
bad=$pid
until_so bad away -eq 0
until_so bad completed -gt $((before + 5))
kill -STOP $bad # stalled
until_so bad away -eq 1
kill -CONT $bad
until_so bad away -eq 0
until_so bad lost -ge 2
good=$(field good completed)
until_so good completed -gt "$good"
"$program" ctl s.sock stop || fault 'ctl stop'
wait $runner
status=$?
[ $status = 0 ] || fault "run: exit $status: $(cat run.txt)"
[ ! -e s.sock ] || fault 'the socket was left behind'
$python - << 'EOF2' || fault 'the books do not balance'
import json
d = json.load(open("run.json"))
for s in d["streams"]:
    assert s["captured"] == s["completed"] + sum(s["dropped"].values()), s
    assert s["completed"] >= 10, s  # waited for above
good = d["streams"][0]
assert set(good["dropped"]) <= {"stopped"}, good["dropped"]
events = [json.loads(l) for l in open("e.jsonl")]
assert {e["stream"] for e in events} == {"good", "bad"}
assert sum(e["type"] == "ended" for e in events) == 2
EOF2
finish
