"""Clean-up on the ONNX graph: constants into convolutions, padding, duplicates, no-ops."""

import numpy as np

from . import fuse


LOWEST = float(np.finfo(np.float32).min)


def run(graph, final=False):
    """Until nothing changes; final says that the layout is settled and Reshapes may be made."""
    graph.drop_dead()
    while (drop_nothing(graph) or merge_equal(graph) or fuse.run(graph) or fold_into_conv(graph)
           or fold_pad(graph) or join_reshapes(graph, final)):
        graph.drop_dead()


# ---- nothing to do -------------------------------------------------------------------------

def is_nothing(node):
    x, y = node.inputs[0], node.outputs[0]
    if node.op == 'Identity':
        return True
    if node.op == 'Cast':
        return x.dtype == y.dtype
    if node.op in ('Reshape', 'Expand', 'Tile', 'Slice', 'Pad', 'Resize'):
        same = x.shape == y.shape and None not in x.shape
        return same and (node.op != 'Slice' or min(node.attrs['steps']) > 0)
    return node.op == 'Concat' and len(node.inputs) == 1


def drop_nothing(graph):
    made, changed = graph.producers(), False
    for node in graph.nodes:
        if is_nothing(node):
            graph.replace(node.outputs[0], node.inputs[0])
            changed = True
        elif node.op == 'Cast' and is_index(made.get(node.inputs[0]), node):
            graph.replace(node.outputs[0], made[node.inputs[0]].inputs[0])
            changed = True
    return changed


def is_index(above, node):
    """int64 -> int32 -> int64 gives the same numbers back: TF.js made them from int32 sizes."""
    return (above is not None and above.op == 'Cast' and above.inputs[0].dtype == np.int64
            and above.outputs[0].dtype == np.int32 and node.outputs[0].dtype == np.int64)


def merge_equal(graph):
    """Nodes that compute the same from the same."""
    seen, changed = {}, False
    for node in graph.nodes:
        key = (node.op, tuple(input_key(v) for v in node.inputs), repr(sorted(
            (k, str(v)) for k, v in node.attrs.items())), len(node.outputs))
        if key in seen:
            for old, new in zip(node.outputs, seen[key].outputs):
                graph.replace(old, new)
            changed = True
        else:
            seen[key] = node
    return changed


def input_key(value):
    if value.const is None or value.const.size > 64:
        return id(value)
    return value.const.dtype.str, value.const.shape, value.const.tobytes()


# ---- into convolutions ---------------------------------------------------------------------

def fold_into_conv(graph):
    """Conv, then a constant per channel added or multiplied: becomes bias or weights."""
    made, users = graph.producers(), graph.users()
    for node in graph.nodes:
        if node.op not in ('Add', 'Sub', 'Mul') or len(node.inputs) != 2:
            continue
        for i in (0, 1):
            conv, const = made.get(node.inputs[i]), node.inputs[1 - i].const
            if conv is None or conv.op != 'Conv' or const is None or node.op == 'Sub' and i == 1:
                continue
            if len(users[conv.outputs[0]]) > 1 or any(v.const is None for v in conv.inputs[1:]):
                continue
            vector = channel_vector(const, conv.outputs[0])
            if vector is not None:
                absorb(graph, conv, node, vector)
                return True
    return False


def channel_vector(const, result):
    """The constant as one float64 per channel of an NCHW result, or None."""
    if const.dtype.kind != 'f' or const.ndim > 4:
        return None
    shape = (1,) * (4 - const.ndim) + const.shape
    if shape[0] != 1 or shape[2:] != (1, 1) or shape[1] not in (1, result.shape[1]):
        return None
    return np.broadcast_to(const.astype(np.float64).reshape(-1), (result.shape[1],))


def absorb(graph, conv, node, vector):
    w = conv.inputs[1].const.astype(np.float64)
    b = (conv.inputs[2].const.astype(np.float64) if len(conv.inputs) > 2
         else np.zeros(w.shape[0]))
    if node.op == 'Mul':
        w, b = w * vector.reshape(-1, 1, 1, 1), b * vector
    else:
        b = b + vector if node.op == 'Add' else b - vector
    conv.inputs = [conv.inputs[0],
                   conv.inputs[1] if node.op != 'Mul' else
                   graph.constant(conv.name + '/filter', w.astype(np.float32)),
                   graph.constant(conv.name + '/bias', b.astype(np.float32))]
    graph.replace(node.outputs[0], conv.outputs[0])


# ---- padding -------------------------------------------------------------------------------

def fold_pad(graph):
    """Pad of height and width in front of a Conv (zeros) or a MaxPool (nothing larger)."""
    made, users = graph.producers(), graph.users()
    for node in graph.nodes:
        above = made.get(node.inputs[0]) if node.op in ('Conv', 'MaxPool') else None
        order = above if above is not None and above.op == 'Transpose' else None
        pad = made.get(order.inputs[0]) if order is not None else above
        if pad is None or pad.op != 'Pad' or pad.attrs['mode'] != 'constant':
            continue
        pads = foldable(node, pad, order.attrs['perm'] if order is not None else [0, 1, 2, 3])
        if pads is None or (order is not None and len(users[order.outputs[0]]) > 1):
            continue
        node.attrs = dict(node.attrs, pads=pads)
        if order is None:
            node.inputs[0] = pad.inputs[0]
        else:
            order.inputs = [pad.inputs[0]]
            order.outputs[0].shape = tuple(pad.inputs[0].shape[q] for q in order.attrs['perm'])
        return True
    return False


def foldable(node, pad, perm):
    """The pads of node with those of pad, which it sees through perm, added; or None."""
    value, old = pad.attrs['value'], pad.attrs['pads']
    if value != 0 if node.op == 'Conv' else value > LOWEST:
        return None
    before, after = ([old[q + side] for q in perm] for side in (0, 4))
    if before[:2] + after[:2] != [0, 0, 0, 0]:
        return None
    pads = [a + b for a, b in zip(node.attrs['pads'], before[2:] + after[2:])]
    # A window that saw only padding would make -inf of a large negative number; and runtimes
    # refuse padding as large as the window.
    kernel = node.attrs.get('kernel_shape', [])
    if node.op == 'MaxPool' and any(q >= k for q, k in zip(pads, kernel * 2)):
        return None
    return pads


# ---- shapes --------------------------------------------------------------------------------

SHAPERS = ('Reshape', 'Squeeze', 'Unsqueeze')


def join_reshapes(graph, final):
    """Two changes of shape in a row need one Reshape, or nothing."""
    made, changed = graph.producers(), False
    for node in graph.nodes:
        above = made.get(node.inputs[0]) if node.op in SHAPERS else None
        if above is None or above.op not in SHAPERS or None in node.outputs[0].shape:
            continue
        source, y = above.inputs[0], node.outputs[0]
        if source.shape == y.shape:
            graph.replace(y, source)
            return True
        if final:
            node.op, node.inputs, node.attrs = 'Reshape', [source], {'shape': list(y.shape)}
            changed = True
    return changed
