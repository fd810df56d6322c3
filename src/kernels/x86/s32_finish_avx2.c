#include "kernels/x86/bytes_avx2.h"

#include "kernels/tmpl/s32_finish.tmpl.h"
