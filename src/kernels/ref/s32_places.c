#define VF_ISA ref
#include "kernels/tmpl/s32_places.tmpl.h"
