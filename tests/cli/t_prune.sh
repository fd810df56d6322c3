#!/usr/bin/env bash
# Pruning: shapes stay consistent, the table of ratios, refusals.
source "$(dirname "$0")/lib.sh"
$python -c "import onnx, numpy" 2> import.txt || skip "python3-onnx is not installed"
$python "$top/tests/cli/data/quantize_nets.py" || fault "the networks cannot be made"

for by in change norm; do
    run prune net.onnx --calibration tensors --by $by --align 1 --ratios 0.1,0.25,0.5 -o p.onnx --json
    expect 0
    check '[r["ratio"] for r in d["ratios"]] == [0.1, 0.25, 0.5] and d["free"] > 8'
    check 'd["ratios"][0]["weight_bytes"] > d["ratios"][2]["weight_bytes"]'
    check 'all(r["weight_bytes"] < d["weight_bytes"] for r in d["ratios"])'
    check 'd["ratios"][0]["sqnr_db"] >= d["ratios"][2]["sqnr_db"]'
    $python - << 'PY' || fault "$last: the file is not as expected"
import onnx
from onnx import numpy_helper
m = onnx.load("p.onnx")
onnx.checker.check_model(m, full_check=True)
w = {t.name: numpy_helper.to_array(t) for t in m.graph.initializer}
conv = {n.name: w[n.input[1]].shape for n in m.graph.node if n.op_type == "Conv"}
group = {a.i for n in m.graph.node if n.name == "c2" for a in n.attribute if a.name == "group"}
kept = conv["c1"][0]
# the residual, the depthwise convolution and squeeze and excite lose the same channels
assert kept < 16 and conv["c2"][0] == kept and group == {kept}, conv
assert conv["c3"][:2] == (kept, kept) and conv["c5"][0] == kept and conv["c6"][1] == kept, conv
gemm = next(n for n in m.graph.node if n.op_type == "Gemm")
assert w[gemm.input[1]].shape == (10, 2 * conv["c6"][0])
PY
    run infer p.onnx --input x=input.npy --output got
    expect 0
done
run prune net.onnx --calibration tensors --align 8 --ratios 0.6 -o p.onnx
expect 0
$python - << 'PY' || fault "$last: not multiples of eight"
import onnx
shapes = {t.name: list(t.dims) for t in onnx.load("p.onnx").graph.initializer}
for n in onnx.load("p.onnx").graph.node:
    assert n.op_type != "Conv" or shapes[n.input[1]][0] % 8 == 0
PY
run prune net.onnx --calibration tensors --ratios 0.2
expect 0
refuse 'no batch normalisation' prune hard.onnx --calibration tensors --by norm --ratios 0.5 -o no.onnx
refuse 'nothing to calibrate on' prune net.onnx --calibration empty --ratios 0.5 -o no.onnx
absent no.onnx
for wrong in "--ratios 0" "--ratios 1" "--ratios 0.1,x" "--ratios 0.1 --by luck" \
    "--ratios 0.1 --align 0"; do
    run prune net.onnx --calibration tensors $wrong
    expect 2
done
run prune net.onnx --calibration tensors
expect 2 "--ratios"
finish
