/* peak.h -- what this machine can do at most, measured now: the yardstick of `ocellus profile`. */
#ifndef OC_CLI_PEAK_H
#define OC_CLI_PEAK_H

#include "core/cpu.h"
#include "ocellus/session.h"

typedef struct cli_peak {
    double gflops; /* multiply-adds of the isa's widest vectors, data in L1: 2 a multiply-add */
    double gbs;    /* memory copied, bytes read and written */
} cli_peak;

/* On all threads of the pool at once.  Takes about 50 ms. */
OC_MUST_CHECK oc_status cli_peak_measure(oc_pool *pool, oc_isa isa, cli_peak *out, oc_error *err);

#endif
