"""Each operator against TensorFlow's definition of it, written here once more with numpy."""

import unittest

from tfjs_convert import Model, converted, evaluate, np, ops, run
from tfjs_model import ints, text, texts

SAME, VALID = text('SAME'), text('VALID')
I32, F32 = np.int32, np.float32


class Case(unittest.TestCase):
    def setUp(self):
        self.rng = np.random.default_rng(11)

    def noise(self, *shape):
        return self.rng.standard_normal(shape).astype(F32)

    def same(self, found, wanted):
        wanted = np.asarray(wanted)
        self.assertEqual(found.shape, wanted.shape)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def same_pads(size, kernel, stride, dilation=1):
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def convolve(x, w, stride, dilation, pads):
    """NHWC by the sum itself; w is HWIO."""
    x = np.pad(x, ((0, 0), *pads, (0, 0))).astype(np.float64)
    kh, kw = w.shape[:2]
    out_h, out_w = ((x.shape[i + 1] - (w.shape[i] - 1) * dilation - 1) // stride + 1
                    for i in (0, 1))
    y = np.zeros((x.shape[0], out_h, out_w, w.shape[3]))
    for i in range(kh):
        for j in range(kw):
            part = x[:, i * dilation:, j * dilation:][:, :(out_h - 1) * stride + 1:stride,
                                                      :(out_w - 1) * stride + 1:stride]
            y += part @ w[i, j]
    return y


def depthwise(x, w, *args):
    """Channel by channel; w is HWCM."""
    return np.concatenate([convolve(x[..., c:c + 1], w[:, :, c:c + 1], *args)
                           for c in range(x.shape[3])], 3)


class Convolution(Case):
    def test_padding_stride_dilation(self):
        for op, reference in (('Conv2D', convolve), ('DepthwiseConv2dNative', depthwise)):
            for h, w, k, stride, dilation in ((7, 9, 3, 1, 1), (8, 7, 3, 2, 1), (9, 8, 5, 2, 1),
                                              (6, 6, 2, 1, 1), (9, 9, 3, 1, 2), (5, 5, 1, 2, 1)):
                x, f = self.noise(2, h, w, 4), self.noise(k, k, 4, 2)
                explicit = [0, 0, 1, 2, 0, 3, 0, 0]
                for kind, pads in ((SAME, (same_pads(h, k, stride, dilation),
                                           same_pads(w, k, stride, dilation))),
                                   (VALID, ((0, 0), (0, 0))),
                                   (text('EXPLICIT'), ((1, 2), (0, 3)))):
                    y = evaluate(op, [x, f], padding=kind, strides=ints([1, stride, stride, 1]),
                                 dilations=ints([1, dilation, dilation, 1]),
                                 explicit_paddings=ints(explicit), data_format=text('NHWC'))
                    self.same(y, reference(x, f, stride, dilation, pads))

    def test_planar_and_grouped(self):
        x, f = self.noise(1, 6, 5, 4), self.noise(3, 3, 2, 6)
        wanted = np.concatenate([convolve(x[..., 2 * g:2 * g + 2], f[..., 3 * g:3 * g + 3], 1, 1,
                                          ((0, 0), (0, 0))) for g in (0, 1)], 3)
        y = evaluate('Conv2D', [x.transpose(0, 3, 1, 2), f], padding=VALID,
                     strides=ints([1, 1, 1, 1]), data_format=text('NCHW'))
        self.same(y, wanted.transpose(0, 3, 1, 2))

    def test_fused(self):
        x, f, b, slope = (self.noise(*s) for s in ((1, 5, 5, 3), (3, 3, 3, 4), (4,), (1, 1, 4)))
        plain = convolve(x, f, 1, 1, ((1, 1), (1, 1))) + b
        for fused, wanted in (
                (['BiasAdd'], plain), (['BiasAdd', 'Relu'], np.maximum(plain, 0)),
                (['BiasAdd', 'Relu6'], np.clip(plain, 0, 6)),
                (['BiasAdd', 'Sigmoid'], 1 / (1 + np.exp(-plain))),
                (['BiasAdd', 'LeakyRelu'], np.where(plain < 0, plain * .1, plain)),
                (['BiasAdd', 'Prelu'], np.where(plain < 0, plain * slope, plain))):
            y = evaluate('_FusedConv2D', [x, f, b] + [slope] * ('Prelu' in fused), padding=SAME,
                         strides=ints([1, 1, 1, 1]), fused_ops=texts(fused),
                         leakyrelu_alpha={'f': .1})
            self.same(y, wanted)

    def test_transposed_is_the_gradient(self):
        """<conv(x), y> = <x, transposed conv(y)> for every x and y."""
        for size, k, stride, kind in ((8, 3, 2, SAME), (7, 3, 2, SAME), (9, 2, 2, VALID),
                                      (7, 4, 3, VALID), (6, 3, 1, SAME)):
            pads = same_pads(size, k, stride) if kind is SAME else (0, 0)
            f, x = self.noise(k, k, 3, 2), self.noise(1, size, size, 3)
            forward = convolve(x, f, stride, 1, (pads, pads))
            y = self.noise(*forward.shape)
            back = evaluate('Conv2DBackpropInput', [np.array(x.shape, I32), f, y], (2,),
                            padding=kind, strides=ints([1, stride, stride, 1]))
            self.assertEqual(back.shape, x.shape)
            self.assertAlmostEqual(float((forward * y).sum()), float((x * back).sum()), 3)


class Images(Case):
    def test_pools(self):
        x = self.noise(1, 7, 6, 3) - 3
        for k, stride, kind in ((2, 2, SAME), (3, 2, SAME), (3, 1, VALID)):
            pads = [same_pads(n, k, stride) if kind is SAME else (0, 0) for n in (7, 6)]
            padded = np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=np.nan)
            view = np.lib.stride_tricks.sliding_window_view(padded, (k, k), (1, 2))
            view = view[:, ::stride, ::stride]
            for op, f in (('MaxPool', np.nanmax), ('AvgPool', np.nanmean)):
                y = evaluate(op, [x], padding=kind, ksize=ints([1, k, k, 1]),
                             strides=ints([1, stride, stride, 1]))
                self.same(y, f(view, (4, 5)))

    def sample(self, x, size, place):
        """Bilinear along H and W, at the places TensorFlow reads."""
        for axis in (1, 2):
            old, new = x.shape[axis], size[axis - 1]
            at = np.clip(place(np.arange(new), old, new), 0, old - 1)
            low = np.floor(at).astype(int)
            part = (at - low).reshape((-1, 1, 1) if axis == 1 else (-1, 1))
            x = (np.take(x, low, axis) * (1 - part)
                 + np.take(x, np.minimum(low + 1, old - 1), axis) * part)
        return x

    def test_resize_bilinear(self):
        x = self.noise(1, 4, 5, 2)
        ways = (({}, lambda i, old, new: i * old / new),
                ({'half_pixel_centers': {'b': True}},
                 lambda i, old, new: (i + .5) * old / new - .5),
                ({'align_corners': {'b': True}}, lambda i, old, new: i * (old - 1) / (new - 1)))
        for size in ((8, 10), (7, 3), (4, 9)):
            for attrs, place in ways:
                y = evaluate('ResizeBilinear', [x, np.array(size, I32)], **attrs)
                self.same(y, self.sample(x, size, place))

    def test_resize_nearest(self):
        x = self.noise(1, 4, 5, 2)
        ways = (({}, lambda i, old, new: i * old // new),
                ({'half_pixel_centers': {'b': True}},
                 lambda i, old, new: np.floor((i + .5) * old / new)),
                ({'align_corners': {'b': True}},
                 lambda i, old, new: np.floor(i * (old - 1) / (new - 1) + .5)))
        for size in ((8, 10), (7, 3), (4, 9)):
            for attrs, place in ways:
                rows, columns = (np.minimum(place(np.arange(n), o, n), o - 1).astype(int)
                                 for n, o in zip(size, (4, 5)))
                y = evaluate('ResizeNearestNeighbor', [x, np.array(size, I32)], **attrs)
                self.same(y, x[:, rows][:, :, columns])


class Integers(Case):
    X = np.array([7, -7, 7, -7, 6, -6, 0], I32)
    Y = np.array([2, 2, -2, -2, 3, 3, 5], I32)

    def test_division_rounds_down(self):
        for variable in ((0,), (0, 1)):
            for op, f in (('FloorDiv', np.floor_divide), ('FloorMod', np.mod),
                          ('RealDiv', np.floor_divide)):
                np.testing.assert_array_equal(evaluate(op, [self.X, self.Y], variable),
                                              f(self.X, self.Y))

    def test_constants_fold_the_same_way(self):
        for op, f in (('FloorDiv', np.floor_divide), ('FloorMod', np.mod)):
            model = Model()
            model.node('q', op, [model.const('a', self.X), model.const('b', self.Y)])
            model.node('y', 'AddV2', [model.input('x', [7], I32), 'q'])
            model.output('y')
            self.assertEqual(ops(converted(model)), ['Add'])
            found = run(model, x=np.zeros(7, I32))['y']
            np.testing.assert_array_equal(found, f(self.X, self.Y))

    def test_positions_divide_plainly(self):
        model = Model()
        best = model.node('best', 'ArgMax', [model.input('x', [3, 9]),
                                             model.const('axis', np.int32(1))])
        model.node('y', 'FloorDiv', [best, model.const('four', np.int32(4))])
        model.output('y')
        self.assertNotIn('Mod', ops(converted(model)))
        x = self.noise(3, 9)
        np.testing.assert_array_equal(run(model, x=x)['y'], x.argmax(1) // 4)

    def test_mixed_types_widen(self):
        y = evaluate('AddV2', [self.X, self.noise(7)], (0, 1))
        self.assertEqual(y.dtype, F32)


class Arrays(Case):
    def test_strided_slice(self):
        x = self.noise(4, 5, 6)
        cases = (
            ('[1, :3, ::2]', [1, 0, 0], [0, 3, 0], [1, 1, 2],
             dict(shrink_axis=1, begin=0b110, end=0b100)),
            ('[-1, ::-1, 4:1:-2]', [-1, 0, 4], [0, 0, 1], [1, -1, -2],
             dict(shrink_axis=1, begin=0b010, end=0b010)),
            ('[..., 2]', [0, 2], [0, 3], [1, 1], dict(ellipsis=1, shrink_axis=2)),
            ('[:, None, 1:4, ..., None]', [0, 0, 1, 0, 0], [0, 0, 4, 0, 0], [1] * 5,
             dict(begin=1, end=1, new_axis=0b10010, ellipsis=0b1000)),
            ('[2:100, -3:-1]', [2, -3], [100, -1], [1, 1], {}),
            ('[2:2]', [2], [2], [1], {}))
        for name, begin, end, step, masks in cases:
            y = evaluate('StridedSlice', [x] + [np.array(v, I32) for v in (begin, end, step)],
                         **{k + '_mask': {'i': str(v)} for k, v in masks.items()})
            np.testing.assert_array_equal(y, eval('x' + name), name)

    def test_joining_and_cutting(self):
        x, z = self.noise(3, 4), self.noise(3, 4)
        self.same(evaluate('Pack', [x, z], (0, 1), axis={'i': '1'}), np.stack([x, z], 1))
        for i, part in enumerate(evaluate('Unpack', [x], outputs=4, axis={'i': '-1'})):
            self.same(part, x[:, i])
        parts = evaluate('SplitV', [x, np.array([1, -1], I32), np.int32(1)], outputs=2)
        self.same(parts[1], x[:, 1:])
        self.same(evaluate('Tile', [x, np.array([2, 3], I32)]), np.tile(x, (2, 3)))
        self.same(evaluate('ReverseV2', [x, np.array([1], I32)]), x[:, ::-1])
        self.same(evaluate('Slice', [x, np.array([1, 0], I32), np.array([-1, 2], I32)]), x[1:, :2])
        self.same(evaluate('MirrorPad', [x, np.array([[1, 2], [0, 3]], I32)],
                           mode=text('REFLECT')), np.pad(x, ((1, 2), (0, 3)), 'reflect'))

    def test_gathering(self):
        x = self.noise(3, 4, 5)
        index = np.array([[2, 0], [1, 1]], I32)
        self.same(evaluate('GatherV2', [x, index, np.int32(1)], (0, 1)), x[:, index])
        self.same(evaluate('GatherNd', [x, index], (0, 1)), x[index[:, 0], index[:, 1]])

    def test_choosing(self):
        x, z = self.noise(3, 4), self.noise(3, 4)
        rows = np.array([True, False, True])
        self.same(evaluate('Select', [rows, x, z], (0, 1, 2)), np.where(rows[:, None], x, z))
        self.same(evaluate('SelectV2', [x > 0, x, z], (0, 1, 2)), np.where(x > 0, x, z))
        np.testing.assert_array_equal(evaluate('Where', [x > 0]), np.argwhere(x > 0))
        index = np.array([[0, 3], [-1, 5]], I32)
        hot = evaluate('OneHot', [index, np.int32(4), F32(2), F32(-1)])
        self.same(hot, np.where(index[..., None] == np.arange(4), 2, -1))

    def test_space_and_batch(self):
        x = self.noise(2, 6, 5, 3)
        block, pads = np.array([2, 3], I32), np.array([[0, 0], [1, 0]], I32)
        y = evaluate('SpaceToBatchND', [x, block, pads])
        self.assertEqual(y.shape, (12, 3, 2, 3))
        padded = np.pad(x, ((0, 0), (0, 0), (1, 0), (0, 0)))
        for b in range(12):         # batch varies fastest, then the block's column, then its row
            self.same(y[b], padded[b % 2, b // 6::2, b // 2 % 3::3])
        self.same(evaluate('BatchToSpaceND', [y, block, pads]), x)

    def test_reductions(self):
        x = self.noise(3, 4, 5)
        axes = np.array([0, -1], I32)
        for op, f in (('Sum', np.sum), ('Mean', np.mean), ('Max', np.max)):
            self.same(evaluate(op, [x, axes]), f(x, (0, 2)))
            self.same(evaluate(op, [x, axes], keep_dims={'b': True}), f(x, (0, 2), keepdims=True))
        self.assertEqual(evaluate('Any', [x > 2, np.array([1], I32)]).dtype, np.bool_)


class Choice(Case):
    BOXES = np.array([[0, 0, 4, 4], [0, 0, 4, 5], [10, 10, 12, 12], [0, 1, 4, 5], [20, 0, 22, 2]],
                     F32)
    SCORES = np.array([.5, .9, .3, .8, .1], F32)

    def test_top_k(self):
        x = np.array([[1, 5, 5, 2], [9, 0, 9, 9]], F32)
        values, index = evaluate('TopKV2', [x, np.int32(3)], outputs=2)
        self.same(values, [[5, 5, 2], [9, 9, 9]])
        self.assertEqual(index.tolist(), [[1, 2, 3], [0, 2, 3]])    # first comes first
        self.assertEqual(index.dtype, I32)

    def suppress(self, op, outputs, *settings, **attrs):
        arrays = [self.BOXES, self.SCORES, *settings]
        return evaluate(op, arrays, (0, 1), outputs, **attrs)

    def test_non_maximum_suppression(self):
        kept = self.suppress('NonMaxSuppressionV3', 1, np.int32(9), F32(.5), F32(.2))
        self.assertEqual((kept.tolist(), kept.dtype), ([1, 2], I32))
        kept, count = self.suppress('NonMaxSuppressionV4', 2, np.int32(4), F32(.5), F32(.2),
                                    pad_to_max_output_size={'b': True})
        self.assertEqual((kept.tolist(), int(count)), ([1, 2, 0, 0], 2))
        kept, scores, count = self.suppress('NonMaxSuppressionV5', 3, np.int32(9), F32(.5),
                                            F32(0), F32(0))
        self.assertEqual((kept.tolist(), int(count)), ([1, 2, 4], 3))
        self.same(scores, self.SCORES[kept])


if __name__ == '__main__':
    unittest.main()
