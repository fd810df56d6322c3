#!/usr/bin/python3
"""Ocellus beside other engines on the same networks, by turns in one run: median times, load times,
memory, and how far the results differ.  A ratio is the peer's time over ours: above 1 we are faster.

Ocellus gets each file as it was published; the peers get it cleaned (see networks.py).  The programs
speak the protocol of peer.h, and so may others: --peer NAME=PROGRAM."""
import argparse
import datetime
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import networks
import report
from measure import QUICK, THOROUGH, measure
from process import Engine, PlannedEngine, TunedEngine

REFERENCE = "onnxruntime"


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench peers", description=__doc__)
    parser.add_argument("network", nargs="*", help="of networks.txt or tests/models/cases.txt "
                        "(left out: all of networks.txt)")
    parser.add_argument("--programs", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--ocellus", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PROGRAM",
                        help="another engine, in the protocol of bench/peers/peer.h")
    parser.add_argument("--without", action="append", default=[], metavar="NAME",
                        help="leaves out onnxruntime or opencv")
    parser.add_argument("--threads", default="1,2", help="numbers, with commas (1,2)")
    parser.add_argument("--rounds", type=int, help="turns of each engine")
    parser.add_argument("--quick", action="store_true", help="few rounds, short blocks")
    parser.add_argument("--tuned", action="store_true",
                        help="Ocellus as `ocellus tune` sets it, beside the untuned")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything measured")
    parser.add_argument("--write", action="store_true", help="the tables into docs/performance.md")
    parser.add_argument("--files", type=Path, metavar="FOLDER", help="no measuring: the networks "
                        "cleaned (NAME.onnx) and folded, for converters of other engines")
    parser.add_argument("--from", dest="earlier", type=Path, metavar="FILE",
                        help="no measuring: the tables of an earlier --json FILE")
    return parser.parse_args()


def engines_of(args):
    """Ocellus first: what the ratios are over."""
    ours = args.programs / "peer_ocellus"
    found = [Engine("ocellus", ours, "published")]
    if args.tuned:
        found.append(TunedEngine("ocellus-tuned", ours, "published", args.ocellus))
    for name, file in ((REFERENCE, "clean"), ("opencv", "folded")):
        program = args.programs / f"peer_{name}"
        if name in args.without:
            continue
        if program.exists():
            found.append(Engine(name, program, file))
        else:
            print(f"{name}: skipped, its library is not here (./dev setup bench)", file=sys.stderr)
    for pair in args.peer:
        name, _, program = pair.partition("=")
        if not name or not Path(program).exists():
            sys.exit(f"--peer {pair}: NAME=PROGRAM, and the program must be there")
        found.append(Engine(name, Path(program).resolve()))
    return found


def machine():
    model = "?"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    cores = subprocess.run(["nproc"], stdout=subprocess.PIPE, text=True).stdout.strip()
    return f"{model}, {cores} cores"


def commit():
    asked = subprocess.run(["git", "-C", str(networks.TOP), "describe", "--always", "--dirty"],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return asked.stdout.strip() or "unknown"


def chosen(args):
    rows, cases = networks.table()
    if not args.network:
        return rows
    unknown = [n for n in args.network if n not in rows and n not in cases]
    if unknown:
        sys.exit(f"no network {', '.join(unknown)}; there are {', '.join(rows)}")
    return {n: rows.get(n) or cases[n] for n in args.network}


def each_network(args, folder, skipped):
    fold_program = args.programs / f"peer_{REFERENCE}"
    for name, keys in chosen(args).items():
        try:
            yield networks.prepare(name, keys, folder,
                                   fold_program if fold_program.exists() else None)
        except networks.Missing as why:
            skipped.append(f"skipped {why}")
            print(f"skipped {why}", flush=True)


def clear(folder):
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def measure_all(args, engines, effort, threads):
    planned = PlannedEngine("plan", args.programs / "peer_ocellus", "published")
    library = args.programs / "libocellus_engine.so"
    run = {"date": datetime.date.today().isoformat(), "machine": machine(), "commit": commit(),
           "engines": [e.name for e in engines], "load_only": [planned.name], "reference": REFERENCE, "versions": {},
           "threads": threads, "effort": effort._asdict(), "networks": [], "skipped": [],
           "library_bytes": library.stat().st_size if library.exists() else None}
    print("\n".join(report.head_lines(run)), flush=True)
    with tempfile.TemporaryDirectory(prefix="ocellus-peers.") as name:
        folder = Path(name)
        for network in each_network(args, folder, run["skipped"]):
            row = measure(network, engines, threads, effort, REFERENCE, folder, [planned])
            run["networks"].append(row)
            run["versions"] = {e.name: e.version for e in engines}
            print(report.row_line(run, row), flush=True)
            clear(folder)
    print(report.mean_line(run))
    return run


def main():
    args = arguments()
    if args.files:
        args.files.mkdir(parents=True, exist_ok=True)
        for network in each_network(args, args.files, []):
            print(network.files["clean"], network.files["folded"], flush=True)
        return
    if args.earlier:
        run = json.loads(args.earlier.read_text())
    else:
        effort = QUICK if args.quick else THOROUGH
        if args.rounds:
            effort = effort._replace(rounds=args.rounds)
        threads = [int(n) for n in args.threads.split(",")]
        run = measure_all(args, engines_of(args), effort, threads)
    print("\n".join(report.remarks(run)))
    if args.json and not args.earlier:
        args.json.write_text(json.dumps(run, indent=1) + "\n")
    if args.write:
        report.write(networks.TOP / "docs" / "performance.md", report.markdown(run))
    elif args.earlier:
        print("\n".join(report.markdown(run)))
    broken = [r["network"] for r in run["networks"] if "ocellus" in r["unsupported"]]
    if broken or not run["networks"]:
        sys.exit(f"Ocellus does not run: {', '.join(broken) or 'no network at all'}")


if __name__ == "__main__":
    main()
