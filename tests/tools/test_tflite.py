#!/usr/bin/env python3
"""TensorFlow Lite files: the cases of tflite_cases.py against what TFLite's own runtime answered
(tflite_kept.npz), and files that must be refused, with what the message has to say.

    test_tflite.py OCELLUS
"""
import os
import re
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    sys.exit(77)

from tflite_cases import CASES, conv_options, ints, weights
from tflite_writer import Model, Text, Vector, f32, i32, i8

HERE = os.path.dirname(os.path.abspath(__file__))


def plain():
    m = Model()
    x, y = m.tensor([1, 4, 4, 3], name="x"), m.tensor([1, 4, 4, 8], name="y")
    m.op("CONV_2D", [x, m.const(weights([8, 3, 3, 3])), m.const(weights([8]))], [y],
         conv_options())
    return m, [x], [y]


def built(change=None, inputs=None, outputs=None):
    m, given, made = plain()
    if change:
        change(m)
    return m.bytes(inputs or given, outputs or made)


def one(name, shape=(1, 4, 4, 3), out=(1, 4, 4, 3), options=None, consts=(), custom=None,
        dtype="float32", n_in=1, scale=None):
    m = Model()
    xs = [m.tensor(shape, dtype, scale=scale, name=f"x{i}") for i in range(n_in)]
    y = m.tensor(out, dtype, scale=scale, name="y")
    m.op(name, xs + [m.const(c) for c in consts], [y], options, custom)
    return m.bytes(xs, [y])


def set_field(table, field, value):
    table[field] = value


def unknown_code(m):
    m.codes[0] = (205, None)
    m.operators[0][3] = None


def sparse_data(m):
    m.tensors[2][6] = {0: Vector([0, 1, 2, 3], np.int32), 2: [{0: i8(0), 1: i32(8)}]}


REFUSED = {
    # what is wrong: bytes, what the message says
    "cut short": (built()[:200], "cut short or damaged"),
    "only a mark": (b"\0\0\0\0TFL3", "byte 0"),
    "offset past the end": (b"\xff\xff\xff\x7fTFL3" + bytes(40), "an offset"),
    "another version": (built()[:], None),
    "unknown operator": (built(unknown_code), r"operator 0 \(an operator newer.*no such operator"),
    "control flow": (one("LSTM"), r"operator 0 \(LSTM\): no such operator"),
    "unknown custom": (one("CUSTOM", custom=("MyOwn", b"1")),
                       r"operator 0 \(MyOwn\): no such operator here \(a custom one\)"),
    "code out of range": (built(lambda m: set_field(m.operators[0], 0, i32(9))), "operator code 9"),
    "input no tensor": (built(lambda m: set_field(m.operators[0], 1, Vector([0, 99], np.int32))),
                        r"operator 0 \(CONV_2D\): input 1 is no tensor"),
    "nobody makes it": (built(lambda m: m.operators.insert(0, m.operators[0] | {
        1: Vector([1, 2, 3], np.int32)})), r"operator 0 \(CONV_2D\): nothing makes its input 'y'"),
    "made twice": (built(lambda m: m.operators.append(m.operators[0])),
                   r"operator 1 \(CONV_2D\): 'y' is made twice"),
    "output missing": (built(outputs=[77]), "nothing makes output 0"),
    "no outputs": (plain()[0].bytes([0], []), "no outputs"),
    "contents too short": (built(lambda m: set_field(m.tensors[2], 0, Vector([9, 3, 3, 3],
                                                                              np.int32))),
                           r"tensor 2 .*bytes of contents do not fill its shape"),
    "negative dimension": (built(lambda m: set_field(m.tensors[0], 0, Vector([1, -4, 4, 3],
                                                                              np.int32))),
                           r"tensor 0 \('x'\): dimension 1 is open"),
    "rank nine": (built(lambda m: set_field(m.tensors[0], 0, Vector([1] * 9, np.int32))),
                  "9 dimensions"),
    "buffer out of range": (built(lambda m: set_field(m.tensors[2], 2, i32(50))), "buffer 50"),
    "channels do not fit": (built(lambda m: set_field(m.tensors[0], 0, Vector([1, 4, 4, 5],
                                                                               np.int32))),
                            r"operator 0 \(CONV_2D\): weights for 3 channels, the input has 5"),
    "fused tanh": (built(lambda m: set_field(m.operators[0][4], 3, i8(4))), "fused activation 4"),
    "padding 7": (built(lambda m: set_field(m.operators[0][4], 0, i8(7))), "padding 7"),
    "stride 0": (built(lambda m: set_field(m.operators[0][4], 1, i32(0))), "stride"),
    "scale zero": (one("RELU", dtype="int8", scale=[0.]), "scale 0 is 0"),
    "16 bits": (one("RELU", dtype="int16", scale=[.1]), "quantised to 16 bits"),
    "scales and axis": (built(lambda m: set_field(m.tensors[2], 4, {2: Vector([.1, .2],
                                                                              np.float32)})),
                        "2 scales over axis 0"),
    "no axes": (one("MEAN", n_in=2), r"operator 0 \(MEAN\).* input 1 .* is computed"),
    "axis out of range": (one("ARG_MAX", consts=[np.int32(4)]), "axis 4 of a tensor of rank 4"),
    "pads do not fit": (one("PAD", consts=[ints(1, 1)]), "two numbers for each of 4 dimensions"),
    "new axis": (one("STRIDED_SLICE", options={3: i32(1)}, consts=[ints(0), ints(1), ints(1)]),
                 "an ellipsis, new axes"),
    "symmetric border": (one("MIRROR_PAD", options={0: i8(1)},
                             consts=[np.full([4, 2], 2, np.int32)]), "wider than 1"),
    "options of detections": (one("CUSTOM", n_in=3, custom=("TFLite_Detection_PostProcess", b"x")),
                              r"TFLite_Detection_PostProcess\): 1 outputs"),
    "sparse levels": (built(sparse_data), r"operator 0 \(CONV_2D\)"),
}


def refuse(ocellus, folder):
    bad = 0
    data = bytearray(REFUSED["another version"][0])
    at = data.find(b"\x03\0\0\0", 8)
    data[at] = 4
    REFUSED["another version"] = (bytes(data), "schema version 4, only 3")
    for label, (content, message) in REFUSED.items():
        path = os.path.join(folder, "bad.tflite")
        with open(path, "wb") as f:
            f.write(content)
        ran = subprocess.run([ocellus, "infer", path], capture_output=True, text=True)
        if ran.returncode != 3 or not re.search(message, ran.stderr):
            print(f"{label}: exit {ran.returncode}, {ran.stderr.strip()!r}, wanted {message!r}")
            bad += 1
    print(f"{len(REFUSED)} files to refuse, {bad} wrong")
    return bad


def main():
    ocellus = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        bad = refuse(ocellus, folder)
        models = []
        for name in sorted(CASES):
            m, inputs, outputs = CASES[name]()
            models.append(os.path.join(folder, name + ".tflite"))
            m.save(models[-1], inputs, outputs)
        ran = subprocess.run([sys.executable, os.path.join(HERE, "tflite_compare.py"), "--ocellus",
                              ocellus, "--kept", os.path.join(HERE, "tflite_kept.npz"), *models])
    return 1 if bad or ran.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
