#!/usr/bin/python3
"""Writes networks as people export them: torchvision's own, and small modules with the graph forms of other families.

  export_zoo.py --list                 names, one a line
  export_zoo.py DIR [NAME ...]         DIR/NAME.onnx and DIR/NAME.0.npy, .1.npy ... (all networks without NAME);
                                       OC_EXPORT_DOUBLE=1: DIR/NAME.double.0.npy ..., results in float64, too

Weights are seeded, nothing is downloaded; batch-norm statistics come from one pass over the example.  Needs PyTorch and
torchvision as Debian 12 has them (python3-torch, python3-torchvision).  Exit 77: they are not there."""
import os
import sys
import warnings

try:
    import numpy as np
    import torch
    import torchvision
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

import heads

warnings.filterwarnings("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))

CLASSIFY = {
    "alexnet": 224, "vgg11_bn": 224, "resnet18": 96, "resnext50_32x4d": 96, "wide_resnet50_2": 96, "densenet121": 64,
    "googlenet": 96, "inception_v3": 160, "mnasnet0_5": 96, "mobilenet_v2": 96, "mobilenet_v3_small": 96,
    "shufflenet_v2_x0_5": 96, "squeezenet1_0": 96, "efficientnet_b0": 96, "efficientnet_v2_s": 96, "regnet_x_400mf": 96,
    "regnet_y_400mf": 96, "convnext_tiny": 64, "vit_b_32": 224, "swin_t": 64, "swin_v2_t": 64, "maxvit_t": 224,
}
SEGMENT = {"deeplabv3_mobilenet_v3_large": 96, "deeplabv3_resnet50": 64, "fcn_resnet50": 64, "lraspp_mobilenet_v3_large": 96}
DETECT = ["fasterrcnn_mobilenet_v3_large_320_fpn", "fasterrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2",
          "maskrcnn_resnet50_fpn", "keypointrcnn_resnet50_fpn", "retinanet_resnet50_fpn", "fcos_resnet50_fpn",
          "ssd300_vgg16", "ssdlite320_mobilenet_v3_large"]
VIDEO = {"r3d_18": 48}
SMALL = {"min_size": 96, "max_size": 128}
REGION = {"rpn_pre_nms_top_n_test": 60, "rpn_post_nms_top_n_test": 20, "box_detections_per_img": 8, "box_score_thresh": 0.005}
DETECT_OPTIONS = {
    "fasterrcnn_mobilenet_v3_large_320_fpn": {**SMALL, **REGION}, "fasterrcnn_resnet50_fpn": {**SMALL, **REGION},
    "fasterrcnn_resnet50_fpn_v2": {**SMALL, **REGION}, "maskrcnn_resnet50_fpn": {**SMALL, **REGION},
    "keypointrcnn_resnet50_fpn": {**SMALL, **REGION, "box_score_thresh": 0.05},
    "retinanet_resnet50_fpn": {**SMALL, "score_thresh": 0.005, "topk_candidates": 50, "detections_per_img": 20},
    "fcos_resnet50_fpn": {**SMALL, "score_thresh": 0.005, "topk_candidates": 50, "detections_per_img": 20},
    "ssd300_vgg16": {"score_thresh": 0.01, "topk_candidates": 20, "detections_per_img": 20},
    "ssdlite320_mobilenet_v3_large": {"score_thresh": 0.005, "topk_candidates": 20, "detections_per_img": 20},
}


def picture(n, c, h, w):
    """Smooth in places, with edges and noise: what convolutions see of photographs."""
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    rng = np.random.default_rng(7)
    planes = [0.5 + 0.3 * np.sin(x / (5 + k) + k) * np.cos(y / (7 + k)) + 0.2 * ((x // 16 + y // 12) % 2) for k in range(n * c)]
    out = np.stack(planes).reshape(n, c, h, w) + 0.05 * rng.standard_normal((n, c, h, w))
    return torch.from_numpy(out.astype(np.float32))


def calibrate(model, example):
    """One pass in training mode gives every batch norm the statistics of what it sees."""
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    states = {m: m.training for m in model.modules()}
    for m in norms:
        m.momentum = None
        m.reset_running_stats()
        m.train()
    with torch.no_grad():
        model(torch.cat([example.roll(7 * k, -1) * (0.7 + 0.1 * k) for k in range(6)] + [example.flip(-1), example.flip(-2)]))
    for m, was in states.items():
        m.training = was


def double_results(model, inputs):
    """What plain networks give in float64, for who is how far from it; nothing where they return other things."""
    if os.environ.get("OC_EXPORT_DOUBLE") != "1" or not all(isinstance(i, torch.Tensor) for i in inputs):
        return []
    with torch.no_grad():
        out = model.double()(*[i.double() if i.is_floating_point() else i for i in inputs])
    model.float()
    out = list(out.values()) if isinstance(out, dict) else out if isinstance(out, (list, tuple)) else [out]
    return out if all(isinstance(y, torch.Tensor) for y in out) else []


def save(folder, name, model, inputs, opset=13, dynamic=None, names=None):
    model.eval()
    path = os.path.join(folder, name + ".onnx")
    args = tuple(inputs)
    torch.onnx.export(model, args, path, opset_version=opset, do_constant_folding=True, dynamic_axes=dynamic,
                      input_names=names or [f"in{i}" for i in range(len(inputs))])
    for i, y in enumerate(double_results(model, inputs)):
        np.save(os.path.join(folder, f"{name}.double.{i}.npy"), y.numpy())
    flat = []
    for i in inputs:
        flat += i if isinstance(i, (list, tuple)) else [i]
    for i, x in enumerate(flat):
        np.save(os.path.join(folder, f"{name}.{i}.npy"), x.detach().numpy())


def classify(name, side):
    model = getattr(torchvision.models, name)(weights=None, num_classes=20, **({"init_weights": True} if name in ("googlenet", "inception_v3") else {}))
    if hasattr(model, "aux_logits"):
        model.aux_logits = False
        for aux in ("aux1", "aux2", "AuxLogits"):
            if hasattr(model, aux):
                setattr(model, aux, None)
    for p in model.parameters():
        if p.dim() > 1 and not p.any():  # a head that torchvision leaves at zero would show nothing
            torch.nn.init.normal_(p, std=0.05)
    model.eval()
    example = picture(1, 3, side, side)
    calibrate(model, example)
    return model, [example]


def segment(name, side):
    model = getattr(torchvision.models.segmentation, name)(weights=None, weights_backbone=None, num_classes=6).eval()
    example = picture(1, 3, side, side)
    calibrate(model, example)
    return model, [example]


def detect(name):
    model = getattr(torchvision.models.detection, name)(weights=None, weights_backbone=None, num_classes=5, **DETECT_OPTIONS[name])
    model.eval()
    example = picture(1, 3, 96, 128)
    calibrate(model.backbone, example)
    return model, [[example[0]]]


def video(name, side):
    model = getattr(torchvision.models.video, name)(weights=None, num_classes=7).eval()
    example = picture(1, 3 * 8, side, side).reshape(1, 3, 8, side, side)
    calibrate(model, example)
    return model, [example]


def makers():
    out = {}
    for name, side in CLASSIFY.items():
        out[name] = lambda name=name, side=side: (*classify(name, side), {"opset": 16 if name.startswith(("swin", "maxvit")) else 13})
    for name, side in SEGMENT.items():
        out[name] = lambda name=name, side=side: (*segment(name, side), {"opset": 12})
    for name in DETECT:
        out[name] = lambda name=name: (*detect(name), {"opset": 16 if "v2" in name else 11})
    for name, side in VIDEO.items():
        out[name] = lambda name=name, side=side: (*video(name, side), {})
    for name, make in heads.MAKERS.items():
        def one(make=make):
            model, inputs, options = make()
            model.eval()
            if options.pop("calibrate", True) and len(inputs) == 1:
                calibrate(model, inputs[0])
            return model, inputs, options
        out[name] = one
    return out


def main():
    all_makers = makers()
    if sys.argv[1:] == ["--list"]:
        print("\n".join(all_makers))
        return 0
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    folder, names = sys.argv[1], sys.argv[2:] or list(all_makers)
    os.makedirs(folder, exist_ok=True)
    torch.set_num_threads(1)
    bad = 0
    for name in names:
        torch.manual_seed(1)
        try:
            with torch.no_grad():
                model, inputs, options = all_makers[name]()
            save(folder, name, model, inputs, **options)  # without gradients attention takes a form that cannot be exported
        except Exception as e:  # the exporter's own refusals are told, not hidden
            bad += 1
            print(f"{name}: not exported: {type(e).__name__}: {str(e).splitlines()[0][:200] if str(e) else ''}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
