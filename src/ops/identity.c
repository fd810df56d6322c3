/* Identity, Dropout (as it is in inference): y = x.      ONNX opset 1..
 *
 *   in   x     any type; Dropout's ratio does not matter, but a training_mode that is true, or
 *              not constant, is refused unless the ratio is a constant zero
 *   out  y     x; may share its memory
 *        mask  (Dropout) all true; of x's type before opset 10, where it is all ones */
#include <string.h>

#include "kernels/any_cast.h"
#include "ops/op.h"

#define GRAIN 65536

typedef struct identity_state {
    size_t            bytes, mask_bytes; /* of an element */
    oc_k_any_cast_fn *one;               /* from bool to the mask's type */
} identity_state;

/* Training with a constant ratio of zero drops nothing. */
static bool drops(const oc_infer *ask)
{
    const uint8_t *training = ask->in_data[2], *ratio = ask->in_data[1];

    if (training && !*training)
        return false;
    if (ask->in[1].dtype == OC_DTYPE_NONE || !ratio)
        return true; /* the default is a half */
    for (size_t i = 0; i < oc_dtype_bytes(ask->in[1].dtype); i++)
        if (ratio[i])
            return true;
    return false;
}

static oc_status identity_infer(const oc_infer *ask, oc_error *err)
{
    if (ask->n_in > 2 && ask->in[2].dtype != OC_DTYPE_NONE && drops(ask))
        return OC_FAIL(err, OC_UNSUPPORTED, "dropout in training mode");
    ask->out[0] = ask->in[0];
    if (ask->n_out > 1) {
        ask->out[1] = ask->in[0];
        if (ask->node->opset >= 10)
            ask->out[1].dtype = OC_BOOL;
    }
    return OC_OK;
}

static bool identity_layout(oc_layout_ask *ask)
{
    if (ask->in[0].layout != OC_LAYOUT_NC8 || ask->n_out > 1)
        return false;
    ask->want_in[0] = ask->want_out[0] = true;
    return true;
}

static oc_status identity_prepare(const oc_prepare *p, oc_error *err)
{
    identity_state *s = p->state;
    const oc_shape *shape = &p->out[0].info.shape;
    size_t          n;

    if (!oc_shape_elements(shape, &n))
        return OC_FAIL(err, OC_INVALID, "the shape is too large");
    s->bytes = oc_dtype_bytes(p->out[0].info.dtype);
    if (p->out[0].layout == OC_LAYOUT_NC8)
        n = (size_t)shape->dim[0] * (((size_t)shape->dim[1] + 7) / 8 * 8) * (size_t)shape->dim[2] *
            (size_t)shape->dim[3];
    if (p->n_out > 1 && p->out[1].info.dtype != OC_DTYPE_NONE) {
        s->one = oc_k_any_cast(OC_BOOL, p->out[1].info.dtype);
        s->mask_bytes = oc_dtype_bytes(p->out[1].info.dtype);
    }
    p->work->phase[0].units = n;
    p->work->phase[0].grain = GRAIN;
    return OC_OK;
}

static void identity_run(const oc_op_run *r)
{
    const identity_state *s = r->state;
    const size_t          at = r->part.begin, n = r->part.end - at;
    const uint8_t         one = 1;

    if (r->out[0].data != r->in[0].data)
        memcpy((char *)r->out[0].data + at * s->bytes, (const char *)r->in[0].data + at * s->bytes,
               n * s->bytes);
    if (s->one && r->out[1].data)
        for (size_t i = at; i < at + n; i++)
            s->one(1, &one, (char *)r->out[1].data + i * s->mask_bytes);
}

const oc_op oc_op_identity = {
    .name = "Identity",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 1,
    .n_out_min = 1,
    .n_out_max = 1,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(identity_state),
    .infer = identity_infer,
    .layout = identity_layout,
    .prepare = identity_prepare,
    .run = identity_run,
};
const oc_op oc_op_dropout = {
    .name = "Dropout",
    .domain = "",
    .n_in_min = 1,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 2,
    .flags = OC_OP_IN_PLACE,
    .state_size = sizeof(identity_state),
    .infer = identity_infer,
    .layout = identity_layout,
    .prepare = identity_prepare,
    .run = identity_run,
};
