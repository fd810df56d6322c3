#!/usr/bin/python3
"""Operators that PyTorch's exporter does not write, or that are newer than Debian's onnx: files made by hand, and what PyTorch
computes in their place.

  operators.py DIR      DIR/NAME.onnx, NAME.0.npy ... (inputs), NAME.want.0.npy ... (results).  Exit 77: no PyTorch."""
import os
import sys

try:
    import numpy as np
    import onnx
    import torch
    import torch.nn.functional as F
    import torchvision
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)
from onnx import TensorProto, helper, numpy_helper

G = torch.Generator().manual_seed(5)


def rand(*shape):
    return torch.randn(*shape, generator=G)


def write(folder, name, op, opset, inputs, want, constants=(), **attrs):
    """constants: positions of inputs that are part of the file."""
    types = {torch.float32: TensorProto.FLOAT, torch.int64: TensorProto.INT64}
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
    fed = [i for i, x in enumerate(inputs) if x is not None and i not in constants]
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"], **attrs)], name,
        [helper.make_tensor_value_info(names[i], types[inputs[i].dtype], list(inputs[i].shape)) for i in fed],
        [helper.make_tensor_value_info("y", types[want.dtype], list(want.shape))],
        [numpy_helper.from_array(inputs[i].numpy(), names[i]) for i in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    onnx.save(model, os.path.join(folder, name + ".onnx"))
    for at, i in enumerate(fed):
        np.save(os.path.join(folder, f"{name}.{at}.npy"), inputs[i].numpy())
    np.save(os.path.join(folder, f"{name}.want.0.npy"), want.numpy())


def deform(folder, name, c, oc, k, stride, pad, dilation, group, og, mask, bias):
    x, w = rand(2, c, 11, 13), rand(oc, c // group, *k)
    out = [(s + 2 * p - d * (kk - 1) - 1) // t + 1 for s, p, d, kk, t in zip((11, 13), pad, dilation, k, stride)]
    offset = rand(2, og * k[0] * k[1] * 2, *out) * 2
    m = torch.sigmoid(rand(2, og * k[0] * k[1], *out)) if mask else None
    b = rand(oc) if bias else None
    want = torchvision.ops.deform_conv2d(x, offset, w, b, stride, pad, dilation, m)
    write(folder, name, "DeformConv", 19, [x, w, offset, b, m][:5 if mask else 4 if bias else 3], want, kernel_shape=list(k), strides=list(stride), pads=list(pad) * 2,
          dilations=list(dilation), group=group, offset_group=og)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    deform(folder, "deform_plain", 3, 5, (3, 3), (1, 1), (1, 1), (1, 1), 1, 1, False, False)
    deform(folder, "deform_mask_bias", 4, 6, (3, 3), (2, 1), (1, 2), (1, 2), 1, 2, True, True)
    deform(folder, "deform_groups", 6, 4, (1, 3), (1, 2), (0, 1), (1, 1), 2, 3, True, False)
    deform(folder, "deform_groups_bias", 4, 8, (2, 2), (1, 1), (0, 0), (2, 1), 4, 1, False, True)
    for name, size, block, kw in (("plain", (6, 7), (2, 3), {}), ("strides", (9, 8), (3, 2), {"stride": (2, 3), "padding": (1, 0)}), ("dilated", (10, 9), (2, 2), {"dilation": (3, 2), "padding": (0, 2)})):
        x = rand(2, 3, *size)
        columns = F.unfold(x, block, **kw)
        want = F.fold(columns, size, block, **kw)
        pads = kw.get("padding", (0, 0))
        write(folder, "col2im_" + name, "Col2Im", 18, [columns, torch.tensor(size), torch.tensor(block)], want, (1, 2), strides=list(kw.get("stride", (1, 1))), pads=list(pads) * 2, dilations=list(kw.get("dilation", (1, 1))))
    for corners in (0, 1):
        theta = rand(2, 2, 3)
        write(folder, f"affine_grid_{corners}", "AffineGrid", 20, [theta, torch.tensor((2, 3, 5, 6))], F.affine_grid(theta, (2, 3, 5, 6), bool(corners)), (1,), align_corners=corners)
        theta = rand(1, 3, 4)
        write(folder, f"affine_grid_3d_{corners}", "AffineGrid", 20, [theta, torch.tensor((1, 2, 3, 4, 5))], F.affine_grid(theta, (1, 2, 3, 4, 5), bool(corners)), (1,), align_corners=corners)
        for mode, onnx_mode in (("bilinear", "linear"), ("nearest", "nearest")):
            for pad in ("zeros", "border", "reflection"):
                x, grid = rand(2, 3, 4, 5, 6), rand(2, 3, 4, 2, 3)
                write(folder, f"grid_3d_{mode}_{pad}_{corners}", "GridSample", 20, [x, grid], F.grid_sample(x, grid, mode, pad, bool(corners)), mode=onnx_mode, padding_mode=pad, align_corners=corners)
    x = rand(3, 20, 5)
    for name, size, axes in (("crop", (10, 4), (1, 2)), ("pad", (4, 25, 8), None), ("both", (7,), (-2,))):
        shape = list(x.shape)
        for s, a in zip(size, axes or range(3)):
            shape[a] = s
        want = torch.zeros(shape)
        take = [min(a, b) for a, b in zip(x.shape, shape)]
        src = tuple(slice((a - t) // 2, (a - t) // 2 + t) for a, t in zip(x.shape, take))
        dst = tuple(slice((b - t) // 2, (b - t) // 2 + t) for b, t in zip(shape, take))
        want[dst] = x[src]
        write(folder, "center_crop_pad_" + name, "CenterCropPad", 18, [x, torch.tensor(size)], want, (1,), **({"axes": list(axes)} if axes else {}))
    x = rand(2, 3, 7)
    write(folder, "gelu_none", "Gelu", 20, [x], F.gelu(x), approximate="none")
    write(folder, "gelu_tanh", "Gelu", 20, [x], F.gelu(x, approximate="tanh"), approximate="tanh")
    write(folder, "mish", "Mish", 18, [x], F.mish(x))
    x, scale, bias = rand(2, 6, 4, 5), rand(6), rand(6)
    write(folder, "group_norm_21", "GroupNormalization", 21, [x, scale, bias], F.group_norm(x, 3, scale, bias), num_groups=3, epsilon=1e-5)
    write(folder, "swish", "Swish", 24, [x], F.silu(x))
    scale = rand(4, 5)
    want = x / torch.sqrt((x * x).mean((2, 3), keepdim=True) + 1e-4) * scale
    write(folder, "rms_normalization", "RMSNormalization", 23, [x, scale], want, axis=2, epsilon=1e-4)
    x = rand(1, 3, 23, 31)
    for mode, onnx_mode in (("bilinear", "linear"), ("bicubic", "cubic")):
        for size in ((9, 13), (5, 40), (23, 7), (40, 50)):
            want = F.interpolate(x, size, mode=mode, align_corners=False, antialias=True)
            write(folder, f"antialias_{onnx_mode}_{size[0]}x{size[1]}", "Resize", 18, [x, None, None, torch.tensor((1, 3, *size))], want, (3,), mode=onnx_mode, antialias=1, exclude_outside=1, cubic_coeff_a=-0.5)
    x, rois = rand(2, 8, 24, 24), torch.tensor([[0, 1, 2, 10, 12], [1, 0, 0, 23, 23], [0, 5.5, 3.2, 4, 30]])
    want = torchvision.ops.roi_pool(x, rois, (3, 4), 0.9)
    write(folder, "max_roi_pool", "MaxRoiPool", 18, [x, rois], want, pooled_shape=[3, 4], spatial_scale=0.9)
    return 0


if __name__ == "__main__":
    sys.exit(main())
