#include "kernels/x86/rgb_avx2.h"

#include "kernels/tmpl/u8_hsv.tmpl.h"
