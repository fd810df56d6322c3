#!/usr/bin/env bash
# Watching from outside: pages of metrics, readiness, clients that misbehave.
source "$(dirname "$0")/lib.sh"
run models show blazeface
cat > p.yaml << 'YAML'
name: watched
detect: {network: blazeface}
track: {kind: sort}
sinks:
  - {name: out, kind: jsonl, path: out.jsonl}
YAML
run run p.yaml --check
[ "$status" = 0 ] || skip "$(tail -1 err.txt)"
export PYTHONDONTWRITEBYTECODE=1

for test in http objectives; do
    timeout 250 $python "$top/tests/observe/t_$test.py" "$program" p.yaml || fault "t_$test.py"
done
finish
