#!/usr/bin/env bash
# tune keeps what it measured, --tuned takes it, a damaged cache is told and passed over; profile's
# figures, trace and drawing.
source "$(dirname "$0")/lib.sh"
$python -c 'import onnx, numpy' 2> /dev/null || skip "no onnx for python"
export XDG_CACHE_HOME=$scratch/cache
cache=$XDG_CACHE_HOME/ocellus/tune.txt

$python - << 'EOF'
import numpy as np
from onnx import TensorProto as T, helper as h, numpy_helper as nh, save
r = np.random.default_rng(1)
def conv(i, x, y, oc, k):
    w = (r.standard_normal((oc, 16, k, k)) / 4 / k).astype(np.float32)
    return (h.make_node("Conv", [x, f"w{i}"], [y], name=f"conv{i}", pads=[k // 2] * 4),
            nh.from_array(w, f"w{i}"))
parts = [conv(0, "x", "a", 16, 3), conv(1, "a", "b", 16, 3), conv(2, "b", "y", 24, 1)]
g = h.make_graph([p[0] for p in parts], "g",
                 [h.make_tensor_value_info("x", T.FLOAT, [1, 16, 20, 20])],
                 [h.make_tensor_value_info("y", T.FLOAT, [1, 24, 20, 20])], [p[1] for p in parts])
save(h.make_model(g, opset_imports=[h.make_opsetid("", 13)], ir_version=8), "net.onnx")
np.save("x.npy", r.standard_normal((1, 16, 20, 20)).astype(np.float32))
EOF

# agree DIR DIR: outputs of two runs
agree() {
    $python - "$1" "$2" << 'EOF' || fault "outputs in $1 and $2 differ"
import sys, numpy as np
a, b = (np.load(d + "/y.npy") for d in sys.argv[1:])
sys.exit(not np.abs(a - b).max() <= 1e-4 * np.abs(a).max())
EOF
}

run infer net.onnx --input x=x.npy --output guessed
expect 0
run tune net.onnx --rounds 3 --threads 1 --json
expect 0
check 'd["cache"].endswith("/ocellus/tune.txt") and len(d["layers"]) >= 2'
check 'all(l["kernel"] in l["us"] and l["guess"] in l["us"] for l in d["layers"])'
check 'all(u > 0 for l in d["layers"] for u in l["us"].values())'
check 'all(l["us"][l["kernel"]] <= l["us"][l["guess"]] for l in d["layers"])'
[ -s "$cache" ] || fault "no $cache"
lines=$(wc -l < "$cache")
run tune net.onnx --rounds 1 --threads 1
expect 0
[ "$(wc -l < "$cache")" = "$lines" ] || fault "a second tune changed the number of lines"
run infer net.onnx --input x=x.npy --output tuned --tuned
expect 0
[ ! -s err.txt ] || fault "a warning about a cache in order"
agree guessed tuned

# every name that stands in the cache is taken, unknown ones are not
for kernel in direct-8 direct-16 winograd-2 winograd-4 winograd-6; do
    sed -E "/k3x3/s/\t[^\t]+$/\t$kernel/" "$cache" > forced && cp forced "$cache"
    run inspect net.onnx --kernels --tuned --json
    expect 0
    [ "${kernel#winograd}" = "$kernel" ] || grep -q winograd out.txt || continue # not on this machine
    check "[k['kernel'].split()[0] for k in d['kernels']][:2] == ['$kernel'] * 2"
    run infer net.onnx --input x=x.npy --output "by-$kernel" --tuned
    expect 0
    agree guessed "by-$kernel"
done
sed -E "s/\t[^\t]+$/\tno-such-kernel/" "$cache" > forced
sed "1s/.*/$(head -1 "$cache")/" forced > "$cache"
run inspect net.onnx --kernels --json
cp out.txt plain.txt
run inspect net.onnx --kernels --tuned --json
cmp -s out.txt plain.txt || fault "a name that no kernel has was taken"

# damaged: a warning with file and line, and the guesses; nothing at all without --tuned
echo "broken" >> "$cache"
at=$(wc -l < "$cache")
run bench net.onnx --iterations 2 --tuned --json
expect 0 "warning: .*tune\.txt:$at: .*guess"
check 'd["latency_ms"]["min"] > 0'
run bench net.onnx --iterations 2 --json
expect 0
[ ! -s err.txt ] || fault "bench without --tuned read the cache"
run tune net.onnx --rounds 1 --threads 1
expect 0 'warning'
run inspect net.onnx --tuned --kernels
expect 0
[ ! -s err.txt ] || fault "tune did not replace the damaged cache"

run profile net.onnx --json --svg p.svg --trace p.json --iterations 3
expect 0
check 'd["peak"]["gflops"] > 0 and d["peak"]["gbs"] > 0 and d["threads"] >= 1'
check 'all(s["us"] > 0 for s in d["steps"]) and abs(sum(s["us"] for s in d["steps"]) / 1e3 - d["ms"]) < 1e-2'
check 'sum(s["kernel"] != "" for s in d["steps"]) == 3 and all(s["peak_share"] > 0 for s in d["steps"] if s["flops"])'
$python - << 'EOF' || fault "trace or drawing is not in order"
import json, xml.dom.minidom
steps = len(json.load(open("out.txt"))["steps"])
events = json.load(open("p.json"))["traceEvents"]
rows = xml.dom.minidom.parse("p.svg").getElementsByTagName("g")
assert len(events) == steps and all(e["ph"] == "X" and e["dur"] >= 0 for e in events)
assert 3 <= len(rows) <= steps + 1
EOF
run profile net.onnx --svg no/such/folder.svg --iterations 1
expect 3 'no/such/folder.svg'
finish
