#!/usr/bin/env bash
# Videos that are broken, missing, cut short; outputs that cannot be written; an interrupt.
source "$(dirname "$0")/lib.sh"
command -v ffmpeg > /dev/null || skip "no ffmpeg to make videos with"
run models show blazeface
cat > p.yaml << 'EOF'
name: p
detect: {network: blazeface}
track: {kind: sort}
events: {updated_every: 0.1s}
EOF
run run p.yaml --check
[ "$status" = 0 ] || skip "$(tail -1 err.txt)"

video() {
    ffmpeg -v error -f lavfi -i "testsrc=size=128x96:rate=10:duration=$2" -c:v mpeg4 -q:v 8 "$1"
}
video good.avi 6
size=$(stat -c %s good.avi)

run run p.yaml --source good.avi --out good --json
expect 0
check 'd["captured"] == d["completed"] + sum(d["dropped"].values()) == 60'
check 'd["completed"] == 60 and not d.get("truncated")'
check 'd["fps"] > 0 and d["peak_rss_bytes"] > 0'
check 'all(0 <= t["p50"] <= t["p99"] for t in d["latency_ms"].values())'
for file in events.jsonl tracks.txt report.html summary.json; do
    [ -e good/$file ] || fault "$last: no good/$file"
done
$python -c '
import json
for line in open("good/events.jsonl"): json.loads(line)
json.load(open("good/summary.json"))' || fault "$last: its files are not JSON"

head -c $((size * 6 / 10)) good.avi > cut.avi
run run p.yaml --source cut.avi --events cut.jsonl --json
expect 0 'warning'
check 'd["truncated"] is True and 0 < d["completed"] < 60'
check 'd["captured"] == d["completed"] + sum(d["dropped"].values())'

: > empty.avi
refuse 'empty\.avi' run p.yaml --source empty.avi --out left
head -c 20000 /dev/urandom > noise.avi
refuse 'noise\.avi' run p.yaml --source noise.avi --out left
echo 'not a video' > text.mp4
refuse 'text\.mp4' run p.yaml --source text.mp4 --out left
ffmpeg -v error -f lavfi -i sine=duration=1 -c:a aac sound.mp4
refuse 'sound\.mp4.*(video|picture)' run p.yaml --source sound.mp4 --out left
refuse 'none\.avi' run p.yaml --source none.avi --out left
mkdir pictures
refuse 'pictures' run p.yaml --source pictures --out left
refuse 'rtsp://127\.0\.0\.1:1/' run p.yaml --source rtsp://127.0.0.1:1/ --out left
refuse 'v4l2|/dev/no-such' run p.yaml --source v4l2:/dev/no-such-camera --out left
absent left/events.jsonl left/tracks.txt left/summary.json left/report.html left/video.mp4

refuse '/proc/nowhere' run p.yaml --source good.avi --out /proc/nowhere/x
refuse '/proc/nowhere' run p.yaml --source good.avi --events /proc/nowhere/e.jsonl
refuse 'e\.jsonl|events' run p.yaml --source good.avi --events no-such-folder/e.jsonl --mot t.txt
absent t.txt
full_disk run p.yaml --source good.avi --out full
expect 3
absent full/summary.json

# an interrupt finishes the files
"$program" run p.yaml --source good.avi --realtime --events int.jsonl --mot int.txt --json \
    > out.txt 2> err.txt < /dev/null &
job=$!
for _ in $(seq 200); do # until it works, at most 20 s
    ! ls int.jsonl* > /dev/null 2>&1 || break
    sleep 0.1
done
sleep 0.5
kill -INT $job
wait $job
status=$?
last="interrupted run"
expect 130
check 'd["captured"] == d["completed"] + sum(d["dropped"].values()) and d["captured"] < 60'
$python -c '
import json
for line in open("int.jsonl"): json.loads(line)' || fault "$last: events are cut"
finish
