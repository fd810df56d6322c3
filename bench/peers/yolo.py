"""YOLOv5n and YOLOv8n, written from their published configurations (depth and width multiples
0.33 and 0.25): convolution + batch norm + SiLU, C3 and C2f blocks, SPPF, the feature pyramid, and
the two heads with their decoding.  Input [1,3,H,W], RGB, 0..1, H and W multiples of 32."""
import torch
from torch import nn

CLASSES = 80
STRIDES = (8, 16, 32)


class Conv(nn.Sequential):
    def __init__(self, c_in, c_out, k=1, s=1, p=None):
        super().__init__(
            nn.Conv2d(c_in, c_out, k, s, k // 2 if p is None else p, bias=False),
            nn.BatchNorm2d(c_out, eps=1e-3),
            nn.SiLU(),
        )


class Bottleneck(nn.Module):
    def __init__(self, c, first, add):
        super().__init__()
        self.cv1 = Conv(c, c, first)
        self.cv2 = Conv(c, c, 3)
        self.add = add

    def forward(self, x):
        y = self.cv2(self.cv1(x))
        return x + y if self.add else y


class C3(nn.Module):
    """Cross-stage block of YOLOv5: half the channels pass n bottlenecks, half pass by."""

    def __init__(self, c_in, c_out, n=1, add=True):
        super().__init__()
        c = c_out // 2
        self.cv1 = Conv(c_in, c)
        self.cv2 = Conv(c_in, c)
        self.cv3 = Conv(2 * c, c_out)
        self.m = nn.Sequential(*(Bottleneck(c, 1, add) for _ in range(n)))

    def forward(self, x):
        return self.cv3(torch.cat((self.m(self.cv1(x)), self.cv2(x)), 1))


class C2f(nn.Module):
    """Cross-stage block of YOLOv8: every bottleneck's result goes into the concatenation."""

    def __init__(self, c_in, c_out, n=1, add=False):
        super().__init__()
        self.c = c_out // 2
        self.cv1 = Conv(c_in, 2 * self.c)
        self.cv2 = Conv((2 + n) * self.c, c_out)
        self.m = nn.ModuleList(Bottleneck(self.c, 3, add) for _ in range(n))

    def forward(self, x):
        y = list(self.cv1(x).split((self.c, self.c), 1))
        for m in self.m:
            y.append(m(y[-1]))
        return self.cv2(torch.cat(y, 1))


class SPPF(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.cv1 = Conv(c, c // 2)
        self.cv2 = Conv(2 * c, c)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x):
        y = [self.cv1(x)]
        for _ in range(3):
            y.append(self.pool(y[-1]))
        return self.cv2(torch.cat(y, 1))


def cells(size):
    """Centres of the grid cells of each stride, in cells less a half: list of [ny,nx,2]."""
    grids = []
    for stride in STRIDES:
        n = size // stride
        y, x = torch.meshgrid(torch.arange(n), torch.arange(n), indexing="ij")
        grids.append(torch.stack((x, y), 2).float())
    return grids


class AnchorHead(nn.Module):
    """YOLOv5: three anchors a cell; result [1, boxes, 5 + classes], boxes as centre and size in
    pixels, scores 0..1."""

    ANCHORS = (
        ((10, 13), (16, 30), (33, 23)),
        ((30, 61), (62, 45), (59, 119)),
        ((116, 90), (156, 198), (373, 326)),
    )

    def __init__(self, channels, size):
        super().__init__()
        self.no = 5 + CLASSES
        self.m = nn.ModuleList(nn.Conv2d(c, 3 * self.no, 1) for c in channels)
        for i, grid in enumerate(cells(size)):
            anchors = torch.tensor(self.ANCHORS[i]).float().view(1, 3, 1, 1, 2)
            n = grid.shape[0]
            self.register_buffer(f"grid{i}", (grid - 0.5).expand(1, 3, n, n, 2).clone())
            self.register_buffer(f"anchor{i}", anchors.expand(1, 3, n, n, 2).clone())

    def forward(self, features):
        boxes = []
        for i, x in enumerate(features):
            n = x.shape[2]
            y = self.m[i](x).view(-1, 3, self.no, n, n).permute(0, 1, 3, 4, 2).contiguous()
            xy, wh, score = y.sigmoid().split((2, 2, CLASSES + 1), 4)
            xy = (xy * 2 + getattr(self, f"grid{i}")) * STRIDES[i]
            wh = (wh * 2) ** 2 * getattr(self, f"anchor{i}")
            boxes.append(torch.cat((xy, wh, score), 4).view(-1, 3 * n * n, self.no))
        return torch.cat(boxes, 1)


class DistanceHead(nn.Module):
    """YOLOv8: no anchors; four distances as distributions over 16 bins; result
    [1, 4 + classes, cells], boxes as centre and size in pixels, scores 0..1."""

    BINS = 16

    def __init__(self, channels, size):
        super().__init__()
        box, cls = max(16, channels[0] // 4, 4 * self.BINS), max(channels[0], min(CLASSES, 100))
        self.box = nn.ModuleList(
            nn.Sequential(Conv(c, box, 3), Conv(box, box, 3), nn.Conv2d(box, 4 * self.BINS, 1))
            for c in channels
        )
        self.cls = nn.ModuleList(
            nn.Sequential(Conv(c, cls, 3), Conv(cls, cls, 3), nn.Conv2d(cls, CLASSES, 1))
            for c in channels
        )
        self.mean = nn.Conv2d(self.BINS, 1, 1, bias=False)
        self.mean.weight.data = torch.arange(self.BINS).float().view(1, self.BINS, 1, 1)
        grids = [g.view(-1, 2) + 0.5 for g in cells(size)]
        strides = [torch.full((1, g.shape[0]), float(s)) for g, s in zip(grids, STRIDES)]
        self.register_buffer("points", torch.cat(grids).t().unsqueeze(0).clone())
        self.register_buffer("strides", torch.cat(strides, 1))

    def forward(self, features):
        no = 4 * self.BINS + CLASSES
        parts = [
            torch.cat((self.box[i](x), self.cls[i](x)), 1).view(-1, no, x.shape[2] * x.shape[3])
            for i, x in enumerate(features)
        ]
        dist, score = torch.cat(parts, 2).split((4 * self.BINS, CLASSES), 1)
        n = dist.shape[2]
        bins = dist.view(-1, 4, self.BINS, n).transpose(2, 1).softmax(1)
        left_top, right_bottom = self.mean(bins).view(-1, 4, n).chunk(2, 1)
        begin, end = self.points - left_top, self.points + right_bottom
        boxes = torch.cat(((begin + end) / 2, end - begin), 1) * self.strides
        return torch.cat((boxes, score.sigmoid()), 1)


class Yolo(nn.Module):
    """The backbone and feature pyramid both share; `block(c_in, c_out, n, add)` is C3 or C2f."""

    def __init__(self, stem, block, depths, reduce, head):
        super().__init__()
        self.stem = nn.Sequential(stem, Conv(16, 32, 3, 2), block(32, 32, depths[0], True))
        self.p3 = nn.Sequential(Conv(32, 64, 3, 2), block(64, 64, depths[1], True))
        self.p4 = nn.Sequential(Conv(64, 128, 3, 2), block(128, 128, depths[2], True))
        self.p5 = nn.Sequential(Conv(128, 256, 3, 2), block(256, 256, depths[3], True), SPPF(256))
        # YOLOv5 narrows with a 1x1 before it goes up, YOLOv8 goes up as it is
        top, mid = (128, 64) if reduce else (256, 128)
        self.narrow5 = Conv(256, 128) if reduce else nn.Identity()
        self.narrow4 = Conv(128, 64) if reduce else nn.Identity()
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.up4 = block(top + 128, 128, 1, False)
        self.up3 = block(mid + 64, 64, 1, False)
        self.down4 = Conv(64, 64, 3, 2)
        self.out4 = block(64 + mid, 128, 1, False)
        self.down5 = Conv(128, 128, 3, 2)
        self.out5 = block(128 + top, 256, 1, False)
        self.head = head

    def forward(self, x):
        p3 = self.p3(self.stem(x))
        p4 = self.p4(p3)
        n5 = self.narrow5(self.p5(p4))
        n4 = self.narrow4(self.up4(torch.cat((self.up(n5), p4), 1)))
        o3 = self.up3(torch.cat((self.up(n4), p3), 1))
        o4 = self.out4(torch.cat((self.down4(o3), n4), 1))
        o5 = self.out5(torch.cat((self.down5(o4), n5), 1))
        return self.head((o3, o4, o5))


def yolov5n(size):
    return Yolo(Conv(3, 16, 6, 2, 2), C3, (1, 2, 3, 1), True, AnchorHead((64, 128, 256), size))


def yolov8n(size):
    return Yolo(Conv(3, 16, 3, 2), C2f, (1, 2, 2, 1), False, DistanceHead((64, 128, 256), size))
