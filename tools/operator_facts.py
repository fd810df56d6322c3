#!/usr/bin/env python3
"""Adds to the table of list_operators (stdin) what the sources say of each operator: opsets, element types, kernels by instruction set.

Opsets and types are those of the comment at the top of the operator's file; kernels are the families its file includes, each
with the instruction sets of its list (src/kernels/<family>.inc)."""
import glob
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src")
TYPES = ["f32", "f64", "f16", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "bool"]
# the opset that brought an operator, where it is not the first
SINCE = {
    "Acos": 7, "Acosh": 9, "AffineGrid": 20, "Asin": 7, "Asinh": 9, "Atan": 7, "Atanh": 9, "BitShift": 11,
    "BitwiseAnd": 18, "BitwiseOr": 18, "BitwiseXor": 18, "CastLike": 15, "Celu": 12, "CenterCropPad": 18,
    "Col2Im": 18, "Compress": 9, "ConcatFromSequence": 11, "ConstantOfShape": 9, "ConvInteger": 10, "Cos": 7,
    "Cosh": 9, "CumSum": 11, "DeformConv": 19, "DequantizeLinear": 10, "Det": 11, "DynamicQuantizeLinear": 11,
    "Einsum": 12, "Erf": 9, "Expand": 8, "EyeLike": 9, "GatherElements": 11, "GatherND": 11, "Gelu": 20,
    "GreaterOrEqual": 12, "GridSample": 16, "GroupNormalization": 18, "HardSwish": 14, "IsInf": 10, "IsNaN": 9,
    "LayerNormalization": 17, "LessOrEqual": 12, "MatMulInteger": 10, "MaxUnpool": 9, "MeanVarianceNormalization": 9,
    "Mish": 18, "Mod": 10, "NonMaxSuppression": 10, "NonZero": 9, "OneHot": 9, "Optional": 15,
    "OptionalGetElement": 15, "OptionalHasElement": 15, "QLinearConv": 10, "QLinearMatMul": 10, "QuantizeLinear": 10,
    "Range": 11, "Resize": 10, "ReverseSequence": 10, "RoiAlign": 10, "Round": 11, "Scan": 8, "Scatter": 9,
    "ScatterElements": 11, "ScatterND": 11, "SequenceAt": 11, "SequenceConstruct": 11, "SequenceEmpty": 11,
    "SequenceErase": 11, "SequenceInsert": 11, "SequenceLength": 11, "Shrink": 9, "Sign": 9, "Sin": 7, "Sinh": 9,
    "SplitToSequence": 11, "Tan": 7, "ThresholdedRelu": 10, "Trilu": 14, "Unique": 11, "Where": 9,
    "RMSNormalization": 23, "Swish": 24,
}
LONG = {"float32": "f32", "int64": "i64", "int32": "i32", "uint8": "u8", "int8": "i8"}


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def isas(family):
    path = os.path.join(ROOT, "kernels", family + ".inc")
    return re.findall(r"^OC_K\w*\((\w+)", read(path), re.M) if os.path.exists(path) else []


def families(text, seen):
    """Kernel families a file uses, through the headers of its own folder as well."""
    found = set(re.findall(r'#include "kernels/(\w+)\.h"', text))
    for header in re.findall(r'#include "ops/(\w+)\.h"', text):
        for path in (os.path.join(ROOT, "ops", header + ext) for ext in (".h", ".c")):
            if os.path.exists(path) and path not in seen and header not in ("op", "args"):
                seen.add(path)
                found |= families(read(path), seen)
    return {f for f in found if isas(f)}


def opsets(head, name):
    own = re.search(rf"\b{name}\)?\s+(?:opset\s+)?(\d+)(?:\.\.(\d*))?", head)
    general = re.search(r"opset\s+(\d+)(?:\.\.(\d*))?", head)
    m = re.search(rf"\b{name}\)? opset (\d+)(?:\.\.(\d*))?", head) or (own if own and ".." in own.group(0) else None) or general
    return f"{max(int(m.group(1)), SINCE.get(name, 1))}–{m.group(2) or ''}" if m else ""


def types(head):
    if re.search(r"\bany type\b|every type|all types", head):
        return "any"
    words = set(re.findall(r"\b(?:" + "|".join(TYPES + list(LONG)) + r")\b", head))
    words = {LONG.get(w, w) for w in words}
    return " ".join(t for t in TYPES if t in words)


def main():
    sources = {path: read(path) for path in sorted(glob.glob(os.path.join(ROOT, "ops", "*.c")))
               if not os.path.basename(path).startswith("bound")}  # those name operators, and are none
    for line in sys.stdin.read().splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if len(cells) != 5:
            print(line)
        elif cells[0] == "operator":
            print("| operator | domain | opsets | types | inputs | outputs | kernels | |")
        elif set(line) <= set("|-"):
            print("|---|---|---|---|---|---|---|---|")
        else:
            path = next((p for p, s in sources.items() if f'"{cells[0]}"' in s), None)
            text = sources.get(path, "")
            head = text[: text.find("*/")] if text.startswith("/*") else ""
            by_isa = {}
            for family in sorted(families(text, set())):
                for isa in isas(family):
                    by_isa.setdefault(isa, []).append(family)
            kernels = ", ".join(i for i in ("ref", "avx2", "avxvnni", "avx512", "vnni", "neon", "dotprod", "i8mm") if i in by_isa)
            kernels += "".join(f", {i}" for i in by_isa if i not in kernels)
            domain_opset = opsets(head, cells[0]) if cells[1] == "ONNX" else ""
            print(f"| {cells[0]} | {cells[1]} | {domain_opset} | {types(head)} | {cells[2]} | {cells[3]} | {kernels or 'C'} | {cells[4]} |")


if __name__ == "__main__":
    main()
