#!/usr/bin/env bash
# pipelines/cart.yaml: bottles on a video are found, followed and named after grocery photographs.
source "$(dirname "$0")/lib.sh"
shared=$top/../shared
export OCELLUS_MIRROR=${OCELLUS_MIRROR:-$shared/models}
video=$shared/data/video/bottle-detection.mp4
[ -e "$video" ] || skip "no $video"
[ -e "$shared/data/grocery/train_subset.txt" ] || skip "no ../shared/data/grocery"
[ -e "$OCELLUS_MIRROR/yolox_nano_416.onnx" ] || skip "no yolox_nano_416.onnx in $OCELLUS_MIRROR"

# every fourth product under its number
awk -F', *' -v top="$shared/data/grocery/" '$2 % 4 == 0 { print top $1 "," "product " $2 }' \
    "$shared/data/grocery/train_subset.txt" > train.csv
run gallery enrol g.db --card mobilenet-v2-embed --csv train.csv --by centroid --center on
expect 0
run run "$top/pipelines/cart.yaml" --gallery g.db --source "$video" --duration 4 --out out --json
expect 0
check 'd["captured"] == d["completed"] > 100'
check '3 <= d["counts"]["tracks"] <= 6'
check 'd["counts"]["zones"]["basket"]["entered"] >= 3'
check 'd["counts"]["recognised"]["product"]["looks"] >= 9'
check 'all(v.startswith("product ") for v in d["counts"]["recognised"]["product"]["values"])'
grep -q '"what":"product","value":"product ' out/events.jsonl || fault "$last: nothing was named"

refuse 'no-such\.db' run "$top/pipelines/cart.yaml" --gallery no-such.db --source "$video"
finish
