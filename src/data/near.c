#include "data/near.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SIDE 32
#define LOW 8

/* The mean of each of 32 x 32 fields; fields of small pictures share pixels. */
static void shrink(const uint8_t *gray, int32_t width, int32_t height, int32_t stride,
                   double out[SIDE][SIDE])
{
    for (int64_t y = 0; y < SIDE; y++) {
        int64_t y0 = y * height / SIDE, y1 = (y + 1) * height / SIDE;
        y1 = y1 > y0 ? y1 : y0 + 1;
        for (int64_t x = 0; x < SIDE; x++) {
            int64_t  x0 = x * width / SIDE, x1 = (x + 1) * width / SIDE;
            uint64_t sum = 0;
            x1 = x1 > x0 ? x1 : x0 + 1;
            for (int64_t v = y0; v < y1; v++)
                for (int64_t u = x0; u < x1; u++)
                    sum += gray[v * stride + u];
            out[y][x] = (double)sum / (double)((y1 - y0) * (x1 - x0));
        }
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

uint64_t oc_near_hash(const uint8_t *gray, int32_t width, int32_t height, int32_t stride)
{
    double field[SIDE][SIDE], row[SIDE][LOW], low[LOW * LOW], sorted[LOW * LOW - 1],
        cosine[LOW][SIDE];
    uint64_t hash = 0;
    shrink(gray, width, height, stride, field);
    for (int k = 0; k < LOW; k++)
        for (int i = 0; i < SIDE; i++)
            cosine[k][i] = cos(M_PI * k * (2 * i + 1) / (2.0 * SIDE));
    for (int y = 0; y < SIDE; y++) {
        for (int k = 0; k < LOW; k++) {
            row[y][k] = 0;
            for (int x = 0; x < SIDE; x++)
                row[y][k] += field[y][x] * cosine[k][x];
        }
    }
    for (int m = 0; m < LOW; m++) {
        for (int k = 0; k < LOW; k++) {
            low[m * LOW + k] = 0;
            for (int y = 0; y < SIDE; y++)
                low[m * LOW + k] += row[y][k] * cosine[m][y];
        }
    }
    memcpy(sorted, low + 1, sizeof(sorted)); /* brightness, the first, says nothing */
    qsort(sorted, LOW * LOW - 1, sizeof(*sorted), by_value);
    double median = sorted[(LOW * LOW - 1) / 2];
    for (int i = 1; i < LOW * LOW; i++)
        hash |= (uint64_t)(low[i] > median + 1e-9) << i;
    return hash;
}

typedef struct keyed {
    uint64_t piece;
    uint32_t index;
} keyed;

static int by_piece(const void *a, const void *b)
{
    const keyed *x = a, *y = b;
    if (x->piece != y->piece)
        return x->piece < y->piece ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static uint64_t piece_of(uint64_t hash, unsigned p, unsigned pieces)
{
    unsigned from = 64 * p / pieces, to = 64 * (p + 1) / pieces;
    return hash >> from & (to - from == 64 ? UINT64_MAX : ((uint64_t)1 << (to - from)) - 1);
}

/* Told by the first piece in which the two agree only. */
static bool told_before(uint64_t a, uint64_t b, unsigned p, unsigned pieces)
{
    for (unsigned q = 0; q < p; q++)
        if (piece_of(a, q, pieces) == piece_of(b, q, pieces))
            return true;
    return false;
}

oc_status oc_near_pairs(const uint64_t *hash, size_t n, unsigned bits_max, oc_near_fn *fn,
                        void *ctx, oc_error *err)
{
    unsigned pieces = bits_max + 1;
    keyed   *k = calloc(n + 1, sizeof(*k));
    if (!k)
        return OC_FAIL(err, OC_NOMEM, "%zu hashes", n);
    for (unsigned p = 0; p < pieces; p++) {
        for (size_t i = 0; i < n; i++)
            k[i] = (keyed){piece_of(hash[i], p, pieces), (uint32_t)i};
        qsort(k, n, sizeof(*k), by_piece);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = i + 1; j < n && k[j].piece == k[i].piece; j++) {
                uint64_t a = hash[k[i].index], b = hash[k[j].index];
                unsigned bits = (unsigned)__builtin_popcountll(a ^ b);
                if (bits <= bits_max && !told_before(a, b, p, pieces))
                    fn(ctx, k[i].index, k[j].index, bits);
            }
        }
    }
    free(k);
    return OC_OK;
}
