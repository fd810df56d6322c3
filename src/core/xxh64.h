/* xxh64.h -- a fast 64-bit checksum: finds damage, not malice.
 *
 * Source: Yann Collet, xxHash specification 0.1.1 (XXH64, seed 0). */
#ifndef OC_CORE_XXH64_H
#define OC_CORE_XXH64_H

#include <stddef.h>
#include <stdint.h>

uint64_t oc_xxh64(const void *bytes, size_t n);

#endif
