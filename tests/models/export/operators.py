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
    """constants: positions of inputs that are part of the file; want: a result, or a list with None for what is left out."""
    types = {torch.float32: TensorProto.FLOAT, torch.int64: TensorProto.INT64, torch.bool: TensorProto.BOOL}
    wants = want if isinstance(want, list) else [want]
    results = [f"y{i}" if w is not None else "" for i, w in enumerate(wants)]
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
    fed = [i for i, x in enumerate(inputs) if x is not None and i not in constants]
    graph = helper.make_graph(
        [helper.make_node(op, names, results, **attrs)], name,
        [helper.make_tensor_value_info(names[i], types[inputs[i].dtype], list(inputs[i].shape)) for i in fed],
        [helper.make_tensor_value_info(r, types[w.dtype], list(w.shape)) for r, w in zip(results, wants) if r],
        [numpy_helper.from_array(inputs[i].numpy(), names[i]) for i in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    onnx.save(model, os.path.join(folder, name + ".onnx"))
    for at, i in enumerate(fed):
        np.save(os.path.join(folder, f"{name}.{at}.npy"), inputs[i].numpy())
    for at, w in enumerate(w for w in wants if w is not None):
        np.save(os.path.join(folder, f"{name}.want.{at}.npy"), w.numpy())


def deform(folder, name, c, oc, k, stride, pad, dilation, group, og, mask, bias):
    x, w = rand(2, c, 11, 13), rand(oc, c // group, *k)
    out = [(s + 2 * p - d * (kk - 1) - 1) // t + 1 for s, p, d, kk, t in zip((11, 13), pad, dilation, k, stride)]
    offset = rand(2, og * k[0] * k[1] * 2, *out) * 2
    m = torch.sigmoid(rand(2, og * k[0] * k[1], *out)) if mask else None
    b = rand(oc) if bias else None
    want = torchvision.ops.deform_conv2d(x, offset, w, b, stride, pad, dilation, m)
    write(folder, name, "DeformConv", 19, [x, w, offset, b, m][:5 if mask else 4 if bias else 3], want, kernel_shape=list(k), strides=list(stride), pads=list(pad) * 2,
          dilations=list(dilation), group=group, offset_group=og)


def attention(folder, name, q, k, v, *, mask=None, past=None, valid=None, causal=False, heads=None, scale=None, cap=0.0, mode=None, opset=24):
    """q, k, v: [batch, heads, length, width]; heads: (of Q, of K) where the file has them inside."""
    keys, values = (torch.cat((p, t), 2) for p, t in zip(past, (k, v))) if past else (k, v)
    n_past, group, total = keys.shape[2] - k.shape[2], q.shape[1] // k.shape[1], keys.shape[2]
    scores = q @ keys.repeat_interleave(group, 1).transpose(2, 3) * (scale or q.shape[3] ** -0.5)
    told = [scores]
    scores = cap * torch.tanh(scores / cap) if cap else scores
    told.append(scores)
    bias = torch.zeros(scores.shape)
    seen = torch.ones(scores.shape, dtype=torch.bool)
    if mask is not None:
        more = total - mask.shape[-1] if mask.shape[-1] > 1 else 0
        if mask.dtype == torch.bool:
            seen = seen & F.pad(mask, (0, more))
        else:
            bias = bias + F.pad(mask, (0, more), value=-np.inf)
    row, column = torch.arange(q.shape[2])[:, None], torch.arange(total)
    if valid is not None:
        seen = seen & (column < valid[:, None, None, None])
    if causal:
        ahead = valid[:, None, None, None] - q.shape[2] if valid is not None and not past else n_past
        seen = seen & (column <= row + ahead)
    scores = (scores + bias).masked_fill(~seen, -np.inf)
    told += [scores, torch.softmax(scores, -1)]
    y = told[3] @ values.repeat_interleave(group, 1)
    attrs = {"is_causal": 1} if causal else {}
    attrs.update({"scale": scale} if scale else {}, **({"softcap": cap} if cap else {}), **({"qk_matmul_output_mode": mode} if mode else {}))
    if heads:
        attrs.update(q_num_heads=heads[0], kv_num_heads=heads[1])
        q, k, v, y = (t.transpose(1, 2).flatten(2) for t in (q, k, v, y))
    want = [y, keys if past else None, values if past else None] + ([told[mode]] if mode is not None else [])
    while want[-1] is None:
        want.pop()
    inputs = [q, k, v, mask, *(past or (None, None)), valid]
    while inputs[-1] is None:
        inputs.pop()
    write(folder, name, "Attention", opset, [t if t is None else t.contiguous() for t in inputs], [w if w is None else w.contiguous() for w in want], **attrs)


def attentions(folder):
    q, k, v = rand(2, 6, 5, 8), rand(2, 6, 7, 8), rand(2, 6, 7, 11)
    attention(folder, "attention_plain", q, k, v, opset=23)
    attention(folder, "attention_3d", q, k, v, heads=(6, 6), scale=0.3, opset=23)
    attention(folder, "attention_mask", q, k, v, mask=rand(5, 7), opset=23)
    attention(folder, "attention_mask_heads", q, k, v, mask=rand(2, 1, 5, 7), opset=23)
    attention(folder, "attention_causal", q, k, v, causal=True, opset=23)
    attention(folder, "attention_bool", q, k, v, mask=(rand(6, 5, 7) > -0.5) | (torch.arange(7) == 2), causal=False, opset=23)
    few, few_v = rand(2, 2, 7, 8), rand(2, 2, 7, 11)
    attention(folder, "attention_groups", q, few, few_v, opset=23)
    attention(folder, "attention_groups_3d", q, few, few_v, heads=(6, 2), mask=rand(2, 6, 5, 7), opset=23)
    past = rand(2, 6, 3, 8), rand(2, 6, 3, 11)
    attention(folder, "attention_past", q, k, v, past=past, opset=23)
    attention(folder, "attention_past_causal", q, k, v, past=past, causal=True, opset=23)
    attention(folder, "attention_past_3d", q, k, v, past=past, heads=(6, 6), mask=rand(5, 10), opset=23)
    attention(folder, "attention_cap", q, k, v, cap=0.7)
    attention(folder, "attention_cap_mask", q, k, v, cap=0.7, mask=(rand(5, 7) > -0.5) | (torch.arange(7) == 2))
    attention(folder, "attention_products", q, k, v, mask=rand(5, 7), mode=0)
    for mode, what in ((1, "capped"), (2, "masked"), (3, "weights")):
        attention(folder, "attention_" + what, q, k, v, mask=rand(5, 7), cap=1.5, mode=mode)
    attention(folder, "attention_valid", q, k, v, valid=torch.tensor((4, 7)))
    attention(folder, "attention_valid_causal", q, k, v, valid=torch.tensor((5, 7)), causal=True)
    attention(folder, "attention_short_mask", q, k, v, mask=rand(5, 4))
    attention(folder, "attention_large", rand(1, 3, 197, 64), rand(1, 3, 197, 64), rand(1, 3, 197, 64), opset=23)


def rotary(folder, name, heads, width, turning, interleaved, listed, inside):
    """[batch, heads, length, width]; inside: [batch, length, heads * width]."""
    x = rand(2, heads, 5, width)
    half = turning // 2
    angle = rand(9, half) if listed else rand(2, 5, half)
    ids = torch.randint(0, 9, (2, 5), generator=G) if listed else None
    c, s = (t[ids] if listed else t for t in (torch.cos(angle), torch.sin(angle)))
    c, s = c[:, None], s[:, None]
    a, b = (x[..., :turning:2], x[..., 1:turning:2]) if interleaved else (x[..., :half], x[..., half:turning])
    turned = c * a - s * b, s * a + c * b
    turned = torch.stack(turned, -1).flatten(-2) if interleaved else torch.cat(turned, -1)
    y = torch.cat((turned, x[..., turning:]), -1)
    attrs = {"interleaved": int(interleaved)}
    if turning < width:
        attrs["rotary_embedding_dim"] = turning
    if inside or turning < width:
        attrs["num_heads"] = heads
    if inside:
        x, y = (t.transpose(1, 2).flatten(2).contiguous() for t in (x, y))
    write(folder, "rotary_" + name, "RotaryEmbedding", 23, [x, torch.cos(angle), torch.sin(angle)] + ([ids] if listed else []), y, **attrs)


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
    for alpha in (1.702, -0.4, 0.0):
        write(folder, f"swish_{alpha}", "Swish", 24, [x], x * torch.sigmoid(alpha * x), alpha=alpha)
    attentions(folder)
    rotary(folder, "halves", 3, 8, 8, False, False, False)
    rotary(folder, "pairs", 3, 8, 8, True, True, False)
    rotary(folder, "some", 2, 10, 6, False, True, True)
    rotary(folder, "some_pairs", 2, 10, 4, True, False, True)
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
