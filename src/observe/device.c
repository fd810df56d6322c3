/* Memory, pressure, disks, network. */
#include "observe/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define TABLE_BYTES 65536
#define MOUNTS_MAX 16

oc_series *oc_device_series(const oc_device_reader *r, oc_metric_id id, const char *first,
                            const char *second)
{
    const char *const values[OC_METRIC_LABELS_MAX] = {first, second};
    return oc_metrics_series(r->metrics, id, values);
}

static void memory(const oc_device_reader *r)
{
    static const struct {
        const char *key, *kind;
    } kinds[] = {{"MemTotal", "total"}, {"MemAvailable", "available"}, {"MemFree", "free"},
                 {"Cached", "cached"},  {"SwapTotal", "swap_total"},   {"SwapFree", "swap_free"}};
    char   text[8192];
    double kib;
    if (!oc_tree_read(&r->tree, text, sizeof(text), "/proc/meminfo"))
        return;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (oc_line_field(text, kinds[i].key, &kib))
            oc_series_set(oc_device_series(r, OC_M_DEVICE_MEMORY, kinds[i].kind, NULL),
                          kib * 1024.0);
}

static void pressure(const oc_device_reader *r)
{
    static const char *const resources[] = {"cpu", "memory", "io"}, *const kinds[] = {"some",
                                                                                      "full"};
    char text[512];
    for (size_t i = 0; i < 3; i++) {
        if (!oc_tree_read(&r->tree, text, sizeof(text), "/proc/pressure/%s", resources[i]))
            continue;
        for (const char *at = text; at; at = oc_next_line(at)) {
            const char *total = strstr(at, "total=");
            for (size_t k = 0; total && k < 2; k++)
                if (strncmp(at, kinds[k], 4) == 0)
                    oc_series_set_count(
                        oc_device_series(r, OC_M_DEVICE_PRESSURE, resources[i], kinds[k]),
                        strtoull(total + 6, NULL, 10) * 1000u);
        }
    }
}

/* A line of /proc/diskstats.  Whole disks have a folder in /sys/block; those that never did
 * anything (loops, RAM) are left out. */
static void disk(const oc_device_reader *r, const char *line)
{
    char               name[64], partition[8];
    unsigned long long reads, writes, sectors_in, sectors_out, busy_ms;
    if (sscanf(line, "%*u %*u %63s %llu %*u %llu %*u %llu %*u %llu %*u %*u %llu", name, &reads,
               &sectors_in, &writes, &sectors_out, &busy_ms) != 6 ||
        reads + writes == 0)
        return;
    /* a partition's folder lies inside its disk's and has this file */
    if (oc_tree_read(&r->tree, partition, sizeof(partition), "/sys/class/block/%s/partition", name))
        return;
    oc_series_set_count(oc_device_series(r, OC_M_DEVICE_DISK_READ, name, NULL), sectors_in * 512u);
    oc_series_set_count(oc_device_series(r, OC_M_DEVICE_DISK_WRITTEN, name, NULL),
                        sectors_out * 512u);
    oc_series_set_count(oc_device_series(r, OC_M_DEVICE_DISK_BUSY, name, NULL), busy_ms * 1000000u);
}

/* A line of /proc/net/dev: "  eth0: bytes packets errs drop fifo frame compressed multicast ..." */
static void interface(const oc_device_reader *r, const char *line)
{
    char               name[64];
    const char        *colon = strchr(line, ':'), *end = strchr(line, '\n');
    unsigned long long in, in_bad, in_drop, out, out_bad, out_drop;
    line += strspn(line, " ");
    if (!colon || (end && end < colon) || (size_t)(colon - line) >= sizeof(name))
        return;
    memcpy(name, line, (size_t)(colon - line));
    name[colon - line] = '\0';
    if (strcmp(name, "lo") == 0 ||
        sscanf(colon + 1, "%llu %*u %llu %llu %*u %*u %*u %*u %llu %*u %llu %llu", &in, &in_bad,
               &in_drop, &out, &out_bad, &out_drop) != 6)
        return;
    oc_series_set_count(oc_device_series(r, OC_M_DEVICE_NET_IN, name, NULL), in);
    oc_series_set_count(oc_device_series(r, OC_M_DEVICE_NET_OUT, name, NULL), out);
    oc_series_set_count(oc_device_series(r, OC_M_DEVICE_NET_LOST, name, "in"), in_bad + in_drop);
    oc_series_set_count(oc_device_series(r, OC_M_DEVICE_NET_LOST, name, "out"), out_bad + out_drop);
}

/* A line of /proc/mounts: "/dev/sda1 /data ext4 ...", blanks in names as \040. */
static bool mount(const oc_device_reader *r, const char *line)
{
    char           from[256], at[256], path[OC_TREE_PATH];
    struct statvfs fs;
    if (sscanf(line, "%255s %255s", from, at) != 2 || strchr(at, '\\') ||
        (strncmp(from, "/dev/", 5) != 0 && strcmp(at, "/") != 0) ||
        (size_t)snprintf(path, sizeof(path), "%s%s", r->tree.root, at) >= sizeof(path) ||
        statvfs(path, &fs) != 0 || fs.f_blocks == 0)
        return false;
    oc_series_set(oc_device_series(r, OC_M_DEVICE_FS_SIZE, at, NULL),
                  (double)fs.f_blocks * (double)fs.f_frsize);
    oc_series_set(oc_device_series(r, OC_M_DEVICE_FS_FREE, at, NULL),
                  (double)fs.f_bavail * (double)fs.f_frsize);
    return true;
}

void oc_device_reader_init(oc_device_reader *r, oc_metrics *m, const char *root)
{
    *r = (oc_device_reader){.metrics = m, .tree = {root ? root : ""}};
    r->hz = (double)sysconf(_SC_CLK_TCK);
    if (!(r->hz > 0.0))
        r->hz = 100.0;
}

void oc_device_reader_collect(void *reader)
{
    const oc_device_reader *r = reader;
    char                   *text = malloc(TABLE_BYTES);
    size_t                  mounts = 0;
    oc_device_cpus(r);
    oc_device_heat(r);
    memory(r);
    pressure(r);
    if (text && oc_tree_read(&r->tree, text, TABLE_BYTES, "/proc/diskstats"))
        for (const char *at = text; at; at = oc_next_line(at))
            disk(r, at);
    if (text && oc_tree_read(&r->tree, text, TABLE_BYTES, "/proc/self/net/dev"))
        for (const char *at = text; at; at = oc_next_line(at))
            interface(r, at);
    if (text && oc_tree_read(&r->tree, text, TABLE_BYTES, "/proc/self/mounts"))
        for (const char *at = text; at && mounts < MOUNTS_MAX; at = oc_next_line(at))
            mounts += mount(r, at);
    free(text);
}
