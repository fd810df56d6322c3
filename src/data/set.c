#include "data/set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COORDINATE_MAX 1e9

void oc_data_set_finish(oc_data_set *set)
{
    oc_strmap_finish(&set->by_file);
    oc_strmap_finish(&set->by_name);
    oc_strmap_finish(&set->by_text);
    oc_arena_finish(&set->mem);
    free(set->images);
    free(set->categories);
    free(set->objects);
    free(set->texts);
    *set = (oc_data_set){0};
}

/* Room for one more element; indices are 32 bits wide. */
static oc_status reserve(oc_data_set *set, void *array, size_t n, size_t *cap, size_t size,
                         oc_error *err)
{
    void **at = array;
    if (set->mem.bytes > OC_DATA_BYTES_MAX || n >= UINT32_MAX - 1)
        return OC_FAIL(err, OC_UNSUPPORTED, "more than a data set may hold (%zu MB)",
                       OC_DATA_BYTES_MAX >> 20);
    if (n < *cap)
        return OC_OK;
    size_t more = *cap * 2 + 64;
    void  *p = reallocarray(*at, more, size);
    if (!p)
        return OC_FAIL(err, OC_NOMEM, "%zu records", more);
    *at = p;
    *cap = more;
    return OC_OK;
}

/* ---- texts and numbers ---- */

const char *oc_data_text(oc_data_set *set, const char *text)
{
    uint32_t at;
    if (oc_strmap_get(&set->by_text, text, &at))
        return set->texts[at];
    char *copy = oc_arena_strndup(&set->mem, text, strlen(text));
    if (!copy || reserve(set, &set->texts, set->n_texts, &set->texts_cap, sizeof(*set->texts),
                         NULL) != OC_OK)
        return NULL;
    if (!oc_strmap_put(&set->by_text, copy, (uint32_t)set->n_texts))
        return NULL;
    set->texts[set->n_texts++] = copy;
    return copy;
}

double *oc_data_doubles(oc_data_set *set, const double *from, size_t n)
{
    double *to = oc_arena_alloc(&set->mem, n, sizeof(*to));
    if (to && n)
        memcpy(to, from, n * sizeof(*to));
    return to;
}

/* Lists that grow in the arena: doubled whenever their length is a power of two. */
static void *grown(oc_arena *mem, void *item, size_t n, size_t size)
{
    if (n & (n - 1))
        return item;
    void *p = oc_arena_alloc(mem, n ? 2 * n : 1, size);
    if (p && n)
        memcpy(p, item, n * size);
    return p;
}

oc_status oc_data_add_ring(oc_data_set *set, oc_data_object *object, const double *xy, size_t n,
                           oc_error *err)
{
    oc_data_ring *p = grown(&set->mem, object->ring, object->n_rings, sizeof(*p));
    double       *copy = oc_data_doubles(set, xy, 2 * n);
    if (!p || !copy)
        return OC_FAIL(err, OC_NOMEM, "a polygon of %zu corners", n);
    object->ring = p;
    p[object->n_rings++] = (oc_data_ring){copy, n};
    return OC_OK;
}

oc_status oc_data_add_attr(oc_data_set *set, oc_data_attrs *attrs, const char *key,
                           const char *text, oc_data_kind kind, oc_error *err)
{
    oc_data_attr *p = grown(&set->mem, attrs->item, attrs->n, sizeof(*p));
    const char   *k = oc_data_text(set, key), *t = oc_data_text(set, text);
    if (!p || !k || !t)
        return OC_FAIL(err, OC_NOMEM, "attribute '%.60s'", key);
    attrs->item = p;
    p[attrs->n++] = (oc_data_attr){k, t, kind};
    return OC_OK;
}

/* Would JSON take it for a number? */
static bool number_form(const char *s)
{
    s += *s == '-';
    size_t whole = strspn(s, "0123456789");
    if (whole == 0 || (s[0] == '0' && whole > 1))
        return false;
    s += whole;
    if (*s == '.') {
        size_t n = strspn(s + 1, "0123456789");
        if (n == 0)
            return false;
        s += 1 + n;
    }
    if (*s == 'e' || *s == 'E') {
        s += 1 + (s[1] == '+' || s[1] == '-');
        if (strspn(s, "0123456789") == 0)
            return false;
        s += strspn(s, "0123456789");
    }
    return *s == 0;
}

oc_status oc_data_add_plain(oc_data_set *set, oc_data_attrs *attrs, const char *key,
                            const char *text, oc_error *err)
{
    oc_data_kind kind = strcmp(text, "true") == 0 || strcmp(text, "false") == 0 ? OC_DATA_BOOL
                        : number_form(text)                                     ? OC_DATA_NUMBER
                                                                                : OC_DATA_TEXT;
    return oc_data_add_attr(set, attrs, key, text, kind, err);
}

oc_status oc_data_add_extra(oc_data_set *set, oc_data_extras *extras, const char *format,
                            const char *key, const char *raw, oc_error *err)
{
    oc_data_extra *p = grown(&set->mem, extras->item, extras->n, sizeof(*p));
    const char    *k = oc_data_text(set, key), *r = oc_data_text(set, raw);
    if (!p || !k || !r)
        return OC_FAIL(err, OC_NOMEM, "member '%.60s'", key);
    extras->item = p;
    p[extras->n++] = (oc_data_extra){format, k, r};
    return OC_OK;
}

const char *oc_data_attr_of(const oc_data_attrs *attrs, const char *key)
{
    for (size_t i = 0; i < attrs->n; i++)
        if (strcmp(attrs->item[i].key, key) == 0)
            return attrs->item[i].text;
    return NULL;
}

double oc_data_attr_number(const oc_data_attrs *attrs, const char *key, double otherwise)
{
    const char *text = oc_data_attr_of(attrs, key);
    char       *end;
    if (!text)
        return otherwise;
    if (strcmp(text, "true") == 0)
        return 1;
    double v = strtod(text, &end);
    return end != text && *end == 0 && isfinite(v) ? v : otherwise;
}

/* ---- records ---- */

bool oc_data_find_image(const oc_data_set *set, const char *file, uint32_t *index)
{
    return oc_strmap_get(&set->by_file, file, index);
}

oc_status oc_data_add_image(oc_data_set *set, const char *file, uint32_t *index, oc_error *err)
{
    uint32_t  seen;
    oc_status st =
        reserve(set, &set->images, set->n_images, &set->images_cap, sizeof(*set->images), err);
    if (st != OC_OK)
        return st;
    if (!oc_data_path_safe(file))
        return OC_FAIL(err, OC_FORMAT, "image '%.200s' does not lie below the folder of images",
                       file);
    if (oc_data_find_image(set, file, &seen))
        return OC_FAIL(err, OC_FORMAT, "image '%.200s' is there twice", file);
    const char *copy = oc_data_text(set, file);
    if (!copy || !oc_strmap_put(&set->by_file, copy, (uint32_t)set->n_images))
        return OC_FAIL(err, OC_NOMEM, "%zu images", set->n_images);
    *index = (uint32_t)set->n_images;
    set->images[set->n_images++] =
        (oc_data_image){.id = (int64_t)*index + 1, .file = copy, .frame = -1};
    return OC_OK;
}

oc_status oc_data_category_of(oc_data_set *set, const char *name, uint32_t *index, oc_error *err)
{
    if (oc_strmap_get(&set->by_name, name, index))
        return OC_OK;
    oc_status st = reserve(set, &set->categories, set->n_categories, &set->categories_cap,
                           sizeof(*set->categories), err);
    if (st != OC_OK)
        return st;
    if (!*name)
        return OC_FAIL(err, OC_FORMAT, "a category without a name");
    const char *copy = oc_data_text(set, name);
    if (!copy || !oc_strmap_put(&set->by_name, copy, (uint32_t)set->n_categories))
        return OC_FAIL(err, OC_NOMEM, "%zu categories", set->n_categories);
    *index = (uint32_t)set->n_categories;
    set->categories[set->n_categories++] =
        (oc_data_category){.id = (int64_t)*index + 1, .name = copy};
    return OC_OK;
}

static bool all_finite(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(v[i]) <= COORDINATE_MAX))
            return false;
    return true;
}

static oc_status check_mask(const oc_data_object *o, const oc_data_image *image, oc_error *err)
{
    uint64_t sum = 0, all = (uint64_t)image->width * (uint64_t)image->height;
    for (size_t i = 0; i < o->n_runs; i++)
        sum += o->run[i];
    if (all == 0)
        return OC_FAIL(err, OC_FORMAT, "a mask in an image without width and height");
    return sum == all ? OC_OK
                      : OC_FAIL(err, OC_FORMAT, "a mask of %llu pixels in an image of %d x %d",
                                (unsigned long long)sum, image->width, image->height);
}

oc_status oc_data_add_object(oc_data_set *set, const oc_data_object *o, oc_error *err)
{
    oc_status st =
        reserve(set, &set->objects, set->n_objects, &set->objects_cap, sizeof(*set->objects), err);
    if (st != OC_OK)
        return st;
    if (o->has_box && !all_finite(o->box, 4))
        return OC_FAIL(err, OC_FORMAT, "a box of %g, %g, %g, %g", o->box[0], o->box[1], o->box[2],
                       o->box[3]);
    for (size_t i = 0; i < o->n_rings; i++)
        if (!all_finite(o->ring[i].xy, 2 * o->ring[i].n))
            return OC_FAIL(err, OC_FORMAT, "a polygon's corner is not a place");
    if (!all_finite(o->point, 3 * o->n_points))
        return OC_FAIL(err, OC_FORMAT, "a key-point is not a place");
    if (o->n_runs && (st = check_mask(o, &set->images[o->image], err)) != OC_OK)
        return st;
    set->objects[set->n_objects++] = *o;
    return OC_OK;
}

oc_status oc_data_index_make(const oc_data_set *set, oc_data_index *out, oc_error *err)
{
    oc_data_index x = {calloc(set->n_images + 2, sizeof(*x.first)),
                       calloc(set->n_objects + 1, sizeof(*x.order))};
    if (!x.first || !x.order) {
        oc_data_index_finish(&x);
        return OC_FAIL(err, OC_NOMEM, "%zu objects", set->n_objects);
    }
    for (size_t i = 0; i < set->n_objects; i++)
        x.first[set->objects[i].image + 2]++;
    for (size_t i = 0; i < set->n_images; i++)
        x.first[i + 2] += x.first[i + 1];
    for (size_t i = 0; i < set->n_objects; i++)
        x.order[x.first[set->objects[i].image + 1]++] = (uint32_t)i;
    *out = x;
    return OC_OK;
}

void oc_data_index_finish(oc_data_index *index)
{
    free(index->first);
    free(index->order);
    *index = (oc_data_index){0};
}
