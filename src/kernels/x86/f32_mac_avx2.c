/* Twelve accumulators: 12 pixels x 8 channels, 6 x 16 or 4 x 24.  With 4 pixels or more both FMA
 * pipes stay full. */
#include "kernels/x86/vec_avx2.h"

#define MAC_PX1 12
#define MAC_PX2 6
#define MAC_PX3 4
#define MAC_SUMS 12
#include "kernels/x86/mac_sums.h"

#include "kernels/tmpl/f32_mac.tmpl.h"
