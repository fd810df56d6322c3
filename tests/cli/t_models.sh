#!/usr/bin/env bash
# Cards: listed, shown, fetched from a mirror, verified; damaged and missing files are refused.
source "$(dirname "$0")/lib.sh"
export XDG_CACHE_HOME=$scratch/cache

run models list
expect 0
for card in "$top"/models/*/card.yaml; do
    name=$(basename "$(dirname "$card")")
    grep -q "^$name " out.txt || fault "models list lacks $name"
    run models show "$name"
    expect 0
    run models list
done
run models list --json
expect 0
check 'len(d) > 0'
run models show centernet --json
expect 0
check 'd["name"] == "centernet"'

run models show no-such-network
expect 3 no-such-network
run models get no-such-network
expect 3 no-such-network
run models
expect 2
run models frobnicate
expect 2

# a mirror folder with a file that is not the one expected
mkdir mirror
head -c 1000 /dev/urandom > mirror/yolox_nano_416.onnx
head -c 1000 /dev/urandom > mirror/yolox_nano.onnx
run models get yolox-nano --mirror mirror
[ "$status" != 0 ] || fault "$last: took a file with another sha256"
[ -z "$(find "$scratch/cache" -name '*.onnx' 2> /dev/null)" ] || fault "$last: left a file in the cache"

# a card that does not fit its network, cards with mistakes
mkdir -p cards/mine
export OCELLUS_MODELS=$scratch/cards
printf 'name: mine\n' > cards/mine/card.yaml
run models show mine
expect 3 'card\.yaml'
sed 's/^name:.*/name: mine\nlisence: MIT/' "$top/models/blazeface/card.yaml" > cards/mine/card.yaml
run models show mine
expect 3 'card\.yaml:[0-9]+:[0-9]+: .*lisence.*licence'
finish
