#include "kernels/x86/bytes_avx2.h"

#include "kernels/tmpl/x8_qadd.tmpl.h"
