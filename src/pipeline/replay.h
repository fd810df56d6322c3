/* replay.h -- a recorded stream once more: the same frames, the same decisions, the same kernels;
 * events compared byte for byte, state where the recording has it. */
#ifndef OC_PIPELINE_REPLAY_H
#define OC_PIPELINE_REPLAY_H

#include "pipeline/pipeline.h"

typedef struct oc_replay_options {
    const char   *folder;
    uint64_t      run;                  /* 1 is the oldest in the folder; 0 = the newest */
    double        from_s, to_s;         /* of the stream: from the segment that holds it; 0 = all */
    unsigned      threads;              /* 0 = as recorded */
    const char   *isa;                  /* NULL = as recorded */
    bool          check;                /* read all, run nothing: no network is needed */
    const char   *events, *video, *mot; /* files to write; NULL */
    volatile int *cancel;               /* 1: stop; may be NULL */
    /* What is worth a line for people: what differs here, what is missing.  May be NULL. */
    void (*say)(void *ctx, const char *text);
    /* An event that is not as recorded; either is NULL where there is none.  May be NULL. */
    void (*differs)(void *ctx, const char *recorded, const char *replayed);
    void (*progress)(void *ctx, uint64_t frames, double time_s);
    void *ctx;
} oc_replay_options;

typedef struct oc_replay_result {
    char     name[128], source[512], at[40], version[32];
    uint64_t runs, run;
    uint64_t frames;                   /* replayed */
    uint64_t skipped;                  /* in the recording, but what came before them is missing */
    uint64_t holes;                    /* places where something is missing */
    uint64_t events;                   /* compared */
    uint64_t different;                /* of them, missing and surplus ones counted */
    uint64_t states, states_different; /* compared */
    uint64_t dropped[OC_DROP_REASONS]; /* while it was recorded */
    uint64_t things_different;         /* networks, kernels, program: said before the first frame */
    double   first_s, last_s;
    bool     ended; /* the end of the stream is in the recording */
    bool     interrupted;
} oc_replay_result;

/* OC_NOT_FOUND  no recording there, or what it needs is not on this machine
 * OC_FORMAT     damaged: "<file>:<offset>: reason"; what came before counts
 * OC_UNSUPPORTED  of a newer version */
OC_MUST_CHECK oc_status oc_replay_run(const oc_replay_options *options, oc_replay_result *out,
                                      oc_error *err);

#endif
