/* GRU.      ONNX opset 7.., all directions; layout since 14
 *
 *   in   X              [seq,batch,input]; layout 1: [batch,seq,input]; all f32
 *        W, R           [dirs,3*hidden,input], [dirs,3*hidden,hidden]: gates z, r, h
 *        B              [dirs,6*hidden]: of W, then of R
 *        sequence_lens  [batch], i32; a length beyond [0, seq] counts as the nearest in it
 *        initial_h      [dirs,batch,hidden]; layout 1: [batch,dirs,hidden]
 *   out  Y              [seq,dirs,batch,hidden]; layout 1: [batch,seq,dirs,hidden]
 *        Y_h            as initial_h
 *
 *   z, r = f(X W + H R + B)     h = g(X W + (r H) R + B)     H' = (1 - z) h + z H
 *   linear_before_reset:        h = g(X W + Bw + r (H R + Br)) */
#include <string.h>

#include "ops/recurrent.h"

static void apply_rows(const oc_recurrent_step *s, size_t at, size_t n, const oc_recurrent_act *act)
{
    for (size_t row = 0; row < s->rows; row++)
        oc_recurrent_apply(s->d, act, n, s->gates + row * 3 * s->d->hidden + at);
}

/* h += r (H R + Br) */
static void reset_after(const oc_recurrent_step *s)
{
    const size_t n = s->d->hidden;

    for (size_t row = 0; row < s->rows; row++)
        memcpy(s->spare + row * n, s->weights->r_bias, n * sizeof(float));
    oc_recurrent_multiply(s, s->h, s->weights->r_last, n, s->spare, n);
    for (size_t row = 0; row < s->rows; row++) {
        const float *r = s->gates + (row * 3 + 1) * n, *spare = s->spare + row * n;
        float       *h = s->gates + (row * 3 + 2) * n;

        for (size_t k = 0; k < n; k++)
            h[k] += r[k] * spare[k];
    }
}

/* h += (r H) R */
static void reset_before(const oc_recurrent_step *s)
{
    const size_t n = s->d->hidden;

    for (size_t row = 0; row < s->rows; row++) {
        const float *r = s->gates + (row * 3 + 1) * n, *before = s->h + row * n;
        float       *spare = s->spare + row * n;

        for (size_t k = 0; k < n; k++)
            spare[k] = r[k] * before[k];
    }
    oc_recurrent_multiply(s, s->spare, s->weights->r_last, n, s->gates + 2 * n, 3 * n);
}

static void cell(const oc_recurrent_step *s)
{
    const size_t n = s->d->hidden;

    oc_recurrent_multiply(s, s->h, s->weights->r, 2 * n, s->gates, 3 * n);
    apply_rows(s, 0, 2 * n, &s->act[0]);
    if (s->d->bias_apart)
        reset_after(s);
    else
        reset_before(s);
    apply_rows(s, 2 * n, n, &s->act[1]);
    for (size_t row = 0; row < s->rows; row++) {
        const float *z = s->gates + row * 3 * n, *h = z + 2 * n, *before = s->h + row * n;
        float       *next = s->next_h + row * n;

        for (size_t k = 0; k < n; k++)
            next[k] = (1.0f - z[k]) * h[k] + z[k] * before[k];
    }
}

static void setup(oc_recurrent *d)
{
    d->gates = 3;
    d->n_acts = 2;
    d->parted = true;
}

static oc_status gru_infer(const oc_infer *ask, oc_error *err)
{
    oc_recurrent d = {0};

    setup(&d);
    return oc_recurrent_infer(&d, ask, err);
}

static oc_status gru_prepare(const oc_prepare *p, oc_error *err)
{
    setup(p->state);
    return oc_recurrent_init(p->state, p, err);
}

static void gru_run(const oc_op_run *r)
{
    oc_recurrent_run(r->state, r, cell);
}

const oc_op oc_op_gru = {
    .name = "GRU",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = 6,
    .n_out_min = 0,
    .n_out_max = 2,
    .state_size = sizeof(oc_recurrent),
    .infer = gru_infer,
    .prepare = gru_prepare,
    .run = gru_run,
};
