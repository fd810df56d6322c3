#!/usr/bin/env python3
"""Small seeded TFLite graphs, one for each operator the importer takes (and a few whole networks):

    tflite_cases.py FOLDER [NAME...]

writes FOLDER/<name>.tflite; tflite_compare.py runs them on both sides.
"""
import os
import sys

import numpy as np

from tflite_writer import Model, Vector, f32, flex_map, i32, i8

CASES = {}
SAME, VALID = 0, 1
RELU, RELU_N1, RELU6 = 1, 2, 3


def case(function):
    CASES[function.__name__] = function
    return function


def rng():
    return np.random.default_rng(7)


def weights(shape, scale=.5):
    return (rng().standard_normal(shape) * scale).astype(np.float32)


def conv_options(stride=1, padding=SAME, act=0, dilation=1):
    return {0: i8(padding), 1: i32(stride), 2: i32(stride), 3: i8(act), 4: i32(dilation),
            5: i32(dilation)}


def depthwise_options(stride=1, padding=SAME, act=0, dilation=1, multiplier=1):
    return {0: i8(padding), 1: i32(stride), 2: i32(stride), 3: i32(multiplier), 4: i8(act),
            5: i32(dilation), 6: i32(dilation)}


def pool_options(size=2, stride=2, padding=SAME, act=0):
    return {0: i8(padding), 1: i32(stride), 2: i32(stride), 3: i32(size), 4: i32(size), 5: i8(act)}


def single(name, shape, out, options=None, consts=(), dtype="float32", out_dtype=None, before=()):
    """One operator over input x; consts go behind it (or `before` it)."""
    m = Model()
    x = m.tensor(shape, dtype, name="x")
    front = [m.const(c) for c in before]
    rest = [m.const(c) for c in consts]
    y = m.tensor(out, out_dtype or dtype, name="y")
    m.op(name, front + [x] + rest, [y], options)
    return m, [x], [y]


def define(label, *args, **more):
    CASES[label] = lambda: single(*args, **more)


def ints(*values):
    return np.array(values, np.int32)


PICTURE = [1, 9, 7, 6]

for op in ("LOGISTIC", "TANH", "RELU", "RELU6", "RELU_N1_TO_1", "EXP", "SQRT", "NEG", "ABS", "FLOOR",
           "CEIL", "ROUND", "SIN", "COS", "ELU", "HARD_SWISH", "SQUARE"):
    define("unary_" + op.lower(), op, PICTURE, PICTURE)
define("leaky_relu", "LEAKY_RELU", PICTURE, PICTURE, {0: f32(.1)})
define("softmax", "SOFTMAX", [3, 11], [3, 11], {0: f32(1)})
define("softmax_beta", "SOFTMAX", [1, 5, 4, 7], [1, 5, 4, 7], {0: f32(2)})
define("log_softmax", "LOG_SOFTMAX", [3, 11], [3, 11])
define("l2_norm", "L2_NORMALIZATION", [3, 11], [3, 11], {0: i8(0)})
define("lrn", "LOCAL_RESPONSE_NORMALIZATION", PICTURE, PICTURE,
       {0: i32(2), 1: f32(1), 2: f32(.3), 3: f32(.6)})
define("max_pool", "MAX_POOL_2D", PICTURE, [1, 5, 4, 6], pool_options())
define("max_pool_valid", "MAX_POOL_2D", PICTURE, [1, 7, 5, 6], pool_options(3, 1, VALID))
define("average_pool", "AVERAGE_POOL_2D", PICTURE, [1, 5, 4, 6], pool_options())
define("average_pool_act", "AVERAGE_POOL_2D", PICTURE, [1, 9, 7, 6], pool_options(3, 1, SAME, RELU6))
define("space_to_depth", "SPACE_TO_DEPTH", [1, 8, 6, 3], [1, 4, 3, 12], {0: i32(2)})
define("depth_to_space", "DEPTH_TO_SPACE", [1, 4, 3, 12], [1, 8, 6, 3], {0: i32(2)})
for align, half in ((0, 0), (1, 0), (0, 1)):
    define(f"bilinear_{align}{half}", "RESIZE_BILINEAR", PICTURE, [1, 20, 11, 6],
           {2: i8(align), 3: i8(half)}, [ints(20, 11)])
    define(f"nearest_{align}{half}", "RESIZE_NEAREST_NEIGHBOR", PICTURE, [1, 20, 11, 6],
           {0: i8(align), 1: i8(half)}, [ints(20, 11)])
    define(f"nearest_down_{align}{half}", "RESIZE_NEAREST_NEIGHBOR", PICTURE, [1, 4, 5, 6],
           {0: i8(align), 1: i8(half)}, [ints(4, 5)])
define("pad", "PAD", PICTURE, [1, 12, 10, 9],
       consts=[np.array([[0, 0], [1, 2], [2, 1], [0, 3]], np.int32)])
define("padv2", "PADV2", PICTURE, [1, 12, 10, 9],
       consts=[np.array([[0, 0], [1, 2], [2, 1], [0, 3]], np.int32), np.float32(1.5)])
define("mirror_pad", "MIRROR_PAD", PICTURE, [1, 12, 10, 6], {0: i8(0)},
       [np.array([[0, 0], [1, 2], [2, 1], [0, 0]], np.int32)])
define("mirror_pad_symmetric", "MIRROR_PAD", PICTURE, [1, 11, 8, 6], {0: i8(1)},
       [np.array([[0, 0], [1, 1], [0, 1], [0, 0]], np.int32)])
define("reshape", "RESHAPE", PICTURE, [63, 6], {0: Vector([63, 6], np.int32)}, [ints(63, 6)])
define("reshape_option", "RESHAPE", PICTURE, [7, 54], {0: Vector([-1, 54], np.int32)})
define("squeeze", "SQUEEZE", [1, 9, 1, 6], [9, 1, 6], {0: Vector([0], np.int32)})
define("expand_dims", "EXPAND_DIMS", [9, 6], [9, 1, 6], consts=[np.int32(1)])
define("transpose", "TRANSPOSE", PICTURE, [7, 1, 6, 9], consts=[ints(2, 0, 3, 1)])
define("gather", "GATHER", PICTURE, [1, 9, 3, 6], {0: i32(2)}, [ints(5, 0, 3)])
define("gather_nd", "GATHER_ND", [5, 4, 3], [2, 3], consts=[np.array([[1, 2], [4, 0]], np.int32)])
define("slice", "SLICE", PICTURE, [1, 4, 7, 2], consts=[ints(0, 2, 0, 3), ints(1, 4, -1, 2)])
define("strided_slice", "STRIDED_SLICE", PICTURE, [1, 4, 3, 6],
       {0: i32(1), 1: i32(9), 2: i32(0), 3: i32(0), 4: i32(0)},
       [ints(0, 1, 6, 0), ints(1, 9, 0, 0), ints(1, 2, -2, 1)])
define("strided_slice_shrink", "STRIDED_SLICE", PICTURE, [9, 7], {0: i32(6), 1: i32(6), 4: i32(9)},
       [ints(0, 0, 0, -1), ints(1, 0, 0, 0), ints(1, 1, 1, 1)])
define("tile", "TILE", [2, 3], [4, 9], consts=[ints(2, 3)])
define("broadcast_to", "BROADCAST_TO", [1, 3], [4, 3], consts=[ints(4, 3)])
define("reverse", "REVERSE_V2", PICTURE, PICTURE, consts=[ints(2)])
for op in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"):
    define(f"{op.lower()}_space", op, PICTURE, [1, 6], {0: i8(0)}, [ints(1, 2)])
    define(f"{op.lower()}_keep", op, PICTURE, [1, 9, 7, 1], {0: i8(1)}, [ints(-1)])
define("arg_max", "ARG_MAX", PICTURE, [1, 9, 7], {0: i8(2)}, [np.int32(3)], out_dtype="int32")
define("arg_min", "ARG_MIN", PICTURE, [1, 7, 6], {0: i8(2)}, [np.int32(1)], out_dtype="int32")
define("cast", "CAST", PICTURE, PICTURE, {0: i8(0), 1: i8(2)}, out_dtype="int32")
define("cast_int", "CAST", PICTURE, PICTURE, {0: i8(2), 1: i8(0)}, dtype="int32",
       out_dtype="float32")
define("cumsum", "CUMSUM", [4, 5], [4, 5], {0: i8(0), 1: i8(0)}, [np.int32(1)])
define("shape", "SHAPE", PICTURE, [4], {0: i8(2)}, out_dtype="int32")
define("prelu", "PRELU", PICTURE, PICTURE, consts=[weights([1, 1, 6])])

for op in ("ADD", "SUB", "MUL", "DIV"):
    define(f"{op.lower()}_const", op, PICTURE, PICTURE, {0: i8(0)}, [weights([6]) + 3])
    define(f"{op.lower()}_act", op, PICTURE, PICTURE, {0: i8(RELU_N1)}, [weights([1, 1, 1, 6]) + 3])
for op in ("MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "POW", "FLOOR_DIV", "FLOOR_MOD"):
    define(f"{op.lower()}_const", op, PICTURE, PICTURE, consts=[np.abs(weights([6])) + .2])
for op in ("LESS", "GREATER", "LESS_EQUAL", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"):
    define(op.lower(), op, PICTURE, PICTURE, consts=[np.full([6], .5, np.float32)],
           out_dtype="bool")


@case
def rsqrt_log():
    m = Model()
    x, a, b, y = (m.tensor(PICTURE, name=n) for n in "xaby")
    m.op("ADD", [x, m.const(np.float32(1))], [a], {0: i8(0)})
    m.op("RSQRT", [a], [b])
    m.op("LOG", [b], [y])
    return m, [x], [y]


@case
def select():
    m = Model()
    x, y = m.tensor(PICTURE, name="x"), m.tensor(PICTURE, name="y")
    c = m.tensor(PICTURE, "bool")
    m.op("GREATER", [x, m.const(np.float32(.4))], [c])
    m.op("SELECT_V2", [c, x, m.const(np.float32(-1))], [y])
    return m, [x], [y]


@case
def logical():
    m = Model()
    x, y = m.tensor(PICTURE, name="x"), m.tensor(PICTURE, "bool", name="y")
    a, b, c, d = (m.tensor(PICTURE, "bool") for _ in range(4))
    m.op("GREATER", [x, m.const(np.float32(.4))], [a])
    m.op("LESS", [x, m.const(np.float32(.6))], [b])
    m.op("LOGICAL_AND", [a, b], [c])
    m.op("LOGICAL_NOT", [a], [d])
    m.op("LOGICAL_OR", [c, d], [y])
    return m, [x], [y]


@case
def pack_unpack():
    m = Model()
    x, y = m.tensor([3, 4, 5], name="x"), m.tensor([4, 3, 5], name="y")
    parts = [m.tensor([4, 5]) for _ in range(3)]
    m.op("UNPACK", [x], parts, {0: i32(3), 1: i32(0)})
    m.op("PACK", parts[::-1], [y], {0: i32(3), 1: i32(1)})
    return m, [x], [y]


@case
def split_concat():
    m = Model()
    x, y = m.tensor(PICTURE, name="x"), m.tensor([1, 9, 7, 6], name="y")
    parts = [m.tensor([1, 9, 7, 2]) for _ in range(3)]
    m.op("SPLIT", [m.const(np.int32(3)), x], parts, {0: i32(3)})
    m.op("CONCATENATION", parts[::-1], [y], {0: i32(3), 1: i8(0)})
    return m, [x], [y]


@case
def split_v():
    m = Model()
    x = m.tensor(PICTURE, name="x")
    ys = [m.tensor([1, n, 7, 6], name=f"y{n}") for n in (2, 3, 4)]
    m.op("SPLIT_V", [x, m.const(ints(2, -1, 4)), m.const(np.int32(1))], ys, {0: i32(3)})
    return m, [x], ys


@case
def top_k():
    m = Model()
    x, v, i = m.tensor([3, 20], name="x"), m.tensor([3, 4], name="v"), m.tensor([3, 4], "int32",
                                                                                 name="i")
    m.op("TOPK_V2", [x, m.const(np.int32(4))], [v, i])
    return m, [x], [v, i]


@case
def one_hot():
    m = Model()
    x, y = m.tensor([5], "int32", name="x"), m.tensor([5, 4], name="y")
    m.op("ONE_HOT", [x, m.const(np.int32(4)), m.const(np.float32(2)), m.const(np.float32(-1))], [y],
         {0: i32(-1)})
    return m, [x], [y]


@case
def add_n():
    m = Model()
    x, y, z = m.tensor(PICTURE, name="x"), m.tensor(PICTURE, name="y"), m.tensor(PICTURE, name="z")
    m.op("NEG", [x], [y])
    m.op("ADD_N", [x, y, x], [z])
    return m, [x], [z]


@case
def batch_matmul():
    m = Model()
    x, y, z = m.tensor([2, 3, 4], name="x"), m.tensor([2, 5, 4], name="y"), m.tensor([2, 3, 5],
                                                                                     name="z")
    m.op("BATCH_MATMUL", [x, y], [z], {0: i8(0), 1: i8(1)})
    return m, [x, y], [z]


@case
def space_to_batch():
    m = Model()
    x, a, y = m.tensor(PICTURE, name="x"), m.tensor([4, 6, 5, 6]), m.tensor([1, 9, 7, 6], name="y")
    block = m.const(ints(2, 2))
    m.op("SPACE_TO_BATCH_ND", [x, block, m.const(np.array([[1, 2], [2, 1]], np.int32))], [a])
    m.op("BATCH_TO_SPACE_ND", [a, block, m.const(np.array([[1, 2], [2, 1]], np.int32))], [y])
    return m, [x], [y]


def conv(name, w_shape, out, options, bias=True, half=False, shape=PICTURE):
    m = Model()
    x, y = m.tensor(shape, name="x"), m.tensor(out, name="y")
    w = weights(w_shape)
    if half:
        h, wt = m.const(w.astype(np.float16)), m.tensor(w_shape)
        m.op("DEQUANTIZE", [h], [wt])
    else:
        wt = m.const(w)
    n = out[-1]
    m.op(name, [x, wt] + ([m.const(weights([n]))] if bias else []), [y], options)
    return m, [x], [y]


def define_conv(label, *args, **more):
    CASES[label] = lambda: conv(*args, **more)


define_conv("conv", "CONV_2D", [10, 3, 3, 6], [1, 9, 7, 10], conv_options())
define_conv("conv_stride", "CONV_2D", [10, 3, 3, 6], [1, 5, 4, 10], conv_options(2, SAME, RELU6))
define_conv("conv_valid", "CONV_2D", [10, 5, 2, 6], [1, 3, 3, 10], conv_options(2, VALID, RELU))
define_conv("conv_dilated", "CONV_2D", [10, 3, 3, 6], [1, 9, 7, 10], conv_options(1, SAME, 0, 2))
define_conv("conv_groups", "CONV_2D", [10, 3, 3, 3], [1, 9, 7, 10], conv_options(1, SAME, RELU))
define_conv("conv_half", "CONV_2D", [10, 1, 1, 6], [1, 9, 7, 10], conv_options(1, SAME, RELU),
            half=True)
define_conv("depthwise", "DEPTHWISE_CONV_2D", [1, 3, 3, 6], [1, 5, 4, 6],
            depthwise_options(2, SAME, RELU6))
define_conv("depthwise_multiplier", "DEPTHWISE_CONV_2D", [1, 3, 3, 12], [1, 9, 7, 12],
            depthwise_options(1, SAME, 0, 1, 2))
define_conv("depthwise_half", "DEPTHWISE_CONV_2D", [1, 5, 5, 6], [1, 5, 3, 6],
            depthwise_options(1, VALID), half=True)
define_conv("dense", "FULLY_CONNECTED", [10, 378], [1, 10], {0: i8(RELU)})
define_conv("dense_keep", "FULLY_CONNECTED", [10, 6], [1, 9, 7, 10], {0: i8(0), 2: i8(1)})
define_conv("dense_half", "FULLY_CONNECTED", [10, 378], [1, 10], {0: i8(0)}, half=True)


def transpose_conv(stride, padding, out, kernel=(3, 3)):
    m = Model()
    x, y = m.tensor(PICTURE, name="x"), m.tensor([1, *out, 5], name="y")
    m.op("TRANSPOSE_CONV", [m.const(ints(1, *out, 5)), m.const(weights([5, *kernel, 6])), x], [y],
         {0: i8(padding), 1: i32(stride), 2: i32(stride)})
    return m, [x], [y]


CASES["transpose_conv_same"] = lambda: transpose_conv(2, SAME, (18, 14))
CASES["transpose_conv_odd"] = lambda: transpose_conv(2, SAME, (17, 13))
CASES["transpose_conv_valid"] = lambda: transpose_conv(2, VALID, (19, 15))
CASES["transpose_conv_two"] = lambda: transpose_conv(2, SAME, (18, 14), (2, 2))


# ---- whole networks ----

@case
def blaze():
    """Residual blocks with padded channels, pooled shortcuts, two heads joined."""
    m = Model()
    x = m.tensor([1, 32, 32, 3], name="x")
    h = m.tensor([1, 16, 16, 8])
    m.op("CONV_2D", [x, m.const(weights([8, 5, 5, 3])), m.const(weights([8]))], [h],
         conv_options(2, SAME, RELU))
    d, p, pool, padded, s = (m.tensor(shape) for shape in (
        [1, 8, 8, 8], [1, 8, 8, 12], [1, 8, 8, 8], [1, 8, 8, 12], [1, 8, 8, 12]))
    m.op("DEPTHWISE_CONV_2D", [h, m.const(weights([1, 3, 3, 8])), m.const(weights([8]))], [d],
         depthwise_options(2))
    m.op("CONV_2D", [d, m.const(weights([12, 1, 1, 8])), m.const(weights([12]))], [p],
         conv_options())
    m.op("MAX_POOL_2D", [h], [pool], pool_options())
    m.op("PAD", [pool, m.const(np.array([[0, 0], [0, 0], [0, 0], [0, 4]], np.int32))], [padded])
    m.op("ADD", [p, padded], [s], {0: i8(RELU)})
    heads = []
    for cells, source, anchors in ((64, s, 2), (256, h, 1)):
        c = m.tensor([1, int(cells ** .5), int(cells ** .5), anchors])
        r = m.tensor([1, cells * anchors, 1])
        depth = 12 if source == s else 8
        m.op("CONV_2D", [source, m.const(weights([anchors, 1, 1, depth])),
                         m.const(weights([anchors]))], [c], conv_options())
        m.op("RESHAPE", [c, m.const(ints(1, cells * anchors, 1))], [r], {})
        heads.append(r)
    y = m.tensor([1, 384, 1], name="y")
    m.op("CONCATENATION", heads, [y], {0: i32(1), 1: i8(0)})
    return m, [x], [y]


def detections(regular):
    m = Model()
    n, classes, keep = 60, 4, 10
    boxes, scores = m.tensor([1, n, 4], name="boxes"), m.tensor([1, n, classes + 1], name="scores")
    cells = rng().random([n, 2])
    anchors = np.concatenate([cells, np.full([n, 2], .2)], 1).astype(np.float32)
    outs = [m.tensor([1, keep, 4], name="b"), m.tensor([1, keep], name="c"),
            m.tensor([1, keep], name="s"), m.tensor([1], name="n")]
    options = flex_map({
        "max_detections": keep, "max_classes_per_detection": 1, "num_classes": classes,
        "nms_score_threshold": .3, "nms_iou_threshold": .5, "detections_per_class": 5,
        "use_regular_nms": regular, "y_scale": 10., "x_scale": 10., "h_scale": 5., "w_scale": 5.})
    m.op("CUSTOM", [boxes, scores, m.const(anchors)], outs,
         custom=("TFLite_Detection_PostProcess", options))
    return m, [boxes, scores], outs


CASES["detections_fast"] = lambda: detections(False)
CASES["detections_regular"] = lambda: detections(True)


# ---- bytes ----

class Quantised:
    """Layers over bytes whose scales follow from a rough guess of their ranges."""

    def __init__(self, dtype, shape, per_channel):
        self.m, self.dtype, self.per_channel = Model(), dtype, per_channel
        self.zero = 0 if dtype == "int8" else 128
        self.random = rng()
        self.x_scale, self.x_shape = 2 / 255, shape
        self.x = self.m.tensor(shape, dtype, scale=self.x_scale, zero=self.zero, name="x")
        self.inputs = [self.x]

    def out(self, shape, scale, zero=None, name=None):
        self.x_shape, self.x_scale = shape, scale
        self.x = self.m.tensor(shape, self.dtype, scale=scale,
                               zero=self.zero if zero is None else zero, name=name)
        return self.x

    def weights(self, shape, axis, count):
        if self.per_channel:
            w = self.random.integers(-127, 128, shape)
            scale = .002 + .004 * self.random.random(count)
            return w, scale, self.m.const(w, self.dtype, scale=scale, axis=axis)
        w = self.random.integers(1 if self.dtype == "uint8" else -127,
                                 256 if self.dtype == "uint8" else 128, shape)
        zero = 121 if self.dtype == "uint8" else 0
        return w, np.full(count, .004), self.m.const(w, self.dtype, scale=[.004], zero=[zero])

    def layer(self, name, w_shape, axis, out, options, low=None):
        count = w_shape[axis]
        _, scale, w = self.weights(w_shape, axis, count)
        taps = int(np.prod(w_shape)) // count
        bias_scale = np.float32(self.x_scale) * scale.astype(np.float32)
        bias = self.m.const(self.random.integers(-3000, 3000, count), "int32",
                            scale=bias_scale if self.per_channel else bias_scale[:1])
        spread = self.x_scale * 60 * .004 * 70 * taps ** .5
        x = self.x
        y = self.out(out, spread * 3 / 128, low)
        self.m.op(name, [x, w, bias], [y], options)
        return y

    def done(self):
        return self.m, self.inputs, [self.x]


def quantised(dtype, per_channel):
    q = Quantised(dtype, [1, 16, 16, 3], per_channel)
    least = -128 if dtype == "int8" else 0
    q.layer("CONV_2D", [8, 3, 3, 3], 0, [1, 8, 8, 8], conv_options(2, SAME, RELU6), least)
    q.layer("DEPTHWISE_CONV_2D", [1, 3, 3, 8], 3, [1, 8, 8, 8], depthwise_options(1, SAME, RELU),
            least)
    a, a_scale = q.layer("CONV_2D", [8, 1, 1, 8], 0, [1, 8, 8, 8], conv_options()), q.x_scale
    b = q.layer("CONV_2D", [8, 1, 1, 8], 0, [1, 8, 8, 8], conv_options())
    s = q.out([1, 8, 8, 8], max(a_scale, q.x_scale) * 1.3)
    q.m.op("ADD", [a, b], [s], {0: i8(0)})
    return q


def define_bytes(label, finish):
    CASES["i8_" + label] = lambda: finish(quantised("int8", True))
    CASES["u8_" + label] = lambda: finish(quantised("uint8", False))


def classify(q):
    x = q.x
    y = q.out([1, 1, 1, 8], q.x_scale)
    q.m.op("AVERAGE_POOL_2D", [x], [y], pool_options(8, 8, VALID))
    q.layer("FULLY_CONNECTED", [10, 8], 0, [1, 10], {0: i8(0)})
    x = q.x
    y = q.out([1, 10], 1 / 256, -128 if q.dtype == "int8" else 0, "y")
    q.m.op("SOFTMAX", [x], [y], {0: f32(1)})
    return q.done()


def floats(q):
    x, y = q.x, q.m.tensor(q.x_shape, name="y")
    q.m.op("DEQUANTIZE", [x], [y])
    q.x = y
    return q.done()


def tail(name, out_shape, options=None, consts=(), scale=None):
    def finish(q):
        x = q.x
        y = q.out(out_shape, scale or q.x_scale, None if scale is None else
                  (-128 if q.dtype == "int8" else 0), "y")
        q.m.op(name, [x] + [q.m.const(c) for c in consts], [y], options)
        return q.done()
    return finish


define_bytes("floats", floats)
define_bytes("classify", classify)
define_bytes("max_pool", tail("MAX_POOL_2D", [1, 4, 4, 8], pool_options()))
define_bytes("average_pool", tail("AVERAGE_POOL_2D", [1, 4, 4, 8], pool_options()))
define_bytes("mean", tail("MEAN", [1, 8], {0: i8(0)}, [ints(1, 2)]))
define_bytes("pad", tail("PAD", [1, 10, 9, 8],
                         consts=[np.array([[0, 0], [1, 1], [0, 1], [0, 0]], np.int32)]))
define_bytes("reshape", tail("RESHAPE", [64, 8], {}, [ints(64, 8)]))
define_bytes("bilinear", tail("RESIZE_BILINEAR", [1, 16, 16, 8], {3: i8(1)}, [ints(16, 16)]))
define_bytes("nearest", tail("RESIZE_NEAREST_NEIGHBOR", [1, 16, 16, 8], {1: i8(1)},
                             [ints(16, 16)]))
define_bytes("logistic", tail("LOGISTIC", [1, 8, 8, 8], None, (), 1 / 256))
define_bytes("strided_slice", tail("STRIDED_SLICE", [1, 4, 8, 8], {0: i32(13), 1: i32(13)},
                                   [ints(0, 0, 0, 0), ints(0, 8, 0, 0), ints(1, 2, 1, 1)]))


@case
def i8_quantize():
    m = Model()
    x, a, y = m.tensor(PICTURE, name="x"), m.tensor(PICTURE, "int8", scale=.004, zero=-3), \
        m.tensor(PICTURE, "int8", scale=.009, zero=11, name="y")
    m.op("QUANTIZE", [x], [a])
    m.op("QUANTIZE", [a], [y])
    return m, [x], [y]


@case
def i8_concat_mul():
    m = Model()
    x = m.tensor(PICTURE, "int8", scale=.02, zero=3, name="x")
    z = m.tensor(PICTURE, "int8", scale=.011, zero=-9, name="z")
    p = m.tensor(PICTURE, "int8", scale=.03, zero=5)
    y = m.tensor([1, 9, 7, 12], "int8", scale=.03, zero=5, name="y")
    m.op("MUL", [x, z], [p], {0: i8(0)})
    m.op("CONCATENATION", [p, p], [y], {0: i32(3), 1: i8(0)})
    return m, [x, z], [y]


@case
def i8_weights_only():
    """Weights per channel in bytes, dequantised, input in floats."""
    m = Model()
    x, y = m.tensor(PICTURE, name="x"), m.tensor([1, 9, 7, 10], name="y")
    w = m.const(rng().integers(-127, 128, [10, 3, 3, 6]), "int8", scale=.001 + .001 * np.arange(10))
    wf = m.tensor([10, 3, 3, 6])
    m.op("DEQUANTIZE", [w], [wf])
    m.op("CONV_2D", [x, wf, m.const(weights([10]))], [y], conv_options())
    return m, [x], [y]


def main():
    folder, names = sys.argv[1], sys.argv[2:] or sorted(CASES)
    os.makedirs(folder, exist_ok=True)
    for name in names:
        m, inputs, outputs = CASES[name]()
        m.save(os.path.join(folder, name + ".tflite"), inputs, outputs)


if __name__ == "__main__":
    main()
