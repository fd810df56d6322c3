/* u8_table: bytes by a table.
 *
 *   out[i] = table[x[i]]                                                       0 <= i < n
 *
 *   x, out  n bytes, any alignment; out may be x
 *   table   256 bytes, not part of out */
#ifndef OC_KERNELS_U8_TABLE_H
#define OC_KERNELS_U8_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/cpu.h"

typedef void oc_k_u8_table_fn(size_t n, const uint8_t *x, const uint8_t *table, uint8_t *out);

#define OC_K(name, isa) oc_k_u8_table_fn oc_k_u8_table__##name;
#include "kernels/u8_table.inc"
#undef OC_K

oc_k_u8_table_fn *oc_k_u8_table(oc_isa have);

#endif
