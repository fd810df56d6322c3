"""Shared by the converter's tests: converts a made model and runs the result."""

import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(HERE, '..', '..', 'tools')
sys.path[:0] = [HERE, TOOLS]
sys.dont_write_bytecode = True

try:
    import numpy as np
    import onnx
except ImportError as missing:
    print('skipped: %s' % missing)
    sys.exit(77)

import onnx_numpy                                                           # noqa: E402
from tfjs2onnx import __main__ as command, reader, translate, writer        # noqa: E402
from tfjs_model import Model                                                # noqa: E402,F401

SCRIPT = os.path.join(TOOLS, 'tfjs2onnx.py')


def converted(model, **shapes):
    """The checked ModelProto of a made model."""
    with tempfile.TemporaryDirectory() as folder:
        proto = onnx.load_from_string(command.convert(model.save(folder), shapes))
    onnx.checker.check_model(proto, full_check=True)
    return proto


def unoptimised(model):
    """The same before any pass: what each operator's function emits."""
    with tempfile.TemporaryDirectory() as folder:
        graph = translate.translate(reader.load(model.save(folder)), {})
    graph.drop_dead()
    return onnx.load_from_string(writer.to_bytes(graph, 'plain'))


def ops(proto):
    return [n.op_type for n in proto.graph.node]


def run(model, **feeds):
    """Outputs of the converted model by name; types are those the file declares."""
    proto = converted(model)
    results = onnx_numpy.run(proto, feeds)
    for o in proto.graph.output:
        declared = onnx_numpy.KINDS[o.type.tensor_type.elem_type]
        assert results[o.name].dtype == declared, (o.name, results[o.name].dtype, declared)
        dims = [d.dim_value for d in o.type.tensor_type.shape.dim]
        assert all(d in (0, n) for d, n in zip(dims, results[o.name].shape)), (o.name, dims)
    return results


def evaluate(op, arrays, variable=(0,), outputs=1, **attrs):
    """Results of one TensorFlow operator: arrays named in `variable` are graph inputs, the
    others constants."""
    model, refs, feeds = Model(), [], {}
    for i, array in enumerate(arrays):
        array = np.asarray(array)
        if i in variable:
            feeds['x%d' % i] = array
            refs.append(model.input('x%d' % i, array.shape, array.dtype))
        else:
            refs.append(model.const('c%d' % i, array))
    model.node('y', op, refs, **attrs)
    for k in range(outputs):
        model.output('y%d' % k, 'y:%d' % k)
    results = run(model, **feeds)
    found = [results['y%d' % k] for k in range(outputs)]
    return found[0] if outputs == 1 else found
