#!/usr/bin/env bash
# Character errors of a text recogniser before and after quantisation, on rendered words.
#
#     tools/quant_words.sh MODEL.onnx OUT_FOLDER [COUNT] [OPTION OF quantize ...]
#
# OUT_FOLDER gets the words (COUNT, 2,000 by default, seed 1), 200 others to calibrate on (seed 2), and
# q.onnx.  The recogniser's alphabet is taken from MODEL's folder.  OCELLUS names the program
# (build/ocellus), CARD the card (ppocr-v4-rec).  The last line is JSON; exit 1 where the errors grew by
# more than half a point.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2; }
model=$1 out=$2 count=${3:-2000}
shift $(($# > 2 ? 3 : 2))
top=$(cd "$(dirname "$0")/.." && pwd)
program=${OCELLUS:-$top/build/ocellus} card=${CARD:-ppocr-v4-rec}
mkdir -p "$out"
"$top/tools/render_words.py" --seed 1 --count "$count" "$out/words" > /dev/null
"$top/tools/render_words.py" --seed 2 --count 200 "$out/calibration" > /dev/null
for f in "$(dirname "$model")"/*.txt; do
    [ ! -e "$f" ] || cp "$f" "$out"
done
"$program" quantize "$model" --card "$card" --calibration "$out/calibration" --samples 32 \
    -o "$out/q.onnx" "$@"
for one in "$model" "$out/q.onnx"; do
    "$program" eval text --card "$card" --model "$one" --csv "$out/words/words.csv" --no-data-hash \
        --json > "$out/$([ "$one" = "$model" ] && echo float || echo quantised).json"
done
exec /usr/bin/python3 - "$out" << 'PY'
import json
import sys
rates = {n: json.load(open(f"{sys.argv[1]}/{n}.json")) for n in ("float", "quantised")}
cer = {n: r["character_errors"] / r["characters"] for n, r in rates.items()}
print(json.dumps({"words": rates["float"]["n"], "character_error_rate": cer}))
sys.exit(cer["quantised"] - cer["float"] > 0.005)
PY
