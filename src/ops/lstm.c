/* LSTM.      ONNX opset 7.., all directions; layout since 14
 *
 *   in   X              [seq,batch,input]; layout 1: [batch,seq,input]; all f32
 *        W, R           [dirs,4*hidden,input], [dirs,4*hidden,hidden]: gates i, o, f, c
 *        B              [dirs,8*hidden]: of W, then of R
 *        sequence_lens  [batch], i32; a length beyond [0, seq] counts as the nearest in it
 *        initial_h, initial_c  [dirs,batch,hidden]; layout 1: [batch,dirs,hidden]
 *        P              [dirs,3*hidden]: peepholes i, o, f
 *   out  Y              [seq,dirs,batch,hidden]; layout 1: [batch,seq,dirs,hidden]
 *        Y_h, Y_c       as initial_h
 *
 *   i, f = f(X W + H R + P C + B)      c~ = g(X W + H R + B)      C' = f C + i c~
 *   o    = f(X W + H R + P C' + B)     H' = o h(C')               input_forget: f = 1 - i
 *
 * clip bounds what goes into f and g, not C' on its way into h: so ONNX Runtime does. */
#include <string.h>

#include "ops/recurrent.h"

static void add_peephole(size_t n, const float *p, const float *c, float *gate)
{
    for (size_t i = 0; i < n; i++)
        gate[i] += p[i] * c[i];
}

static void cell_row(const oc_recurrent_step *s, size_t row)
{
    const oc_recurrent *d = s->d;
    const size_t        n = d->hidden;
    const float        *c = s->c + row * n;
    float              *i = s->gates + row * 4 * n, *o = i + n, *f = o + n, *g = f + n;
    float              *next_c = s->next_c + row * n, *next_h = s->next_h + row * n;

    if (s->peephole) {
        add_peephole(n, s->peephole, c, i);
        add_peephole(n, s->peephole + 2 * n, c, f);
    }
    oc_recurrent_apply(d, &s->act[0], n, i);
    if (d->input_forget)
        for (size_t k = 0; k < n; k++)
            f[k] = 1.0f - i[k];
    else
        oc_recurrent_apply(d, &s->act[0], n, f);
    oc_recurrent_apply(d, &s->act[1], n, g);
    for (size_t k = 0; k < n; k++)
        next_c[k] = f[k] * c[k] + i[k] * g[k];
    if (s->peephole)
        add_peephole(n, s->peephole + n, next_c, o);
    oc_recurrent_apply(d, &s->act[0], n, o);
    memcpy(next_h, next_c, n * sizeof(*next_h));
    oc_recurrent_act_only(d, &s->act[2], n, next_h);
    for (size_t k = 0; k < n; k++)
        next_h[k] *= o[k];
}

static void cell(const oc_recurrent_step *s)
{
    const size_t columns = 4 * s->d->hidden;

    oc_recurrent_multiply(s, s->h, s->weights->r, columns, s->gates, columns);
    for (size_t row = 0; row < s->rows; row++)
        cell_row(s, row);
}

static void setup(oc_recurrent *d)
{
    d->gates = 4;
    d->n_acts = 3;
    d->has_cell = true;
}

static oc_status lstm_infer(const oc_infer *ask, oc_error *err)
{
    oc_recurrent d = {0};

    setup(&d);
    return oc_recurrent_infer(&d, ask, err);
}

static oc_status lstm_prepare(const oc_prepare *p, oc_error *err)
{
    setup(p->state);
    return oc_recurrent_init(p->state, p, err);
}

static void lstm_run(const oc_op_run *r)
{
    oc_recurrent_run(r->state, r, cell);
}

const oc_op oc_op_lstm = {
    .name = "LSTM",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = 8,
    .n_out_min = 0,
    .n_out_max = 3,
    .state_size = sizeof(oc_recurrent),
    .infer = lstm_infer,
    .prepare = lstm_prepare,
    .run = lstm_run,
};
