#!/usr/bin/env bash
# Prometheus' rules and the dashboard, against a real run and by promtool.
source "$(dirname "$0")/lib.sh"
command -v promtool > /dev/null || skip "no promtool (Debian's prometheus)"
run models show blazeface
printf 'name: watched\ndetect: {network: blazeface}\ntrack: {kind: sort}\n' > p.yaml
run run p.yaml --check
[ "$status" = 0 ] || skip "$(tail -1 err.txt)"
export PYTHONDONTWRITEBYTECODE=1
timeout 280 $python "$top/tests/observe/t_rules.py" "$program" p.yaml "$top" \
    "$(dirname "$program")/tests/observe/nvml" || fault "t_rules.py"
finish
