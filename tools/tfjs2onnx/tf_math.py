"""TensorFlow operators that compute element by element, reduce, or multiply matrices."""

import numpy as np

from .errors import ConvertError

I32, F32, BOOL = np.dtype(np.int32), np.dtype(np.float32), np.dtype(np.bool_)


def cast(ctx, x, dtype, suffix='cast'):
    return x if x.dtype == np.dtype(dtype) else ctx.emit('Cast', [x], suffix, to=np.dtype(dtype))


def same_type(ctx, values):
    """TensorFlow.js widens mixed operands: bool to int32 to float32."""
    wide = max((v.dtype for v in values), key=[BOOL, I32, F32].index)
    return [cast(ctx, v, wide, 'cast_%d' % i) for i, v in enumerate(values)]


def unary(op):
    return lambda ctx: ctx.emit(op, [ctx.need(1)])


def binary(op):
    return lambda ctx: ctx.emit(op, same_type(ctx, ctx.need(2)))


def scalar_like(ctx, x, value, suffix):
    return ctx.array(value, suffix, x.dtype)


def identity(ctx):
    return ctx.inputs[0]


def identity_n(ctx):
    return ctx.inputs


def add_n(ctx):
    total = ctx.inputs[0]
    for i, x in enumerate(ctx.inputs[1:]):
        last = i == len(ctx.inputs) - 2
        total = ctx.emit('Add', [total, x], '' if last else 'add_%d' % i)
    return total


def not_equal(ctx):
    return ctx.emit('Not', [ctx.emit('Equal', same_type(ctx, ctx.need(2)), 'equal')])


def floor_divide(ctx, x, y):
    """Towards minus infinity; ONNX's integer division goes towards zero."""
    if x.dtype == F32:
        return ctx.emit('Floor', [ctx.emit('Div', [x, y], 'div')])
    remainder = ctx.emit('Mod', [x, y], 'mod')      # takes the divisor's sign
    return ctx.emit('Div', [ctx.emit('Sub', [x, remainder], 'sub'), y])


def floor_div(ctx):
    return floor_divide(ctx, *same_type(ctx, ctx.need(2)))


def divide(ctx):
    x, y = same_type(ctx, ctx.need(2))
    if x.dtype != F32:                              # as TensorFlow.js divides integers
        return floor_divide(ctx, x, y)
    return ctx.emit('Div', [x, y])


def div_no_nan(ctx):
    x, y = ctx.need(2)
    zero = scalar_like(ctx, y, 0, 'zero')
    is_zero = ctx.emit('Equal', [y, zero], 'is_zero')
    return ctx.emit('Where', [is_zero, zero, ctx.emit('Div', [x, y], 'div')])


def floor_mod(ctx):
    x, y = same_type(ctx, ctx.need(2))
    if x.dtype != F32:
        return ctx.emit('Mod', [x, y])
    whole = ctx.emit('Floor', [ctx.emit('Div', [x, y], 'div')], 'floor')
    return ctx.emit('Sub', [x, ctx.emit('Mul', [whole, y], 'mul')])


def square(ctx):
    x = ctx.need(1)
    return ctx.emit('Mul', [x, x])


def squared_difference(ctx):
    d = ctx.emit('Sub', same_type(ctx, ctx.need(2)), 'difference')
    return ctx.emit('Mul', [d, d])


def rsqrt(ctx):
    return ctx.emit('Reciprocal', [ctx.emit('Sqrt', [ctx.need(1)], 'sqrt')])


def log1p(ctx):
    x = ctx.need(1)
    return ctx.emit('Log', [ctx.emit('Add', [x, scalar_like(ctx, x, 1, 'one')], 'add')])


def expm1(ctx):
    x = ctx.need(1)
    return ctx.emit('Sub', [ctx.emit('Exp', [x], 'exp'), scalar_like(ctx, x, 1, 'one')])


def relu6(ctx):
    return ctx.emit('Clip', [ctx.need(1)], min=0.0, max=6.0)


def leaky_relu(ctx):
    return ctx.emit('LeakyRelu', [ctx.need(1)], alpha=float(ctx.attr('alpha', .2)))


def elu(ctx):
    return ctx.emit('Elu', [ctx.need(1)], alpha=1.0)


def prelu(ctx):
    x, slope = ctx.need(2)
    return ctx.emit('PRelu', [x, slope])


def clip_by_value(ctx):
    x, low, high = ctx.need(3)
    if x.dtype == F32 and all(v.const is not None and v.const.size == 1 for v in (low, high)):
        return ctx.emit('Clip', [x], min=float(low.const.ravel()[0]),
                        max=float(high.const.ravel()[0]))
    return ctx.emit('Min', [ctx.emit('Max', [x, low], 'max'), high])


def tf_cast(ctx):
    to = ctx.attr('DstT')
    return cast(ctx, ctx.need(1), to, '') if to is not None else ctx.need(1)


def activation(ctx, name, x, alpha=None):
    """An activation fused into a convolution or matrix product; alpha is Prelu's slope."""
    if name in ('', 'linear'):
        return x
    if name == 'Relu6':
        return ctx.emit('Clip', [x], name, min=0.0, max=6.0)
    if name == 'LeakyRelu':
        return ctx.emit('LeakyRelu', [x], name, alpha=float(ctx.attr('leakyrelu_alpha', .2)))
    if name == 'Elu':
        return ctx.emit('Elu', [x], name, alpha=1.0)
    if name in ('Relu', 'Sigmoid', 'Tanh'):
        return ctx.emit(name, [x], name)
    if name == 'Prelu' and alpha is not None:
        return ctx.emit('PRelu', [x, alpha], name)
    raise ConvertError('fused operator %s is not supported' % name)


# ---- reductions ----------------------------------------------------------------------------

def reduce_axes(ctx, x):
    axes = [ctx.axis(a, x.rank) for a in ctx.ints(1, 'the axes')]
    keep = bool(ctx.attr('keep_dims', ctx.attr('keepDims', False)))
    return sorted(set(axes)), keep


def reduce(op):
    def run(ctx):
        x = ctx.inputs[0]
        axes, keep = reduce_axes(ctx, x)
        if x.dtype == BOOL or (op == 'ReduceMean' and x.dtype != F32):
            x = cast(ctx, x, F32 if op == 'ReduceMean' else I32)
        if not axes:
            return x
        return ctx.emit(op, [x], axes=axes, keepdims=keep)
    return run


def logical_reduce(op):
    def run(ctx):
        axes, keep = reduce_axes(ctx, ctx.inputs[0])
        x = cast(ctx, ctx.inputs[0], I32)
        return cast(ctx, ctx.emit(op, [x], 'reduce', axes=axes, keepdims=keep), BOOL, '')
    return run


def arg_extreme(op):
    def run(ctx):
        x = ctx.inputs[0]
        axis = ctx.axis(ctx.ints(1, 'the axis')[0] if len(ctx.inputs) > 1 else 0, x.rank)
        return cast(ctx, ctx.emit(op, [x], 'int64', axis=axis, keepdims=False), I32, '')
    return run


def softmax(op):
    return lambda ctx: ctx.emit(op, [ctx.need(1)], axis=ctx.inputs[0].rank - 1)


def cumsum(ctx):
    x = ctx.inputs[0]
    return ctx.emit('CumSum', [x], axis=ctx.axis(ctx.ints(1, 'the axis')[0], x.rank),
                    exclusive=bool(ctx.attr('exclusive', False)),
                    reverse=bool(ctx.attr('reverse', False)))


# ---- matrices ------------------------------------------------------------------------------

def transposed(ctx, x, wanted, suffix):
    if not wanted:
        return x
    perm = list(range(x.rank))
    perm[-2:] = perm[-1], perm[-2]
    return ctx.emit('Transpose', [x], suffix, perm=perm)


def matmul(ctx):
    a = transposed(ctx, ctx.inputs[0], ctx.attr('transpose_a', ctx.attr('adj_x')), 'a_transposed')
    b = transposed(ctx, ctx.inputs[1], ctx.attr('transpose_b', ctx.attr('adj_y')), 'b_transposed')
    return ctx.emit('MatMul', [a, b])


def fused_matmul(ctx):
    fused = ctx.attr('fused_ops', [])
    y = matmul(ctx)
    if fused[:1] == ['BiasAdd']:
        y = ctx.emit('Add', [y, ctx.inputs[2]], 'BiasAdd')
        fused = fused[1:]
    if len(fused) > 1:
        raise ConvertError('fused operators %s are not supported' % ', '.join(fused))
    slope = ctx.inputs[3] if len(ctx.inputs) > 3 else None
    return activation(ctx, fused[0], y, slope) if fused else y


OPS = {
    'Add': binary('Add'), 'AddV2': binary('Add'), 'Sub': binary('Sub'), 'Mul': binary('Mul'),
    'Div': divide, 'RealDiv': divide, 'DivNoNan': div_no_nan, 'FloorDiv': floor_div,
    'FloorMod': floor_mod, 'Mod': floor_mod, 'Maximum': binary('Max'), 'Minimum': binary('Min'),
    'Pow': binary('Pow'), 'AddN': add_n, 'SquaredDifference': squared_difference,
    'Equal': binary('Equal'), 'NotEqual': not_equal, 'Less': binary('Less'),
    'LessEqual': binary('LessOrEqual'), 'Greater': binary('Greater'),
    'GreaterEqual': binary('GreaterOrEqual'), 'LogicalAnd': binary('And'),
    'LogicalOr': binary('Or'), 'LogicalNot': unary('Not'),
    'Abs': unary('Abs'), 'Neg': unary('Neg'), 'Exp': unary('Exp'), 'Log': unary('Log'),
    'Sqrt': unary('Sqrt'), 'Floor': unary('Floor'), 'Ceil': unary('Ceil'),
    'Round': unary('Round'), 'Sign': unary('Sign'), 'Reciprocal': unary('Reciprocal'),
    'Inv': unary('Reciprocal'), 'Relu': unary('Relu'), 'Sigmoid': unary('Sigmoid'),
    'Tanh': unary('Tanh'), 'Softplus': unary('Softplus'), 'Selu': unary('Selu'),
    'Erf': unary('Erf'), 'Sin': unary('Sin'), 'Cos': unary('Cos'), 'Square': square,
    'Rsqrt': rsqrt, 'Log1p': log1p, 'Expm1': expm1, 'Relu6': relu6, 'LeakyRelu': leaky_relu,
    'Elu': elu, 'Prelu': prelu, 'ClipByValue': clip_by_value, 'Cast': tf_cast,
    'Identity': identity, 'StopGradient': identity, 'Snapshot': identity,
    'PreventGradient': identity, 'IdentityN': identity_n, 'PlaceholderWithDefault': identity,
    'Sum': reduce('ReduceSum'), 'Mean': reduce('ReduceMean'), 'Max': reduce('ReduceMax'),
    'Min': reduce('ReduceMin'), 'Prod': reduce('ReduceProd'),
    'Any': logical_reduce('ReduceMax'), 'All': logical_reduce('ReduceMin'),
    'ArgMax': arg_extreme('ArgMax'), 'ArgMin': arg_extreme('ArgMin'),
    'Softmax': softmax('Softmax'), 'LogSoftmax': softmax('LogSoftmax'), 'Cumsum': cumsum,
    'MatMul': matmul, 'BatchMatMul': matmul, 'BatchMatMulV2': matmul,
    '_FusedMatMul': fused_matmul,
}
