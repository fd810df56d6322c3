/* device.h -- what the machine does, from /proc and /sys: processors, clocks, heat, memory, disks,
 * network.  What a machine does not tell is left out; nothing here fails.
 *
 * Sources: proc(5); Documentation/{accounting/psi,admin-guide/iostats}.rst, ABI/testing/sysfs-class-
 * thermal and sysfs-devices-system-cpu of the Linux kernel; get_throttled of the Raspberry Pi. */
#ifndef OC_OBSERVE_DEVICE_H
#define OC_OBSERVE_DEVICE_H

#include "observe/files.h"
#include "telemetry/metrics.h"

typedef struct oc_device_reader {
    oc_metrics *metrics;
    oc_tree     tree;
    double      hz; /* ticks a second in /proc/stat */
} oc_device_reader;

void oc_device_reader_init(oc_device_reader *r, oc_metrics *m, const char *root);
void oc_device_reader_collect(void *reader); /* oc_metrics_collect_fn */

/* ---- for the files of the reader ---- */

void oc_device_cpus(const oc_device_reader *r); /* device_cpu.c */
void oc_device_heat(const oc_device_reader *r); /* device_heat.c */

/* The series of one or two label values. */
oc_series *oc_device_series(const oc_device_reader *r, oc_metric_id id, const char *first,
                            const char *second);

#endif
