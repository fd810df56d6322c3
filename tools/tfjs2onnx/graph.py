"""The converter's own graph: ONNX operators with known shapes, parameters kept as attributes.

What ONNX passes as constant inputs (axes, pads, sizes, shapes) is an attribute here, so that
passes can read and change it; the writer turns it into initialisers again.
"""

import numpy as np

from . import onnxops
from .errors import ConvertError


# A constant this large is a mistake in the file, not a network.
CONSTANT_MAX = 1 << 27


class Value:
    """A tensor: shape is a tuple with None where a size depends on data."""

    __slots__ = ('name', 'dtype', 'shape', 'const')

    def __init__(self, name, dtype, shape, const=None):
        self.name, self.dtype, self.shape, self.const = name, np.dtype(dtype), shape, const

    @property
    def rank(self):
        return len(self.shape)


class Node:
    __slots__ = ('op', 'name', 'inputs', 'outputs', 'attrs')

    def __init__(self, op, name, inputs, outputs, attrs):
        self.op, self.name, self.inputs, self.outputs, self.attrs = op, name, inputs, outputs, attrs


class Graph:
    def __init__(self):
        self.nodes = []
        self.inputs = []        # Values
        self.outputs = []       # (public name, Value)
        self._names = set()

    def unique(self, name):
        """name, or name_1, name_2 ... if it is taken."""
        result, n = name, 0
        while result in self._names:
            n += 1
            result = '%s_%d' % (name, n)
        self._names.add(result)
        return result

    def constant(self, name, array):
        array = np.asarray(array)
        return Value(self.unique(name), array.dtype, array.shape, array)

    def input(self, name, dtype, shape):
        value = Value(self.unique(name), dtype, shape)
        self.inputs.append(value)
        return value

    def emit(self, op, name, inputs, at=None, n_out=1, **attrs):
        """Adds a node (before nodes[at]) or folds it; returns its value, or a list if n_out > 1."""
        if all(v.const is not None for v in inputs) and op in onnxops.EVALUATE:
            for _, shape in onnxops.infer(op, inputs, attrs, n_out):
                check_size(shape)
            arrays = onnxops.evaluate(op, [v.const for v in inputs], attrs)
            values = [self.constant(output_name(name, i), a) for i, a in enumerate(arrays)]
        else:
            kinds = onnxops.infer(op, inputs, attrs, n_out)
            name = self.unique(name)
            values = [Value(name if i == 0 else self.unique(output_name(name, i)), d, s)
                      for i, (d, s) in enumerate(kinds)]
            node = Node(op, name, list(inputs), values, attrs)
            self.nodes.insert(len(self.nodes) if at is None else at, node)
        return values if n_out > 1 else values[0]

    def replace(self, old, new):
        """Every use of old becomes a use of new."""
        for node in self.nodes:
            node.inputs = [new if v is old else v for v in node.inputs]
        self.outputs = [(n, new if v is old else v) for n, v in self.outputs]

    def producers(self):
        return {v: n for n in self.nodes for v in n.outputs}

    def users(self):
        """Value -> list of nodes that read it, once a use; None stands for a graph output."""
        table = {}
        for node in self.nodes:
            for v in node.inputs:
                table.setdefault(v, []).append(node)
        for _, v in self.outputs:
            table.setdefault(v, []).append(None)
        return table

    def drop_dead(self):
        live = {v for _, v in self.outputs}
        kept = []
        for node in reversed(self.nodes):
            if any(v in live for v in node.outputs):
                live.update(node.inputs)
                kept.append(node)
        self.nodes = kept[::-1]


def output_name(name, index):
    return name if index == 0 else '%s:%d' % (name, index)


def check_size(shape):
    """Before a constant of this shape is made."""
    count = 1
    for d in shape:
        count *= d
    if count > CONSTANT_MAX:
        raise ConvertError('a constant of %d elements is too large' % count)


def static_shape(value, what):
    if None in value.shape:
        raise ConvertError('%s depends on data' % what)
    return value.shape
