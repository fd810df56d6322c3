/* load.h -- what the measurement runs: four networks over the frames of four streams. */
#ifndef BENCH_SCHED_LOAD_H
#define BENCH_SCHED_LOAD_H

#include "ocellus/media.h"
#include "sched/sched.h"
#include "sched/sim.h"
#include "vision/net.h"

#define NETWORKS 4
#define STREAMS 4
#define TASKS (NETWORKS * STREAMS)
#define FRAMES 24     /* of each stream, decoded before anything is measured */
#define SAMPLES 16384 /* run times kept, of each network */

typedef struct load_network {
    const char    *card;
    oc_sched_class cls;
    double         rate; /* jobs a second and stream at scale 1; every demand scales all alike */
    double         deadline_ms;
    bool     crop; /* a strip across the picture, as a line of text is, instead of all of it */
    oc_net  *net[STREAMS];                  /* instances: sessions that jobs run on */
    double   solo_ms, solo_cpu_ms, wide_ms; /* one core, its CPU time, all cores: medians */
    double   range_ms;                      /* from one yield point to the next, at most times */
    uint64_t sample[SAMPLES];               /* nanoseconds on one core */
    size_t   n_samples;
} load_network;

typedef struct load {
    load_network network[NETWORKS];
    oc_frame    *frame[STREAMS][FRAMES];
    const char  *stream_name[STREAMS];
    unsigned     cores;
    oc_pool     *pool;
} load;

typedef struct load_task { /* one network for one stream */
    unsigned network, stream;
    uint64_t first_ns, period_ns, deadline_ns;
} load_task;

/* The networks' names, rates and deadlines, nothing that runs. */
void                    load_plan(load *l);
OC_MUST_CHECK oc_status load_open(load *l, const char *media, unsigned cores, oc_error *err);
void                    load_close(load *l);

/* Solo times; networks by themselves. */
OC_MUST_CHECK oc_status load_measure(load *l, oc_error *err);

/* One job: the network on a frame. */
OC_MUST_CHECK oc_status load_run(load *l, unsigned network, unsigned instance, unsigned stream,
                                 uint64_t turn, oc_error *err);

/* The tasks at a demand (1 = all of all cores), and the scale of the rates that makes it. */
double load_tasks(const load *l, double demand, load_task tasks[TASKS]);
double load_solo_sum_ms(const load *l);

#endif
