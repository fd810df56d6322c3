#include "kernels/arm/rgb_neon.h"

#include "kernels/tmpl/u8_hsv.tmpl.h"
