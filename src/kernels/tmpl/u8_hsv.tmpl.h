/* u8_hsv.tmpl.h -- oc_k_u8_hsv of the vocabulary that is included, and of a header that loads and
 * stores eight RGB pixels as three vectors (vf_load_rgb, vf_store_rgb). */
#include "kernels/u8_hsv.h"

OC_INLINE vf hsv_missing(vf hue, float at)
{
    const vf six = vf_set(6), k = vf_add(hue, vf_set(at));
    const vf t = vf_select(vf_lt(k, six), k, vf_sub(k, six));
    const vf u = vf_at_most(vf_sub(vf_set(4), t), t);
    return vf_at_most(vf_set(1), vf_at_least(vf_zero(), u));
}

void OC_KERNEL(u8_hsv)(size_t n, const uint8_t *x, const oc_u8_hsv *by, uint8_t *out)
{
    const vf turn = vf_set(by->hue), saturation = vf_set(by->saturation), one = vf_set(1);
    const vf value = vf_set(by->value), zero = vf_zero(), six = vf_set(6), full = vf_set(255);
    size_t   i = 0;

    for (; i + VF <= n; i += VF) {
        vf r, g, b;
        vf_load_rgb(x + 3 * i, &r, &g, &b);
        const vf v = vf_max_known(r, vf_max_known(g, b));
        const vf c = vf_sub(v, vf_at_most(r, vf_at_most(g, b)));
        /* greys: 0 / 1; black: 0 / 1 too */
        const vf      per = vf_div(one, vf_at_least(one, c));
        const vf_mask red = vf_eq(v, r), green = vf_eq(v, g);
        const vf from = vf_select(red, vf_sub(g, b), vf_select(green, vf_sub(b, r), vf_sub(r, g)));
        const vf sector = vf_select(red, zero, vf_select(green, vf_set(2), vf_set(4)));
        vf       h = vf_add(vf_fma(from, per, sector), turn);
        h = vf_select(vf_lt(h, zero), vf_add(h, six), h);
        h = vf_select(vf_lt(h, six), h, vf_sub(h, six));
        const vf to = vf_at_most(full, vf_mul(v, value));
        const vf s = vf_mul(vf_div(c, vf_at_least(one, v)), saturation);
        const vf chroma = vf_mul(to, vf_at_most(one, s));
        r = vf_fnma(chroma, hsv_missing(h, 5), to);
        g = vf_fnma(chroma, hsv_missing(h, 3), to);
        b = vf_fnma(chroma, hsv_missing(h, 1), to);
        vf_store_rgb(out + 3 * i, r, g, b);
    }
    if (i < n)
        oc_k_u8_hsv__ref(n - i, x + 3 * i, by, out + 3 * i);
}
