/* recurrent.h -- what LSTM, GRU and RNN share: the node's words, packed weights, the walk.
 *
 * A step of a cell is: gates = X[t] * W^T + bias + H * R^T, then element-wise.  The input's share
 * is multiplied for several steps in one go, for R has to wait for the step before.  A unit is one
 * direction of a few sequences of the batch, from its first step to its last: sequences and
 * directions do not look at each other.
 *
 * A reversed direction walks from the last step to the first.  A sequence shorter than the others
 * takes no part in the steps beyond its length: its state stays, its Y is zero there. */
#ifndef OC_OPS_RECURRENT_H
#define OC_OPS_RECURRENT_H

#include "kernels/f32_mac.h"
#include "kernels/f32_unary.h"
#include "ops/args.h"

#define OC_RECURRENT_ACTS 3

/* y = gain * f(slope * x) + offset; where `linear`, f is nothing. */
typedef struct oc_recurrent_act {
    oc_unary f;
    bool     linear;
    float    slope, gain, offset;
} oc_recurrent_act;

/* Of one direction; each part begins on a multiple of 8 floats. */
typedef struct oc_recurrent_weights {
    const float *w;      /* packed: gates*hidden columns, input rows */
    const float *r;      /* packed: the first `first` columns, hidden rows */
    const float *r_last; /* packed: the remaining columns */
    const float *bias;   /* of all columns; zeros where the node has none */
    const float *r_bias; /* of r_last's columns, where these are kept apart */
} oc_recurrent_weights;

typedef struct oc_recurrent {
    /* by the operator */
    size_t gates;      /* 1, 3, 4 */
    size_t n_acts;     /* 1, 2, 3 */
    bool   has_cell;   /* a second state: initial_c, Y_c, peepholes */
    bool   parted;     /* R's last gate is multiplied by itself (GRU) ... */
    bool   bias_apart; /* ... and its bias of R is not added to W's */
    /* by oc_recurrent_read */
    size_t           seq, batch, input, hidden, dirs;
    bool             reversed;  /* the only direction is "reverse" */
    bool             batchwise; /* layout 1 */
    bool             input_forget;
    float            clip; /* 0: none */
    oc_recurrent_act act[2][OC_RECURRENT_ACTS];
    /* by oc_recurrent_init */
    oc_k_f32_mac_fn     *mac;
    oc_k_f32_unary_fn   *unary;
    bool                 packed; /* else units pack what they need */
    oc_recurrent_weights weights[2];
    size_t               rows_per, groups, steps_per;
} oc_recurrent;

/* One step of `rows` sequences. */
typedef struct oc_recurrent_step {
    const oc_recurrent         *d;
    const oc_recurrent_weights *weights;
    const oc_recurrent_act     *act;
    const float                *peephole; /* i, o, f: hidden each; or NULL */
    size_t                      rows;
    float                      *gates; /* [rows][gates*hidden]: the input's share; to spoil */
    const float                *h, *c; /* [rows][hidden]: the state before */
    float                      *next_h, *next_c; /* to fill */
    float                      *spare;           /* [rows][hidden] */
} oc_recurrent_step;

typedef void oc_recurrent_cell(const oc_recurrent_step *s);

/* Fills what the node says; infer also its results.  d has the part of the operator. */
OC_MUST_CHECK oc_status oc_recurrent_read(oc_recurrent *d, const oc_args *a, oc_error *err);
OC_MUST_CHECK oc_status oc_recurrent_infer(oc_recurrent *d, const oc_infer *ask, oc_error *err);
/* Packs constant weights, plans the work. */
OC_MUST_CHECK oc_status oc_recurrent_init(oc_recurrent *d, const oc_prepare *p, oc_error *err);
void oc_recurrent_run(const oc_recurrent *d, const oc_op_run *r, oc_recurrent_cell *cell);

/* For cells.  y[rows][columns of w] += x[rows][hidden] * w; rows of y lie y_row floats apart. */
void oc_recurrent_multiply(const oc_recurrent_step *s, const float *x, const float *w,
                           size_t columns, float *y, size_t y_row);
/* In place, after clipping; without clipping. */
void oc_recurrent_apply(const oc_recurrent *d, const oc_recurrent_act *act, size_t n, float *x);
void oc_recurrent_act_only(const oc_recurrent *d, const oc_recurrent_act *act, size_t n, float *x);

#endif
