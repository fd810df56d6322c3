#!/usr/bin/env bash
# Watching while clocks jump, disks are full, clients swarm and collectors are odd.
source "$(dirname "$0")/lib.sh"
run models show blazeface
printf 'name: watched\ndetect: {network: blazeface}\ntrack: {kind: sort}\n' > p.yaml
run run p.yaml --check
[ "$status" = 0 ] || skip "$(tail -1 err.txt)"
export PYTHONDONTWRITEBYTECODE=1
timeout 280 $python "$top/tests/observe/t_bad.py" "$program" p.yaml \
    "$(dirname "$program")/tests/observe/libclock_shim.so" || fault "t_bad.py"
finish
