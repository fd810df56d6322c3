"""Writes TensorFlow Lite files: a small FlatBuffers builder, and the schema's tables on top.

The schema's facts are those of schema.fbs, version 3.  Objects are written parents first; offsets to
what comes later are filled in when it is there.
"""
import struct

import numpy as np

TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "bool": 6, "int16": 7,
         "int8": 9}

# numbers of BuiltinOperator
CODES = dict(
    ADD=0, AVERAGE_POOL_2D=1, CONCATENATION=2, CONV_2D=3, DEPTHWISE_CONV_2D=4, DEPTH_TO_SPACE=5,
    DEQUANTIZE=6, FLOOR=8, FULLY_CONNECTED=9, L2_NORMALIZATION=11, L2_POOL_2D=12,
    LOCAL_RESPONSE_NORMALIZATION=13, LOGISTIC=14, LSTM=16, MAX_POOL_2D=17, MUL=18, RELU=19,
    RELU_N1_TO_1=20, RELU6=21, RESHAPE=22, RESIZE_BILINEAR=23, SOFTMAX=25, SPACE_TO_DEPTH=26,
    TANH=28, CUSTOM=32, PAD=34, GATHER=36, BATCH_TO_SPACE_ND=37, SPACE_TO_BATCH_ND=38,
    TRANSPOSE=39, MEAN=40, SUB=41, DIV=42, SQUEEZE=43, STRIDED_SLICE=45, EXP=47, TOPK_V2=48,
    SPLIT=49, LOG_SOFTMAX=50, CAST=53, PRELU=54, MAXIMUM=55, ARG_MAX=56, MINIMUM=57, LESS=58,
    NEG=59, PADV2=60, GREATER=61, GREATER_EQUAL=62, LESS_EQUAL=63, SELECT=64, SLICE=65, SIN=66,
    TRANSPOSE_CONV=67, TILE=69, EXPAND_DIMS=70, EQUAL=71, NOT_EQUAL=72, LOG=73, SUM=74, SQRT=75,
    RSQRT=76, SHAPE=77, POW=78, ARG_MIN=79, REDUCE_PROD=81, REDUCE_MAX=82, PACK=83, LOGICAL_OR=84,
    ONE_HOT=85, LOGICAL_AND=86, LOGICAL_NOT=87, UNPACK=88, REDUCE_MIN=89, FLOOR_DIV=90, SQUARE=92,
    FILL=94, FLOOR_MOD=95, RANGE=96, RESIZE_NEAREST_NEIGHBOR=97, LEAKY_RELU=98,
    SQUARED_DIFFERENCE=99, MIRROR_PAD=100, ABS=101, SPLIT_V=102, CEIL=104, REVERSE_V2=105,
    ADD_N=106, GATHER_ND=107, COS=108, ELU=111, QUANTIZE=114, ROUND=116, HARD_SWISH=117,
    SELECT_V2=123, BATCH_MATMUL=126, CUMSUM=128, BROADCAST_TO=130, GELU=150, FAKE_QUANT=80,
    RELU_0_TO_1=152, SIGN=158)

# numbers in the union BuiltinOptions, where an operator has options at all
OPTIONS = dict(
    CONV_2D=1, DEPTHWISE_CONV_2D=2, AVERAGE_POOL_2D=5, MAX_POOL_2D=5, FULLY_CONNECTED=8, SOFTMAX=9,
    CONCATENATION=10, ADD=11, L2_NORMALIZATION=12, LOCAL_RESPONSE_NORMALIZATION=13,
    RESIZE_BILINEAR=15, RESHAPE=17, SPACE_TO_DEPTH=19, MUL=21, GATHER=23, MEAN=27, SUM=27,
    REDUCE_MAX=27, REDUCE_MIN=27, REDUCE_PROD=27, SUB=28, DIV=29, SQUEEZE=30, STRIDED_SLICE=32,
    SPLIT=35, CAST=37, ARG_MAX=40, TRANSPOSE_CONV=49, ARG_MIN=57, FAKE_QUANT=58, PACK=59,
    ONE_HOT=61, UNPACK=64, RESIZE_NEAREST_NEIGHBOR=74, LEAKY_RELU=75, MIRROR_PAD=77, SPLIT_V=79,
    DEPTH_TO_SPACE=94, BATCH_MATMUL=101, CUMSUM=102, SHAPE=55, GELU=115)


# where the first version of an operator is not the one meant
VERSIONS = dict(BROADCAST_TO=2)


class Number:
    def __init__(self, code, value):
        self.bytes = struct.pack("<" + code, value)


def i8(x):
    return Number("b", x)


def i32(x):
    return Number("i", x)


def u32(x):
    return Number("I", x)


def f32(x):
    return Number("f", x)


class Vector:
    """Numbers of one kind; `align` of the first one."""

    def __init__(self, values, dtype, align=4):
        self.values = np.asarray(values, dtype)
        self.align = max(align, self.values.dtype.itemsize)


class Text(str):
    pass


class Builder:
    def __init__(self):
        self.buf = bytearray()

    def pad(self, align, ahead=0):
        while (len(self.buf) + ahead) % align:
            self.buf.append(0)

    def patch(self, at, to):
        self.buf[at:at + 4] = struct.pack("<I", to - at)

    def write(self, obj):
        """Gives back where the object begins."""
        if isinstance(obj, dict):
            return self.table(obj)
        if isinstance(obj, Text):
            raw = obj.encode()
            self.pad(4)
            at = len(self.buf)
            self.buf += struct.pack("<I", len(raw)) + raw + b"\0"
            return at
        if isinstance(obj, Vector):
            self.pad(obj.align, 4)
            at = len(self.buf)
            self.buf += struct.pack("<I", obj.values.size) + obj.values.tobytes()
            return at
        self.pad(4)
        at = len(self.buf)
        self.buf += struct.pack("<I", len(obj)) + bytes(4 * len(obj))
        for i, item in enumerate(obj):
            self.patch(at + 4 + 4 * i, self.write(item))
        return at

    def table(self, fields):
        fields = {k: v for k, v in fields.items() if v is not None}
        count = max(fields, default=-1) + 1
        sizes = {k: len(v.bytes) if isinstance(v, Number) else 4 for k, v in fields.items()}
        places, at = {}, 4
        for k in sorted(fields, key=lambda k: -sizes[k]):
            at += -at % sizes[k]
            places[k] = at
            at += sizes[k]
        self.pad(8, 4 + 2 * count)
        vtable = len(self.buf)
        self.buf += struct.pack("<HH", 4 + 2 * count, at)
        self.buf += b"".join(struct.pack("<H", places.get(k, 0)) for k in range(count))
        start = len(self.buf)
        self.buf += struct.pack("<i", start - vtable) + bytes(at - 4)
        for k, v in fields.items():
            if isinstance(v, Number):
                self.buf[start + places[k]:start + places[k] + sizes[k]] = v.bytes
        for k, v in fields.items():
            if not isinstance(v, Number):
                self.patch(start + places[k], self.write(v))
        return start


def flex_map(values):
    """A FlexBuffer with a map of ints, floats and bools, all 8 bytes wide."""
    keys = sorted(values)
    buf, places = bytearray(), []
    for key in keys:
        places.append(len(buf))
        buf += key.encode() + b"\0"
    buf += bytes(-len(buf) % 8)
    buf += struct.pack("<Q", len(keys))
    vector = len(buf)
    for i, place in enumerate(places):
        buf += struct.pack("<Q", vector + 8 * i - place)
    buf += struct.pack("<Q", len(buf) - vector)      # back to the keys
    buf += struct.pack("<QQ", 8, len(keys))
    start, kinds = len(buf), bytearray()
    for key in keys:
        v = values[key]
        kinds.append(({bool: 26, int: 1, float: 3}[type(v)] << 2) | 3)
        buf += struct.pack("<d" if isinstance(v, float) else "<q", v)
    buf += kinds
    root = len(buf) - start
    return bytes(buf) + bytes([root, (9 << 2) | 3, 1]) if root < 256 else None


class Model:
    def __init__(self):
        self.tensors, self.operators, self.codes = [], [], []
        self.buffers = [{}]
        self.made = []

    def tensor(self, shape, dtype="float32", data=None, scale=None, zero=None, axis=0, name=None):
        index = len(self.tensors)
        buffer = 0
        if data is not None:
            data = np.ascontiguousarray(data, dtype)
            buffer = len(self.buffers)
            self.buffers.append({0: Vector(np.frombuffer(data.tobytes(), np.uint8), np.uint8, 16)})
        quant = None
        if scale is not None:
            scale = np.atleast_1d(scale)
            zero = np.zeros(len(scale)) if zero is None else np.atleast_1d(zero)
            quant = {2: Vector(scale, np.float32), 3: Vector(zero, np.int64, 8), 6: i32(axis)}
        self.tensors.append({0: Vector(shape, np.int32), 1: i8(TYPES[dtype]), 2: u32(buffer),
                             3: Text(name or f"t{index}"), 4: quant})
        return index

    def const(self, data, dtype=None, **more):
        data = np.asarray(data, dtype)
        return self.tensor(data.shape, str(data.dtype), data, **more)

    def op(self, name, inputs, outputs, options=None, custom=None, kind=None):
        """options: fields by number; custom: (custom code, bytes)."""
        key = (name, custom[0] if custom else None)
        if key not in self.codes:
            self.codes.append(key)
        self.operators.append({
            0: u32(self.codes.index(key)), 1: Vector(inputs, np.int32), 2: Vector(outputs, np.int32),
            3: Number("B", OPTIONS[name]) if options is not None else None, 4: options,
            5: Vector(np.frombuffer(custom[1], np.uint8), np.uint8) if custom else None})
        return outputs[0]

    def code_table(self, key):
        number = key[0] if isinstance(key[0], int) else CODES[key[0]]
        return {0: i8(min(number, 127)), 1: Text(key[1]) if key[1] else None, 2: i32(VERSIONS.get(key[0], 1)),
                3: i32(number)}

    def bytes(self, inputs, outputs):
        graph = {0: self.tensors, 1: Vector(inputs, np.int32), 2: Vector(outputs, np.int32),
                 3: self.operators, 4: Text("main")}
        builder = Builder()
        builder.buf += bytes(4) + b"TFL3"
        root = builder.write({0: u32(3), 1: [self.code_table(k) for k in self.codes], 2: [graph],
                              3: Text("made by the tests"), 4: self.buffers})
        builder.patch(0, root)
        return bytes(builder.buf)

    def save(self, path, inputs, outputs):
        with open(path, "wb") as f:
            f.write(self.bytes(inputs, outputs))
