/* QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear.   ONNX opset 10.., dynamic 11..
 *
 *   QuantizeLinear    x f32, y_scale, y_zero (its type is y's; left out: u8); u16 and i16 from opset 21
 *     y = saturate(round_half_even(x / y_scale) + y_zero)
 *   DequantizeLinear  x u8, i8, u16, i16 or i32, x_scale, x_zero;  y = (x - x_zero) * x_scale, f32
 *   DynamicQuantizeLinear  x f32;  y u8, and the scale and zero point that its range asks for
 *
 *   scale and zero point: one, or one per index of `axis`; they may be computed at run time
 *
 *   Blocked with one scale: QuantizeLinear to u8, from plain (a picture) or blocked; DequantizeLinear
 *   of blocked u8. */
#include <math.h>

#include "kernels/f32_quantize.h"
#include "kernels/u8_nc8.h"
#include "kernels/x8_dequantize.h"
#include "ops/blocked.h"
#include "ops/qparam.h"

typedef struct quant_state {
    size_t                 n_scale, inner; /* scales; elements in a row that share one */
    oc_k_f32_quantize_fn  *quantize;
    oc_k_x8_dequantize_fn *dequantize;
    oc_k_u8_nc8_fn        *block; /* plain to blocked; NULL: as it lies */
    oc_blocked             g;
    bool                   blocked;
} quant_state;

#define BLOCK_PIXELS 1024 /* quantised and turned at a time */

static oc_status check_params(const oc_infer *ask, oc_dtype *zero, oc_error *err)
{
    const oc_tensor_info *x = &ask->in[0], *scale = &ask->in[1];
    uint32_t              axis = 0;
    oc_status             st = oc_shape_known(x, "x", err);
    if (st != OC_OK || (st = oc_shape_known(scale, "the scale", err)) != OC_OK)
        return st;
    if (scale->dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "the scale is %s, only float32",
                       oc_dtype_name(scale->dtype));
    if (oc_node_int(ask->node, "block_size", 0) || scale->shape.rank > 1)
        return OC_FAIL(err, OC_UNSUPPORTED, "scales in blocks");
    size_t n = oc_elements(scale);
    if (n != 1) {
        st = oc_axis(oc_node_int(ask->node, "axis", 1), x->shape.rank, &axis, err);
        if (st != OC_OK)
            return st;
        if ((int64_t)n != x->shape.dim[axis])
            return OC_FAIL(err, OC_FORMAT, "%zu scales for axis %u of %lld", n, axis,
                           (long long)x->shape.dim[axis]);
    }
    *zero = OC_DTYPE_NONE;
    if (ask->n_in > 2 && ask->in[2].dtype) {
        if ((st = oc_shape_known(&ask->in[2], "the zero point", err)) != OC_OK)
            return st;
        if (oc_elements(&ask->in[2]) != n)
            return OC_FAIL(err, OC_FORMAT, "%zu scales and %zu zero points", n,
                           oc_elements(&ask->in[2]));
        *zero = ask->in[2].dtype;
    }
    return OC_OK;
}

static bool is_wide(oc_dtype dtype)
{
    return dtype == OC_U16 || dtype == OC_I16;
}

static oc_status quantize_infer(const oc_infer *ask, oc_error *err)
{
    oc_dtype  zero;
    oc_status st = check_params(ask, &zero, err);
    if (st != OC_OK)
        return st;
    /* output_dtype counts as TensorProto does */
    static const oc_dtype told[] = {[2] = OC_U8, [3] = OC_I8, [4] = OC_U16, [5] = OC_I16};
    const int64_t         type = oc_node_int(ask->node, "output_dtype", 0);
    const bool            known = type == 0 || (type >= 2 && type <= 5);
    if (!zero)
        zero = known && type ? told[type] : OC_U8;
    if (ask->in[0].dtype != OC_F32 || !(oc_is_byte(zero) || is_wide(zero)) || !known)
        return OC_FAIL(err, OC_UNSUPPORTED, "from %s to %s, only float32 to 8 or 16 bits",
                       oc_dtype_name(ask->in[0].dtype), oc_dtype_name(zero));
    ask->out[0] = (oc_tensor_info){zero, ask->in[0].shape};
    return OC_OK;
}

static oc_status dequantize_infer(const oc_infer *ask, oc_error *err)
{
    oc_dtype  zero, x = ask->in[0].dtype;
    oc_status st = check_params(ask, &zero, err);
    if (st != OC_OK)
        return st;
    if (!oc_is_byte(x) && !is_wide(x) && x != OC_I32)
        return OC_FAIL(err, OC_UNSUPPORTED, "x is %s, only integers of 8 and 16 bits and int32",
                       oc_dtype_name(x));
    if (zero && zero != x)
        return OC_FAIL(err, OC_FORMAT, "x is %s, its zero point %s", oc_dtype_name(x),
                       oc_dtype_name(zero));
    ask->out[0] = (oc_tensor_info){OC_F32, ask->in[0].shape};
    return OC_OK;
}

static bool one_scale(const oc_layout_ask *ask)
{
    return ask->in[0].info.shape.rank == 4 && oc_elements(&ask->in[1].info) == 1;
}

static bool quantize_layout(oc_layout_ask *ask)
{
    if (!one_scale(ask) || ask->out[0].info.dtype != OC_U8)
        return false;
    ask->want_in[0] = ask->in[0].layout == OC_LAYOUT_NC8;
    ask->want_out[0] = true;
    return true;
}

static bool dequantize_layout(oc_layout_ask *ask)
{
    if (!one_scale(ask) || ask->in[0].layout != OC_LAYOUT_NC8)
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    return true;
}

/* Units: vectors of eight as they lie; or, from plain, runs of pixels of a block. */
static void plan_blocked(quant_state *s, const oc_prepare *p)
{
    s->blocked = true;
    s->g = oc_blocked_of(&p->in[0].info.shape);
    p->work->phase[0].units = oc_blocked_vectors(&s->g);
    p->work->phase[0].grain = 8 * 1024;
    if (p->in[0].layout == OC_LAYOUT_NC8)
        return;
    s->block = oc_k_u8_nc8(p->isa);
    p->work->phase[0].units =
        s->g.n * s->g.blocks * ((s->g.pixels + BLOCK_PIXELS - 1) / BLOCK_PIXELS);
    p->work->phase[0].grain = 8;
    p->work->scratch_bytes = (size_t)BLOCK_PIXELS * 8;
}

static oc_status quant_prepare(const oc_prepare *p, oc_error *err)
{
    quant_state    *s = p->state;
    const oc_shape *x = &p->in[0].info.shape;
    uint32_t        axis = 0;
    s->n_scale = oc_elements(&p->in[1].info);
    s->inner = oc_elements(&p->in[0].info);
    if (s->n_scale != 1) {
        oc_status st = oc_axis(oc_node_int(p->node, "axis", 1), x->rank, &axis, err);
        if (st != OC_OK)
            return st;
        s->inner = oc_dims_product(x, axis + 1, x->rank);
    }
    s->quantize = oc_k_f32_quantize(p->isa);
    s->dequantize = oc_k_x8_dequantize(p->isa);
    p->work->phase[0].units = oc_elements(&p->in[0].info);
    p->work->phase[0].grain = 64 * 1024;
    if (p->out[0].layout == OC_LAYOUT_NC8)
        plan_blocked(s, p);
    return OC_OK;
}

/* The next run of elements from `at` with one scale: its length, and which. */
static size_t next_run(const quant_state *s, size_t at, size_t end, size_t *which)
{
    size_t left = s->inner - at % s->inner;
    *which = at / s->inner % s->n_scale;
    return left < end - at ? left : end - at;
}

static int32_t zero_of(const oc_op_run *r, size_t i)
{
    return r->n_in > 2 ? oc_zero_at(r->in[2].info.dtype, r->in[2].data, i) : 0;
}

static void quantize_to_blocks(const quant_state *s, const oc_op_run *r)
{
    const size_t runs = (s->g.pixels + BLOCK_PIXELS - 1) / BLOCK_PIXELS;
    const float  scale = *(const float *)r->in[1].data;
    uint8_t     *bytes = r->scratch;
    for (size_t u = r->part.begin; u < r->part.end; u++) {
        const size_t at = u % runs * BLOCK_PIXELS, block = u / runs % s->g.blocks;
        const size_t n = s->g.pixels - at < BLOCK_PIXELS ? s->g.pixels - at : BLOCK_PIXELS;
        const size_t first = u / runs / s->g.blocks * s->g.c + block * 8;
        const size_t lanes = s->g.c - block * 8 < 8 ? s->g.c - block * 8 : 8;
        const float *x = (const float *)r->in[0].data + first * s->g.pixels + at;
        oc_bytes8    t = {.planar = bytes,
                          .blocked = (uint8_t *)r->out[0].data + (u / runs * s->g.pixels + at) * 8,
                          .plane = n,
                          .n = n,
                          .lanes = (unsigned)lanes,
                          .to_blocked = true};
        for (size_t c = 0; c < lanes; c++)
            s->quantize(n, x + c * s->g.pixels, scale, zero_of(r, 0), false, bytes + c * n);
        s->block(&t);
    }
}

/* To 16 bits, as the kernel of bytes does it: NaN becomes the smallest value. */
static void quantize_wide(size_t n, const float *x, float scale, int32_t zero, bool is_signed,
                          uint16_t *y)
{
    const float lo = (float)((is_signed ? INT16_MIN : 0) - zero);
    const float hi = (float)((is_signed ? INT16_MAX : UINT16_MAX) - zero);
    for (size_t i = 0; i < n; i++) {
        float v = x[i] / scale;
        v = v > lo ? v : lo;
        v = v < hi ? v : hi;
        y[i] = (uint16_t)((int32_t)rintf(v) + zero);
    }
}

static void quantize_run(const oc_op_run *r)
{
    const quant_state *s = r->state;
    const float       *x = r->in[0].data, *scale = r->in[1].data;
    if (s->block) {
        quantize_to_blocks(s, r);
        return;
    }
    if (s->blocked) {
        if (r->part.begin < r->part.end)
            s->quantize((r->part.end - r->part.begin) * 8, x + r->part.begin * 8, *scale,
                        zero_of(r, 0), false, (uint8_t *)r->out[0].data + r->part.begin * 8);
        return;
    }
    const oc_dtype dtype = r->out[0].info.dtype;
    for (size_t at = r->part.begin, n, k; at < r->part.end; at += n) {
        n = next_run(s, at, r->part.end, &k);
        if (is_wide(dtype))
            quantize_wide(n, x + at, scale[k], zero_of(r, k), dtype == OC_I16,
                          (uint16_t *)r->out[0].data + at);
        else
            s->quantize(n, x + at, scale[k], zero_of(r, k), dtype == OC_I8,
                        (uint8_t *)r->out[0].data + at);
    }
}

static void dequantize(const quant_state *s, oc_dtype dtype, const void *x, size_t at, size_t n,
                       int32_t zero, float scale, float *y)
{
    switch (dtype) {
    case OC_U16:
        for (size_t i = at; i < at + n; i++)
            y[i] = (float)(((const uint16_t *)x)[i] - zero) * scale;
        break;
    case OC_I16:
        for (size_t i = at; i < at + n; i++)
            y[i] = (float)(((const int16_t *)x)[i] - zero) * scale;
        break;
    case OC_I32:
        for (size_t i = at; i < at + n; i++)
            y[i] = (float)(int32_t)((uint32_t)((const int32_t *)x)[i] - (uint32_t)zero) * scale;
        break;
    default: s->dequantize(n, (const uint8_t *)x + at, scale, zero, dtype == OC_I8, y + at);
    }
}

static void dequantize_run(const oc_op_run *r)
{
    const quant_state *s = r->state;
    const float       *scale = r->in[1].data;
    const oc_dtype     dtype = r->in[0].info.dtype;
    float             *y = r->out[0].data;
    if (s->blocked && r->part.begin < r->part.end) {
        dequantize(s, dtype, r->in[0].data, r->part.begin * 8, (r->part.end - r->part.begin) * 8,
                   zero_of(r, 0), *scale, y);
        oc_blocked_zero_padding(&s->g, y, r->part);
        return;
    }
    for (size_t at = r->part.begin, n, k; at < r->part.end; at += n) {
        n = next_run(s, at, r->part.end, &k);
        dequantize(s, dtype, r->in[0].data, at, n, zero_of(r, k), scale[k], y);
    }
}

static oc_status dynamic_infer(const oc_infer *ask, oc_error *err)
{
    if (ask->in[0].dtype != OC_F32)
        return OC_FAIL(err, OC_UNSUPPORTED, "x is %s, only float32",
                       oc_dtype_name(ask->in[0].dtype));
    ask->out[0] = (oc_tensor_info){OC_U8, ask->in[0].shape};
    ask->out[1] = (oc_tensor_info){OC_F32, {0, {0}}};
    ask->out[2] = (oc_tensor_info){OC_U8, {0, {0}}};
    return OC_OK;
}

static oc_status dynamic_prepare(const oc_prepare *p, oc_error *err)
{
    (void)err;
    quant_state *s = p->state;
    s->quantize = oc_k_f32_quantize(p->isa);
    p->work->n_phases = 2;
    p->work->phase[0].units = p->work->phase[0].grain = 1;
    p->work->phase[1].units = oc_elements(&p->in[0].info);
    p->work->phase[1].grain = 64 * 1024;
    return OC_OK;
}

/* The range always holds 0, so that 0 is represented exactly. */
static void find_range(const oc_op_run *r)
{
    const float *x = r->in[0].data;
    size_t       n = oc_elements(&r->in[0].info);
    float        lo = 0.0f, hi = 0.0f;
    for (size_t i = 0; i < n; i++) {
        lo = x[i] < lo ? x[i] : lo;
        hi = x[i] > hi ? x[i] : hi;
    }
    float scale = hi == lo ? 1.0f : (hi - lo) / 255.0f;
    float zero = 0.0f - lo / scale;
    zero = zero < 0.0f ? 0.0f : zero > 255.0f ? 255.0f : zero;
    *(float *)r->out[1].data = scale;
    *(uint8_t *)r->out[2].data = (uint8_t)rintf(zero);
}

static void dynamic_run(const oc_op_run *r)
{
    const quant_state *s = r->state;
    if (r->phase == 0) {
        find_range(r);
        return;
    }
    size_t at = r->part.begin;
    if (at < r->part.end)
        s->quantize(r->part.end - at, (const float *)r->in[0].data + at,
                    *(const float *)r->out[1].data, *(const uint8_t *)r->out[2].data, false,
                    (uint8_t *)r->out[0].data + at);
}

const oc_op oc_op_quantize_linear = {
    .name = "QuantizeLinear",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(quant_state),
    .infer = quantize_infer,
    .layout = quantize_layout,
    .prepare = quant_prepare,
    .run = quantize_run,
};
const oc_op oc_op_dequantize_linear = {
    .name = "DequantizeLinear",
    .domain = "",
    .n_in_min = 2,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_NC8_BYTES,
    .state_size = sizeof(quant_state),
    .infer = dequantize_infer,
    .layout = dequantize_layout,
    .prepare = quant_prepare,
    .run = dequantize_run,
};
const oc_op oc_op_dynamic_quantize_linear = {
    .name = "DynamicQuantizeLinear",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 3,
    .n_out_max = 3,
    .state_size = sizeof(quant_state),
    .infer = dynamic_infer,
    .prepare = dynamic_prepare,
    .run = dynamic_run,
};
