#!/usr/bin/env bash
# pipelines/street.yaml on its own video against PETS09-S2L1's truth: tracks, counts, postures.
# The first 20 seconds; all 80 with OC_LONG=1, where the figures of the README must be reached.
source "$(dirname "$0")/lib.sh"
truth=$top/../shared/data/mot15/PETS09-S2L1/gt.txt
[ -e "$truth" ] || skip "no $truth"
run run "$top/pipelines/street.yaml" --check
[ "$status" = 0 ] || skip "$(tail -1 err.txt)"

seconds=20 mota=0.50 switches=20
if [ "${OC_LONG:-}" = 1 ]; then
    seconds=0 mota=0.70 switches=40
fi
run run "$top/pipelines/street.yaml" --duration $seconds --mot tracks.txt --events e.jsonl --json
[ "$status" = 3 ] && grep -q 'not fetched' err.txt && skip "$(tail -1 err.txt)"
expect 0
check 'd["captured"] == d["completed"] == (795 if d["ended"] == "end" else 200)'
check 'd["peak_rss_bytes"] < 300e6'
check 'd["counts"]["lines"]["crossing"]["away"] >= 1'
check 'd["counts"]["zones"]["plaza"]["entered"] >= 5'
check '"walking" in d["counts"]["recognised"]["posture"]["values"]'

# what the truth says of the frames that were run
awk -F, -v last=$((seconds ? seconds * 10 : 100000)) '$1 <= last' "$truth" > gt.txt
run eval mot --gt gt.txt --dt tracks.txt --json
expect 0
check "d['MOTA'] >= $mota and d['IDSW'] < $switches"
$python -c '
import json
d = json.load(open("out.txt"))
print("MOTA %.3f, %d identity switches, IDF1 %.3f" % (d["MOTA"], d["IDSW"], d["IDF1"]))'
finish
