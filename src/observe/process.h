/* process.h -- what this process costs: time, memory, files, threads. */
#ifndef OC_OBSERVE_PROCESS_H
#define OC_OBSERVE_PROCESS_H

#include "observe/files.h"
#include "telemetry/metrics.h"

typedef struct oc_process_reader {
    oc_tree    tree;
    oc_series *cpu, *rss, *vm, *fds, *fds_max, *threads, *faults, *voluntary, *forced;
} oc_process_reader;

/* Sets what does not change, too: version, start. */
void oc_process_reader_init(oc_process_reader *r, oc_metrics *m, const char *root);
void oc_process_reader_collect(void *reader); /* oc_metrics_collect_fn */

#endif
