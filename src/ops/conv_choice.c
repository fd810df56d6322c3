#include "ops/conv_choice.h"

#include <math.h>
#include <stdio.h>

#include "ops/conv_dense.h"
#include "ops/conv_dot.h"
#include "ops/conv_wino.h"

typedef struct candidate {
    const char *name;
    oc_conv_way way;
    double      cycles; /* the guess, of one run on one core */
} candidate;

/* ---- the cost model, in cycles of a core with two FMA units of eight floats ---- */

#define FLOPS_PER_CYCLE 32.0
#define NEAR_BYTES (256.0 * 1024)     /* weights that stay in L2 */
#define FAR_BYTES (4.0 * 1024 * 1024) /* and in L3, next to those of other layers */

/* Cycles to read weights `times` times over.  Large ones come from memory the first time: since the
 * last run those of other layers have passed.  Later readings are partly hidden behind products. */
static double read_cycles(double bytes, double times)
{
    const double first = bytes <= NEAR_BYTES ? 32 : bytes <= FAR_BYTES / 4 ? 12 : 4;
    const double again = bytes <= NEAR_BYTES ? 64 : bytes <= FAR_BYTES ? 48 : 12;

    return bytes / first + fmax(times - 1, 0) * bytes / again;
}

/* Of one k over `px` pixels and so many blocks: the pixels are cut into nearly equal tiles, each as
 * quick as its FMAs, its loads, or (few sums) the latency of an addition allow. */
static double tile_cycles(double px, size_t blocks)
{
    static const double most[] = {12, 12, 6, 4};
    const double        tiles = ceil(px / most[blocks]), each = px / tiles;
    const double        sums = each * (double)blocks, loads = each + (double)blocks;

    return tiles * (fmax(fmax(sums, loads) / 2, 4) + 0.1);
}

/* Of one k over all outputs: panels of `panel` blocks. */
static double panels_cycles(double px, int64_t oc, unsigned panel)
{
    double sum = 0;

    for (size_t left = (size_t)(oc + 7) / 8, n; left > 0; left -= n) {
        n = oc_dense_panel_blocks(left, panel);
        sum += tile_cycles(px, n);
    }
    return sum;
}

static bool is_flat(const oc_conv_geom *g)
{
    return g->k[0] == 1 && g->k[1] == 1 && g->stride[0] == 1 && g->stride[1] == 1 &&
           g->pad[0] == 0 && g->pad[1] == 0 && g->pad_end[0] == 0 && g->pad_end[1] == 0;
}

static double direct_cycles(const oc_conv_geom *g, unsigned panel)
{
    const bool   flat = is_flat(g);
    const double px = (double)(flat ? g->out[0] * g->out[1] : g->out[1]);
    const double rows = (double)(flat ? 1 : g->out[0]);
    const double k = (double)(g->c / g->groups * g->k[0] * g->k[1]);
    const double og = (double)(g->oc / g->groups), weights = k * og * 4;
    const double chunks = fmax(1, rows * px * k * og * 2 / 16e6);
    /* a tile is begun and stored, too */
    const double ends = rows * px / (12.0 / panel) * og / 8 / panel * (10 + 4 * panel);
    const double sum = rows * k * panels_cycles(px, g->oc / g->groups, panel) + ends;

    return (double)(g->n * g->groups) * (sum + read_cycles(weights, chunks));
}

static double winograd_cycles(const oc_conv_geom *g, unsigned m)
{
    const double q = (m + 2) * (m + 2), c = (double)g->c, oc = (double)g->oc;
    const double tiles =
        (double)(((g->out[0] + m - 1) / m) * ((g->out[1] + m - 1) / m)); /* of one picture */
    const double per = fmin(tiles, oc_conv_wino_tiles(m, g->c, g->oc));
    const double units = ceil(tiles / per), weights = q * c * oc * 4;
    const double products = q * c * units * panels_cycles(ceil(tiles / units), g->oc, 2);
    const double turns = tiles * oc_conv_wino_turn_flops(m) * (c + oc) / 8 / FLOPS_PER_CYCLE;

    return (double)g->n * (products + turns + read_cycles(weights, units));
}

/* ---- the candidates ---- */

static size_t direct_ways(const oc_conv_geom *g, candidate *out)
{
    static const char *const names[2][3] = {{"direct-8", "direct-16", "direct-24"},
                                            {"gemm-8", "gemm-16", "gemm-24"}};
    const int64_t            blocks = (g->oc / g->groups + 7) / 8;
    size_t                   n = 0;

    for (unsigned b = 1; b <= 3; b++) {
        if (b > blocks && b > 1)
            break;
        out[n++] = (candidate){.name = names[g->k[0] == 1 && g->k[1] == 1][b - 1],
                               .way = {OC_CONV_DENSE, b},
                               .cycles = direct_cycles(g, b)};
    }
    return n;
}

static size_t winograd_ways(const oc_prepare *p, const oc_conv_geom *g, candidate *out)
{
    static const char *const names[] = {"winograd-2", "winograd-4", "winograd-6"};
    const bool               merged = p->in[1].info.shape.dim[1] != g->c;
    size_t                   n = 0;

    /* the reference kernels stay exact */
    if (merged || p->isa == OC_ISA_NONE || !oc_conv_wino_fits(g) ||
        p->in[0].layout == OC_LAYOUT_PLAIN || p->out[0].layout == OC_LAYOUT_PLAIN)
        return 0;
    if (p->lean) /* weights are 16/9, 4 and 64/9 times as many */
        return 0;
    for (unsigned m = 2; m <= OC_WINO_OUT_MAX; m += 2) {
        if (oc_conv_wino_error(m, g->c) > OC_CONV_ERROR_MAX)
            continue;
        out[n++] = (candidate){.name = names[m / 2 - 1],
                               .way = {OC_CONV_WINOGRAD, m},
                               .cycles = winograd_cycles(g, m)};
    }
    return n;
}

static size_t list_ways(const oc_prepare *p, const oc_conv_geom *g, oc_conv_path only,
                        candidate *out)
{
    size_t n = 0;

    if (only == OC_CONV_DEPTHWISE) {
        out[0] = (candidate){.name = "depthwise", .way = {only, 0}};
        return 1;
    }
    n = direct_ways(g, out);
    n += winograd_ways(p, g, out + n);
    if (p->in[0].layout != OC_LAYOUT_PLAIN && p->out[0].layout == OC_LAYOUT_PLAIN &&
        oc_conv_dot_fits(g) && p->in[1].info.shape.dim[1] == g->c)
        out[n++] = (candidate){.name = "dot", .way = {OC_CONV_DOT, 0}};
    return n;
}

static void make_key(const oc_prepare *p, const oc_conv_geom *g, char *key, size_t n)
{
    snprintf(key, n,
             "%s:conv:n%lld:c%lld:o%lld:g%lld:%lldx%lld:k%lldx%lld:s%lldx%lld:d%lldx%lld:"
             "p%lld,%lld,%lld,%lld:%s%s:act%d%s",
             oc_isa_name(p->isa), (long long)g->n, (long long)g->c, (long long)g->oc,
             (long long)g->groups, (long long)g->in[0], (long long)g->in[1], (long long)g->k[0],
             (long long)g->k[1], (long long)g->stride[0], (long long)g->stride[1],
             (long long)g->dil[0], (long long)g->dil[1], (long long)g->pad[0], (long long)g->pad[1],
             (long long)g->pad_end[0], (long long)g->pad_end[1],
             p->in[0].layout == OC_LAYOUT_PLAIN ? "plain" : "blocked",
             p->out[0].layout == OC_LAYOUT_PLAIN ? "-plain" : "", (int)p->node->act.kind,
             p->node->add ? ":add" : "");
}

oc_status oc_conv_choose(const oc_prepare *p, const oc_conv_geom *g, oc_conv_path only,
                         oc_conv_way *out, oc_error *err)
{
    candidate    ways[OC_CHOICE_MAX];
    const char  *names[OC_CHOICE_MAX];
    char         key[OC_CHOICE_KEY_MAX];
    unsigned     guess = 0, at = 0;
    const size_t n = list_ways(p, g, only, ways);

    for (size_t i = 0; i < n; i++) {
        names[i] = ways[i].name;
        if (ways[i].cycles < ways[guess].cycles)
            guess = (unsigned)i;
    }
    make_key(p, g, key, sizeof(key));
    oc_status st = oc_choice_make(p, key, names, (unsigned)n, guess, &at, err);
    *out = ways[at].way;
    return st;
}
