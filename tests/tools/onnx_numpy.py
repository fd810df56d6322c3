"""Runs small ONNX graphs with numpy, straight from the operators' definitions.

The python3-onnx of Debian 12 has no reference evaluator; this covers what the tests need and
shares no code with the converter.
"""

import numpy as np
from onnx import helper, numpy_helper


def run(model, feeds):
    """{output name: array} of a ModelProto."""
    values = dict(feeds)
    for t in model.graph.initializer:
        values[t.name] = numpy_helper.to_array(t)
    for node in model.graph.node:
        attrs = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        xs = [values[i] if i else None for i in node.input]
        results = OPS[node.op_type](xs, attrs)
        if not isinstance(results, list):
            results = [results]
        values.update(zip(node.output, results))
    return {o.name: values[o.name] for o in model.graph.output}


def windows(x, kernel, strides, pads, dilations, fill):
    """Every window of an NCHW array: (n, c, out_h, out_w, kh, kw)."""
    top, left, bottom, right = pads
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)
    span = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    view = np.lib.stride_tricks.sliding_window_view(x, span, (2, 3))
    return view[:, :, ::strides[0], ::strides[1], ::dilations[0], ::dilations[1]]


def conv(xs, a):
    x, w = xs[0].astype(np.float64), xs[1].astype(np.float64)
    group = a.get('group', 1)
    seen = windows(x, w.shape[2:], a['strides'], a['pads'], a['dilations'], 0)
    parts = [np.einsum('nchwij,ocij->nohw', s, k)
             for s, k in zip(np.split(seen, group, 1), np.split(w, group, 0))]
    y = np.concatenate(parts, 1)
    if len(xs) > 2:
        y = y + xs[2].reshape(1, -1, 1, 1)
    return y.astype(np.float32)


def conv_transpose(xs, a):
    x, w = xs
    (sh, sw), (top, left, bottom, right), extra = a['strides'], a['pads'], a['output_padding']
    n, _, h, width = x.shape
    full = np.zeros((n, w.shape[1], (h - 1) * sh + w.shape[2] + extra[0],
                     (width - 1) * sw + w.shape[3] + extra[1]))
    for i in range(h):
        for j in range(width):
            full[:, :, i * sh:i * sh + w.shape[2], j * sw:j * sw + w.shape[3]] += np.einsum(
                'nc,cohw->nohw', x[:, :, i, j], w)
    return full[:, :, top:full.shape[2] - bottom, left:full.shape[3] - right].astype(np.float32)


def max_pool(xs, a):
    return windows(xs[0], a['kernel_shape'], a['strides'], a['pads'], [1, 1],
                   -np.inf).max((4, 5))


def average_pool(xs, a):
    args = a['kernel_shape'], a['strides'], a['pads'], [1, 1], 0
    return (windows(xs[0], *args).sum((4, 5))
            / windows(np.ones_like(xs[0]), *args).sum((4, 5))).astype(np.float32)


def resize(xs, a):
    """Linear or nearest along H and W, coordinates as the attribute says."""
    y, mode = xs[0], a['coordinate_transformation_mode'].decode()
    for axis in (2, 3):
        old, new = y.shape[axis], int(xs[3][axis])
        i = np.arange(new)
        at = {'asymmetric': i * old / new, 'half_pixel': (i + .5) * old / new - .5,
              'align_corners': i * (old - 1) / max(new - 1, 1)}[mode]
        if a['mode'] == b'nearest':
            at = np.floor(at + .5) if a['nearest_mode'] == b'round_prefer_ceil' else np.floor(at)
            y = np.take(y, np.clip(at, 0, old - 1).astype(int), axis)
            continue
        low = np.floor(at)
        weight = (at - low).reshape([-1 if k == axis else 1 for k in range(4)])
        first, second = (np.take(y, np.clip(low + k, 0, old - 1).astype(int), axis)
                         for k in (0, 1))
        y = first * (1 - weight) + second * weight
    return y.astype(np.float32)


def slices(xs, a):
    index = [slice(None)] * xs[0].ndim
    for start, end, axis, step in zip(*(v.tolist() for v in xs[1:5])):
        size = xs[0].shape[axis]
        index[axis] = slice(start, None if step < 0 and end < -size else end, step)
    return xs[0][tuple(index)]


def pad(xs, a):
    r = xs[0].ndim
    width = [(int(xs[1][i]), int(xs[1][i + r])) for i in range(r)]
    if a.get('mode', b'constant') == b'reflect':
        return np.pad(xs[0], width, 'reflect')
    return np.pad(xs[0], width, constant_values=xs[2])


def top_k(xs, a):
    order = np.argsort(-xs[0], axis=a['axis'], kind='stable')
    index = np.take(order, np.arange(int(xs[1][0])), a['axis'])
    return [np.take_along_axis(xs[0], index, a['axis']), index.astype(np.int64)]


def divide(xs, a):
    x, y = xs
    return x / y if x.dtype.kind == 'f' else np.trunc(x / y).astype(x.dtype)


def unsqueeze(xs, a):
    y = xs[0]
    for axis in sorted(xs[1].tolist()):
        y = np.expand_dims(y, axis)
    return y


def suppress(xs, a):
    boxes, scores, kept = xs[0][0], xs[1][0, 0], []

    def overlap(p, q):
        low, high = np.maximum(p[:2], q[:2]), np.minimum(p[2:], q[2:])
        common = np.prod(np.maximum(high - low, 0))
        return common / (np.prod(p[2:] - p[:2]) + np.prod(q[2:] - q[:2]) - common)
    for i in np.argsort(-scores, kind='stable'):
        if len(xs) > 4 and scores[i] <= xs[4][0]:
            continue
        if len(kept) < xs[2][0] and all(overlap(boxes[i], boxes[k]) <= xs[3][0] for k in kept):
            kept.append(i)
    return np.array([[0, 0, k] for k in kept], np.int64).reshape(-1, 3)


def reduce(f):
    def run_it(xs, a):
        axes = a.get('axes') or xs[1].tolist()
        return f(xs[0], axis=tuple(axes), keepdims=bool(a.get('keepdims', 1))).astype(xs[0].dtype)
    return run_it


def soft_max(xs, a):
    e = np.exp(xs[0] - xs[0].max(a['axis'], keepdims=True))
    return e / e.sum(a['axis'], keepdims=True)


def elementwise(f):
    return lambda xs, a: f(*xs)


KINDS = {1: np.float32, 6: np.int32, 7: np.int64, 9: np.bool_}
OPS = {
    'Conv': conv, 'ConvTranspose': conv_transpose, 'MaxPool': max_pool,
    'AveragePool': average_pool, 'Resize': resize, 'Slice': slices, 'Pad': pad, 'TopK': top_k,
    'GlobalAveragePool': lambda xs, a: xs[0].mean((2, 3), keepdims=True),
    'NonMaxSuppression': suppress, 'Softmax': soft_max, 'Div': divide, 'Unsqueeze': unsqueeze,
    'Add': elementwise(np.add), 'Sub': elementwise(np.subtract), 'Mul': elementwise(np.multiply),
    'Max': elementwise(np.maximum), 'Min': elementwise(np.minimum), 'Mod': elementwise(np.mod),
    'Equal': elementwise(np.equal), 'Less': elementwise(np.less),
    'Not': elementwise(np.logical_not),
    'Greater': elementwise(np.greater), 'Sqrt': elementwise(np.sqrt),
    'Reciprocal': elementwise(np.reciprocal), 'Floor': elementwise(np.floor),
    'Identity': lambda xs, a: xs[0], 'Relu': lambda xs, a: np.maximum(xs[0], 0),
    'Sigmoid': lambda xs, a: 1 / (1 + np.exp(-xs[0])),
    'Clip': lambda xs, a: np.clip(xs[0], xs[1], xs[2]),
    'LeakyRelu': lambda xs, a: np.where(xs[0] < 0, xs[0] * np.float32(a['alpha']), xs[0]),
    'PRelu': lambda xs, a: np.where(xs[0] < 0, xs[0] * xs[1], xs[0]),
    'HardSigmoid': lambda xs, a: np.clip(xs[0] * np.float32(a['alpha'])
                                         + np.float32(a['beta']), 0, 1),
    'HardSwish': lambda xs, a: xs[0] * np.clip(xs[0] / np.float32(6) + np.float32(.5), 0, 1),
    'Cast': lambda xs, a: xs[0].astype(KINDS[a['to']]), 'Where': elementwise(np.where),
    'Transpose': lambda xs, a: np.transpose(xs[0], a['perm']),
    'Reshape': lambda xs, a: xs[0].reshape(xs[1]),
    'Squeeze': lambda xs, a: np.squeeze(xs[0], tuple(xs[1].tolist())),
    'Concat': lambda xs, a: np.concatenate(xs, a['axis']),
    'Split': lambda xs, a: np.split(xs[0], np.cumsum(xs[1])[:-1], a['axis']),
    'Gather': lambda xs, a: np.take(xs[0], xs[1], a['axis']),
    'GatherND': lambda xs, a: xs[0][tuple(np.moveaxis(xs[1], -1, 0))],
    'Tile': lambda xs, a: np.tile(xs[0], xs[1]),
    'Expand': lambda xs, a: np.broadcast_to(
        xs[0], np.broadcast_shapes(xs[0].shape, tuple(xs[1]))),
    'ArgMax': lambda xs, a: np.argmax(xs[0], a['axis']).astype(np.int64),
    'MatMul': elementwise(np.matmul), 'NonZero': lambda xs, a: np.array(np.nonzero(xs[0])),
    'ReduceSum': reduce(np.sum), 'ReduceMean': reduce(np.mean), 'ReduceMax': reduce(np.max),
}
