#!/usr/bin/env bash
# Parity: a reference that agrees, then one that is off at each stage in turn; the stage is named.
source "$(dirname "$0")/lib.sh"

model=$top/../shared/models/yolox_nano_416.onnx
picture=$(ls "$top"/../shared/data/coco-val128/images/*.jpg 2> /dev/null | head -1)
[ -f "$model" ] && [ -n "$picture" ] || skip "../shared has the network and the picture"
$python -c 'import cv2, numpy, yaml' 2> /dev/null || skip "no numpy, OpenCV and PyYAML for Python"

# the reference's program with this one in ONNX Runtime's place: parity with ONNX Runtime itself is
# what docs/parity.md shows, here the comparisons are under test
mkdir fake
cat > fake/onnxruntime.py << 'EOF'
import glob, os, subprocess, numpy
class Named:
    def __init__(self, name): self.name = name
class InferenceSession:
    def __init__(self, path, providers): self.path = path
    def get_inputs(self): return [Named("images")]
    def get_outputs(self): return [Named("output")]
    def run(self, names, inputs):
        numpy.save("in.npy", inputs["images"])
        subprocess.run([os.environ["PROGRAM"], "infer", self.path, "--input", "images=in.npy", "--output", "o"],
                       check=True, stdout=subprocess.DEVNULL)
        return [numpy.load("o/output.npy")]
EOF
PROGRAM=$program PYTHONPATH=fake $python "$top/tools/parity_reference.py" --card "$top/models/yolox-nano/card.yaml" \
    --model "$model" -o ref "$picture" > made.txt || fault "the reference's program fails"
case=$(cat made.txt)

parity() { run parity --card yolox-nano --model "$model" --reference ref --json; }
parity
expect 0
check 'd["agrees"] and d["first"] is None and d["pictures"] == 1'
check '{c["stage"] for c in d["comparisons"]} == {"decode", "resize", "tensor", "outputs", "boxes", "all"}'

# off STAGE FILE PYTHON: x of the file changed, seen at that stage first
off() {
    cp -r "$case" kept
    $python - "$case/$2" "$3" << 'EOF'
import json, sys, numpy
path = sys.argv[1]
x = json.load(open(path)) if path.endswith(".json") else numpy.load(path)
exec(sys.argv[2])
json.dump(x, open(path, "w")) if path.endswith(".json") else numpy.save(path, x)
EOF
    parity
    expect 1
    check "d['first'] == '$1'"
    rm -r "$case"
    mv kept "$case"
}
off decode decoded.npy 'x = x[:, :, ::-1]'
off resize resized.npy 'x = numpy.roll(x, 2, 1)'
off tensor tensor.npy 'x = x[:, ::-1]'
off tensor tensor.npy 'x = x[:, :, :-1]'
off outputs outputs/output.npy 'x[0, 17, 4] += 0.5'
off boxes boxes.json 'x[0]["score"] += 0.01'
off boxes boxes.json 'x[0]["label"] = "none such"'
off boxes boxes.json 'x.pop()'

# files that are not as they must be
rm "$case/tensor.npy" "$case/decoded.npy"
parity
expect 0
check '{c["stage"] for c in d["comparisons"]} == {"resize", "all"}'
echo '[{"label": "person"}]' > "$case/boxes.json"
refuse 'boxes.json: box 0' parity --card yolox-nano --model "$model" --reference ref
refuse 'picture' parity --card yolox-nano --model "$model" --reference fake
run parity --card yolox-nano
expect 2
run parity --card yolox-nano --reference ref --tracks t.txt --pipeline p.yaml
expect 2
finish
