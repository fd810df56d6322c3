#include "kernels/arm/wino_neon.h"

#include "kernels/f32_wino_in.tmpl.h"

void oc_k_f32_wino_in__neon(const oc_wino_in *t)
{
    switch (t->m) {
    case 2: wino_run_in(1, t); break;
    case 4: wino_run_in(2, t); break;
    default: wino_run_in(3, t); break;
    }
}
