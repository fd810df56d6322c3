/* RNN.      ONNX opset 7.., all directions; layout since 14
 *
 *   in   X              [seq,batch,input]; layout 1: [batch,seq,input]; all f32
 *        W, R           [dirs,hidden,input], [dirs,hidden,hidden]
 *        B              [dirs,2*hidden]: of W, then of R
 *        sequence_lens  [batch], i32; a length beyond [0, seq] counts as the nearest in it
 *        initial_h      [dirs,batch,hidden]; layout 1: [batch,dirs,hidden]
 *   out  Y              [seq,dirs,batch,hidden]; layout 1: [batch,seq,dirs,hidden]
 *        Y_h            as initial_h
 *
 *   H' = f(X W + H R + B) */
#include <string.h>

#include "ops/recurrent.h"

static void cell(const oc_recurrent_step *s)
{
    const size_t n = s->d->hidden;

    memcpy(s->next_h, s->gates, s->rows * n * sizeof(float));
    oc_recurrent_multiply(s, s->h, s->weights->r, n, s->next_h, n);
    oc_recurrent_apply(s->d, &s->act[0], s->rows * n, s->next_h);
}

static void setup(oc_recurrent *d)
{
    d->gates = 1;
    d->n_acts = 1;
}

static oc_status rnn_infer(const oc_infer *ask, oc_error *err)
{
    oc_recurrent d = {0};

    setup(&d);
    return oc_recurrent_infer(&d, ask, err);
}

static oc_status rnn_prepare(const oc_prepare *p, oc_error *err)
{
    setup(p->state);
    return oc_recurrent_init(p->state, p, err);
}

static void rnn_run(const oc_op_run *r)
{
    oc_recurrent_run(r->state, r, cell);
}

const oc_op oc_op_rnn = {
    .name = "RNN",
    .domain = "",
    .n_in_min = 3,
    .n_in_max = 6,
    .n_out_min = 0,
    .n_out_max = 2,
    .state_size = sizeof(oc_recurrent),
    .infer = rnn_infer,
    .prepare = rnn_prepare,
    .run = rnn_run,
};
