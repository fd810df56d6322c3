"""The converter as a whole: files, weights, layout, folding, command line, errors."""

import json
import os
import subprocess
import tempfile
import unittest

from tfjs_convert import (HERE, SCRIPT, Model, converted, np, onnx, onnx_numpy, ops, run,
                          unoptimised)
from tfjs_model import ints, shape_attr, text, texts

SAME, VALID = text('SAME'), text('VALID')


def noise(*shape):
    return Case.rng.standard_normal(shape).astype(np.float32)


class Case(unittest.TestCase):
    def setUp(self):
        Case.rng = np.random.default_rng(7)


def conv(model, name, x, w, op='Conv2D', extra=(), stride=1, padding=SAME, **attrs):
    w = model.const(name + '/w', w)
    return model.node(name, op, [x, w, *extra], strides=ints([1, stride, stride, 1]),
                      padding=padding, data_format=text('NHWC'), **attrs)


class Weights(Case):
    def check(self, array, quantise):
        model = Model()
        model.node('y', 'AddV2', [model.input('x', array.shape, array.dtype),
                                  model.const('w', array, quantise)])
        model.output('y')
        zero = np.zeros_like(array)
        np.testing.assert_array_equal(run(model, x=zero)['y'], model.dequantised('w'))
        return model.dequantised('w')

    def test_plain(self):
        self.check(noise(3, 5), None)
        self.check(np.array([-7, 0, 1 << 30], np.int32), None)

    def test_quantised(self):
        values = np.linspace(-3, 3, 40, dtype=np.float32)
        for kind, step in (('float16', .002), ('uint8', .0125), ('uint16', .0001)):
            found = self.check(values, kind)
            self.assertLess(np.abs(found - values).max(), step, kind)

    def test_quantised_integers_round(self):
        model = Model()
        model.data = bytes([0, 1, 2, 3])
        model.specs.append({'name': 'w', 'shape': [4], 'dtype': 'int32',
                            'quantization': {'dtype': 'uint8', 'scale': .5, 'min': -1}})
        model.node('w', 'Const', dtype={'type': 'DT_INT32'})
        model.node('y', 'AddV2', [model.input('x', [4], np.int32), 'w'])
        model.output('y')
        # -1, -.5, 0, .5: halves go up, as in JavaScript.
        self.assertEqual(run(model, x=np.zeros(4, np.int32))['y'].tolist(), [-1, 0, 0, 1])

    def test_two_files(self):
        with tempfile.TemporaryDirectory() as folder:
            model = Model()
            model.node('y', 'AddV2', [model.input('x', [4]), model.const('w', noise(4))])
            model.output('y')
            path = model.save(folder)
            with open(path) as f:
                doc = json.load(f)
            doc['weightsManifest'][0]['paths'] = ['a.bin', 'b.bin']
            with open(path, 'w') as f:
                json.dump(doc, f)
            for name, part in (('a.bin', model.data[:7]), ('b.bin', model.data[7:])):
                with open(os.path.join(folder, name), 'wb') as f:
                    f.write(part)
            out = os.path.join(folder, 'y.onnx')
            self.assertEqual(subprocess.run([SCRIPT, path, out]).returncode, 0)
            found = onnx_numpy.run(onnx.load(out), {'x': np.zeros(4, np.float32)})['y']
            np.testing.assert_array_equal(found, model.dequantised('w'))


class Layout(Case):
    def test_residual_block_has_two_transposes(self):
        model = Model()
        x = model.input('x', [1, 8, 8, 3])
        a = conv(model, 'a', x, noise(3, 3, 3, 4), '_FusedConv2D', [model.const('a/b', noise(4))],
                 fused_ops=texts(['BiasAdd', 'Relu6']))
        b = conv(model, 'b', a, noise(3, 3, 4, 1), 'DepthwiseConv2dNative')
        s = model.node('s', 'AddV2', [a, b])
        d = model.node('d', 'Mul', [s, model.const('d/k', noise(4))])
        c = model.node('c', 'ConcatV2', [d, a, model.const('c/axis', np.int32(-1))])
        p = model.node('p', 'Pad', [c, model.const('p/p', np.array([[0, 0], [1, 1], [2, 0], [0, 1]],
                                                                   np.int32))])
        m = model.node('m', 'Mean', [p, model.const('m/axes', np.array([1, 2], np.int32))],
                       keep_dims={'b': True})
        model.node('y', 'Mul', [p, model.node('g', 'Sigmoid', [m])])
        model.output('y')
        proto = converted(model)
        names = ops(proto)
        self.assertEqual(names.count('Transpose'), 2, names)
        self.assertEqual((names[0], names[-1]), ('Transpose', 'Transpose'))
        self.assertIn('GlobalAveragePool', names)
        feed = {'x': noise(1, 8, 8, 3)}
        np.testing.assert_allclose(onnx_numpy.run(proto, feed)['y'],
                                   onnx_numpy.run(unoptimised(model), feed)['y'], atol=1e-5)

    def test_random_graphs_keep_their_meaning(self):
        for seed in range(60):
            model = random_graph(np.random.default_rng(seed))
            feed = {'x': noise(1, 6, 5, 4)}
            plain, full = (onnx_numpy.run(p, feed) for p in (unoptimised(model),
                                                             converted(model)))
            for name in plain:
                np.testing.assert_allclose(full[name], plain[name], rtol=1e-4, atol=1e-4,
                                           err_msg='seed %d, %s' % (seed, name))

    def test_transposes_of_a_planar_network_cancel(self):
        model = Model()
        x = model.input('x', [1, 3, 6, 6])
        for i in range(3):
            perm = model.const('perm%d' % i, np.array([0, 2, 3, 1], np.int32))
            x = model.node('in%d' % i, 'Transpose', [x, perm])
            x = conv(model, 'conv%d' % i, x, noise(3, 3, 3, 3))
            back = model.const('back%d' % i, np.array([0, 3, 1, 2], np.int32))
            x = model.node('out%d' % i, 'Transpose', [x, back])
        model.output('y', x)
        self.assertEqual(ops(converted(model)), ['Conv'] * 3)


def random_graph(r):
    """A chain with side branches of operators that layout must carry through, in NHWC."""
    model = Model()
    tensors = [conv(model, 'first', model.input('x', [1, 6, 5, 4]), noise(3, 3, 4, 4))]

    def const(values):
        return model.const('k%d' % len(model.nodes), np.array(values, np.int32))

    for i in range(8):
        x, z = (tensors[int(r.integers(len(tensors)))] for _ in range(2))
        name = 'n%d' % i
        kind = int(r.integers(9))
        if kind == 0:
            conv(model, name, x, noise(3, 3, 4, 4))
        elif kind == 1:
            model.node(name, 'AddV2', [x, z])
        elif kind == 2:
            model.node(name, 'Mul', [model.const(name + '/k', noise(*((4,), (1, 1, 4), (5, 4))[
                int(r.integers(3))])), x])
        elif kind == 3:
            cat = model.node(name + '/cat', 'ConcatV2', [x, z, const(int(r.integers(1, 4)) - 4)])
            model.node(name, 'StridedSlice', [cat, const([0, 0, 0, 0]), const([1, 6, 5, 4]),
                                              const([1, 1, 1, 1])])
        elif kind == 4:
            mean = model.node(name + '/mean', 'Mean', [x, const([int(r.integers(1, 4))])],
                              keep_dims={'b': True})
            model.node(name, 'Sub', [x, mean])
        elif kind == 5:
            most = model.node(name + '/max', 'Max', [x, const([1, 3])])     # leaves [1, 5]
            wide = model.node(name + '/wide', 'Reshape', [most, const([1, 1, 5, 1])])
            model.node(name, 'Maximum', [x, wide])
        elif kind == 6:
            parts = model.node(name + '/parts', 'Split', [const(3), x], num_split={'i': '2'})
            model.node(name, 'ConcatV2', [parts + ':1', parts, const(3)])
        elif kind == 7:
            model.node(name, 'MaxPool', [x], ksize=ints([1, 3, 3, 1]), strides=ints([1, 1, 1, 1]),
                       padding=SAME)
        else:
            other = model.node(name + '/t', 'Transpose', [x, const([0, 2, 1, 3])])
            model.node(name, 'Transpose', [other, const([0, 2, 1, 3])])
        tensors.append(name)
    model.node('flat', 'Reshape', [tensors[-1], const([1, -1])])
    model.node('best', 'ArgMax', [tensors[-2], const(2)])
    for name in ('flat', 'best', tensors[-3]):
        model.output('out_' + name, name)
    return model


class Folding(Case):
    def test_batch_norm_goes_into_the_convolution(self):
        model = Model()
        x = model.input('x', [1, 5, 5, 2])
        c = conv(model, 'c', x, noise(3, 3, 2, 3))
        scale, offset, mean = noise(3), noise(3), noise(3)
        variance = np.abs(noise(3)) + .5
        refs = [model.const(n, v) for n, v in (('s', scale), ('o', offset), ('m', mean),
                                               ('v', variance))]
        model.node('y', 'FusedBatchNormV3', [c, *refs], epsilon={'f': .01},
                   data_format=text('NHWC'))
        model.output('y')
        model.output('before', 'c')
        feed = {'x': noise(1, 5, 5, 2)}
        both = run(model, **feed)
        wanted = (both['before'] - mean) / np.sqrt(variance + .01) * scale + offset
        np.testing.assert_allclose(both['y'], wanted, atol=1e-5)
        del model.outputs['before']
        self.assertEqual(ops(converted(model)), ['Transpose', 'Conv', 'Transpose'])
        np.testing.assert_allclose(run(model, **feed)['y'], wanted, atol=1e-5)

    def test_constants_around_a_convolution(self):
        for op, first, left in (('AddV2', 'c', 0), ('AddV2', 'k', 0), ('Sub', 'c', 0),
                                ('Sub', 'k', 1), ('Mul', 'c', 0)):
            model = Model()
            conv(model, 'c', model.input('x', [1, 4, 4, 2]), noise(3, 3, 2, 3))
            model.const('k', noise(3))
            model.node('y', op, [first, 'k' if first == 'c' else 'c'])
            model.output('y')
            self.assertEqual(len(ops(converted(model))), 3 + left, (op, first))
            feed = {'x': noise(1, 4, 4, 2)}
            np.testing.assert_allclose(run(model, **feed)['y'],
                                       onnx_numpy.run(unoptimised(model), feed)['y'], atol=1e-5)

    def test_padding_goes_into_convolution_and_pool(self):
        for value, op, folds in ((0, 'conv', True), (1, 'conv', False), (0, 'pool', False),
                                 (-np.inf, 'pool', True)):
            model = Model()
            x = model.input('x', [1, 5, 5, 2])
            width = model.const('w', np.array([[0, 0], [1, 2], [0, 1], [0, 0]], np.int32))
            p = model.node('p', 'PadV2', [x, width, model.const('v', np.float32(value))])
            if op == 'conv':
                conv(model, 'y', p, noise(3, 3, 2, 2), padding=VALID)
            else:
                model.node('y', 'MaxPool', [p], ksize=ints([1, 3, 3, 1]),
                           strides=ints([1, 1, 1, 1]), padding=VALID)
            model.output('y')
            self.assertEqual('Pad' not in ops(converted(model)), folds, (value, op))
            feed = {'x': noise(1, 5, 5, 2)}
            np.testing.assert_allclose(run(model, **feed)['y'],
                                       onnx_numpy.run(unoptimised(model), feed)['y'], atol=1e-5)

    def hard_swish(self, shift, sixth):
        model = Model()
        c = conv(model, 'c', model.input('x', [1, 4, 4, 2]), noise(1, 1, 2, 2) * 4)
        six = model.node('six', 'Relu6', [model.node('a', 'AddV2', [c, model.const(
            'shift', np.float32(shift))])])
        part = model.node('part', 'Mul', [model.const('k', np.float32(sixth)), c])
        y = model.node('y', 'Mul', [part, six])
        conv(model, 'z', y, noise(3, 3, 2, 2))
        model.output('z')
        feed = {'x': noise(1, 4, 4, 2)}
        np.testing.assert_allclose(run(model, **feed)['z'],
                                   onnx_numpy.run(unoptimised(model), feed)['z'], atol=1e-4)
        return ops(converted(model))

    def test_hard_swish(self):
        wanted = ['Transpose', 'Conv', 'HardSwish', 'Conv', 'Transpose']
        self.assertEqual(self.hard_swish(3, 1 / 6), wanted)
        self.assertEqual(self.hard_swish(3, np.float16(1 / 6)), wanted)
        self.assertNotIn('HardSwish', self.hard_swish(2.5, 1 / 6))

    def test_factor_stays_where_something_else_reads_it(self):
        model = Model()
        c = conv(model, 'c', model.input('x', [1, 4, 4, 2]), noise(1, 1, 2, 2))
        r = model.node('r', 'Relu', [c])
        m = model.node('m', 'Mul', [r, model.const('k', np.float32(.7))])
        conv(model, 'z', m, noise(3, 3, 2, 2))
        model.output('z')
        self.assertNotIn('Mul', ops(converted(model)))
        model.output('m')
        self.assertIn('Mul', ops(converted(model)))
        feed = {'x': noise(1, 4, 4, 2)}
        for name, value in onnx_numpy.run(unoptimised(model), feed).items():
            np.testing.assert_allclose(run(model, **feed)[name], value, atol=1e-5)

    def test_shape_arithmetic_vanishes(self):
        model = Model()
        x = model.input('x', [1, 4, 6, 2])
        shape = model.node('shape', 'Shape', [x])
        cut = [model.const(n, np.array([v], np.int32)) for n, v in (('b', 1), ('e', 2), ('s', 1))]
        h = model.node('h', 'StridedSlice', [shape, *cut], shrink_axis_mask={'i': '1'})
        twice = model.node('twice', 'Mul', [h, model.const('two', np.int32(2))])
        target = model.node('target', 'Pack', [twice, model.const('rest', np.int32(-1))])
        model.node('y', 'Reshape', [x, target])
        model.output('y')
        proto = converted(model)
        self.assertEqual(ops(proto), ['Reshape'])
        self.assertEqual(run(model, x=noise(1, 4, 6, 2))['y'].shape, (8, 6))


class Ports(Case):
    def tiny(self, shape):
        model = Model()
        model.node('y', 'Relu', [model.input('x', shape)])
        model.inputs = {'public:0': {'name': 'x:0'}}
        model.output('first/key', 'y')
        model.output('second', 'y')
        model.output('third', 'x')
        return model

    def test_names_and_order_are_the_signatures(self):
        proto = converted(self.tiny([1, 2]))
        self.assertEqual([i.name for i in proto.graph.input], ['public:0'])
        self.assertEqual([o.name for o in proto.graph.output], ['first/key', 'second', 'third'])
        found = onnx_numpy.run(proto, {'public:0': np.array([[-1, 2]], np.float32)})
        self.assertEqual([found[n].tolist() for n in ('first/key', 'second', 'third')],
                         [[[0, 2]], [[0, 2]], [[-1, 2]]])

    def test_node_names_are_kept(self):
        model = Model()
        conv(model, 'block/conv', model.input('x', [1, 4, 4, 2]), noise(1, 1, 2, 2))
        model.node('block/relu', 'Relu', ['block/conv'])
        model.output('out', 'block/relu')
        self.assertLess({'block/conv', 'block/relu'},
                        {n.name for n in converted(model).graph.node})

    def test_shapes(self):
        def shape_of(proto):
            return [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim]
        self.assertEqual(shape_of(converted(self.tiny([-1, 2]))), [1, 2])
        self.assertEqual(shape_of(converted(self.tiny([1, -1]), x=(1, 9))), [1, 9])
        declared = self.tiny([1, -1])
        declared.inputs['public:0'].update({'tensorShape': shape_attr([1, 5])['shape']})
        self.assertEqual(shape_of(converted(declared)), [1, 5])


class Command(Case):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = os.path.join(self.folder.name, 'out.onnx')

    def model(self):
        model = Model()
        x = model.input('x', [1, 6, 6, 3])
        c = conv(model, 'c', x, noise(3, 3, 3, 8), '_FusedConv2D', [model.const('b', noise(8))],
                 fused_ops=texts(['BiasAdd', 'Relu']))
        model.node('y', 'Softmax', [c])
        model.output('y')
        return model

    def call(self, *args, seed='0'):
        return subprocess.run([SCRIPT, *args], capture_output=True, text=True,
                              env=dict(os.environ, PYTHONHASHSEED=seed))

    def refuse(self, path, *words, code=3, args=()):
        result = self.call(path, self.out, *args)
        self.assertEqual(result.returncode, code, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertNotIn('Traceback', result.stderr)
        left = [n for n in os.listdir(self.folder.name) if n not in ('model.json', 'weights.bin')]
        self.assertEqual(left, [])

    def edit(self, change):
        """The model's JSON changed by a function; returns its path."""
        path = self.model().save(self.folder.name)
        with open(path) as f:
            doc = json.load(f)
        change(doc)
        with open(path, 'w') as f:
            json.dump(doc, f)
        return path

    def test_same_input_same_bytes(self):
        path, files = self.model().save(self.folder.name), []
        for seed in ('1', '2', '3'):
            result = self.call(path, self.out, seed=seed)
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, '', ''))
            with open(self.out, 'rb') as f:
                files.append(f.read())
        self.assertEqual(len(set(files)), 1)
        onnx.checker.check_model(onnx.load(self.out), full_check=True)

    def test_usage(self):
        path = self.model().save(self.folder.name)
        self.assertEqual(self.call().returncode, 2)
        self.refuse(path, 'nonsense', code=2, args=['--shape', 'nonsense'])
        self.refuse(path, "'z'", "'x'", code=2, args=['--shape', 'z=1x6x6x3'])
        self.refuse(path, "'x'", 'does not fit', code=2, args=['--shape', 'x=1x7x6x3'])

    def test_weights_file(self):
        path = self.model().save(self.folder.name)
        weights = os.path.join(self.folder.name, 'weights.bin')
        with open(weights, 'rb') as f:
            data = f.read()
        for size, words in ((len(data) - 5, ('truncated', "'c/w'")), (0, ('truncated', "'b'"))):
            with open(weights, 'wb') as f:
                f.write(data[:size])
            self.refuse(path, 'model.json', 'weights.bin', *words)
        with open(weights, 'wb') as f:
            f.write(data + b'more')
        self.refuse(path, 'weights.bin', str(len(data) + 4))
        os.remove(weights)
        self.refuse(path, 'weights.bin', 'No such file')

    def test_weights_stay_in_the_folder(self):
        def outside(name):
            return self.edit(lambda doc: doc['weightsManifest'][0].update(paths=[name]))
        self.refuse(outside('../weights.bin'), 'outside')
        self.refuse(outside('/etc/hostname'), 'outside')

    def test_json(self):
        path = os.path.join(self.folder.name, 'model.json')
        self.refuse(path, 'No such file')
        for content, words in ((b'{"a": [1,\n 2', (':2:', 'malformed JSON')), (b'\xff\xfe', ()),
                               (b'', ('malformed JSON',)), (b'[1]', ('modelTopology',)),
                               (b'{"modelTopology": 3}', ()), (b'[' * 100000, ()),
                               (b'{"modelTopology": {"node": [{"op": "Relu"}]}}', ("'name'",)),
                               (b'{"format": "layers-model", "modelTopology": {}}',
                                ('layers-model',))):
            with open(path, 'wb') as f:
                f.write(content)
            self.refuse(path, path, *words)

    def test_graph(self):
        def node(doc, name):
            return next(n for n in doc['modelTopology']['node'] if n['name'] == name)
        for change, words in (
                (lambda d: node(d, 'y').update(op='Mystery'), ("'y'", 'Mystery')),
                (lambda d: node(d, 'y').update(input=['c:4']), ("'y'", 'c:4')),
                (lambda d: node(d, 'y').update(input=['gone']), ("'y'", "'gone'")),
                (lambda d: node(d, 'c').update(input=['y', 'c/w', 'b']), ('cycle',)),
                (lambda d: node(d, 'c').update(input=['x']), ("'c'",)),
                (lambda d: node(d, 'c').update(input=['x', 'b', 'b']), ("'c'", 'rank 1')),
                (lambda d: node(d, 'c')['attr'].update(padding=text('ODD')), ("'c'", 'ODD')),
                (lambda d: node(d, 'c')['attr'].update(strides={'i': 'two'}), ("'c'", 'strides')),
                (lambda d: node(d, 'c')['attr'].update(strides=ints([1, 0, 0, 1])), ("'c'",)),
                (lambda d: node(d, 'c')['attr'].update(fused_ops=texts(['BiasAdd', 'Gelu'])),
                 ("'c'", 'Gelu')),
                (lambda d: node(d, 'x')['attr'].update(shape=shape_attr([1, 6, -1, 3])),
                 ("'x'", '--shape')),
                (lambda d: node(d, 'x')['attr'].update(shape=shape_attr([1, 6, 6, 4])),
                 ("'c'", 'channels')),
                (lambda d: node(d, 'x')['attr'].update(dtype={'type': 'DT_STRING'}),
                 ("'x'", 'DT_STRING')),
                (lambda d: d['modelTopology']['node'].append(node(d, 'y')), ("'y'", 'twice')),
                (lambda d: d['signature']['outputs'].update(z={'name': 'z'}), ("'z'",)),
                (lambda d: d['weightsManifest'][0]['weights'].pop(), ('weights.bin',)),
                (lambda d: d['weightsManifest'][0]['weights'][0].update(shape=[1 << 40]), ()),
                (lambda d: d['weightsManifest'][0]['weights'][0].update(dtype='string'),
                 ('string',))):
            self.refuse(self.edit(change), 'model.json', *words)

    def test_huge_constant(self):
        model = Model()
        dims = model.const('dims', np.array([1 << 20, 1 << 20], np.int32))
        fill = model.node('fill', 'Fill', [dims, model.const('v', np.float32(1))])
        model.node('y', 'AddV2', [model.input('x', [1]), fill])
        model.output('y')
        self.refuse(model.save(self.folder.name), "'fill'", 'too large')

    def test_unwritable(self):
        path = self.model().save(self.folder.name)
        result = self.call(path, os.path.join(self.folder.name, 'no', 'out.onnx'))
        self.assertEqual(result.returncode, 3)
        self.assertIn('cannot be written', result.stderr)


if __name__ == '__main__':
    os.chdir(HERE)
    unittest.main()
