/* profile.h -- what `ocellus profile` has measured, for those who draw it. */
#ifndef OC_CLI_PROFILE_H
#define OC_CLI_PROFILE_H

#include "cli/peak.h"

typedef struct step_time {
    char     name[96], op[32], out[64], kernel[32];
    uint64_t ns; /* least of all runs */
    double   flops, bytes;
} step_time;

typedef struct profile {
    step_time *steps;
    size_t     n, cap;
    cli_peak   peak;
    unsigned   threads;
    char       isa[16];
} profile;

/* Of the time that the peak would take: by multiply-adds where there are any, else by bytes.  0..1
 * and a little more, as measurements go. */
double cli_profile_share(const profile *p, const step_time *t);

/* A bar a step, as long as its time; the filled part is what the peak would have needed. */
OC_MUST_CHECK oc_status cli_profile_svg(const profile *p, const char *model, const char *path,
                                        oc_error *err);

#endif
