/* x_move: a tile of rows x cols elements from one strided place to another, whatever their type.
 *
 *   elem     bytes of an element: 1, 2, 4, 8, 16 or 32
 *   strides  in bytes, any sign, 0 allowed in the source (one element repeated)
 *   src,dst  where element (0, 0) lies; no alignment; the places do not overlap
 *   reads and writes exactly the elements of the tile */
#ifndef OC_KERNELS_X_MOVE_H
#define OC_KERNELS_X_MOVE_H

#include <stddef.h>

#include "core/cpu.h"

typedef struct oc_k_tile {
    size_t    rows, cols;
    ptrdiff_t src_row, src_col, dst_row, dst_col;
} oc_k_tile;

typedef void oc_k_x_move_fn(size_t elem, const oc_k_tile *tile, const void *src, void *dst);

#define OC_K(name, isa) oc_k_x_move_fn oc_k_x_move__##name;
#include "kernels/x_move.inc"
#undef OC_K

oc_k_x_move_fn *oc_k_x_move(oc_isa have);

#endif
