#include <stdlib.h>
#include <string.h>

#include "eval/coco.h"

#define OBJECTS_MAX ((size_t)1 << 27)

oc_status oc_coco_set_add(oc_coco_set *set, const oc_coco_object *object, oc_error *err)
{
    if (set->n_objects == set->objects_cap) {
        size_t more = set->objects_cap ? set->objects_cap + set->objects_cap / 2 : 256;
        void  *p = more > OBJECTS_MAX ? NULL : reallocarray(set->objects, more, sizeof(*object));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "more than %zu objects", set->n_objects);
        set->objects = p;
        set->objects_cap = more;
    }
    set->objects[set->n_objects++] = *object;
    return OC_OK;
}

static int by_place(const oc_coco_object *x, const oc_coco_object *y)
{
    if (x->category != y->category)
        return x->category < y->category ? -1 : 1;
    return x->image < y->image ? -1 : x->image > y->image;
}

/* Bottom-up merge sort of indices: the file's order breaks ties among equals, and objects are too
 * large to be kept twice.  Gives back the one of the two arrays that holds the result. */
static uint32_t *sort_order(const oc_coco_object *o, size_t n, uint32_t *from, uint32_t *to)
{
    for (size_t i = 0; i < n; i++)
        from[i] = (uint32_t)i;
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t at = 0; at < n; at += 2 * run) {
            size_t mid = at + run < n ? at + run : n, end = at + 2 * run < n ? at + 2 * run : n;
            size_t i = at, j = mid;
            for (size_t k = at; k < end; k++)
                to[k] = i < mid && (j == end || by_place(&o[from[i]], &o[from[j]]) <= 0)
                            ? from[i++]
                            : from[j++];
        }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    return from;
}

/* o[i] becomes the old o[order[i]], cycle by cycle; order is used up. */
static void permute(oc_coco_object *o, size_t n, uint32_t *order)
{
    for (size_t start = 0; start < n; start++) {
        oc_coco_object first = o[start];
        size_t         at = start;
        while (order[at] != start) {
            size_t next = order[at];
            o[at] = o[next];
            order[at] = (uint32_t)at;
            at = next;
        }
        o[at] = first;
        order[at] = (uint32_t)at;
    }
}

static oc_status sort_objects(oc_coco_set *s, oc_error *err)
{
    size_t sorted = 1;
    while (sorted < s->n_objects && by_place(&s->objects[sorted - 1], &s->objects[sorted]) <= 0)
        sorted++;
    if (sorted >= s->n_objects)
        return OC_OK;
    uint32_t *order = calloc(2 * s->n_objects, sizeof(*order));
    if (!order)
        return OC_FAIL(err, OC_NOMEM, "%zu objects", s->n_objects);
    permute(s->objects, s->n_objects,
            sort_order(s->objects, s->n_objects, order, order + s->n_objects));
    free(order);
    return OC_OK;
}

static int image_by_id(const void *a, const void *b)
{
    const oc_coco_image *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int category_by_id(const void *a, const void *b)
{
    const oc_coco_category *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

oc_status oc_coco_set_sort(oc_coco_set *s, oc_error *err)
{
    size_t n = 0;
    if (s->n_images)
        qsort(s->images, s->n_images, sizeof(*s->images), image_by_id);
    for (size_t i = 0; i < s->n_images; i++)
        if (i == 0 || s->images[i].id != s->images[i - 1].id)
            s->images[n++] = s->images[i];
    s->n_images = n;
    if (s->n_categories)
        qsort(s->categories, s->n_categories, sizeof(*s->categories), category_by_id);
    n = 0;
    for (size_t i = 0; i < s->n_categories; i++)
        if (i == 0 || s->categories[i].id != s->categories[i - 1].id)
            s->categories[n++] = s->categories[i];
    s->n_categories = n;
    return sort_objects(s, err);
}

const oc_coco_image *oc_coco_set_image(const oc_coco_set *set, int64_t id)
{
    oc_coco_image key = {.id = id};
    return set->n_images ? bsearch(&key, set->images, set->n_images, sizeof(key), image_by_id)
                         : NULL;
}

void oc_coco_set_finish(oc_coco_set *set)
{
    free(set->images);
    free(set->categories);
    free(set->objects);
    oc_arena_finish(&set->mem);
    *set = (oc_coco_set){0};
}
