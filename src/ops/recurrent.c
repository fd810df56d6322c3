#include "ops/recurrent.h"

#include <string.h>

#include "ops/packed.h"

#define ROWS 6             /* sequences of a unit: the height of a tile */
#define SHARE_FLOATS 32768 /* of the input's share that is multiplied ahead */

enum { IN_X, IN_W, IN_R, IN_B, IN_LENGTHS, IN_H, IN_C, IN_P };
enum { OUT_Y, OUT_H, OUT_C };

static size_t eights(size_t n)
{
    return (n + 7) / 8 * 8;
}

/* ---- weights ---- */

/* w[n][k] becomes panels of 16 columns (the last of 8 or 16), k rows each. */
static void pack(const float *w, size_t n, size_t k, float *out)
{
    for (size_t first = 0; first < n; first += 16) {
        const size_t width = n - first > 8 ? 16 : 8;

        for (size_t i = 0; i < k; i++)
            for (size_t o = 0; o < width; o++)
                *out++ = first + o < n ? w[(first + o) * k + i] : 0.0f;
    }
}

static size_t first_columns(const oc_recurrent *d)
{
    return (d->gates - (d->parted ? 1 : 0)) * d->hidden;
}

static size_t weights_floats(const oc_recurrent *d)
{
    const size_t columns = d->gates * d->hidden, first = first_columns(d);

    return eights(columns) * d->input + (eights(first) + eights(columns - first)) * d->hidden +
           eights(columns) + 8 + eights(columns - first) + 8;
}

/* Where the parts of one direction's weights lie. */
static oc_recurrent_weights place_weights(const oc_recurrent *d, const float *at)
{
    const size_t         columns = d->gates * d->hidden, first = first_columns(d);
    oc_recurrent_weights placed = {.w = at};

    placed.r = placed.w + eights(columns) * d->input;
    placed.r_last = placed.r + eights(first) * d->hidden;
    placed.bias = placed.r_last + eights(columns - first) * d->hidden;
    placed.r_bias = placed.bias + eights(columns) + 8;
    return placed;
}

static void fill_weights(const oc_recurrent *d, size_t dir, const float *w, const float *r,
                         const float *b, float *at)
{
    const oc_recurrent_weights placed = place_weights(d, at);
    const size_t               columns = d->gates * d->hidden, first = first_columns(d);
    const size_t               last = columns - first;
    float                     *bias = at + (placed.bias - placed.w);
    float                     *r_bias = at + (placed.r_bias - placed.w);

    w += dir * columns * d->input;
    r += dir * columns * d->hidden;
    pack(w, columns, d->input, at);
    pack(r, first, d->hidden, at + (placed.r - placed.w));
    pack(r + first * d->hidden, last, d->hidden, at + (placed.r_last - placed.w));
    memset(bias, 0, (eights(columns) + 8 + eights(last) + 8) * sizeof(*bias));
    if (!b)
        return;
    b += dir * 2 * columns;
    for (size_t i = 0; i < columns; i++) {
        const bool apart = d->bias_apart && i >= first;

        bias[i] = b[i] + (apart ? 0.0f : b[columns + i]);
        if (apart)
            r_bias[i - first] = b[columns + i];
    }
}

static oc_status pack_constants(oc_recurrent *d, const oc_prepare *p, oc_error *err)
{
    const bool   has_bias = p->n_in > IN_B && p->in[IN_B].info.dtype != OC_DTYPE_NONE;
    const float *b = has_bias ? p->in[IN_B].data : NULL;

    d->packed = p->in[IN_W].data && p->in[IN_R].data && (!has_bias || b);
    for (size_t i = 0; i < d->dirs && d->packed; i++) {
        bool   ready;
        float *at = oc_packed_take(p, weights_floats(d), sizeof(float), &ready);

        if (!at)
            return OC_FAIL(err, OC_NOMEM, "%zu packed weights", weights_floats(d));
        if (!ready)
            fill_weights(d, i, p->in[IN_W].data, p->in[IN_R].data, b, at);
        d->weights[i] = place_weights(d, oc_packed_keep(p, at));
    }
    for (uint32_t i = IN_W; i <= IN_B && d->packed; i++)
        if (i < IN_B || has_bias)
            oc_packed_consumed(p, i);
    return OC_OK;
}

/* ---- plan ---- */

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A unit has five: h, c, the next of each, and a spare one. */
static size_t state_floats(const oc_recurrent *d)
{
    return eights(d->rows_per * d->hidden);
}

oc_status oc_recurrent_init(oc_recurrent *d, const oc_prepare *p, oc_error *err)
{
    const oc_args a = oc_args_of_prepare(p);
    oc_status     st = oc_recurrent_read(d, &a, err);

    if (st != OC_OK || (st = pack_constants(d, p, err)) != OC_OK)
        return st;
    const size_t columns = d->gates * d->hidden;
    d->mac = oc_k_f32_mac(p->isa);
    d->unary = oc_k_f32_unary(p->isa);
    d->rows_per = d->batch < ROWS ? d->batch : ROWS;
    d->groups = d->batch ? (d->batch + ROWS - 1) / ROWS : 0;
    d->steps_per = min_size(SHARE_FLOATS / (columns * d->rows_per + 1) + 1, d->seq);
    size_t floats = eights(d->steps_per * d->rows_per * columns) + 5 * state_floats(d);
    if (!d->packed)
        floats += weights_floats(d);
    p->work->n_phases = 1;
    p->work->phase[0].units = d->dirs * d->groups;
    p->work->phase[0].grain = 1;
    p->work->scratch_bytes = floats * sizeof(float);
    p->work->flops = 2.0 * (double)(d->dirs * d->batch) * (double)d->seq * (double)columns *
                     (double)(d->input + d->hidden);
    return OC_OK;
}

/* ---- run ---- */

/* y = x * w + bias, or y += x * w where there is no bias. */
static void multiply(const oc_recurrent *d, size_t rows, size_t k, const float *x, ptrdiff_t x_row,
                     const float *w, size_t columns, const float *bias, float *y, ptrdiff_t y_row)
{
    oc_mac m = {.x_px = x_row,
                .x2 = 8,
                .n0 = k > 0,
                .n1 = 1,
                .n2 = (k + 7) / 8,
                .k_last = k ? (unsigned)((k - 1) % 8 + 1) : 8,
                .y_px = y_row,
                .y_blk = 8,
                .px = rows};

    for (size_t first = 0; first < columns; first += 16) {
        const size_t left = columns - first, width = left > 8 ? 16 : 8;

        m.x = x;
        m.w = w + first * k;
        m.blocks = (unsigned)(width / 8);
        m.lanes = (unsigned)(left >= width ? 8 : left - width + 8);
        m.bias = bias ? bias + first : NULL;
        m.y = y + first;
        m.add = bias ? NULL : m.y;
        d->mac(&m);
    }
}

void oc_recurrent_multiply(const oc_recurrent_step *s, const float *x, const float *w,
                           size_t columns, float *y, size_t y_row)
{
    multiply(s->d, s->rows, s->d->hidden, x, (ptrdiff_t)s->d->hidden, w, columns, NULL, y,
             (ptrdiff_t)y_row);
}

void oc_recurrent_apply(const oc_recurrent *d, const oc_recurrent_act *act, size_t n, float *x)
{
    if (d->clip > 0.0f) {
        const oc_unary clip = {OC_UNARY_CLIP, -(double)d->clip, (double)d->clip};

        d->unary(&clip, n, x, x);
    }
    oc_recurrent_act_only(d, act, n, x);
}

void oc_recurrent_act_only(const oc_recurrent *d, const oc_recurrent_act *act, size_t n, float *x)
{
    for (size_t i = 0; act->slope != 1.0f && i < n; i++)
        x[i] *= act->slope;
    if (!act->linear)
        d->unary(&act->f, n, x, x);
    for (size_t i = 0; (act->gain != 1.0f || act->offset != 0.0f) && i < n; i++)
        x[i] = act->gain * x[i] + act->offset;
}

/* One unit on its way. */
typedef struct walk {
    const oc_op_run  *r;
    size_t            dir, row; /* direction, first sequence */
    ptrdiff_t         x_row, x_step;
    size_t            y_row, y_step, state_row; /* floats from sequence to sequence, step to step */
    float            *share;
    float            *h, *c;
    oc_recurrent_step step;
    size_t            length[ROWS];
} walk;

static const float *input(const oc_op_run *r, uint32_t i)
{
    return i < r->n_in ? r->in[i].data : NULL;
}

static float *output(const oc_op_run *r, uint32_t i)
{
    return i < r->n_out ? r->out[i].data : NULL;
}

/* Where the state of sequence i of the unit lies in initial_* and Y_*. */
static size_t state_at(const oc_recurrent *d, const walk *k, size_t i)
{
    const size_t b = k->row + i;

    return (d->batchwise ? b * d->dirs + k->dir : k->dir * d->batch + b) * d->hidden;
}

static void load_state(const oc_recurrent *d, const walk *k, const float *from, float *to)
{
    for (size_t i = 0; i < k->step.rows; i++) {
        if (from)
            memcpy(to + i * d->hidden, from + state_at(d, k, i), d->hidden * sizeof(*to));
        else
            memset(to + i * d->hidden, 0, d->hidden * sizeof(*to));
    }
}

static void store_state(const oc_recurrent *d, const walk *k, const float *from, float *to)
{
    for (size_t i = 0; to && i < k->step.rows; i++)
        memcpy(to + state_at(d, k, i), from + i * d->hidden, d->hidden * sizeof(*to));
}

static void read_lengths(const oc_recurrent *d, walk *k)
{
    const int32_t *told = k->r->n_in > IN_LENGTHS ? k->r->in[IN_LENGTHS].data : NULL;

    for (size_t i = 0; i < k->step.rows; i++) {
        const int64_t n = told ? told[k->row + i] : (int64_t)d->seq;

        k->length[i] = n < 0 ? 0 : min_size((size_t)n, d->seq);
    }
}

static void begin(const oc_recurrent *d, walk *k, size_t unit)
{
    const oc_op_run   *r = k->r;
    float             *at = r->scratch;
    const size_t       one = state_floats(d);
    oc_recurrent_step *s = &k->step;

    k->dir = unit / d->groups;
    k->row = unit % d->groups * d->rows_per;
    k->x_row = (ptrdiff_t)(d->batchwise ? d->seq * d->input : d->input);
    k->x_step = (ptrdiff_t)(d->batchwise ? d->input : d->batch * d->input);
    k->y_row = (d->batchwise ? d->seq * d->dirs : 1) * d->hidden;
    k->y_step = (d->batchwise ? 1 : d->batch) * d->dirs * d->hidden;
    k->share = at;
    at += eights(d->steps_per * d->rows_per * d->gates * d->hidden);
    *s = (oc_recurrent_step){
        .d = d, .act = d->act[k->dir], .rows = min_size(d->rows_per, d->batch - k->row)};
    if (d->has_cell && input(r, IN_P))
        s->peephole = input(r, IN_P) + k->dir * 3 * d->hidden;
    s->h = k->h = at + 0 * one;
    s->c = k->c = at + 1 * one;
    s->next_h = at + 2 * one;
    s->next_c = at + 3 * one;
    s->spare = at + 4 * one;
    load_state(d, k, input(r, IN_H), k->h);
    load_state(d, k, d->has_cell ? input(r, IN_C) : NULL, k->c);
    read_lengths(d, k);
}

/* Gates of `n` steps, of which the first is `t`, as far as X makes them. */
static void share_of_input(const oc_recurrent *d, const walk *k, size_t t, size_t n)
{
    const oc_recurrent_weights *w = k->step.weights;
    const size_t                rows = k->step.rows, columns = d->gates * d->hidden;
    const float *x = input(k->r, IN_X) + (ptrdiff_t)t * k->x_step + (ptrdiff_t)k->row * k->x_row;

    if (rows == 1) { /* the steps are the rows */
        multiply(d, n, d->input, x, k->x_step, w->w, columns, w->bias, k->share,
                 (ptrdiff_t)columns);
        return;
    }
    for (size_t i = 0; i < n; i++)
        multiply(d, rows, d->input, x + (ptrdiff_t)i * k->x_step, k->x_row, w->w, columns, w->bias,
                 k->share + i * rows * columns, (ptrdiff_t)columns);
}

/* The new state of the sequences that have a step t, and Y. */
static void take_step(const oc_recurrent *d, walk *k, size_t t)
{
    const size_t bytes = d->hidden * sizeof(float);
    float       *y = output(k->r, OUT_Y);

    if (y) {
        const size_t dir = k->dir * d->hidden * (d->batchwise ? 1 : d->batch);

        y += t * k->y_step + dir + k->row * k->y_row;
    }
    for (size_t i = 0; i < k->step.rows; i++) {
        const size_t at = i * d->hidden;

        if (t < k->length[i]) {
            memcpy(k->h + at, k->step.next_h + at, bytes);
            if (d->has_cell)
                memcpy(k->c + at, k->step.next_c + at, bytes);
        }
        if (y && t < k->length[i])
            memcpy(y + i * k->y_row, k->h + at, bytes);
        else if (y)
            memset(y + i * k->y_row, 0, bytes);
    }
}

static void run_unit(const oc_recurrent *d, const oc_op_run *r, size_t unit,
                     oc_recurrent_cell *cell)
{
    walk                 k = {.r = r};
    oc_recurrent_weights made;

    begin(d, &k, unit);
    k.step.weights = &d->weights[k.dir];
    if (!d->packed) {
        float *at = k.step.spare + state_floats(d);
        fill_weights(d, k.dir, input(r, IN_W), input(r, IN_R), input(r, IN_B), at);
        made = place_weights(d, at);
        k.step.weights = &made;
    }
    const bool   back = d->reversed || k.dir == 1;
    const size_t columns = d->gates * d->hidden;
    for (size_t done = 0; done < d->seq;) {
        const size_t n = min_size(d->steps_per, d->seq - done);
        const size_t first = back ? d->seq - done - n : done;

        share_of_input(d, &k, first, n);
        for (size_t i = 0; i < n; i++) {
            const size_t at = back ? n - 1 - i : i;

            k.step.gates = k.share + at * k.step.rows * columns;
            cell(&k.step);
            take_step(d, &k, first + at);
        }
        done += n;
    }
    store_state(d, &k, k.h, output(r, OUT_H));
    if (d->has_cell)
        store_state(d, &k, k.c, output(r, OUT_C));
}

void oc_recurrent_run(const oc_recurrent *d, const oc_op_run *r, oc_recurrent_cell *cell)
{
    for (size_t u = r->part.begin; u < r->part.end; u++)
        run_unit(d, r, u, cell);
}
