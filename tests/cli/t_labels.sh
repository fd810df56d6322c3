#!/usr/bin/env bash
# pipelines/labels.yaml on photographs of signs: words that a passer-by reads.
source "$(dirname "$0")/lib.sh"
pictures=${XDG_CACHE_HOME:-$HOME/.cache}/ocellus/media/opencv/text
[ -e "$pictures/scenetext01.jpg" ] || skip "no $pictures/scenetext01.jpg"
run run "$top/pipelines/labels.yaml" --check
[ "$status" = 0 ] || skip "$(tail -1 err.txt)"

run run "$top/pipelines/labels.yaml" --source "$pictures/scenetext0*.jpg" --out out --json
expect 0
check 'd["captured"] == d["completed"] == 6'
check 'd["counts"]["events"]["recognised"] >= 12'
$python - << 'EOF' || fault "$last: words are missing"
import json, sys
read = set()
for line in open("out/events.jsonl"):
    event = json.loads(line)
    if event["type"] == "recognised" and event["confidence"] >= 0.8:
        read.add(event["value"].replace(" ", "").lower())
words = ["notice", "double", "parking", "prohibited", "atalltimes", "sportscentre",
         "conferencecentre", "carparks", "copycentre", "gm125", "noparking"]
missing = [word for word in words if word not in read]
print("read %d of %d words; not %s" % (len(words) - len(missing), len(words), missing))
sys.exit(len(missing) > 1)
EOF
finish
