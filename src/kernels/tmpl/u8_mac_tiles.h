/* u8_mac_tiles.h -- pixels in tiles of up to six, as equal as can be.
 *
 * TILES(call, m) with call(m, first, px): px is a constant in each call. */
#ifndef OC_KERNELS_TMPL_U8_MAC_TILES_H
#define OC_KERNELS_TMPL_U8_MAC_TILES_H

#define OC_MAC8_TILE 6
#define OC_MAC8_TILES(call, m)                                              \
    for (size_t p = 0, n, tiles = ((m)->px + 5) / 6; p < (m)->px; p += n) { \
        n = ((m)->px - p + tiles - 1) / tiles;                              \
        tiles--;                                                            \
        switch (n) {                                                        \
        case 1: call(m, p, 1); break;                                       \
        case 2: call(m, p, 2); break;                                       \
        case 3: call(m, p, 3); break;                                       \
        case 4: call(m, p, 4); break;                                       \
        case 5: call(m, p, 5); break;                                       \
        default: call(m, p, 6); break;                                      \
        }                                                                   \
    }

#endif
