"""The int8 tables: multiply-adds that are counted, shares, and what is written, from a run made up here."""
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
try:
    import numpy
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    sys.exit(77)

import int8
import int8_macs
import int8_report


def constant(name, shape, dtype):
    return numpy_helper.from_array(numpy.ones(shape, dtype), name)


def network(group=1, weights=numpy.int8):
    """A convolution of 8 by 8 to 6 by 6 and a product, the weights in bytes."""
    nodes = [helper.make_node("DequantizeLinear", ["w8", "s"], ["w"]),
             helper.make_node("Conv", ["x", "w"], ["c"], group=group),
             helper.make_node("Flatten", ["c"], ["f"]),
             helper.make_node("DequantizeLinear", ["b8", "s"], ["b"]),
             helper.make_node("Gemm", ["f", "b"], ["y"])]
    inits = [constant("w8", (4, 4 // group, 3, 3), weights), constant("b8", (4 * 36, 5), numpy.int8),
             constant("s", (), numpy.float32)]
    if weights == numpy.float32:
        nodes[0] = helper.make_node("Identity", ["w8"], ["w"])
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 8, 8])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 5])], inits)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])


def row(name, **more):
    found = {"network": name, "ms": {"1": {"ocellus": 4.0, "ocellus-float": 6.0, "onnxruntime": 3.0}},
             "ratio": {"1": {"ocellus-float": [1.4, 1.5, 1.6], "onnxruntime": [0.7, 0.75, 0.8]}},
             "unsupported": {}, "load_ms": {"ocellus": 10.0, "ocellus-float": 20.0, "plan": 2.0},
             "peak_mb": {"ocellus": 30.0, "ocellus-float": 40.0}, "info": {},
             "deviation": {"ocellus": 0.25, "ocellus-float": 0.5}, "same": {"ocellus": 0.75},
             "sizes": {"bytes": 30, "float_bytes": 100, "weights": {"bytes": 26, "float_bytes": 104}},
             "dense_macs": 1536 * 10**6}
    found.update(more)
    return found


def run_of(*rows):
    return {"date": "today", "machine": "m", "commit": "c", "method": "minmax", "samples": 16, "threads": 1,
            "effort": {"rounds": 3}, "versions": {"onnxruntime": "9"}, "networks": list(rows),
            "skipped": ["skipped it"]}


class Int8(unittest.TestCase):
    def test_dense_products_are_counted(self):
        product = 4 * 36 * 5
        self.assertEqual(int8_macs.dense_macs(network()), 4 * 36 * 4 * 9 + product)
        self.assertEqual(int8_macs.dense_macs(network(group=4)), product)
        self.assertEqual(int8_macs.dense_macs(network(weights=numpy.float32)), product)

    def test_prediction(self):
        self.assertAlmostEqual(int8_macs.predicted_ms(1536 * 10**6, "AVX-VNNI"), 10)
        self.assertAlmostEqual(int8_macs.predicted_ms(1536 * 10**6, "NEON dotprod"), 30)

    def test_quantised_already(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.onnx"
            onnx.save(network(), str(path))
            self.assertTrue(int8.is_quantised(path))
            plain = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [], [])
            onnx.save(helper.make_model(plain), str(path))
            self.assertFalse(int8.is_quantised(path))

    def test_tables(self):
        bare = row("bare", sizes={}, dense_macs=None, ratio={"1": {"onnxruntime": [3, 3, 3]}},
                   load_ms={"ocellus": 1.0}, peak_mb={"ocellus": 1.0})
        text = "\n".join(int8_report.markdown(run_of(row("x"), bare)))
        self.assertIn("| x | 4.00 | **1.50** (1.40–1.60) | **0.75** (0.70–0.80) | – |", text)
        self.assertIn("| geometric mean |  | 1.50 | 1.50 | – |", text)
        self.assertIn("| x | 0.2500 | 0.3000 | 10.0 | 20.0 | – | 2.0 | 0.50 | 30 | 40 | – | 0.75 |", text)
        self.assertIn("| x | 2.5e-01 | 75.00 % | – | – | 5.0e-01 |", text)
        self.assertIn("| x | 1.54 | 10.0 | 5.0 | 30.0 | 15.0 |", text)
        self.assertIn("| bare | – | – | – | – | – |", text)
        self.assertIn("- skipped it", text)
        widths = {}
        for line in text.splitlines():
            if not line.startswith("|"):
                widths = {}
            else:
                widths.setdefault("columns", line.count("|"))
                self.assertEqual(line.count("|"), widths["columns"], line)


if __name__ == "__main__":
    unittest.main()
