/* CLAHE on the luma: each tile has a table of its own, pixels between tiles a blend of four.  Chroma
 * stays as it is: the change of luma is added to all three channels.
 *
 * Source: K. Zuiderveld, Contrast limited adaptive histogram equalization, Graphics Gems IV, 1994; tiles,
 * clipping and rounding as OpenCV's CLAHE has them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "augment/step.h"

#define TILES_MAX 16

typedef struct tiles {
    int     n, width, height; /* n by n, of width x height pixels each */
    uint8_t table[TILES_MAX * TILES_MAX][256];
} tiles;

/* BT.601, 14 bits. */
static uint8_t luma(const uint8_t *p)
{
    return (uint8_t)((4899 * p[0] + 9617 * p[1] + 1868 * p[2] + 8192) >> 14);
}

/* What is above the limit is dealt out to all levels again. */
static void clip(uint32_t hist[256], uint32_t limit)
{
    uint32_t over = 0;
    for (int i = 0; i < 256; i++) {
        if (hist[i] > limit) {
            over += hist[i] - limit;
            hist[i] = limit;
        }
    }
    uint32_t each = over / 256, rest = over - each * 256;
    for (int i = 0; i < 256; i++)
        hist[i] += each;
    if (rest) {
        uint32_t step = 256 / rest > 1 ? 256 / rest : 1;
        for (uint32_t i = 0; i < 256 && rest > 0; i += step, rest--)
            hist[i]++;
    }
}

static int mirror(int at, int n)
{
    while (n > 1 && at >= n)
        at = 2 * n - 2 - at < 0 ? 0 : 2 * n - 2 - at;
    return n > 1 ? at : 0;
}

static void make_table(const uint8_t *y, const oc_frame *f, const tiles *t, int tx, int ty,
                       double limit, uint8_t table[256])
{
    uint32_t hist[256] = {0}, sum = 0;
    int      area = t->width * t->height;
    for (int r = ty * t->height; r < (ty + 1) * t->height; r++) {
        const uint8_t *row = y + (size_t)mirror(r, f->height) * (size_t)f->width;
        for (int c = tx * t->width; c < (tx + 1) * t->width; c++)
            hist[row[mirror(c, f->width)]]++;
    }
    int most = (int)(limit * area / 256);
    clip(hist, (uint32_t)(most > 1 ? most : 1));
    for (int i = 0; i < 256; i++) {
        sum += hist[i];
        float v = rintf((float)sum * (255.0f / (float)area));
        table[i] = (uint8_t)(v < 255 ? v : 255);
    }
}

/* The tiles around a position, and the second one's share. */
static void between(int at, int size, int n, int *a, int *b, float *share)
{
    float p = (float)at * (1.0f / (float)size) - .5f;
    *a = (int)floorf(p);
    *b = *a + 1;
    *share = p - (float)*a;
    *a = *a < 0 ? 0 : *a;
    *b = *b < n ? *b : n - 1;
}

static uint8_t moved(int channel, int by)
{
    int v = channel + by;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void equalise_row(const tiles *t, int32_t y, const uint8_t *level, int32_t width,
                         const int32_t *column, const float *share, uint8_t *p)
{
    int   a, b;
    float sy;
    between(y, t->height, t->n, &a, &b, &sy);
    const uint8_t(*up)[256] = t->table + a * t->n, (*down)[256] = t->table + b * t->n;
    for (int32_t x = 0; x < width; x++, p += 3) {
        int   v = level[x], l = column[2 * x], r = column[2 * x + 1];
        float s = share[x];
        float top = (float)up[l][v] * (1 - s) + (float)up[r][v] * s;
        float low = (float)down[l][v] * (1 - s) + (float)down[r][v] * s;
        int   by = (int)(top * (1 - sy) + low * sy + .5f) - v;
        p[0] = moved(p[0], by);
        p[1] = moved(p[1], by);
        p[2] = moved(p[2], by);
    }
}

static oc_status clahe(aug_run *run, const double *v, oc_error *err)
{
    oc_frame *f = run->sample->rgb;
    size_t    w = (size_t)f->width, h = (size_t)f->height;
    tiles    *t = malloc(sizeof(*t));
    uint8_t  *y = malloc(w * h);
    int32_t  *column = malloc(2 * w * sizeof(*column));
    float    *share = malloc(w * sizeof(*share));
    oc_status st = OC_OK;
    if (!t || !y || !column || !share) {
        st = OC_FAIL(err, OC_NOMEM, "no memory for CLAHE");
        goto out;
    }
    t->n = (int)v[1];
    /* OpenCV makes both sides larger where one of them is no multiple */
    int odd = f->width % t->n != 0 || f->height % t->n != 0;
    t->width = f->width / t->n + odd;
    t->height = f->height / t->n + odd;
    for (size_t r = 0; r < h; r++)
        for (size_t c = 0; c < w; c++)
            y[r * w + c] = luma(aug_row(f, (int32_t)r) + 3 * c);
    for (int i = 0; i < t->n * t->n; i++)
        make_table(y, f, t, i % t->n, i / t->n, v[0], t->table[i]);
    for (int c = 0; c < f->width; c++)
        between(c, t->width, t->n, &column[2 * c], &column[2 * c + 1], &share[c]);
    for (size_t r = 0; r < h; r++)
        equalise_row(t, (int32_t)r, y + r * w, f->width, column, share, aug_row(f, (int32_t)r));
out:
    free(t);
    free(y);
    free(column);
    free(share);
    return st;
}

const aug_spec aug_step_clahe = {
    .name = "clahe",
    .params = {{"clip", .1, 100, 1, 4, false, NULL}, {"tiles", 1, TILES_MAX, 8, 8, true, NULL}},
    .apply = clahe};
