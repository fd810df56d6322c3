#!/usr/bin/python3
"""rename_model.py IN OUT: every node, value, graph and producer name replaced, nodes put in another
valid order, initialisers reversed, weights stored the other way (raw or typed)."""
import sys

import numpy
import onnx
from onnx import numpy_helper


def renamer():
    table = {}

    def rename(name):
        if name == "":
            return ""
        return table.setdefault(name, f"v{len(table) * 7919 % 100003}_{len(table)}")
    return rename


def restore(tensor, name):
    """The same numbers in the other of the two forms a tensor may have."""
    array = numpy_helper.to_array(tensor)
    plain = (onnx.TensorProto.FLOAT, onnx.TensorProto.INT64, onnx.TensorProto.INT32)
    if tensor.HasField("raw_data") and tensor.data_type in plain and array.size < 4096:
        return onnx.helper.make_tensor(name, tensor.data_type, array.shape, array.flatten().tolist())
    return numpy_helper.from_array(numpy.ascontiguousarray(array), name)


def reorder(nodes):
    """Another topological order: of the nodes that are ready, the last one goes first."""
    maker = {o: i for i, n in enumerate(nodes) for o in n.output if o}
    wants = [{maker[i] for i in needs(n) if i in maker} for n in nodes]
    users = [[] for _ in nodes]
    for i, sources in enumerate(wants):
        for j in sources:
            users[j].append(i)
    ready, order = [i for i, w in enumerate(wants) if not w], []
    while ready:
        i = ready.pop()
        order.append(nodes[i])
        for user in users[i]:
            wants[user].discard(i)
            if not wants[user]:
                ready.append(user)
    return order


def needs(node):
    names = list(node.input)
    for a in node.attribute:
        if a.HasField("g"):
            names += [i for n in a.g.node for i in n.input]
    return names


def rename_graph(graph, rename):
    order = reorder(list(graph.node))
    for i, node in enumerate(order):
        node.name = f"step{i}"
        node.doc_string = ""
        node.input[:] = [rename(n) for n in node.input]
        node.output[:] = [rename(n) for n in node.output]
        for a in node.attribute:
            if a.HasField("g"):
                rename_graph(a.g, rename)
    new = [onnx.NodeProto.FromString(n.SerializeToString()) for n in order]
    del graph.node[:]
    graph.node.extend(new)
    weights = [restore(t, rename(t.name)) for t in reversed(graph.initializer)]
    del graph.initializer[:]
    graph.initializer.extend(weights)
    del graph.value_info[:]
    for port in list(graph.input) + list(graph.output):
        port.name = rename(port.name)
    graph.name = "other"


def main():
    model = onnx.load(sys.argv[1])
    rename_graph(model.graph, renamer())
    model.producer_name, model.producer_version, model.doc_string = "someone", "9", ""
    del model.metadata_props[:]
    onnx.save(model, sys.argv[2])


main()
