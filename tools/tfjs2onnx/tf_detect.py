"""TensorFlow operators that choose: the k largest, and non-maximum suppression."""

import numpy as np

from .errors import ConvertError
from .tf_math import I32, cast


def top_k(ctx):
    x = ctx.inputs[0]
    k = ctx.ints(1, 'k')[0] if len(ctx.inputs) > 1 else ctx.attr('k')
    values, index = ctx.emit('TopK', [x], n_out=2, k=k, axis=x.rank - 1, largest=True,
                             sorted=bool(ctx.attr('sorted', True)))
    return [values, cast(ctx, index, I32, 'indices')]


def suppress(ctx, boxes, scores, limit, overlap, threshold):
    """Indices of the boxes kept, int32, as many as there are."""
    boxes = ctx.emit('Unsqueeze', [boxes], 'boxes', axes=[0])
    scores = ctx.emit('Unsqueeze', [scores], 'scores', axes=[0, 1])
    found = ctx.emit('NonMaxSuppression', [boxes, scores], 'select', limit=limit,
                     overlap=overlap, threshold=threshold)
    column = ctx.emit('Slice', [found], 'column', starts=[2], ends=[3], axes=[1], steps=[1])
    return cast(ctx, ctx.emit('Squeeze', [column], 'kept', axes=[1]), I32, 'indices')


def settings(ctx):
    """Limit, overlap and score threshold; thresholds absent mean none."""
    boxes, scores = ctx.inputs[:2]
    if boxes.rank != 2 or scores.rank != 1:
        raise ConvertError('boxes %s and scores %s' % (list(boxes.shape), list(scores.shape)))
    overlap = float(ctx.const(3, 'the overlap').item()) if len(ctx.inputs) > 3 else .5
    threshold = (float(ctx.const(4, 'the score threshold').item()) if len(ctx.inputs) > 4
                 else None)
    return ctx.ints(2, 'the limit')[0], overlap, threshold


def nms(ctx):
    limit, overlap, threshold = settings(ctx)
    return suppress(ctx, ctx.inputs[0], ctx.inputs[1], limit, overlap, threshold)


def nms_padded(ctx):
    """V4: indices, padded with zeros to the limit if asked, and how many are real."""
    limit, overlap, threshold = settings(ctx)
    kept = suppress(ctx, ctx.inputs[0], ctx.inputs[1], limit, overlap, threshold)
    count = counted(ctx, kept)
    if not ctx.attr('pad_to_max_output_size', False):
        return [kept, count]
    zeros = ctx.array(np.zeros(limit), 'zeros', np.int32)
    longer = ctx.emit('Concat', [kept, zeros], 'padded', axis=0)
    first = ctx.emit('Slice', [longer], 'first', starts=[0], ends=[limit], axes=[0], steps=[1])
    # The slice has exactly `limit` elements, which shape inference cannot see.
    return [ctx.emit('Reshape', [first], shape=[limit]), count]


def counted(ctx, kept):
    """The length of a vector whose length depends on data."""
    one = ctx.emit('Equal', [kept, kept], 'ones')
    return ctx.emit('ReduceSum', [cast(ctx, one, I32, 'counted')], 'count', axes=[0],
                    keepdims=False)


def nms_scored(ctx):
    """V5: indices, their scores, how many."""
    sigma = float(ctx.const(5, 'sigma').item()) if len(ctx.inputs) > 5 else 0.0
    if sigma != 0:
        raise ConvertError('soft suppression (sigma %g) is not supported' % sigma)
    limit, overlap, threshold = settings(ctx)
    kept = suppress(ctx, ctx.inputs[0], ctx.inputs[1], limit, overlap, threshold)
    return [kept, ctx.emit('Gather', [ctx.inputs[1], kept], 'kept_scores', axis=0),
            counted(ctx, kept)]


OPS = {
    'TopKV2': top_k, 'TopK': top_k, 'NonMaxSuppressionV2': nms, 'NonMaxSuppressionV3': nms,
    'NonMaxSuppressionV4': nms_padded, 'NonMaxSuppressionV5': nms_scored,
}
