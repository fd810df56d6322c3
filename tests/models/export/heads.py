"""Small modules with the graph forms other families leave in an ONNX file; every maker gives (module, inputs, options)."""
import math

import numpy as np
import torch
from torch import nn
import torch.nn.functional as F
import torchvision


def image(n=1, c=3, h=96, w=128, seed=3):
    g = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
    base = 0.5 + 0.4 * torch.sin(x / 6.0) * torch.cos(y / 9.0)
    return (base + 0.15 * torch.randn(n, c, h, w, generator=g)).float()


def conv(cin, cout, k=3, s=1, act=nn.SiLU, groups=1, dilation=1):
    return nn.Sequential(nn.Conv2d(cin, cout, k, s, (k // 2) * dilation, dilation, groups, bias=False), nn.BatchNorm2d(cout), act())


class Bottleneck(nn.Module):
    def __init__(self, c, act):
        super().__init__()
        self.a, self.b = conv(c, c // 2, 1, act=act), conv(c // 2, c, 3, act=act)

    def forward(self, x):
        return x + self.b(self.a(x))


class C2f(nn.Module):  # v8: split and concat; v5's C3 and v11's C3k2 differ in what lies between
    def __init__(self, c, n=2, act=nn.SiLU, style="split"):
        super().__init__()
        self.style = style
        self.first, self.last = conv(c, c, 1, act=act), conv(c // 2 * (2 + n) if style == "split" else c, c, 1, act=act)
        self.m = nn.ModuleList(Bottleneck(c // 2, act) for _ in range(n))

    def forward(self, x):
        if self.style == "split":
            y = list(self.first(x).chunk(2, 1))
            for m in self.m:
                y.append(m(y[-1]))
            return self.last(torch.cat(y, 1))
        a, b = self.first(x).split(x.shape[1] // 2, 1)
        for m in self.m:
            a = m(a)
        return self.last(torch.cat((a, b), 1))


class SPPF(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b, self.pool = conv(c, c // 2, 1), conv(c * 2, c, 1), nn.MaxPool2d(5, 1, 2)

    def forward(self, x):
        x = self.a(x)
        y1 = self.pool(x)
        y2 = self.pool(y1)
        return self.b(torch.cat((x, y1, y2, self.pool(y2)), 1))


class Neck(nn.Module):
    """Stem, three stages, a top-down path: three maps of 32, 48, 64 channels."""

    def __init__(self, act=nn.SiLU, style="split", focus=False):
        super().__init__()
        self.focus = focus
        self.stem = conv(12 if focus else 3, 16, 3, 1 if focus else 2, act)
        self.down = nn.ModuleList([conv(16, 32, 3, 2, act), conv(32, 32, 3, 2, act), conv(32, 48, 3, 2, act), conv(48, 64, 3, 2, act)])
        self.stage = nn.ModuleList([C2f(32, 1, act, style), C2f(32, 2, act, style), C2f(48, 1, act, style), nn.Sequential(C2f(64, 1, act, style), SPPF(64))])
        self.lat = nn.ModuleList([conv(64 + 48, 48, 1, act=act), conv(48 + 32, 32, 1, act=act)])

    def forward(self, x):
        if self.focus:
            x = torch.cat((x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]), 1)
        x = self.stem(x)
        maps = []
        for d, s in zip(self.down, self.stage):
            x = s(d(x))
            maps.append(x)
        _, a, b, c = maps
        b = self.lat[0](torch.cat((F.interpolate(c, scale_factor=2, mode="nearest"), b), 1))
        a = self.lat[1](torch.cat((F.interpolate(b, scale_factor=2, mode="nearest"), a), 1))
        return [a, b, c]


CH, STRIDE = (32, 48, 64), (8, 16, 32)


class AnchorHead(nn.Module):  # v5, v7: grids and anchors, in-place slices written back
    def __init__(self, nc=4, inplace=True):
        super().__init__()
        self.no, self.nc, self.inplace = nc + 5, nc, inplace
        self.m = nn.ModuleList(nn.Conv2d(c, 3 * self.no, 1) for c in CH)
        self.anchors = torch.tensor([[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]]).float().view(3, 1, 3, 1, 1, 2)

    def forward(self, xs):
        z = []
        for i, (x, m) in enumerate(zip(xs, self.m)):
            x = m(x)
            bs, _, ny, nx = x.shape
            x = x.view(bs, 3, self.no, ny, nx).permute(0, 1, 3, 4, 2).contiguous()
            yv, xv = torch.meshgrid(torch.arange(ny), torch.arange(nx), indexing="ij")
            grid = torch.stack((xv, yv), 2).expand(1, 3, ny, nx, 2).float() - 0.5
            y = x.sigmoid()
            if self.inplace:
                y[..., 0:2] = (y[..., 0:2] * 2 + grid) * STRIDE[i]
                y[..., 2:4] = (y[..., 2:4] * 2) ** 2 * self.anchors[i]
            else:
                xy, wh, conf = y.split((2, 2, self.nc + 1), 4)
                y = torch.cat(((xy * 2 + grid) * STRIDE[i], (wh * 2) ** 2 * self.anchors[i], conf), 4)
            z.append(y.view(bs, 3 * ny * nx, self.no))
        return torch.cat(z, 1)


def make_anchors(xs):
    points, strides = [], []
    for x, s in zip(xs, STRIDE):
        h, w = x.shape[2:]
        sy, sx = torch.meshgrid(torch.arange(h).float() + 0.5, torch.arange(w).float() + 0.5, indexing="ij")
        points.append(torch.stack((sx, sy), -1).view(-1, 2))
        strides.append(torch.full((h * w, 1), float(s)))
    return torch.cat(points).transpose(0, 1), torch.cat(strides).transpose(0, 1)


class DflHead(nn.Module):  # v8, v9, v11 (depthwise class branch), v6 with reg_max 0
    def __init__(self, nc=4, reg=16, depthwise=False, xyxy=False):
        super().__init__()
        self.nc, self.reg, self.xyxy = nc, reg, xyxy
        self.box = nn.ModuleList(nn.Sequential(conv(c, 16), nn.Conv2d(16, 4 * max(reg, 1), 1)) for c in CH)
        self.cls = nn.ModuleList(
            nn.Sequential(conv(c, c, 3, groups=c), conv(c, 16, 1), nn.Conv2d(16, nc, 1)) if depthwise else nn.Sequential(conv(c, 16), nn.Conv2d(16, nc, 1)) for c in CH)
        self.dfl = nn.Conv2d(max(reg, 1), 1, 1, bias=False)
        self.dfl.weight.data[:] = torch.arange(max(reg, 1)).float().view(1, -1, 1, 1)

    def forward(self, xs):
        anchors, strides = make_anchors(xs)
        out = torch.cat([torch.cat((b(x), c(x)), 1).flatten(2) for x, b, c in zip(xs, self.box, self.cls)], 2)
        box, cls = out.split((4 * max(self.reg, 1), self.nc), 1)
        if self.reg:
            n, _, a = box.shape
            box = self.dfl(box.view(n, 4, self.reg, a).transpose(2, 1).softmax(1)).view(n, 4, a)
        lt, rb = box.chunk(2, 1)
        a, b = anchors.unsqueeze(0) - lt, anchors.unsqueeze(0) + rb
        dbox = torch.cat((a, b) if self.xyxy else ((a + b) / 2, b - a), 1) * strides
        return torch.cat((dbox, cls.sigmoid()), 1)


class EndToEnd(nn.Module):  # v10: two TopK and gathers in the place of NMS
    def __init__(self, nc=4, k=20):
        super().__init__()
        self.head, self.k, self.nc = DflHead(nc, xyxy=True), k, nc

    def forward(self, xs):
        y = self.head(xs).transpose(1, 2)
        boxes, scores = y.split((4, self.nc), -1)
        _, index = torch.topk(scores.amax(-1), self.k, -1)
        boxes = torch.gather(boxes, 1, index.unsqueeze(-1).repeat(1, 1, 4))
        scores = torch.gather(scores, 1, index.unsqueeze(-1).repeat(1, 1, self.nc))
        scores, index = torch.topk(scores.flatten(1), self.k, -1)
        labels = index % self.nc
        boxes = boxes.gather(1, (index // self.nc).unsqueeze(-1).repeat(1, 1, 4))
        return torch.cat((boxes, scores.unsqueeze(-1), labels.unsqueeze(-1).float()), -1)


class Suppressed(nn.Module):  # NMS inside: batched by class, as exporters with end2end write it
    def __init__(self, head, obj):
        super().__init__()
        self.head, self.obj = head, obj

    def forward(self, xs):
        y = self.head(xs)[0]
        if self.obj:
            boxes, scores = y[:, :4], y[:, 5:] * y[:, 4:5]
        else:
            y = y.transpose(0, 1)
            boxes, scores = y[:, :4], y[:, 4:]
        xy, wh = boxes.split(2, 1)
        boxes = torch.cat((xy - wh / 2, xy + wh / 2), 1)
        best, label = scores.max(1)
        keep = best > best.mean()
        boxes, best, label = boxes[keep], best[keep], label[keep]
        kept = torchvision.ops.nms(boxes + label.unsqueeze(1).float() * 4096, best, 0.5)
        return boxes[kept], best[kept], label[kept]


class Net(nn.Module):
    def __init__(self, body, head):
        super().__init__()
        self.body, self.head = body, head

    def forward(self, x):
        return self.head(self.body(x))


def yolo(head, act=nn.SiLU, style="split", focus=False, opset=12, dynamic=False):
    def make():
        options = {"opset": opset}
        if dynamic:
            options["dynamic"] = {"in0": {0: "batch", 2: "height", 3: "width"}}
        return Net(Neck(act, style, focus), head()), [image()], options
    return make


# ---- transformers ----

class Attention(nn.Module):
    def __init__(self, d, heads=4, reduce=1):
        super().__init__()
        self.h, self.r = heads, reduce
        self.q, self.kv, self.out = nn.Linear(d, d), nn.Linear(d, 2 * d), nn.Linear(d, d)
        if reduce > 1:
            self.sr, self.norm = nn.Conv2d(d, d, reduce, reduce), nn.LayerNorm(d)

    def forward(self, x, h, w):
        b, n, d = x.shape
        q = self.q(x).reshape(b, n, self.h, d // self.h).permute(0, 2, 1, 3)
        if self.r > 1:
            x = x.permute(0, 2, 1).reshape(b, d, h, w)
            x = self.norm(self.sr(x).reshape(b, d, -1).permute(0, 2, 1))
        k, v = self.kv(x).reshape(b, -1, 2, self.h, d // self.h).permute(2, 0, 3, 1, 4)
        a = (q @ k.transpose(-2, -1) * (d // self.h) ** -0.5).softmax(-1)
        return self.out((a @ v).transpose(1, 2).reshape(b, n, d))


class MixFfn(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.a, self.dw, self.b = nn.Linear(d, 2 * d), nn.Conv2d(2 * d, 2 * d, 3, 1, 1, groups=2 * d), nn.Linear(2 * d, d)

    def forward(self, x, h, w):
        x = self.a(x)
        b, n, c = x.shape
        x = self.dw(x.transpose(1, 2).view(b, c, h, w)).flatten(2).transpose(1, 2)
        return self.b(F.gelu(x))


class SegFormer(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        dims, self.stages = (16, 32, 48), nn.ModuleList()
        for i, d in enumerate(dims):
            embed = nn.Conv2d(3 if i == 0 else dims[i - 1], d, 7 if i == 0 else 3, 4 if i == 0 else 2, 3 if i == 0 else 1)
            self.stages.append(nn.ModuleList([embed, nn.LayerNorm(d), Attention(d, 2, 4 >> i), nn.LayerNorm(d), MixFfn(d), nn.LayerNorm(d)]))
        self.lin = nn.ModuleList(nn.Linear(d, 24) for d in dims)
        self.fuse, self.out = conv(72, 24, 1, act=nn.ReLU), nn.Conv2d(24, classes, 1)

    def forward(self, x):
        size, maps = x.shape[2:], []
        for embed, n0, attn, n1, ffn, n2 in self.stages:
            x = embed(x)
            b, c, h, w = x.shape
            t = n0(x.flatten(2).transpose(1, 2))
            t = t + attn(n1(t), h, w)
            t = t + ffn(n2(t), h, w)
            x = t.transpose(1, 2).reshape(b, c, h, w)
            maps.append(x)
        ups = [F.interpolate(l(m.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(m.shape[0], -1, *m.shape[2:]), size=maps[0].shape[2:], mode="bilinear", align_corners=False) for l, m in zip(self.lin, maps)]
        return F.interpolate(self.out(self.fuse(torch.cat(ups, 1))), size=size, mode="bilinear", align_corners=False)


class Block(nn.Module):
    def __init__(self, d, heads=4):
        super().__init__()
        self.n0, self.n1, self.attn = nn.LayerNorm(d), nn.LayerNorm(d), Attention(d, heads)
        self.mlp = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x):
        x = x + self.attn(self.n0(x), 0, 0)
        return x + self.mlp(self.n1(x))


class MobileVit(nn.Module):
    def __init__(self, p=2, d=32):
        super().__init__()
        self.p = p
        self.stem, self.local = conv(3, 24, 3, 4), nn.Sequential(conv(24, 24), nn.Conv2d(24, d, 1, bias=False))
        self.layers = nn.Sequential(Block(d), Block(d))
        self.back, self.out = conv(d, 24, 1), conv(48, 10)

    def forward(self, x):
        x = self.stem(x)
        y, p = self.local(x), self.p
        b, d, h, w = y.shape
        y = y.reshape(b * d * (h // p), p, w // p, p).transpose(1, 2).reshape(b, d, h * w // p // p, p * p)
        y = y.transpose(1, 3).reshape(b * p * p, -1, d)
        y = self.layers(y)
        y = y.reshape(b, p * p, -1, d).transpose(1, 3).reshape(b * d * (h // p), w // p, p, p).transpose(1, 2).reshape(b, d, h, w)
        return self.out(torch.cat((x, self.back(y)), 1)).mean((2, 3))


class RtDetr(nn.Module):
    """Query selection by TopK, a decoder with deformable attention through GridSample, references refined."""

    def __init__(self, d=32, heads=4, points=3, queries=12, classes=5, layers=2):
        super().__init__()
        self.d, self.h, self.p, self.q, self.n = d, heads, points, queries, layers
        self.body = Neck()
        self.proj = nn.ModuleList(nn.Conv2d(c, d, 1) for c in CH)
        self.enc = Block(d, heads)
        self.enc_score, self.enc_box, self.norm = nn.Linear(d, classes), nn.Linear(d, 4), nn.LayerNorm(d)
        self.self_attn = nn.ModuleList(Attention(d, heads) for _ in range(layers))
        self.off = nn.ModuleList(nn.Linear(d, heads * 3 * points * 2) for _ in range(layers))
        self.wt = nn.ModuleList(nn.Linear(d, heads * 3 * points) for _ in range(layers))
        self.val = nn.ModuleList(nn.Linear(d, d) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(layers * 2))
        self.box, self.score = nn.ModuleList(nn.Linear(d, 4) for _ in range(layers)), nn.Linear(d, classes)

    def deform(self, q, ref, value, shapes, i):
        b, n, _ = q.shape
        off = self.off[i](q).reshape(b, n, self.h, 3, self.p, 2)
        wt = self.wt[i](q).reshape(b, n, self.h, 3 * self.p).softmax(-1).permute(0, 2, 1, 3).reshape(b * self.h, 1, n, 3 * self.p)
        loc = ref[:, :, None, None, None, :2] + off / self.p * ref[:, :, None, None, None, 2:] * 0.5
        grid, out = 2 * loc - 1, []
        v = self.val[i](value).reshape(b, -1, self.h, self.d // self.h)
        for level, (part, (h, w)) in enumerate(zip(v.split([h * w for h, w in shapes], 1), shapes)):
            m = part.flatten(2).permute(0, 2, 1).reshape(b * self.h, self.d // self.h, h, w)
            g = grid[:, :, :, level].permute(0, 2, 1, 3, 4).flatten(0, 1)
            out.append(F.grid_sample(m, g, "bilinear", "zeros", False))
        out = (torch.stack(out, -2).flatten(-2) * wt).sum(-1)
        return out.reshape(b, self.d, n).permute(0, 2, 1)

    def forward(self, x):
        maps = [p(m) for p, m in zip(self.proj, self.body(x))]
        b, _, h, w = maps[2].shape
        maps[2] = self.enc(maps[2].flatten(2).permute(0, 2, 1)).permute(0, 2, 1).reshape(b, self.d, h, w)
        shapes = [tuple(int(s) for s in m.shape[2:]) for m in maps]
        value = torch.cat([m.flatten(2).permute(0, 2, 1) for m in maps], 1)
        memory = self.norm(value)
        _, top = torch.topk(self.enc_score(memory).max(-1).values, self.q, 1)
        ref = self.enc_box(memory).gather(1, top.unsqueeze(-1).repeat(1, 1, 4))
        q = memory.gather(1, top.unsqueeze(-1).repeat(1, 1, self.d))
        boxes = []
        for i in range(self.n):
            r = ref.sigmoid()
            q = self.norms[2 * i](q + self.self_attn[i](q, 0, 0))
            q = self.norms[2 * i + 1](q + self.deform(q, r, value, shapes, i))
            ref = self.box[i](q) + torch.log(r.clamp(1e-5, 1 - 1e-5) / (1 - r.clamp(1e-5, 1 - 1e-5)))
            boxes.append(ref.sigmoid())
        return boxes[-1], self.score(q).sigmoid()


class Crnn(nn.Module):  # convolutions, a bidirectional LSTM or GRU, argmax for CTC
    def __init__(self, kind=nn.LSTM):
        super().__init__()
        self.conv = nn.Sequential(conv(1, 16, act=nn.ReLU), nn.MaxPool2d(2), conv(16, 32, act=nn.ReLU), nn.MaxPool2d((2, 1), (2, 1)), conv(32, 32, act=nn.ReLU), nn.MaxPool2d((8, 1)))
        self.rnn, self.out = kind(32, 24, 2, bidirectional=True), nn.Linear(48, 20)

    def forward(self, x):
        x = self.conv(x).squeeze(2).permute(2, 0, 1)
        y, _ = self.rnn(x)
        p = F.log_softmax(self.out(y), -1)
        return p, p.argmax(-1)


class Deformable(nn.Module):  # GridSample border and nearest, roll, unfold, einsum, pixel shuffle
    def __init__(self):
        super().__init__()
        self.a, self.off = conv(3, 16, 3, 2), nn.Conv2d(16, 2, 3, 1, 1)
        self.up, self.gn = nn.ConvTranspose2d(16, 12, 4, 2, 1, groups=4), nn.GroupNorm(4, 16)

    def forward(self, x):
        y = self.gn(self.a(x))
        b, c, h, w = y.shape
        gy, gx = torch.meshgrid(torch.linspace(-1, 1, 48), torch.linspace(-1, 1, 64), indexing="ij")
        base = torch.stack((gx, gy), -1).unsqueeze(0)
        flow = base + self.off(y).permute(0, 2, 3, 1).tanh() * 0.2
        z = F.grid_sample(y, flow, "bilinear", "border", True) + F.grid_sample(y, flow, "nearest", "zeros", True)
        e = torch.einsum("bchw,bdhw->bcd", y, z)
        return F.pixel_shuffle(self.up(torch.roll(z, (1, -2), (2, 3))), 2), F.unfold(z, 3, 1, 1, 2).mean(-1), e, F.mish(z).amax(1)


# ---- control flow as exporters leave it ----

class Scripted(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(3, 4, 3, 2, 1)

    def forward(self, x, n: int):
        y = self.c(x)
        if float(y.mean()) > 0.0:
            y = y * 2.0
        else:
            y = y - 1.0
        total = torch.zeros_like(y)
        rows = []
        for i in range(n):
            total = total + y * float(i)
            rows.append(total.mean())
        return total, torch.stack(rows)


class GreedyDecoder(nn.Module):  # an attention decoder that runs until it says stop
    def __init__(self, d=16, classes=11):
        super().__init__()
        self.gate, self.new = nn.Linear(3 * d, d), nn.Linear(3 * d, d)
        self.embed, self.out, self.conv = nn.Embedding(classes, d), nn.Linear(d, classes), nn.Conv2d(1, d, 8, 8)

    def forward(self, x):
        f = self.conv(x).flatten(2)
        h = f.mean(-1)
        token = torch.zeros([x.shape[0]], dtype=torch.long)
        steps = []
        go, i = True, 0
        while go and i < 12:
            a = torch.softmax((f * h.unsqueeze(-1)).sum(1, keepdim=True), -1)
            seen = torch.cat([(f * a).sum(-1), self.embed(token), h], 1)
            z = torch.sigmoid(self.gate(seen))
            h = z * h + (1.0 - z) * torch.tanh(self.new(seen))
            p = self.out(h)
            token = p.argmax(-1)
            steps.append(p)
            go = bool((token != 3).any())
            i += 1
        return torch.stack(steps, 1)


def scripted(net, inputs, **options):
    def make():
        return torch.jit.script(net().eval()), inputs(), {"calibrate": False, **options}
    return make


def plain(net, inputs, **options):
    return lambda: (net(), inputs(), dict(options))


MAKERS = {
    "yolov5": yolo(AnchorHead, style="cross"),
    "yolov5_focus_leaky": yolo(AnchorHead, lambda: nn.LeakyReLU(0.1), "cross", True, 11),
    "yolov5_dynamic": yolo(lambda: AnchorHead(inplace=False), style="cross", dynamic=True),
    "yolov5_nms": yolo(lambda: Suppressed(AnchorHead(inplace=False), True), style="cross"),
    "yolov6": yolo(lambda: DflHead(reg=0), nn.ReLU),
    "yolov7": yolo(lambda: AnchorHead(inplace=False)),
    "yolov8": yolo(DflHead),
    "yolov8_opset16": yolo(DflHead, opset=16),
    "yolov8_dynamic": yolo(DflHead, opset=16, dynamic=True),
    "yolov8_nms": yolo(lambda: Suppressed(DflHead(), False), opset=13),
    "yolov9": yolo(DflHead, style="cross"),
    "yolov10": yolo(EndToEnd, opset=13),
    "yolov11": yolo(lambda: DflHead(depthwise=True), opset=16),
    "yolov11_nms": yolo(lambda: Suppressed(DflHead(depthwise=True), False), opset=16),
    "rtdetr": plain(RtDetr, lambda: [image(h=96, w=96)], opset=16),
    "segformer": plain(SegFormer, lambda: [image(h=64, w=96)], opset=12),
    "mobilevit": plain(MobileVit, lambda: [image(h=64, w=64)], opset=13),
    "crnn_lstm": plain(Crnn, lambda: [image(1, 1, 32, 100)], opset=11),
    "crnn_gru": plain(lambda: Crnn(nn.GRU), lambda: [image(2, 1, 32, 80)], opset=13),
    "deformable": plain(Deformable, lambda: [image()], opset=16),
    "scripted_if_loop": scripted(Scripted, lambda: [image(h=16, w=24), torch.tensor(4)], opset=13),
    "scripted_decoder": scripted(GreedyDecoder, lambda: [image(1, 1, 32, 64)], opset=13),
}
