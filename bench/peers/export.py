#!/usr/bin/python3
"""export.py FRAMES FOLDER [NAME...]: writes the networks that `./dev bench peers` measures and that
no one publishes as files: torchvision's architectures and our YOLO modules, with seeded weights.

The weights are drawn, not learned, so three things are done to make the numbers in the network like
those of a learned one: batch norm takes its statistics from one pass over real images (frames of the
video FRAMES), its scales and shifts are drawn near one and zero, and every module's result on another
frame is checked: none may die, explode, or hold denormals, on which a CPU is slower by far.

Needs Debian's python3-torch and python3-torchvision; ffmpeg reads the video."""
import os
import subprocess
import sys

import numpy
import torch
import torchvision
from torch import nn

import yolo

OPSET = 12
N_FRAMES = 8  # for the statistics; one more is for the check


class DetectorHead(nn.Module):
    """A torchvision SSD detector up to the raw results of its head (box offsets [1,n,4] and class
    scores [1,n,classes]): decoding and suppression are no network."""

    def __init__(self, detector):
        super().__init__()
        self.backbone = detector.backbone
        self.head = detector.head

    def forward(self, x):
        out = self.head(list(self.backbone(x).values()))
        return out["bbox_regression"], out["cls_logits"]


def ssdlite():
    return DetectorHead(
        torchvision.models.detection.ssdlite320_mobilenet_v3_large(
            weights=None, weights_backbone=None
        )
    )


classifiers = torchvision.models
NETWORKS = {  # name: (side of the square input, how to make it)
    "mobilenet-v2": (224, classifiers.mobilenet_v2),
    "mobilenet-v3-large": (224, classifiers.mobilenet_v3_large),
    "resnet-18": (224, classifiers.resnet18),
    "resnet-50": (224, classifiers.resnet50),
    "efficientnet-b0": (224, classifiers.efficientnet_b0),
    "shufflenet-v2-1.0": (224, classifiers.shufflenet_v2_x1_0),
    "squeezenet-1.1": (224, classifiers.squeezenet1_1),
    "ssdlite-mobilenet-v3": (320, ssdlite),
    "yolov5n": (640, lambda: yolo.yolov5n(640)),
    "yolov8n": (640, lambda: yolo.yolov8n(640)),
}


def frames(video, size, n):
    """n square frames spread over the video, [n,3,size,size], RGB, 0..1."""
    picked = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", video, "-vf",
         f"select='not(mod(n,40))',crop=ih:ih,scale={size}:{size}", "-vsync", "0",
         "-frames:v", str(n), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        check=True, stdout=subprocess.PIPE,
    ).stdout
    bytes_wanted = n * size * size * 3
    if len(picked) != bytes_wanted:
        sys.exit(f"{video}: {len(picked)} bytes of frames, {bytes_wanted} wanted")
    pixels = numpy.frombuffer(picked, numpy.uint8).reshape(n, size, size, 3)
    return torch.from_numpy(pixels.transpose(0, 3, 1, 2).astype(numpy.float32) / 255)


def normalised(images, size):
    """As each network was published: ImageNet's mean and deviation at 224 and 320, none at 640."""
    if size == 640:
        return images
    mean = torch.tensor((0.485, 0.456, 0.406)).view(1, 3, 1, 1)
    deviation = torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1)
    return (images - mean) / deviation


def draw(network):
    """What the architectures start as constants, and the exporter would share: biases and norms."""
    for m in network.modules():
        if isinstance(m, (nn.Conv2d, nn.Linear)) and m.bias is not None:
            nn.init.normal_(m.bias, 0, 0.05)
        elif isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.75, 1.25)
            nn.init.normal_(m.bias, 0, 0.1)


def take_statistics(network, images):
    """One pass with batch norm (alone) in training mode: its mean and variance become the images'."""
    network.eval()
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0  # what is seen now, nothing of what was before
        norm.reset_running_stats()
        norm.train()
    with torch.no_grad():
        network(images)
    network.eval()


def check(name, network, image):
    """Every module's result: finite, alive, of sane size, without denormals."""
    faults = []

    def look(where):
        def hook(_module, _args, result):
            if not torch.is_tensor(result):
                return
            tiny = numpy.finfo(numpy.float32).tiny
            x = result.abs()
            if not bool(torch.isfinite(result).all()):
                faults.append(f"{where}: not finite")
            elif float(x.max()) > 1e4:
                faults.append(f"{where}: explodes, up to {float(x.max()):g}")
            elif float(result.std()) < 1e-4 or float((x > 0).float().mean()) < 0.01:
                faults.append(f"{where}: dies, deviation {float(result.std()):g}, "
                              f"{100 * float((x > 0).float().mean()):.2f} % not zero")
            elif bool(((x > 0) & (x < tiny)).any()):
                faults.append(f"{where}: denormals")
        return hook

    hooks = [m.register_forward_hook(look(n or "result")) for n, m in network.named_modules()]
    with torch.no_grad():
        network(image)
    for hook in hooks:
        hook.remove()
    if faults:
        sys.exit(f"{name}: " + "; ".join(faults[:5]))
    return len(hooks)


def export(name, video, folder):
    size, make = NETWORKS[name]
    torch.manual_seed(1)
    network = make()
    images = normalised(frames(video, size, N_FRAMES + 1), size)
    draw(network)
    take_statistics(network, images[:N_FRAMES])
    n = check(name, network, images[N_FRAMES:])
    path = os.path.join(folder, name + ".onnx")
    torch.onnx.export(network, images[N_FRAMES:], path + ".part", opset_version=OPSET,
                      input_names=["image"])
    os.replace(path + ".part", path)
    print(f"{path}: {os.path.getsize(path) / 1e6:.1f} MB, {n} modules checked", flush=True)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    video, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:] or list(NETWORKS)
    unknown = [n for n in names if n not in NETWORKS]
    if unknown:
        sys.exit(f"no network {', '.join(unknown)}; there are {', '.join(NETWORKS)}")
    os.makedirs(folder, exist_ok=True)
    for name in names:
        export(name, video, folder)


if __name__ == "__main__":
    main()
