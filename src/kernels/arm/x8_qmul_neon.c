#include "kernels/arm/vec_neon.h"

#include "kernels/tmpl/x8_qmul.tmpl.h"
