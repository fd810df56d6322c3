#!/usr/bin/env bash
# Metrics and traces to a collector that is well, busy, says no, lies, is not there; trace files.
source "$(dirname "$0")/lib.sh"
run models show blazeface
printf 'name: watched\ndetect: {network: blazeface}\ntrack: {kind: sort}\n' > p.yaml
run run p.yaml --check
[ "$status" = 0 ] || skip "$(tail -1 err.txt)"
export PYTHONDONTWRITEBYTECODE=1
timeout 280 $python "$top/tests/observe/t_otlp.py" "$program" p.yaml || fault "t_otlp.py"
finish
