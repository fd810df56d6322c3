#!/bin/sh
# run.sh ORT_FILES short|long: networks exported by PyTorch, compared with ONNX Runtime.
# short: small ones that show every graph form; long: all of them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
compare=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${OC_TORCH_PYTHON:-/usr/bin/python3}
[ -x "$python" ] || { echo "skipped: no $python"; exit 77; }
names=""
int8=""
[ "$2" = long ] || int8="resnet18 squeezenet1_1"
[ "$2" = long ] || names="yolov5_nms yolov8 yolov10 rtdetr segformer mobilevit crnn_lstm scripted_if_loop scripted_decoder"
status=0
# shellcheck disable=SC2086
"$python" "$here/export_zoo.py" "$work" $names > "$work/log" 2>&1 || status=$?
grep -v Warning "$work/log" | grep -E "not exported|skipped|Error" || true
[ $status -eq 77 ] && exit 77
"$python" "$here/operators.py" "$work"
# shellcheck disable=SC2086
"$python" "$here/quantize.py" "$work" $int8 > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$compare" "$work"/*.onnx && [ $status -eq 0 ]
