/* naive.h -- what the tests of arithmetic operators share: broadcasting by the book, comparison. */
#ifndef NAIVE_H
#define NAIVE_H

#include <math.h>

#include "opcase.h"

/* The element of `in` that belongs to element k of `out`. */
static inline size_t naive_at(const oc_shape *in, const oc_shape *out, size_t k)
{
    size_t at = 0, step = 1;

    for (uint32_t i = out->rank; i-- > 0; k /= (size_t)out->dim[i]) {
        const size_t index = k % (size_t)out->dim[i];

        if (i + in->rank < out->rank)
            continue;
        if (in->dim[i + in->rank - out->rank] != 1)
            at += index * step;
        step *= (size_t)in->dim[i + in->rank - out->rank];
    }
    return at;
}

/* |got - want| <= rel |want| + abs; NaN is NaN, infinities are themselves. */
static inline void naive_expect(const opcase *c, size_t k, double want, double got, double rel,
                                double absolute)
{
    if ((isnan(want) && isnan(got)) || want == got)
        return;
    if (!(fabs(got - want) <= rel * fabs(want) + absolute))
        fail_msg("%s (isa %s%s): element %zu: want %.9g, got %.9g", c->op->name,
                 oc_isa_name(c->isa), c->was_blocked ? ", blocked" : "", k, want, got);
}

static inline double naive_f(const opcase *c, uint32_t in, size_t k)
{
    return (double)((const float *)c->plain[in])[k];
}

static inline float *naive_out(const opcase *c)
{
    return c->result[0];
}

/* Runs what follows for the reference kernels and for all this processor has. */
#define EACH_ISA(isa) \
    for (oc_isa round_ = 0, isa = OC_ISA_NONE; round_ < 2; round_++, isa = oc_cpu_isa())

#endif
