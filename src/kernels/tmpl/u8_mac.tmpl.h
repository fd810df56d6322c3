/* u8_mac.tmpl.h -- a tile of pixels by DOT_REGS registers of channels, with an instruction that adds
 * four products u8 x s8 to each lane.
 *
 * Before it stand DOT_TILE, the function's name; DOT_V, a register; DOT_REGS; DOT_LOAD, DOT_STORE,
 * DOT_SET, DOT_ZERO, DOT_ADD, DOT_STEP.  Two sets of sums, for groups of even and odd number: the
 * instruction takes five cycles, two can begin in each. */
#include <string.h>

#include "kernels/u8_mac.h"

OC_INLINE void DOT_TILE(const oc_mac8 *m, size_t first, const int px)
{
    const size_t   bytes = sizeof(DOT_V) * DOT_REGS;
    const int8_t  *w = m->narrow;
    const uint8_t *x[6];
    DOT_V          sum[2][6][DOT_REGS];
    size_t         g = 0;
    int32_t        v;

    OC_UNROLL for (int p = 0; p < px; p++)
    {
        x[p] = m->x[first + (size_t)p];
        OC_UNROLL for (int b = 0; b < DOT_REGS; b++)
        {
            sum[0][p][b] = DOT_LOAD((const char *)m->start + sizeof(DOT_V) * (size_t)b);
            sum[1][p][b] = DOT_ZERO;
        }
    }
    for (; g + 2 <= m->n_narrow; g += 2)
        OC_UNROLL for (int odd = 0; odd < 2; odd++, w += bytes)
        {
            const ptrdiff_t place = m->at[g + (size_t)odd];
            OC_UNROLL for (int p = 0; p < px; p++)
            {
                memcpy(&v, x[p] + place, sizeof(v));
                OC_UNROLL for (int b = 0; b < DOT_REGS; b++) sum[odd][p][b] =
                    DOT_STEP(sum[odd][p][b], DOT_SET(v), DOT_LOAD(w + sizeof(DOT_V) * (size_t)b));
            }
        }
    for (; g < m->n_narrow; g++)
        OC_UNROLL for (int p = 0; p < px; p++)
        {
            memcpy(&v, x[p] + m->at[g], sizeof(v));
            OC_UNROLL for (int b = 0; b < DOT_REGS; b++) sum[0][p][b] =
                DOT_STEP(sum[0][p][b], DOT_SET(v), DOT_LOAD(w + sizeof(DOT_V) * (size_t)b));
        }
    OC_UNROLL for (int p = 0; p < px; p++) OC_UNROLL for (int b = 0; b < DOT_REGS; b++)
        DOT_STORE((char *)m->acc + ((first + (size_t)p) * DOT_REGS + (size_t)b) * sizeof(DOT_V),
                  DOT_ADD(sum[0][p][b], sum[1][p][b]));
}

#undef DOT_TILE
#undef DOT_V
#undef DOT_REGS
#undef DOT_LOAD
#undef DOT_STORE
#undef DOT_SET
#undef DOT_ZERO
#undef DOT_ADD
#undef DOT_STEP
