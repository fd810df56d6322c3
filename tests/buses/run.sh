#!/usr/bin/env bash
# Events through each bus under faults, a row of a table for each:
#     tests/buses/run.sh BUILD_FOLDER [EVENTS=100000] [SEED=7]
# A broker restarts every two seconds or so; in between, connections are cut (also half-way through a
# message), held, slowed down, refused, and answers garbled.  Exit 1 when an event was lost, out of
# order, or dropped.
set -u
build=${1:?usage: run.sh BUILD_FOLDER [EVENTS] [SEED]}
events=${2:-100000}
seed=${3:-7}
export OCELLUS_PLUGINS=$build/plugins
status=0
head=1
for bus in mqtt nats redis kafka webhook; do
    program=$(find "$build" -name "faults_$bus" -type f -perm -u+x | head -1)
    if [ -z "$program" ]; then
        echo "| $bus | not built here |"
        continue
    fi
    out=$("$program" --events "$events" --seed "$seed" 2>&1)
    code=$?
    [ $code = 0 ] || [ $code = 77 ] || status=1
    [ $head = 1 ] && grep -m2 '^|' <<< "$out" && head=0
    grep "^| $bus " <<< "$out" || echo "| $bus | $(tail -1 <<< "$out") |"
done
exit $status
