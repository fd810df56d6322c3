#include "kernels/f32_mac.h"

oc_k_f32_mac_fn *oc_k_f32_mac(oc_isa have)
{
    oc_k_f32_mac_fn *best = NULL;
#define OC_K(name, isa)       \
    if (((isa) & ~have) == 0) \
        best = oc_k_f32_mac__##name;
#include "kernels/f32_mac.inc"
#undef OC_K
    return best;
}

#define FETCH_MOST 8 /* lines in 8 k: more would have to wait for each other */

void oc_mac_fetch(oc_mac *m, const float *from, const float *end, size_t calls, size_t i)
{
    const size_t most = 12 / m->blocks, tiles = (m->px + most - 1) / most;
    const size_t turns = tiles * m->n0 * m->n1 * m->n2; /* of 8 k, in a call */
    const size_t lines = (size_t)(end - from) / 16, per = turns * calls;

    m->ahead_lines = 0;
    if (m->at || turns == 0)
        return;
    const size_t each = (lines + per - 1) / per;
    m->ahead_lines = (unsigned)(each < FETCH_MOST ? each : FETCH_MOST);
    const size_t skip = i * turns * m->ahead_lines;
    m->ahead = skip < lines ? from + skip * 16 : end;
    m->ahead_end = end;
}
