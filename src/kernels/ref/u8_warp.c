#include "kernels/u8_warp.h"

static int32_t reflect(int32_t at, int32_t n)
{
    int32_t period = 2 * n - 2;
    if (period == 0)
        return 0;
    at %= period;
    at = at < 0 ? at + period : at;
    return at < n ? at : period - at;
}

static const uint8_t *pixel(const oc_u8_picture *p, int32_t x, int32_t y)
{
    if (x < 0 || y < 0 || x >= p->width || y >= p->height) {
        if (p->border == OC_U8_BORDER_FILL)
            return p->fill;
        if (p->border == OC_U8_BORDER_REFLECT) {
            x = reflect(x, p->width);
            y = reflect(y, p->height);
        } else {
            x = x < 0 ? 0 : x >= p->width ? p->width - 1 : x;
            y = y < 0 ? 0 : y >= p->height ? p->height - 1 : y;
        }
    }
    return p->data + (ptrdiff_t)y * p->stride + 3 * (ptrdiff_t)x;
}

void oc_k_u8_warp__ref(const oc_u8_picture *from, size_t n, const int32_t *u, const int32_t *v,
                       uint8_t *out)
{
    for (size_t i = 0; i < n; i++, out += 3) {
        int32_t        x = u[i] >> 6, y = v[i] >> 6, fx = u[i] & 63, fy = v[i] & 63;
        const uint8_t *a = pixel(from, x, y), *b = pixel(from, x + 1, y);
        const uint8_t *c = pixel(from, x, y + 1), *d = pixel(from, x + 1, y + 1);
        for (int k = 0; k < 3; k++) {
            int32_t top = a[k] * (64 - fx) + b[k] * fx, bottom = c[k] * (64 - fx) + d[k] * fx;
            out[k] = (uint8_t)((top + (((bottom - top) * fy + 32) >> 6) + 32) >> 6);
        }
    }
}
