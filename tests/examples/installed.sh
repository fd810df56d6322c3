#!/usr/bin/env bash
# installed.sh SOURCE BUILD CC: installs, builds examples/ against the package, runs detect.
set -eu
source=$1 build=$2 cc=$3
if grep -q '^OC_SANITIZE:STRING=.' "$build/CMakeCache.txt"; then
    echo "skipped: a program without sanitizers cannot load a library with them"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/usr" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake -S "$source/examples" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/usr" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS="-Wall -Wextra -Wpedantic -Werror" \
    > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cmake --build "$work/build" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
detect=$work/build/detect

# wrong usage, a card that is not there, a picture that is not one
status=0
"$detect" 2> "$work/err" || status=$?
[ $status = 2 ] && grep -q '^usage: detect' "$work/err"
if "$detect" "$work/none.yaml" x y 2> "$work/err"; then exit 1; fi
grep -q 'none.yaml: No such file' "$work/err"

shared=$source/../shared
if [ ! -f "$shared/models/yolox_nano_416.onnx" ]; then
    echo "built; not run: no network here"
    exit 0
fi
card=$work/usr/share/ocellus/models/yolox-nano/card.yaml
if "$detect" "$card" "$shared/models/yolox_nano_416.onnx" "$card" 2> "$work/err"; then exit 1; fi
cat "$work/err"
# A bear (class 21), as the labels of the picture say.
"$detect" "$card" "$shared/models/yolox_nano_416.onnx" \
    "$shared/data/coco-val128/images/000000000285.jpg" | tee "$work/out"
head -1 "$work/out" | grep -q '^bear'
