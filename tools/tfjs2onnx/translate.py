"""Walks the TensorFlow graph and calls one function per operator (the OPS tables)."""

import numpy as np

from . import tf_array, tf_detect, tf_image, tf_math
from .errors import ConvertError, UsageError
from .graph import Graph
from .reader import split_ref

OPS = {}
for _module in (tf_array, tf_detect, tf_image, tf_math):
    OPS.update(_module.OPS)


class Context:
    """What an operator's function sees: its node, its inputs as Values, and the graph."""

    def __init__(self, graph, node, inputs):
        self.graph, self.node, self.inputs = graph, node, inputs
        self.name = node.name

    def attr(self, key, default=None):
        return self.node.attr(key, default)

    def need(self, n):
        """Exactly n inputs."""
        if len(self.inputs) != n:
            raise ConvertError('%d inputs instead of %d' % (len(self.inputs), n))
        return self.inputs if n > 1 else self.inputs[0]

    def const(self, i, what):
        """Input i as a numpy array: what decides shapes must be known now."""
        if i >= len(self.inputs):
            raise ConvertError('input %d (%s) is missing' % (i, what))
        if self.inputs[i].const is None:
            raise ConvertError('%s depends on data' % what)
        return self.inputs[i].const

    def ints(self, i, what):
        return [int(v) for v in np.ravel(self.const(i, what))]

    def emit(self, op, inputs, suffix='', n_out=1, **attrs):
        name = self.name + ('/' + suffix if suffix else '')
        return self.graph.emit(op, name, inputs, n_out=n_out, **attrs)

    def array(self, value, suffix, dtype=None):
        return self.graph.constant('%s/%s' % (self.name, suffix), np.asarray(value, dtype))

    def axis(self, value, rank):
        if not -rank <= value < rank:
            raise ConvertError('axis %d is out of range for rank %d' % (value, rank))
        return value % rank


def translate(model, shapes):
    """TfModel -> Graph with its inputs and outputs; shapes binds graph inputs by name."""
    graph = Graph()
    values = {}                                     # (node, output number) -> Value
    bind_inputs(model, graph, shapes, values)
    for node in order(model):
        try:
            run_node(model, graph, node, values)
        except ConvertError as e:
            raise ConvertError("%s: node '%s' (%s): %s" % (model.path, node.name, node.op, e))
        except (IndexError, TypeError, ValueError, OverflowError, MemoryError) as e:
            raise ConvertError("%s: node '%s' (%s): malformed: %s"
                               % (model.path, node.name, node.op, e))
    for port in model.outputs:
        if (port.node, port.index) not in values:
            raise ConvertError("%s: output '%s': node '%s' has no output %d"
                               % (model.path, port.name, port.node, port.index))
        graph.outputs.append((port.name, values[port.node, port.index]))
    return graph


def bind_inputs(model, graph, shapes, values):
    for name in shapes:
        if not any(name in (p.name, p.node) for p in model.inputs):
            raise UsageError("--shape: the model has no input '%s', only %s"
                             % (name, ', '.join(repr(p.name) for p in model.inputs)))
    for port in model.inputs:
        node = model.nodes[port.node]
        try:
            declared = node.attr('shape')
            dtype = node.attr('dtype') or np.dtype(np.float32)
        except ConvertError as e:
            raise ConvertError("%s: node '%s' (%s): %s" % (model.path, node.name, node.op, e))
        given = shapes.get(port.name, shapes.get(port.node))
        shape = bind_shape(port, declared, given, model.path)
        values[port.node, 0] = graph.input(port.name, dtype, shape)


def bind_shape(port, declared, given, path):
    """The static shape of an input: from --shape, else from the file."""
    if given is not None:
        fits = declared is None or (len(declared) == len(given) and all(
            d in (None, g) for d, g in zip(declared, given)))
        if not fits:
            raise UsageError("--shape: input '%s' has shape %s, %s does not fit it"
                             % (port.name, list(declared), list(given)))
        return given
    for shape in (declared, port.shape):
        if shape is not None and None not in shape[1:]:
            return tuple(1 if d is None else d for d in shape)      # one image at a time
    raise ConvertError("%s: input '%s' has no fixed shape (%s): give one with --shape"
                       % (path, port.name, 'unknown' if declared is None else list(declared)))


def order(model):
    """The nodes that the outputs need, each after its inputs."""
    state, result = {}, []                          # name -> 'open' (on the path) or 'done'
    for port in model.outputs:
        if port.node in state:
            continue
        state[port.node] = 'open'
        path = [(model.nodes[port.node], iter(model.nodes[port.node].inputs))]
        while path:
            node, refs = path[-1]
            ref = next(refs, None)
            if ref is None:
                path.pop()
                state[node.name] = 'done'
                result.append(node)
                continue
            child = split_ref(ref)[0]
            if child not in model.nodes:
                raise ConvertError("%s: node '%s' (%s): input '%s' is not in the graph"
                                   % (model.path, node.name, node.op, ref))
            if state.get(child) == 'open':
                raise ConvertError("%s: node '%s' (%s) is part of a cycle, loops are not supported"
                                   % (model.path, child, model.nodes[child].op))
            if child not in state:
                state[child] = 'open'
                path.append((model.nodes[child], iter(model.nodes[child].inputs)))
    return result


def run_node(model, graph, node, values):
    """Translates one node and records its outputs."""
    if (node.name, 0) in values:                    # a graph input
        return
    if node.op == 'Const':
        if node.name not in model.weights:
            raise ConvertError('the weights manifest has no value for it')
        values[node.name, 0] = graph.constant(node.name, model.weights[node.name])
        return
    if node.op not in OPS:
        raise ConvertError('operator %s is not supported' % node.op)
    inputs = []
    for ref in node.inputs:
        key = split_ref(ref)
        if key not in values:
            raise ConvertError("input '%s': that node has no such output" % ref)
        inputs.append(values[key])
    result = OPS[node.op](Context(graph, node, inputs))
    if not isinstance(result, (list, tuple)):
        result = [result]
    for i, value in enumerate(result):
        values[node.name, i] = value
