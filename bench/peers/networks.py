"""The networks that are compared: where their files are, what goes in, what comes out, and the files
the peers get: each what it likes best."""
import os
import subprocess
from collections import namedtuple
from pathlib import Path

import numpy
import onnx
from onnx import helper, numpy_helper

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ocellus"
TYPES = {  # ONNX's element type: the protocol's name, numpy's
    onnx.TensorProto.FLOAT: ("f32", numpy.float32),
    onnx.TensorProto.UINT8: ("u8", numpy.uint8),
    onnx.TensorProto.INT32: ("i32", numpy.int32),
    onnx.TensorProto.INT64: ("i64", numpy.int64),
}

Input = namedtuple("Input", "name type shape file")
# files: `published`, as it came; `clean`, see clean(); `folded`, see folded(), where it can be made
Network = namedtuple("Network", "name folder files inputs outputs megabytes")


class Missing(Exception):
    """A network that is not on this machine, or cannot be measured; the text says why."""


def read_rows(path):
    """{name: {key: value}} of a file of rows `name key=value ...`."""
    rows = {}
    for line in Path(path).read_text().splitlines():
        words = line.split()
        if words and not words[0].startswith("#"):
            rows[words[0]] = dict(word.split("=", 1) for word in words[1:])
    return rows


def table():
    """The rows of networks.txt, those of a name alone filled in from the cases of the tests."""
    cases = read_rows(TOP / "tests" / "models" / "cases.txt")
    return {
        name: keys or cases[name] for name, keys in read_rows(HERE / "networks.txt").items()
    }, cases


def model_path(name, keys):
    kind, _, rest = keys["model"].partition(":")
    if kind == "export":
        pattern, folder = rest + ".onnx", CACHE / "networks"
    elif kind == "shared":
        pattern, folder = rest, TOP.parent / "shared" / "models"
    else:
        pattern, folder = (rest if "/" in rest else rest + "/*.onnx"), CACHE / "models"
    found = sorted(folder.glob(pattern))
    if not found:
        raise Missing(f"{name}: {folder / pattern} is not on this machine")
    return found[0]


def bound_shape(value, keys):
    """The input's shape, its open dimensions set as the row says."""
    width, height = (int(n) for n in keys.get("size", "0x0").split("x"))
    usual = [1, height, width, 3] if keys.get("layout") == "nhwc" else [1, 3, height, width]
    dims = value.type.tensor_type.shape.dim
    shape = []
    for i, dim in enumerate(dims):
        fixed = dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else 0
        shape.append(fixed or (usual[i] if len(dims) == 4 else 1))
    if 0 in shape:
        raise Missing(f"input '{value.name}' has no size: give size=WxH")
    return shape


def true_inputs(graph):
    weights = {w.name for w in graph.initializer}
    return [v for v in graph.input if v.name not in weights]


def clean(model, shapes):
    """What the peers like best: initialisers are no inputs (as inputs they could be overridden, which
    stops folding), and every shape is fixed."""
    graph = model.graph
    inputs = true_inputs(graph)
    del graph.input[:]
    graph.input.extend(inputs)
    for value in graph.input:
        for dim, size in zip(value.type.tensor_type.shape.dim, shapes[value.name]):
            dim.dim_value = size
    del graph.value_info[:]
    for value in graph.output:
        for dim in value.type.tensor_type.shape.dim:
            if not (dim.HasField("dim_value") and dim.dim_value > 0):
                dim.Clear()
    return model


def folded(path, target, program):
    """For importers that do not compute constants themselves: ONNX Runtime (by its peer program) does
    it, and the bounds of Clip become attributes again, the one form OpenCV 4.6 reads."""
    subprocess.run([str(program), str(path), "1", "--fold", str(target)], stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL)
    if not target.exists():
        return path
    model = onnx.load(str(target))
    values = {w.name: w for w in model.graph.initializer}
    for node in model.graph.node:
        bounds = list(node.input[1:])
        if node.op_type != "Clip" or not bounds or any(b and b not in values for b in bounds):
            continue
        del node.input[1:]
        for key, bound in zip(("min", "max"), bounds):
            if bound:
                number = float(numpy_helper.to_array(values[bound]))
                node.attribute.append(helper.make_attribute(key, number))
    onnx.save(model, str(target))
    return target


def frame(width, height, second=12):
    """One frame of the video the tests use, uint8 [height,width,3], RGB."""
    video = CACHE / "media" / "vtest.avi"
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-ss", str(second), "-i", str(video), "-vf", f"scale={width}:{height}",
         "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        check=True, stdout=subprocess.PIPE).stdout
    return numpy.frombuffer(raw, numpy.uint8).reshape(height, width, 3)


def numbers(text, default):
    return numpy.array([float(n) for n in text.split(",")] if text else [default] * 3)


def picture(shape, dtype, keys, second=12):
    nhwc = keys.get("layout") == "nhwc"
    if len(shape) != 4 or shape[3 if nhwc else 1] not in (1, 3):
        raise Missing(f"an input of shape {shape} is no picture")
    height, width, channels = shape[1:] if nhwc else (shape[2], shape[3], shape[1])
    pixels = frame(width, height, second).astype(numpy.float64)
    if keys.get("order") == "bgr":
        pixels = pixels[:, :, ::-1]
    pixels = (pixels - numbers(keys.get("mean"), 0)) * numbers(keys.get("scale"), 1)
    if channels == 1:
        pixels = pixels.mean(2, keepdims=True)
    if not nhwc:
        pixels = pixels.transpose(2, 0, 1)
    if dtype != numpy.float32:
        pixels = pixels.clip(0, 255)
    return numpy.ascontiguousarray(numpy.broadcast_to(pixels, shape).astype(dtype))


def prepare(name, keys, folder, fold_program=None):
    """The network with its inputs written to `folder` and the peers' files made there."""
    path = model_path(name, keys)
    model = onnx.load(str(path))
    shapes, inputs = {}, []
    for value in true_inputs(model.graph):
        kind = TYPES.get(value.type.tensor_type.elem_type)
        if not kind:
            raise Missing(f"{name}: input '{value.name}' is of type "
                          f"{value.type.tensor_type.elem_type}")
        try:
            shape = bound_shape(value, keys)
            data = picture(shape, kind[1], keys)
        except Missing as why:
            raise Missing(f"{name}: {why}") from None
        file = folder / f"{name}.{len(inputs)}.raw"
        file.write_bytes(data.tobytes())
        shapes[value.name] = shape
        inputs.append(Input(value.name, kind[0], shape, file))
    outputs = [v.name for v in model.graph.output]
    tensors = list(model.graph.initializer)
    tensors += [a.t for n in model.graph.node if n.op_type == "Constant" for a in n.attribute]
    weights = sum(numpy_helper.to_array(t).nbytes for t in tensors if t.data_type)
    files = {"published": path, "clean": folder / f"{name}.onnx"}
    onnx.save(clean(model, shapes), str(files["clean"]))
    files["folded"] = files["clean"]
    if fold_program:
        files["folded"] = folded(files["clean"], folder / f"{name}.folded.onnx", fold_program)
    return Network(name, folder, files, inputs, outputs, weights / 1e6)
