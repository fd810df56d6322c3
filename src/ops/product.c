#include "ops/product.h"

#include <string.h>

#include "kernels/ref/act.h"
#include "ops/conv_dense.h"
#include "ops/packed.h"
#include "tensor/half.h"

#define UNIT_FLOPS 2e6
#define CHUNK_BYTES (192 << 10)
/* Few rows are pictures of a batch: they are multiplied one by one, panel by panel, so that each gives the
 * bits that it gives alone (the kernel sums a single row in another order than several).  The panel
 * passes by once for all of them, which is what counts there. */
#define ROWS_APART 8

bool oc_product_takes(oc_dtype dtype)
{
    switch (dtype) {
    case OC_F32:
    case OC_F16:
    case OC_F64:
    case OC_I32:
    case OC_I64:
    case OC_U32:
    case OC_U64: return true;
    default: return false;
    }
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Panels are two blocks of 8 columns wide; an odd number of blocks ends with one of three. */
static size_t panel_count(size_t n)
{
    size_t blocks = (n + 7) / 8;
    return blocks < 2 ? blocks : blocks / 2;
}
static size_t panel_width(size_t n, size_t panel)
{
    return panel + 1 == panel_count(n) ? (n + 7) / 8 * 8 - panel * 16 : 16;
}

static void pack_panel(const oc_product *d, const float *w, size_t panel, float *out)
{
    const size_t width = panel_width(d->n, panel), first = panel * 16;
    const size_t cols = min_size(width, d->n - first);

    if (cols < width)
        memset(out, 0, d->k * width * sizeof(float));
    if (d->w_turned) { /* column by column: each is a run of K */
        for (size_t o = 0; o < cols; o++)
            for (size_t k = 0; k < d->k; k++)
                out[k * width + o] = d->alpha * w[(first + o) * d->k + k];
        return;
    }
    for (size_t k = 0; k < d->k; k++)
        for (size_t o = 0; o < cols; o++)
            out[k * width + o] = d->alpha * w[k * d->n + first + o];
}

static oc_status pack(oc_product *d, const oc_prepare *p, oc_error *err)
{
    const float *w = p->in[1].data;
    bool         ready;

    d->packed = oc_packed_take(p, d->k * ((d->n + 7) / 8 * 8) + 8, sizeof(float), &ready);
    if (!d->packed)
        return OC_FAIL(err, OC_NOMEM, "%zu packed weights", d->k * d->n);
    for (size_t i = 0; i < d->panels && !ready; i++)
        pack_panel(d, w, i, d->packed + i * 16 * d->k);
    d->packed = oc_packed_keep(p, d->packed);
    oc_packed_consumed(p, 1);
    return OC_OK;
}

/* A constant addend that is the same for all rows becomes the bias of the tiles. */
static oc_status take_bias(oc_product *d, const oc_prepare *p, oc_error *err)
{
    const float *c = d->c < 0 ? NULL : p->in[d->c].data;

    if (!c || d->c_row != 0)
        return OC_OK;
    d->bias = oc_arena_alloc64(p->mem, (d->n + 7) / 8 * 8, sizeof(float));
    if (!d->bias)
        return OC_FAIL(err, OC_NOMEM, "%zu values of bias", d->n);
    for (size_t i = 0; i < d->n; i++)
        d->bias[i] = d->beta * c[i * d->c_col];
    return OC_OK;
}

static void cut_units(oc_product *d, oc_work *work)
{
    const double row = 2.0 * (double)d->n * (double)d->k + 16;
    size_t       rows = d->m;

    if (d->packed && d->m > 1) {
        rows = (size_t)(UNIT_FLOPS / row) + 6;
        rows = min_size(rows, CHUNK_BYTES / (d->k * sizeof(float) + 1) + 24);
        rows = min_size((rows + 5) / 6 * 6, d->m);
    }
    d->rows_per = rows;
    d->chunks = rows ? (d->m + rows - 1) / rows : 0;
    /* the panels pass by once a chunk, whatever the rows: 4 bytes are worth some 6 flops */
    double flops = row * (double)rows + 6.0 * (double)d->n * (double)d->k;
    size_t parts =
        min_size((size_t)(flops / (d->packed ? 2 * UNIT_FLOPS : UNIT_FLOPS / 2)) + 1, d->panels);
    d->panels_per = parts ? (d->panels + parts - 1) / parts : 0;
    d->groups = d->panels_per ? (d->panels + d->panels_per - 1) / d->panels_per : 0;
    work->phase[0].units = d->batches * d->chunks * d->groups;
    work->phase[0].grain =
        oc_grain_of_flops(work->phase[0].units, flops / (double)(d->groups ? d->groups : 1));
    work->scratch_bytes =
        ((d->packed ? 0 : d->k * 24) + (d->a_turned ? rows * d->k : 0)) * sizeof(float);
}

oc_status oc_product_init(oc_product *d, const oc_prepare *p, oc_error *err)
{
    oc_status st;

    p->work->n_phases = 1;
    p->work->flops = 2.0 * (double)d->batches * (double)d->m * (double)d->n * (double)d->k;
    if (d->dtype != OC_F32) {
        p->work->phase[0].units = d->batches * d->m;
        p->work->phase[0].grain =
            oc_grain_of_flops(p->work->phase[0].units, 64.0 * (double)d->n * (double)d->k);
        return OC_OK;
    }
    bool shared = true;
    for (size_t b = 0; b < d->batches; b++)
        shared = shared && d->w_at[b] == 0;
    d->kernel = oc_k_f32_mac(p->isa);
    d->panels = panel_count(d->n);
    if (p->in[1].data && shared && (st = pack(d, p, err)) != OC_OK)
        return st;
    if ((st = take_bias(d, p, err)) != OC_OK)
        return st;
    cut_units(d, p->work);
    return OC_OK;
}

static void turn_rows(const float *a, size_t stride, size_t rows, size_t k, float *out)
{
    for (size_t i = 0; i < k; i++)
        for (size_t r = 0; r < rows; r++)
            out[r * k + i] = a[i * stride + r];
}

/* What is not a bias row goes into y first; the tiles then add onto it. */
static const float *preset(const oc_product *d, const oc_op_run *r, size_t at, size_t row,
                           size_t col, size_t rows, size_t cols)
{
    const float *c = d->c < 0 || d->bias ? NULL : r->in[d->c].data;
    const float *add = d->add < 0 ? NULL : (const float *)r->in[d->add].data;
    float       *y = r->out[0].data;

    if (!c)
        return add ? add + at : NULL;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            y[at + i * d->n + j] = d->beta * c[(row + i) * d->c_row + (col + j) * d->c_col] +
                                   (add ? add[at + i * d->n + j] : 0.0f);
    return y + at;
}

static void run_unit(const oc_product *d, const oc_op_run *r, size_t unit)
{
    const size_t group = unit % d->groups, chunk = unit / d->groups % d->chunks;
    const size_t batch = unit / d->groups / d->chunks, row = chunk * d->rows_per;
    const size_t rows = min_size(d->rows_per, d->m - row);
    const size_t last = min_size((group + 1) * d->panels_per, d->panels);
    const float *a = (const float *)r->in[0].data + d->a_at[batch];
    float       *scratch = r->scratch, *y = r->out[0].data;

    if (d->a_turned) {
        float *turned = scratch + (d->packed ? 0 : d->k * 24);
        turn_rows(a + row, d->m, rows, d->k, turned);
        a = turned;
    } else {
        a += row * d->k;
    }
    oc_mac m = {.x = a,
                .x_px = (ptrdiff_t)d->k,
                .x2 = 8,
                .n0 = d->k > 0,
                .n1 = 1,
                .n2 = (d->k + 7) / 8,
                .k_last = d->k ? (unsigned)((d->k - 1) % 8 + 1) : 8,
                .y_px = (ptrdiff_t)d->n,
                .y_blk = 8,
                .px = d->packed && d->m <= ROWS_APART ? 1 : rows,
                .act = d->act};
    for (size_t i = group * d->panels_per; i < last; i++) {
        const size_t width = panel_width(d->n, i), cols = min_size(width, d->n - i * 16);
        const size_t at = (batch * d->m + row) * d->n + i * 16;
        if (!d->packed)
            pack_panel(d, (const float *)r->in[1].data + d->w_at[batch], i, scratch);
        m.w = d->packed ? d->packed + i * 16 * d->k : scratch;
        m.blocks = (unsigned)(width / 8);
        m.lanes = (unsigned)(cols - width + 8);
        m.bias = d->bias ? d->bias + i * 16 : NULL;
        m.add = preset(d, r, at, row, i * 16, rows, cols);
        m.y = y + at;
        m.x = a;
        for (size_t done = 0; done < rows; done += m.px) {
            d->kernel(&m);
            m.x += m.px * d->k;
            m.y += m.px * d->n;
            m.add = m.add ? m.add + m.px * d->n : NULL;
        }
    }
}

static double load_float(oc_dtype dtype, const void *data, size_t i)
{
    return dtype == OC_F64 ? ((const double *)data)[i]
                           : (double)oc_half_to_float(((const oc_half *)data)[i]);
}

static uint64_t load_int(oc_dtype dtype, const void *data, size_t i)
{
    switch (dtype) {
    case OC_I32: return (uint64_t)(int64_t)((const int32_t *)data)[i];
    case OC_U32: return ((const uint32_t *)data)[i];
    default: return ((const uint64_t *)data)[i];
    }
}

static void plain_float(const oc_product *d, const oc_op_run *r, size_t a, size_t a_step, size_t w,
                        size_t w_step, size_t c, size_t y)
{
    double sum = 0;

    for (size_t k = 0; k < d->k; k++)
        sum += load_float(d->dtype, r->in[0].data, a + k * a_step) *
               load_float(d->dtype, r->in[1].data, w + k * w_step);
    sum *= (double)d->alpha;
    if (d->c >= 0)
        sum += (double)d->beta * load_float(d->dtype, r->in[d->c].data, c);
    if (d->add >= 0)
        sum += load_float(d->dtype, r->in[d->add].data, y);
    if (d->act.kind != OC_ACT_NONE)
        sum = (double)oc_act_apply(d->act, (float)sum);
    if (d->dtype == OC_F64)
        ((double *)r->out[0].data)[y] = sum;
    else
        ((oc_half *)r->out[0].data)[y] = oc_half_from_double(sum);
}

static void plain_int(const oc_product *d, const oc_op_run *r, size_t a, size_t a_step, size_t w,
                      size_t w_step, size_t c, size_t y)
{
    uint64_t sum = 0;

    for (size_t k = 0; k < d->k; k++)
        sum += load_int(d->dtype, r->in[0].data, a + k * a_step) *
               load_int(d->dtype, r->in[1].data, w + k * w_step);
    sum *= (uint64_t)(int64_t)d->alpha;
    if (d->c >= 0)
        sum += (uint64_t)(int64_t)d->beta * load_int(d->dtype, r->in[d->c].data, c);
    if (d->add >= 0)
        sum += load_int(d->dtype, r->in[d->add].data, y);
    if (oc_dtype_bytes(d->dtype) == 4)
        ((uint32_t *)r->out[0].data)[y] = (uint32_t)sum;
    else
        ((uint64_t *)r->out[0].data)[y] = sum;
}

/* One row of another type. */
static void run_plain(const oc_product *d, const oc_op_run *r, size_t unit)
{
    const size_t batch = unit / d->m, row = unit % d->m;
    const bool   is_float = d->dtype == OC_F16 || d->dtype == OC_F64;

    for (size_t col = 0; col < d->n; col++) {
        size_t a = d->a_at[batch] + (d->a_turned ? row : row * d->k);
        size_t w = d->w_at[batch] + (d->w_turned ? col * d->k : col);
        (is_float ? plain_float : plain_int)(d, r, a, d->a_turned ? d->m : 1, w,
                                             d->w_turned ? 1 : d->n,
                                             row * d->c_row + col * d->c_col, unit * d->n + col);
    }
}

void oc_product_run(const oc_product *d, const oc_op_run *r)
{
    for (size_t u = r->part.begin; u < r->part.end; u++) {
        if (d->dtype == OC_F32)
            run_unit(d, r, u);
        else
            run_plain(d, r, u);
    }
}
