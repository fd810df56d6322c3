#!/usr/bin/python3
"""Networks in int8, by turns in one run: Ocellus on the file `ocellus quantize` writes, Ocellus on the
float file, and ONNX Runtime on the quantised file both ways: as it comes (on processors without VNNI its
sums saturate) and exact (session.x64quantprecision).  A ratio is the other's time over ours in int8:
above 1 we are faster.

Calibration is by frames of the tests' video, the same in each run; none of them is the frame measured."""
import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import onnx

import int8_report
import networks
import report
from int8_macs import dense_macs
from measure import QUICK, THOROUGH, measure
from peers import clear, commit, machine
from process import Engine, PlannedEngine

NETWORKS = ("resnet-18", "resnet-50", "mobilenet-v2", "mobilenet-v3-large", "efficientnet-b0", "yolox-nano",
            "picodet-s-416", "centernet", "yolov8n", "mobilenet-v2-int8")
SAMPLES = [1.5 + 4.5 * i for i in range(16)]  # seconds into the video
EXACT = "onnxruntime-exact"


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench int8", description=__doc__)
    parser.add_argument("network", nargs="*", help="of networks.txt or tests/models/cases.txt (left out: "
                        + ", ".join(NETWORKS) + ")")
    parser.add_argument("--programs", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--ocellus", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--method", default="minmax", help="of `ocellus quantize` (minmax)")
    parser.add_argument("--threads", type=int, default=1, help="of every engine (1)")
    parser.add_argument("--rounds", type=int, help="turns of each engine")
    parser.add_argument("--quick", action="store_true", help="few rounds, short blocks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything measured")
    parser.add_argument("--write", action="store_true", help="the tables into docs/performance.md")
    parser.add_argument("--files", type=Path, metavar="FOLDER", help="no measuring: the quantised files")
    parser.add_argument("--from", dest="earlier", type=Path, metavar="FILE",
                        help="no measuring: the tables of an earlier --json FILE")
    return parser.parse_args()


def engines_of(args, network):
    """Ocellus in int8 first: what the ratios are over.  A network published in int8 has no float self."""
    ours, theirs = args.programs / "peer_ocellus", args.programs / "peer_onnxruntime"
    found = [Engine("ocellus", ours, "int8")]
    if "float" in network.files:
        found.append(Engine("ocellus-float", ours, "float"))
    if theirs.exists():
        found.append(Engine("onnxruntime", theirs, "int8_clean"))
        found.append(Engine(EXACT, theirs, "int8_clean", ["--exact"]))
    return found


def is_quantised(path):
    return any(n.op_type in ("QuantizeLinear", "DequantizeLinear") or n.op_type.startswith("QLinear")
               for n in onnx.load(str(path)).graph.node)


def calibrate(network, keys, folder):
    """A folder of tensors, or Missing."""
    if len(network.inputs) != 1:
        raise networks.Missing(f"{network.name}: {len(network.inputs)} inputs")
    only = network.inputs[0]
    types = {name: dtype for name, dtype in networks.TYPES.values()}
    folder.mkdir()
    for i, second in enumerate(SAMPLES):
        data = networks.picture(only.shape, types[only.type], keys, second)
        numpy.save(folder / f"{i:02}.npy", data)
    return folder


def quantise(network, keys, folder, args):
    """The quantised file and what `ocellus quantize` tells of it; of one published so, nothing."""
    published = network.files["published"]
    if is_quantised(published):
        return published, {}
    target = folder / f"{network.name}.int8.onnx"
    samples = calibrate(network, keys, folder / f"{network.name}.samples")
    done = subprocess.run([str(args.ocellus), "quantize", str(published), "--calibration", str(samples),
                           "--method", args.method, "--json", "-o", str(target)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise networks.Missing(f"{network.name}: {done.stderr.strip()}")
    network.files["float"] = published
    return target, json.loads(done.stdout)


def prepare(name, keys, folder, args):
    """The network with its files `int8`, `int8_clean` and, unless it has none, `float`; its sizes; its
    dense products."""
    network = networks.prepare(name, keys, folder)
    path, told = quantise(network, keys, folder, args)
    model = networks.clean(onnx.load(str(path)), {i.name: i.shape for i in network.inputs})
    network.files["int8"] = path
    network.files["int8_clean"] = folder / f"{name}.int8.clean.onnx"
    onnx.save(model, str(network.files["int8_clean"]))
    sizes = {key: told[key] for key in ("bytes", "float_bytes", "layers_integer", "layers_float", "weights")
             if key in told}
    return network, sizes, dense_macs(model)


def chosen(args):
    rows, cases = networks.table()
    names = args.network or NETWORKS
    unknown = [n for n in names if n not in rows and n not in cases]
    if unknown:
        sys.exit(f"no network {', '.join(unknown)}; there are {', '.join(NETWORKS)}")
    return {n: rows.get(n) or cases[n] for n in names}


def each_network(args, folder, skipped):
    for name, keys in chosen(args).items():
        try:
            yield prepare(name, keys, folder, args)
        except networks.Missing as why:
            skipped.append(f"skipped {why}")
            print(f"skipped {why}", flush=True)


def measure_all(args, effort):
    run = {"date": datetime.date.today().isoformat(), "machine": machine(), "commit": commit(),
           "reference": EXACT, "method": args.method, "samples": len(SAMPLES), "threads": args.threads,
           "effort": effort._asdict(), "versions": {}, "networks": [], "skipped": []}
    planned = PlannedEngine("plan", args.programs / "peer_ocellus", "int8")
    print(int8_report.head_line(), flush=True)
    with tempfile.TemporaryDirectory(prefix="ocellus-int8.") as name:
        folder = Path(name)
        for network, sizes, macs in each_network(args, folder, run["skipped"]):
            engines = engines_of(args, network)
            row = measure(network, engines, [args.threads], effort, EXACT, folder, [planned])
            row.update(sizes=sizes, dense_macs=macs)
            run["networks"].append(row)
            run["versions"].update({e.name: e.version for e in engines})
            print(int8_report.row_line(run, row), flush=True)
            clear(folder)
    print(int8_report.mean_line(run))
    return run


def main():
    args = arguments()
    if args.files:
        args.files.mkdir(parents=True, exist_ok=True)
        for network, _, _ in each_network(args, args.files, []):
            print(network.files["int8"], flush=True)
        return
    if args.earlier:
        run = json.loads(args.earlier.read_text())
    else:
        effort = QUICK if args.quick else THOROUGH
        if args.rounds:
            effort = effort._replace(rounds=args.rounds)
        run = measure_all(args, effort)
    print("\n".join(int8_report.remarks(run)))
    if args.json and not args.earlier:
        args.json.write_text(json.dumps(run, indent=1) + "\n")
    if args.write:
        report.write(networks.TOP / "docs" / "performance.md", int8_report.markdown(run), "int8")
    elif args.earlier:
        print("\n".join(int8_report.markdown(run)))
    broken = [r["network"] for r in run["networks"] if "ocellus" in r["unsupported"]]
    if broken or not run["networks"]:
        sys.exit(f"Ocellus does not run: {', '.join(broken) or 'no network at all'}")


if __name__ == "__main__":
    main()
