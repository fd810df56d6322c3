"""Makes TensorFlow.js graph models for tests: model.json and one weights file."""

import base64
import json
import os

import numpy as np

TYPES = {np.dtype(np.float32): 'DT_FLOAT', np.dtype(np.int32): 'DT_INT32',
         np.dtype(np.bool_): 'DT_BOOL'}


def text(value):
    return {'s': base64.b64encode(value.encode()).decode()}


def ints(values):
    return {'list': {'i': [str(v) for v in values]}}


def texts(values):
    return {'list': {'s': [text(v)['s'] for v in values]}}


def shape_attr(shape):
    return {'shape': {'dim': [{'size': str(d)} for d in shape]}}


class Model:
    """Nodes in the order they are added; save() writes the files and returns the JSON's path."""

    def __init__(self):
        self.nodes, self.specs, self.data = [], [], b''
        self.inputs, self.outputs = {}, {}

    def node(self, name, op, inputs=(), **attrs):
        self.nodes.append({'name': name, 'op': op, 'input': list(inputs), 'attr': attrs})
        return name

    def input(self, name, shape, dtype=np.float32):
        self.inputs[name] = {'name': name + ':0'}
        return self.node(name, 'Placeholder', shape=shape_attr(shape),
                         dtype={'type': TYPES[np.dtype(dtype)]})

    def const(self, name, array, quantise=None):
        """quantise: None, float16, uint8 or uint16; returns the node's name."""
        array = np.asarray(array)
        spec = {'name': name, 'shape': list(array.shape), 'dtype': array.dtype.name}
        stored = array
        if quantise == 'float16':
            stored, spec['quantization'] = array.astype('<f2'), {'dtype': 'float16'}
        elif quantise:
            low, top = float(array.min()), np.iinfo(quantise).max
            scale = (float(array.max()) - low) / top or 1.0
            stored = np.round((array - low) / scale).astype(np.dtype(quantise).newbyteorder('<'))
            spec['quantization'] = {'dtype': quantise, 'scale': scale, 'min': low}
        self.specs.append(spec)
        self.data += stored.tobytes()
        return self.node(name, 'Const', dtype={'type': TYPES[array.dtype]})

    def dequantised(self, name):
        """What a reader must make of a constant, computed once more from the stored bytes."""
        offset = 0
        for spec in self.specs:
            quant = spec.get('quantization')
            kind = np.dtype(quant['dtype'] if quant else spec['dtype'])
            count = int(np.prod(spec['shape']))
            if spec['name'] == name:
                raw = np.frombuffer(self.data, kind, count, offset).reshape(spec['shape'])
                if quant and 'scale' in quant:
                    raw = raw.astype(np.float64) * quant['scale'] + quant['min']
                return raw.astype(spec['dtype'])
            offset += count * kind.itemsize
        raise KeyError(name)

    def output(self, name, node=None):
        self.outputs[name] = {'name': node or name}

    def save(self, folder):
        doc = {'format': 'graph-model', 'modelTopology': {'node': self.nodes},
               'signature': {'inputs': self.inputs, 'outputs': self.outputs},
               'weightsManifest': [{'paths': ['weights.bin'], 'weights': self.specs}]}
        path = os.path.join(folder, 'model.json')
        with open(path, 'w') as f:
            json.dump(doc, f)
        with open(os.path.join(folder, 'weights.bin'), 'wb') as f:
            f.write(self.data)
        return path
