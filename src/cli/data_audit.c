/* ocellus data audit: two people's labels of the same pictures, or a person's and a network's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"

typedef struct pair { /* one object of each, or of one only (UINT32_MAX) */
    uint32_t a, b;
    double   iou;
} pair;

typedef struct job {
    cli_data_source first, second;
    const char     *queue;
    double          iou, score;
    bool            json;
    oc_data_set     a, b;
    bool            network; /* the second has scores */
    pair           *pairs;
    size_t          n, cap;
    uint32_t       *names; /* category of b as one of a; UINT32_MAX: unknown there */
} job;

/* ---- matching ---- */

static oc_status keep(job *j, pair p, oc_error *err)
{
    if (j->n == j->cap) {
        size_t cap = j->cap * 2 + 256;
        pair  *more = reallocarray(j->pairs, cap, sizeof(*more));
        if (!more)
            return OC_FAIL(err, OC_NOMEM, "%zu pairs", cap);
        j->pairs = more;
        j->cap = cap;
    }
    j->pairs[j->n++] = p;
    return OC_OK;
}

static bool same_name(const job *j, const pair *p)
{
    return j->names[j->b.objects[p->b].category] == j->a.objects[p->a].category;
}

/* Best first; of pairs that overlap as much, those of one class first. */
static const job *sorting;
static int        better(const void *x, const void *y)
{
    const pair *p = x, *q = y;
    bool        s = same_name(sorting, p), t = same_name(sorting, q);
    double      u = p->iou + (s ? .1 : 0), v = q->iou + (t ? .1 : 0);
    if (u != v)
        return u > v ? -1 : 1;
    return p->a != q->a ? (p->a < q->a ? -1 : 1) : p->b < q->b ? -1 : p->b > q->b;
}

static bool counts(const job *j, uint32_t b)
{
    const oc_data_object *o = &j->b.objects[b];
    return o->has_box && (isnan(o->score) || o->score >= j->score);
}

static oc_status match_image(job *j, const oc_data_index *xa, uint32_t ia, const oc_data_index *xb,
                             uint32_t ib, bool *used_a, bool *used_b, oc_error *err)
{
    uint32_t a0 = xa->first[ia], a1 = xa->first[ia + 1];
    uint32_t b0 = ib == UINT32_MAX ? 0 : xb->first[ib],
             b1 = ib == UINT32_MAX ? 0 : xb->first[ib + 1];
    size_t    n = 0;
    pair     *all = malloc(((size_t)(a1 - a0) * (b1 - b0) + 1) * sizeof(*all));
    oc_status st = all ? OC_OK : OC_FAIL(err, OC_NOMEM, "an image's pairs");
    for (uint32_t i = a0; i < a1 && st == OC_OK; i++) {
        for (uint32_t k = b0; k < b1; k++) {
            pair p = {xa->order[i], xb->order[k], 0};
            if (!j->a.objects[p.a].has_box || !counts(j, p.b))
                continue;
            p.iou = oc_data_box_iou(j->a.objects[p.a].box, j->b.objects[p.b].box);
            if (p.iou >= j->iou)
                all[n++] = p;
        }
    }
    sorting = j;
    if (n)
        qsort(all, n, sizeof(*all), better);
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        if (used_a[all[i].a] || used_b[all[i].b])
            continue;
        used_a[all[i].a] = used_b[all[i].b] = true;
        st = keep(j, all[i], err);
    }
    for (uint32_t i = a0; i < a1 && st == OC_OK; i++)
        if (!used_a[xa->order[i]] && j->a.objects[xa->order[i]].has_box)
            st = keep(j, (pair){xa->order[i], UINT32_MAX, 0}, err);
    for (uint32_t k = b0; k < b1 && st == OC_OK; k++)
        if (!used_b[xb->order[k]] && counts(j, xb->order[k]))
            st = keep(j, (pair){UINT32_MAX, xb->order[k], 0}, err);
    free(all);
    return st;
}

static oc_status match(job *j, oc_error *err)
{
    oc_data_index xa = {0}, xb = {0};
    bool         *used_a = calloc(j->a.n_objects + 1, 1), *used_b = calloc(j->b.n_objects + 1, 1);
    size_t        common = 0;
    oc_status     st = OC_OK;
    j->names = calloc(j->b.n_categories + 1, sizeof(*j->names));
    if (!used_a || !used_b || !j->names)
        st = OC_FAIL(err, OC_NOMEM, "objects");
    for (size_t k = 0; k < j->b.n_categories && st == OC_OK; k++)
        if (!oc_strmap_get(&j->a.by_name, j->b.categories[k].name, &j->names[k]))
            j->names[k] = UINT32_MAX;
    if (st == OC_OK && (st = oc_data_index_make(&j->a, &xa, err)) == OC_OK)
        st = oc_data_index_make(&j->b, &xb, err);
    for (uint32_t i = 0; i < j->a.n_images && st == OC_OK; i++) {
        uint32_t other = UINT32_MAX;
        if (oc_data_find_image(&j->b, j->a.images[i].file, &other))
            common++;
        else if (!j->network)
            continue; /* the other person has not seen it */
        st = match_image(j, &xa, i, &xb, other, used_a, used_b, err);
    }
    if (st == OC_OK && common == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "no image of %s is in %s", j->first.path, j->second.path);
    oc_data_index_finish(&xa);
    oc_data_index_finish(&xb);
    free(used_a);
    free(used_b);
    return st;
}

/* ---- figures ---- */

typedef struct agreement {
    size_t both, confused, only_a, only_b;
    double iou; /* mean of both */
} agreement;

/* kappa of "is it of this class", over all that either saw. */
static double kappa(const agreement *g, size_t all)
{
    double n = (double)all, a = (double)(g->both + g->only_a), b = (double)(g->both + g->only_b);
    double agree = (n - (double)(g->only_a + g->only_b)) / n;
    double chance = (a * b + (n - a) * (n - b)) / (n * n);
    return all && chance < 1 ? (agree - chance) / (1 - chance) : 1;
}

/* Over classes and "nothing": Cohen's. */
static double kappa_all(const job *j)
{
    size_t  k = j->a.n_categories + 2; /* unknown to a; nothing */
    double *row = calloc(k, sizeof(*row)), *column = calloc(k, sizeof(*column));
    double  agree = 0, chance = 0, n = (double)j->n;
    for (size_t i = 0; i < j->n && row && column; i++) {
        const pair *p = &j->pairs[i];
        size_t      a = p->a == UINT32_MAX ? k - 1 : j->a.objects[p->a].category, b = k - 1;
        if (p->b != UINT32_MAX)
            b = j->names[j->b.objects[p->b].category];
        b = b < k - 2 || b == k - 1 ? b : k - 2;
        row[a]++;
        column[b]++;
        agree += a == b;
    }
    for (size_t i = 0; i < k && row && column; i++)
        chance += row[i] * column[i];
    free(row);
    free(column);
    if (j->n == 0)
        return 1;
    agree /= n;
    chance /= n * n;
    return chance < 1 ? (agree - chance) / (1 - chance) : 1;
}

static void add_up(const job *j, agreement *g, agreement *all)
{
    for (size_t i = 0; i < j->n; i++) {
        const pair *p = &j->pairs[i];
        uint32_t    a = p->a == UINT32_MAX ? UINT32_MAX : j->a.objects[p->a].category;
        uint32_t    b = p->b == UINT32_MAX ? UINT32_MAX : j->names[j->b.objects[p->b].category];
        bool        both = p->a != UINT32_MAX && p->b != UINT32_MAX;
        if (both && a == b) {
            g[a].both++;
            g[a].iou += p->iou;
            all->both++;
            all->iou += p->iou;
            continue;
        }
        if (both)
            all->confused++;
        if (a != UINT32_MAX) {
            g[a].confused += both;
            g[a].only_a++;
            all->only_a += !both;
        } else {
            all->only_b++;
        }
        if (b != UINT32_MAX)
            g[b].only_b++;
    }
}

/* ---- the queue ---- */

typedef struct suspect {
    double      weight;
    size_t      pair;
    const char *why;
} suspect;

static int heavier(const void *a, const void *b)
{
    const suspect *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->pair < y->pair ? -1 : x->pair > y->pair;
}

/* How likely a label is wrong, 0..1: a sure network that contradicts weighs most. */
static bool suspicious(const job *j, const pair *p, suspect *s)
{
    double score = p->b == UINT32_MAX ? 0 : j->b.objects[p->b].score;
    double sure = isnan(score) ? 1 : score;
    if (p->a == UINT32_MAX) {
        s->why = "not labelled";
        s->weight = sure;
    } else if (p->b == UINT32_MAX) {
        s->why = "not seen by the other";
        s->weight = j->network ? .5 : 1;
    } else if (!same_name(j, p)) {
        s->why = "another class";
        s->weight = sure;
    } else {
        s->why = "another box";
        s->weight = (1 - p->iou) * sure;
        return p->iou < .75;
    }
    return true;
}

static void put_box(FILE *f, const char *key, const oc_data_set *set, uint32_t i)
{
    const oc_data_object *o = &set->objects[i];
    fprintf(f, ",\"%s\":{\"id\":%lld,\"category\":", key, (long long)o->id);
    oc_data_put_json(f, set->categories[o->category].name);
    fputs(",\"bbox\":[", f);
    for (int k = 0; k < 4; k++) {
        fputs(k ? "," : "", f);
        oc_data_put_number(f, o->box[k]);
    }
    putc(']', f);
    if (!isnan(o->score)) {
        fputs(",\"score\":", f);
        oc_data_put_number(f, o->score);
    }
    putc('}', f);
}

static oc_status write_queue(const job *j, size_t *n_out, oc_error *err)
{
    suspect    *s = calloc(j->n + 1, sizeof(*s));
    size_t      n = 0;
    oc_data_out out = {0};
    oc_status   st = s ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu suspects", j->n);
    for (size_t i = 0; i < j->n && s; i++) {
        s[n].pair = i;
        n += suspicious(j, &j->pairs[i], &s[n]);
    }
    *n_out = n;
    if (n)
        qsort(s, n, sizeof(*s), heavier);
    if (st == OC_OK && j->queue && (st = oc_data_out_open(j->queue, &out, err)) == OC_OK) {
        fputs("{\"queue\":[", out.f);
        for (size_t i = 0; i < n; i++) {
            const pair *p = &j->pairs[s[i].pair];
            uint32_t    a = p->a, b = p->b;
            fprintf(out.f, "%s\n{\"image\":", i ? "," : "");
            oc_data_put_json(out.f, a != UINT32_MAX ? j->a.images[j->a.objects[a].image].file
                                                    : j->b.images[j->b.objects[b].image].file);
            fprintf(out.f, ",\"why\":\"%s\",\"weight\":%.6g", s[i].why, s[i].weight);
            if (a != UINT32_MAX)
                put_box(out.f, "first", &j->a, a);
            if (b != UINT32_MAX)
                put_box(out.f, "second", &j->b, b);
            if (a != UINT32_MAX && b != UINT32_MAX)
                fprintf(out.f, ",\"iou\":%.6g", p->iou);
            putc('}', out.f);
        }
        fputs("\n]}\n", out.f);
        st = oc_data_out_close(&out, st, err);
    }
    free(s);
    return st;
}

static void put_figures(const agreement *g, double k, bool json)
{
    double iou = g->both ? g->iou / (double)g->both : 0;
    if (json)
        printf("\"both\":%zu,\"confused\":%zu,\"only_first\":%zu,\"only_second\":%zu,\"iou\":%.9g,"
               "\"kappa\":%.9g}",
               g->both, g->confused, g->only_a, g->only_b, iou, k);
    else
        printf(" %8zu %8zu %8zu %8zu %8.4f %8.4f\n", g->both, g->confused, g->only_a, g->only_b,
               iou, k);
}

static oc_status report(const job *j, size_t suspects, oc_error *err)
{
    agreement *g = calloc(j->a.n_categories + 1, sizeof(*g)), all = {0};
    if (!g)
        return OC_FAIL(err, OC_NOMEM, "%zu categories", j->a.n_categories);
    add_up(j, g, &all);
    if (j->json)
        printf("{\"suspects\":%zu,\"all\":{", suspects);
    else
        printf("%-20s %8s %8s %8s %8s %8s %8s\n%-20s", "", "both", "confused", "first", "second",
               "IoU", "kappa", "all");
    put_figures(&all, kappa_all(j), j->json);
    printf("%s", j->json ? ",\"categories\":[" : "");
    for (size_t k = 0; k < j->a.n_categories; k++) {
        if (j->json) {
            printf("%s{\"name\":", k ? "," : "");
            cli_json_text(stdout, j->a.categories[k].name);
            putchar(',');
        } else {
            printf("%-20.20s", j->a.categories[k].name);
        }
        put_figures(&g[k], kappa(&g[k], j->n), j->json);
    }
    if (j->json)
        printf("]}\n");
    else
        printf("%zu to look at again%s%s\n", suspects, j->queue ? ": " : "",
               j->queue ? j->queue : "");
    free(g);
    return OC_OK;
}

static oc_status open_second(job *j, oc_error *err)
{
    const oc_data_reading how = {.truth = &j->a};
    oc_error              other = {0};
    oc_status             st = cli_data_open(&j->second, &j->b, NULL, &other);
    /* COCO results are a list over the first set's images and categories */
    if (st != OC_OK && oc_data_has_suffix(j->second.path, ".json") &&
        oc_data_read(oc_data_format_of("coco"), j->second.path, &how, &j->b, err) == OC_OK)
        return OC_OK;
    if (st != OC_OK && err)
        *err = other;
    return st;
}

static oc_status audit(job *j, oc_error *err)
{
    size_t    suspects = 0;
    oc_status st = cli_data_open(&j->first, &j->a, NULL, err);
    if (st != OC_OK || (st = open_second(j, err)) != OC_OK)
        return st;
    for (size_t i = 0; i < j->b.n_objects; i++)
        j->network |= !isnan(j->b.objects[i].score);
    if ((st = match(j, err)) == OC_OK && (st = write_queue(j, &suspects, err)) == OC_OK)
        st = report(j, suspects, err);
    return st;
}

int cli_data_audit(int argc, char **argv)
{
    job              j = {.iou = .5, .score = .5};
    const char      *pos[2];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        CLI_DATA_SOURCE_OPTIONS(j.first),
        {"--from2", 's', &j.second.from, "FORMAT", "the second's format (guessed)"},
        {"--iou", 'd', &j.iou, "X", "two boxes are one object from this overlap on (0.5)"},
        {"--score", 'd', &j.score, "S", "least score of a network's detection that counts (0.5)"},
        {"--queue", 's', &j.queue, "Q.json", "write what to look at again, most suspicious first"},
        {"--json", 'f', &j.json, NULL, "the figures as JSON on stdout"},
        {0}};
    const cli_command command = {
        "data audit",
        "FIRST SECOND",
        "How far two sets of labels of the same pictures agree, class by class, and which objects\n"
        "deserve a second look.  SECOND may be a network's detections (a set with scores, or COCO\n"
        "results over FIRST).",
        options,
        2,
        2};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!(j.iou > 0 && j.iou <= 1))
        return cli_usage("data audit", "--iou is above 0 and at most 1");
    j.first.path = pos[0];
    j.second.path = pos[1];
    j.second.images = j.first.images;
    oc_status st = audit(&j, &err);
    free(j.pairs);
    free(j.names);
    oc_data_set_finish(&j.a);
    oc_data_set_finish(&j.b);
    return st == OC_OK ? CLI_DONE : cli_data_fail("data audit", &err);
}
