/* Labelme: one JSON file a picture, imagePath relative to it.
 *
 * A rectangle is a box, a polygon an outline; polygons of one label and group_id are one object; points
 * of its group are its key-points.  What COCO tells beside that goes into members that Labelme keeps
 * without knowing them: id, bbox, area, iscrowd, score, track_id, attributes.  Flags of shapes are
 * attributes that are true or false.  Circles become polygons; lines are kept as they are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/coco.h"
#include "data/formats.h"
#include "data/layout.h"

#define NAME "labelme"
#define CIRCLE_CORNERS 64
#define NO_GROUP INT64_MIN

typedef struct shape {
    const char    *label, *type;
    int64_t        group;
    double        *xy;
    size_t         n;
    int64_t        place; /* of a key-point, from our own files; -1 */
    double         seen;  /* its visibility */
    oc_data_object o;
    bool           joined; /* its group_id says no more than which parts are its */
} shape;

typedef struct reader {
    oc_data_set  *set;
    oc_json      *j;
    data_scratch  s;
    shape        *shape;
    size_t        n, cap;
    oc_data_image image;
    const char   *picture;
    oc_error     *err;
} reader;

static oc_status read_corners(reader *r, shape *p)
{
    oc_json_token t;
    oc_status     st = oc_json_expect(r->j, OC_JSON_ARRAY, "a list of points", r->err);
    size_t        cap = 0;
    double       *xy = NULL;
    p->n = 0; /* the last of two lists counts */
    while (st == OC_OK && (st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_ARRAY) {
        double pair[2];
        size_t n = 0;
        while ((st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_NUMBER && n < 2)
            pair[n++] = oc_json_number(r->j);
        if (st == OC_OK && (n != 2 || t != OC_JSON_ARRAY_END))
            st = data_json_fail(r->j, "a point is two numbers", r->err);
        if (st == OC_OK && p->n == cap) {
            double *more = reallocarray(xy, cap = cap * 2 + 16, 2 * sizeof(*xy));
            st = more ? OC_OK : OC_FAIL(r->err, OC_NOMEM, "%zu points", cap);
            xy = more ? more : xy;
        }
        if (st == OC_OK) {
            memcpy(xy + 2 * p->n, pair, sizeof(pair));
            p->n++;
        }
    }
    if (st == OC_OK && t != OC_JSON_ARRAY_END)
        st = data_json_fail(r->j, "a point is expected", r->err);
    if (st == OC_OK && !(p->xy = oc_data_doubles(r->set, xy, 2 * p->n)))
        st = OC_FAIL(r->err, OC_NOMEM, "%zu points", p->n);
    free(xy);
    return st;
}

static oc_status read_group(reader *r, int64_t *group)
{
    oc_json_token t;
    oc_status     st = oc_json_next(r->j, &t, r->err);
    if (st != OC_OK || t == OC_JSON_NULL)
        return st;
    double v = oc_json_number(r->j);
    if (t != OC_JSON_NUMBER || v != floor(v) || fabs(v) > 9e15)
        return data_json_fail(r->j, "group_id is a whole number or null", r->err);
    *group = (int64_t)v;
    return OC_OK;
}

static oc_status shape_member(reader *r, const char *key, shape *p)
{
    oc_json  *j = r->j;
    oc_error *err = r->err;
    int64_t   v = 0;
    oc_status st;
    if (strcmp(key, "label") == 0)
        return data_read_text(j, r->set, &p->label, err);
    if (strcmp(key, "shape_type") == 0)
        return data_read_text(j, r->set, &p->type, err);
    if (strcmp(key, "points") == 0)
        return read_corners(r, p);
    if (strcmp(key, "group_id") == 0)
        return read_group(r, &p->group);
    if (strcmp(key, "flags") == 0 || strcmp(key, "attributes") == 0)
        return data_read_attrs(r->set, j, &p->o.attrs, err);
    if (strcmp(key, "id") == 0)
        return data_read_int(j, "id", &p->o.id, err);
    if (strcmp(key, "bbox") == 0)
        return data_read_box(&r->s, j, &p->o, err);
    if (strcmp(key, "area") == 0)
        return data_read_float(j, "area", &p->o.area, err);
    if (strcmp(key, "score") == 0)
        return data_read_float(j, "score", &p->o.score, err);
    if (strcmp(key, "track_id") == 0)
        return data_read_int(j, "track_id", &p->o.track, err);
    if (strcmp(key, "keypoint") == 0)
        return data_read_int(j, "keypoint", &p->place, err);
    if (strcmp(key, "visibility") == 0)
        return data_read_float(j, "visibility", &p->seen, err);
    if (strcmp(key, "iscrowd") == 0) {
        st = data_read_int(j, "iscrowd", &v, err);
        p->o.crowd = v != 0;
        return st;
    }
    return data_read_extra(r->set, j, NAME, &p->o.extra, err);
}

static oc_status read_shape(reader *r)
{
    shape p = {.group = NO_GROUP, .place = -1, .seen = 2, .type = "polygon"};
    p.o = (oc_data_object)OC_DATA_OBJECT_INIT;
    oc_json_token t;
    oc_status     st;
    while ((st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_KEY)
        if ((st = shape_member(r, oc_json_peek_text(r->j, NULL), &p)) != OC_OK)
            return st;
    if (st != OC_OK)
        return st;
    if (!p.label || !*p.label || !p.xy)
        return data_json_fail(r->j, "a shape without label or points", r->err);
    if (r->n == r->cap) {
        size_t cap = r->cap * 2 + 32;
        shape *more = reallocarray(r->shape, cap, sizeof(*more));
        if (!more)
            return OC_FAIL(r->err, OC_NOMEM, "%zu shapes", cap);
        r->shape = more;
        r->cap = cap;
    }
    r->shape[r->n++] = p;
    return OC_OK;
}

static oc_status read_shapes(reader *r)
{
    oc_json_token t;
    oc_status     st = oc_json_expect(r->j, OC_JSON_ARRAY, "a list of shapes", r->err);
    while (st == OC_OK && (st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_OBJECT)
        st = read_shape(r);
    if (st == OC_OK && t != OC_JSON_ARRAY_END)
        return data_json_fail(r->j, "a shape is expected", r->err);
    return st;
}

static oc_status read_document(reader *r)
{
    oc_json_token t;
    bool          shapes = false;
    int64_t       v = 0;
    oc_status     st = oc_json_expect(r->j, OC_JSON_OBJECT, "Labelme's object", r->err);
    while (st == OC_OK && (st = oc_json_next(r->j, &t, r->err)) == OC_OK && t == OC_JSON_KEY) {
        const char *key = oc_json_peek_text(r->j, NULL);
        bool        wide = strcmp(key, "imageWidth") == 0;
        if (strcmp(key, "shapes") == 0) {
            shapes = true;
            st = read_shapes(r);
        } else if (strcmp(key, "imagePath") == 0) {
            st = data_read_text(r->j, r->set, &r->picture, r->err);
        } else if (wide || strcmp(key, "imageHeight") == 0) {
            st = data_read_int(r->j, key, &v, r->err);
            if (st == OC_OK && (v < 0 || v > OC_DATA_SIDE_MAX))
                st = data_json_fail(r->j, "an image's side is out of range", r->err);
            *(wide ? &r->image.width : &r->image.height) = (int32_t)v;
        } else if (strcmp(key, "id") == 0) {
            st = data_read_int(r->j, "id", &r->image.id, r->err);
        } else if (strcmp(key, "sequence") == 0) {
            st = data_read_text(r->j, r->set, &r->image.sequence, r->err);
        } else if (strcmp(key, "frame") == 0) {
            st = data_read_int(r->j, "frame", &r->image.frame, r->err);
        } else if (strcmp(key, "split") == 0) {
            st = data_read_text(r->j, r->set, &r->image.split, r->err);
        } else if (strcmp(key, "imageData") == 0 || strcmp(key, "version") == 0) {
            st = oc_json_skip(r->j, r->err);
        } else {
            st = data_read_extra(r->set, r->j, NAME, &r->image.extra, r->err);
        }
    }
    if (st == OC_OK)
        st = oc_json_next(r->j, &t, r->err);
    if (st == OC_OK && (!shapes || !r->picture))
        st = OC_FAIL(r->err, OC_FORMAT, "no shapes or no imagePath: not a Labelme file");
    return st;
}

static oc_status circle(reader *r, shape *p)
{
    double xy[2 * CIRCLE_CORNERS];
    double radius = hypot(p->xy[2] - p->xy[0], p->xy[3] - p->xy[1]);
    for (int i = 0; i < CIRCLE_CORNERS; i++) {
        xy[2 * i] = p->xy[0] + radius * cos(2 * M_PI * i / CIRCLE_CORNERS);
        xy[2 * i + 1] = p->xy[1] + radius * sin(2 * M_PI * i / CIRCLE_CORNERS);
    }
    return oc_data_add_ring(r->set, &p->o, xy, CIRCLE_CORNERS, r->err);
}

/* The shape's own part of its object; false: it makes none. */
static oc_status outline(reader *r, shape *p, bool *object)
{
    double *c = p->xy;
    *object = true;
    if (strcmp(p->type, "rectangle") == 0 && p->n == 2) {
        const double box[4] = {fmin(c[0], c[2]), fmin(c[1], c[3]), fabs(c[2] - c[0]),
                               fabs(c[3] - c[1])};
        for (int k = 0; k < 4; k++)
            p->o.box[k] = oc_data_round(box[k]);
        p->o.has_box = true;
        return OC_OK;
    }
    if (strcmp(p->type, "circle") == 0 && p->n == 2)
        return circle(r, p);
    if (strcmp(p->type, "polygon") == 0 && p->n >= 3)
        return oc_data_add_ring(r->set, &p->o, c, p->n, r->err);
    *object = false;
    return OC_OK;
}

static oc_status add_point(reader *r, oc_data_object *o, const shape *p)
{
    size_t at = p->place >= 0 && p->place < 4096 ? (size_t)p->place : o->n_points;
    if (at >= o->n_points) {
        double *more = oc_arena_alloc(&r->set->mem, 3 * (at + 1), sizeof(*more));
        if (!more)
            return OC_FAIL(r->err, OC_NOMEM, "%zu key-points", at);
        if (o->n_points)
            memcpy(more, o->point, 3 * o->n_points * sizeof(*more));
        o->point = more;
        o->n_points = at + 1;
    }
    o->point[3 * at] = p->xy[0];
    o->point[3 * at + 1] = p->xy[1];
    o->point[3 * at + 2] = p->seen;
    return OC_OK;
}

/* Lines and what else has no place in the model: kept whole, written back as a shape. */
static oc_status keep_shape(reader *r, const shape *p)
{
    char     *raw = NULL;
    size_t    n = 0;
    FILE     *f = open_memstream(&raw, &n);
    oc_status st = OC_OK;
    if (!f)
        return OC_FAIL(r->err, OC_NOMEM, "a shape");
    fputs("{\"label\": ", f);
    oc_data_put_json(f, p->label);
    fputs(", \"points\": [", f);
    for (size_t i = 0; i < p->n; i++) {
        fputs(i ? ", " : "", f);
        data_put_doubles(f, p->xy + 2 * i, 2);
    }
    fputs("], \"group_id\": ", f);
    fprintf(f, p->group == NO_GROUP ? "null" : "%lld", (long long)p->group);
    fputs(", \"shape_type\": ", f);
    oc_data_put_json(f, p->type);
    fputs(", \"flags\": {}", f);
    data_put_extras(f, &p->o.extra, NAME);
    putc('}', f);
    if (fclose(f) == 0)
        st = oc_data_add_extra(r->set, &r->image.extra, NAME, "shape", raw, r->err);
    free(raw);
    return st;
}

/* Earlier shape of the same object; NULL: this one begins it. */
static shape *partner(reader *r, size_t i)
{
    shape *p = &r->shape[i];
    for (size_t k = 0; p->group != NO_GROUP && k < i; k++) {
        shape *q = &r->shape[k];
        if (q->label && q->group == p->group && strcmp(q->label, p->label) == 0 && q->o.n_rings)
            return q;
    }
    return NULL;
}

static shape *owner(reader *r, const shape *p)
{
    for (size_t k = 0; p->group != NO_GROUP && k < r->n; k++) {
        shape *q = &r->shape[k];
        if (q->label && q->group == p->group && strcmp(q->type, "point") != 0 &&
            (q->o.has_box || q->o.n_rings))
            return q;
    }
    return NULL;
}

/* Parts to their objects: the first shape of an object carries all; the others lose their label. */
static oc_status join(reader *r)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < r->n && st == OC_OK; i++) {
        shape *p = &r->shape[i], *q;
        bool   object = false;
        if (strcmp(p->type, "point") == 0)
            continue;
        if ((st = outline(r, p, &object)) != OC_OK)
            break;
        if (!object) {
            st = keep_shape(r, p);
            p->label = NULL;
        } else if (p->o.n_rings && (q = partner(r, i))) {
            st = oc_data_add_ring(r->set, &q->o, p->xy, p->n, r->err);
            q->joined = true;
            p->label = NULL;
        }
    }
    for (size_t i = 0; i < r->n && st == OC_OK; i++) {
        shape *p = &r->shape[i], *q;
        if (!p->label || strcmp(p->type, "point") != 0 || p->n != 1)
            continue;
        if ((q = owner(r, p)) && q->label) {
            q->joined = true;
            st = add_point(r, &q->o, p);
            p->label = NULL;
        } else {
            p->place = -1;
            st = add_point(r, &p->o, p);
        }
    }
    return st;
}

static oc_status settle(reader *r, const char *folder)
{
    char      file[OC_DATA_PATH_MAX], picture[OC_DATA_PATH_MAX];
    uint32_t  image;
    oc_status st;
    snprintf(picture, sizeof(picture), "%s", r->picture);
    for (char *c = picture; *c; c++) /* as Windows writes them */
        *c = *c == '\\' ? '/' : *c;
    if (!oc_data_path_join(folder, picture, file, sizeof(file)))
        return OC_FAIL(r->err, OC_FORMAT, "imagePath '%.200s' leads out of the folder", r->picture);
    if ((st = oc_data_add_image(r->set, file, &image, r->err)) != OC_OK)
        return st;
    r->image.file = r->set->images[image].file;
    r->image.id = r->image.id ? r->image.id : (int64_t)image + 1;
    if ((st = join(r)) != OC_OK)
        return st;
    r->set->images[image] = r->image;
    for (size_t i = 0; i < r->n && st == OC_OK; i++) {
        shape *p = &r->shape[i];
        char   number[OC_DATA_NUMBER_MAX];
        if (!p->label)
            continue;
        p->o.image = image;
        if (p->group != NO_GROUP && !p->joined) {
            snprintf(number, sizeof(number), "%lld", (long long)p->group);
            if ((st = oc_data_add_plain(r->set, &p->o.attrs, "group_id", number, r->err)) != OC_OK)
                break;
        }
        oc_data_box_from_outline(&p->o, r->image.height);
        if ((st = oc_data_category_of(r->set, p->label, &p->o.category, r->err)) == OC_OK)
            st = oc_data_add_object(r->set, &p->o, r->err);
    }
    return st;
}

static oc_status read_one(reader *r, const char *path, const char *name)
{
    char folder[OC_DATA_PATH_MAX];
    snprintf(folder, sizeof(folder), "%.*s", (int)(oc_data_base(name) - name), name);
    r->n = 0;
    r->picture = NULL;
    r->image = (oc_data_image){.frame = -1};
    oc_status st = oc_json_open(path, &r->j, r->err);
    if (st != OC_OK)
        return st;
    if ((st = read_document(r)) == OC_OK)
        st = settle(r, folder);
    if (st != OC_OK && r->err && strncmp(r->err->message, path, strlen(path)) != 0)
        oc_error_prefix(r->err, "%s", path);
    oc_json_close(r->j);
    return st;
}

oc_status data_labelme_read(const char *path, const oc_data_reading *how, oc_data_set *out,
                            oc_error *err)
{
    reader        r = {.set = out, .err = err};
    oc_data_files f = {0};
    char          name[OC_DATA_PATH_MAX];
    bool          named = false;
    oc_status     st = oc_data_files_list(path, ".json", &f, err);
    (void)how;
    if (st == OC_OK && f.n == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no .json below it", path);
    if (st == OC_OK && oc_data_path(name, path, "labels.txt", err) == OC_OK &&
        oc_data_is_file(name)) {
        named = true;
        st = data_read_names(name, out, err);
    }
    for (size_t i = 0; i < f.n && st == OC_OK; i++)
        if ((st = oc_data_path(name, f.folder, f.name[i], err)) == OC_OK)
            st = read_one(&r, name, f.name[i]);
    oc_data_files_finish(&f);
    free(r.shape);
    free(r.s.number);
    return st == OC_OK && !named ? data_sort_categories(out, err) : st;
}
