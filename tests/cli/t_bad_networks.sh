#!/usr/bin/env bash
# Malformed networks: exit 3, the file and the reason named, nothing on stdout.
source "$(dirname "$0")/lib.sh"

# FILE PATTERN: what of the corpus must be refused, and what the message has to say
while read -r file pattern; do
    for command in infer bench; do
        refuse "$file.*($pattern)" $command "$nets/$file"
    done
    # inspect shows what can be read, also of networks that cannot run
    run inspect "$nets/$file"
    [ "$status" = 0 ] || expect 3 "$file.*($pattern)"
done << 'EOF'
truncated-0 empty
truncated-1 not an ONNX file|cut short
truncated-4 not an ONNX file|cut short
truncated-5 not an ONNX file|cut short
text not an ONNX file
lengths not an ONNX file
bad-huge-dims too large
bad-huge-rank dimensions
bad-huge-weight 'w'.*too large
bad-short-weight 'w'.*7 bytes
bad-cyclic node 'second' \(Relu\).*cycle
bad-opset-99 opset 99
bad-opset-0 operator set
bad-unknown-operator node 'node' \(Frobnicate\)
bad-unknown-domain org\.example
bad-external-escape outside the model's folder
bad-external-absolute outside the model's folder
bad-external-missing weights\.bin
bad-external-negative external data
bad-no-producer 'ghost'
bad-twice-made 'y'
bad-kernel-too-large node 'node' \(Conv\).*7
bad-stride-zero stride 0
bad-group-zero 0 groups
bad-axis-out axis 9
bad-perm-wrong permutation
EOF

refuse 'no-such-file.onnx.*No such file' infer no-such-file.onnx
refuse 'not a regular file|directory' infer "$scratch"

# odd weights are a warning that names the tensor, not a refusal
$python -c '
import struct
open("x.npy", "wb").write(b"\x93NUMPY\x01\x00v\x00" + b"{\x27descr\x27: \x27<f4\x27, \x27fortran_order\x27: False, \x27shape\x27: (4,), }".ljust(117) + b"\n" + bytes(16))'
for file in bad-nan-weights bad-inf-weights; do
    run infer "$nets/$file" --input x=x.npy
    expect 0 "warning.*'w'.*(NaN|infinite)"
done

# outputs that cannot be written: nothing half-done
run infer "$nets/bad-nan-weights" --input x=x.npy --output /proc/nowhere
expect 3 /proc/nowhere
full_disk infer "$nets/bad-nan-weights" --input x=x.npy --output full
expect 3 'y\.npy'
absent full/y.npy
finish
