#!/bin/bash
# Plans: compiled, loaded, refused; limits on memory.
. "$(dirname "$0")/lib.sh"

chmod 700 . # a plan counts only in a folder of one's own
net=$nets/good-small
other=$nets/good-depthwise
cp "$net" net.onnx
cp "$other" other.onnx

run compile net.onnx -o net.ocplan --json
expect 0
check 'd["plan_bytes"] > 0 and d["load_ms"] > 0 and d["save_ms"] > 0'
[ "$(stat -c %a net.ocplan)" = 600 ] || fault "the plan is not its owner's alone"

# the same results, bench tells the time of loading
run bench net.onnx --iterations 3 --json
expect 0
run bench net.onnx --plan net.ocplan --iterations 3 --json
expect 0
check 'd["load_ms"] > 0 and d["runs"] == 3'
run profile net.onnx --plan net.ocplan
expect 0

run inspect net.onnx --json
expect 0
$python - << 'PY' || fault "inputs could not be written"
import json
import numpy
with open("out.txt") as f:
    ports = json.load(f)["inputs"]
args = []
for i, p in enumerate(ports):
    dims = [int(n) if n.isdigit() else 3 for n in p["shape"].split("x")]
    n = int(numpy.prod(dims))
    numpy.save(f"in{i}.npy", (numpy.arange(n) % 7 / 7 - 0.5).astype(p["dtype"]).reshape(dims))
    args += ["--input", f"{p['name']}=in{i}.npy"]
with open("args", "w") as f:
    f.write(" ".join(args))
PY
run infer net.onnx $(cat args) --output fresh
expect 0
run infer net.onnx $(cat args) --plan net.ocplan --output planned
expect 0
diff -r fresh planned > /dev/null || fault "a plan gives other results"

# each refusal with its reason
refuse 'sha256' infer other.onnx $(cat args) --plan net.ocplan
refuse 'fusion' bench net.onnx --plan net.ocplan --no-fusion
refuse 'No such file' bench net.onnx --plan nothing.ocplan
refuse 'not a plan' bench net.onnx --plan net.onnx
run version --json
if ! bench_isa=$("$program" bench net.onnx --isa avx2 --iterations 1 2>&1); then
    echo "no other instruction set to ask for: $bench_isa" | head -1
else
    refuse 'instruction set' bench net.onnx --plan net.ocplan --isa ref
fi
head -c 3000 net.ocplan > cut.ocplan
chmod 600 cut.ocplan
refuse 'cut short' bench net.onnx --plan cut.ocplan
cp net.ocplan bad.ocplan
printf '\377' | dd of=bad.ocplan bs=1 seek=300 conv=notrunc status=none
refuse 'checksum' bench net.onnx --plan bad.ocplan
chmod 622 bad.ocplan
refuse 'others may write the file' bench net.onnx --plan bad.ocplan
chmod 777 .
refuse 'others may write its folder' bench net.onnx --plan net.ocplan
chmod 700 .
ln -s net.ocplan link.ocplan
refuse 'symbolic' bench net.onnx --plan link.ocplan

# wrong usage, places that cannot be written
run compile net.onnx
expect 2 '-o is missing'
refuse 'No such file' compile net.onnx -o no/where.ocplan
absent no
refuse 'No such file' compile nothing.onnx -o x.ocplan
absent x.ocplan
full_disk compile net.onnx -o full.ocplan
[ "$status" = 3 ] || fault "$last: exit $status"
absent full.ocplan full.ocplan.new*

# limits
run bench net.onnx --memory-max 1000 --iterations 1
expect 1 'needs [0-9]+ bytes .* 1000 are allowed'
run bench net.onnx --memory-max 100000000 --iterations 1
expect 0

# the cache
export XDG_CACHE_HOME=$PWD/cache
run bench net.onnx --plan-cache --iterations 1
expect 0
kept=$(echo cache/ocellus/plans/*.ocplan)
[ -f "$kept" ] || fault "$last: no plan is kept"
printf 'damage' > "$kept"
run bench net.onnx --plan-cache --iterations 1
expect 0 'plan cache: made anew: '
[ "$(head -c 6 "$kept")" = OCPLAN ] || fault "$last: the damaged plan is not replaced"
refuse 'not both' bench net.onnx --plan-cache --plan net.ocplan
refuse 'no tuned kernels' bench net.onnx --plan-cache --tuned

# sizes that the data decide: no plan, with the reason; without a bound only when asked for
cp "$nets/flow-loop" loop.onnx
cp "$nets/flow-loop-open" open.onnx
run bench loop.onnx --iterations 3 --json
expect 0
refuse 'plans hold fixed shapes only' compile loop.onnx -o loop.ocplan
refuse "node 'the loop' .Loop.: its number of turns has no limit" bench open.onnx
run bench open.onnx --allow-dynamic --iterations 3 --json
expect 0
run inspect loop.onnx --json
expect 0
check '[o["shape"] for o in d["at_most"]] == ["4", "4x4"]'
run inspect open.onnx --json
expect 0
check '"the loop" in d["no_bound"] and d["at_most"][1]["shape"] is None'

finish
