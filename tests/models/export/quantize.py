#!/usr/bin/python3
"""Writes int8 networks as quantization-aware training leaves them, and the same with integer operators.

  quantize.py DIR [NAME ...]           DIR/NAME_{u8,i8}_{qdq,qlinear}.onnx and their inputs (all networks without NAME)

PyTorch's FakeQuantize becomes QuantizeLinear and DequantizeLinear around every convolution and product: weights int8 per
output channel, activations uint8 (u8) or int8 (i8) per tensor, ranges from one pass over the example.  _qlinear: weights
stored as int8, and Conv between such pairs as QLinearConv, with its Relu (a clamp at the zero point) inside.
Weights are seeded.  Exit 77: PyTorch or onnx is not there."""
import os
import sys

try:
    import numpy as np
    import onnx
    import torch
    from onnx import helper, numpy_helper
    from torch.ao.quantization import FakeQuantize, MinMaxObserver, PerChannelMinMaxObserver
    from torch.fx.experimental.optimization import fuse
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

import export_zoo

NETWORKS = {"resnet18": 64, "mobilenet_v2": 64, "squeezenet1_1": 64, "regnet_x_400mf": 64}
LAYERS = (torch.nn.Conv2d, torch.nn.Linear)


class Quantized(torch.nn.Module):
    """A layer, its input and its weights behind fake quantization."""

    def __init__(self, layer, signed):
        super().__init__()
        low, high, kind = (-128, 127, torch.qint8) if signed else (0, 255, torch.quint8)
        self.layer = layer
        self.on_input = FakeQuantize(MinMaxObserver, quant_min=low, quant_max=high, dtype=kind)
        self.on_weight = FakeQuantize(PerChannelMinMaxObserver, quant_min=-128, quant_max=127, dtype=torch.qint8,
                                      qscheme=torch.per_channel_symmetric, ch_axis=0)

    def forward(self, x):
        x, w, n = self.on_input(x), self.on_weight(self.layer.weight), self.layer
        if isinstance(n, torch.nn.Linear):
            return torch.nn.functional.linear(x, w, n.bias)
        return torch.nn.functional.conv2d(x, w, n.bias, n.stride, n.padding, n.dilation, n.groups)


def wrap(module, signed):
    for name, child in list(module.named_children()):
        if isinstance(child, LAYERS):
            setattr(module, name, Quantized(child, signed))
        else:
            wrap(child, signed)


def export(folder, name, side, signed):
    torch.manual_seed(3)
    model, inputs = export_zoo.classify(name, side)
    model = fuse(model.eval())
    wrap(model, signed)
    with torch.no_grad():
        model(*inputs)
    for m in model.modules():
        if isinstance(m, FakeQuantize):
            m.disable_observer()
            m.zero_point = m.zero_point.to(torch.int32)
    with torch.no_grad():
        export_zoo.save(folder, name, model, inputs)


def constants(graph):
    found = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type == "Identity" and node.input[0] in found:
            found[node.output[0]] = found[node.input[0]]
        elif node.op_type == "Cast" and node.input[0] in found:  # zero points
            kind = onnx.mapping.TENSOR_TYPE_TO_NP_TYPE[node.attribute[0].i]
            found[node.output[0]] = found[node.input[0]].astype(kind)
    return found


class Rewriter:
    def __init__(self, model):
        self.graph = model.graph
        self.known = constants(model.graph)
        self.made = {o: n for n in model.graph.node for o in n.output}
        self.users = {}
        for node in model.graph.node:
            for i in node.input:
                self.users.setdefault(i, []).append(node)
        self.outputs = {o.name for o in model.graph.output}

    def constant(self, name, value):
        self.graph.initializer.append(numpy_helper.from_array(value, name))
        return name

    def only_user(self, name):
        users = self.users.get(name, [])
        return users[0] if len(users) == 1 and name not in self.outputs else None

    def weights(self, node):
        """The int8 weights and scales behind the second input of a convolution."""
        dq = self.made.get(node.input[1])
        if dq is not None and dq.op_type == "DequantizeLinear" and dq.input[0] in self.known:
            return self.known[dq.input[0]], self.known[dq.input[1]]
        q = dq is not None and self.made.get(dq.input[0])
        if not q or q.op_type != "QuantizeLinear" or q.input[0] not in self.known:
            return None
        w, scale = self.known[q.input[0]], self.known[q.input[1]]
        steps = np.rint(w / scale.reshape((-1,) + (1,) * (w.ndim - 1)))
        return np.clip(steps, -128, 127).astype(np.int8), scale

    def join(self, node, index):
        """The nodes that one QLinearConv replaces, and that; None where the pattern is another."""
        dq, weights = self.made.get(node.input[0]), self.weights(node)
        if not weights or dq is None or dq.op_type != "DequantizeLinear":
            return None
        gone, after = [node], self.only_user(node.output[0])
        clamps = after is not None and after.op_type == "Relu"
        if clamps:
            gone.append(after)
            after = self.only_user(after.output[0])
        if after is None or after.op_type != "QuantizeLinear":
            return None
        gone.append(after)
        zero = self.known[after.input[2]]
        if clamps and zero != np.iinfo(zero.dtype).min:
            return None
        w, scale = weights
        base = f"q{index}_"
        inputs = [*dq.input, self.constant(base + "w", w), self.constant(base + "scale", scale),
                  self.constant(base + "zero", np.zeros(scale.shape, np.int8)), after.input[1], after.input[2]]
        if len(node.input) > 2:
            step = self.known[dq.input[1]].astype(np.float64) * scale
            inputs.append(self.constant(base + "bias", np.rint(self.known[node.input[2]] / step).astype(np.int32)))
        new = helper.make_node("QLinearConv", inputs, after.output)
        new.attribute.extend(node.attribute)
        return gone, new


def store_weights(path):
    """Weights stored as int8, scales and zero points as initialisers of their own: ONNX Runtime refuses shared ones."""
    model = onnx.load(path)
    r = Rewriter(model)
    gone = []
    for index, node in enumerate(model.graph.node):
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            continue
        for i in (1, 2):
            value = r.known[node.input[i]]
            node.input[i] = r.constant(f"s{index}_{i}", value)
            r.known[node.input[i]] = value
    for index, node in enumerate(model.graph.node):
        stored = r.weights(node) if node.op_type in ("Conv", "Gemm", "MatMul") else None
        if stored:
            dq = r.made[node.input[1]]
            gone.append(r.made[dq.input[0]])
            dq.input[0] = r.constant(f"w{index}", stored[0])
    for node in gone:
        model.graph.node.remove(node)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def to_integers(source, target):
    model = onnx.load(source)
    r = Rewriter(model)
    gone, new = [], {}
    for index, node in enumerate(list(model.graph.node)):
        found = r.join(node, index) if node.op_type == "Conv" else None
        if found:
            gone += found[0]
            new[found[0][-1].output[0]] = found[1]
    out = []
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear" and node.output[0] in new:
            out.append(new[node.output[0]])
        elif not any(node is g for g in gone):
            out.append(node)
    del model.graph.node[:]
    model.graph.node.extend(out)
    onnx.checker.check_model(model)
    onnx.save(model, target)
    return len(new)


def main():
    names = sys.argv[2:] or list(NETWORKS)
    if len(sys.argv) < 2 or any(name not in NETWORKS for name in names):
        print(__doc__)
        return 2
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    for name in names:
        side = NETWORKS[name]
        for signed in (False, True):
            base = os.path.join(folder, f"{name}_{'i8' if signed else 'u8'}_")
            export(folder, name, side, signed)
            for what in (".onnx", ".0.npy"):
                os.replace(os.path.join(folder, name + what), base + "qdq" + what)
            store_weights(base + "qdq.onnx")
            joined = to_integers(base + "qdq.onnx", base + "qlinear.onnx")
            np.save(base + "qlinear.0.npy", np.load(base + "qdq.0.npy"))
            if joined == 0:  # no convolution lies between two pairs
                os.remove(base + "qlinear.onnx")
    return 0


if __name__ == "__main__":
    sys.exit(main())
