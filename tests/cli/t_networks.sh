#!/usr/bin/env bash
# infer, bench and inspect on small networks.
source "$(dirname "$0")/lib.sh"
$python -c 'import numpy' 2> /dev/null || skip "no python3-numpy"

$python - << 'EOF'
import numpy as np
x = np.random.default_rng(1).standard_normal((1, 4, 6, 6)).astype(np.float32)
np.save("x.npy", x)
np.save("y.npy", x[::-1].copy() * 2)
np.save("wide.npy", np.ones((1, 4, 9, 6), np.float32))
np.save("double.npy", x.astype(np.float64))
np.save("small.npy", np.ones((1, 3, 8, 8), np.float32))
EOF

run infer "$nets/good-add" --input x0=x.npy --input x1=y.npy --output out
expect 0
$python -c '
import numpy as np
assert np.array_equal(np.load("out/y.npy"), np.load("x.npy") + np.load("y.npy"))' ||
    fault "infer: the sum is wrong"

run infer "$nets/good-small" --input x=small.npy --output out --json
expect 0
check 'd["outputs"][0]["name"] == "y" and d["outputs"][0]["shape"] == [1, 5]'
$python -c '
import numpy as np
assert abs(np.load("out/y.npy").sum() - 1) < 1e-5' || fault "infer: softmax does not sum to 1"

# an open dimension is bound by the input, or by --shape
run infer "$nets/good-dynamic" --input x0=wide.npy --output out
expect 0
$python -c '
import numpy as np
assert np.load("out/y.npy").shape == (1, 4, 9, 6)' || fault "infer: dynamic shape"
run bench "$nets/good-dynamic" --shape x0=1x4x7x6 --iterations 3 --json
expect 0

run bench "$nets/good-small" --threads 1 --iterations 5 --json
expect 0
check 'd["threads"] == 1 and d["backend"] == "cpu" and d["load_ms"] > 0'
check 'set(d["latency_ms"]) >= {"min", "p50", "p90", "p99", "mean"}'
check '0 < d["latency_ms"]["min"] <= d["latency_ms"]["p50"] <= d["latency_ms"]["p99"]'
check 'd["arena_bytes"] >= 0 and d["peak_rss_bytes"] > 0 and d["gflop"] > 0'

# kernels of every instruction set agree
for isa in ref auto; do
    run infer "$nets/good-small" --input x=small.npy --output "out-$isa" --isa $isa
    expect 0
done
$python -c '
import numpy as np
assert np.abs(np.load("out-ref/y.npy") - np.load("out-auto/y.npy")).max() < 1e-6' ||
    fault "infer: ref and auto differ"

run inspect "$nets/good-small"
expect 0
grep -q Conv out.txt || fault "inspect names no Conv"

refuse 'x1' infer "$nets/good-add" --input x0=x.npy
refuse 'ghost' infer "$nets/good-add" --input x0=x.npy --input x1=y.npy --input ghost=x.npy
refuse 'x0.*(shape|1x4x9x6)|1x4x9x6' infer "$nets/good-add" --input x0=wide.npy --input x1=y.npy
refuse 'float64' infer "$nets/good-add" --input x0=double.npy --input x1=y.npy
refuse 'missing.npy' infer "$nets/good-add" --input x0=missing.npy --input x1=y.npy
refuse 'x0' bench "$nets/good-dynamic" --iterations 1
run infer "$nets/good-add" --input x0 --input x1=y.npy
[ "$status" = 2 ] || [ "$status" = 3 ] || fault "$last: exit $status"
run bench "$nets/good-add" --isa frob
[ "$status" = 2 ] || [ "$status" = 3 ] || fault "$last: exit $status"
run bench "$nets/good-add" --backend frob
[ "$status" = 2 ] || [ "$status" = 3 ] || fault "$last: exit $status"
finish
