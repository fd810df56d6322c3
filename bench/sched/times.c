/* A demand's run times as text: what the simulator needs to do it again, without networks. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engines.h"

#define FIRST "ocellus sched times 1"

oc_status times_write(const char *path, const load *l, double demand, oc_error *err)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return OC_FAIL(err, OC_IO, "%s cannot be written", path);
    fprintf(f, FIRST "\ncores %u demand %.6f\n", l->cores, demand);
    for (unsigned i = 0; i < NETWORKS; i++) {
        const load_network *n = &l->network[i];
        fprintf(f, "network %s solo_ms %.6f solo_cpu_ms %.6f wide_ms %.6f range_ms %.6f runs %zu\n",
                n->card, n->solo_ms, n->solo_cpu_ms, n->wide_ms, n->range_ms, n->n_samples);
        for (size_t k = 0; k < n->n_samples; k++)
            fprintf(f, "%llu\n", (unsigned long long)n->sample[k]);
    }
    return fclose(f) == 0 ? OC_OK : OC_FAIL(err, OC_IO, "%s cannot be written", path);
}

static bool read_network(FILE *f, load_network *n)
{
    char card[64];
    if (fscanf(f, " network %63s solo_ms %lf solo_cpu_ms %lf wide_ms %lf range_ms %lf runs %zu",
               card, &n->solo_ms, &n->solo_cpu_ms, &n->wide_ms, &n->range_ms, &n->n_samples) != 6 ||
        strcmp(card, n->card) != 0 || n->n_samples < 1 || n->n_samples > SAMPLES ||
        !(n->solo_cpu_ms > 0) || !(n->solo_ms > 0) || !(n->wide_ms > 0) || !(n->range_ms >= 0))
        return false;
    for (size_t k = 0; k < n->n_samples; k++) {
        unsigned long long ns;
        if (fscanf(f, "%llu", &ns) != 1)
            return false;
        n->sample[k] = ns;
    }
    return true;
}

oc_status times_read(const char *path, load *l, double *demand, oc_error *err)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    bool good = fscanf(f, FIRST " cores %u demand %lf", &l->cores, demand) == 2 && l->cores >= 1 &&
                l->cores <= OC_SCHED_CORES_MAX && *demand > 0;
    for (unsigned i = 0; i < NETWORKS && good; i++)
        good = read_network(f, &l->network[i]);
    fclose(f);
    return good ? OC_OK : OC_FAIL(err, OC_FORMAT, "%s: no run times of these networks", path);
}
