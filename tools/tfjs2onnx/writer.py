"""The graph as an ONNX file: parameters become initialisers, names are settled."""

import numpy as np
from onnx import TensorProto, checker, helper

from .graph import Node, Value

OPSET, IR_VERSION = 14, 7      # 14 has HardSwish
ELEMENT = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int32): TensorProto.INT32,
           np.dtype(np.int64): TensorProto.INT64, np.dtype(np.bool_): TensorProto.BOOL}

# Attributes that ONNX takes as inputs: operator -> (attribute, type) in input order.
AS_INPUTS = {
    'Reshape': [('shape', np.int64)], 'Squeeze': [('axes', np.int64)],
    'Unsqueeze': [('axes', np.int64)], 'Split': [('split', np.int64)],
    'Slice': [('starts', np.int64), ('ends', np.int64), ('axes', np.int64), ('steps', np.int64)],
    'Pad': [('pads', np.int64), ('value', None)], 'Tile': [('repeats', np.int64)],
    'Expand': [('shape', np.int64)], 'ReduceSum': [('axes', np.int64)],
    'TopK': [('k', np.int64)], 'Clip': [('min', np.float32), ('max', np.float32)],
    'CumSum': [('axis', np.int64)],
    'Resize': [('roi', np.float32), ('scales', np.float32), ('sizes', np.int64)],
    'NonMaxSuppression': [('limit', np.int64), ('overlap', np.float32),
                          ('threshold', np.float32)],
}
LISTS = {'TopK': ('k',), 'NonMaxSuppression': ('limit', 'overlap', 'threshold')}
EMPTY_INPUTS = {'Resize': ('roi', 'scales')}


class Writer:
    def __init__(self, graph):
        self.graph = graph
        self.names = {}             # Value -> name in the file
        self.taken = set()
        self.tensors = []           # initialisers
        self.known = {}             # (type, shape, bytes) of a parameter -> name

    def settle_names(self):
        """Graph outputs get their public names; whoever had one of those steps aside."""
        for public, value in self.graph.outputs:
            self.names[value] = public
            self.taken.add(public)
        for value in self.graph.inputs:
            self.name(value)
        for node in self.graph.nodes:
            for value in node.outputs:
                self.name(value)

    def name(self, value):
        if value not in self.names:
            self.names[value] = self.free(value.name)
        return self.names[value]

    def free(self, wanted):
        name, n = wanted, 0
        while name in self.taken:
            n += 1
            name = '%s_%d' % (wanted, n)
        self.taken.add(name)
        return name

    def tensor(self, name, array):
        array = np.ascontiguousarray(array).reshape(np.shape(array))
        t = TensorProto()
        t.name, t.data_type = name, ELEMENT[array.dtype]
        t.dims.extend(array.shape)
        t.raw_data = array.astype(array.dtype.newbyteorder('<')).tobytes()
        self.tensors.append(t)
        return name

    def parameter(self, node, key, array):
        """Equal parameters share one initialiser."""
        kind = (array.dtype.str, array.shape, array.tobytes())
        if kind not in self.known:
            self.known[kind] = self.tensor(self.free('%s/%s' % (node.name, key)), array)
        return self.known[kind]

    def inputs(self, node):
        names = []
        for value in node.inputs:
            if value.const is not None and value not in self.names:
                self.tensor(self.name(value), value.const)
            names.append(self.name(value))
        for key, dtype in AS_INPUTS.get(node.op, ()):
            content = node.attrs.get(key)
            if content is None:
                names.append('')
                continue
            if key in LISTS.get(node.op, ()):
                content = [content]
            names.append(self.parameter(node, key, np.array(content, dtype or
                                                            node.inputs[0].dtype)))
        while names and not names[-1]:
            names.pop()
        return names

    def node(self, node):
        inputs = self.inputs(node)
        as_inputs = {key for key, _ in AS_INPUTS.get(node.op, ())}
        attrs = {}
        for key, value in node.attrs.items():
            if key in as_inputs:
                continue
            if key == 'to':
                value = ELEMENT[np.dtype(value)]
            elif isinstance(value, bool):
                value = int(value)
            attrs[key] = value
        return helper.make_node(node.op, inputs, [self.name(v) for v in node.outputs],
                                name=node.name, **attrs)

    def port(self, name, value):
        dims = [d if d is not None else '%s_dim%d' % (name, i) for i, d in enumerate(value.shape)]
        return helper.make_tensor_value_info(name, ELEMENT[value.dtype], dims)


def separate_outputs(graph):
    """Each output needs a node of its own: constants, inputs and second uses get an Identity."""
    seen = set(graph.inputs)
    outputs = []
    for name, value in graph.outputs:
        if value in seen or value.const is not None:
            copy = Value(graph.unique(name), value.dtype, value.shape)
            graph.nodes.append(Node('Identity', copy.name, [value], [copy], {}))
            value = copy
        seen.add(value)
        outputs.append((name, value))
    graph.outputs = outputs


def to_bytes(graph, name):
    """The serialised model; the same graph always gives the same bytes."""
    separate_outputs(graph)
    writer = Writer(graph)
    writer.settle_names()
    nodes = [writer.node(n) for n in graph.nodes]
    proto = helper.make_graph(nodes, name,
                              [writer.port(writer.name(v), v) for v in graph.inputs],
                              [writer.port(n, v) for n, v in graph.outputs], writer.tensors)
    model = helper.make_model(proto, producer_name='ocellus tfjs2onnx',
                              opset_imports=[helper.make_opsetid('', OPSET)])
    model.ir_version = IR_VERSION
    checker.check_model(model)
    return model.SerializeToString(deterministic=True)
