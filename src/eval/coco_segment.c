#include "eval/coco_segment.h"

#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX ((size_t)1 << 26)

static oc_status fail_line(oc_json *j, const char *what, oc_error *err)
{
    return OC_FAIL(err, OC_FORMAT, "line %llu: %s", (unsigned long long)oc_json_line(j), what);
}

static oc_status reserve(void **array, size_t n, size_t *cap, size_t size, oc_error *err)
{
    if (n < *cap)
        return OC_OK;
    size_t more = *cap * 2 + 64;
    void  *p = more > NUMBERS_MAX ? NULL : reallocarray(*array, more, size);
    if (!p)
        return OC_FAIL(err, OC_NOMEM, "a segmentation of over %zu numbers", n);
    *array = p;
    *cap = more;
    return OC_OK;
}

/* The rest of an array whose bracket is taken. */
static oc_status read_numbers(coco_segment *s, oc_json *j, oc_error *err)
{
    oc_json_token t;
    oc_status     st;
    while ((st = oc_json_next(j, &t, err)) == OC_OK && t == OC_JSON_NUMBER) {
        if ((st = reserve((void **)&s->number, s->n, &s->cap, sizeof(*s->number), err)) != OC_OK)
            return st;
        s->number[s->n++] = oc_json_number(j);
    }
    return st != OC_OK || t == OC_JSON_ARRAY_END ? st : fail_line(j, "a number is expected", err);
}

static oc_status read_polygons(coco_segment *s, oc_json *j, oc_error *err)
{
    oc_json_token t;
    oc_status     st;
    while ((st = oc_json_next(j, &t, err)) == OC_OK && t == OC_JSON_ARRAY) {
        size_t before = s->n;
        if ((st = read_numbers(s, j, err)) != OC_OK ||
            (st = reserve((void **)&s->part, s->n_parts, &s->parts_cap, sizeof(*s->part), err)) !=
                OC_OK)
            return st;
        if (s->n - before < 4 || (s->n - before) % 2)
            return fail_line(j, "a polygon wants pairs of numbers", err);
        s->part[s->n_parts++] = s->n;
    }
    if (st == OC_OK && t != OC_JSON_ARRAY_END)
        return fail_line(j, "a polygon is expected", err);
    return st != OC_OK || s->n_parts ? st : fail_line(j, "a segmentation without polygons", err);
}

static oc_status read_counts(coco_segment *s, oc_json *j, oc_error *err)
{
    oc_json_token t;
    oc_status     st = oc_json_next(j, &t, err);
    if (st != OC_OK)
        return st;
    s->runs = true;
    s->n = 0;
    free(s->text);
    s->text = NULL;
    if (t == OC_JSON_ARRAY)
        return read_numbers(s, j, err);
    if (t != OC_JSON_TEXT)
        return fail_line(j, "counts are a list or a text", err);
    s->text = strdup(oc_json_peek_text(j, NULL));
    return s->text ? OC_OK : OC_FAIL(err, OC_NOMEM, "counts");
}

oc_status coco_segment_read(coco_segment *s, oc_json *j, oc_error *err)
{
    oc_json_token t;
    oc_status     st = oc_json_next(j, &t, err);
    size_t        n = 0;
    s->n = s->n_parts = 0;
    s->runs = false;
    if (st != OC_OK)
        return st;
    if (t == OC_JSON_ARRAY)
        return read_polygons(s, j, err);
    if (t != OC_JSON_OBJECT)
        return fail_line(j, "a segmentation is polygons or run lengths", err);
    while ((st = oc_json_next(j, &t, err)) == OC_OK && t == OC_JSON_KEY) {
        const char *key = oc_json_peek_text(j, NULL);
        st = strcmp(key, "counts") == 0 ? read_counts(s, j, err)
             : strcmp(key, "size") == 0 ? oc_json_numbers(j, s->size, 2, &n, err)
                                        : oc_json_skip(j, err);
        if (st != OC_OK)
            return st;
    }
    if (st == OC_OK && (!s->runs || n != 2))
        return fail_line(j, "run lengths want size and counts", err);
    return st;
}

static oc_status mask_of_runs(const coco_segment *s, uint32_t width, uint32_t height, oc_arena *mem,
                              oc_mask *out, oc_error *err)
{
    const double h = s->size[0], w = s->size[1];
    if (!(h >= 1 && h <= OC_MASK_SIDE_MAX && w >= 1 && w <= OC_MASK_SIDE_MAX) ||
        (width && height && (w != width || h != height)))
        return OC_FAIL(err, OC_FORMAT, "a mask of %g x %g in an image of %u x %u", w, h, width,
                       height);
    if (s->text)
        return oc_mask_text(mem, s->text, (uint32_t)w, (uint32_t)h, out, err);
    uint32_t *run = calloc(s->n + 1, sizeof(*run));
    oc_status st = run ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu runs", s->n);
    for (size_t i = 0; i < s->n && st == OC_OK; i++) {
        if (!(s->number[i] >= 0 && s->number[i] <= (double)UINT32_MAX))
            st = OC_FAIL(err, OC_FORMAT, "a run of %g pixels", s->number[i]);
        else
            run[i] = (uint32_t)s->number[i];
    }
    if (st == OC_OK)
        st = oc_mask_runs(mem, run, s->n, (uint32_t)w, (uint32_t)h, out, err);
    free(run);
    return st;
}

/* Four numbers are a box, as COCO's tools have it: x, y, w, h. */
static oc_status mask_of_part(const double *xy, size_t n, uint32_t width, uint32_t height,
                              oc_arena *mem, oc_mask *out, oc_error *err)
{
    if (n != 4)
        return oc_mask_polygon(mem, xy, n / 2, width, height, out, err);
    const double x1 = xy[0] + xy[2], y1 = xy[1] + xy[3];
    const double corners[] = {xy[0], xy[1], xy[0], y1, x1, y1, x1, xy[1]};
    return oc_mask_polygon(mem, corners, 4, width, height, out, err);
}

oc_status coco_segment_mask(const coco_segment *s, uint32_t width, uint32_t height, oc_arena *mem,
                            oc_mask *out, oc_error *err)
{
    oc_mask   all = {0};
    oc_status st = OC_OK;
    if (s->runs)
        return mask_of_runs(s, width, height, mem, out, err);
    if (!width || !height)
        return OC_FAIL(err, OC_FORMAT, "a polygon in an image without width and height");
    for (size_t i = 0; i < s->n_parts && st == OC_OK; i++) {
        size_t  from = i ? s->part[i - 1] : 0;
        oc_mask one = {0};
        st = mask_of_part(s->number + from, s->part[i] - from, width, height, mem, &one, err);
        if (st == OC_OK && i == 0)
            all = one;
        else if (st == OC_OK)
            st = oc_mask_union(mem, &all, &one, height, &all, err);
    }
    if (st == OC_OK)
        *out = all;
    return st;
}

void coco_segment_finish(coco_segment *s)
{
    free(s->number);
    free(s->part);
    free(s->text);
    *s = (coco_segment){0};
}
