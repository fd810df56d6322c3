#!/usr/bin/env bash
# Wrong usage is exit 2 and says how; help is exit 0.
source "$(dirname "$0")/lib.sh"

run
expect 2 usage
run frobnicate
expect 2 frobnicate
run --help
expect 0
grep -q usage out.txt || fault "--help prints no usage"
run --version
expect 0
grep -Eq '[0-9]+\.[0-9]+\.[0-9]+' out.txt || fault "--version prints no version"

commands=$("$program" --help | awk '/^  [a-z]/ { print $1 }')
[ -n "$commands" ] || fault "the overview names no command"
for command in $commands; do
    run "$command" --help
    expect 0
    [ -s out.txt ] || fault "$last prints nothing"
    run "$command" --no-such-option
    expect 2 no-such-option
done

for command in infer bench inspect; do
    run "$command"
    expect 2
    run "$command" a.onnx b.onnx c.onnx
    expect 2
done
run bench "$nets/good-add" --iterations
expect 2 iterations
run bench "$nets/good-add" --iterations many
expect 2 iterations
run bench "$nets/good-add" --threads -1
expect 2 threads
finish
