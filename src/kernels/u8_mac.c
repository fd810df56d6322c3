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

typedef struct group_kind {
    bool     zero, pairs;
    unsigned parts; /* narrow groups that make up its weights */
} group_kind;

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

static group_kind look_at(const oc_mac8_form *f, const int16_t *w, size_t n)
{
    group_kind kind = {true, true, 1};
    int        least = 0, most = 0, pair = 0;
    for (size_t i = 0; i < n; i += 2) {
        const int a = w[i], b = w[i + 1], low = a < b ? a : b, high = a < b ? b : a;
        const int both = abs(a) + abs(b);
        least = low < least ? low : least;
        most = high > most ? high : most;
        pair = both > pair ? both : pair;
    }
    kind.zero = pair == 0;
    kind.pairs = !f->pair_max || pair <= f->pair_max;
    while (part_of(f, least, kind.parts) || part_of(f, most, kind.parts))
        kind.parts++;
    return kind;
}

static bool is_wide(const oc_mac8_form *f, const group_kind *kind)
{
    return f->pair_max && (kind->parts > 1 || !kind->pairs);
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

oc_mac8_counts oc_mac8_pack(const oc_mac8_form *form, size_t groups, unsigned blocks,
                            const int16_t *w, const int32_t *place, const oc_mac8_room *to)
{
    const size_t   channels = 8 * (size_t)blocks, n = channels * (size_t)form->deep;
    oc_mac8_counts c = {0, 0};
    if (to)
        memset(to->sum, 0, channels * sizeof(*to->sum));
    for (size_t g = 0; g < groups; g++) {
        const group_kind kind = look_at(form, w + g * n, n);
        const bool       wide = is_wide(form, &kind);
        if (kind.zero)
            continue;
        for (unsigned part = 0; part < kind.parts && !wide; part++, c.n_narrow++) {
            if (!to)
                continue;
            put_narrow(form, channels, w + g * n, part, to->narrow + c.n_narrow * n, to->sum);
            to->at[c.n_narrow] = place[g];
        }
        if (wide && to) {
            put_wide(channels, w + g * n, to->wide + c.n_wide * n);
            to->at_wide[c.n_wide] = place[g];
        }
        c.n_wide += wide;
    }
    return c;
}
