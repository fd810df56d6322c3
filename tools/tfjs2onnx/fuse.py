"""Patterns that TensorFlow writes with several operators and ONNX has one for."""

import numpy as np

from .graph import Node, Value

# A third and a sixth are rounded in the files, some to float16: what is left of the factor is
# kept, unless it is within this of 1.
UNIT_TOLERANCE = 3e-7

# How far a pattern is followed through the graph.
DEPTH_MAX, NODES_MAX = 8, 64


def run(graph):
    changed = False
    for step in (hard_swish, hard_sigmoid, scale_into_next, global_pool, plain_division):
        while step(graph):
            graph.drop_dead()
            changed = True
    return changed


def scalar(value):
    """The number a one-element float constant holds, else None."""
    if value.const is None or value.const.size != 1 or value.const.dtype.kind != 'f':
        return None
    return float(value.const.ravel()[0])


def split_scalar(node):
    """For a binary node with one scalar operand: (the other operand, the number)."""
    for i in (0, 1):
        k = scalar(node.inputs[i])
        if k is not None and node.inputs[1 - i].const is None:
            return node.inputs[1 - i], k
    return None, None


# ---- x * relu6(x + 3) / 6 ------------------------------------------------------------------

def relu6_argument(node, made):
    """x if node is min(max(x + 3, 0), 6)."""
    if node is None or node.op != 'Clip' or (node.attrs['min'], node.attrs['max']) != (0.0, 6.0):
        return None
    add = made.get(node.inputs[0])
    if add is None or add.op != 'Add':
        return None
    x, three = split_scalar(add)
    return x if three == 3.0 else None


def factors(value, made, users, depth=0):
    """A product taken apart: (its computed factors, the product of its scalar ones)."""
    node, k = made.get(value), scalar(value)
    if k is not None:
        return [], k
    if node is None or depth == DEPTH_MAX or (depth and len(users[value]) > 1):
        return [value], 1.0
    if node.op == 'Mul':
        parts = [factors(v, made, users, depth + 1) for v in node.inputs]
        return parts[0][0] + parts[1][0], parts[0][1] * parts[1][1]
    if node.op == 'Div' and scalar(node.inputs[1]):
        leaves, k = factors(node.inputs[0], made, users, depth + 1)
        return leaves, k / scalar(node.inputs[1])
    return [value], 1.0


def hard_swish(graph):
    made, users = graph.producers(), graph.users()
    for at, node in reversed(list(enumerate(graph.nodes))):
        if node.op not in ('Mul', 'Div') or node.outputs[0].dtype != np.float32:
            continue
        leaves, k = factors(node.outputs[0], made, users)
        if len(leaves) != 2:
            continue
        for i in (0, 1):
            x = relu6_argument(made.get(leaves[i]), made)
            if x is not None and x is leaves[1 - i]:
                substitute(graph, at, node, Node('HardSwish', None, [x], None, {}), k * 6)
                return True
    return False


def hard_sigmoid(graph):
    """k * relu6(x + 3), where x is not needed for itself."""
    made, users = graph.producers(), graph.users()
    for at, node in enumerate(graph.nodes):
        if node.op not in ('Mul', 'Div') or node.outputs[0].dtype != np.float32:
            continue
        leaves, k = factors(node.outputs[0], made, users)
        x = relu6_argument(made.get(leaves[0]), made) if len(leaves) == 1 else None
        if x is not None:
            attrs = {'alpha': float(np.float32(1 / 6)), 'beta': .5}
            substitute(graph, at, node, Node('HardSigmoid', None, [x], None, attrs), k * 6)
            return True
    return False


def substitute(graph, at, node, core, factor):
    """core, times factor if that is not 1, in the place of node; node's name goes to core."""
    old = node.outputs[0]
    core.name = node.name
    if abs(factor - 1) < UNIT_TOLERANCE:
        core.outputs = [old]
        graph.nodes[at] = core
        return
    core.outputs = [Value(old.name, old.dtype, old.shape)]
    old.name = graph.unique(node.name + '/factor')
    k = graph.constant(old.name + '/value', np.float32(factor))
    graph.nodes[at:at + 1] = [core, Node('Mul', old.name, [core.outputs[0], k], [old], {})]


# ---- constants -----------------------------------------------------------------------------

def scale_into_next(graph):
    """A constant factor whose every way on leads into convolutions goes into their filters."""
    users = graph.users()
    for node in graph.nodes:
        y = node.outputs[0]
        x, k = split_scalar(node) if node.op == 'Mul' else (None, None)
        convs = reached(y, users, set()) if x is not None and x.shape == y.shape else None
        if not convs:
            continue
        for conv in convs:
            w = conv.inputs[1].const.astype(np.float64) * k
            conv.inputs[1] = graph.constant(conv.name + '/filter', w.astype(np.float32))
        graph.replace(y, x)
        return True
    return False


def reached(value, users, seen):
    """The convolutions that a factor on value can be moved into, through operators that hand a
    factor on; None if some way leads elsewhere."""
    convs = []
    for node in users.get(value, ()):
        # A graph output, a product of two ways, or too long a way.
        if node is None or id(node) in seen or len(seen) == NODES_MAX:
            return None
        seen.add(id(node))
        if node.op == 'Conv' and node.inputs[0] is value and node.inputs[1].const is not None:
            convs.append(node)
            continue
        if node.op not in ('Mul', 'GlobalAveragePool', 'Transpose'):
            return None
        further = reached(node.outputs[0], users, seen)
        if further is None:
            return None
        convs += further
    return convs


def global_pool(graph):
    """A mean over all of H and W that keeps the axes."""
    for node in graph.nodes:
        if (node.op == 'ReduceMean' and node.inputs[0].rank == 4 and node.attrs['keepdims']
                and list(node.attrs['axes']) == [2, 3]):
            node.op, node.attrs = 'GlobalAveragePool', {}
            return True
    return False


# ---- integers ------------------------------------------------------------------------------

KEEP_SIGN = ('Cast', 'Reshape', 'Squeeze', 'Unsqueeze', 'Slice', 'Transpose', 'Split', 'Gather',
             'Identity')


def not_negative(value, made, depth=0):
    """Whether no element can be below zero: positions, and what is counted from them."""
    if value.const is not None:
        return bool((value.const >= 0).all())
    node = made.get(value)
    if node is None or depth == DEPTH_MAX:
        return False
    if node.op in ('ArgMax', 'ArgMin', 'NonZero') or (node.op == 'TopK' and value is
                                                      node.outputs[1]):
        return True
    if node.op in KEEP_SIGN:
        return value.dtype.kind == 'i' and not_negative(node.inputs[0], made, depth + 1)
    if node.op in ('Add', 'Mul', 'Div', 'Concat'):
        return all(not_negative(v, made, depth + 1) for v in node.inputs)
    return node.op == 'Mod' and not_negative(node.inputs[1], made, depth + 1)


def plain_division(graph):
    """(x - x mod y) / y rounds down; for numbers that are not negative x / y does as well."""
    made = graph.producers()
    for node in graph.nodes:
        if node.op != 'Div' or node.outputs[0].dtype.kind != 'i':
            continue
        sub, y = made.get(node.inputs[0]), node.inputs[1]
        mod = made.get(sub.inputs[1]) if sub is not None and sub.op == 'Sub' else None
        if (mod is not None and mod.op == 'Mod' and mod.inputs[0] is sub.inputs[0]
                and mod.inputs[1] is y and not_negative(mod.inputs[0], made)
                and not_negative(y, made)):
            node.inputs[0] = sub.inputs[0]
            return True
    return False
