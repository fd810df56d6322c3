/* near.h -- pictures that look alike: a hash of 64 bits, and pairs of hashes that differ in few of them.
 *
 * The hash is the sign of the 63 lowest frequencies of a 32 x 32 grey picture against their median
 * ("pHash").  Scaling, compression and brightness change few bits; unrelated pictures differ in about 32. */
#ifndef OC_DATA_NEAR_H
#define OC_DATA_NEAR_H

#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

#define OC_NEAR_BITS_MAX 15 /* of a pair */

/* gray[height][stride], 0..255. */
uint64_t oc_near_hash(const uint8_t *gray, int32_t width, int32_t height, int32_t stride);

typedef void oc_near_fn(void *ctx, uint32_t a, uint32_t b, unsigned bits); /* a < b */

/* Every pair with at most bits_max (<= OC_NEAR_BITS_MAX) bits between them, once each.  The hashes are
 * sorted by each of bits_max + 1 pieces in turn: two that are close agree in one of them at least.
 * OC_NOMEM. */
OC_MUST_CHECK oc_status oc_near_pairs(const uint64_t *hash, size_t n, unsigned bits_max,
                                      oc_near_fn *fn, void *ctx, oc_error *err);

#endif
