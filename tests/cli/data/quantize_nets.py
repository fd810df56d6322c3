"""Small networks, calibration tensors and pictures for t_quantize.sh and t_prune.sh, in the current folder."""
import os
import zlib
import struct

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.RandomState(7)
weights = []


def weight(name, *shape, scale=0.4):
    value = (random.standard_normal(shape) * scale).astype(np.float32)
    weights.append(numpy_helper.from_array(value, name))
    return name


def constant(name, value):
    weights.append(numpy_helper.from_array(np.asarray(value), name))
    return name


def save(path, nodes, out_shape, opset=13, in_shape=(1, 3, 16, 16)):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, in_shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, out_shape)], list(weights))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 7
    onnx.checker.check_model(model)
    onnx.save(model, path)
    weights.clear()


def node(op, inputs, output, **attributes):
    return helper.make_node(op, inputs, [output], name=output, **attributes)


def norm(name, x, channels):
    constant(name + "_s", (random.rand(channels) + 0.5).astype(np.float32))
    constant(name + "_b", random.standard_normal(channels).astype(np.float32) * np.float32(0.1))
    constant(name + "_m", random.standard_normal(channels).astype(np.float32) * np.float32(0.1))
    constant(name + "_v", (random.rand(channels) + 0.5).astype(np.float32))
    return node("BatchNormalization", [x] + [name + e for e in ("_s", "_b", "_m", "_v")], name)


def body():
    """Convolutions, normalisation, a residual, a depthwise one, squeeze and excite, a hard swish
    spelled in four nodes, a concatenation and a classifier; attributes of opset 9."""
    return [
        node("Conv", ["x", weight("w1", 16, 3, 3, 3)], "c1", pads=[1, 1, 1, 1]),
        norm("n1", "c1", 16),
        node("Relu", ["n1"], "r1"),
        node("Conv", ["r1", weight("w2", 16, 1, 3, 3), weight("b2", 16)], "c2", pads=[1, 1, 1, 1],
             group=16),
        node("Clip", ["c2"], "k2", min=0.0, max=6.0),
        node("Conv", ["k2", weight("w3", 16, 16, 1, 1)], "c3"),
        node("Add", ["c3", "r1"], "a3"),
        node("GlobalAveragePool", ["a3"], "g4"),
        node("Conv", ["g4", weight("w4", 8, 16, 1, 1), weight("b4", 8)], "c4"),
        node("Relu", ["c4"], "r4"),
        node("Conv", ["r4", weight("w5", 16, 8, 1, 1), weight("b5", 16)], "c5"),
        node("Sigmoid", ["c5"], "s5"),
        node("Mul", ["a3", "s5"], "m5"),
        node("Conv", ["m5", weight("w6", 16, 16, 3, 3), weight("b6", 16)], "c6", strides=[2, 2],
             pads=[1, 1, 1, 1]),
        node("Add", ["c6", constant("three", np.float32(3))], "h1"),
        node("Clip", ["h1"], "h2", min=0.0, max=6.0),
        node("Mul", ["c6", "h2"], "h3"),
        node("Div", ["h3", constant("six", np.float32(6))], "h4"),
        node("MaxPool", ["h4"], "p7", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node("Concat", ["h4", "p7"], "j7", axis=1),
        node("GlobalAveragePool", ["j7"], "g8"),
        node("Flatten", ["g8"], "f8"),
        node("Gemm", ["f8", weight("w9", 10, 32), weight("b9", 10)], "y", transB=1),
    ]


def odd():
    """An operator without an integer form between two convolutions."""
    return [
        node("Conv", ["x", weight("w1", 8, 3, 3, 3)], "c1"),
        node("Sin", ["c1"], "s1"),
        node("Conv", ["s1", weight("w2", 4, 8, 1, 1)], "y"),
    ]


def not_a_number():
    """The square root of something negative."""
    return [
        node("Conv", ["x", weight("w1", 8, 3, 3, 3)], "c1"),
        node("Sqrt", ["c1"], "root"),
        node("Conv", ["root", weight("w2", 4, 8, 1, 1)], "y"),
    ]


def hard():
    """A layer whose channels differ by a factor of ten thousand, so that eight bits lose most."""
    spread = np.logspace(-2, 2, 8).astype(np.float32).reshape(8, 1, 1, 1)
    first = random.standard_normal((8, 3, 3, 3)).astype(np.float32) * spread
    second = random.standard_normal((4, 8, 1, 1)).astype(np.float32) / spread.reshape(1, 8, 1, 1)
    return [
        node("Conv", ["x", constant("w1", first)], "c1"),
        node("Relu", ["c1"], "r1"),
        node("Conv", ["r1", constant("w2", second)], "c2"),
        node("Relu", ["c2"], "r2"),
        node("Conv", ["r2", weight("w3", 4, 4, 1, 1)], "y"),
    ]


def spread():
    """Channels of an activation that differ by a factor of a thousand, each of as much weight behind."""
    far = np.logspace(-1.5, 1.5, 8).astype(np.float32)
    first = random.standard_normal((8, 3, 3, 3)).astype(np.float32) * far.reshape(8, 1, 1, 1)
    second = random.standard_normal((8, 1, 3, 3)).astype(np.float32) / far.reshape(8, 1, 1, 1)
    return [
        node("Conv", ["x", constant("w1", first)], "c1", pads=[1, 1, 1, 1]),
        node("Relu", ["c1"], "r1"),
        node("Conv", ["r1", constant("w2", second)], "c2", group=8),
        node("Relu", ["c2"], "r2"),
        node("Conv", ["r2", weight("w3", 4, 8, 1, 1)], "y"),
    ]


def choice():
    """The two best of a score map: rows that change places where scores are near."""
    constant("k", np.array([2], np.int64))
    constant("flat", np.array([1, -1], np.int64))
    return [
        node("Conv", ["x", weight("w1", 8, 3, 3, 3)], "c1"),
        node("Relu", ["c1"], "r1"),
        node("Conv", ["r1", weight("w2", 4, 8, 1, 1)], "c2"),
        node("Reshape", ["c2", "flat"], "f2"),
        helper.make_node("TopK", ["f2", "k"], ["y", "index"], name="best", axis=1),
    ]


def branch():
    """A node that holds graphs, which are not rewritten."""
    def arm(name, op):
        return helper.make_graph([node(op, ["c1"], name)], name + "_g", [],
                                 [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 8, 14, 14])])
    constant("yes", np.array(True))
    return [
        node("Conv", ["x", weight("w1", 8, 3, 3, 3)], "c1"),
        helper.make_node("If", ["yes"], ["gone"], name="gone", then_branch=arm("t", "Relu"),
                         else_branch=arm("e", "Sigmoid")),
        node("Conv", ["gone", weight("w2", 4, 8, 1, 1)], "y"),
    ]


def png(path, size, pixel):
    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(size)) for y in range(size))

    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data +
                struct.pack(">I", zlib.crc32(kind + data)))

    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


save("net.onnx", body(), [1, 10], opset=9)
save("odd.onnx", odd(), [1, 4, 14, 14])
save("nan.onnx", not_a_number(), [1, 4, 14, 14])
save("hard.onnx", hard(), [1, 4, 14, 14])
save("spread.onnx", spread(), [1, 4, 14, 14])
save("choice.onnx", choice(), [1, 2])
save("branch.onnx", branch(), [1, 4, 14, 14])
for folder in ("tensors", "empty", "pictures", "blank", "text", "labelled"):
    os.mkdir(folder)
np.save("input.npy", random.standard_normal((1, 3, 16, 16)).astype(np.float32))
np.save("tensors/several.npy", random.standard_normal((5, 3, 16, 16)).astype(np.float32))
np.save("tensors/one.npy", random.standard_normal((1, 3, 16, 16)).astype(np.float32))
for i in range(3):
    png(f"pictures/{i}.png", 16, lambda x, y: (x * 9 + i * 30, y * 11, (x * y * (i + 2)) % 256))
    png(f"blank/{i}.png", 16, lambda x, y: (40, 90, 130))
for label in range(10):
    os.mkdir(f"labelled/{label}")
    png(f"labelled/{label}/p.png", 16, lambda x, y: (x * label * 3 % 256, y * 11, 255 - x * label))
with open("text/note.txt", "w") as f:
    f.write("no picture\n")
with open("card.yaml", "w") as f:
    f.write("""name: small
title: a test
licence: none
source: {url: "https://example.org/net.onnx", file: net.onnx, sha256: %s}
input: {size: [16, 16], color: rgb, fit: stretch, mean: [127, 127, 127], std: [60, 60, 60]}
head: {type: classify, softmax: true}
labels: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
""" % ("0" * 64))
