#!/usr/bin/python3
"""Writes the seeds under corpus/: small well-formed inputs, and the malformed ones that users meet.
What a fuzzer found lies beside them under names that begin with found-, and is left alone.

Needs Debian's python3-onnx and python3-numpy, and ffmpeg for the JPEG seeds."""
import pathlib
import re
import struct
import subprocess
import sys
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def put(folder, name, data):
    path = CORPUS / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


# ---- ONNX ----

def value(name, shape, kind=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, weights=(), opset=13, domains=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(weights))
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def weight(name, shape, seed=1):
    rng = np.random.default_rng(seed)
    return numpy_helper.from_array(rng.standard_normal(shape).astype(np.float32), name)


def small_net():
    """conv, batch norm, relu, pool, flatten, gemm, softmax"""
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], "conv", pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["c", "s", "h", "m", "v"], ["n"], "bn"),
        helper.make_node("Relu", ["n"], ["r"], "relu"),
        helper.make_node("MaxPool", ["r"], ["p"], "pool", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"], "flat"),
        helper.make_node("Gemm", ["f", "k"], ["g"], "gemm"),
        helper.make_node("Softmax", ["g"], ["y"], "soft"),
    ]
    weights = [weight("w", (4, 3, 3, 3)), weight("b", (4,)), weight("s", (4,)), weight("h", (4,)),
               weight("m", (4,)), numpy_helper.from_array(np.ones(4, np.float32), "v"),
               weight("k", (64, 5))]
    return model(nodes, [value("x", [1, 3, 8, 8])], [value("y", [1, 5])], weights)


def one(op, n_in=1, shape=(1, 4, 6, 6), out=None, weights=(), opset=13, **attributes):
    names = [f"x{i}" for i in range(n_in)]
    node = helper.make_node(op, names + [w.name for w in weights], ["y"], "node", **attributes)
    return model([node], [value(n, list(shape)) for n in names],
                 [value("y", list(out or shape))], weights, opset)


def good_nets():
    yield "small", small_net()
    yield "add", one("Add", 2)
    yield "sigmoid", one("Sigmoid")
    yield "leaky", one("LeakyRelu", alpha=0.1)
    yield "transpose", one("Transpose", shape=(2, 3, 4), out=(4, 2, 3), perm=[2, 0, 1])
    yield "concat", one("Concat", 2, shape=(1, 2, 3), out=(1, 4, 3), axis=1)
    yield "depthwise", one("Conv", weights=[weight("w", (4, 1, 3, 3))], group=4,
                           pads=[1, 1, 1, 1])
    yield "deconv", one("ConvTranspose", out=(1, 2, 12, 12), weights=[weight("w", (4, 2, 2, 2))],
                        strides=[2, 2])
    yield "avgpool", one("AveragePool", out=(1, 4, 3, 3), kernel_shape=[2, 2], strides=[2, 2])
    yield "reshape", one("Reshape", out=(1, 144), weights=[
        numpy_helper.from_array(np.array([0, -1], np.int64), "shape")])
    yield "slice", one("Slice", out=(1, 4, 3, 6), weights=[
        numpy_helper.from_array(np.array([1], np.int64), "starts"),
        numpy_helper.from_array(np.array([-2], np.int64), "ends"),
        numpy_helper.from_array(np.array([2], np.int64), "axes")])
    yield "resize", one("Resize", out=(1, 4, 12, 12), weights=[
        numpy_helper.from_array(np.array([], np.float32), "roi"),
        numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales")], mode="nearest")
    yield "matmul", one("MatMul", 2, shape=(2, 4, 4))
    yield "reduce", one("ReduceMean", out=(1, 4, 1, 1), axes=[2, 3])
    yield "opset7", one("Clip", opset=7, min=0.0, max=6.0)
    dynamic = one("Relu")
    for port in (dynamic.graph.input[0], dynamic.graph.output[0]):
        port.type.tensor_type.shape.dim[2].dim_param = "h"
    yield "dynamic", dynamic


def number(name, x, kind=np.int64):
    return numpy_helper.from_array(np.array(x, kind), name)


def loop_net(counted, grows):
    """Rows of a loop over the elements above a limit; without `counted` only a condition ends it."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]),
         helper.make_node("Concat", ["state", "x"], ["next"], axis=0) if grows
         else helper.make_node("Add", ["state", "x"], ["next"]),
         helper.make_node("Mul", ["x", "x"], ["row"])],
        "body",
        [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL),
         value("state", [None] if grows else [4])],
        [value("go_on", [], TensorProto.BOOL), value("next", [None] if grows else [4]),
         value("row", [4])])
    nodes = [helper.make_node("Greater", ["x", "limit"], ["over"]),
             helper.make_node("NonZero", ["over"], ["where"]),
             helper.make_node("Size", ["where"], ["turns"]),
             helper.make_node("Greater", ["turns", "none"], ["any"]),
             helper.make_node("Loop", ["turns" if counted else "", "any", "x"], ["sum", "stack"],
                              "the loop", body=body)]
    return model(nodes, [value("x", [4])], [value("sum", [None] if grows else [4]),
                                           value("stack", [None, 4])],
                 [number("limit", .3, np.float32), number("none", 0)])


def scan_net():
    body = helper.make_graph([helper.make_node("Add", ["s", "r"], ["t"]),
                              helper.make_node("Neg", ["t"], ["o"])], "body",
                             [value("s", [3]), value("r", [3])], [value("t", [3]), value("o", [3])])
    nodes = [helper.make_node("Scan", ["x0", "x1"], ["last", "all"], "scan", body=body,
                              num_scan_inputs=1, scan_output_axes=[1], scan_input_axes=[0])]
    return model(nodes, [value("x0", [3]), value("x1", [5, 3])],
                 [value("last", [3]), value("all", [3, 5])])


def if_net():
    then = helper.make_graph([helper.make_node("Neg", ["x"], ["a"])], "then", [], [value("a", [4])])
    other = helper.make_graph([helper.make_node("Concat", ["x", "x"], ["b"], axis=0)], "other", [],
                              [value("b", [8])])
    nodes = [helper.make_node("ReduceMean", ["x"], ["mean"], keepdims=0),
             helper.make_node("Greater", ["mean", "limit"], ["yes"]),
             helper.make_node("If", ["yes"], ["y"], "if", then_branch=then, else_branch=other)]
    return model(nodes, [value("x", [4])], [value("y", [None])], [number("limit", .5, np.float32)])


def nms_net():
    """Suppression, the boxes kept, the best scores, what is over a limit, and a sequence of them."""
    nodes = [helper.make_node("NonMaxSuppression", ["boxes", "scores", "most", "iou", "limit"], ["kept"]),
             helper.make_node("Slice", ["kept", "two", "three", "one"], ["column"]),
             helper.make_node("Reshape", ["column", "flat"], ["index"]),
             helper.make_node("Squeeze", ["boxes", "zero"], ["all"]),
             helper.make_node("Gather", ["all", "index"], ["found"]),
             helper.make_node("Reshape", ["scores", "flat"], ["each"]),
             helper.make_node("Greater", ["each", "limit"], ["over"]),
             helper.make_node("Compress", ["each", "over"], ["good"]),
             helper.make_node("Shape", ["good"], ["count"]),
             helper.make_node("Min", ["count", "three"], ["k"]),
             helper.make_node("TopK", ["good", "k"], ["best", "best_at"]),
             helper.make_node("Unique", ["index"], ["unique"])]
    return model(nodes, [value("boxes", [1, 6, 4]), value("scores", [1, 2, 6])],
                 [value("found", [None, 4]), value("best", [None]),
                  value("unique", [None], TensorProto.INT64)],
                 [number("most", 3), number("iou", .4, np.float32), number("limit", .3, np.float32),
                  number("zero", [0]), number("one", [1]), number("two", [2]), number("three", [3]),
                  number("flat", [-1])])


def sequence_net():
    nodes = [helper.make_node("SplitToSequence", ["x", "sizes"], ["parts"], axis=0),
             helper.make_node("SequenceAt", ["parts", "one"], ["part"]),
             helper.make_node("SequenceInsert", ["parts", "part"], ["more"]),
             helper.make_node("ConcatFromSequence", ["more"], ["y"], axis=0)]
    return model(nodes, [value("x", [6])], [value("y", [None])],
                 [number("sizes", 2), number("one", 1)])


def flow_nets():
    yield "loop", loop_net(True, False)
    yield "loop-grows", loop_net(True, True)
    yield "loop-open", loop_net(False, False)
    yield "scan", scan_net()
    yield "if", if_net()
    yield "nms", nms_net()
    yield "sequence", sequence_net()


def cyclic():
    nodes = [helper.make_node("Add", ["x", "b"], ["a"], "first"),
             helper.make_node("Relu", ["a"], ["b"], "second")]
    return model(nodes, [value("x", [4])], [value("b", [4])])


def external(location, offset="0", length="16"):
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4],
                         data_location=TensorProto.EXTERNAL)
    for key, text in (("location", location), ("offset", offset), ("length", length)):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, text
    return model([helper.make_node("Add", ["x", "w"], ["y"], "add")], [value("x", [4])],
                 [value("y", [4])], [tensor])


def bad_weights(array):
    return model([helper.make_node("Add", ["x", "w"], ["y"], "add")], [value("x", [4])],
                 [value("y", [4])], [numpy_helper.from_array(np.array(array, np.float32), "w")])


def short_weight():
    net = small_net()
    net.graph.initializer[0].raw_data = net.graph.initializer[0].raw_data[:7]
    return net


def huge(dims):
    net = one("Relu", shape=(1,))
    for port in (net.graph.input[0], net.graph.output[0]):
        del port.type.tensor_type.shape.dim[:]
        for d in dims:
            port.type.tensor_type.shape.dim.add().dim_value = d
    return net


def huge_weight():
    net = small_net()
    del net.graph.initializer[0].dims[:]
    net.graph.initializer[0].dims.extend([2**62, 2**62, 3, 3])
    return net


def deep_attributes():
    """a body in a body in a body"""
    body = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "b", [], [value("y", [1])])
    for i in range(40):
        node = helper.make_node("If", ["c"], ["y"], f"if{i}", then_branch=body, else_branch=body)
        body = helper.make_graph([node], "b", [], [value("y", [1])])
        if len(body.SerializeToString()) > 6000:
            break
    return model(body.node, [value("c", [], TensorProto.BOOL)], [value("y", [1])])


def bad_nets():
    yield "cyclic", cyclic()
    yield "opset-0", one("Relu", opset=0)
    yield "opset-99", one("Relu", opset=99)
    yield "unknown-operator", one("Frobnicate")
    other = one("Relu")
    other.graph.node[0].domain = "org.example"
    other.opset_import.append(helper.make_opsetid("org.example", 1))
    yield "unknown-domain", other
    yield "external-escape", external("../../../../etc/passwd")
    yield "external-absolute", external("/etc/passwd")
    yield "external-missing", external("weights.bin")
    yield "external-negative", external("weights.bin", "-8", "99999999999999999999")
    yield "nan-weights", bad_weights([0, float("nan"), 1, 2])
    yield "inf-weights", bad_weights([0, float("inf"), -float("inf"), 2])
    yield "short-weight", short_weight()
    yield "huge-dims", huge([2**31, 2**31, 2**31])
    yield "huge-negative", huge([-5, 3])
    yield "huge-rank", huge([1] * 30)
    yield "huge-plan", huge([1, 65535, 65535])
    yield "huge-weight", huge_weight()
    yield "deep", deep_attributes()
    yield "no-nodes", model([], [value("x", [1])], [value("x", [1])])
    yield "no-producer", model([helper.make_node("Relu", ["ghost"], ["y"], "r")],
                               [value("x", [1])], [value("y", [1])])
    yield "twice-made", model([helper.make_node("Relu", ["x"], ["y"], "a"),
                               helper.make_node("Relu", ["x"], ["y"], "b")],
                              [value("x", [1])], [value("y", [1])])
    yield "kernel-too-large", one("Conv", shape=(1, 3, 5, 5), weights=[weight("w", (1, 3, 7, 7))])
    yield "stride-zero", one("MaxPool", kernel_shape=[2, 2], strides=[0, 0])
    yield "pads-huge", one("MaxPool", kernel_shape=[2, 2], pads=[2**62, 0, 2**62, 0])
    yield "group-zero", one("Conv", weights=[weight("w", (4, 4, 1, 1))], group=0)
    yield "axis-out", one("Concat", 2, axis=9)
    yield "perm-wrong", one("Transpose", shape=(2, 3), perm=[0, 0])
    yield "channels-wrong", one("Conv", weights=[weight("w", (4, 7, 1, 1))])
    yield "inputs-missing", one("Add", 1)
    yield "inputs-many", one("Relu", 3)
    yield "reshape-wrong", one("Reshape", weights=[
        numpy_helper.from_array(np.array([-1, -1, 7], np.int64), "shape")])


def onnx_corpus():
    for name, net in good_nets():
        put("onnx", f"good-{name}", net.SerializeToString())
    for name, net in flow_nets():
        put("onnx", f"flow-{name}", net.SerializeToString())
    for name, net in bad_nets():
        put("onnx", f"bad-{name}", net.SerializeToString())
    whole = small_net().SerializeToString()
    for i, cut in enumerate((0, 1, 7, 64, len(whole) // 2, len(whole) - 1)):
        put("onnx", f"truncated-{i}", whole[:cut])
    put("onnx", "text", "This is a text file, not a network.\n")
    put("onnx", "lengths", b"\x3a" + b"\xff" * 9 + b"\x01" + b"\x00" * 32)
    put("onnx", "varint-endless", b"\x08" + b"\xff" * 40)
    put("onnx", "groups", b"\x0b" * 200 + b"\x0c" * 200)


# ---- images ----

def png(width, height, kind, rows, head=None):
    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))
    ihdr = head or struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + chunk(b"IDAT", zlib.compress(rows)) + \
        chunk(b"IEND", b"")


def jpeg(*options):
    return subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=35x23",
                           "-frames:v", "1", *options, "-f", "mjpeg", "-"],
                          stdout=subprocess.PIPE, check=True).stdout


def image_corpus():
    rgb = b"".join(b"\0" + bytes((x * 7 + y * 13) % 256 for x in range(3 * 9)) for y in range(5))
    good = png(9, 5, 2, rgb)
    put("image", "good-rgb.png", good)
    put("image", "good-gray.png", png(3, 2, 0, b"\0\1\2\3\0\4\5\6"))
    put("image", "good-alpha.png", png(1, 1, 6, b"\0\1\2\3\4"))
    put("image", "bad-short-rows.png", png(9, 5, 2, rgb[:40]))
    put("image", "bad-huge.png", png(0, 0, 0, b"", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 2,
                                                            0, 0, 0)))
    put("image", "bad-zero.png", png(0, 0, 0, b""))
    put("image", "bad-depth.png", png(0, 0, 0, b"", struct.pack(">IIBBBBB", 4, 4, 3, 2, 0, 0, 0)))
    put("image", "truncated.png", good[:len(good) // 2])
    for name, fmt in (("420", "yuvj420p"), ("422", "yuvj422p"), ("444", "yuvj444p"),
                      ("gray", "gray")):
        put("image", f"good-{name}.jpg", jpeg("-pix_fmt", fmt, "-q:v", "8"))
    whole = jpeg("-pix_fmt", "yuvj420p", "-q:v", "8")
    put("image", "truncated-head.jpg", whole[:40])
    put("image", "truncated.jpg", whole[:len(whole) * 2 // 3])
    at = whole.index(b"\xff\xc0") + 5
    put("image", "bad-huge.jpg", whole[:at] + b"\xff\xff\xff\xff" + whole[at + 4:])
    put("image", "bad-zero.jpg", whole[:at] + b"\0\0\0\0" + whole[at + 4:])
    put("image", "empty", b"")
    put("image", "text", "not a picture\n")


# ---- arrays ----

def npy(head, data=b"", version=b"\x01\x00"):
    text = head.encode() + b"\n"
    size = struct.pack("<H", len(text)) if version[0] == 1 else struct.pack("<I", len(text))
    return b"\x93NUMPY" + version + size + text + data


def npy_corpus():
    head = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    put("npy", "good", npy(head, bytes(24)))
    put("npy", "good-scalar", npy(head.replace("(2, 3)", "()"), bytes(4)))
    put("npy", "good-v2", npy(head, bytes(24), b"\x02\x00"))
    put("npy", "good-u1", npy(head.replace("<f4", "|u1"), bytes(6)))
    put("npy", "bad-short", npy(head, bytes(23)))
    put("npy", "bad-fortran", npy(head.replace("False", "True"), bytes(24)))
    put("npy", "bad-big-endian", npy(head.replace("<f4", ">f4"), bytes(24)))
    put("npy", "bad-object", npy(head.replace("<f4", "|O"), bytes(24)))
    put("npy", "bad-huge", npy(head.replace("(2, 3)", "(4294967296, 4294967296, 4)"), bytes(24)))
    put("npy", "bad-negative", npy(head.replace("(2, 3)", "(-2, 3)"), bytes(24)))
    put("npy", "bad-rank", npy(head.replace("(2, 3)", "(" + "1, " * 40 + ")"), bytes(4)))
    put("npy", "bad-head", b"\x93NUMPY\x01\x00\xff\xff{'descr'")
    put("npy", "bad-version", npy(head, bytes(24), b"\x09\x00"))
    put("npy", "empty", b"")


# ---- YAML ----

def yaml_corpus(folder, seeds):
    """The project's own files, and faults planted into them."""
    top = CORPUS.parent.parent.parent
    for path in sorted(top.glob(seeds)):
        name = path.parent.name if path.name == "card.yaml" else path.stem
        put(folder, f"good-{name}", path.read_text())
    texts = {
        "empty": "", "list": "- 1\n- 2\n", "scalar": "42\n", "tab": "a:\n\t- b\n",
        "unknown-key": "frobnicate: 3\n", "open-quote": 'name: "never closed\n',
        "duplicate": "name: a\nname: b\n", "null": "name:\n", "control": "name: \x01\x02\n",
        "not-utf8": b"name: \xff\xfe\n", "anchor-loop": "a: &a [*a]\n",
        "bomb": "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
        "deep": "[" * 200 + "]" * 200, "deep-map": "".join("  " * i + "a:\n" for i in range(60)),
        "two-documents": "a: 1\n---\nb: 2\n", "number": "1: 2\n? [a, b]\n: c\n",
    }
    for name, text in texts.items():
        put(folder, f"bad-{name}", text)


# ---- JSON: the first byte says which reader ----

def json_corpus():
    truth = ('{"info":{"x":[1,{"y":null}]},"annotations":[{"segmentation":[[1,1,6,1,3.5,4]],"area":9,'
             '"iscrowd":0,"image_id":1,"bbox":[1,1,6,4],"category_id":2,"id":1,"num_keypoints":1,'
             '"keypoints":[' + ",".join(["1,2,2"] * 17) + ']},{"segmentation":{"size":[6,8],'
             '"counts":[8,3,37]},"area":3,"iscrowd":1,"image_id":1,"bbox":[1,2,1,3],'
             '"category_id":2,"id":2,"num_keypoints":0}],"images":[{"id":1,"width":8,"height":6,'
             '"file_name":"a\\u00e9.jpg"}],"categories":[{"id":2,"name":"cat"}]}')
    result = ('[{"image_id":1,"category_id":2,"bbox":[1,1,6,4.5e0],"score":-0.5,"segmentation":'
              '{"size":[6,8],"counts":"83U1"},"keypoints":[' + ",".join(["1,2,2"] * 17) + ']}]')
    for kind, name in enumerate(("bbox", "segm", "keypoints")):
        put("json", f"good-truth-{name}", f"{kind}" + truth)
        put("json", f"good-result-{name}", f"{kind + 3}" + result)
    put("json", "good-classes", '6path,label,"a ""b""",c\nx,c,.1,.9\ny,0,1e-3,.5\n')
    for name, text in {
        "empty": "", "deep": "[" * 100, "deep-object": '{"a":' * 100, "number": "[01]",
        "surrogate": '["\\ud800\\u0041"]', "escape": '["\\x"]', "comma": "[1,]", "two": "{}{}",
        "long-run": result.replace("83U1", "~" * 30), "cut": truth[:200], "zero": '["\\u0000"]',
        "huge-side": truth.replace('"width":8', '"width":1e9'),
        "far-corner": truth.replace("3.5", "1e308"), "nan": truth.replace("3.5", "NaN"),
        "id": truth.replace('"id":1,', '"id":1e300,'), "runs": truth.replace("37", "4294967295"),
    }.items():
        for kind in "14":
            put("json", f"bad-{name}-{kind}", kind + text)


# ---- TensorFlow Lite ----

def eval_corpus():
    """One file per reader of fuzz_eval.c, and each of them spoilt in the same ways."""
    mot = "1,1,0,0,10,20,1,1,1\n1,2,50,0,10,20,1,7,1\n2,1,1,0,10,20,0,1,1\n"
    track = ("0 1 Car 0 0 -1.5 1 2 90 80 -1 -1 -1 -1 -1 -1 -1\n"
             "0 -1 DontCare -1 -1 -10 5 5 50 50 -1 -1 -1 -1 -1 -1 -1\n")
    kitti = "Car 0.00 0 0.5 100 100 200 180 1 1 1 1 1 1 0\nDontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1 -1 -1 -10\n"
    voc = ("<?xml version='1.0'?><annotation><filename>x.jpg</filename><size><width>90</width>"
           "<height>80</height><depth>3</depth></size><object><name>cat</name><difficult>1"
           "</difficult><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax>"
           "</bndbox></object></annotation>")
    seeds = {"a": mot, "b": mot, "c": track, "d": kitti,
             "e": "Car -1 -1 0.4 100 100 200 180 1 1 1 1 1 1 0 0.9\n", "f": voc,
             "g": "x 0.9 1 2 30 40\nx .5 1 1 3 3\n",
             "h": 'label,set,camera,e0,e1\nx,gallery,1,.5,1\n"y",query,2,1,0\nx,query,-1,1,1\n',
             "i": 'path,truth,read\n1,"a ""b"" c",abc\n2,\u00e4\u6f22,a\n',
             "j": "1,2,30,2,30,9,1,9,one\n1,20,30,40,two, three\n0,0,9,9,###\nplain\n",
             "k": '{"folds":[{"name":"1","images":["a.jpg"]},{"images":["b.jpg","z"],"n":{}}]}',
             "l": "kind: bytetrack\nlost: [1s, 2s]\nscore_high: 0.4\n"}
    for kind, text in seeds.items():
        put("eval", f"good-{kind}", kind + text)
        put("eval", f"bad-cut-{kind}", kind + text[:len(text) * 2 // 3])
        put("eval", f"bad-numbers-{kind}", kind + text.replace("1", "1e999").replace("2", "-"))
        put("eval", f"bad-nothing-{kind}", kind)
        put("eval", f"bad-twice-{kind}", kind + text + text)
    put("eval", "bad-frame-a", "a999999999,1,0,0,5,5,1\n")
    put("eval", "bad-deep-f", "f" + "<a>" * 500)


def tflite_corpus():
    sys.path.insert(0, str(CORPUS.parent.parent / "tools"))
    from test_tflite import REFUSED
    from tflite_cases import CASES
    for name in ("batch_matmul", "bilinear_01", "blaze", "conv_half", "depthwise",
                 "detections_fast", "detections_regular", "gather_nd", "i8_classify",
                 "i8_concat_mul", "i8_weights_only", "logical", "lrn", "mean_space", "one_hot",
                 "pack_unpack", "padv2", "prelu", "space_to_batch", "split_v",
                 "strided_slice_shrink", "top_k", "transpose_conv_odd", "u8_floats"):
        m, inputs, outputs = CASES[name]()
        put("tflite", f"good-{name}", m.bytes(inputs, outputs))
    for label, (content, _) in REFUSED.items():
        put("tflite", "bad-" + re.sub("[^a-z0-9]+", "-", label), content)


# ---- data sets: the first byte says which format ----

def dataset_corpus():
    coco = ('{"info":{"a":[1,{"b":null}]},"images":[{"id":1,"file_name":"a.jpg","width":8,"height":6,"split":"x"}],'
            '"categories":[{"id":2,"name":"cat","supercategory":"s","keypoints":["p","q"],"skeleton":[[1,2]]}],'
            '"annotations":[{"id":1,"image_id":1,"category_id":2,"bbox":[1,1,6,4],"area":24,"iscrowd":0,"segmentation":'
            '[[1,1,6,1,3.5,4]],"keypoints":[1,2,2,0,0,0],"track_id":3,"score":0.5,"attributes":{"a":true,"b":1.5}},'
            '{"id":2,"image_id":1,"category_id":2,"bbox":[1,2,1,3],"iscrowd":1,"segmentation":{"size":[6,8],'
            '"counts":[8,3,37]}}]}')
    voc = ("<annotation><folder>f</folder><filename>a.jpg</filename><size><width>8</width><height>6</height><depth>3"
           "</depth></size><object><name>cat</name><difficult>1</difficult><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4"
           "</xmax><ymax>5</ymax></bndbox><attributes><attribute><name>a</name><value>1</value></attribute></attributes>"
           "<part><name>p</name></part></object></annotation>")
    cvat = ('<annotations><version>1.1</version><meta><task><labels><label><name>cat</name></label></labels><original_size>'
            '<width>8</width><height>6</height></original_size><source>v</source></task></meta><image id="0" name="a.jpg" '
            'width="8" height="6"><box label="cat" occluded="1" xtl="1" ytl="1" xbr="3" ybr="4"><attribute name="a">b'
            '</attribute></box><polygon label="cat" points="1,1;3,1;2,4"></polygon><mask label="cat" rle="1, 2, 1" left="1" '
            'top="1" width="2" height="2"></mask><skeleton label="cat"><points label="n" outside="0" occluded="0" '
            'points="1,1"></points></skeleton></image><track id="0" label="cat"><box frame="1" outside="0" occluded="0" '
            'xtl="1" ytl="1" xbr="2" ybr="2"/><box frame="2" outside="1" occluded="0" xtl="1" ytl="1" xbr="2" ybr="2"/>'
            "</track></annotations>")
    labelme = ('{"version":"5.1.1","flags":{},"imagePath":"sub\\\\a.jpg","imageData":null,"imageHeight":6,"imageWidth":8,'
               '"shapes":[{"label":"cat","group_id":1,"shape_type":"polygon","points":[[1,1],[3,1],[2,4]],"flags":{"x":true}},'
               '{"label":"cat","group_id":1,"shape_type":"polygon","points":[[4,1],[6,1],[5,4]],"flags":{}},'
               '{"label":"n","group_id":1,"shape_type":"point","points":[[1,2]],"flags":{},"keypoint":1,"visibility":1},'
               '{"label":"l","group_id":null,"shape_type":"line","points":[[1,2],[3,4]]},{"label":"c","shape_type":"circle",'
               '"points":[[3,3],[4,4]]},{"label":"r","shape_type":"rectangle","points":[[5,5],[1,1]]}]}')
    mot = "1,1,912,484,97,109,0,7,1\n1,-1,3,4,5,6,0.5,-1,-1,-1\n2,2,1.5,2,3,4\n"
    kitti = "Car 0.00 0 -1.57 5.41 1.40 6.75 3.25 2.85 2.63 12.34 0.47 1.49 69.44 -1.56 0.9\n"
    images = ("ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,"
              'IsInside\n"a",xclick,/m/1,1,0.1,.5,.2,.6,1,0,1,0,-1\n')
    lines = "0 .5 .5 .25 .25\n1 .1 .1 .9 .1 .5 .9\n0 .5 .5 .1 .1 .9\n"
    pose = "0 .5 .5 .25 .25 .1 .2 2 0 0 0\n"
    yaml = "names: {0: a, 1: b}\nkpt_shape: [1, 2]\n"
    for k, (name, text) in enumerate((("coco", coco), ("voc", voc), ("cvat", cvat), ("labelme", labelme), ("mot", mot),
                                      ("kitti", kitti), ("openimages", images), ("yolo", lines), ("pose", pose),
                                      ("yaml", yaml))):
        kind = chr(50 + k)
        assert ord(kind) % 10 == k
        put("dataset", f"good-{name}", kind + text)
        put("dataset", f"bad-{name}-cut", kind + text[:len(text) * 2 // 3])
        put("dataset", f"bad-{name}-empty", kind)
        put("dataset", f"bad-{name}-huge", kind + text.replace("6", "99999999999999999999"))
        put("dataset", f"bad-{name}-negative", kind + text.replace("1", "-1"))
        put("dataset", f"bad-{name}-climb", kind + text.replace("a.jpg", "../../etc/passwd"))
    bomb = ('<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
            "<annotation><filename>&c;</filename></annotation>")
    for kind in "34":
        put("dataset", f"bad-bomb-{kind}", kind + bomb)
        put("dataset", f"bad-outside-{kind}", kind + '<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>')
        put("dataset", f"bad-deep-{kind}", kind + "<a>" * 200)
    put("dataset", "bad-alias", ";names: &a [*a, *a]\n")


onnx_corpus()
image_corpus()
dataset_corpus()
json_corpus()
eval_corpus()
npy_corpus()
yaml_corpus("card", "models/*/card.yaml")
yaml_corpus("pipeline", "pipelines/*.yaml")
tflite_corpus()
