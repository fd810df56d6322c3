/* Packing and unpacking, eight bytes at a time in a word. */
#include "recording/pixels.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the byte to the left is found by shifting towards the high end"
#endif

#define BLOCK 16
#define HIGH 0x8080808080808080u
#define LOW 0x0101010101010101u
#define RUN_MAX 128

enum { LIKE_BEFORE, LIKE_ABOVE, LIKE_LEFT, LIKE_MOVED };

typedef struct pair { /* a block */
    uint64_t v[2];
} pair;

static inline uint64_t load(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

static inline uint64_t add_bytes(uint64_t a, uint64_t b)
{
    return ((a & ~HIGH) + (b & ~HIGH)) ^ ((a ^ b) & HIGH);
}

static inline uint64_t sub_bytes(uint64_t a, uint64_t b)
{
    return ((a | HIGH) - (b & ~HIGH)) ^ ((a ^ ~b) & HIGH);
}

static inline uint64_t fold(uint64_t d)
{
    return ((d & ~HIGH) << 1) ^ (((d >> 7) & LOW) * 0xff);
}

static inline uint64_t unfold(uint64_t z)
{
    return ((z >> 1) & ~HIGH) ^ ((z & LOW) * 0xff);
}

/* Bits that the largest byte takes. */
static inline unsigned bits_of(uint64_t all)
{
    all |= all >> 32;
    all |= all >> 16;
    all |= all >> 8;
    unsigned byte = all & 0xff;
    return byte ? 32u - (unsigned)__builtin_clz(byte) : 0;
}

/* The low b bits of eight bytes, one behind the other. */
static inline uint64_t squeeze(uint64_t x, unsigned b)
{
    unsigned s = 8 - b;
    x = (x & 0x00ff00ff00ff00ffu) | ((x & 0xff00ff00ff00ff00u) >> s);
    x = (x & 0x0000ffff0000ffffu) | ((x & 0xffff0000ffff0000u) >> (2 * s));
    return (x & 0x00000000ffffffffu) | ((x & 0xffffffff00000000u) >> (4 * s));
}

static inline uint64_t spread(uint64_t x, unsigned b)
{
    if (b == 8)
        return x;
    unsigned s = 8 - b;
    uint64_t m4 = (1ull << (4 * b)) - 1, m2 = (1ull << (2 * b)) - 1, m1 = (1ull << b) - 1;
    x = (x & m4) | ((x & (m4 << (4 * b))) << (4 * s));
    m2 |= m2 << 32;
    x = (x & m2) | ((x & (m2 << (2 * b))) << (2 * s));
    m1 |= m1 << 16;
    m1 |= m1 << 32;
    return (x & m1) | ((x & (m1 << b)) << s);
}

/* What a block may be told by.  left: the 16 bytes one to the left, of which 15 are the block's own. */
typedef struct around {
    pair before, above, above_before;
    bool has_before, has_above, has_left;
} around;

typedef struct best {
    pair     folded;
    unsigned like, bits;
} best;

static inline void consider(best *b, pair value, pair like, unsigned name)
{
    pair     f = {{fold(sub_bytes(value.v[0], like.v[0])), fold(sub_bytes(value.v[1], like.v[1]))}};
    unsigned bits = bits_of(f.v[0] | f.v[1]);
    if (bits < b->bits)
        *b = (best){f, name, bits};
}

/* Shifted towards the high end by a byte; the byte before comes in below. */
static inline pair shifted(pair p, uint64_t before)
{
    return (pair){{p.v[0] << 8 | before, p.v[1] << 8 | p.v[0] >> 56}};
}

static inline pair moved(const around *a)
{
    return (pair){{add_bytes(a->above.v[0], sub_bytes(a->before.v[0], a->above_before.v[0])),
                   add_bytes(a->above.v[1], sub_bytes(a->before.v[1], a->above_before.v[1]))}};
}

typedef struct packer {
    unsigned char *out;
    unsigned       run;
} packer;

static void end_run(packer *p)
{
    if (p->run)
        *p->out++ = (unsigned char)(p->run - 1);
    p->run = 0;
}

static inline void pack_block(packer *p, pair value, const around *a, unsigned char left)
{
    best b = {.bits = 9};
    consider(&b, value, a->before, LIKE_BEFORE);
    if (b.bits == 0 && a->has_before) {
        if (++p->run == RUN_MAX)
            end_run(p);
        return;
    }
    if (b.bits > 1 && a->has_above)
        consider(&b, value, a->above, LIKE_ABOVE);
    if (b.bits > 1)
        consider(&b, value, shifted(value, left), LIKE_LEFT);
    if (b.bits > 1 && a->has_above && a->has_before)
        consider(&b, value, moved(a), LIKE_MOVED);
    end_run(p);
    *p->out++ = (unsigned char)(0x80 | b.like << 4 | b.bits);
    for (int i = 0; i < 2 && b.bits; i++) {
        uint64_t bits = squeeze(b.folded.v[i], b.bits);
        memcpy(p->out, &bits, 8); /* the bound has room for what is too much */
        p->out += b.bits;
    }
}

static inline pair load_block(const unsigned char *p, size_t n)
{
    unsigned char padded[BLOCK] = {0};
    if (n >= BLOCK)
        return (pair){{load(p), load(p + 8)}};
    memcpy(padded, p, n);
    return (pair){{load(padded), load(padded + 8)}};
}

/* Rows of both frames, NULL where there is none. */
typedef struct rows {
    const unsigned char *before, *above, *above_before;
} rows;

static inline around look_around(const rows *r, size_t x, size_t n)
{
    around a = {.has_before = r->before, .has_above = r->above};
    if (r->before)
        a.before = load_block(r->before + x, n);
    if (r->above)
        a.above = load_block(r->above + x, n);
    if (r->above_before)
        a.above_before = load_block(r->above_before + x, n);
    return a;
}

static rows rows_at(const oc_frame *f, const oc_frame *before, int p, size_t y)
{
    ptrdiff_t at = (ptrdiff_t)y * f->stride[p];
    ptrdiff_t was = before ? (ptrdiff_t)y * before->stride[p] : 0;
    rows      r = {.before = before ? before->plane[p] + was : NULL,
                   .above = y ? f->plane[p] + at - f->stride[p] : NULL};
    if (before && y)
        r.above_before = r.before - before->stride[p];
    return r;
}

size_t oc_pixels_bound(const oc_frame *f)
{
    size_t sum = 8;
    for (int p = 0; p < 3; p++) {
        size_t blocks = (oc_pixel_row_bytes(f->format, p, f->width) + BLOCK - 1) / BLOCK;
        sum += (blocks * (BLOCK + 1) + 1) * oc_pixel_rows(f->format, p, f->height);
    }
    return sum;
}

bool oc_pixels_alike(const oc_frame *f, const oc_frame *before)
{
    return before->format == f->format && before->width == f->width && before->height == f->height;
}

size_t oc_pixels_pack(const oc_frame *f, const oc_frame *before, unsigned char *out)
{
    packer packed = {.out = out};
    for (int p = 0; p < 3; p++) {
        size_t n = oc_pixel_row_bytes(f->format, p, f->width);
        size_t height = oc_pixel_rows(f->format, p, f->height);
        for (size_t y = 0; y < height; y++) {
            const unsigned char *row = f->plane[p] + (ptrdiff_t)y * f->stride[p];
            const rows           r = rows_at(f, before, p, y);
            for (size_t x = 0; x < n; x += BLOCK) {
                const around a = look_around(&r, x, n - x);
                pack_block(&packed, load_block(row + x, n - x), &a, x ? row[x - 1] : 0);
            }
        }
        end_run(&packed);
    }
    return (size_t)(packed.out - out);
}

/* ---- unpacking ---- */

typedef struct unpacker {
    const unsigned char *begin, *at, *end;
    unsigned             run;
    const char          *fault;
} unpacker;

/* Sums from the first byte on: each byte was told by the one to its left. */
static inline pair sums(pair d, unsigned char left)
{
    for (int i = 0; i < 2; i++) {
        d.v[i] = add_bytes(d.v[i], i ? d.v[0] >> 56 : left);
        d.v[i] = add_bytes(d.v[i], d.v[i] << 8);
        d.v[i] = add_bytes(d.v[i], d.v[i] << 16);
        d.v[i] = add_bytes(d.v[i], d.v[i] << 32);
    }
    return d;
}

static pair differences(unpacker *u, unsigned bits)
{
    pair d = {{0, 0}};
    for (int i = 0; i < 2; i++) {
        memcpy(&d.v[i], u->at, bits);
        d.v[i] = unfold(spread(d.v[i], bits));
        u->at += bits;
    }
    return d;
}

static bool unpack_block(unpacker *u, const around *a, unsigned char left, pair *out)
{
    if (u->run) {
        u->run--;
        *out = a->before;
        return true;
    }
    if (u->at == u->end) {
        u->fault = "the picture's data are over before the picture is";
        return false;
    }
    unsigned token = *u->at++, like = token >> 4 & 3, bits = token & 15;
    if (token < 0x80) {
        u->run = token;
        *out = a->before;
        u->fault = a->has_before ? NULL : "a picture is told by one that is not there";
        return a->has_before;
    }
    if ((token & 0x40) || bits > 8 || (size_t)(u->end - u->at) < 2 * (size_t)bits) {
        u->fault = "a block of the picture has more bits than there are";
        return false;
    }
    if ((like == LIKE_ABOVE || like == LIKE_MOVED) > a->has_above ||
        (like == LIKE_MOVED) > a->has_before) {
        u->fault = "a block of the picture is told by one that is not there";
        return false;
    }
    pair d = bits ? differences(u, bits) : (pair){{0, 0}};
    if (like == LIKE_LEFT) {
        *out = sums(d, left);
        return true;
    }
    pair by = like == LIKE_BEFORE ? a->before : like == LIKE_ABOVE ? a->above : moved(a);
    *out = (pair){{add_bytes(d.v[0], by.v[0]), add_bytes(d.v[1], by.v[1])}};
    return true;
}

static bool unpack_row(unpacker *u, const rows *r, unsigned char *row, size_t n)
{
    for (size_t x = 0; x < n; x += BLOCK) {
        const around a = look_around(r, x, n - x);
        pair         value;
        if (!unpack_block(u, &a, x ? row[x - 1] : 0, &value))
            return false;
        memcpy(row + x, value.v, n - x < BLOCK ? n - x : BLOCK);
    }
    return true;
}

oc_status oc_pixels_unpack(const unsigned char *bytes, size_t n, const oc_frame *before,
                           oc_frame *f, oc_error *err)
{
    unpacker u = {.begin = bytes, .at = bytes, .end = bytes + n};
    for (int p = 0; p < 3 && !u.fault; p++) {
        size_t width = oc_pixel_row_bytes(f->format, p, f->width);
        size_t height = oc_pixel_rows(f->format, p, f->height);
        for (size_t y = 0; y < height && !u.fault; y++) {
            const rows r = rows_at(f, before, p, y);
            unpack_row(&u, &r, f->plane[p] + (ptrdiff_t)y * f->stride[p], width);
        }
        if (!u.fault && u.run)
            u.fault = "a run goes on behind the end of a plane";
    }
    if (!u.fault && u.at != u.end)
        u.fault = "the picture is over before its data are";
    if (u.fault)
        return OC_FAIL(err, OC_FORMAT, "%s (byte %zu of %zu)", u.fault, (size_t)(u.at - u.begin),
                       n);
    return OC_OK;
}
