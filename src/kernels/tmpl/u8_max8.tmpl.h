/* u8_max8.tmpl.h -- rows first, into one with borders of zeros; then along that row.
 *
 * Before it stand MAX_V (MAX_N bytes), MAX_LOAD, MAX_STORE, MAX_OF and the same for eight bytes: MAX_V8. */
#include <string.h>

#include "kernels/u8_max8.h"

static void rows_max(const oc_pool8 *p, size_t oy, const uint8_t *x, uint8_t *row)
{
    const ptrdiff_t top = (ptrdiff_t)oy * p->stride_h - p->pad_t;
    const size_t    n = (size_t)p->in_w * 8;
    ptrdiff_t       from, to;
    memset(row, 0, oc_max8_row(p));
    oc_pool_taps(top, p->k_h, p->dil_h, p->in_h, &from, &to);
    row += p->pad_l * 8;
    for (ptrdiff_t ky = from; ky < to; ky++) {
        const uint8_t *line = x + (top + ky * p->dil_h) * p->in_w * 8;
        size_t         i = 0;
        for (; i + MAX_N <= n; i += MAX_N)
            MAX_STORE(row + i, MAX_OF(MAX_LOAD(row + i), MAX_LOAD(line + i)));
        for (; i < n; i += 8)
            MAX_STORE8(row + i, MAX_OF8(MAX_LOAD8(row + i), MAX_LOAD8(line + i)));
    }
}

void OC_KERNEL(u8_max8)(const oc_pool8 *p, size_t oy, const uint8_t *x, uint8_t *row, uint8_t *y)
{
    const size_t    n = (size_t)p->out_w * 8;
    const ptrdiff_t step = p->dil_w * 8;
    size_t          i = 0;
    rows_max(p, oy, x, row);
    for (; p->stride_w == 1 && i + MAX_N <= n; i += MAX_N) {
        MAX_V v = MAX_LOAD(row + i);
        for (ptrdiff_t kx = 1; kx < p->k_w; kx++)
            v = MAX_OF(v, MAX_LOAD(row + i + kx * step));
        MAX_STORE(y + i, v);
    }
    for (; i < n; i += 8) {
        const uint8_t *from = row + (ptrdiff_t)i * p->stride_w;
        MAX_V8         v = MAX_LOAD8(from);
        for (ptrdiff_t kx = 1; kx < p->k_w; kx++)
            v = MAX_OF8(v, MAX_LOAD8(from + kx * step));
        MAX_STORE8(y + i, v);
    }
}
