#include "kernels/u8_mac.h"

#include <stdlib.h>
#include <string.h>

oc_k_u8_mac_fn *oc_k_u8_mac(oc_isa have, oc_mac8_form *form)
{
    oc_k_u8_mac_fn     *best = NULL;
    const oc_mac8_form *how = NULL;
#define OC_K(name, isa)                \
    if (((isa) & ~have) == 0) {        \
        best = oc_k_u8_mac__##name;    \
        how = &oc_u8_mac_form__##name; \
    }
#include "kernels/u8_mac.inc"
#undef OC_K
    if (form)
        *form = *how;
    return best;
}

/* ---- packing ---- */

#define OPEN_MAX \
    16 /* narrow groups that wait for another one: near by, so that x stays in the cache */

/* Of a weight beyond what narrow ones can be: the part-th of those that make it up. */
static int part_of(const oc_mac8_form *f, int w, unsigned part)
{
    for (;; part--) {
        const int now = w < f->w_min ? f->w_min : w > f->w_max ? f->w_max : w;
        if (part == 0)
            return now;
        w -= now;
    }
}

/* Narrow groups that make up these weights; 0 where all are zero. */
static unsigned parts_of(const oc_mac8_form *f, const int16_t *w, size_t n)
{
    int      least = 0, most = 0;
    unsigned parts = 1;
    for (size_t i = 0; i < n; i++) {
        least = w[i] < least ? w[i] : least;
        most = w[i] > most ? w[i] : most;
    }
    if (least == 0 && most == 0)
        return 0;
    while (part_of(f, least, parts) || part_of(f, most, parts))
        parts++;
    return parts;
}

static oc_mac8_counts sort_plain(const oc_mac8_form *f, size_t groups, size_t n, const int16_t *w,
                                 uint32_t *order)
{
    oc_mac8_counts c = {0, 0, 0};
    for (size_t g = 0; g < groups; g++) {
        const unsigned parts = parts_of(f, w + g * n, n);
        for (unsigned part = 0; part < parts; part++)
            order[c.n_narrow++] = (uint32_t)(g * OC_MAC8_PARTS + part);
    }
    return c;
}

/* What a group's pairs can add up to in 16 bits, either way, over 255. */
#define SUMS (2 * 2 * 8 * OC_MAC8_BLOCKS_MAX)
typedef struct pair_sums {
    uint8_t  v[SUMS];
    uint32_t group;
} pair_sums;

/* The largest of them. */
static int add_pairs(size_t pairs, const int16_t *w, pair_sums *s)
{
    int largest = 0;
    for (size_t i = 0; i < pairs; i++) {
        const int a = w[2 * i], b = w[2 * i + 1];
        const int up = (a > 0 ? a : 0) + (b > 0 ? b : 0), down = up - a - b;
        s->v[i] = (uint8_t)up; /* no larger than 255, or not used */
        s->v[SUMS / 2 + i] = (uint8_t)down;
        largest = up > largest ? up : largest;
        largest = down > largest ? down : largest;
    }
    return largest;
}

static bool fit_together(const pair_sums *a, const pair_sums *b, int most)
{
    uint8_t over = 0;
    for (size_t i = 0; i < SUMS; i++) /* in bytes, so that compilers make vectors of it */
        over |= (uint8_t)(a->v[i] > (uint8_t)(most - b->v[i]));
    return !over;
}

/* Couples stand in front, single ones then, wide ones last. */
static oc_mac8_counts sort_pairs(const oc_mac8_form *f, size_t groups, size_t n, const int16_t *w,
                                 uint32_t *order)
{
    pair_sums      open[OPEN_MAX], own = {{0}, 0};
    uint32_t      *single = order + groups, *wide = single + groups;
    size_t         waiting = 0, singles = 0;
    oc_mac8_counts c = {0, 0, 0};
    for (size_t g = 0; g < groups; g++) {
        const int largest = add_pairs(n / 2, w + g * n, &own);
        size_t    other = waiting;
        if (largest == 0)
            continue;
        own.group = (uint32_t)g * OC_MAC8_PARTS;
        if (largest > f->pair_max || parts_of(f, w + g * n, n) > 1) {
            wide[c.n_wide++] = own.group;
            continue;
        }
        while (other > 0 && !fit_together(&open[other - 1], &own, f->pair_max))
            other--;
        if (other > 0) {
            order[c.n_coupled++] = open[other - 1].group;
            order[c.n_coupled++] = own.group;
            memmove(&open[other - 1], &open[other], (--waiting - (other - 1)) * sizeof(own));
            continue;
        }
        if (waiting == OPEN_MAX) {
            single[singles++] = open[0].group;
            memmove(open, open + 1, --waiting * sizeof(own));
        }
        open[waiting++] = own;
    }
    for (size_t i = 0; i < waiting; i++)
        single[singles++] = open[i].group;
    c.n_narrow = c.n_coupled + singles;
    memmove(order + c.n_coupled, single, singles * sizeof(*order));
    memmove(order + c.n_narrow, wide, c.n_wide * sizeof(*order));
    return c;
}

oc_mac8_counts oc_mac8_sort(const oc_mac8_form *form, size_t groups, unsigned blocks,
                            const int16_t *w, uint32_t *order)
{
    const size_t n = 8 * (size_t)blocks * (size_t)form->deep;
    return form->pair_max ? sort_pairs(form, groups, n, w, order)
                          : sort_plain(form, groups, n, w, order);
}

static void put_narrow(const oc_mac8_form *f, size_t channels, const int16_t *w, unsigned part,
                       int8_t *to, int32_t *sum)
{
    const size_t deep = (size_t)f->deep;
    for (size_t o = 0; o < channels; o++)
        for (size_t k = 0; k < deep; k++) {
            const int v = part_of(f, w[o * deep + k], part);
            to[o * deep + k] = (int8_t)v;
            sum[o] += v;
        }
}

static void put_wide(size_t channels, const int16_t *w, int16_t *to)
{
    for (size_t o = 0; o < channels; o++)
        for (size_t k = 0; k < 4; k++)
            to[((k % 2) * channels + o) * 2 + k / 2] = w[o * 4 + k];
}

void oc_mac8_pack(const oc_mac8_form *form, const oc_mac8_counts *n, const uint32_t *order,
                  unsigned blocks, const int16_t *w, const int32_t *place, const oc_mac8_room *to)
{
    const size_t channels = 8 * (size_t)blocks, each = channels * (size_t)form->deep;
    memset(to->sum, 0, channels * sizeof(*to->sum));
    for (size_t i = 0; i < n->n_narrow + n->n_wide; i++) {
        const size_t   g = order[i] / OC_MAC8_PARTS;
        const int16_t *from = w + g * each;
        to->at[i] = place[g];
        if (i < n->n_narrow)
            put_narrow(form, channels, from, order[i] % OC_MAC8_PARTS, to->narrow + i * each,
                       to->sum);
        else
            put_wide(channels, from, to->wide + (i - n->n_narrow) * each);
    }
}
