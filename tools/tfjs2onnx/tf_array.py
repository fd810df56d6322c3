"""TensorFlow operators that move, join, cut and make tensors."""

import numpy as np

from .errors import ConvertError
from .graph import check_size, static_shape
from .tf_math import BOOL, I32, cast


def ints_value(ctx, values, suffix='value'):
    return ctx.array(list(values), suffix, np.int32)


def shape_of(ctx):
    return ints_value(ctx, static_shape(ctx.need(1), 'the shape'))


def size_of(ctx):
    return ctx.array(int(np.prod(static_shape(ctx.need(1), 'the size'))), 'value', np.int32)


def rank_of(ctx):
    return ctx.array(ctx.need(1).rank, 'value', np.int32)


def reshape(ctx):
    x, shape = ctx.inputs[0], ctx.ints(1, 'the shape')
    if shape.count(-1) > 1 or any(d < -1 for d in shape):
        raise ConvertError('shape %s is malformed' % shape)
    if None not in x.shape:
        total, rest = int(np.prod(x.shape)), int(np.prod([d for d in shape if d != -1]))
        if -1 in shape and (rest == 0 or total % rest):
            raise ConvertError('%s cannot be reshaped to %s' % (list(x.shape), shape))
        shape = [total // rest if d == -1 else d for d in shape]
    return ctx.emit('Reshape', [x], shape=shape)


def expand_dims(ctx):
    x = ctx.inputs[0]
    axis = ctx.axis(ctx.ints(1, 'the axis')[0], x.rank + 1)
    return ctx.emit('Unsqueeze', [x], axes=[axis])


def squeeze(ctx):
    x = ctx.need(1)
    dims = ctx.attr('squeeze_dims') or ctx.attr('axis') or []
    axes = sorted(ctx.axis(d, x.rank) for d in dims)
    if not axes:
        axes = [i for i, d in enumerate(static_shape(x, 'the shape')) if d == 1]
    return ctx.emit('Squeeze', [x], axes=axes) if axes else x


def transpose(ctx):
    x, perm = ctx.inputs[0], ctx.ints(1, 'the permutation')
    if sorted(perm) != list(range(x.rank)):
        raise ConvertError('%s is no permutation of %d axes' % (perm, x.rank))
    return ctx.emit('Transpose', [x], perm=perm)


def concat(ctx):
    axis = ctx.axis(ctx.ints(len(ctx.inputs) - 1, 'the axis')[0], ctx.inputs[0].rank)
    return ctx.emit('Concat', ctx.inputs[:-1], axis=axis)


def pack(ctx):
    axis = ctx.axis(ctx.attr('axis', 0), ctx.inputs[0].rank + 1)
    parts = [ctx.emit('Unsqueeze', [x], 'unsqueeze_%d' % i, axes=[axis])
             for i, x in enumerate(ctx.inputs)]
    return ctx.emit('Concat', parts, axis=axis)


def cut(ctx, x, axis, sizes, suffix=''):
    """Parts of x along axis, as a list."""
    if len(sizes) == 1:
        return [x]
    return ctx.emit('Split', [x], suffix, n_out=len(sizes), axis=axis, split=list(sizes))


def unpack(ctx):
    x = ctx.need(1)
    axis = ctx.axis(ctx.attr('axis', 0), x.rank)
    n = static_shape(x, 'the number of parts')[axis]
    return [ctx.emit('Squeeze', [part], 'squeeze_%d' % i, axes=[axis])
            for i, part in enumerate(cut(ctx, x, axis, [1] * n))]


def split(ctx):
    x = ctx.inputs[1]
    axis = ctx.axis(ctx.ints(0, 'the axis')[0], x.rank)
    n, size = ctx.attr('num_split', 1), static_shape(x, 'the size to split')[axis]
    if n < 1 or size % n:
        raise ConvertError('%d elements do not split into %d parts' % (size, n))
    return cut(ctx, x, axis, [size // n] * n)


def split_v(ctx):
    x, sizes = ctx.inputs[0], ctx.ints(1, 'the sizes')
    axis = ctx.axis(ctx.ints(2, 'the axis')[0], x.rank)
    if -1 in sizes:
        rest = static_shape(x, 'the size to split')[axis] - sum(s for s in sizes if s != -1)
        sizes = [rest if s == -1 else s for s in sizes]
    return cut(ctx, x, axis, sizes)


def slice_(ctx):
    x = ctx.inputs[0]
    begin, size = ctx.ints(1, 'the start'), ctx.ints(2, 'the size')
    ends = [d if s == -1 else b + s
            for b, s, d in zip(begin, size, static_shape(x, 'the shape'))]
    return ctx.emit('Slice', [x], starts=begin, ends=ends, axes=list(range(x.rank)),
                    steps=[1] * x.rank)


def strided_slice(ctx):
    x = ctx.inputs[0]
    begin, end, step = (ctx.ints(i, what) for i, what in
                        ((1, 'the start'), (2, 'the end'), (3, 'the step')))
    mask = {m: ctx.attr(m + '_mask', 0)
            for m in ('begin', 'end', 'ellipsis', 'new_axis', 'shrink_axis')}
    cuts, shrink, fresh = slice_plan(x, begin, end, step, mask)
    if cuts:
        axes = [c[0] for c in cuts]
        x = ctx.emit('Slice', [x], axes=axes, starts=[c[1] for c in cuts],
                     ends=[c[2] for c in cuts], steps=[c[3] for c in cuts])
    if shrink:
        x = ctx.emit('Squeeze', [x], 'shrink', axes=shrink)
    if fresh:
        x = ctx.emit('Unsqueeze', [x], 'new_axis', axes=fresh)
    return x


def slice_plan(x, begin, end, step, mask):
    """TensorFlow's sparse slice specification made plain: (axis, start, end, step) of the axes
    that are really cut, input axes to drop, output axes to add."""
    n_new = sum(1 for i in range(len(begin)) if mask['new_axis'] >> i & 1)
    cuts, shrink, fresh = [], [], []
    axis = out = 0
    for i in range(len(begin)):
        if mask['ellipsis'] >> i & 1:
            later_new = sum(1 for j in range(i + 1, len(begin)) if mask['new_axis'] >> j & 1)
            skip = x.rank - axis - (len(begin) - i - 1 - later_new)
            axis, out = axis + skip, out + skip
        elif mask['new_axis'] >> i & 1:
            fresh.append(out)
            out += 1
        else:
            if axis >= x.rank:
                raise ConvertError('slices %d axes of rank %d' % (len(begin) - n_new, x.rank))
            one = mask['shrink_axis'] >> i & 1
            whole = (mask['begin'] >> i & 1, mask['end'] >> i & 1)
            cuts += axis_cut(x.shape[axis], axis, begin[i], end[i], step[i], whole, one)
            if one:
                shrink.append(axis)
            axis, out = axis + 1, out + (0 if one else 1)
    return cuts, shrink, fresh


def axis_cut(dim, axis, begin, end, step, whole, one):
    if step == 0:
        raise ConvertError('step 0')
    if one:
        if dim is not None and not -dim <= begin < dim:
            raise ConvertError('element %d of an axis of %d' % (begin, dim))
        return [(axis, begin, begin + 1 if begin != -1 else np.iinfo(np.int64).max, 1)]
    if all(whole) and step == 1:
        return []
    if dim is None:
        raise ConvertError('the size of axis %d depends on data' % axis)
    start, stop, step = slice(None if whole[0] else begin, None if whole[1] else end,
                              step).indices(dim)
    if (start, stop, step) == (0, dim, 1):
        return []
    return [(axis, start, -dim - 1 if stop < 0 else stop, step)]


def gather(ctx):
    x, index = ctx.inputs[0], ctx.inputs[1]
    if ctx.attr('batch_dims', 0):
        raise ConvertError('batch_dims %d is not supported' % ctx.attr('batch_dims'))
    axis = ctx.axis(ctx.ints(2, 'the axis')[0] if len(ctx.inputs) > 2 else 0, x.rank)
    return ctx.emit('Gather', [x, index], axis=axis)


def gather_nd(ctx):
    x, index = ctx.need(2)
    return ctx.emit('GatherND', [x, cast(ctx, index, np.int64, 'indices')])


def tile(ctx):
    return ctx.emit('Tile', [ctx.inputs[0]], repeats=ctx.ints(1, 'the multiples'))


def broadcast_to(ctx):
    return ctx.emit('Expand', [ctx.inputs[0]], shape=ctx.ints(1, 'the shape'))


def fill(ctx):
    return ctx.emit('Expand', [ctx.inputs[1]], shape=ctx.ints(0, 'the shape'))


def filled_like(value):
    def run(ctx):
        x = ctx.need(1)
        check_size(static_shape(x, 'the shape'))
        return ctx.array(np.full(x.shape, value, x.dtype), 'value')
    return run


def range_(ctx):
    start, limit, delta = (ctx.const(i, what).item() for i, what in
                           ((0, 'the start'), (1, 'the limit'), (2, 'the step')))
    if delta == 0:
        raise ConvertError('step 0')
    check_size([max(0, int((limit - start) / delta))])
    return ctx.array(np.arange(start, limit, delta), 'value', ctx.inputs[0].dtype)


def pad(ctx):
    x, pads = ctx.inputs[0], np.asarray(ctx.const(1, 'the padding'))
    if pads.shape != (x.rank, 2) or (pads < 0).any():
        raise ConvertError('padding %s does not fit rank %d' % (pads.tolist(), x.rank))
    value = ctx.const(2, 'the value').item() if len(ctx.inputs) > 2 else 0
    if not pads.any():
        return x
    return ctx.emit('Pad', [x], pads=[int(p) for p in pads.T.ravel()], mode='constant',
                    value=value)


def mirror_pad(ctx):
    x, pads = ctx.inputs[0], np.asarray(ctx.const(1, 'the padding'))
    if ctx.attr('mode') != 'REFLECT':
        raise ConvertError('mode %s is not supported' % ctx.attr('mode'))
    return ctx.emit('Pad', [x], pads=[int(p) for p in pads.T.ravel()], mode='reflect', value=0)


def select(ctx):
    """Select and SelectV2; the first lets a vector choose whole rows."""
    c, x, y = ctx.need(3)
    if ctx.node.op == 'Select' and c.rank == 1 and x.rank > 1:
        c = ctx.emit('Unsqueeze', [c], 'rows', axes=list(range(1, x.rank)))
    return ctx.emit('Where', [c, x, y])


def where(ctx):
    """Indices of what is true, row by row."""
    x = cast(ctx, ctx.need(1), BOOL)
    index = ctx.emit('NonZero', [x], 'nonzero')
    return cast(ctx, ctx.emit('Transpose', [index], 'rows', perm=[1, 0]), I32, '')


def sparse_to_dense(ctx):
    index, shape = ctx.const(0, 'the indices'), ctx.ints(1, 'the shape')
    value, default = ctx.const(2, 'the values'), ctx.const(3, 'the default')
    check_size(shape)
    dense = np.full(shape, default, value.dtype)
    if index.size:
        dense[tuple(np.atleast_2d(index.reshape(-1, len(shape))).T)] = value
    return ctx.array(dense, 'value')


def one_hot(ctx):
    """By comparing, since ONNX's OneHot gives another meaning to negative indices."""
    index, depth = ctx.inputs[0], ctx.ints(1, 'the depth')[0]
    on, off = ctx.inputs[2], ctx.inputs[3]
    axis = ctx.axis(ctx.attr('axis', -1), index.rank + 1)
    shape = [1] * (index.rank + 1)
    shape[axis] = depth
    check_size(shape)
    grid = ctx.array(np.arange(depth).reshape(shape), 'classes', index.dtype)
    index = ctx.emit('Unsqueeze', [index], 'unsqueeze', axes=[axis])
    return ctx.emit('Where', [ctx.emit('Equal', [index, grid], 'equal'), on, off])


def reverse(ctx):
    x = ctx.inputs[0]
    axes = sorted(ctx.axis(a, x.rank) for a in ctx.ints(1, 'the axes'))
    dims = static_shape(x, 'the shape')
    return ctx.emit('Slice', [x], axes=axes, starts=[dims[a] - 1 for a in axes],
                    ends=[-dims[a] - 1 for a in axes], steps=[-1] * len(axes)) if axes else x


def space_to_batch(ctx):
    x, block = ctx.inputs[0], ctx.ints(1, 'the block')
    pads = np.asarray(ctx.const(2, 'the padding')).reshape(len(block), 2)
    n, rest = len(block), x.rank - 1 - len(block)
    around = np.zeros((x.rank, 2), np.int64)
    around[1:1 + n] = pads
    if around.any():
        x = ctx.emit('Pad', [x], 'pad', pads=[int(p) for p in around.T.ravel()], mode='constant',
                     value=0)
    shape = static_shape(x, 'the shape')
    if any(shape[i + 1] % b for i, b in enumerate(block)):
        raise ConvertError('block %s does not divide %s' % (block, list(shape)))
    inner = [d for i, b in enumerate(block) for d in (shape[i + 1] // b, b)]
    x = ctx.emit('Reshape', [x], 'blocks', shape=[shape[0]] + inner + list(shape[1 + n:]))
    perm = ([2 * i + 2 for i in range(n)] + [0] + [2 * i + 1 for i in range(n)]
            + [2 * n + 1 + i for i in range(rest)])
    x = ctx.emit('Transpose', [x], 'order', perm=perm)
    small = [shape[i + 1] // b for i, b in enumerate(block)]
    return ctx.emit('Reshape', [x], shape=[shape[0] * int(np.prod(block))] + small
                    + list(shape[1 + n:]))


def batch_to_space(ctx):
    x, block = ctx.inputs[0], ctx.ints(1, 'the block')
    crops = np.asarray(ctx.const(2, 'the crops')).reshape(len(block), 2)
    n, shape = len(block), static_shape(x, 'the shape')
    batch = shape[0] // int(np.prod(block))
    x = ctx.emit('Reshape', [x], 'blocks', shape=list(block) + [batch] + list(shape[1:]))
    perm = ([n] + [a for i in range(n) for a in (n + 1 + i, i)]
            + list(range(2 * n + 1, x.rank)))
    x = ctx.emit('Transpose', [x], 'order', perm=perm)
    big = [shape[i + 1] * b for i, b in enumerate(block)]
    x = ctx.emit('Reshape', [x], 'joined', shape=[batch] + big + list(shape[1 + n:]))
    if not crops.any():
        return x
    return ctx.emit('Slice', [x], axes=list(range(1, n + 1)), starts=[int(c[0]) for c in crops],
                    ends=[big[i] - int(c[1]) for i, c in enumerate(crops)], steps=[1] * n)


OPS = {
    'Shape': shape_of, 'Size': size_of, 'Rank': rank_of, 'Reshape': reshape,
    'ExpandDims': expand_dims, 'Squeeze': squeeze, 'Transpose': transpose, 'ConcatV2': concat,
    'Pack': pack, 'Unpack': unpack, 'Split': split, 'SplitV': split_v, 'Slice': slice_,
    'StridedSlice': strided_slice, 'GatherV2': gather, 'Gather': gather, 'GatherNd': gather_nd,
    'Tile': tile, 'BroadcastTo': broadcast_to, 'Fill': fill, 'ZerosLike': filled_like(0),
    'OnesLike': filled_like(1), 'Range': range_, 'Pad': pad, 'PadV2': pad,
    'MirrorPad': mirror_pad, 'Select': select, 'SelectV2': select, 'Where': where,
    'SparseToDense': sparse_to_dense, 'OneHot': one_hot, 'ReverseV2': reverse,
    'SpaceToBatchND': space_to_batch, 'BatchToSpaceND': batch_to_space,
}
