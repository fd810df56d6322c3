#include "kernels/u8_hsv.h"

#include <math.h>

/* The share of the chroma that is missing in the channel that lies `at` sixths from red. */
static float missing(float hue, float at)
{
    float k = hue + at;
    k = k >= 6 ? k - 6 : k;
    k = fminf(k, 4 - k);
    return fminf(fmaxf(k, 0), 1);
}

void oc_k_u8_hsv__ref(size_t n, const uint8_t *x, const oc_u8_hsv *by, uint8_t *out)
{
    for (size_t i = 0; i < n; i++, x += 3, out += 3) {
        float r = x[0], g = x[1], b = x[2];
        float v = fmaxf(r, fmaxf(g, b)), c = v - fminf(r, fminf(g, b)), h = 0;
        if (c > 0)
            h = v == r ? (g - b) / c : v == g ? (b - r) / c + 2 : (r - g) / c + 4;
        h += by->hue;
        h = h < 0 ? h + 6 : h;
        h = h >= 6 ? h - 6 : h;
        float to = fminf(v * by->value, 255);
        float chroma = v > 0 ? to * fminf(c / v * by->saturation, 1) : 0;
        out[0] = (uint8_t)lrintf(fmaf(-chroma, missing(h, 5), to));
        out[1] = (uint8_t)lrintf(fmaf(-chroma, missing(h, 3), to));
        out[2] = (uint8_t)lrintf(fmaf(-chroma, missing(h, 1), to));
    }
}
