/* ocellus data sample: frames worth labelling, from the event logs of runs. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/data.h"

#define NEAR_S 1.0 /* two runs speak of one object when no further apart */

typedef struct sight { /* a track as one event tells it */
    double      t, score, box[4];
    int64_t     frame, track;
    const char *label, *value; /* value: what a recogniser says by now */
    bool        ended;
    double      age;
} sight;

typedef struct event_log {
    sight      *item;
    size_t      n, cap;
    char       *source;
    oc_data_set texts; /* holds labels only */
} event_log;

typedef struct pick {
    double  t, weight;
    int64_t frame;
    char    why[96];
} pick;

typedef struct job {
    const char *against;
    double      low, gap;
    uint64_t    count;
    bool        json;
    pick       *item;
    size_t      n, cap;
} job;

/* ---- logs ---- */

static bool take_box(json_t *box, double out[4])
{
    double c[4];
    if (!json_is_array(box) || json_array_size(box) != 4)
        return false;
    for (size_t k = 0; k < 4; k++)
        c[k] = json_number_value(json_array_get(box, k));
    out[0] = c[0];
    out[1] = c[1];
    out[2] = c[2] - c[0];
    out[3] = c[3] - c[1];
    return true;
}

static const char *text_of(event_log *l, json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? oc_data_text(&l->texts, text) : NULL;
}

static oc_status take_event(event_log *l, json_t *o, oc_error *err)
{
    const char *type = json_string_value(json_object_get(o, "type"));
    sight       s = {.score = json_number_value(json_object_get(o, "score"))};
    if (!type)
        return OC_FAIL(err, OC_FORMAT, "an event without type");
    if (strcmp(type, "started") == 0 && !l->source) {
        const char *from = json_string_value(json_object_get(o, "source"));
        l->source = strdup(from ? from : "");
    }
    if (!json_is_integer(json_object_get(o, "track")) ||
        !take_box(json_object_get(o, "box"), s.box))
        return OC_OK;
    s.t = json_number_value(json_object_get(o, "t"));
    s.frame = json_integer_value(json_object_get(o, "frame"));
    s.track = json_integer_value(json_object_get(o, "track"));
    s.label = text_of(l, o, "label");
    s.ended = strcmp(type, "left") == 0;
    s.age = json_number_value(json_object_get(o, "age_s"));
    if (strcmp(type, "recognised") == 0) {
        s.value = text_of(l, o, "value");
        s.score = fmin(s.score, json_number_value(json_object_get(o, "confidence")));
    }
    if (l->n == l->cap) {
        size_t cap = l->cap * 2 + 256;
        sight *p = reallocarray(l->item, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "%zu events", cap);
        l->item = p;
        l->cap = cap;
    }
    l->item[l->n++] = s;
    return OC_OK;
}

static oc_status read_log(const char *path, event_log *l, oc_error *err)
{
    oc_data_lines lines = {0};
    oc_status     st = oc_data_lines_open(path, &lines, err);
    while (st == OC_OK && (st = oc_data_lines_next(&lines, err)) == OC_OK) {
        json_error_t bad;
        if (!lines.text[strspn(lines.text, " \t")])
            continue;
        json_t *o = json_loads(lines.text, 0, &bad);
        st = json_is_object(o) ? take_event(l, o, err)
                               : OC_FAIL(err, OC_FORMAT, "%s", o ? "not an object" : bad.text);
        if (st != OC_OK)
            oc_error_prefix(err, "%s: line %zu", path, lines.line);
        json_decref(o);
    }
    oc_data_lines_finish(&lines);
    return st == OC_END ? OC_OK : st;
}

static void log_finish(event_log *l)
{
    free(l->item);
    free(l->source);
    oc_data_set_finish(&l->texts);
}

/* ---- reasons ---- */

static oc_status add(job *j, const sight *s, double weight, const char *why, oc_error *err)
{
    if (j->n == j->cap) {
        size_t cap = j->cap * 2 + 64;
        pick  *p = reallocarray(j->item, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "%zu frames", cap);
        j->item = p;
        j->cap = cap;
    }
    pick *p = &j->item[j->n++];
    *p = (pick){.t = s->t, .weight = weight, .frame = s->frame};
    snprintf(p->why, sizeof(p->why), "%s: %.40s, track %lld", why, s->label ? s->label : "?",
             (long long)s->track);
    return OC_OK;
}

static int by_track(const void *a, const void *b)
{
    const sight *x = a, *y = b;
    if (x->track != y->track)
        return x->track < y->track ? -1 : 1;
    return x->t < y->t ? -1 : x->t > y->t;
}

static bool changed(const char *a, const char *b)
{
    return a && b && strcmp(a, b) != 0;
}

/* Along a track: another label, another reading, a score that jumps, a life too short to be true. */
static oc_status flicker(job *j, event_log *l, oc_error *err)
{
    const char *value = NULL;
    oc_status   st = OC_OK;
    if (l->n)
        qsort(l->item, l->n, sizeof(*l->item), by_track);
    for (size_t i = 0; i < l->n && st == OC_OK; i++) {
        const sight *s = &l->item[i], *before = i && s[-1].track == s->track ? s - 1 : NULL;
        if (!before)
            value = NULL;
        if (before && changed(before->label, s->label))
            st = add(j, s, 1, "label changed", err);
        else if (changed(value, s->value))
            st = add(j, s, .9, "reading changed", err);
        else if (before && fabs(before->score - s->score) > .4)
            st = add(j, s, fabs(before->score - s->score), "score jumped", err);
        else if (s->ended && s->age > 0 && s->age < .5)
            st = add(j, s, .6, "short track", err);
        value = s->value ? s->value : value;
    }
    return st;
}

static oc_status weak(job *j, const event_log *l, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < l->n && st == OC_OK; i++)
        if (l->item[i].score < j->low && !l->item[i].ended)
            st = add(j, &l->item[i], 1 - l->item[i].score / j->low, "low confidence", err);
    return st;
}

static int by_time(const void *a, const void *b)
{
    const sight *x = a, *y = b;
    return x->t < y->t ? -1 : x->t > y->t;
}

/* What one run tells of and the other does not, within a second and at an overlap of .3. */
static oc_status disagreement(job *j, const event_log *a, event_log *b, const char *why,
                              oc_error *err)
{
    oc_status st = OC_OK;
    if (b->n)
        qsort(b->item, b->n, sizeof(*b->item), by_time);
    for (size_t i = 0; i < a->n && st == OC_OK; i++) {
        const sight *s = &a->item[i];
        size_t       low = 0, high = b->n;
        bool         found = false;
        while (low < high) {
            size_t middle = (low + high) / 2;
            if (b->item[middle].t < s->t - NEAR_S)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < b->n && b->item[low].t <= s->t + NEAR_S && !found; low++)
            found = !changed(s->label, b->item[low].label) &&
                    oc_data_box_iou(s->box, b->item[low].box) >= .3;
        if (!found && !s->ended)
            st = add(j, s, .5 + s->score / 2, why, err);
    }
    return st;
}

/* ---- the choice ---- */

static int heavier(const void *a, const void *b)
{
    const pick *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->frame != y->frame ? (x->frame < y->frame ? -1 : 1) : strcmp(x->why, y->why);
}

/* The best first; frames closer than the gap to a chosen one are much the same picture. */
static size_t choose(job *j)
{
    size_t kept = 0;
    if (j->n)
        qsort(j->item, j->n, sizeof(*j->item), heavier);
    for (size_t i = 0; i < j->n && kept < j->count; i++) {
        bool close = false;
        for (size_t k = 0; k < kept && !close; k++)
            close =
                fabs(j->item[k].t - j->item[i].t) < j->gap || j->item[k].frame == j->item[i].frame;
        if (!close)
            j->item[kept++] = j->item[i];
    }
    return kept;
}

static oc_status sample(job *j, const char *path, oc_error *err)
{
    event_log a = {0}, b = {0};
    oc_status st = read_log(path, &a, err);
    if (st == OC_OK && (st = weak(j, &a, err)) == OC_OK)
        st = flicker(j, &a, err);
    if (st == OC_OK && j->against && (st = read_log(j->against, &b, err)) == OC_OK &&
        (st = disagreement(j, &a, &b, "only in the first run", err)) == OC_OK)
        st = disagreement(j, &b, &a, "only in the second run", err);
    if (st == OC_OK) {
        size_t n = choose(j);
        if (j->json) {
            printf("{\"source\":");
            cli_json_text(stdout, a.source ? a.source : "");
            printf(",\"frames\":[");
        }
        for (size_t i = 0; i < n; i++) {
            const pick *p = &j->item[i];
            if (j->json) {
                printf("%s\n{\"frame\":%lld,\"t\":%.9g,\"weight\":%.6g,\"why\":", i ? "," : "",
                       (long long)p->frame, p->t, p->weight);
                cli_json_text(stdout, p->why);
                putchar('}');
            } else {
                printf("%8lld %10.3f s  %.3f  %s\n", (long long)p->frame, p->t, p->weight, p->why);
            }
        }
        if (j->json)
            printf("]}\n");
    }
    log_finish(&a);
    log_finish(&b);
    free(j->item);
    return st;
}

int cli_data_sample(int argc, char **argv)
{
    job              j = {.low = .5, .gap = 1, .count = 100};
    const char      *pos[1];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        {"--against", 's', &j.against, "B.jsonl",
         "another run over the same video: where the two differ"},
        {"--low", 'd', &j.low, "S", "scores and confidences below this are low (0.5)"},
        {"--gap", 'd', &j.gap, "SECONDS", "least time between two frames (1)"},
        {"--count", 'u', &j.count, "N", "frames at most (100)"},
        {"--json", 'f', &j.json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {
        "data sample",
        "EVENTS.jsonl",
        "Frames worth labelling, most telling first: low confidence, labels and readings that change\n"
        "along a track, what two runs see differently.",
        options,
        1,
        1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!(j.low >= 0 && j.low <= 1) || !(j.gap >= 0))
        return cli_usage("data sample", "--low is from 0 to 1, --gap is not negative");
    return sample(&j, pos[0], &err) == OC_OK ? CLI_DONE : cli_data_fail("data sample", &err);
}
