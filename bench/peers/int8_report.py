"""Tables of int8.py: on the terminal and in docs/performance.md."""
from int8_macs import PROCESSORS, REACHED, predicted_ms
from report import cell, lines_of, mean, quotient, ratio

OTHERS = {"ocellus-float": "our float", "onnxruntime": "ONNX Runtime", "onnxruntime-exact": "exact"}


def table(head, rows):
    return [lines_of(head), lines_of(["---"] + ["---:"] * (len(head) - 1)), *map(lines_of, rows)]


def part(row, over, under):
    """of the row's sizes"""
    found = row["sizes"]
    for key in over[:-1]:
        found = found.get(key, {})
    a, b = found.get(over[-1]), found.get(under)
    return a / b if a and b else None


def weights_share(row):
    return part(row, ("weights", "bytes"), "float_bytes")


def file_share(row):
    return part(row, ("bytes",), "float_bytes")


def with_quartiles(row, threads, name):
    found = row["ratio"].get(str(threads), {}).get(name)
    return f"**{found[1]:.2f}** ({found[0]:.2f}–{found[2]:.2f})" if found else "–"


def speed_table(run):
    threads = run["threads"]
    rows = [[r["network"], cell(r["ms"].get(str(threads), {}).get("ocellus"))]
            + [with_quartiles(r, threads, n) for n in OTHERS] for r in run["networks"]]
    rows.append(["geometric mean", ""]
                + [cell(mean(ratio(r, threads, n) for r in run["networks"])) for n in OTHERS])
    return table(["network", "int8, ms"] + [f"{text} ÷ int8" for text in OTHERS.values()], rows)


def size_table(run):
    """Of files, loading and memory; ratios are int8 over float."""
    rows = []
    for r in run["networks"]:
        rows.append([r["network"], cell(weights_share(r), "{:.4f}"), cell(file_share(r), "{:.4f}")])
        for key, form in (("load_ms", "{:.1f}"), ("peak_mb", "{:.0f}")):
            names = ["ocellus", "ocellus-float", "onnxruntime"] + (["plan"] if key == "load_ms" else [])
            rows[-1] += [cell(r[key].get(n), form) for n in names]
            rows[-1].append(cell(quotient(r, key, "ocellus", "ocellus-float")))
    middle = [cell(mean(quotient(r, key, "ocellus", "ocellus-float") for r in run["networks"]))
              for key in ("load_ms", "peak_mb")]
    rows.append(["geometric mean"] + [""] * 6 + [middle[0]] + [""] * 3 + [middle[1]])
    return table(["network", "weights", "file", "load int8, ms", "load float", "load ONNX Runtime",
                  "load from a plan", "int8 ÷ float", "peak int8, MB", "peak float", "peak ONNX Runtime",
                  "int8 ÷ float"], rows)


def agreement_table(run):
    """Largest differences from ONNX Runtime's exact results, of the largest output."""
    rows = []
    for r in run["networks"]:
        rows.append([r["network"]])
        for name in ("ocellus", "onnxruntime", "ocellus-float"):
            rows[-1].append(cell(r["deviation"].get(name), "{:.1e}"))
            if name != "ocellus-float":
                same = r["same"].get(name)
                rows[-1].append(cell(100 * same if same is not None else None, "{:.2f} %"))
    return table(["network", "ours", "equal", "ONNX Runtime as it comes", "equal", "our float"], rows)


def prediction_table(run):
    rows = []
    for r in run["networks"]:
        macs = r["dense_macs"]
        rows.append([r["network"], cell(macs / 1e9 if macs else None)])
        rows[-1] += [cell(predicted_ms(macs, p) if macs else None, "{:.1f}") for p in PROCESSORS]
    return table(["network", "GMAC", *PROCESSORS], rows)


def remarks(run):
    said = [f"- {row['network']}: {name} does not run it ({why[:160].strip()})"
            for row in run["networks"] for name, why in row["unsupported"].items()]
    return said + [f"- {text}" for text in run["skipped"]]


def markdown(run):
    """The whole section, lines."""
    version = run["versions"].get("onnxruntime", "")
    processors = "; ".join(f"{n} {per_cycle} at {ghz:g} GHz" for n, (per_cycle, ghz) in PROCESSORS.items())
    lines = [f"{run['date']}, {run['machine']}; {run['threads']} thread(s), {run['effort']['rounds']} rounds; "
             f"`--method {run['method']}`, {run['samples']} samples; ONNX Runtime {version}; {run['commit']}.", ""]
    lines += ["### Speed: time of the other ÷ time of ours in int8", ""] + speed_table(run)
    lines += ["", "### Sizes, load and memory", ""] + size_table(run)
    lines += ["", "### Results: largest difference from ONNX Runtime's exact ones, and share of equal elements", ""]
    lines += agreement_table(run)
    lines += ["", "### Prediction, not measured: ms of the dense products alone", "",
              f"From multiply-adds a cycle, {REACHED:.0%} of them reached: {processors}.", ""]
    lines += prediction_table(run) + [""]
    said = remarks(run)
    return lines + (["### Not measured", ""] + said + [""] if said else [])


def head_line():
    return f"{'':<21}{'int8, ms':>9}" + "".join(f" {name[-13:]:>13}" for name in OTHERS) + \
        f" {'load':>6} {'peak':>6} {'differs':>9} {'equal':>8}"


def row_line(run, row):
    threads = str(run["threads"])
    line = f"{row['network']:<21}{cell(row['ms'].get(threads, {}).get('ocellus'), '{:9.2f}'):>9}"
    for name in OTHERS:
        found = row["ratio"].get(threads, {}).get(name)
        line += f" {found[1]:7.2f} ±{(found[2] - found[0]) / 2:4.2f}" if found else f" {'–':>13}"
    for key in ("load_ms", "peak_mb"):
        line += f" {cell(quotient(row, key, 'ocellus', 'ocellus-float')):>6}"
    same = row["same"].get("ocellus")
    return line + f" {cell(row['deviation'].get('ocellus'), '{:.1e}'):>9}" \
        f" {cell(100 * same if same is not None else None, '{:.2f}%'):>8}"


def mean_line(run):
    means = [cell(mean(ratio(r, run["threads"], n) for r in run["networks"]), "{:7.2f}") for n in OTHERS]
    return f"{'geometric mean':<30}" + "".join(f" {m:<13}" for m in means)
