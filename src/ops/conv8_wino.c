#include "ops/conv8_wino.h"

#include <string.h>

#include "ops/packed.h"

#define C_MAX 900
#define TILES_MAX 48              /* of a strip */
#define DOMAIN_BYTES (256 * 1024) /* of a strip's inputs in Winograd's domain */

bool oc_conv8_wino_fits(const oc_conv_geom *g)
{
    bool fits = g->dims == 2 && g->groups == 1 && g->c <= C_MAX && g->c >= 8 && g->oc % 16 == 0;
    for (int i = 0; i < 2; i++)
        fits = fits && g->k[i] == 3 && g->stride[i] == 1 && g->dil[i] == 1 && g->pad[i] <= 2 &&
               g->pad_end[i] <= 2 && g->out[i] > 1;
    return fits;
}

/* Strips: several rows of tiles where they are short, a part of one where it is long. */
static void cut(const oc_conv_geom *g, oc_conv8_wino *c)
{
    const size_t wide = ((size_t)g->out[1] + 1) / 2, high = ((size_t)g->out[0] + 1) / 2;
    size_t       most = DOMAIN_BYTES / (16 * 2 * (((size_t)g->c + 7) / 8 * 8));
    most = most > TILES_MAX ? TILES_MAX : most < 12 ? 12 : most;
    c->n_across = (wide + most - 1) / most;
    c->across = (wide + c->n_across - 1) / c->n_across;
    c->n_across = (wide + c->across - 1) / c->across;
    size_t down = c->n_across > 1 ? 1 : most / c->across;
    down = down > high ? high : down < 1 ? 1 : down;
    c->n_down = (high + down - 1) / down;
    c->down = (high + c->n_down - 1) / c->n_down;
    c->n_down = (high + c->down - 1) / c->down;
}

/* Products at 24 a cycle, transforms a vector of eight at a time, weights once a strip: from the third
 * cache or, large ones, from memory the first time. */
double oc_conv8_wino_cycles(const oc_conv_geom *g)
{
    oc_conv8_wino c;
    cut(g, &c);
    const double strips = (double)(g->n * (int64_t)(c.n_across * c.n_down));
    const double tiles = (double)(g->n * ((g->out[0] + 1) / 2) * ((g->out[1] + 1) / 2));
    const double in = (double)g->c, oc = (double)g->oc, bytes = 16 * in * oc * 2;
    const double first = bytes <= 256e3 ? 32 : bytes <= 1e6 ? 12 : 8;
    return tiles * 16 * in * oc / 24 + tiles * (in + oc) / 8 * 16 + bytes / first +
           (strips - 1) * bytes / 64;
}

/* u = 4 G g G': in either direction 2 a, a + b + c, a - b + c, 2 c. */
static void transform(const int g[9], int16_t u[16])
{
    int rows[4][3];
    for (int x = 0; x < 3; x++) {
        const int a = g[x], b = g[3 + x], c = g[6 + x];
        rows[0][x] = 2 * a;
        rows[1][x] = a + b + c;
        rows[2][x] = a - b + c;
        rows[3][x] = 2 * c;
    }
    for (int y = 0; y < 4; y++) {
        const int a = rows[y][0], b = rows[y][1], c = rows[y][2];
        u[y * 4] = (int16_t)(2 * a);
        u[y * 4 + 1] = (int16_t)(a + b + c);
        u[y * 4 + 2] = (int16_t)(a - b + c);
        u[y * 4 + 3] = (int16_t)(2 * c);
    }
}

static void pack(const oc_conv8_wino *c, const oc_conv8_weights *from, int16_t *to)
{
    const size_t inputs = (size_t)c->g.c, position = c->c8 * 16;
    for (size_t o = 0; o < (size_t)c->g.oc; o++) {
        const int32_t zero = oc_zero_at(from->dtype, from->zero, from->n_zero > 1 ? o : 0);
        for (size_t k = 0; k < inputs; k++) {
            int16_t        u[16];
            int            g[9];
            const uint8_t *w = (const uint8_t *)from->w + (o * inputs + k) * 9;
            for (int i = 0; i < 9; i++)
                g[i] = (from->dtype == OC_I8 ? (int8_t)w[i] : w[i]) - zero;
            transform(g, u);
            int16_t *at = to + o / 16 * 16 * position + (k / 2 * 16 + o % 16) * 2 + k % 2;
            for (size_t i = 0; i < 16; i++)
                at[i * position] = u[i];
        }
    }
}

/* Scratch: rows widened, the domain's inputs, its sums, two rows of pixels. */
typedef struct rooms {
    size_t rows, domain, sums, pixels, all; /* in bytes, each a multiple of 64 */
} rooms;

static rooms rooms_of(const oc_conv8_wino *c)
{
    const size_t tiles = c->across * c->down;
    rooms        r = {.rows = (2 * c->down + 2) * (2 * c->across + 2) * 16 + 64,
                      .domain = 16 * tiles * c->c8 * sizeof(int16_t),
                      .sums = 16 * tiles * 16 * sizeof(int32_t),
                      .pixels = 2 * 2 * c->across * 16 * sizeof(int32_t)};
    r.rows = (r.rows + 63) / 64 * 64;
    r.all = r.rows + r.domain + r.sums + r.pixels;
    return r;
}

oc_status oc_conv8_wino_init(oc_conv8_wino *c, const oc_conv_geom *g, const oc_conv8_weights *w,
                             const int32_t *bias, int32_t x_zero, const oc_prepare *p,
                             oc_error *err)
{
    bool ready = false;
    c->g = *g;
    c->x_zero = x_zero;
    c->in_blocks = ((size_t)g->c + 7) / 8;
    c->c8 = c->in_blocks * 8;
    c->panels = (size_t)g->oc / 16;
    c->out_pixels = (size_t)(g->out[0] * g->out[1]);
    c->mac = oc_k_s16_mac(p->isa);
    c->in = oc_k_s16_wino_in(p->isa);
    c->out = oc_k_s32_wino_out(p->isa);
    c->widen = oc_k_s16_widen(p->isa);
    c->finish = oc_k_s32_finish(p->isa);
    cut(g, c);
    int16_t *packed = oc_packed_take(p, (size_t)g->oc * c->c8, 16 * sizeof(*packed), &ready);
    int32_t *start = oc_arena_alloc64(p->mem, (size_t)g->oc, sizeof(*start));
    if (!packed || !start)
        return OC_FAIL(err, OC_NOMEM, "%lld x %zu packed weights", (long long)g->oc, c->c8);
    if (!ready)
        pack(c, w, packed);
    c->w = oc_packed_keep(p, packed);
    if (bias)
        memcpy(start, bias, (size_t)g->oc * sizeof(*start));
    c->start = start;
    p->work->n_phases = 1;
    p->work->phase[0].units = (size_t)g->n * c->n_across * c->n_down;
    p->work->phase[0].grain = 1;
    p->work->scratch_bytes = rooms_of(c).all;
    p->work->flops = oc_conv_geom_flops(g, false);
    return OC_OK;
}

/* The tiles of a unit: from which on, in tiles, and how many. */
typedef struct strip {
    size_t y, x, down, across, tiles;
} strip;

static strip strip_of(const oc_conv8_wino *c, size_t unit)
{
    const size_t wide = ((size_t)c->g.out[1] + 1) / 2, high = ((size_t)c->g.out[0] + 1) / 2;
    strip s = {.x = unit % c->n_across * c->across, .y = unit / c->n_across % c->n_down * c->down};
    s.across = wide - s.x < c->across ? wide - s.x : c->across;
    s.down = high - s.y < c->down ? high - s.y : c->down;
    s.tiles = s.across * s.down;
    return s;
}

/* Rows of one block that the strip reads, as differences; zero outside the picture. */
static void widen_rows(const oc_conv8_wino *c, const uint8_t *block, const strip *s, int16_t *to)
{
    const int64_t width = (int64_t)(2 * s->across + 2), rows = (int64_t)(2 * s->down + 2);
    const int64_t y = (int64_t)(2 * s->y) - c->g.pad[0], x = (int64_t)(2 * s->x) - c->g.pad[1];
    const int64_t left = x < 0 ? -x : 0;
    const int64_t right = x + width > c->g.in[1] ? c->g.in[1] - x : width;
    for (int64_t r = 0; r < rows; r++, to += width * 8) {
        if (y + r < 0 || y + r >= c->g.in[0] || right <= left) {
            memset(to, 0, (size_t)width * 16);
            continue;
        }
        memset(to, 0, (size_t)left * 16);
        c->widen((size_t)(right - left) * 8, block + ((y + r) * c->g.in[1] + x + left) * 8, 1,
                 c->x_zero, false, to + left * 8);
        memset(to + right * 8, 0, (size_t)(width - right) * 16);
    }
}

static void to_domain(const oc_conv8_wino *c, const uint8_t *x, const strip *s, int16_t *rows,
                      int16_t *v)
{
    const size_t row = (2 * s->across + 2) * 8;
    for (size_t b = 0; b < c->in_blocks; b++) {
        widen_rows(c, x + b * (size_t)(c->g.in[0] * c->g.in[1]) * 8, s, rows);
        for (size_t r = 0; r < s->down; r++) {
            const oc_wino16 t = {.x = rows + 2 * r * row,
                                 .v = v + r * s->across * c->c8 + b * 8,
                                 .n = s->across,
                                 .x_row = (ptrdiff_t)row,
                                 .v_pos = (ptrdiff_t)(s->tiles * c->c8),
                                 .v_tile = (ptrdiff_t)c->c8};
            c->in(&t);
        }
    }
}

/* One panel's sums of row i of the strip's tiles become two rows of pixels. */
static void store_row(const oc_conv8_wino *c, const oc_finish8 *f, size_t q, const int32_t *sums,
                      const strip *s, size_t i, int32_t *pixels)
{
    const size_t    width = (size_t)c->g.out[1], y = 2 * (s->y + i), x = 2 * s->x;
    const oc_wino32 t = {.m = sums + i * s->across * 16,
                         .start = c->start + q * 16,
                         .y = pixels,
                         .n = s->across,
                         .m_pos = s->tiles,
                         .y_row = (ptrdiff_t)(s->across * 32)};
    oc_finish8      out = *f;
    c->out(&t);
    out.blocks = 2;
    out.scale = f->scale + q * 16;
    out.y_blk = (ptrdiff_t)c->out_pixels * 8;
    out.px = width - x < 2 * s->across ? width - x : 2 * s->across;
    for (size_t r = 0; r < 2 && y + r < (size_t)c->g.out[0]; r++) {
        const size_t at = (q * 2 * c->out_pixels + (y + r) * width + x) * 8;
        out.acc = pixels + r * s->across * 32;
        out.y = f->raw ? (void *)((float *)f->y + at) : (void *)((uint8_t *)f->y + at);
        out.add = f->add ? f->add + at : NULL;
        c->finish(&out);
    }
}

void oc_conv8_wino_run(const oc_conv8_wino *c, const uint8_t *x, const oc_finish8 *f, size_t unit,
                       void *scratch)
{
    const strip  s = strip_of(c, unit);
    const rooms  r = rooms_of(c);
    const size_t n = unit / c->n_across / c->n_down, to = n * (size_t)c->g.oc * c->out_pixels;
    int16_t     *rows = scratch, *v = (int16_t *)((char *)scratch + r.rows);
    int32_t     *sums = (int32_t *)((char *)v + r.domain), *pixels = sums + r.sums / 4;
    oc_finish8   out = *f;
    out.y = f->raw ? (void *)((float *)f->y + to) : (void *)((uint8_t *)f->y + to);
    out.add = f->add ? f->add + to : NULL;
    to_domain(c, x + n * c->in_blocks * (size_t)(c->g.in[0] * c->g.in[1]) * 8, &s, rows, v);
    for (size_t q = 0; q < c->panels; q++) {
        for (size_t pos = 0; pos < 16; pos++) {
            const oc_s16_mac m = {.x = v + pos * s.tiles * c->c8,
                                  .w = c->w + (q * 16 + pos) * c->c8 * 16,
                                  .x_px = c->c8,
                                  .px = s.tiles,
                                  .k2 = c->c8 / 2,
                                  .acc = sums + pos * s.tiles * 16};
            c->mac(&m);
        }
        for (size_t i = 0; i < s.down; i++)
            store_row(c, &out, q, sums, &s, i, pixels);
    }
}
