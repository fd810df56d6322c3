"""Reads a TensorFlow.js graph model: the JSON topology and its (quantised) weight files."""

import base64
import binascii
import json
import os

import numpy as np

from .errors import ConvertError

# TensorFlow.js computes with one integer type and one float type; 64-bit integers of the
# original graph are stored and computed as int32, so they are read as int32 here too.
DTYPES = {
    'DT_FLOAT': np.float32, 'DT_HALF': np.float32, 'DT_DOUBLE': np.float32,
    'DT_INT32': np.int32, 'DT_INT64': np.int32, 'DT_INT16': np.int32, 'DT_INT8': np.int32,
    'DT_UINT8': np.int32, 'DT_BOOL': np.bool_,
}
DTYPE_NUMBERS = {1: 'DT_FLOAT', 2: 'DT_DOUBLE', 3: 'DT_INT32', 4: 'DT_UINT8', 5: 'DT_INT16',
                 6: 'DT_INT8', 7: 'DT_STRING', 9: 'DT_INT64', 10: 'DT_BOOL', 19: 'DT_HALF'}
STORED = {'float32': np.dtype('<f4'), 'int32': np.dtype('<i4'), 'bool': np.dtype('u1')}
QUANTISED = {'uint8': np.dtype('u1'), 'uint16': np.dtype('<u2'), 'float16': np.dtype('<f2')}
DIM_MAX = 1 << 31


class TfNode:
    """One NodeDef; attributes are decoded when asked for."""

    def __init__(self, name, op, inputs, attrs):
        self.name, self.op, self.inputs, self.attrs = name, op, inputs, attrs

    def attr(self, key, default=None):
        if key not in self.attrs:
            return default
        try:
            return decode_attr(self.attrs[key])
        except (ValueError, TypeError, KeyError, AttributeError, binascii.Error) as e:
            raise ConvertError("attribute '%s' is malformed: %s" % (key, e))


class Port:
    """A graph input or output: its public name, the node and output number behind it."""

    def __init__(self, name, node, index, shape=None):
        self.name, self.node, self.index, self.shape = name, node, index, shape


class TfModel:
    def __init__(self, path, nodes, weights, inputs, outputs):
        self.path, self.nodes, self.weights = path, nodes, weights
        self.inputs, self.outputs = inputs, outputs


def decode_attr(value):
    """NodeDef AttrValue in JSON form to a Python value; enums of types to numpy types."""
    if 'list' in value:
        for key, items in value['list'].items():
            return [decode_attr({key: item}) for item in items]
        return []
    if 's' in value:
        raw = value['s']
        raw = bytes(raw) if isinstance(raw, list) else base64.b64decode(raw, validate=True)
        return raw.decode('utf-8')
    if 'i' in value:
        return int(value['i'])
    if 'f' in value:
        return float(value['f'])
    if 'b' in value:
        return bool(value['b'])
    if 'type' in value:
        return decode_dtype(value['type'])
    if 'shape' in value:
        return decode_shape(value['shape'])
    if value:
        raise ValueError('kind %s is not known' % ', '.join(sorted(value)))
    return None


def decode_dtype(name):
    name = DTYPE_NUMBERS.get(name, name)
    if name not in DTYPES:
        raise ConvertError('data type %s is not supported' % name)
    return np.dtype(DTYPES[name])


def decode_shape(shape):
    """TensorShapeProto to a tuple with None for unknown sizes; None if the rank is unknown."""
    if shape.get('unknownRank'):
        return None
    dims = [int(d.get('size', 0)) for d in shape.get('dim', [])]
    if any(d < -1 or d > DIM_MAX for d in dims):
        raise ValueError('shape %s is out of range' % dims)
    return tuple(None if d == -1 else d for d in dims)


def split_ref(ref):
    """'name', 'name:1' -> (name, output number)."""
    name, colon, index = ref.rpartition(':')
    if colon and index.isdigit():
        return name.split(':')[0], int(index)
    return ref, 0


def load(path):
    """The model at path, or ConvertError that names the file at fault."""
    doc = read_json(path)
    try:
        nodes = read_nodes(doc)
        weights = read_weights(path, doc)
        inputs, outputs = read_signature(doc, nodes)
    except ConvertError as e:
        raise ConvertError('%s: %s' % (path, e))
    except (ValueError, TypeError, KeyError, AttributeError) as e:
        what = "'%s' is missing" % e.args[0] if isinstance(e, KeyError) else str(e)
        raise ConvertError('%s: not a well-formed graph model: %s' % (path, what))
    return TfModel(path, nodes, weights, inputs, outputs)


def read_json(path):
    try:
        with open(path, 'rb') as f:
            text = f.read().decode('utf-8')
        doc = json.loads(text)
    except OSError as e:
        raise ConvertError('%s: %s' % (path, e.strerror))
    except UnicodeDecodeError:
        raise ConvertError('%s: not a JSON text' % path)
    except json.JSONDecodeError as e:
        raise ConvertError('%s:%d:%d: malformed JSON: %s' % (path, e.lineno, e.colno, e.msg))
    except RecursionError:
        raise ConvertError('%s: malformed JSON: nested too deeply' % path)
    if not isinstance(doc, dict) or 'modelTopology' not in doc:
        raise ConvertError('%s: not a TensorFlow.js model: no modelTopology' % path)
    if doc.get('format', 'graph-model') != 'graph-model':
        raise ConvertError("%s: format is '%s', only graph-model is converted"
                           % (path, doc['format']))
    return doc


def read_nodes(doc):
    nodes = {}
    for n in doc['modelTopology']['node']:
        name = n['name']
        if name in nodes:
            raise ConvertError("node '%s' is there twice" % name)
        inputs = [i for i in n.get('input', []) if not i.startswith('^')]
        nodes[name] = TfNode(name, n['op'], inputs, n.get('attr', {}))
    return nodes


def read_signature(doc, nodes):
    """Graph inputs and outputs, in file order; names are the signature's keys."""
    sig = doc.get('signature') or (doc.get('userDefinedMetadata') or {}).get('signature') or {}
    inputs, outputs = [], []
    for ports, part in ((inputs, sig.get('inputs', {})), (outputs, sig.get('outputs', {}))):
        for key, info in part.items():
            node, index = split_ref(info.get('name', key))
            if node not in nodes:
                raise ConvertError("signature names node '%s', which is not there" % node)
            shape = decode_shape(info['tensorShape']) if 'tensorShape' in info else None
            ports.append(Port(key, node, index, shape))
    known = {p.node for p in inputs}
    for node in nodes.values():
        if node.op == 'Placeholder' and node.name not in known:
            inputs.append(Port(node.name, node.name, 0))
    if not outputs:
        used = {split_ref(i)[0] for n in nodes.values() for i in n.inputs}
        outputs = [Port(n.name, n.name, 0) for n in nodes.values()
                   if n.name not in used and n.op not in ('Const', 'Placeholder', 'NoOp')]
    if not outputs:
        raise ConvertError('the graph has no outputs')
    return inputs, outputs


def read_weights(path, doc):
    weights = {}
    for group in doc['weightsManifest']:
        files, data = read_group(path, group['paths'])
        offset = 0
        for spec in group['weights']:
            array, offset = decode_weight(spec, data, offset, files)
            weights[spec['name']] = array
        if offset != len(data):
            raise ConvertError('%s: %d bytes, but the manifest describes %d'
                               % (files, len(data), offset))
    return weights


def read_group(path, names):
    """The bytes of one group's files, one after the other; only files beside the model."""
    parts = []
    for name in names:
        if os.path.isabs(name) or '..' in name.split('/'):
            raise ConvertError("weights file '%s' lies outside the model's folder" % name)
        try:
            with open(os.path.join(os.path.dirname(path), name), 'rb') as f:
                parts.append(f.read())
        except OSError as e:
            raise ConvertError('weights file %s: %s' % (name, e.strerror))
    return ', '.join(names), b''.join(parts)


def decode_weight(spec, data, offset, files):
    """One tensor at offset, dequantised; returns it and the offset behind it."""
    name, dtype = spec['name'], spec['dtype']
    shape = tuple(int(d) for d in spec['shape'])
    quant = spec.get('quantization')
    if dtype not in STORED or (quant and quant.get('dtype') not in QUANTISED):
        raise ConvertError("weight '%s': data type %s%s is not supported"
                           % (name, dtype, ' as %s' % quant.get('dtype') if quant else ''))
    if any(d < 0 or d > DIM_MAX for d in shape):
        raise ConvertError("weight '%s': shape %s is out of range" % (name, list(shape)))
    stored = QUANTISED[quant['dtype']] if quant else STORED[dtype]
    count = 1
    for d in shape:
        count *= d
    end = offset + count * stored.itemsize
    if end > len(data):
        raise ConvertError("%s: truncated: weight '%s' needs bytes %d to %d, there are %d"
                           % (files, name, offset, end, len(data)))
    raw = np.frombuffer(data, stored, count, offset).reshape(shape)
    return dequantise(raw, dtype, quant, name), end


def dequantise(raw, dtype, quant, name):
    target = {'float32': np.float32, 'int32': np.int32, 'bool': np.bool_}[dtype]
    if not quant or quant['dtype'] == 'float16':
        return raw.astype(target)
    if 'scale' not in quant or 'min' not in quant:
        raise ConvertError("weight '%s': quantised without scale and min" % name)
    value = raw.astype(np.float64) * float(quant['scale']) + float(quant['min'])
    # Integers are rounded half up, as JavaScript's Math.round does.
    return (np.floor(value + .5) if dtype == 'int32' else value).astype(target)
