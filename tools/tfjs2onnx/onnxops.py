"""What the converter must know of each ONNX operator it emits: result type and shape, and
for the cheap ones the result itself, so that constant parts of the graph fold away.

Parameters that ONNX passes as constant inputs are attributes here (see graph.py).
"""

import numpy as np

from .errors import ConvertError

BOOL, I64 = np.dtype(np.bool_), np.dtype(np.int64)


# ---- shapes --------------------------------------------------------------------------------

def broadcast(shapes):
    rank = max(len(s) for s in shapes)
    out = []
    for i in range(rank):
        dims = {s[i - rank + len(s)] for s in shapes if i - rank + len(s) >= 0} - {1}
        if len(dims - {None}) > 1:
            raise ConvertError('shapes %s do not broadcast'
                               % ' and '.join(str(list(s)) for s in shapes))
        known = dims - {None}
        out.append(known.pop() if known else None if dims else 1)
    return tuple(out)


def sliced(dim, start, end, step):
    return len(range(*slice(start, end, step).indices(dim)))


def window(size, kernel, stride, dilation, before, after):
    span = (kernel - 1) * dilation + 1
    if size + before + after < span:
        raise ConvertError('window of %d is larger than its input of %d' % (span, size))
    return (size + before + after - span) // stride + 1


def _elementwise(xs, a, n):
    return [(xs[0].dtype, broadcast([x.shape for x in xs]))]


def _compare(xs, a, n):
    return [(BOOL, broadcast([x.shape for x in xs]))]


def _same(xs, a, n):
    return [(xs[0].dtype, xs[0].shape)]


def _cast(xs, a, n):
    return [(np.dtype(a['to']), xs[0].shape)]


def _where(xs, a, n):
    return [(xs[1].dtype, broadcast([x.shape for x in xs]))]


def _transpose(xs, a, n):
    return [(xs[0].dtype, tuple(xs[0].shape[p] for p in a['perm']))]


def _reshape(xs, a, n):
    old, new = xs[0].shape, tuple(a['shape'])
    if None not in old and -1 not in new and np.prod(old) != np.prod(new):
        raise ConvertError('%s cannot be reshaped to %s' % (list(old), list(new)))
    return [(xs[0].dtype, tuple(None if d == -1 else d for d in new))]


def _squeeze(xs, a, n):
    if any(xs[0].shape[i] not in (1, None) for i in a['axes']):
        raise ConvertError('cannot squeeze axes %s of %s' % (list(a['axes']), list(xs[0].shape)))
    return [(xs[0].dtype, tuple(d for i, d in enumerate(xs[0].shape) if i not in a['axes']))]


def _unsqueeze(xs, a, n):
    out = list(xs[0].shape)
    for i in sorted(a['axes']):
        out.insert(i, 1)
    return [(xs[0].dtype, tuple(out))]


def _concat(xs, a, n):
    axis, out = a['axis'], list(xs[0].shape)
    for x in xs[1:]:
        if x.rank != len(out) or any(p != q for i, (p, q) in enumerate(zip(out, x.shape))
                                     if i != axis and None not in (p, q)):
            raise ConvertError('shapes %s do not concatenate along axis %d'
                               % (' and '.join(str(list(x.shape)) for x in xs), axis))
    sizes = [x.shape[axis] for x in xs]
    out[axis] = None if None in sizes else sum(sizes)
    return [(xs[0].dtype, tuple(out))]


def _split(xs, a, n):
    shape, axis = xs[0].shape, a['axis']
    if sum(a['split']) != shape[axis]:
        raise ConvertError('parts %s do not add up to %s' % (list(a['split']), shape[axis]))
    return [(xs[0].dtype, shape[:axis] + (part,) + shape[axis + 1:]) for part in a['split']]


def _slice(xs, a, n):
    out = list(xs[0].shape)
    for start, end, axis, step in zip(a['starts'], a['ends'], a['axes'], a['steps']):
        if out[axis] is not None:
            out[axis] = sliced(out[axis], start, end, step)
    return [(xs[0].dtype, tuple(out))]


def _gather(xs, a, n):
    data, idx, axis = xs[0].shape, xs[1].shape, a['axis']
    return [(xs[0].dtype, data[:axis] + idx + data[axis + 1:])]


def _gather_nd(xs, a, n):
    data, idx = xs[0].shape, xs[1].shape
    return [(xs[0].dtype, idx[:-1] + data[idx[-1]:])]


def _tile(xs, a, n):
    return [(xs[0].dtype, tuple(None if d is None else d * r
                                for d, r in zip(xs[0].shape, a['repeats'])))]


def _expand(xs, a, n):
    return [(xs[0].dtype, broadcast([xs[0].shape, tuple(a['shape'])]))]


def _pad(xs, a, n):
    r = xs[0].rank
    return [(xs[0].dtype, tuple(None if d is None else d + a['pads'][i] + a['pads'][i + r]
                                for i, d in enumerate(xs[0].shape)))]


def _reduce(xs, a, n):
    out = [1 if i in a['axes'] else d for i, d in enumerate(xs[0].shape)]
    if not a['keepdims']:
        out = [d for i, d in enumerate(out) if i not in a['axes']]
    return [(xs[0].dtype, tuple(out))]


def _arg(xs, a, n):
    shape, axis = xs[0].shape, a['axis']
    return [(I64, shape[:axis] + ((1,) if a['keepdims'] else ()) + shape[axis + 1:])]


def _topk(xs, a, n):
    shape, axis = list(xs[0].shape), a['axis']
    if shape[axis] is not None and a['k'] > shape[axis]:
        raise ConvertError('k = %d is more than the %d elements' % (a['k'], shape[axis]))
    shape[axis] = a['k']
    return [(xs[0].dtype, tuple(shape)), (I64, tuple(shape))]


def _conv(xs, a, n):
    x, w = xs[0].shape, xs[1].shape
    if x[1] != w[1] * a['group']:
        raise ConvertError('filter for %d channels on an input of %d' % (w[1] * a['group'], x[1]))
    space = tuple(window(x[i + 2], w[i + 2], a['strides'][i], a['dilations'][i],
                         a['pads'][i], a['pads'][i + 2]) for i in range(2))
    return [(xs[0].dtype, (x[0], w[0]) + space)]


def _conv_transpose(xs, a, n):
    x, w = xs[0].shape, xs[1].shape
    space = tuple(a['strides'][i] * (x[i + 2] - 1) + a['output_padding'][i]
                  + (w[i + 2] - 1) * a['dilations'][i] + 1 - a['pads'][i] - a['pads'][i + 2]
                  for i in range(2))
    return [(xs[0].dtype, (x[0], w[1]) + space)]


def _pool(xs, a, n):
    x, k = xs[0].shape, a['kernel_shape']
    space = tuple(window(x[i + 2], k[i], a['strides'][i], 1, a['pads'][i], a['pads'][i + 2])
                  for i in range(2))
    return [(xs[0].dtype, x[:2] + space)]


def _resize(xs, a, n):
    return [(xs[0].dtype, tuple(a['sizes']))]


def _matmul(xs, a, n):
    p, q = xs[0].shape, xs[1].shape
    if len(p) < 2 or len(q) < 2 or p[-1] != q[-2]:
        raise ConvertError('matrices %s and %s do not fit' % (list(p), list(q)))
    return [(xs[0].dtype, broadcast([p[:-2], q[:-2]]) + (p[-2], q[-1]))]


def _depth_to_space(xs, a, n):
    b, c, h, w = xs[0].shape
    s = a['blocksize']
    return [(xs[0].dtype, (b, c // (s * s), h * s, w * s))]


def _space_to_depth(xs, a, n):
    b, c, h, w = xs[0].shape
    s = a['blocksize']
    return [(xs[0].dtype, (b, c * s * s, h // s, w // s))]


def _nms(xs, a, n):
    return [(I64, (None, 3))]


def _nonzero(xs, a, n):
    return [(I64, (xs[0].rank, None))]


INFER = {
    'Cast': _cast, 'Where': _where, 'Transpose': _transpose, 'Reshape': _reshape,
    'Squeeze': _squeeze, 'Unsqueeze': _unsqueeze, 'Concat': _concat, 'Split': _split,
    'Slice': _slice, 'Gather': _gather, 'GatherND': _gather_nd, 'Tile': _tile,
    'Expand': _expand, 'Pad': _pad, 'ArgMax': _arg, 'ArgMin': _arg, 'TopK': _topk,
    'Conv': _conv, 'ConvTranspose': _conv_transpose, 'MaxPool': _pool, 'AveragePool': _pool,
    'Resize': _resize, 'MatMul': _matmul, 'DepthToSpace': _depth_to_space,
    'SpaceToDepth': _space_to_depth, 'NonMaxSuppression': _nms, 'NonZero': _nonzero,
    'PRelu': _elementwise, 'Softmax': _same, 'LogSoftmax': _same, 'CumSum': _same,
}
UNARY = {
    'Identity': lambda x: x, 'Abs': np.abs, 'Neg': np.negative, 'Exp': np.exp, 'Log': np.log,
    'Sqrt': np.sqrt, 'Floor': np.floor, 'Ceil': np.ceil, 'Round': np.round, 'Sign': np.sign,
    'Reciprocal': np.reciprocal, 'Not': np.logical_not, 'Relu': lambda x: np.maximum(x, 0),
    'Sin': np.sin, 'Cos': np.cos, 'Tanh': np.tanh,
}
# Unary operators that are not folded: they sit on activations.
UNARY_KEPT = ('Sigmoid', 'Clip', 'LeakyRelu', 'Elu', 'Selu', 'Softplus', 'Erf', 'HardSigmoid',
              'HardSwish')
BINARY = {'Add': np.add, 'Sub': np.subtract, 'Mul': np.multiply, 'Max': np.maximum,
          'Min': np.minimum, 'Pow': np.power, 'Mod': np.mod}
COMPARE = {'Equal': np.equal, 'Less': np.less, 'LessOrEqual': np.less_equal,
           'Greater': np.greater, 'GreaterOrEqual': np.greater_equal,
           'And': np.logical_and, 'Or': np.logical_or, 'Xor': np.logical_xor}
REDUCE = {'ReduceSum': np.sum, 'ReduceMean': np.mean, 'ReduceMax': np.max, 'ReduceMin': np.min,
          'ReduceProd': np.prod}
INFER.update({op: _same for op in list(UNARY) + list(UNARY_KEPT)})
INFER.update({op: _elementwise for op in list(BINARY) + ['Div']})
INFER.update({op: _compare for op in COMPARE})
INFER.update({op: _reduce for op in REDUCE})
ELEMENTWISE = (set(UNARY) | set(UNARY_KEPT) | set(BINARY) | set(COMPARE)
               | {'Div', 'Cast', 'Where', 'PRelu'})


def infer(op, inputs, attrs, n_out):
    """[(dtype, shape)] of each result."""
    if op not in INFER:
        raise AssertionError('no shape rule for %s' % op)
    return INFER[op](inputs, attrs, n_out)


# ---- values --------------------------------------------------------------------------------

def _div(x, y):
    if x.dtype.kind == 'f':
        return x / y
    # ONNX divides integers as C does: towards zero.
    q = np.abs(x) // np.abs(y)
    return (np.sign(x) * np.sign(y) * q).astype(x.dtype)


def _index(rank, axes, slices):
    index = [slice(None)] * rank
    for axis, s in zip(axes, slices):
        index[axis] = s
    return tuple(index)


def _eval_slice(x, a):
    # An end below -size means "through the first element", which Python spells None.
    parts = [slice(s, None if k < 0 and e < -x.shape[i] else e, k)
             for s, e, k, i in zip(a['starts'], a['ends'], a['steps'], a['axes'])]
    return x[_index(x.ndim, a['axes'], parts)]


def _eval_pad(x, a):
    r = x.ndim
    if a['mode'] != 'constant':
        return np.pad(x, [(a['pads'][i], a['pads'][i + r]) for i in range(r)], a['mode'])
    return np.pad(x, [(a['pads'][i], a['pads'][i + r]) for i in range(r)],
                  constant_values=a['value'])


def _eval_unsqueeze(x, a):
    for axis in sorted(a['axes']):
        x = np.expand_dims(x, axis)
    return x


def _many(f):
    return lambda xs, a: [f(xs, a)]


EVALUATE = {
    'Div': _many(lambda xs, a: _div(*xs)),
    'Cast': _many(lambda xs, a: xs[0].astype(a['to'])),
    'Where': _many(lambda xs, a: np.where(*xs)),
    'Transpose': _many(lambda xs, a: np.transpose(xs[0], a['perm'])),
    'Reshape': _many(lambda xs, a: xs[0].reshape(a['shape'])),
    'Squeeze': _many(lambda xs, a: np.squeeze(xs[0], tuple(a['axes']))),
    'Unsqueeze': _many(lambda xs, a: _eval_unsqueeze(xs[0], a)),
    'Concat': _many(lambda xs, a: np.concatenate(xs, a['axis'])),
    'Split': lambda xs, a: np.split(xs[0], np.cumsum(a['split'])[:-1], a['axis']),
    'Slice': _many(lambda xs, a: _eval_slice(xs[0], a)),
    'Gather': _many(lambda xs, a: np.take(xs[0], xs[1], a['axis'])),
    'GatherND': _many(lambda xs, a: xs[0][tuple(np.moveaxis(xs[1], -1, 0))]),
    'Tile': _many(lambda xs, a: np.tile(xs[0], a['repeats'])),
    'Expand': _many(lambda xs, a: np.broadcast_to(
        xs[0], np.broadcast_shapes(xs[0].shape, tuple(a['shape'])))),
    'Pad': _many(lambda xs, a: _eval_pad(xs[0], a)),
}
EVALUATE.update({op: _many(lambda xs, a, f=f: f(xs[0])) for op, f in UNARY.items()})
EVALUATE.update({op: _many(lambda xs, a, f=f: f(xs[0], xs[1]))
                 for op, f in list(BINARY.items()) + list(COMPARE.items())})
EVALUATE.update({op: _many(lambda xs, a, f=f: f(xs[0], tuple(a['axes']), keepdims=a['keepdims']))
                 for op, f in REDUCE.items()})


def evaluate(op, arrays, attrs):
    """The results of op on constants, with the types that shape inference promises."""
    try:
        with np.errstate(all='ignore'):
            results = [np.ascontiguousarray(r).reshape(np.shape(r))
                       for r in EVALUATE[op](arrays, attrs)]
    except (ValueError, IndexError) as e:
        raise ConvertError('%s of constants fails: %s' % (op, e))
    if op in BINARY or op in REDUCE or op in UNARY:
        results = [r.astype(arrays[0].dtype) for r in results]
    return results
