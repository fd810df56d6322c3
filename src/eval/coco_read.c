#include <stdlib.h>
#include <string.h>

#include "data/json_pull.h"
#include "eval/coco.h"
#include "eval/coco_segment.h"

#define SIDE_MAX (1 << 16) /* of an image */
#define ENTRIES_MAX ((size_t)1 << 24)

typedef struct reader {
    oc_json     *json;
    oc_coco_set *set;
    oc_coco_type type;
    size_t       images_cap, categories_cap;
    coco_segment segment;
    /* Masks need their image's size, which may stand behind them: the truth is read twice. */
    const oc_coco_set *sizes;
    bool               images_only;
    oc_error          *err;
} reader;

static oc_status grow(reader *r, void **array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return OC_OK;
    size_t more = *cap ? *cap * 2 : 256;
    void  *p = more > ENTRIES_MAX ? NULL : reallocarray(*array, more, size);
    if (!p)
        return OC_FAIL(r->err, OC_NOMEM, "more than %zu entries", *cap);
    *array = p;
    *cap = more;
    return OC_OK;
}

static oc_status fail_line(reader *r, const char *what)
{
    return OC_FAIL(r->err, OC_FORMAT, "line %llu: %s", (unsigned long long)oc_json_line(r->json),
                   what);
}

/* Key by key through an object: `field` reads one value or answers OC_NOT_FOUND to skip it. */
typedef oc_status field_fn(reader *r, const char *key, void *to);

static oc_status read_object(reader *r, field_fn *field, void *to)
{
    for (;;) {
        oc_json_token t;
        oc_status     st = oc_json_next(r->json, &t, r->err);
        if (st != OC_OK || t == OC_JSON_OBJECT_END)
            return st;
        char        key[32];
        size_t      n;
        const char *text = oc_json_peek_text(r->json, &n);
        memcpy(key, n < sizeof(key) ? text : "", n < sizeof(key) ? n + 1 : 1);
        st = field(r, key, to);
        if (st == OC_NOT_FOUND)
            st = oc_json_skip(r->json, r->err);
        if (st != OC_OK)
            return st;
    }
}

static oc_status read_array(reader *r, const char *what, oc_status (*element)(reader *r))
{
    oc_status st = oc_json_expect(r->json, OC_JSON_ARRAY, what, r->err);
    while (st == OC_OK) {
        oc_json_token t;
        if ((st = oc_json_next(r->json, &t, r->err)) != OC_OK || t == OC_JSON_ARRAY_END)
            return st;
        if (t != OC_JSON_OBJECT)
            return fail_line(r, "an object is expected here");
        st = element(r);
    }
    return st;
}

static oc_status read_number(reader *r, double *out)
{
    oc_json_token t;
    oc_status     st = oc_json_next(r->json, &t, r->err);
    if (st == OC_OK && t != OC_JSON_NUMBER && t != OC_JSON_BOOL)
        return fail_line(r, "a number is expected here");
    *out = oc_json_number(r->json);
    return st;
}

static oc_status read_id(reader *r, int64_t *out)
{
    double    v;
    oc_status st = read_number(r, &v);
    if (st != OC_OK)
        return st;
    if (!(v >= -9e15 && v <= 9e15) || v != (double)(int64_t)v)
        return fail_line(r, "a whole number is expected here");
    *out = (int64_t)v;
    return OC_OK;
}

/* ---- images and categories ---- */

static oc_status read_text(reader *r, const char *what, char **out)
{
    size_t    n;
    oc_status st = oc_json_expect(r->json, OC_JSON_TEXT, what, r->err);
    if (st != OC_OK)
        return st;
    const char *text = oc_json_peek_text(r->json, &n);
    *out = oc_arena_strndup(&r->set->mem, text, n);
    return *out ? OC_OK : OC_FAIL(r->err, OC_NOMEM, "%s", what);
}

static oc_status read_side(reader *r, int32_t *out)
{
    int64_t   v;
    oc_status st = read_id(r, &v);
    if (st == OC_OK && (v < 0 || v > SIDE_MAX))
        return fail_line(r, "an image's side is too large or negative");
    *out = st == OC_OK ? (int32_t)v : 0;
    return st;
}

static oc_status image_field(reader *r, const char *key, void *to)
{
    oc_coco_image *image = to;
    if (strcmp(key, "id") == 0)
        return read_id(r, &image->id);
    if (strcmp(key, "width") == 0)
        return read_side(r, &image->width);
    if (strcmp(key, "height") == 0)
        return read_side(r, &image->height);
    return strcmp(key, "file_name") == 0 ? read_text(r, "a file's name", &image->file)
                                         : OC_NOT_FOUND;
}

static oc_status read_image(reader *r)
{
    oc_coco_set  *s = r->set;
    oc_coco_image image = {.id = INT64_MIN};
    oc_status     st = read_object(r, image_field, &image);
    if (st == OC_OK && image.id == INT64_MIN)
        return fail_line(r, "an image without id");
    if (st == OC_OK &&
        (st = grow(r, (void **)&s->images, s->n_images, &r->images_cap, sizeof(image))) == OC_OK)
        s->images[s->n_images++] = image;
    return st;
}

static oc_status category_field(reader *r, const char *key, void *to)
{
    oc_coco_category *c = to;
    if (strcmp(key, "id") == 0)
        return read_id(r, &c->id);
    return strcmp(key, "name") == 0 ? read_text(r, "a name", &c->name) : OC_NOT_FOUND;
}

static oc_status read_category(reader *r)
{
    oc_coco_set     *s = r->set;
    oc_coco_category c = {.id = INT64_MIN};
    oc_status        st = read_object(r, category_field, &c);
    if (st == OC_OK && c.id == INT64_MIN)
        return fail_line(r, "a category without id");
    if (st == OC_OK && !c.name && !(c.name = oc_arena_strndup(&s->mem, "", 0)))
        return OC_FAIL(r->err, OC_NOMEM, "category");
    if (st == OC_OK && (st = grow(r, (void **)&s->categories, s->n_categories, &r->categories_cap,
                                  sizeof(c))) == OC_OK)
        s->categories[s->n_categories++] = c;
    return st;
}

/* ---- annotations and results ---- */

typedef struct object_seen {
    oc_coco_object o;
    bool           id, image, category, box, area, score, count, segment;
} object_seen;

static oc_status read_points(reader *r, object_seen *s)
{
    size_t    n;
    double   *p = oc_arena_alloc(&r->set->mem, 3 * OC_COCO_POINTS, sizeof(*p));
    oc_status st = p ? oc_json_numbers(r->json, p, 3 * OC_COCO_POINTS, &n, r->err)
                     : OC_FAIL(r->err, OC_NOMEM, "key-points");
    if (st == OC_OK && n != 0 && n != 3 * OC_COCO_POINTS)
        return fail_line(r, "keypoints wants 51 numbers");
    s->o.points = st == OC_OK && n ? p : NULL;
    return st;
}

static oc_status object_field(reader *r, const char *key, void *to)
{
    object_seen *s = to;
    double       v = 0;
    size_t       n;
    oc_status    st;
    if (strcmp(key, "id") == 0) {
        s->id = true;
        return read_id(r, &s->o.id);
    }
    if (strcmp(key, "image_id") == 0) {
        s->image = true;
        return read_id(r, &s->o.image);
    }
    if (strcmp(key, "category_id") == 0) {
        s->category = true;
        return read_id(r, &s->o.category);
    }
    if (strcmp(key, "bbox") == 0) {
        s->box = true;
        st = oc_json_numbers(r->json, s->o.box, 4, &n, r->err);
        return st == OC_OK && n != 4 ? fail_line(r, "bbox wants four numbers") : st;
    }
    if (strcmp(key, "keypoints") == 0 && r->type == OC_COCO_KEYPOINTS)
        return read_points(r, s);
    if (strcmp(key, "segmentation") == 0 && r->type == OC_COCO_SEGM) {
        s->segment = true;
        return coco_segment_read(&r->segment, r->json, r->err);
    }
    if (strcmp(key, "area") == 0) {
        s->area = true;
        return read_number(r, &s->o.area);
    }
    if (strcmp(key, "score") == 0) {
        s->score = true;
        return read_number(r, &s->o.score);
    }
    bool crowd = strcmp(key, "iscrowd") == 0, count = strcmp(key, "num_keypoints") == 0;
    if (!crowd && !count)
        return OC_NOT_FOUND;
    if ((st = read_number(r, &v)) != OC_OK)
        return st;
    if (crowd) {
        s->o.crowd = v != 0;
    } else {
        s->o.labelled = v != 0;
        s->count = true;
    }
    return OC_OK;
}

static oc_status read_mask(reader *r, object_seen *s)
{
    const oc_coco_image *image = oc_coco_set_image(r->sizes, s->o.image);
    if (!s->segment)
        return fail_line(r, "no segmentation");
    if (!image)
        return OC_OK;
    oc_mask *mask = oc_arena_alloc(&r->set->mem, 1, sizeof(*mask));
    if (!mask)
        return OC_FAIL(r->err, OC_NOMEM, "mask");
    oc_status st = coco_segment_mask(&r->segment, (uint32_t)image->width, (uint32_t)image->height,
                                     &r->set->mem, mask, r->err);
    if (st != OC_OK)
        oc_error_prefix(r->err, "line %llu", (unsigned long long)oc_json_line(r->json));
    s->o.mask = mask;
    return st;
}

static oc_status read_annotation(reader *r)
{
    object_seen s = {0};
    oc_status   st = read_object(r, object_field, &s);
    if (st != OC_OK)
        return st;
    if (!s.image || !s.category || !s.id)
        return fail_line(r, "an annotation without id, image_id or category_id");
    if (!(s.box || r->type == OC_COCO_SEGM) || !s.area)
        return fail_line(r, "an annotation without bbox or area");
    s.o.ignore = s.o.crowd;
    if (r->type == OC_COCO_SEGM && (st = read_mask(r, &s)) != OC_OK)
        return st;
    if (r->type == OC_COCO_KEYPOINTS) {
        if (!s.o.points &&
            !(s.o.points = oc_arena_alloc(&r->set->mem, 3 * OC_COCO_POINTS, sizeof(double))))
            return OC_FAIL(r->err, OC_NOMEM, "key-points");
        s.o.ignore = s.o.ignore || !s.o.labelled;
    }
    return oc_coco_set_add(r->set, &s.o, r->err);
}

/* A result's area is its box's; of key-points, of the box around them. */
static oc_status read_result(reader *r)
{
    object_seen s = {0};
    oc_status   st = read_object(r, object_field, &s);
    if (st != OC_OK)
        return st;
    if (!s.image || !s.category || !s.score)
        return fail_line(r, "a result without image_id, category_id or score");
    if (r->type == OC_COCO_BBOX && !s.box)
        return fail_line(r, "a result without bbox");
    if (r->type == OC_COCO_KEYPOINTS) {
        if (!s.o.points)
            return fail_line(r, "a result without keypoints");
        double low[2] = {s.o.points[0], s.o.points[1]}, high[2] = {low[0], low[1]};
        for (size_t i = 1; i < OC_COCO_POINTS; i++) {
            for (size_t k = 0; k < 2; k++) {
                double v = s.o.points[3 * i + k];
                low[k] = v < low[k] ? v : low[k];
                high[k] = v > high[k] ? v : high[k];
            }
        }
        memcpy(s.o.box, (double[4]){low[0], low[1], high[0] - low[0], high[1] - low[1]},
               sizeof(s.o.box));
    }
    if (r->type == OC_COCO_SEGM && (st = read_mask(r, &s)) != OC_OK)
        return st;
    s.o.area = r->type != OC_COCO_SEGM ? s.o.box[2] * s.o.box[3] : s.o.mask ? s.o.mask->area : 0;
    s.o.id = (int64_t)r->set->n_objects + 1;
    s.o.crowd = false;
    return oc_coco_set_add(r->set, &s.o, r->err);
}

/* ---- whole files ---- */

static oc_status read_truth(reader *r)
{
    bool      annotations = false;
    oc_status st = oc_json_expect(r->json, OC_JSON_OBJECT, "COCO's object of lists", r->err);
    while (st == OC_OK) {
        oc_json_token t;
        if ((st = oc_json_next(r->json, &t, r->err)) != OC_OK || t == OC_JSON_OBJECT_END)
            break;
        const char *key = oc_json_peek_text(r->json, NULL);
        bool        images = strcmp(key, "images") == 0;
        if (r->images_only ? !images : images && r->sizes) {
            annotations = annotations || strcmp(key, "annotations") == 0;
            st = oc_json_skip(r->json, r->err);
        } else if (images) {
            st = read_array(r, "a list of images", read_image);
        } else if (strcmp(key, "categories") == 0) {
            st = read_array(r, "a list of categories", read_category);
        } else if (strcmp(key, "annotations") == 0) {
            annotations = true;
            st = read_array(r, "a list of annotations", read_annotation);
        } else {
            st = oc_json_skip(r->json, r->err);
        }
    }
    if (st == OC_OK &&
        (!annotations || !r->set->images || (!r->images_only && !r->set->categories)))
        st = OC_FAIL(r->err, OC_FORMAT, "no images, no categories or no annotations");
    return st;
}

static oc_status read_results(reader *r, const oc_coco_set *truth)
{
    oc_status st = read_array(r, "a list of results", read_result);
    for (size_t i = 0; i < r->set->n_objects && st == OC_OK; i++)
        if (!oc_coco_set_image(truth, r->set->objects[i].image))
            st = OC_FAIL(r->err, OC_FORMAT, "result %zu is of image %lld, which the truth has not",
                         i + 1, (long long)r->set->objects[i].image);
    return st;
}

static oc_status read_document(reader *r, const char *path, const oc_coco_set *truth)
{
    oc_json_token t;
    oc_status     st = oc_json_open(path, &r->json, r->err);
    if (st == OC_OK)
        st = truth ? read_results(r, truth) : read_truth(r);
    if (st == OC_OK)
        st = oc_json_next(r->json, &t, r->err); /* nothing may follow */
    if (st == OC_OK)
        st = oc_coco_set_sort(r->set, r->err);
    oc_json_close(r->json);
    r->json = NULL;
    return st;
}

static oc_status read_file(const char *path, oc_coco_type type, const oc_coco_set *truth,
                           oc_coco_set *out, oc_error *err)
{
    oc_coco_set set = {0};
    reader      r = {.set = &set, .type = type, .err = err, .sizes = truth};
    oc_status   st = OC_OK;
    if (!truth && type == OC_COCO_SEGM) {
        r.images_only = true;
        st = read_document(&r, path, NULL);
        r.images_only = false;
        r.sizes = &set;
    }
    if (st == OC_OK)
        st = read_document(&r, path, truth);
    coco_segment_finish(&r.segment);
    if (st != OC_OK) {
        if (strncmp(err ? err->message : path, path, strlen(path)) != 0)
            oc_error_prefix(err, "%s", path);
        oc_coco_set_finish(&set);
        return st;
    }
    *out = set;
    return OC_OK;
}

oc_status oc_coco_read_truth(const char *path, oc_coco_type type, oc_coco_set *out, oc_error *err)
{
    return read_file(path, type, NULL, out, err);
}

oc_status oc_coco_read_results(const char *path, oc_coco_type type, const oc_coco_set *truth,
                               oc_coco_set *out, oc_error *err)
{
    return read_file(path, type, truth, out, err);
}
