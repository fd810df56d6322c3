#include "kernels/f16_cast.h"

const oc_k_f16_cast oc_k_f16_cast__ref = {oc_half_to_floats, oc_half_from_floats};
