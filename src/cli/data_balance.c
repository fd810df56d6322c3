/* ocellus data balance: how often each picture is shown, so that rare classes are seen often enough.
 *
 * Repeat factors (Gupta, Dollar, Girshick, "LVIS", 2019): of a class that is in a share f of the images,
 * sqrt(t / f) where f < t; an image is repeated as its most wanted class asks.  --target NAME=N asks for N
 * objects of a class instead. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "data/split.h"

#define FACTOR_MAX 1000.0

typedef struct job {
    cli_data_source source;
    cli_texts       targets;
    double          threshold;
    uint64_t        seed;
    const char     *list;
    bool            json;
} job;

static oc_status take_targets(const job *j, const oc_data_set *set, const size_t *objects,
                              double *factor, oc_error *err)
{
    for (size_t i = 0; i < j->targets.n; i++) {
        const char *text = j->targets.item[i], *equals = strrchr(text, '=');
        char        name[256];
        double      want = 0;
        uint32_t    k;
        snprintf(name, sizeof(name), "%.*s", equals ? (int)(equals - text) : 0, text);
        if (!equals || !oc_data_number(equals + 1, &want) || want < 1)
            return OC_FAIL(err, OC_INVALID, "--target is NAME=N, not '%.60s'", text);
        if (!oc_strmap_get(&set->by_name, name, &k))
            return OC_FAIL(err, OC_INVALID, "--target: there is no category '%.60s'", name);
        if (objects[k] == 0)
            return OC_FAIL(err, OC_INVALID, "--target: '%.60s' has no object to repeat", name);
        factor[k] = fmax(1, want / (double)objects[k]);
    }
    return OC_OK;
}

static void repeat_factors(const oc_data_set *set, double threshold, const size_t *images,
                           double *factor)
{
    for (size_t k = 0; k < set->n_categories; k++) {
        double share = (double)images[k] / (double)(set->n_images ? set->n_images : 1);
        factor[k] = images[k] && share < threshold ? sqrt(threshold / share) : 1;
    }
}

/* Whole repetitions, and one more with the chance of the rest: the same for the same seed. */
static oc_status write_list(const job *j, const oc_data_set *set, const double *weight,
                            oc_error *err)
{
    oc_data_out out = {0};
    uint64_t    state = j->seed;
    oc_status   st = oc_data_out_open(j->list, &out, err);
    for (size_t i = 0; i < set->n_images && st == OC_OK; i++) {
        double   chance = (double)(oc_data_random(&state) >> 11) * 0x1p-53;
        unsigned times = (unsigned)(weight[i] + chance);
        while (times--)
            fprintf(out.f, "%s\n", set->images[i].file);
    }
    return oc_data_out_close(&out, st, err);
}

static void report(const job *j, const oc_data_set *set, const size_t *objects,
                   const double *weighted, const double *factor, const double *weight)
{
    if (!j->json)
        printf("%-24s %10s %10s %10s\n", "", "objects", "balanced", "factor");
    printf("%s", j->json ? "{\"categories\":[" : "");
    for (size_t k = 0; k < set->n_categories; k++) {
        if (j->json) {
            printf("%s{\"name\":", k ? "," : "");
            cli_json_text(stdout, set->categories[k].name);
            printf(",\"objects\":%zu,\"balanced\":%.9g,\"factor\":%.9g}", objects[k], weighted[k],
                   factor[k]);
        } else {
            printf("%-24.24s %10zu %10.1f %10.3f\n", set->categories[k].name, objects[k],
                   weighted[k], factor[k]);
        }
    }
    if (!j->json)
        return;
    printf("],\"images\":[");
    for (size_t i = 0; i < set->n_images; i++) {
        printf("%s\n{\"file\":", i ? "," : "");
        cli_json_text(stdout, set->images[i].file);
        printf(",\"weight\":%.9g}", weight[i]);
    }
    printf("]}\n");
}

static oc_status balance(const job *j, oc_error *err)
{
    oc_data_set set = {0};
    oc_status   st = cli_data_open(&j->source, &set, NULL, err);
    if (st != OC_OK)
        return st;
    size_t    n = set.n_categories + 1;
    size_t   *objects = calloc(n, sizeof(*objects)), *images = calloc(n, sizeof(*images));
    uint32_t *last = calloc(n, sizeof(*last)); /* image + 1 in which the class was counted last */
    double   *factor = calloc(n, sizeof(*factor)), *weighted = calloc(n, sizeof(*weighted));
    double   *weight = calloc(set.n_images + 1, sizeof(*weight));
    oc_data_index x = {0};
    if (!objects || !images || !last || !factor || !weighted || !weight)
        st = OC_FAIL(err, OC_NOMEM, "%zu images", set.n_images);
    if (st == OC_OK)
        st = oc_data_index_make(&set, &x, err);
    for (uint32_t i = 0; i < set.n_images && st == OC_OK; i++) {
        for (uint32_t k = x.first[i]; k < x.first[i + 1]; k++) {
            uint32_t c = set.objects[x.order[k]].category;
            objects[c]++;
            images[c] += last[c] != i + 1;
            last[c] = i + 1;
        }
    }
    if (st == OC_OK) {
        repeat_factors(&set, j->targets.n ? 0 : j->threshold, images, factor);
        st = take_targets(j, &set, objects, factor, err);
    }
    for (uint32_t i = 0; i < set.n_images && st == OC_OK; i++) {
        weight[i] = 1;
        for (uint32_t k = x.first[i]; k < x.first[i + 1]; k++)
            weight[i] = fmax(weight[i], fmin(factor[set.objects[x.order[k]].category], FACTOR_MAX));
        for (uint32_t k = x.first[i]; k < x.first[i + 1]; k++)
            weighted[set.objects[x.order[k]].category] += weight[i];
    }
    if (st == OC_OK && j->list)
        st = write_list(j, &set, weight, err);
    if (st == OC_OK)
        report(j, &set, objects, weighted, factor, weight);
    oc_data_index_finish(&x);
    free(objects);
    free(images);
    free(last);
    free(factor);
    free(weighted);
    free(weight);
    oc_data_set_finish(&set);
    return st;
}

int cli_data_balance(int argc, char **argv)
{
    job              j = {.threshold = .1};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        CLI_DATA_SOURCE_OPTIONS(j.source),
        {"--threshold", 'd', &j.threshold, "T",
         "classes in fewer than this share of images are repeated (0.1)"},
        {"--target", 'S', &j.targets, "NAME=N",
         "so many objects of a class instead; several times"},
        {"--list", 's', &j.list, "F.txt", "write the images, each as often as it is to be shown"},
        {"--seed", 'u', &j.seed, "N", "another draw of the list (0)"},
        {"--json", 'f', &j.json, NULL, "factors and weights as JSON on stdout"},
        {0}};
    const cli_command command = {
        "data balance",
        "SRC",
        "Weights of images, or a list with repetitions, so that rare classes "
        "are seen more often.",
        options,
        1,
        1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!(j.threshold > 0 && j.threshold <= 1))
        return cli_usage("data balance", "--threshold is above 0 and at most 1");
    j.source.path = pos[0];
    return balance(&j, &err) == OC_OK ? CLI_DONE : cli_data_fail("data balance", &err);
}
