/* ocellus data split: images to train, val, test or to k folds. */
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"
#include "data/split.h"

#define PARTS_MAX 64

typedef struct job {
    cli_data_source source;
    const char     *parts, *group, *out;
    uint64_t        folds, seed;
    bool            json;
    char            name[PARTS_MAX][48];
    double          share[PARTS_MAX];
    size_t          n;
} job;

/* "train=8,val=1,test=1" */
static oc_status read_parts(job *j, oc_error *err)
{
    const char *p = j->parts ? j->parts : "train=8,val=1,test=1";
    if (j->folds) {
        for (j->n = 0; j->n < j->folds; j->n++) {
            snprintf(j->name[j->n], sizeof(j->name[0]), "fold%zu", j->n);
            j->share[j->n] = 1;
        }
        return OC_OK;
    }
    for (j->n = 0; *p; j->n++) {
        size_t n = strcspn(p, "=,");
        char  *end = NULL;
        if (j->n == PARTS_MAX || n == 0 || n >= sizeof(j->name[0]) || p[n] != '=' ||
            memchr(p, '/', n) || *p == '.')
            return OC_FAIL(err, OC_INVALID, "--parts is like train=8,val=1,test=1, not '%.60s'",
                           j->parts);
        snprintf(j->name[j->n], sizeof(j->name[0]), "%.*s", (int)n, p);
        j->share[j->n] = strtod(p + n + 1, &end);
        if (end == p + n + 1 || !(j->share[j->n] > 0 && j->share[j->n] < 1e9) ||
            (*end && *end != ','))
            return OC_FAIL(err, OC_INVALID, "--parts: the share of '%s' is no number above 0",
                           j->name[j->n]);
        p = *end ? end + 1 : end;
    }
    return j->n ? OC_OK : OC_FAIL(err, OC_INVALID, "--parts is empty");
}

static oc_status read_group(const job *j, oc_data_dealing *how, oc_error *err)
{
    const char *g = j->group ? j->group : "none";
    if (strcmp(g, "none") == 0)
        how->group = OC_DATA_GROUP_NONE;
    else if (strcmp(g, "sequence") == 0)
        how->group = OC_DATA_GROUP_SEQUENCE;
    else if (strcmp(g, "folder") == 0)
        how->group = OC_DATA_GROUP_FOLDER;
    else if (strncmp(g, "prefix:", 7) == 0 && g[7] && !g[8])
        how->group = OC_DATA_GROUP_PREFIX;
    else
        return OC_FAIL(err, OC_INVALID, "--group is sequence, folder or prefix:C, not '%.40s'", g);
    how->separator = how->group == OC_DATA_GROUP_PREFIX ? g[7] : 0;
    return OC_OK;
}

static void put_document(FILE *f, const job *j, const oc_data_set *set, const uint32_t *part)
{
    fprintf(f, "{\"seed\":%llu,\"folds\":[", (unsigned long long)j->seed);
    for (size_t p = 0; p < j->n; p++) {
        bool first = true;
        fprintf(f, "%s\n{\"name\":", p ? "," : "");
        oc_data_put_json(f, j->name[p]);
        fputs(",\"images\":[", f);
        for (size_t i = 0; i < set->n_images; i++) {
            if (part[i] != p)
                continue;
            fputs(first ? "" : ",", f);
            first = false;
            oc_data_put_json(f, set->images[i].file);
        }
        fputs("]}", f);
    }
    fputs("\n]}\n", f);
}

static oc_status write_lists(const job *j, const oc_data_set *set, const uint32_t *part,
                             oc_error *err)
{
    char        path[OC_DATA_PATH_MAX], name[64];
    oc_data_out out = {0};
    oc_status   st = oc_data_path(path, j->out, "folds.json", err);
    if (st != OC_OK || (st = oc_data_out_open(path, &out, err)) != OC_OK)
        return st;
    put_document(out.f, j, set, part);
    st = oc_data_out_close(&out, st, err);
    for (size_t p = 0; p < j->n && st == OC_OK; p++) {
        snprintf(name, sizeof(name), "%s.txt", j->name[p]);
        if ((st = oc_data_path(path, j->out, name, err)) != OC_OK ||
            (st = oc_data_out_open(path, &out, err)) != OC_OK)
            break;
        for (size_t i = 0; i < set->n_images; i++)
            if (part[i] == p)
                fprintf(out.f, "%s\n", set->images[i].file);
        st = oc_data_out_close(&out, st, err);
    }
    return st;
}

/* The set as COCO, each image with its part: what `data convert` makes any other format of. */
static oc_status write_labels(const job *j, oc_data_set *set, const uint32_t *part, oc_error *err)
{
    char      path[OC_DATA_PATH_MAX];
    oc_status st = oc_data_path(path, j->out, "labels.json", err);
    for (size_t i = 0; i < set->n_images && st == OC_OK; i++)
        if (!(set->images[i].split = oc_data_text(set, j->name[part[i]])))
            st = OC_FAIL(err, OC_NOMEM, "%s", path);
    return st == OC_OK ? oc_data_write(oc_data_format_of("coco"), set, path, err) : st;
}

static void print_table(const job *j, const oc_data_set *set, const uint32_t *part)
{
    printf("%-24s", "");
    for (size_t p = 0; p < j->n; p++)
        printf(" %10s", j->name[p]);
    printf("\n%-24s", "images");
    for (size_t p = 0; p < j->n; p++) {
        size_t n = 0;
        for (size_t i = 0; i < set->n_images; i++)
            n += part[i] == p;
        printf(" %10zu", n);
    }
    putchar('\n');
    for (size_t c = 0; c < set->n_categories; c++) {
        size_t n[PARTS_MAX] = {0};
        for (size_t i = 0; i < set->n_objects; i++)
            if (set->objects[i].category == c)
                n[part[set->objects[i].image]]++;
        printf("%-24.24s", set->categories[c].name);
        for (size_t p = 0; p < j->n; p++)
            printf(" %10zu", n[p]);
        putchar('\n');
    }
}

static oc_status split(job *j, oc_error *err)
{
    oc_data_set     set = {0};
    oc_data_dealing how = {.share = j->share, .seed = j->seed};
    uint32_t       *part = NULL;
    oc_status       st = read_parts(j, err);
    if (st != OC_OK || (st = read_group(j, &how, err)) != OC_OK ||
        (st = cli_data_open(&j->source, &set, NULL, err)) != OC_OK)
        return st;
    how.n_parts = j->n;
    part = calloc(set.n_images + 1, sizeof(*part));
    st = part ? oc_data_deal(&set, &how, part, err) : OC_FAIL(err, OC_NOMEM, "images");
    if (st == OC_OK && j->out && (st = write_lists(j, &set, part, err)) == OC_OK)
        st = write_labels(j, &set, part, err);
    if (st == OC_OK && j->json)
        put_document(stdout, j, &set, part);
    else if (st == OC_OK)
        print_table(j, &set, part);
    free(part);
    oc_data_set_finish(&set);
    return st;
}

int cli_data_split(int argc, char **argv)
{
    job              j = {.folds = 0};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        CLI_DATA_SOURCE_OPTIONS(j.source),
        {"--parts", 's', &j.parts, "LIST", "names and shares (train=8,val=1,test=1)"},
        {"--folds", 'u', &j.folds, "K", "K equal parts instead, for cross-validation"},
        {"--group", 's', &j.group, "HOW", "keep together: sequence, folder, prefix:C"},
        {"--seed", 'u', &j.seed, "N", "another draw (0)"},
        {"--out", 's', &j.out, "DIR", "write folds.json, a list of each part, labels.json"},
        {"--json", 'f', &j.json, NULL, "folds.json on stdout"},
        {0}};
    const cli_command command = {
        "data split",
        "SRC",
        "Deals images out to parts: every class in proportion, groups kept together, the same for the\n"
        "same seed.",
        options,
        1,
        1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (j.folds && (j.parts || j.folds < 2 || j.folds > PARTS_MAX))
        return cli_usage("data split", "--folds is 2 to %d, without --parts", PARTS_MAX);
    j.source.path = pos[0];
    return split(&j, &err) == OC_OK ? CLI_DONE : cli_data_fail("data split", &err);
}
