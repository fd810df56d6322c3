"""The comparison as tables: on the terminal and, between markers, in docs/performance.md."""
import math


def markers(name):
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def mean(ratios):
    """Geometric; None of nothing."""
    ratios = [r for r in ratios if r and r > 0]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def cell(value, form="{:.2f}"):
    return form.format(value) if value is not None else "–"


def ratio(row, threads, name):
    quartiles = row["ratio"].get(str(threads), {}).get(name)
    return quartiles[1] if quartiles else None


def quotient(row, key, over, under):
    a, b = row[key].get(over), row[key].get(under)
    return a / b if a and b else None


def fastest(row, threads, rivals):
    """The ratio of the fastest rival: the smallest, since a ratio is its time over ours."""
    found = [r for r in (ratio(row, threads, name) for name in rivals) if r]
    return min(found) if found else None


def lines_of(cells):
    return "| " + " | ".join(cells) + " |"


def rivals_of(run):
    """Those of the second bound of `To reach`: all but OpenCV, which is slower everywhere."""
    return [n for n in run["engines"][1:] if n not in ("opencv", "ocellus-tuned")]


def speed_table(run, threads):
    """Times in ms; for each peer its time over ours, with the middle half of the rounds."""
    ours, *others = run["engines"]
    versions = run["versions"]
    head = ["network (GFLOP)", "Ocellus, ms"] + [f"{n} {versions.get(n, '')}".strip() for n in others]
    rivals = rivals_of(run)
    if len(rivals) > 1:
        head.append("fastest")
    table = [lines_of(head), lines_of(["---"] + ["---:"] * (len(head) - 1))]
    for row in run["networks"]:
        ms = row["ms"].get(str(threads), {})
        gflop = row["info"].get("flops", 0) / 1e9
        cells = [f"{row['network']} ({gflop:.2f})", cell(ms.get(ours))]
        for name in others:
            quartiles = row["ratio"].get(str(threads), {}).get(name)
            cells.append(f"**{quartiles[1]:.2f}** ({quartiles[0]:.2f}–{quartiles[2]:.2f})"
                         if quartiles else "–")
        if len(rivals) > 1:
            cells.append(cell(fastest(row, threads, rivals)))
        table.append(lines_of(cells))
    cells = ["geometric mean", ""]
    cells += [cell(mean(ratio(r, threads, n) for r in run["networks"])) for n in others]
    if len(rivals) > 1:
        cells.append(cell(mean(fastest(r, threads, rivals) for r in run["networks"])))
    table.append(lines_of(cells))
    return table


def load_table(run):
    """Milliseconds to load and megabytes at the peak; ours over each."""
    engines = [n for n in run["engines"] if n != "ocellus-tuned"]
    ours, reference = engines[0], run["reference"]
    plans = run["load_only"]
    head = ["network", "weights, MB"] + [f"load {n}, ms" for n in engines] + ["ratio"]
    head += [f"load {n}, ms" for n in plans]
    head += [f"peak {n}, MB" for n in engines] + ["ratio", "ours packed + arena, MB"]
    table = [lines_of(head), lines_of(["---"] + ["---:"] * (len(head) - 1))]
    for row in run["networks"]:
        cells = [row["network"], f"{row['weights_mb']:.1f}"]
        for key, form in (("load_ms", "{:.1f}"), ("peak_mb", "{:.0f}")):
            cells += [cell(row[key].get(n), form) for n in engines]
            cells.append(cell(quotient(row, key, ours, reference)))
            if key == "load_ms":
                cells += [cell(row[key].get(n), form) for n in plans]
        own = row["info"]
        cells.append(cell((own["weight_bytes"] + own["arena_bytes"]) / 1e6 if own else None,
                          "{:.1f}"))
        table.append(lines_of(cells))
    cells = ["geometric mean", ""]
    for key in ("load_ms", "peak_mb"):
        cells += [""] * len(engines)
        cells.append(cell(mean(quotient(r, key, ours, reference) for r in run["networks"])))
        cells += [""] * len(plans if key == "load_ms" else [""])
    table.append(lines_of(cells))
    return table


def scaling_table(run):
    """Ours: the time of one thread over that of two."""
    ours = run["engines"][0]
    pairs = [(r["network"], r["ms"].get("1", {}).get(ours), r["ms"].get("2", {}).get(ours))
             for r in run["networks"]]
    found = [(n, a / b) for n, a, b in pairs if a and b]
    if not found:
        return []
    return ["Two threads against one, Ocellus: geometric mean "
            f"{mean(r for _, r in found):.2f}; " + ", ".join(f"{n} {r:.2f}" for n, r in found) + "."]


def remarks(run):
    """What could not be run, and results that differ from the reference's."""
    said = []
    for row in run["networks"]:
        for name, why in row["unsupported"].items():
            said.append(f"- {row['network']}: {name} does not run it ({why[:160].strip()})")
        for name, deviation in row["deviation"].items():
            if not deviation < 1e-3:  # NaN too: another number of results
                said.append(f"- {row['network']}: {name}'s results differ from {run['reference']}'s by "
                            f"{deviation:.1e} of the largest")
    said += [f"- {text}" for text in run["skipped"]]
    return said


def markdown(run):
    """The whole section, lines."""
    lines = [f"{run['date']}, {run['machine']}; {run['effort']['rounds']} rounds; Ocellus "
             f"{run['versions'].get(run['engines'][0], '')} ({run['commit']}).", ""]
    for threads in run["threads"]:
        lines += [f"### {threads} thread{'s' if threads > 1 else ''}: time of the peer ÷ time of "
                  "Ocellus", ""] + speed_table(run, threads) + [""]
    scaling = scaling_table(run)
    lines += scaling + [""] if scaling else []
    lines += ["### Load and memory (one thread; ratio: Ocellus ÷ ONNX Runtime)", ""]
    lines += load_table(run) + [""]
    if run.get("library_bytes"):
        lines += [f"The engine alone (rows 0 to 4 of the layers, stripped): "
                  f"{run['library_bytes'] / 1e6:.2f} MB.", ""]
    said = remarks(run)
    return lines + (["### Remarks", ""] + said + [""] if said else [])


def write(path, lines, name="peers"):
    """Puts a section between the markers of a document that has them."""
    begin, end = markers(name)
    text = path.read_text()
    if text.count(begin) != 1 or text.count(end) != 1:
        raise SystemExit(f"{path}: no place for the tables ('{begin}' and '{end}')")
    head, rest = text.split(begin)
    tail = rest.split(end)[1]
    path.write_text(head + begin + "\n" + "\n".join(lines) + end + tail)


def row_line(run, row):
    """A network's line on the terminal."""
    ours, *others = run["engines"]
    line = f"{row['network']:<21}"
    for threads in run["threads"]:
        ms = row["ms"].get(str(threads), {}).get(ours)
        line += f" {cell(ms, '{:8.2f}'):>8}"
        for name in others:
            quartiles = row["ratio"].get(str(threads), {}).get(name)
            line += f" {quartiles[1]:5.2f} ±{(quartiles[2] - quartiles[0]) / 2:4.2f}" if quartiles \
                else f" {'–':>11}"
        line += " |"
    return line


def head_lines(run):
    ours, *others = run["engines"]
    first = second = f"{'':<21}"
    for threads in run["threads"]:
        width = 9 + 12 * len(others)
        first += f"{f'{threads} thread(s)':>{width}} |"
        second += f" {ours[:8]:>8}" + "".join(f" {n[:11]:>11}" for n in others) + " |"
    return [first, second]


def mean_line(run):
    line = f"{'geometric mean':<21}"
    for threads in run["threads"]:
        line += " " * 9
        for name in run["engines"][1:]:
            value = cell(mean(ratio(r, threads, name) for r in run["networks"]), "{:5.2f}")
            line += f" {value:<11}"
        line += " |"
    return line
