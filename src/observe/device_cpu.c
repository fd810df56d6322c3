/* Processors: time by mode, clocks, counts of slowing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/device.h"

#define STAT_BYTES 65536

/* user and nice already hold guest and guest_nice, which stand behind these. */
static const char *const modes[] = {"user",   "nice", "system",  "idle",
                                    "iowait", "irq",  "softirq", "steal"};
#define MODES (sizeof(modes) / sizeof(modes[0]))

static void modes_of(const oc_device_reader *r, const char *cpu, const char *at)
{
    for (size_t i = 0; i < MODES; i++) {
        char              *end;
        unsigned long long ticks = strtoull(at, &end, 10);
        if (end == at)
            return;
        oc_series_set_count(oc_device_series(r, OC_M_DEVICE_CPU, cpu, modes[i]),
                            (uint64_t)((double)ticks / r->hz * 1e9));
        at = end;
    }
}

static void clock_of(const oc_device_reader *r, const char *cpu)
{
    static const char base[] = "/sys/devices/system/cpu/cpu";
    double            khz, n;
    if (oc_tree_number(&r->tree, &khz, "%s%s/cpufreq/scaling_cur_freq", base, cpu))
        oc_series_set(oc_device_series(r, OC_M_DEVICE_CLOCK, cpu, NULL), khz * 1e3);
    if (oc_tree_number(&r->tree, &khz, "%s%s/cpufreq/cpuinfo_max_freq", base, cpu))
        oc_series_set(oc_device_series(r, OC_M_DEVICE_CLOCK_MAX, cpu, NULL), khz * 1e3);
    if (oc_tree_number(&r->tree, &n, "%s%s/thermal_throttle/core_throttle_count", base, cpu) &&
        n >= 0)
        oc_series_set_count(oc_device_series(r, OC_M_DEVICE_THROTTLES, cpu, NULL), (uint64_t)n);
}

void oc_device_cpus(const oc_device_reader *r)
{
    char  *text = malloc(STAT_BYTES), cpu[16];
    double boot;
    if (text && oc_tree_read(&r->tree, text, STAT_BYTES, "/proc/stat")) {
        for (const char *at = text; at; at = oc_next_line(at)) {
            size_t digits = strncmp(at, "cpu", 3) == 0 ? strspn(at + 3, "0123456789") : 0;
            if (digits == 0 || digits >= sizeof(cpu) || at[3 + digits] != ' ')
                continue;
            memcpy(cpu, at + 3, digits);
            cpu[digits] = '\0';
            modes_of(r, cpu, at + 3 + digits);
            clock_of(r, cpu);
        }
        if (oc_line_field(text, "btime", &boot))
            oc_series_set(oc_device_series(r, OC_M_DEVICE_BOOT, NULL, NULL), boot);
    }
    free(text);
}
