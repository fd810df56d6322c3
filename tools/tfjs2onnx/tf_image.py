"""TensorFlow operators on images: convolution, pooling, resizing, normalisation.

ONNX computes these in NCHW order, TensorFlow.js graphs usually hold NHWC.  Each operator is
put between two Transposes here; layout.py then moves and cancels them.
"""

import numpy as np

from .errors import ConvertError
from .graph import static_shape
from .tf_math import activation

TO_NCHW, TO_NHWC = [0, 3, 1, 2], [0, 2, 3, 1]


class Image:
    """An operator's input in NCHW, with the attributes that say where H and W stand."""

    def __init__(self, ctx, x):
        if x.rank != 4:
            raise ConvertError('input has rank %d instead of 4' % x.rank)
        self.ctx = ctx
        self.format = ctx.attr('data_format', 'NHWC')
        if self.format not in ('NHWC', 'NCHW'):
            raise ConvertError('data_format %s is not supported' % self.format)
        self.x = self.enter(x, 'to_nchw')
        self.size = static_shape(self.x, 'the image size')[2:]

    def enter(self, x, suffix):
        return self.ctx.emit('Transpose', [x], suffix, perm=TO_NCHW) if self.format == 'NHWC' else x

    def leave(self, y):
        return (self.ctx.emit('Transpose', [y], 'to_nhwc', perm=TO_NHWC)
                if self.format == 'NHWC' else y)

    def pair(self, key, default=None):
        """Height and width from an attribute of four numbers."""
        four = self.ctx.attr(key) or default
        if four is None or len(four) != 4:
            raise ConvertError("attribute '%s' has not four numbers" % key)
        h, w = (1, 2) if self.format == 'NHWC' else (2, 3)
        if any(d != 1 for i, d in enumerate(four) if i not in (h, w)):
            raise ConvertError("attribute '%s': %s reaches beyond height and width" % (key, four))
        if four[h] < 1 or four[w] < 1:
            raise ConvertError("attribute '%s': %s is not positive" % (key, four))
        return [four[h], four[w]]

    def pads(self, kernel, strides, dilations, size=None):
        """ONNX pads (top, left, bottom, right) of TensorFlow's padding rule."""
        kind = self.ctx.attr('padding')
        if kind == 'VALID':
            return [0, 0, 0, 0]
        if kind == 'EXPLICIT':
            p = self.ctx.attr('explicit_paddings') or []
            if len(p) != 8:
                raise ConvertError('explicit_paddings has not eight numbers')
            h = 2 if self.format == 'NHWC' else 4
            return [p[h], p[h + 2], p[h + 1], p[h + 3]]
        if kind != 'SAME':
            raise ConvertError('padding %s is not supported' % kind)
        before, after = [], []
        for n, k, s, d in zip(size or self.size, kernel, strides, dilations):
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            before.append(total // 2)
            after.append(total - total // 2)
        return before + after


def filter_in(ctx, w, perm, shape=None):
    if w.rank != 4:
        raise ConvertError('filter has rank %d instead of 4' % w.rank)
    static_shape(w, 'the filter shape')
    w = ctx.emit('Transpose', [w], 'filter', perm=perm)
    return ctx.emit('Reshape', [w], 'filter', shape=shape) if shape else w


def convolve(ctx, image, w, group):
    strides = image.pair('strides')
    dilations = image.pair('dilations', [1, 1, 1, 1])
    kernel = list(w.shape[2:])
    return ctx.emit('Conv', [image.x, w], kernel_shape=kernel, strides=strides,
                    dilations=dilations, group=group, pads=image.pads(kernel, strides, dilations))


def conv_of(ctx):
    image = Image(ctx, ctx.inputs[0])
    w = filter_in(ctx, ctx.inputs[1], [3, 2, 0, 1])
    channels = image.x.shape[1]
    if w.shape[1] == 0 or channels % w.shape[1]:
        raise ConvertError('filter for %d channels on an input of %d' % (w.shape[1], channels))
    return image, convolve(ctx, image, w, channels // w.shape[1])


def depthwise_of(ctx):
    image = Image(ctx, ctx.inputs[0])
    w = ctx.inputs[1]
    if w.rank != 4 or w.shape[2] != image.x.shape[1]:
        raise ConvertError('filter %s on an input of %d channels'
                           % (list(w.shape), image.x.shape[1]))
    h, width, channels, times = static_shape(w, 'the filter shape')
    w = filter_in(ctx, w, [2, 3, 0, 1], [channels * times, 1, h, width])
    return image, convolve(ctx, image, w, channels)


def plain(conv):
    def run(ctx):
        ctx.need(2)
        image, y = conv(ctx)
        return image.leave(y)
    return run


def fused(conv):
    """Convolution, then what fused_ops says: a bias first, one activation last."""
    def run(ctx):
        ops = list(ctx.attr('fused_ops') or [])
        image, y = conv(ctx)
        if ops[:1] == ['BiasAdd']:
            y = ctx.emit('Add', [y, per_channel(ctx, ctx.inputs[2], 'bias')], 'BiasAdd')
            ops = ops[1:]
        if len(ops) > 1:
            raise ConvertError('fused operators %s are not supported' % ', '.join(ops))
        slope = slope_of(ctx, image) if ops == ['Prelu'] else None
        return image.leave(activation(ctx, ops[0], y, slope) if ops else y)
    return run


def slope_of(ctx, image):
    """Prelu's slope, which broadcasts against the result from the right."""
    if len(ctx.inputs) < 4:
        raise ConvertError('the slope of Prelu is missing')
    slope = ctx.inputs[3]
    if slope.rank < 4:
        shape = [1] * (4 - slope.rank) + list(static_shape(slope, 'the slope'))
        slope = ctx.emit('Reshape', [slope], 'slope', shape=shape)
    return image.enter(slope, 'slope')


def per_channel(ctx, v, what):
    """A vector, one number a channel, shaped to act on NCHW."""
    if v.rank != 1:
        raise ConvertError('%s has rank %d instead of 1' % (what, v.rank))
    return ctx.emit('Reshape', [v], what, shape=[1, -1 if v.shape[0] is None else v.shape[0], 1, 1])


def conv_backprop_input(ctx):
    """Transposed convolution: the inputs are the result's size, the filter, the image."""
    size = ctx.ints(0, 'the output size')
    image = Image(ctx, ctx.inputs[2])
    w = filter_in(ctx, ctx.inputs[1], [3, 2, 0, 1])
    strides, dilations = image.pair('strides'), image.pair('dilations', [1, 1, 1, 1])
    kernel = list(w.shape[2:])
    big = size[1:3] if image.format == 'NHWC' else size[2:4]
    pads = image.pads(kernel, strides, dilations, big)
    extra = [big[i] - (strides[i] * (image.size[i] - 1) + (kernel[i] - 1) * dilations[i] + 1
                       - pads[i] - pads[i + 2]) for i in range(2)]
    if any(e < 0 or e >= s for e, s in zip(extra, strides)):
        raise ConvertError('output size %s does not fit the input %s' % (size, list(image.size)))
    return image.leave(ctx.emit('ConvTranspose', [image.x, w], kernel_shape=kernel,
                                strides=strides, dilations=dilations, group=1, pads=pads,
                                output_padding=extra))


def pool(op):
    def run(ctx):
        image = Image(ctx, ctx.need(1))
        kernel, strides = image.pair('ksize'), image.pair('strides')
        y = ctx.emit(op, [image.x], kernel_shape=kernel, strides=strides,
                     pads=image.pads(kernel, strides, [1, 1]))
        return image.leave(y)
    return run


def resize(mode):
    """ResizeBilinear and ResizeNearestNeighbor; how coordinates map is said in ONNX's words."""
    def run(ctx):
        image = Image(ctx, ctx.inputs[0])
        size = ctx.ints(1, 'the size')
        corners = bool(ctx.attr('align_corners', False))
        half = bool(ctx.attr('half_pixel_centers', False))
        if len(size) != 2 or min(size) < 1:
            raise ConvertError('size %s is malformed' % size)
        where = 'align_corners' if corners else 'half_pixel' if half else 'asymmetric'
        # Nearest: TensorFlow takes floor(x), with half pixels floor(x + .5) of the ONNX
        # coordinate, with aligned corners the nearer, upwards at .5.
        nearest = 'round_prefer_ceil' if corners or half else 'floor'
        extra = {'nearest_mode': nearest} if mode == 'nearest' else {}
        y = ctx.emit('Resize', [image.x], sizes=list(image.x.shape[:2]) + size, mode=mode,
                     coordinate_transformation_mode=where, **extra)
        return image.leave(y)
    return run


def batch_norm(ctx):
    """Scale and shift, computed in float64; simplify.py folds them into a convolution."""
    image = Image(ctx, ctx.inputs[0])
    scale, offset, mean, variance = (np.asarray(ctx.const(i + 1, what), np.float64)
                                     for i, what in enumerate(('scale', 'offset', 'mean',
                                                               'variance')))
    if ctx.attr('is_training', False):
        raise ConvertError('is_training is set')
    factor = scale / np.sqrt(variance + ctx.attr('epsilon', .001))
    shift = offset - mean * factor
    y = ctx.emit('Mul', [image.x, ctx.array(factor.reshape(1, -1, 1, 1), 'factor', np.float32)],
                 'scale')
    y = ctx.emit('Add', [y, ctx.array(shift.reshape(1, -1, 1, 1), 'shift', np.float32)])
    return image.leave(y)


def bias_add(ctx):
    x, bias = ctx.need(2)
    if ctx.attr('data_format', 'NHWC') == 'NCHW' and x.rank == 4:
        bias = per_channel(ctx, bias, 'bias')
    return ctx.emit('Add', [x, bias])


def blocks(op):
    def run(ctx):
        image = Image(ctx, ctx.need(1))
        return image.leave(ctx.emit(op, [image.x], blocksize=ctx.attr('block_size')))
    return run


OPS = {
    'Conv2D': plain(conv_of), '_FusedConv2D': fused(conv_of),
    'DepthwiseConv2dNative': plain(depthwise_of), 'DepthwiseConv2d': plain(depthwise_of),
    'FusedDepthwiseConv2dNative': fused(depthwise_of),
    'Conv2DBackpropInput': conv_backprop_input, 'MaxPool': pool('MaxPool'),
    'AvgPool': pool('AveragePool'), 'ResizeBilinear': resize('linear'),
    'ResizeNearestNeighbor': resize('nearest'), 'FusedBatchNorm': batch_norm,
    'FusedBatchNormV2': batch_norm, 'FusedBatchNormV3': batch_norm, 'BiasAdd': bias_add,
    'DepthToSpace': blocks('DepthToSpace'), 'SpaceToDepth': blocks('SpaceToDepth'),
}
