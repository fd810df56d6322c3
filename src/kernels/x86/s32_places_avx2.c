#define VF_ISA avx2
#include "kernels/tmpl/s32_places.tmpl.h"
