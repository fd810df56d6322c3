/* Twelve pixels whatever the panel: 12 accumulators of two blocks, or 24 where there is a third block
 * (in one half of a vector of its own) of 32 registers. */
#include "kernels/x86/vec_avx512.h"

#define MAC_PX1 12
#define MAC_PX2 12
#define MAC_PX3 12
#define MAC_SUMS 24
#include "kernels/x86/mac_sums.h"

#include "kernels/tmpl/f32_mac.tmpl.h"
