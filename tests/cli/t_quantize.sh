#!/usr/bin/env bash
# Quantising: files that ONNX's checker takes and that give nearly the same, budgets, refusals.
source "$(dirname "$0")/lib.sh"
$python -c "import onnx, numpy" 2> import.txt || skip "python3-onnx is not installed"
$python "$top/tests/cli/data/quantize_nets.py" || fault "the networks cannot be made"

# checked FILE...: ONNX's checker, shape inference included, takes them
checked() {
    $python - "$@" << 'PY' || fault "$last: the checker refuses the file"
import sys
import onnx
for path in sys.argv[1:]:
    onnx.checker.check_model(onnx.load(path), full_check=True)
PY
}

# near FILE DB: its result for input.npy lies so near the float network's
near() {
    run infer net.onnx --input x=input.npy --output want
    expect 0
    run infer "$1" --input x=input.npy --output got
    expect 0
    $python - "$2" << 'PY' || fault "$1: further from the float network than $2 dB"
import sys
import numpy as np
want, got = np.load("want/y.npy"), np.load("got/y.npy")
db = 10 * np.log10((want ** 2).sum() / max(((want - got) ** 2).sum(), 1e-30))
print(f"{db:.1f} dB")
sys.exit(not (want.shape == got.shape and db >= float(sys.argv[1])))
PY
}

for method in minmax average percentile entropy mse auto; do
    run quantize net.onnx --calibration tensors --method $method -o q.onnx --json
    expect 0
    check 'd["layers_integer"] == 7 and d["layers_float"] == 0'
    check 'd["weights"]["left_in_float"] == 0 and d["weights"]["bytes"] < d["weights"]["float_bytes"]'
    checked q.onnx
    near q.onnx 12
done
for option in --symmetric "--weight-bits 7" --equalize --correct-bias --round \
    "--equalize --correct-bias --round"; do
    run quantize net.onnx --calibration tensors $option -o q.onnx
    expect 0
    checked q.onnx
    near q.onnx 15
done
run quantize net.onnx --card ./card.yaml --calibration pictures -o q.onnx
expect 0
checked q.onnx

# what was folded and how it is written: a scale a channel, int32 biases, activations not cut off
$python - << 'PY' || fault "the file is not as expected"
import onnx
from onnx import numpy_helper
m = onnx.load("q.onnx")
tensors = {t.name: numpy_helper.to_array(t) for t in m.graph.initializer}
made = {o: n for n in m.graph.node for o in n.output}
assert not any(n.op_type == "BatchNormalization" for n in m.graph.node)
for n in m.graph.node:
    if n.op_type == "Conv":
        w = made[n.input[1]]
        assert w.op_type == "DequantizeLinear" and tensors[w.input[0]].dtype == "int8"
        assert tensors[w.input[1]].shape == (tensors[w.input[0]].shape[0],)
        assert abs(tensors[w.input[0]].astype(int)).max() <= 127
        assert len(n.input) < 3 or tensors[made[n.input[2]].input[0]].dtype == "int32"
        assert made[n.input[0]].op_type == "DequantizeLinear"
readers = {i: n for n in m.graph.node for i in n.input}
assert readers[next(n for n in m.graph.node if n.op_type == "Conv").output[0]].op_type == "Relu"
assert [o.name for o in m.graph.output] == ["y"] and [i.name for i in m.graph.input] == ["x"]
assert m.opset_import[0].version == 13
PY

# activations of 16 bits: opset 21, which the checker of some distributions does not know; what can be
# looked at without is
for option in "" --symmetric; do
    run quantize net.onnx --calibration tensors --activation-bits 16 $option -o wide.onnx --json
    expect 0
    check 'd["layers_16_bits"] == 7 and all(l["activation_bits"] == 16 for l in d["layers"])'
    near wide.onnx 30
done
$python - << 'PY' || fault "the file of 16 bits is not as expected"
import onnx
from onnx import numpy_helper
m = onnx.load("wide.onnx")
assert m.opset_import[0].version == 21 and m.ir_version >= 10
tensors = {t.name: numpy_helper.to_array(t) for t in m.graph.initializer}
levels = [n for n in m.graph.node if n.op_type == "QuantizeLinear"]
assert levels and all(tensors[n.input[2]].dtype == "int16" for n in levels)
made = {o: n for n in m.graph.node for o in n.output}
for n in m.graph.node:
    if n.op_type == "Conv":
        assert tensors[made[n.input[1]].input[0]].dtype == "int8"
seen = set(tensors) | {i.name for i in m.graph.input}
for n in m.graph.node:
    assert set(n.input) <= seen | {""}, n.name
    seen |= set(n.output)
if onnx.defs.onnx_opset_version() >= 21:
    onnx.checker.check_model(m, full_check=True)
PY

run quantize net.onnx --format fp16 -o half.onnx
expect 0
checked half.onnx
near half.onnx 50

# every layer's own loss, a budget that is met, one that is not
run quantize hard.onnx --calibration tensors --layers -o all.onnx --json
expect 0
check 'len(d["layers"]) == 3 and d["layers"][0]["sqnr_db"] <= d["layers"][2]["sqnr_db"]'
check 'd["layers_float"] == 0'
run quantize hard.onnx --calibration tensors --max-drop 0.1% --float-max 1 --activation-bits 8 --report r.html \
    -o some.onnx --json
expect 0
check 'd["budget"]["met"] and d["layers_float"] >= 1 and d["budget"]["sqnr_db"] >= 30 and d["layers_16_bits"] == 0'
check 'any("loss" in l.get("reason", "") for l in d["layers"])'
checked some.onnx
grep -q "its loss is too large" r.html || fault "the report says not why"
# 16 bits are the step before float
run quantize spread.onnx --calibration tensors --max-drop 0.1% -o middle.onnx --json
expect 0
check 'd["budget"]["met"] and d["layers_16_bits"] >= 1 and d["budget"]["sqnr_db"] >= 30'
check 'd["layers_float"] == 0 and d["weights"]["left_in_float"] == 0'
# an output that comes out of a choice: the noise is measured before it
run quantize choice.onnx --calibration tensors --layers -o choice-q.onnx --json
expect 0
check 'all(10 < l["sqnr_db"] < 100 for l in d["layers"])'
checked choice-q.onnx
run quantize hard.onnx --calibration tensors --max-drop 0.0001% --float-max 0.01 --activation-bits 8 \
    -o least.onnx --json
expect 1
check 'not d["budget"]["met"] and "float-max" in d["budget"]["why"]'
checked least.onnx
run quantize net.onnx --card ./card.yaml --calibration pictures --images labelled --max-drop 50% \
    -o top.onnx --report top.html --json
[ "$status" = 0 ] || [ "$status" = 1 ] || fault "$last: exit $status"
check 'all("metric" in l for l in d["layers"]) and d["budget"]["part"] == 10'
grep -q "alone, top-1" top.html || fault "the report has no column of the metric"
run quantize net.onnx --card ./card.yaml --calibration pictures --images labelled --max-drop 50% \
    --measure 2 --measure-pictures 5 -o top.onnx --json
[ "$status" = 0 ] || [ "$status" = 1 ] || fault "$last: exit $status"
check 'd["budget"]["metric"] == "top-1" and 0 <= d["budget"]["float"] <= 1'
check 'sum("metric" in l for l in d["layers"]) == 2 and d["budget"]["part"] == 5'
run quantize net.onnx --calibration tensors --keep-float c6 -o keep.onnx --json
expect 0
check 'd["layers_float"] == 1 and [l["reason"] for l in d["layers"] if l["name"] == "c6"] == ["asked for (--keep-float)"]'

run quantize odd.onnx --calibration tensors -o odd-q.onnx --json
expect 0
check 'd["float_operators"] == [{"op": "Sin", "count": 1}] and d["layers_integer"] == 2'
checked odd-q.onnx

# refused, and nothing left behind
rm -f no.onnx
refuse 'empty: nothing to calibrate on' quantize net.onnx --calibration empty -o no.onnx
refuse 'text: nothing to calibrate on' quantize net.onnx --calibration text -o no.onnx
refuse 'nowhere.*No such file' quantize net.onnx --calibration nowhere -o no.onnx
refuse 'input.npy: not a folder' quantize net.onnx --calibration input.npy -o no.onnx
refuse '--card says how' quantize net.onnx --calibration pictures -o no.onnx
refuse 'blank: all pictures are of one colour each' quantize net.onnx --card ./card.yaml --calibration blank -o no.onnx
refuse 'quantised already: node' quantize q.onnx --calibration tensors -o no.onnx
refuse "one.npy: value 'root' is NaN" quantize nan.onnx --calibration tensors -o no.onnx
refuse "no layer is called 'c7'" quantize net.onnx --calibration tensors --keep-float c7 -o no.onnx
refuse 'nets|cannot|No such' quantize missing.onnx --calibration tensors -o no.onnx
refuse 'No such file' quantize net.onnx --calibration tensors -o nowhere/no.onnx
mkdir locked && cp pictures/0.png locked/ && : > locked/1.png
refuse 'locked/1.png' quantize net.onnx --card ./card.yaml --calibration locked -o no.onnx
absent no.onnx no.onnx.part
full_disk quantize net.onnx --calibration tensors -o no.onnx
expect 3
absent no.onnx no.onnx.part
refuse "activations of 16 bits need opset 21: node 'gone'.*holds a graph" quantize branch.onnx --calibration tensors \
    --activation-bits 16 -o no.onnx
run quantize branch.onnx --calibration tensors --max-drop 0.0001% --float-max 1 -o branch-q.onnx --json
check 'd["budget"]["no_16_bits"] and d["layers_16_bits"] == 0'
for wrong in "--activation-bits 12" "--method best" "--percentile 20" "--weight-bits 4" "--max-drop 2" "--float-max 0" \
    "--format int4" "--gt t.json"; do
    run quantize net.onnx --calibration tensors -o no.onnx $wrong
    expect 2
done
run quantize net.onnx -o no.onnx
expect 2 "--calibration"
finish
