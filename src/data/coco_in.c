/* COCO's annotation files (instances, person_keypoints) and results, whole into memory.
 *
 * Beside COCO's own members: image "sequence", "frame", "split"; annotation "track_id", "score",
 * "attributes" (as CVAT writes them).  What else there is stays as it is for the writer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/coco.h"
#include "data/file.h"
#include "data/formats.h"

#define NAME "coco"

typedef struct id_pair {
    int64_t  id;
    uint32_t index;
} id_pair;

typedef struct id_list {
    id_pair *item;
    size_t   n, cap;
} id_list;

/* Annotations may come before the images and categories that they name: their ids wait here. */
typedef struct waiting {
    int64_t image, category, line;
} waiting;

typedef struct reader {
    oc_data_set    *set;
    oc_json        *j;
    data_scratch    s;
    id_list         images, categories;
    oc_data_object *object;
    waiting        *wait;
    size_t          n, cap;
    oc_error       *err;
} reader;

/* ---- ids ---- */

static int by_id(const void *a, const void *b)
{
    const id_pair *x = a, *y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

static oc_status id_add(id_list *l, int64_t id, uint32_t index, oc_error *err)
{
    if (l->n == l->cap) {
        size_t   cap = l->cap * 2 + 64;
        id_pair *p = reallocarray(l->item, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "%zu ids", cap);
        l->item = p;
        l->cap = cap;
    }
    l->item[l->n++] = (id_pair){id, index};
    return OC_OK;
}

static oc_status id_sort(id_list *l, const char *what, oc_error *err)
{
    if (l->n)
        qsort(l->item, l->n, sizeof(*l->item), by_id);
    for (size_t i = 1; i < l->n; i++)
        if (l->item[i].id == l->item[i - 1].id)
            return OC_FAIL(err, OC_FORMAT, "%s id %lld is there twice", what,
                           (long long)l->item[i].id);
    return OC_OK;
}

static bool id_find(const id_list *l, int64_t id, uint32_t *index)
{
    const id_pair  key = {.id = id};
    const id_pair *p = l->n ? bsearch(&key, l->item, l->n, sizeof(*l->item), by_id) : NULL;
    if (p)
        *index = p->index;
    return p != NULL;
}

/* ---- records ---- */

/* The image's name is not known before the record's end. */
static oc_status read_image(reader *r)
{
    oc_data_image im = {.frame = -1};
    oc_json      *j = r->j;
    oc_json_token t;
    int64_t       v = 0;
    bool          has_id = false;
    oc_status     st;
    while ((st = oc_json_next(j, &t, r->err)) == OC_OK && t == OC_JSON_KEY) {
        const char *key = oc_json_peek_text(j, NULL);
        if (strcmp(key, "id") == 0) {
            st = data_read_int(j, "an image's id", &im.id, r->err);
            has_id = true;
        } else if (strcmp(key, "file_name") == 0) {
            st = data_read_text(j, r->set, &im.file, r->err);
        } else if (strcmp(key, "width") == 0 || strcmp(key, "height") == 0) {
            bool wide = key[0] == 'w';
            st = data_read_int(j, "a side", &v, r->err);
            if (st == OC_OK && (v < 0 || v > OC_DATA_SIDE_MAX))
                st = data_json_fail(j, "an image's side is out of range", r->err);
            *(wide ? &im.width : &im.height) = (int32_t)v;
        } else if (strcmp(key, "sequence") == 0) {
            st = data_read_text(j, r->set, &im.sequence, r->err);
        } else if (strcmp(key, "frame") == 0) {
            st = data_read_int(j, "a frame", &im.frame, r->err);
        } else if (strcmp(key, "split") == 0) {
            st = data_read_text(j, r->set, &im.split, r->err);
        } else {
            st = data_read_extra(r->set, j, NAME, &im.extra, r->err);
        }
        if (st != OC_OK)
            return st;
    }
    if (st != OC_OK || !has_id || !im.file)
        return st != OC_OK ? st : data_json_fail(j, "an image without id or file_name", r->err);
    uint32_t at;
    if ((st = oc_data_add_image(r->set, im.file, &at, r->err)) != OC_OK) {
        oc_error_prefix(r->err, "line %llu", (unsigned long long)oc_json_line(j));
        return st;
    }
    im.file = r->set->images[at].file;
    r->set->images[at] = im;
    return id_add(&r->images, im.id, at, r->err);
}

static oc_status read_names(reader *r, oc_data_category *c)
{
    oc_json_token t;
    oc_status     st = oc_json_expect(r->j, OC_JSON_ARRAY, "a list of names", r->err);
    while (st == OC_OK && (st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_TEXT) {
        const char **p = c->point;
        if ((c->n_points & (c->n_points - 1)) == 0) {
            p = oc_arena_alloc(&r->set->mem, c->n_points ? 2 * c->n_points : 1, sizeof(*p));
            if (p && c->n_points)
                memcpy(p, c->point, c->n_points * sizeof(*p));
        }
        const char *text = oc_data_text(r->set, oc_json_peek_text(r->j, NULL));
        if (!p || !text)
            return OC_FAIL(r->err, OC_NOMEM, "key-points");
        c->point = p;
        c->point[c->n_points++] = text;
    }
    if (st == OC_OK && t != OC_JSON_ARRAY_END)
        return data_json_fail(r->j, "a name is expected", r->err);
    return st;
}

static oc_status read_skeleton(reader *r, oc_data_category *c)
{
    oc_json_token t;
    size_t        cap = 0;
    oc_status     st = oc_json_expect(r->j, OC_JSON_ARRAY, "a list of pairs", r->err);
    while (st == OC_OK && (st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_ARRAY) {
        double pair[2];
        size_t n = 0;
        for (; (st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_NUMBER && n < 2; n++)
            pair[n] = oc_json_number(r->j);
        if (st != OC_OK)
            return st;
        if (n != 2 || t != OC_JSON_ARRAY_END || !(pair[0] >= 1 && pair[0] < 1e6) ||
            !(pair[1] >= 1 && pair[1] < 1e6))
            return data_json_fail(r->j, "an edge of a skeleton is two numbers from 1", r->err);
        if (c->n_edges == cap) {
            uint32_t(*p)[2] = oc_arena_alloc(&r->set->mem, cap = cap * 2 + 16, sizeof(*p));
            if (!p)
                return OC_FAIL(r->err, OC_NOMEM, "a skeleton");
            if (c->n_edges)
                memcpy(p, c->edge, c->n_edges * sizeof(*p));
            c->edge = p;
        }
        c->edge[c->n_edges][0] = (uint32_t)pair[0] - 1;
        c->edge[c->n_edges++][1] = (uint32_t)pair[1] - 1;
    }
    return st;
}

static oc_status read_category(reader *r)
{
    oc_data_category c = {0};
    oc_json_token    t;
    bool             has_id = false;
    oc_status        st;
    while ((st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_KEY) {
        const char *key = oc_json_peek_text(r->j, NULL);
        if (strcmp(key, "id") == 0) {
            st = data_read_int(r->j, "a category's id", &c.id, r->err);
            has_id = true;
        } else if (strcmp(key, "name") == 0) {
            st = data_read_text(r->j, r->set, &c.name, r->err);
        } else if (strcmp(key, "supercategory") == 0) {
            st = data_read_text(r->j, r->set, &c.parent, r->err);
        } else if (strcmp(key, "keypoints") == 0) {
            st = read_names(r, &c);
        } else if (strcmp(key, "skeleton") == 0) {
            st = read_skeleton(r, &c);
        } else {
            st = data_read_extra(r->set, r->j, NAME, &c.extra, r->err);
        }
        if (st != OC_OK)
            return st;
    }
    if (st != OC_OK || !has_id || !c.name)
        return st != OC_OK ? st : data_json_fail(r->j, "a category without id or name", r->err);
    uint32_t at;
    size_t   before = r->set->n_categories;
    if ((st = oc_data_category_of(r->set, c.name, &at, r->err)) != OC_OK)
        return st;
    if (r->set->n_categories == before)
        return data_json_fail(r->j, "two categories have one name", r->err);
    c.name = r->set->categories[at].name;
    r->set->categories[at] = c;
    return id_add(&r->categories, c.id, at, r->err);
}

static oc_status read_annotation_member(reader *r, const char *key, oc_data_object *o, waiting *w)
{
    oc_json      *j = r->j;
    oc_error     *err = r->err;
    oc_json_token t;
    oc_status     st;
    if (strcmp(key, "id") == 0)
        return data_read_int(j, "an annotation's id", &o->id, err);
    if (strcmp(key, "image_id") == 0)
        return data_read_int(j, "image_id", &w->image, err);
    if (strcmp(key, "category_id") == 0)
        return data_read_int(j, "category_id", &w->category, err);
    if (strcmp(key, "bbox") == 0)
        return data_read_box(&r->s, j, o, err);
    if (strcmp(key, "segmentation") == 0)
        return data_read_segment(r->set, &r->s, j, o, err);
    if (strcmp(key, "keypoints") == 0)
        return data_read_points(r->set, &r->s, j, o, err);
    if (strcmp(key, "area") == 0)
        return data_read_float(j, "area", &o->area, err);
    if (strcmp(key, "score") == 0)
        return data_read_float(j, "score", &o->score, err);
    if (strcmp(key, "track_id") == 0)
        return data_read_int(j, "track_id", &o->track, err);
    if (strcmp(key, "attributes") == 0)
        return data_read_attrs(r->set, j, &o->attrs, err);
    if (strcmp(key, "num_keypoints") == 0)
        return oc_json_skip(j, err); /* follows from keypoints */
    if (strcmp(key, "iscrowd") == 0) {
        if ((st = oc_json_next(j, &t, err)) == OC_OK && t != OC_JSON_NUMBER && t != OC_JSON_BOOL)
            return data_json_fail(j, "iscrowd is 0 or 1", err);
        o->crowd = oc_json_number(j) != 0;
        return st;
    }
    return data_read_extra(r->set, j, NAME, &o->extra, err);
}

static oc_status read_annotation(reader *r)
{
    oc_data_object o = OC_DATA_OBJECT_INIT;
    waiting        w = {INT64_MIN, INT64_MIN, 0};
    oc_json_token  t;
    oc_status      st;
    while ((st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_KEY)
        if ((st = read_annotation_member(r, oc_json_peek_text(r->j, NULL), &o, &w)) != OC_OK)
            return st;
    if (st != OC_OK)
        return st;
    w.line = (int64_t)oc_json_line(r->j);
    if (w.image == INT64_MIN || w.category == INT64_MIN)
        return data_json_fail(r->j, "an annotation without image_id or category_id", r->err);
    if (r->n == r->cap) {
        size_t          cap = r->cap * 2 + 256;
        oc_data_object *po = reallocarray(r->object, cap, sizeof(*po));
        if (po)
            r->object = po;
        waiting *pw = reallocarray(r->wait, cap, sizeof(*pw));
        if (pw)
            r->wait = pw;
        if (!po || !pw || r->set->mem.bytes > OC_DATA_BYTES_MAX)
            return OC_FAIL(r->err, OC_NOMEM, "%zu annotations", cap);
        r->cap = cap;
    }
    r->object[r->n] = o;
    r->wait[r->n++] = w;
    return OC_OK;
}

/* ---- documents ---- */

static oc_status read_list(reader *r, oc_status (*one)(reader *r))
{
    oc_json_token t;
    oc_status     st = oc_json_expect(r->j, OC_JSON_ARRAY, "a list of objects", r->err);
    while (st == OC_OK && (st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_OBJECT)
        st = one(r);
    if (st == OC_OK && t != OC_JSON_ARRAY_END)
        return data_json_fail(r->j, "an object is expected", r->err);
    return st;
}

static oc_status read_document(reader *r)
{
    oc_json_token t;
    bool          images = false;
    oc_status     st = oc_json_expect(r->j, OC_JSON_OBJECT, "COCO's object", r->err);
    while (st == OC_OK && (st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_KEY) {
        const char *key = oc_json_peek_text(r->j, NULL);
        if (strcmp(key, "images") == 0) {
            images = true;
            st = read_list(r, read_image);
        } else if (strcmp(key, "categories") == 0) {
            st = read_list(r, read_category);
        } else if (strcmp(key, "annotations") == 0) {
            st = read_list(r, read_annotation);
        } else {
            st = data_read_extra(r->set, r->j, NAME, &r->set->extra, r->err);
        }
    }
    if (st == OC_OK)
        st = oc_json_next(r->j, &t, r->err); /* the end */
    return st != OC_OK || images ? st : OC_FAIL(r->err, OC_FORMAT, "no images: not a COCO file");
}

/* Results: a list of annotations over a truth's images and categories. */
static oc_status take_truth(reader *r, const oc_data_set *truth)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < truth->n_images && st == OC_OK; i++) {
        const oc_data_image *from = &truth->images[i];
        uint32_t             at;
        if ((st = oc_data_add_image(r->set, from->file, &at, r->err)) != OC_OK)
            break;
        oc_data_image *to = &r->set->images[at];
        to->id = from->id;
        to->width = from->width;
        to->height = from->height;
        st = id_add(&r->images, from->id, at, r->err);
    }
    for (size_t k = 0; k < truth->n_categories && st == OC_OK; k++) {
        uint32_t at;
        if ((st = oc_data_category_of(r->set, truth->categories[k].name, &at, r->err)) == OC_OK) {
            r->set->categories[at].id = truth->categories[k].id;
            st = id_add(&r->categories, truth->categories[k].id, at, r->err);
        }
    }
    return st;
}

static oc_status settle(reader *r)
{
    oc_status st = id_sort(&r->images, "image", r->err);
    if (st == OC_OK)
        st = id_sort(&r->categories, "category", r->err);
    for (size_t i = 0; i < r->n && st == OC_OK; i++) {
        oc_data_object *o = &r->object[i];
        const waiting  *w = &r->wait[i];
        if (!id_find(&r->images, w->image, &o->image))
            st = OC_FAIL(r->err, OC_FORMAT, "image_id %lld is no image", (long long)w->image);
        else if (!id_find(&r->categories, w->category, &o->category))
            st = OC_FAIL(r->err, OC_FORMAT, "category_id %lld is no category",
                         (long long)w->category);
        else
            st = oc_data_add_object(r->set, o, r->err);
        if (st != OC_OK)
            oc_error_prefix(r->err, "line %lld", (long long)w->line);
    }
    return st;
}

oc_status data_coco_read(const char *path, const oc_data_reading *how, oc_data_set *out,
                         oc_error *err)
{
    reader    r = {.set = out, .err = err};
    oc_status st = oc_json_open(path, &r.j, err);
    if (st != OC_OK)
        return st;
    if (how && how->truth) {
        if ((st = take_truth(&r, how->truth)) == OC_OK)
            st = read_list(&r, read_annotation);
    } else {
        st = read_document(&r);
    }
    if (st == OC_OK)
        st = settle(&r);
    if (st != OC_OK && err && strncmp(err->message, path, strlen(path)) != 0)
        oc_error_prefix(err, "%s", path);
    oc_json_close(r.j);
    free(r.s.number);
    free(r.images.item);
    free(r.categories.item);
    free(r.object);
    free(r.wait);
    return st;
}
