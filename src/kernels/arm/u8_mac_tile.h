/* u8_mac_tile.h -- a tile of pixels by DOT_REGS registers of four channels, over DOT_STEP(acc, x, w):
 * four products of signed bytes added to each lane.  Defines the function DOT_TILE. */
OC_INLINE void DOT_TILE(const oc_mac8 *m, size_t first, const int px)
{
    const int8_t  *w = m->narrow;
    const uint8_t *x[6];
    int32x4_t      sum[6][DOT_REGS];

    OC_UNROLL for (int p = 0; p < px; p++)
    {
        x[p] = m->x[first + (size_t)p];
        OC_UNROLL for (int b = 0; b < DOT_REGS; b++) sum[p][b] = vld1q_s32(m->start + 4 * b);
    }
    for (size_t g = 0; g < m->n_narrow; g++, w += 16 * DOT_REGS) {
        const ptrdiff_t place = m->at[g];
        int8x16_t       wv[DOT_REGS];
        OC_UNROLL for (int b = 0; b < DOT_REGS; b++) wv[b] = vld1q_s8(w + 16 * b);
        OC_UNROLL for (int p = 0; p < px; p++)
        {
            uint32_t four;
            memcpy(&four, x[p] + place, sizeof(four));
            const int8x16_t v = vreinterpretq_s8_u32(vdupq_n_u32(four ^ 0x80808080u));
            OC_UNROLL for (int b = 0; b < DOT_REGS; b++) sum[p][b] = DOT_STEP(sum[p][b], v, wv[b]);
        }
    }
    int32_t *acc = m->acc + first * 4 * DOT_REGS;
    OC_UNROLL for (int p = 0; p < px; p++) OC_UNROLL for (int b = 0; b < DOT_REGS; b++)
        vst1q_s32(acc + 4 * (p * DOT_REGS + b), sum[p][b]);
}

#undef DOT_TILE
#undef DOT_REGS
