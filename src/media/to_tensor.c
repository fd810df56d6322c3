#include "media/to_tensor.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "kernels/u8_bilinear.h"
#include "kernels/yuv_pixels.h"
#include "media/yuv.h"

#define ROWS_GRAIN 16

/* The picture inside the input: `size` elements from `origin` (which may be negative: the centre is
 * cut out) show `length` pixels of the frame from `start`. */
typedef struct axis {
    int32_t origin, size;
    double  start, length;
} axis;

/* One output's place on an axis. */
typedef struct place {
    double at;      /* in luma pixels, centres at whole numbers; inside the frame */
    float  covered; /* share of the sample that lies inside the frame */
} place;

typedef struct worker {
    float   *row[3];
    int16_t *scratch;
} worker;

struct oc_to_tensor {
    oc_to_tensor_options o;
    oc_k_u8_bilinear_fn *resize;
    oc_k_yuv_pixels_fn  *store;
    uint32_t             n_out;
    size_t               element;
    void                *pad_row;  /* one row of the border, in the input's own layout */
    oc_u8_taps           taps[2];  /* luma, chroma; made for each call */
    int32_t              first[2]; /* source pixel that taps count from */
    float               *covered;
    unsigned             workers, workers_max;
    size_t               scratch_width;
    worker              *worker;
};

/* What one call works on. */
typedef struct job {
    oc_to_tensor   *t;
    const oc_frame *frame;
    oc_channel      channel[3];
    int             n_channels; /* read from the frame: 1 when chroma is not needed */
    axis            x, y;
    int32_t         x0, x1;   /* columns of the input with picture */
    int32_t         in0, in1; /* those wholly inside the frame */
    oc_yuv_pixels   how;
    char           *out;
} job;

/* ---- making ---- */

static bool all_finite(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

static oc_status check_options(const oc_to_tensor_options *o, oc_error *err)
{
    if (o->width < 1 || o->height < 1 || o->width > OC_FRAME_SIDE_MAX ||
        o->height > OC_FRAME_SIDE_MAX)
        return OC_FAIL(err, OC_INVALID, "input of %dx%d: each side must be 1..%d", o->width,
                       o->height, OC_FRAME_SIDE_MAX);
    if (o->dtype != OC_F32 && o->dtype != OC_U8 && o->dtype != OC_I32)
        return OC_FAIL(err, OC_UNSUPPORTED, "input of %s: images are float32, uint8 or int32",
                       oc_dtype_name(o->dtype));
    if (o->resize_short < 0 || o->resize_short > OC_FRAME_SIDE_MAX)
        return OC_FAIL(err, OC_INVALID, "resize_short %d: must be 0..%d", o->resize_short,
                       OC_FRAME_SIDE_MAX);
    if (!all_finite(o->mean, 3) || !all_finite(o->scale, 3) || !all_finite(&o->pad, 1))
        return OC_FAIL(err, OC_INVALID, "mean, scale or pad is not a finite number");
    return OC_OK;
}

static bool alloc_taps(oc_u8_taps *t, size_t n)
{
    n = (n + 7) & ~(size_t)7;
    t->at = oc_alloc64(n, sizeof(*t->at));
    t->w = oc_alloc64(n, sizeof(*t->w));
    t->pair = oc_alloc64(2 * n, sizeof(*t->pair));
    t->group = oc_alloc64(n / 4, sizeof(*t->group));
    t->shuffle = oc_alloc64(4 * n, 1);
    return t->at && t->w && t->pair && t->group && t->shuffle;
}

static void free_taps(oc_u8_taps *t)
{
    oc_free64(t->at);
    oc_free64(t->w);
    oc_free64(t->pair);
    oc_free64(t->group);
    oc_free64(t->shuffle);
}

static void fill_pad_row(oc_to_tensor *t)
{
    const oc_to_tensor_options *o = &t->o;

    for (size_t x = 0; x < (size_t)o->width; x++)
        for (uint32_t k = 0; k < t->n_out; k++)
            oc_yuv_store(o->dtype, t->pad_row,
                         o->nhwc ? x * t->n_out + k : k * (size_t)o->width + x,
                         (o->pad - o->mean[k]) * o->scale[k]);
}

oc_status oc_to_tensor_create(const oc_to_tensor_options *options, oc_isa isa, unsigned threads_max,
                              oc_to_tensor **out, oc_error *err)
{
    oc_status st = check_options(options, err);
    if (st != OC_OK)
        return st;

    oc_to_tensor *t = calloc(1, sizeof(*t));
    if (!t)
        return OC_FAIL(err, OC_NOMEM, "no memory for the input's tables");
    t->o = *options;
    t->resize = oc_k_u8_bilinear(isa);
    t->store = oc_k_yuv_pixels(isa);
    t->n_out = options->gray ? 1 : 3;
    t->element = oc_dtype_bytes(options->dtype);
    t->workers_max = threads_max ? threads_max : 1;
    size_t w = (size_t)options->width;
    t->pad_row = oc_alloc64(w * t->n_out, t->element);
    t->covered = oc_alloc64(w, sizeof(*t->covered));
    if (!t->pad_row || !t->covered || !alloc_taps(&t->taps[0], w) || !alloc_taps(&t->taps[1], w)) {
        oc_to_tensor_destroy(t);
        return OC_FAIL(err, OC_NOMEM, "no memory for the input's tables");
    }
    fill_pad_row(t);
    *out = t;
    return OC_OK;
}

static void free_workers(oc_to_tensor *t)
{
    for (unsigned i = 0; i < t->workers; i++) {
        for (int c = 0; c < 3; c++)
            oc_free64(t->worker[i].row[c]);
        oc_free64(t->worker[i].scratch);
    }
    free(t->worker);
    t->worker = NULL;
    t->workers = 0;
}

void oc_to_tensor_destroy(oc_to_tensor *t)
{
    if (!t)
        return;
    free_workers(t);
    free_taps(&t->taps[0]);
    free_taps(&t->taps[1]);
    oc_free64(t->pad_row);
    oc_free64(t->covered);
    free(t);
}

/* Scratch for rows of that width, for as many workers as the pool has. */
static oc_status need_workers(oc_to_tensor *t, unsigned n, size_t width, oc_error *err)
{
    if (n <= t->workers && width <= t->scratch_width)
        return OC_OK;
    n = n > t->workers_max ? n : t->workers_max;
    width = width > t->scratch_width ? width : t->scratch_width;
    free_workers(t);
    t->worker = calloc(n, sizeof(*t->worker));
    bool good = t->worker != NULL;
    t->workers = good ? n : 0;
    size_t row = ((size_t)t->o.width + 7) & ~(size_t)7;
    for (unsigned i = 0; good && i < n; i++) {
        for (int c = 0; c < 3; c++) {
            t->worker[i].row[c] = oc_alloc64(row, sizeof(float));
            good = good && t->worker[i].row[c];
            if (good)
                memset(t->worker[i].row[c], 0, row * sizeof(float));
        }
        t->worker[i].scratch = oc_alloc64(OC_U8_BILINEAR_SCRATCH(width), sizeof(int16_t));
        good = good && t->worker[i].scratch;
    }
    if (!good) {
        free_workers(t);
        t->scratch_width = 0;
        return OC_FAIL(err, OC_NOMEM, "no memory for rows of %zu pixels", width);
    }
    t->scratch_width = width;
    return OC_OK;
}

/* ---- geometry ---- */

static int32_t clamp_size(double v)
{
    return v < 1 ? 1 : v > 1e6 ? 1000000 : (int32_t)v;
}

static void letterbox(const oc_to_tensor_options *o, axis *x, axis *y)
{
    double r = fmin(o->width / x->length, o->height / y->length);
    bool   top_left = o->fit == OC_FIT_LETTERBOX_TL;
    double round = top_left ? 1e-6 : 0.5; /* 415.9999 from rounding counts as 416 */

    x->size = clamp_size(x->length * r + round);
    y->size = clamp_size(y->length * r + round);
    x->size = x->size > o->width ? o->width : x->size;
    y->size = y->size > o->height ? o->height : y->size;
    if (!top_left) {
        x->origin = (o->width - x->size) / 2;
        y->origin = (o->height - y->size) / 2;
    }
}

static void crop_center(const oc_to_tensor_options *o, axis *x, axis *y)
{
    int32_t side = o->resize_short ? o->resize_short : o->width < o->height ? o->width : o->height;
    double  r = side / fmin(x->length, y->length);

    x->size = clamp_size(x->length * r + 1e-6);
    y->size = clamp_size(y->length * r + 1e-6);
    x->origin = (int32_t)lrint((o->width - x->size) / 2.0);
    y->origin = (int32_t)lrint((o->height - y->size) / 2.0);
}

static oc_status place_crop(const oc_to_tensor_options *o, const oc_frame *frame,
                            const oc_box *crop, axis *x, axis *y, oc_error *err)
{
    oc_box whole = {0, 0, (float)frame->width, (float)frame->height};
    oc_box c = crop ? *crop : whole;

    if (!(isfinite(c.x0) && isfinite(c.y0) && c.x1 > c.x0 && c.y1 > c.y0) ||
        !(fabsf(c.x0) < 1e6f && fabsf(c.y0) < 1e6f && c.x1 < 1e6f && c.y1 < 1e6f))
        return OC_FAIL(err, OC_INVALID, "crop %g,%g .. %g,%g is not a rectangle of pixels",
                       (double)c.x0, (double)c.y0, (double)c.x1, (double)c.y1);
    *x = (axis){0, o->width, c.x0, (double)c.x1 - c.x0};
    *y = (axis){0, o->height, c.y0, (double)c.y1 - c.y0};
    if (o->fit == OC_FIT_LETTERBOX_CENTER || o->fit == OC_FIT_LETTERBOX_TL)
        letterbox(o, x, y);
    else if (o->fit == OC_FIT_CROP_CENTER)
        crop_center(o, x, y);
    return OC_OK;
}

static place place_of(const oc_to_tensor_options *o, const axis *a, int32_t i, int32_t side)
{
    double s = a->length / a->size, u = i - a->origin, at;

    if (o->nearest) {
        at = floor(a->start + (o->half_pixel ? (u + 0.5) * s : u * s));
    } else {
        u = o->half_pixel ? (u + 0.5) * s - 0.5 : u * s;
        double last = a->length > 1 ? a->length - 1 : 0;
        at = a->start + (u < 0 ? 0 : u > last ? last : u);
    }
    double outside = at < 0 ? -at : at > side - 1 ? at - (side - 1) : 0;
    return (place){at < 0          ? 0
                   : at > side - 1 ? side - 1
                                   : at,
                   outside >= 1 ? 0 : (float)(1 - outside)};
}

/* The place on a chroma plane of `side` samples.  shift: how far its first sample lies right of (or
 * below) luma pixel 0. */
static double chroma_place(const oc_to_tensor_options *o, double at, double shift, int32_t side)
{
    double c = o->nearest ? floor(at / 2) : (at - shift) / 2;

    return c < 0 ? 0 : c > side - 1 ? side - 1 : c;
}

/* Horizontal tables for this frame and crop. */
static void make_taps(job *j)
{
    oc_to_tensor *t = j->t;
    int32_t       width = j->frame->width, half = (width + 1) / 2;
    bool          down = j->channel[1].down_x != 0;
    double        shift = j->frame->chroma_center ? 0.5 : 0;
    int           tables = j->n_channels == 3 && down ? 2 : 1;

    for (int which = 0; which < tables; which++) {
        oc_u8_taps *taps = &t->taps[which];
        taps->n = (size_t)(j->x1 - j->x0);
        for (int32_t x = j->x0; x < j->x1; x++) {
            place   p = place_of(&t->o, &j->x, x, width);
            double  at = which ? chroma_place(&t->o, p.at, shift, half) : p.at;
            int32_t i = (int32_t)at;
            if (x == j->x0)
                t->first[which] = i;
            taps->at[x - j->x0] = i - t->first[which];
            taps->w[x - j->x0] = (float)(at - i);
            t->covered[x - j->x0] = p.covered;
        }
        size_t last = taps->n - 1;
        size_t most = (size_t)((which ? half : width) - t->first[which]);
        taps->n_src = (size_t)taps->at[last] + 2 < most ? (size_t)taps->at[last] + 2 : most;
        oc_u8_taps_finish(taps);
    }
    j->in0 = j->x0;
    while (j->in0 < j->x1 && t->covered[j->in0 - j->x0] < 1)
        j->in0++;
    j->in1 = j->x1;
    while (j->in1 > j->in0 && t->covered[j->in1 - 1 - j->x0] < 1)
        j->in1--;
}

/* ---- colour ---- */

static void set_colors(job *j)
{
    const oc_to_tensor_options *o = &j->t->o;
    const oc_frame             *f = j->frame;
    oc_yuv_pixels              *h = &j->how;
    float                       scale, off;

    memset(h, 0, sizeof(*h));
    h->n_out = j->t->n_out;
    h->interleaved = o->nhwc;
    h->kind = o->dtype;
    memcpy(h->mean, o->mean, sizeof(h->mean));
    memcpy(h->scale, o->scale, sizeof(h->scale));
    oc_luma_full(f->full_range, &scale, &off);
    if (oc_pixel_is_rgb(f->format) && o->gray) {
        oc_luma_weights(OC_YUV_BT601, h->m[0]);
    } else if (oc_pixel_is_rgb(f->format)) {
        for (int k = 0; k < 3; k++)
            h->m[k][o->bgr ? 2 - k : k] = 1;
    } else if (o->gray || j->n_channels == 1) {
        j->n_channels = 1;
        for (int k = 0; k < 3; k++) {
            h->m[k][0] = scale;
            h->off[k] = off;
        }
    } else {
        float m[3][3], rgb_off[3];
        oc_yuv_to_rgb(f->matrix, f->full_range, m, rgb_off);
        for (int k = 0; k < 3; k++) {
            int from = o->bgr ? 2 - k : k;
            memcpy(h->m[k], m[from], sizeof(m[from]));
            h->off[k] = rgb_off[from];
        }
    }
}

/* ---- rows ---- */

static char *element_at(const job *j, int32_t x, int32_t y, uint32_t k)
{
    const oc_to_tensor_options *o = &j->t->o;
    size_t                      w = (size_t)o->width, at;

    if (o->nhwc)
        at = ((size_t)y * w + (size_t)x) * j->t->n_out + k;
    else
        at = ((size_t)k * (size_t)o->height + (size_t)y) * w + (size_t)x;
    return j->out + at * j->t->element;
}

static void pad_columns(const job *j, int32_t y, int32_t from, int32_t to)
{
    size_t n = (size_t)(to - from) * j->t->element;

    if (from >= to)
        return;
    if (j->t->o.nhwc) {
        memcpy(element_at(j, from, y, 0), j->t->pad_row, n * j->t->n_out);
        return;
    }
    for (uint32_t k = 0; k < j->t->n_out; k++)
        memcpy(element_at(j, from, y, k),
               (char *)j->t->pad_row + k * (size_t)j->t->o.width * j->t->element, n);
}

/* Columns that lie partly outside the frame: picture and border mixed by how much is inside. */
static void mixed_columns(const job *j, const worker *w, int32_t y, float covered_y, int32_t from,
                          int32_t to)
{
    const oc_to_tensor_options *o = &j->t->o;

    for (int32_t x = from; x < to; x++) {
        int32_t i = x - j->x0;
        float   share = covered_y * j->t->covered[i];
        for (uint32_t k = 0; k < j->t->n_out; k++) {
            const float *m = j->how.m[k];
            float        p =
                m[0] * w->row[0][i] + m[1] * w->row[1][i] + m[2] * w->row[2][i] + j->how.off[k];
            p = p < 0 ? 0 : p > 255 ? 255 : p;
            p = share > 0 ? o->pad + (p - o->pad) * share : o->pad;
            oc_yuv_store(o->dtype, element_at(j, x, y, k), 0, (p - o->mean[k]) * o->scale[k]);
        }
    }
}

static void resize_channel(const job *j, const worker *w, int c, double luma_y)
{
    const oc_channel *ch = &j->channel[c];
    int32_t           side = ch->down_y ? (j->frame->height + 1) / 2 : j->frame->height;
    /* 4:2:0: chroma lies between two rows, in each flavour that is met */
    double         at = ch->down_y ? chroma_place(&j->t->o, luma_y, 0.5, side) : luma_y;
    int32_t        top = (int32_t)at, below = top + 1 < side ? top + 1 : top;
    int            which = ch->down_x ? 1 : 0;
    const uint8_t *base =
        j->frame->plane[ch->plane] + ch->offset + (ptrdiff_t)j->t->first[which] * ch->step;
    ptrdiff_t stride = j->frame->stride[ch->plane];

    j->t->resize(
        &(oc_u8_bilinear_row){
            .a = base + top * stride,
            .b = base + below * stride,
            .w = (float)(at - top),
            .step = ch->step,
            .taps = &j->t->taps[which],
            .scratch = w->scratch,
        },
        w->row[c]);
}

static void one_row(const job *j, const worker *w, int32_t y)
{
    oc_to_tensor *t = j->t;
    int32_t       row = y - j->y.origin;
    place         p = {0, 0};

    if (row >= 0 && row < j->y.size)
        p = place_of(&t->o, &j->y, y, j->frame->height);
    if (p.covered <= 0 || j->x0 >= j->x1) {
        pad_columns(j, y, 0, t->o.width);
        return;
    }
    for (int c = 0; c < j->n_channels; c++)
        resize_channel(j, w, c, p.at);
    pad_columns(j, y, 0, j->x0);
    pad_columns(j, y, j->x1, t->o.width);
    if (p.covered < 1 || j->in0 >= j->in1) {
        mixed_columns(j, w, y, p.covered, j->x0, j->x1);
        return;
    }
    mixed_columns(j, w, y, 1, j->x0, j->in0);
    mixed_columns(j, w, y, 1, j->in1, j->x1);
    size_t       i = (size_t)(j->in0 - j->x0);
    const float *rows[3] = {w->row[0] + i, w->row[1] + i, w->row[2] + i};
    void        *to[3];
    for (uint32_t k = 0; k < 3; k++)
        to[k] = element_at(j, j->in0, y, k < t->n_out ? k : 0);
    t->store((size_t)(j->in1 - j->in0), rows, &j->how, to);
}

static void some_rows(void *ctx, oc_range part, unsigned index)
{
    const job *j = ctx;

    for (size_t y = part.begin; y < part.end; y++)
        one_row(j, &j->t->worker[index], (int32_t)y);
}

static void set_map(const job *j, oc_to_tensor_map *map)
{
    double sx = j->x.length / j->x.size, sy = j->y.length / j->y.size;

    map->scale_x = (float)sx;
    map->scale_y = (float)sy;
    map->offset_x = (float)(j->x.start - j->x.origin * sx);
    map->offset_y = (float)(j->y.start - j->y.origin * sy);
}

oc_status oc_to_tensor_run(oc_to_tensor *t, const oc_frame *frame, const oc_box *crop,
                           oc_pool *pool, void *out, oc_to_tensor_map *map, oc_error *err)
{
    job       j = {.t = t, .frame = frame, .out = out};
    oc_status st = place_crop(&t->o, frame, crop, &j.x, &j.y, err);

    if (st != OC_OK)
        return st;
    j.n_channels = oc_pixel_channels(frame->format, j.channel);
    if (j.n_channels == 0)
        return OC_FAIL(err, OC_UNSUPPORTED, "frame of pixel format %d", (int)frame->format);
    unsigned threads = pool ? oc_pool_threads(pool) : 1;
    if ((st = need_workers(t, threads, (size_t)frame->width, err)) != OC_OK)
        return st;
    set_colors(&j);
    j.x0 = j.x.origin > 0 ? j.x.origin : 0;
    j.x1 = j.x.origin + j.x.size < t->o.width ? j.x.origin + j.x.size : t->o.width;
    if (j.x0 < j.x1)
        make_taps(&j);
    oc_pool_run(pool, 0, (size_t)t->o.height, ROWS_GRAIN, some_rows, &j);
    if (map)
        set_map(&j, map);
    return OC_OK;
}
