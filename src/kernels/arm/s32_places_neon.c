#define VF_ISA neon
#include "kernels/tmpl/s32_places.tmpl.h"
