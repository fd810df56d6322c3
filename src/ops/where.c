/* Where: y = c ? a : b.      ONNX opset 9..
 *
 *   in   c     bool
 *        a, b  of one type, any
 *   out  y     of that type; the three shapes broadcast as NumPy's */
#include <string.h>

#include "ops/broadcast.h"
#include "ops/op.h"

#define GRAIN 16384

typedef struct where_state {
    oc_broadcast map;
    size_t       bytes;
} where_state;

static oc_status where_infer(const oc_infer *ask, oc_error *err)
{
    if (ask->in[0].dtype != OC_BOOL)
        return OC_FAIL(err, OC_FORMAT, "the condition is %s, must be bool",
                       oc_dtype_name(ask->in[0].dtype));
    if (ask->in[1].dtype != ask->in[2].dtype)
        return OC_FAIL(err, OC_FORMAT, "inputs are %s and %s, must be of one type",
                       oc_dtype_name(ask->in[1].dtype), oc_dtype_name(ask->in[2].dtype));
    ask->out[0].dtype = ask->in[1].dtype;
    return oc_broadcast_shape(ask->in, 3, &ask->out[0].shape, err);
}

static oc_status where_prepare(const oc_prepare *p, oc_error *err)
{
    const oc_shape *const shapes[3] = {&p->in[0].info.shape, &p->in[1].info.shape,
                                       &p->in[2].info.shape};
    where_state          *s = p->state;

    oc_broadcast_init(&s->map, &p->out[0].info.shape, shapes, 3);
    s->bytes = oc_dtype_bytes(p->out[0].info.dtype);
    if (!oc_shape_elements(&p->out[0].info.shape, &p->work->phase[0].units))
        return OC_FAIL(err, OC_INVALID, "the shape is too large");
    p->work->phase[0].grain = GRAIN;
    return OC_OK;
}

#define CHOOSE(T)                                                    \
    {                                                                \
        const T *a = (const T *)r->in[1].data + at[1];               \
        const T *b = (const T *)r->in[2].data + at[2];               \
        T       *y = (T *)r->out[0].data + out_at;                   \
        for (size_t i = 0; i < n; i++)                               \
            y[i] = c[i * step[0]] ? a[i * step[1]] : b[i * step[2]]; \
        break;                                                       \
    }

static void choose(void *ctx, size_t n, size_t out_at, const size_t *at)
{
    const oc_op_run   *r = ctx;
    const where_state *s = r->state;
    const uint8_t     *c = (const uint8_t *)r->in[0].data + at[0];
    size_t             step[3];

    for (uint32_t k = 0; k < 3; k++)
        step[k] = oc_broadcast_inner(&s->map, k);
    switch (s->bytes) {
    case 1: CHOOSE(uint8_t)
    case 2: CHOOSE(uint16_t)
    case 4: CHOOSE(uint32_t)
    default: CHOOSE(uint64_t)
    }
}

static void where_run(const oc_op_run *r)
{
    const where_state *s = r->state;
    oc_op_run          copy = *r;

    oc_broadcast_run(&s->map, r->part, choose, &copy);
}

const oc_op oc_op_where = {
    .name = "Where",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = 3,
    .n_out_min = 1,
    .n_out_max = 1,
    .state_size = sizeof(where_state),
    .infer = where_infer,
    .prepare = where_prepare,
    .run = where_run,
};
