#include "kernels/x_move.h"

#include <stdlib.h>
#include <string.h>

#include "ck.h"

/* Every element by itself: the contract, word for word. */
static void plain(size_t elem, const oc_k_tile *t, const char *src, char *dst)
{
    for (size_t r = 0; r < t->rows; r++)
        for (size_t c = 0; c < t->cols; c++)
            memcpy(dst + (ptrdiff_t)r * t->dst_row + (ptrdiff_t)c * t->dst_col,
                   src + (ptrdiff_t)r * t->src_row + (ptrdiff_t)c * t->src_col, elem);
}

/* kind 0: rows copied; 1: transposed; 2: every other element, backwards; 3: one element repeated;
 * 4: every other element */
static oc_k_tile make_tile(size_t elem, size_t rows, size_t cols, int kind)
{
    ptrdiff_t e = (ptrdiff_t)elem;
    oc_k_tile t = {rows, cols, (ptrdiff_t)cols * e, e, (ptrdiff_t)cols * e, e};
    if (kind == 1) {
        t.src_row = e;
        t.src_col = (ptrdiff_t)rows * e;
    } else if (kind == 2) {
        t.src_row = 2 * (ptrdiff_t)cols * e;
        t.src_col = -2 * e;
    } else if (kind == 4) {
        t.src_row = (2 * (ptrdiff_t)cols - 1) * e;
        t.src_col = 2 * e;
    } else if (kind == 3) {
        t.src_row = t.src_col = 0;
    }
    return t;
}

static void check_one(oc_k_x_move_fn *kernel, size_t elem, size_t rows, size_t cols, int kind)
{
    oc_k_tile t = make_tile(elem, rows, cols, kind);
    size_t    n = rows * cols * elem, n_src;
    n_src = kind == 2 ? 2 * n : kind == 3 ? elem : kind == 4 ? 2 * n - rows * elem : n;
    uint8_t    *src = ck_bytes(n_src, CK_PLAIN);
    uint8_t    *want = ck_bytes(n, CK_JUNK), *got = ck_bytes(n, CK_JUNK);
    const char *at = (const char *)src + (kind == 2 ? (2 * cols - 1) * elem : 0);
    plain(elem, &t, at, (char *)want);
    kernel(elem, &t, at, got);
    if (!ck_same_bytes(want, got, n))
        ck_fail("elem=%zu rows=%zu cols=%zu kind=%d", elem, rows, cols, kind);
}

static void check(oc_k_x_move_fn *kernel)
{
    static const size_t elems[] = {1, 2, 4, 8, 16, 32};
    for (size_t e = 0; e < 6; e++)
        for (int kind = 0; kind < 5; kind++)
            for (size_t rows = 1; rows <= 35; rows += rows < 18 ? 1 : 5)
                for (size_t cols = 1; cols <= 35; cols += cols < 18 ? 1 : 5)
                    check_one(kernel, elems[e], rows, cols, kind);
    oc_k_tile t = make_tile(4, 64, 64, 1);
    uint8_t  *src = ck_bytes(64 * 64 * 4, CK_PLAIN), *dst = ck_bytes(64 * 64 * 4, CK_JUNK);
    CK_BENCH_WORK("transpose 64x64x4", 0, 2 * 64 * 64 * 4, kernel(4, &t, src, dst));
}

int main(int argc, char **argv)
{
    ck_begin("x_move", argc, argv);
#define OC_K(name, isa)       \
    if (ck_wants(#name, isa)) \
        check(oc_k_x_move__##name);
#include "kernels/x_move.inc"
#undef OC_K
    return ck_end();
}
