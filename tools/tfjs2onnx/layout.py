"""Moves Transposes down the graph until they meet their inverse and vanish.

translate.py puts every image operator between a Transpose to NCHW and one back.  An operator
that does not care for the order of axes is computed before the Transpose instead of behind it,
with its attributes and constants reordered, so that between two convolutions the two Transposes
come together and cancel.  What remains stands where the order is really needed.
"""

import numpy as np

from .graph import Node, Value
from .onnxops import ELEMENTWISE, infer


def run(graph):
    """To a fixed point; each step removes a Transpose or moves one closer to the outputs."""
    while cancel(graph) or push_one(graph):
        pass
    graph.drop_dead()


# ---- cancelling ----------------------------------------------------------------------------

def cancel(graph):
    """Joins chained Transposes, drops those that change nothing; True if there were any."""
    made, changed = graph.producers(), False
    for node in graph.nodes:
        if node.op != 'Transpose':
            continue
        above = made.get(node.inputs[0])
        if above is not None and above.op == 'Transpose':
            node.attrs['perm'] = [above.attrs['perm'][p] for p in node.attrs['perm']]
            node.inputs = [above.inputs[0]]
            changed = True
        if node.attrs['perm'] == list(range(node.inputs[0].rank)):
            graph.replace(node.outputs[0], node.inputs[0])
            changed = True
    if changed:
        drop_unused(graph)
    return changed


def drop_unused(graph):
    used = graph.users()
    graph.nodes = [n for n in graph.nodes
                   if n.op != 'Transpose' or n.outputs[0] in used]


def settle(graph):
    """A Transpose that only moves axes of size 1 is a Reshape, which costs nothing."""
    for node in graph.nodes:
        if node.op != 'Transpose' or None in node.inputs[0].shape:
            continue
        real = [p for p in node.attrs['perm'] if node.inputs[0].shape[p] != 1]
        if real == sorted(real):
            node.op, node.attrs = 'Reshape', {'shape': list(node.outputs[0].shape)}


# ---- pushing -------------------------------------------------------------------------------

def push_one(graph):
    made = graph.producers()
    for at, node in enumerate(graph.nodes):
        perm = common_perm(node, made)
        if perm is None or node.op not in PUSH:
            continue
        plan = PUSH[node.op](node, perm)
        if plan is not None:
            rewrite(graph, at, node, perm, plan, made)
            return True
    return False


def common_perm(node, made):
    """The permutation that most of the node's computed inputs come through, else None."""
    perms, others = [], 0
    for value in node.inputs:
        source = made.get(value)
        if value.const is not None or fits_anyhow(value):
            continue
        if source is not None and source.op == 'Transpose':
            perms.append(tuple(source.attrs['perm']))
        else:
            others += 1
    if not perms or len(set(perms)) > 1 or len(perms) <= others:
        return None
    return list(perms[0])


def fits_anyhow(value):
    return all(d == 1 for d in value.shape)


def rewrite(graph, at, node, perm, plan, made):
    """Puts node in front of the Transposes of its inputs and a Transpose behind each output."""
    attrs, moved, out_perm = plan
    inputs = []
    for i, value in enumerate(node.inputs):
        if not moved(i):
            inputs.append(value)
            continue
        before = len(graph.nodes)
        inputs.append(untranspose(graph, at, node, value, perm, made))
        at += len(graph.nodes) - before
    node.inputs, node.attrs = inputs, attrs
    kinds = infer(node.op, inputs, attrs, len(node.outputs))
    for i, ((dtype, shape), old) in enumerate(zip(kinds, list(node.outputs))):
        if out_perm == list(range(len(out_perm))):
            old.shape = shape
            continue
        # The TensorFlow name stays with the operator's own result.
        new = Value(old.name, dtype, shape)
        old.name = graph.unique(old.name + '/order')
        node.outputs[i] = new
        graph.nodes.insert(at + 1, Node('Transpose', old.name, [new], [old], {'perm': out_perm}))


def untranspose(graph, at, node, value, perm, made):
    """value in the order it has before a Transpose(perm)."""
    source = made.get(value)
    if source is not None and source.op == 'Transpose' and source.attrs['perm'] == perm:
        return source.inputs[0]
    rank = len(perm)
    if value.rank < rank:
        if fits_anyhow(value):
            return value
        shape = [1] * (rank - value.rank) + list(value.shape)
        value = graph.emit('Reshape', node.name + '/rank', [value], at=at, shape=shape)
        at += value.const is None
    inverse = [int(i) for i in np.argsort(perm)]
    return graph.emit('Transpose', node.name + '/order', [value], at=at, perm=inverse)


# ---- what each operator needs --------------------------------------------------------------
# A rule answers (attributes for the old order, which inputs to reorder, Transpose behind the
# outputs), or None where the operator has to stay.  In the old order axis perm[i] is what the
# node sees as axis i.

def all_inputs(i):
    return True


def first_input(i):
    return i == 0


def elementwise(node, perm):
    rank = len(perm)
    if any(v.rank > rank or (v.rank < rank and v.const is None and not fits_anyhow(v))
           for v in node.inputs):
        return None
    return node.attrs, all_inputs, perm


def concat(node, perm):
    return dict(node.attrs, axis=perm[node.attrs['axis']]), all_inputs, perm


def one_axis(node, perm):
    return dict(node.attrs, axis=perm[node.attrs['axis']]), first_input, perm


def slice_(node, perm):
    return dict(node.attrs, axes=[perm[a] for a in node.attrs['axes']]), first_input, perm


def pad(node, perm):
    rank, old = len(perm), node.attrs['pads']
    pads = [0] * (2 * rank)
    for i, p in enumerate(perm):
        pads[p], pads[p + rank] = old[i], old[i + rank]
    return dict(node.attrs, pads=pads), first_input, perm


def per_axis(key):
    def rule(node, perm):
        values = [0] * len(perm)
        for i, p in enumerate(perm):
            values[p] = node.attrs[key][i]
        return dict(node.attrs, **{key: values}), first_input, perm
    return rule


def without(perm, gone):
    """perm for what is left when the old order's axes in gone are dropped."""
    left = sorted(p for p in perm if p not in gone)
    return [left.index(p) for p in perm if p not in gone]


def reduce(node, perm):
    axes = sorted(perm[a] for a in node.attrs['axes'])
    out = perm if node.attrs['keepdims'] else without(perm, axes)
    return dict(node.attrs, axes=axes), first_input, out


def arg(node, perm):
    axis = perm[node.attrs['axis']]
    out = perm if node.attrs['keepdims'] else without(perm, [axis])
    return dict(node.attrs, axis=axis), first_input, out


def squeeze(node, perm):
    axes = sorted(perm[a] for a in node.attrs['axes'])
    return dict(node.attrs, axes=axes), first_input, without(perm, axes)


PUSH = {op: elementwise for op in ELEMENTWISE}
PUSH.update({
    'Concat': concat, 'Split': one_axis, 'Softmax': one_axis, 'LogSoftmax': one_axis,
    'CumSum': one_axis, 'Slice': slice_, 'Pad': pad, 'Tile': per_axis('repeats'),
    'Squeeze': squeeze, 'ArgMax': arg, 'ArgMin': arg,
    'ReduceSum': reduce, 'ReduceMean': reduce, 'ReduceMax': reduce, 'ReduceMin': reduce,
    'ReduceProd': reduce,
})
