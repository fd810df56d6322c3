#include "kernels/arm/vec_neon.h"
#include "kernels/tmpl/s32_finish.tmpl.h"
