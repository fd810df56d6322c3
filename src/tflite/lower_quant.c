/* Between bytes and real numbers. */
#include "tflite/lower.h"
#include "tflite/lowerings.h"

/* float32 -> bytes, or bytes -> bytes of another scale. */
void tfl_lower_quantize(tfl_op *o)
{
    tfl_form form = tfl_form_of(o, 1);
    if (!tfl_is_quantised(tfl_out(o, 0)) || tfl_out(o, 0)->scale.n != 1) {
        tfl_fail(o, OC_UNSUPPORTED, "to %s with %u scales", oc_dtype_name(tfl_out(o, 0)->dtype),
                 tfl_out(o, 0)->scale.n);
        return;
    }
    tfl_give_real(o, 0, tfl_real(o, tfl_in(o, 0), form), form);
}

/* Of a constant (float16 weights, most often) nothing is computed now: the operator that uses it
 * converts it while it puts it in its own order. */
void tfl_lower_dequantize(tfl_op *o)
{
    const tfl_tensor *x = tfl_in(o, 0);
    tfl_tensor       *y = tfl_out(o, 0);
    tfl_form          form = tfl_form_of(o, 1);
    if (x->data) {
        if (y->made || y->data || !oc_shape_equal(&x->shape, &y->shape)) {
            tfl_fail(o, OC_FORMAT, "'%.80s' is of another shape, or made twice", y->name);
            return;
        }
        y->data = x->data;
        y->stored = x->stored;
        y->scale = x->scale;
        y->zero = x->zero;
        y->axis = x->axis;
    } else if (x->dtype == OC_F16) {
        tfl_give(o, 0, tfl_cast(o, tfl_value(o, tfl_in(o, 0), form), OC_F32), form);
    } else {
        tfl_give(o, 0, tfl_real(o, tfl_in(o, 0), form), form);
    }
}

/* y = scale * round(x / scale) within [min, max], bits of them: quantised and back. */
void tfl_lower_fake_quant(tfl_op *o)
{
    float    lo = flat_f32(&o->options, 0, 0), hi = flat_f32(&o->options, 1, 0);
    tfl_form form = tfl_form_of(o, 1);
    oc_vid   x = tfl_real(o, tfl_in(o, 0), form);
    if (flat_i32(&o->options, 2, 0) != 8 || flat_bool(&o->options, 3) || !(lo <= 0 && hi >= 0) ||
        !(lo < hi)) {
        tfl_fail(o, OC_UNSUPPORTED, "only of 8 bits, over a range with zero in it");
        return;
    }
    float          scale = (hi - lo) / 255;
    unsigned char *zero = tfl_memory(o, 1, 1);
    if (!zero)
        return;
    *zero = (unsigned char)(-lo / scale + .5f);
    oc_vid s = tfl_const_f32(o, scale);
    oc_vid z = tfl_const_bytes(o, OC_U8, &(oc_shape){0}, zero);
    oc_vid q = tfl_emit(o, "QuantizeLinear", TFL_IN(x, s, z), TFL_NO_ATTRS);
    tfl_give(o, 0, tfl_emit(o, "DequantizeLinear", TFL_IN(q, s, z), TFL_NO_ATTRS), form);
}
