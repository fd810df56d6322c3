#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/build_id.h"
#include "core/cpu.h"
#include "observe/process.h"

/* Field 22 of /proc/self/stat (proc(5)) counts ticks since boot; btime is when that was. */
static double start_time(const oc_tree *tree)
{
    char   stat[1024], boot[16384];
    double btime = 0.0;
    if (!oc_tree_read(tree, stat, sizeof(stat), "/proc/self/stat") ||
        !oc_tree_read(tree, boot, sizeof(boot), "/proc/stat") ||
        !oc_line_field(boot, "btime", &btime))
        return 0.0;
    const char *at = strrchr(stat, ')'); /* the name may hold blanks */
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? btime + strtod(at, NULL) / (double)sysconf(_SC_CLK_TCK) : 0.0;
}

static void tell_build(oc_metrics *m)
{
    char build[OC_BUILD_ID_TEXT];
    oc_build_id(build);
    const char *const values[] = {OC_VERSION, oc_cpu_arch(), oc_isa_name(oc_cpu_isa()), build};
    oc_metrics_series(m, OC_M_BUILD, values);
}

void oc_process_reader_init(oc_process_reader *r, oc_metrics *m, const char *root)
{
    const char *const voluntary[] = {"voluntary"}, *const forced[] = {"involuntary"};
    *r = (oc_process_reader){.tree = {root ? root : ""}};
    r->cpu = oc_metrics_series(m, OC_M_PROCESS_CPU, NULL);
    r->rss = oc_metrics_series(m, OC_M_PROCESS_RSS, NULL);
    r->vm = oc_metrics_series(m, OC_M_PROCESS_VM, NULL);
    r->fds = oc_metrics_series(m, OC_M_PROCESS_FDS, NULL);
    r->fds_max = oc_metrics_series(m, OC_M_PROCESS_FDS_MAX, NULL);
    r->threads = oc_metrics_series(m, OC_M_PROCESS_THREADS, NULL);
    r->faults = oc_metrics_series(m, OC_M_PROCESS_FAULTS, NULL);
    r->voluntary = oc_metrics_series(m, OC_M_PROCESS_SWITCHES, voluntary);
    r->forced = oc_metrics_series(m, OC_M_PROCESS_SWITCHES, forced);
    oc_series_set(oc_metrics_series(m, OC_M_PROCESS_START, NULL), start_time(&r->tree));
    tell_build(m);
}

static void count_name(void *ctx, const char *name)
{
    (void)name;
    ++*(double *)ctx;
}

static uint64_t time_ns(struct timeval t)
{
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_usec * 1000u;
}

void oc_process_reader_collect(void *reader)
{
    oc_process_reader *r = reader;
    char               status[8192];
    double             value, fds = 0.0;
    struct rusage      use;
    struct rlimit      limit;

    if (getrusage(RUSAGE_SELF, &use) == 0) {
        oc_series_set_count(r->cpu, time_ns(use.ru_utime) + time_ns(use.ru_stime));
        oc_series_set_count(r->faults, (uint64_t)use.ru_majflt);
        oc_series_set_count(r->voluntary, (uint64_t)use.ru_nvcsw);
        oc_series_set_count(r->forced, (uint64_t)use.ru_nivcsw);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        oc_series_set(r->fds_max, (double)limit.rlim_cur);
    if (oc_tree_read(&r->tree, status, sizeof(status), "/proc/self/status")) {
        if (oc_line_field(status, "VmRSS", &value))
            oc_series_set(r->rss, value * 1024.0);
        if (oc_line_field(status, "VmSize", &value))
            oc_series_set(r->vm, value * 1024.0);
        if (oc_line_field(status, "Threads", &value))
            oc_series_set(r->threads, value);
    }
    if (oc_tree_list(&r->tree, "/proc/self/fd", "", count_name, &fds))
        oc_series_set(r->fds, fds - (*r->tree.root ? 0.0 : 1.0)); /* but the one that lists them */
}
