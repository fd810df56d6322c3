#include "kernels/arm/vec_neon.h"

#include "kernels/tmpl/s32_requant.tmpl.h"
