#include "data/check.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LETTERS 64
#define FEW 10
#define SMALL 4.0
#define LONG 20.0

static const struct {
    const char   *text;
    oc_data_level level;
} faults[] = {
#define X(name, level, text) {text, OC_DATA_##level},
    OC_DATA_FAULT_MAP(X)
#undef X
};

const char *oc_data_fault_text(oc_data_fault fault)
{
    return faults[fault].text;
}

oc_data_level oc_data_fault_level(oc_data_fault fault)
{
    return faults[fault].level;
}

/* ---- names ---- */

static size_t plain(const char *from, char to[NAME_MAX_LETTERS])
{
    size_t n = 0;
    for (; *from && n + 1 < NAME_MAX_LETTERS; from++)
        if (!strchr("_-. ", *from))
            to[n++] = (char)tolower((unsigned char)*from);
    to[n] = 0;
    return n;
}

unsigned oc_data_distance(const char *a, const char *b, unsigned max)
{
    char     x[NAME_MAX_LETTERS], y[NAME_MAX_LETTERS];
    size_t   n = plain(a, x), m = plain(b, y);
    unsigned row[3][NAME_MAX_LETTERS + 1];
    if (n > m + max || m > n + max)
        return max + 1;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *upper = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = up[j - 1] + (x[i - 1] != y[j - 1]);
            best = up[j] + 1 < best ? up[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1] &&
                upper[j - 2] + 1 < best)
                best = upper[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

/* "cat" and "car" are two words; "bicycle" and "bycicle" hardly.  Numbers apart ("class_1") are two. */
static bool alike(const char *a, const char *b)
{
    char     x[NAME_MAX_LETTERS], y[NAME_MAX_LETTERS];
    size_t   n = plain(a, x), m = plain(b, y), shorter = n < m ? n : m;
    unsigned allowed = shorter >= 7 ? 2 : shorter >= 5 ? 1 : 0;
    if (strpbrk(x, "0123456789") || strpbrk(y, "0123456789"))
        allowed = 0;
    if (strcmp(x, y) != 0 && n == m + 1 && strncmp(x, y, m) == 0 && x[m] == 's')
        return true;
    if (strcmp(x, y) != 0 && m == n + 1 && strncmp(x, y, n) == 0 && y[n] == 's')
        return true;
    return oc_data_distance(a, b, allowed) <= allowed;
}

typedef struct teller {
    const oc_data_set *set;
    oc_data_fault_fn  *fn;
    void              *ctx;
} teller;

static void tell(const teller *t, oc_data_fault fault, uint32_t image, const char *what)
{
    t->fn(t->ctx, fault, image, what);
}

static oc_status check_categories(const teller *t, oc_error *err)
{
    const oc_data_set *s = t->set;
    size_t            *n = calloc(s->n_categories + 1, sizeof(*n));
    char               text[300];
    if (!n)
        return OC_FAIL(err, OC_NOMEM, "%zu categories", s->n_categories);
    for (size_t i = 0; i < s->n_objects; i++)
        n[s->objects[i].category]++;
    for (size_t k = 0; k < s->n_categories; k++) {
        const char *name = s->categories[k].name;
        snprintf(text, sizeof(text), "%.100s: %zu", name, n[k]);
        if (n[k] == 0)
            tell(t, OC_DATA_FAULT_IDLE, UINT32_MAX, name);
        else if (n[k] < FEW)
            tell(t, OC_DATA_FAULT_RARE, UINT32_MAX, text);
        for (size_t m = 0; m < k; m++) {
            if (!alike(name, s->categories[m].name))
                continue;
            snprintf(text, sizeof(text), "'%.100s' (%zu) and '%.100s' (%zu)", s->categories[m].name,
                     n[m], name, n[k]);
            tell(t, OC_DATA_FAULT_SPELLING, UINT32_MAX, text);
        }
    }
    free(n);
    return OC_OK;
}

/* ---- objects ---- */

static void check_object(const teller *t, const oc_data_object *o)
{
    const oc_data_set   *s = t->set;
    const oc_data_image *im = &s->images[o->image];
    oc_data_object       whole = *o;
    char                 text[256];
    oc_data_box_from_outline(&whole, im->height);
    const double *b = whole.box;
    snprintf(text, sizeof(text), "%.80s at %.6g,%.6g, %.6g x %.6g", s->categories[o->category].name,
             b[0], b[1], b[2], b[3]);
    bool none = !(b[2] > 0) || !(b[3] > 0);
    if (none || (o->n_rings && !o->n_runs && oc_data_ring_area(o) <= 0)) {
        tell(t, OC_DATA_FAULT_ZERO_AREA, o->image, text);
        return;
    }
    if (im->width && im->height) {
        /* half a pixel for what rounding leaves */
        if (b[0] >= im->width || b[1] >= im->height || b[0] + b[2] <= 0 || b[1] + b[3] <= 0)
            tell(t, OC_DATA_FAULT_OUTSIDE, o->image, text);
        else if (b[0] < -.5 || b[1] < -.5 || b[0] + b[2] > im->width + .5 ||
                 b[1] + b[3] > im->height + .5)
            tell(t, OC_DATA_FAULT_OVER_EDGE, o->image, text);
    }
    if (b[2] < SMALL && b[3] < SMALL)
        tell(t, OC_DATA_FAULT_TINY, o->image, text);
    if (fmax(b[2] / b[3], b[3] / b[2]) > LONG)
        tell(t, OC_DATA_FAULT_ASPECT, o->image, text);
}

static void check_twins(const teller *t, const oc_data_index *x, uint32_t image)
{
    const oc_data_set *s = t->set;
    for (uint32_t i = x->first[image]; i < x->first[image + 1]; i++) {
        const oc_data_object *a = &s->objects[x->order[i]];
        for (uint32_t k = x->first[image]; k < i && a->has_box && !a->crowd; k++) {
            const oc_data_object *b = &s->objects[x->order[k]];
            if (b->has_box && !b->crowd && a->category == b->category &&
                oc_data_box_iou(a->box, b->box) > .95) {
                tell(t, OC_DATA_FAULT_TWICE, image, s->categories[a->category].name);
                break;
            }
        }
    }
}

static oc_status check_sequences(const teller *t, oc_error *err)
{
    const oc_data_set *s = t->set;
    oc_strmap          first = {0};
    bool               ok = true;
    for (size_t i = 0; i < s->n_images && ok; i++) {
        const oc_data_image *im = &s->images[i];
        uint32_t             k;
        if (!im->sequence)
            continue;
        if (!oc_strmap_get(&first, im->sequence, &k)) {
            ok = oc_strmap_put(&first, im->sequence, (uint32_t)i);
        } else if (s->images[k].split && im->split && strcmp(s->images[k].split, im->split) != 0) {
            tell(t, OC_DATA_FAULT_LEAK_SEQUENCE, (uint32_t)i, im->sequence);
            ok = oc_strmap_put(&first, im->sequence, (uint32_t)i);
        }
    }
    oc_strmap_finish(&first);
    return ok ? OC_OK : OC_FAIL(err, OC_NOMEM, "sequences");
}

oc_status oc_data_check(const oc_data_set *set, oc_data_fault_fn *fn, void *ctx, oc_error *err)
{
    const teller  t = {set, fn, ctx};
    oc_data_index x = {0};
    oc_status     st = oc_data_index_make(set, &x, err);
    for (uint32_t i = 0; i < set->n_images && st == OC_OK; i++) {
        if (x.first[i] == x.first[i + 1])
            tell(&t, OC_DATA_FAULT_EMPTY, i, "");
        for (uint32_t k = x.first[i]; k < x.first[i + 1]; k++)
            check_object(&t, &set->objects[x.order[k]]);
        check_twins(&t, &x, i);
    }
    oc_data_index_finish(&x);
    if (st == OC_OK && (st = check_categories(&t, err)) == OC_OK)
        st = check_sequences(&t, err);
    return st;
}
