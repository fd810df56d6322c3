#include "tensor/half.h"

#include <string.h>

float oc_half_to_float(oc_half h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    uint32_t       exponent = h >> 10 & 0x1fu, mantissa = h & 0x3ffu, bits;
    float          f;

    if (exponent == 0x1f) {
        bits = sign | 0x7f800000u | mantissa << 13;
    } else if (exponent) {
        bits = sign | (exponent + 112) << 23 | mantissa << 13;
    } else if (mantissa) {
        exponent = 113;
        while (!(mantissa & 0x400u)) {
            mantissa <<= 1;
            exponent--;
        }
        bits = sign | exponent << 23 | (mantissa & 0x3ffu) << 13;
    } else {
        bits = sign;
    }
    memcpy(&f, &bits, sizeof(f));
    return f;
}

/* m / 2^shift to the nearest integer, ties to even. */
static uint64_t shift_round(uint64_t m, unsigned shift)
{
    const uint64_t q = m >> shift, rest = m & (((uint64_t)1 << shift) - 1);
    const uint64_t half = (uint64_t)1 << (shift - 1);

    return q + (rest > half || (rest == half && (q & 1)));
}

oc_half oc_half_from_double(double d)
{
    uint64_t bits, mantissa;
    uint32_t sign;
    int      exponent;

    memcpy(&bits, &d, sizeof(bits));
    sign = (uint32_t)(bits >> 48) & 0x8000u;
    exponent = (int)(bits >> 52 & 0x7ff) - 1023;
    mantissa = bits & 0xfffffffffffffu;
    if (exponent == 1024) /* infinity; NaN becomes quiet and keeps the top of its payload */
        return (oc_half)(sign | 0x7c00u | (mantissa ? 0x200u | (uint32_t)(mantissa >> 42) : 0));
    if (exponent > 15)
        return (oc_half)(sign | 0x7c00u);
    if (exponent >= -14) /* a carry out of the mantissa moves the exponent up, as far as infinity */
        return (oc_half)(sign |
                         (((uint32_t)(exponent + 15) << 10) + (uint32_t)shift_round(mantissa, 42)));
    if (exponent < -25)
        return (oc_half)sign;
    return (oc_half)(sign | (uint32_t)shift_round(mantissa | (uint64_t)1 << 52,
                                                  (unsigned)(28 - exponent)));
}

void oc_half_to_floats(size_t n, const oc_half *from, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = oc_half_to_float(from[i]);
}

void oc_half_from_floats(size_t n, const float *from, oc_half *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = oc_half_from_float(from[i]);
}
