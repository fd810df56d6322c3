"""The comparison itself, with engines that only pretend: what they say is what must come out."""
import stat
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

import measure
import networks
import report
from process import Engine, PlannedEngine, TunedEngine, Unsupported

# Answers like peer.c: every run takes MS, its results are VALUES.
PRETENDER = """#!/usr/bin/python3
import array, sys
MS, VALUES, REASON, FAILS = {ms}, {values}, {reason!r}, {fails}
if REASON:
    print("unsupported", REASON, flush=True)
    sys.exit(1)
print("a library's own words\\nready 12.5 0.9 test", flush=True)
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "run" and FAILS:
        print("failed out of order", flush=True)
    elif word == "run":
        print("times", *[MS] * int(rest), flush=True)
    elif word == "info":
        print("info flops=2e9 weight_bytes=3000000 arena_bytes=1000000", flush=True)
    elif word == "save":
        array.array("f", VALUES).tofile(open(rest, "wb"))
        print("saved", flush=True)
"""
EFFORT = measure.Effort(rounds=3, loads=2, block_ms=5)


class Peers(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name)
        measure.PAUSE_S = 0

    def tearDown(self):
        self.scratch.cleanup()

    def pretender(self, name, ms=1.0, values=(1.0, -2.0), reason="", fails=False):
        path = self.folder / name
        path.write_text(PRETENDER.format(ms=ms, values=list(values), reason=reason, fails=fails))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return Engine(name, path)

    def network(self):
        files = {"clean": "x.onnx"}
        return networks.Network("x", self.folder, files, [], ["y"], 1.0)

    def measured(self, *others):
        engines = [self.pretender("ocellus", 2.0), *others]
        row = measure.measure(self.network(), engines, [1, 2], EFFORT, "onnxruntime", self.folder)
        return engines, row

    def test_ratio_is_theirs_over_ours(self):
        _, row = self.measured(self.pretender("onnxruntime", 3.0), self.pretender("slow", 8.0))
        self.assertEqual(row["ms"]["2"], {"ocellus": 2.0, "onnxruntime": 3.0, "slow": 8.0})
        self.assertEqual(row["ratio"]["1"], {"onnxruntime": [1.5] * 3, "slow": [4.0] * 3})
        self.assertEqual(row["load_ms"]["slow"], 12.5)
        self.assertGreater(row["peak_mb"]["slow"], 1)
        self.assertEqual(report.fastest(row, 1, ["onnxruntime", "slow"]), 1.5)

    def test_other_results_are_told(self):
        engines, row = self.measured(self.pretender("onnxruntime"),
                                     self.pretender("wrong", values=(1.0, -1.0)),
                                     self.pretender("short", values=(1.0,)))
        self.assertEqual(row["deviation"]["ocellus"], 0)
        self.assertEqual(row["deviation"]["wrong"], 0.5)
        run = {"networks": [row], "skipped": ["skipped it"], "reference": "onnxruntime",
               "engines": [e.name for e in engines]}
        said = "\n".join(report.remarks(run))
        self.assertIn("wrong's results differ from onnxruntime's by 5.0e-01", said)
        self.assertIn("short's results", said)
        self.assertNotIn("ocellus's", said)
        self.assertIn("skipped it", said)

    def test_engines_that_cannot(self):
        _, row = self.measured(self.pretender("onnxruntime"), self.pretender("no", reason="no Foo"),
                               self.pretender("late", fails=True))
        self.assertEqual(row["unsupported"], {"no": "no Foo", "late": "out of order"})
        self.assertEqual(set(row["ratio"]["2"]), {"onnxruntime"})
        with self.assertRaises(Unsupported):
            Engine("gone", "/bin/true").start(self.network(), 1)

    def test_tuned_once_for_each_number_of_threads(self):
        ours = self.pretender("ocellus")
        tuner = self.folder / "tuner"
        tuner.write_text('#!/bin/sh\nmkdir -p $XDG_CACHE_HOME/ocellus\n'
                         'echo "$@" >> $XDG_CACHE_HOME/ocellus/tune.txt\n')
        tuner.chmod(0o755)
        engine = TunedEngine("ocellus-tuned", ours.program, "clean", tuner)
        for _ in range(2):
            self.assertEqual(engine.made(self.network(), 2).read_text(), "tune x.onnx --threads 2\n")
        tuner.write_text("#!/bin/sh\necho no such model >&2\nexit 1\n")
        with self.assertRaisesRegex(Unsupported, "no such model"):
            engine.start(self.network(), 1)

    def test_plan_is_written_by_the_peer(self):
        ours = self.pretender("ocellus")
        ours.program.write_text('#!/bin/sh\nfor last; do :; done\n'
                                '[ -f "$last" ] && echo ready 1 || { echo ready 9; : > "$last"; }\n')
        engine = PlannedEngine("plan", ours.program)
        for _ in range(2):
            process = engine.start(self.network(), 1)
            self.assertEqual(process.load_ms, 1)
            process.close()

    def test_table_goes_between_the_markers(self):
        engines, row = self.measured(self.pretender("onnxruntime", 3.0), self.pretender("mnn", 2.5))
        run = {"date": "today", "machine": "m", "commit": "c", "engines": [e.name for e in engines],
               "reference": "onnxruntime", "load_only": ["plan"], "versions": {e.name: e.version for e in engines},
               "threads": [1, 2], "effort": EFFORT._asdict(), "networks": [row], "skipped": [],
               "library_bytes": 1500000}
        page = self.folder / "page.md"
        begin, end = report.markers("peers")
        page.write_text(f"above\n{begin}\nold\n{end}\nbelow\n")
        report.write(page, report.markdown(run))
        text = page.read_text()
        self.assertTrue(text.startswith("above\n") and text.endswith("\nbelow\n"))
        self.assertNotIn("old", text)
        self.assertIn("| 4.0 |", text)
        self.assertIn("| x (2.00) | 2.00 | **1.50** (1.50–1.50) | **1.25** (1.25–1.25) | 1.25 |", text)
        self.assertIn("1.50 MB", text)
        page.write_text("no markers")
        with self.assertRaises(SystemExit):
            report.write(page, [])

    def test_mean_is_geometric(self):
        self.assertAlmostEqual(report.mean([2.0, 0.5, 8.0, None]), 2.0)
        self.assertIsNone(report.mean([]))

    def test_cleaned_file(self):
        weight = numpy_helper.from_array(numpy.ones(3, numpy.float32), "w")
        inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3]),
                  helper.make_tensor_value_info("w", TensorProto.FLOAT, [3])]
        output = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])
        graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", inputs,
                                  [output], [weight])
        model = networks.clean(helper.make_model(graph), {"x": [2, 3]})
        self.assertEqual([v.name for v in model.graph.input], ["x"])
        dims = model.graph.input[0].type.tensor_type.shape.dim
        self.assertEqual([d.dim_value for d in dims], [2, 3])
        onnx.checker.check_model(model)
        self.assertEqual([w.name for w in model.graph.initializer], ["w"])

    def test_rows(self):
        rows, _ = networks.table()
        self.assertEqual(rows["yolox-nano"]["model"], "shared:yolox_nano_416.onnx")
        self.assertEqual(rows["resnet-18"]["model"], "export:resnet-18")
        with self.assertRaises(networks.Missing):
            networks.model_path("x", {"model": "export:not-there"})


if __name__ == "__main__":
    unittest.main()
