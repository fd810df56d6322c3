"""Multiply-adds of a network's dense products of bytes: convolutions of one group, Gemm and MatMul whose
weights are integers.  What they would take on processors with instructions for them is a matter of
arithmetic."""
import math

import onnx
from onnx import shape_inference

# multiply-adds a cycle, GHz
PROCESSORS = {"AVX-VNNI": (64, 3.0), "AVX-512 VNNI": (128, 3.0), "NEON dotprod": (32, 2.0),
              "NEON i8mm": (64, 2.0)}
REACHED = 0.8  # of that: loading, storing, edges
BYTES = (onnx.TensorProto.INT8, onnx.TensorProto.UINT8)
# operator: its activation's input, its weights'
LAYERS = {"Conv": (0, 1), "Gemm": (0, 1), "MatMul": (0, 1), "QLinearConv": (0, 3), "QLinearMatMul": (0, 3),
          "ConvInteger": (0, 1), "MatMulInteger": (0, 1)}


def known_shapes(graph):
    """{name: [int, ...]}"""
    shapes = {w.name: list(w.dims) for w in graph.initializer}
    for value in [*graph.value_info, *graph.input, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        if all(d.HasField("dim_value") and d.dim_value > 0 for d in dims):
            shapes[value.name] = [d.dim_value for d in dims]
    return shapes


def byte_weights(graph):
    """{name a layer reads: name of the constant}, of bytes and of their dequantised form."""
    names = {w.name: w.name for w in graph.initializer if w.data_type in BYTES}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in names:
            names[node.output[0]] = node.input[0]
    return names


def layer_macs(node, x, w, y):
    """Of one layer with inputs of shapes x and w; None where it has too many groups to be dense."""
    if "Conv" in node.op_type:
        group = next((a.i for a in node.attribute if a.name == "group"), 1)
        return math.prod(y) * math.prod(w[1:]) if group == 1 else None
    turned = any(a.name == "transA" and a.i for a in node.attribute)
    return math.prod(y) * (x[0] if turned else x[-1])


def dense_macs(model):
    """None where a shape is not known before the network runs."""
    graph = shape_inference.infer_shapes(model).graph
    shapes, weights = known_shapes(graph), byte_weights(graph)
    total = 0
    for node in graph.node:
        if node.op_type not in LAYERS:
            continue
        x, w = (node.input[i] for i in LAYERS[node.op_type])
        if w not in weights:
            continue
        if x not in shapes or node.output[0] not in shapes:
            return None
        total += layer_macs(node, shapes[x], shapes[weights[w]], shapes[node.output[0]]) or 0
    return total


def predicted_ms(macs, processor):
    per_cycle, ghz = PROCESSORS[processor]
    return macs / (per_cycle * ghz * 1e6 * REACHED)
