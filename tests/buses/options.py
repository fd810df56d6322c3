#!/usr/bin/env python3
"""The table of options in docs/buses.md is made of src/events/bus_options.inc: compares the two, or
with --write puts it in."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
BEGIN, END = re.compile(r"<!-- options:begin.*?-->\n"), "<!-- options:end -->"


def rows():
    text = re.sub(r"/\*.*?\*/", "", (TOP / "src/events/bus_options.inc").read_text(), flags=re.S)
    for form, args in re.findall(r'^([A-Z]+)\((.*)\)$', text, re.M):
        kind = args.split(",")[0]
        words = [w.replace('\\"', '"') for w in re.findall(r'"((?:\\.|[^"\\])*)"', args)]
        key, what = words[0], words[-1]
        if form == "SECRET":
            key = f"{key}_file`, `{key}_env"
        if form == "WORD":
            what = f"{', '.join(words[1].split('|'))}: {what}"
        if form == "TEXT" and ", true," in args:
            what = "**needed.** " + what
        yield kind, key, what.replace("|", "\\|").strip()


def table():
    out = ["| kind | key | meaning (default) |", "|---|---|---|"]
    out += [f"| {kind} | `{key}` | {what} |" for kind, key, what in rows()]
    return "\n".join(out) + "\n"


def main():
    path = TOP / "docs/buses.md"
    doc = path.read_text()
    begin, end = BEGIN.search(doc).end(), doc.index(END)
    if "--write" in sys.argv:
        path.write_text(doc[:begin] + table() + doc[end:])
    elif doc[begin:end] != table():
        print("docs/buses.md: the table of options is not that of src/events/bus_options.inc: "
              "tests/buses/options.py --write")
        return 1
    return 0


sys.exit(main())
