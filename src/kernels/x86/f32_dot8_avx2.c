#include "kernels/x86/vec_avx2.h"

#define DOT_OUTS 1
#include "kernels/x86/dot_sums.h"

OC_INLINE vf dot_across(const dot_sum a[8])
{
    return across8(a);
}

#include "kernels/tmpl/f32_dot8.tmpl.h"
