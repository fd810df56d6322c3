/* CVAT's XML 1.1: <image> with shapes, or <track> with a shape a frame. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/cvat.h"
#include "data/formats.h"
#include "data/layout.h"
#include "data/xml.h"

#define FRAMES_MAX 10000000

typedef struct reader {
    oc_data_set   *set;
    bool           in_image, in_track, in_shape, drop;
    uint32_t       image;
    int64_t        track;
    const char    *label; /* of the track */
    const char    *sequence, *key;
    int32_t        width, height;
    char           name[256]; /* of the label in the head */
    bool           part;      /* it is a point of a skeleton */
    oc_data_object o;
    bool           occluded;
} reader;

/* ---- attributes ---- */

static oc_status number_attr(const char *const *attrs, const char *name, double *out, oc_error *err)
{
    const char *text = oc_xml_attr(attrs, name);
    if (!text || !oc_data_number(text, out))
        return OC_FAIL(err, OC_FORMAT, "%s '%.40s' is not a number", name, text ? text : "");
    return OC_OK;
}

static oc_status int_attr(const char *const *attrs, const char *name, int64_t low, int64_t high,
                          int64_t *out, oc_error *err)
{
    const char *text = oc_xml_attr(attrs, name);
    if (!text || !oc_data_integer(text, out) || *out < low || *out > high)
        return OC_FAIL(err, OC_FORMAT, "%s '%.40s' is not a whole number from %lld to %lld", name,
                       text ? text : "", (long long)low, (long long)high);
    return OC_OK;
}

static bool is_one(const char *const *attrs, const char *name)
{
    const char *text = oc_xml_attr(attrs, name);
    return text && strcmp(text, "1") == 0;
}

/* "x,y;x,y": *out is for free(). */
static oc_status points_attr(const char *const *attrs, double **out, size_t *n, oc_error *err)
{
    const char *text = oc_xml_attr(attrs, "points"), *p = text;
    size_t      pairs = text && *text ? 1 : 0;
    for (; p && *p; p++)
        pairs += *p == ';';
    double *xy = malloc((2 * pairs + 1) * sizeof(*xy));
    if (!xy)
        return OC_FAIL(err, OC_NOMEM, "%zu points", pairs);
    p = text;
    for (size_t i = 0; i < 2 * pairs; i++) {
        char *end;
        xy[i] = strtod(p, &end);
        bool last = i + 1 == 2 * pairs;
        if (end == p || !isfinite(xy[i]) || *end != (last ? 0 : i & 1 ? ';' : ',')) {
            free(xy);
            return OC_FAIL(err, OC_FORMAT, "points '%.40s' are not x,y;x,y;...", text);
        }
        p = end + !last;
    }
    if (pairs == 0) {
        free(xy);
        return OC_FAIL(err, OC_FORMAT, "a shape without points");
    }
    *out = xy;
    *n = pairs;
    return OC_OK;
}

/* ---- shapes ---- */

static oc_status take_box(reader *r, const char *const *attrs, oc_error *err)
{
    static const char *const side[] = {"xtl", "ytl", "xbr", "ybr"};
    double                   c[4];
    oc_status                st = OC_OK;
    for (int k = 0; k < 4 && st == OC_OK; k++)
        st = number_attr(attrs, side[k], &c[k], err);
    if (st != OC_OK)
        return st;
    r->o.has_box = true;
    r->o.box[0] = c[0];
    r->o.box[1] = c[1];
    r->o.box[2] = oc_data_round(c[2] - c[0]);
    r->o.box[3] = oc_data_round(c[3] - c[1]);
    return OC_OK;
}

static oc_status take_polygon(reader *r, const char *const *attrs, oc_error *err)
{
    double   *xy = NULL;
    size_t    n = 0;
    oc_status st = points_attr(attrs, &xy, &n, err);
    if (st == OC_OK && n < 3)
        st = OC_FAIL(err, OC_FORMAT, "a polygon of %zu corners", n);
    if (st == OC_OK)
        st = oc_data_add_ring(r->set, &r->o, xy, n, err);
    free(xy);
    return st;
}

static oc_status push_point(reader *r, double x, double y, double seen, oc_error *err)
{
    size_t n = r->o.n_points;
    if ((n & (n - 1)) == 0) {
        double *p = oc_arena_alloc(&r->set->mem, 3 * (n ? 2 * n : 1), sizeof(*p));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "%zu key-points", n);
        if (n)
            memcpy(p, r->o.point, 3 * n * sizeof(*p));
        r->o.point = p;
    }
    double *at = r->o.point + 3 * n;
    at[0] = x;
    at[1] = y;
    at[2] = seen;
    r->o.n_points++;
    return OC_OK;
}

static oc_status take_points(reader *r, const char *const *attrs, oc_error *err)
{
    double   *xy = NULL;
    size_t    n = 0;
    double    seen = is_one(attrs, "outside") ? 0 : is_one(attrs, "occluded") ? 1 : 2;
    oc_status st = points_attr(attrs, &xy, &n, err);
    for (size_t i = 0; i < n && st == OC_OK; i++)
        st = push_point(r, xy[2 * i], xy[2 * i + 1], seen, err);
    free(xy);
    return st;
}

/* One point of a skeleton; the first skeleton of a category gives the points their names. */
static oc_status skeleton_point(reader *r, const char *const *attrs, oc_error *err)
{
    const char       *name = oc_xml_attr(attrs, "label");
    oc_data_category *c = &r->set->categories[r->o.category];
    oc_status         st = take_points(r, attrs, err);
    if (st == OC_OK && r->o.n_points == c->n_points + 1 && name) {
        size_t       n = c->n_points;
        const char **p = c->point;
        if ((n & (n - 1)) == 0 && (p = oc_arena_alloc(&r->set->mem, n ? 2 * n : 1, sizeof(*p))) &&
            n)
            memcpy(p, c->point, n * sizeof(*p));
        const char *text = oc_data_text(r->set, name);
        if (!p || !text)
            return OC_FAIL(err, OC_NOMEM, "key-points");
        c->point = p;
        c->point[c->n_points++] = text;
    }
    return st;
}

/* Run lengths along the rows of a patch, to those down the columns of the image. */
static oc_status take_mask(reader *r, const char *const *attrs, oc_error *err)
{
    static const char *const name[] = {"left", "top", "width", "height"};
    const oc_data_image     *im = &r->set->images[r->image];
    int64_t                  v[4];
    const char              *p = oc_xml_attr(attrs, "rle");
    oc_status                st = OC_OK;
    for (int k = 0; k < 4 && st == OC_OK; k++)
        st = int_attr(attrs, name[k], k < 2 ? 0 : 1, OC_DATA_SIDE_MAX, &v[k], err);
    if (st != OC_OK)
        return st;
    if (!p || v[0] + v[2] > im->width || v[1] + v[3] > im->height ||
        (int64_t)im->width * im->height > (int64_t)1 << 26)
        return OC_FAIL(err, OC_FORMAT, "a mask that is no part of its image");
    unsigned char *bit = calloc((size_t)(v[2] * v[3]), 1);
    uint32_t      *run = malloc((size_t)(2 * v[2] * v[3] + 3) * sizeof(*run));
    int64_t        at = 0, all = v[2] * v[3];
    if (!bit || !run)
        st = OC_FAIL(err, OC_NOMEM, "a mask");
    for (bool on = false; st == OC_OK && *p; on = !on) {
        char     *end;
        long long n = strtoll(p, &end, 10);
        if (end == p || n < 0 || n > all - at) {
            st = OC_FAIL(err, OC_FORMAT, "rle is longer than the mask or no list of numbers");
            break;
        }
        memset(bit + at, on, (size_t)n);
        at += n;
        p = end + strspn(end, ", ");
    }
    size_t   n_runs = 0;
    uint32_t length = 0;
    bool     now = false;
    if (st == OC_OK)
        length = (uint32_t)(v[0] * im->height);
    for (int64_t x = 0; x < v[2] && st == OC_OK; x++) {
        length += (uint32_t)v[1];
        if (now && v[1]) {
            run[n_runs++] = length - (uint32_t)v[1];
            length = (uint32_t)v[1];
            now = false;
        }
        for (int64_t y = 0; y < v[3]; y++) {
            if ((bit[y * v[2] + x] != 0) != now) {
                run[n_runs++] = length;
                length = 0;
                now = !now;
            }
            length++;
        }
        uint32_t below = (uint32_t)(im->height - v[1] - v[3]);
        if (now && below) {
            run[n_runs++] = length;
            length = 0;
            now = false;
        }
        length += below;
    }
    if (st == OC_OK) {
        uint32_t rest = (uint32_t)((im->width - v[0] - v[2]) * im->height);
        if (now && rest) {
            run[n_runs++] = length;
            length = 0;
        }
        run[n_runs++] = length + rest;
        r->o.run = oc_arena_dup(&r->set->mem, run, n_runs * sizeof(*run));
        r->o.n_runs = n_runs;
        st = r->o.run ? OC_OK : OC_FAIL(err, OC_NOMEM, "a mask");
    }
    free(bit);
    free(run);
    return st;
}

static const struct {
    const char *name;
    oc_status (*take)(reader *r, const char *const *attrs, oc_error *err);
} shapes[] = {{"box", take_box},
              {"polygon", take_polygon},
              {"points", take_points},
              {"mask", take_mask},
              {"skeleton", NULL}};

static bool is_shape(const char *name)
{
    for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++)
        if (strcmp(name, shapes[k].name) == 0)
            return true;
    return false;
}

/* ---- records ---- */

static oc_status open_image(reader *r, const char *const *attrs, oc_error *err)
{
    const char *name = oc_xml_attr(attrs, "name"), *subset = oc_xml_attr(attrs, "subset");
    int64_t     id = 0, side[2] = {0, 0};
    oc_status   st = int_attr(attrs, "width", 0, OC_DATA_SIDE_MAX, &side[0], err);
    if (st != OC_OK ||
        (st = int_attr(attrs, "height", 0, OC_DATA_SIDE_MAX, &side[1], err)) != OC_OK ||
        (st = int_attr(attrs, "id", 0, INT64_MAX / 2, &id, err)) != OC_OK)
        return st;
    if (!name)
        return OC_FAIL(err, OC_FORMAT, "an image without a name");
    if ((st = oc_data_add_image(r->set, name, &r->image, err)) != OC_OK)
        return st;
    oc_data_image *im = &r->set->images[r->image];
    im->id = id;
    im->width = (int32_t)side[0];
    im->height = (int32_t)side[1];
    if (subset && *subset && !(im->split = oc_data_text(r->set, subset)))
        return OC_FAIL(err, OC_NOMEM, "a subset");
    r->in_image = true;
    return OC_OK;
}

static oc_status open_track(reader *r, const char *const *attrs, oc_error *err)
{
    const char *label = oc_xml_attr(attrs, "label");
    oc_status   st = int_attr(attrs, "id", 0, INT64_MAX / 2, &r->track, err);
    if (st == OC_OK && !(r->label = oc_data_text(r->set, label ? label : "")))
        st = OC_FAIL(err, OC_NOMEM, "a label");
    r->in_track = true;
    return st;
}

static oc_status frame_image(reader *r, int64_t frame, oc_error *err)
{
    char file[512];
    snprintf(file, sizeof(file), "frame_%06lld.jpg", (long long)frame);
    if (oc_data_find_image(r->set, file, &r->image))
        return OC_OK;
    oc_status st = oc_data_add_image(r->set, file, &r->image, err);
    if (st == OC_OK) {
        oc_data_image *im = &r->set->images[r->image];
        im->sequence = r->sequence ? r->sequence : "video";
        im->frame = frame;
        im->width = r->width;
        im->height = r->height;
    }
    return st;
}

static oc_status open_shape(reader *r, const char *name, const char *const *attrs, oc_error *err)
{
    const char *label = r->in_track ? r->label : oc_xml_attr(attrs, "label");
    int64_t     frame = 0;
    oc_status   st = OC_OK;
    r->o = (oc_data_object)OC_DATA_OBJECT_INIT;
    r->in_shape = true;
    r->drop = r->in_track && is_one(attrs, "outside");
    r->occluded = is_one(attrs, "occluded");
    if (r->drop)
        return OC_OK;
    if (r->in_track) {
        if ((st = int_attr(attrs, "frame", 0, FRAMES_MAX, &frame, err)) != OC_OK ||
            (st = frame_image(r, frame, err)) != OC_OK)
            return st;
        r->o.track = r->track;
    }
    r->o.image = r->image;
    if (!label || !*label)
        return OC_FAIL(err, OC_FORMAT, "a shape without a label");
    st = oc_data_category_of(r->set, label, &r->o.category, err);
    for (size_t k = 0; k < CVAT_TAGS && st == OC_OK; k++) {
        const char *text = oc_xml_attr(attrs, cvat_tags[k][0]);
        if (text && strcmp(text, cvat_tags[k][1]) != 0)
            st = oc_data_add_plain(r->set, &r->o.attrs, cvat_tags[k][0], text, err);
    }
    for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]) && st == OC_OK; k++)
        if (strcmp(name, shapes[k].name) == 0 && shapes[k].take)
            st = shapes[k].take(r, attrs, err);
    return st;
}

static oc_status on_open(void *ctx, const oc_xml *x, const char *name, const char *const *attrs,
                         oc_error *err)
{
    reader     *r = ctx;
    size_t      depth = oc_xml_depth(x);
    const char *key;
    if (depth == 1)
        return strcmp(name, "annotations") == 0
                   ? OC_OK
                   : OC_FAIL(err, OC_FORMAT, "<%s> is no CVAT file", name);
    if (depth == 2 && strcmp(name, "image") == 0)
        return open_image(r, attrs, err);
    if (depth == 2 && strcmp(name, "track") == 0)
        return open_track(r, attrs, err);
    if (depth == 3 && (r->in_image || r->in_track) && is_shape(name))
        return open_shape(r, name, attrs, err);
    if (depth == 4 && r->in_shape && !r->drop && strcmp(name, "points") == 0 &&
        strcmp(oc_xml_name(x, 3), "skeleton") == 0)
        return skeleton_point(r, attrs, err);
    if (strcmp(name, "label") == 0) {
        r->name[0] = 0;
        r->part = false;
    }
    if (depth == 4 && r->in_shape && strcmp(name, "attribute") == 0) {
        key = oc_xml_attr(attrs, "name");
        r->key = oc_data_text(r->set, key ? key : "");
    }
    return OC_OK;
}

static oc_status close_shape(reader *r, oc_error *err)
{
    oc_status st = OC_OK;
    r->in_shape = false;
    if (r->drop)
        return OC_OK;
    if (r->occluded && !oc_data_attr_of(&r->o.attrs, "occluded"))
        st = oc_data_add_plain(r->set, &r->o.attrs, "occluded", "1", err);
    oc_data_box_from_outline(&r->o, r->set->images[r->image].height);
    return st == OC_OK ? oc_data_add_object(r->set, &r->o, err) : st;
}

/* Inside <meta>: names of labels, the video's name and size. */
static oc_status close_head(reader *r, const oc_xml *x, const char *name, const char *text,
                            oc_error *err)
{
    size_t      depth = oc_xml_depth(x);
    const char *above = oc_xml_name(x, depth - 1);
    uint32_t    ignored;
    int64_t     v;
    if (strcmp(above, "label") == 0 && strcmp(name, "name") == 0)
        snprintf(r->name, sizeof(r->name), "%s", text);
    else if (strcmp(above, "label") == 0 && strcmp(name, "parent") == 0)
        r->part = *text != 0;
    else if (strcmp(above, "labels") == 0 && strcmp(name, "label") == 0 && !r->part && r->name[0])
        return oc_data_category_of(r->set, r->name, &ignored, err);
    else if (strcmp(above, "original_size") == 0 && oc_data_integer(text, &v) && v > 0 &&
             v <= OC_DATA_SIDE_MAX)
        *(strcmp(name, "width") == 0 ? &r->width : &r->height) = (int32_t)v;
    else if (strcmp(name, "source") == 0 && *text)
        return (r->sequence = oc_data_text(r->set, text)) ? OC_OK
                                                          : OC_FAIL(err, OC_NOMEM, "a name");
    return OC_OK;
}

static oc_status on_close(void *ctx, const oc_xml *x, const char *name, const char *text,
                          oc_error *err)
{
    reader *r = ctx;
    size_t  depth = oc_xml_depth(x);
    if (depth > 2 && strcmp(oc_xml_name(x, 2), "meta") == 0)
        return close_head(r, x, name, text, err);
    if (depth == 2)
        r->in_image = r->in_track = false;
    if (depth == 3 && r->in_shape)
        return close_shape(r, err);
    if (depth == 4 && r->in_shape && !r->drop && r->key && *r->key &&
        strcmp(name, "attribute") == 0)
        return data_take_attr(r->set, &r->o, r->key, text, err);
    return OC_OK;
}

oc_status data_cvat_read(const char *path, const oc_data_reading *how, oc_data_set *out,
                         oc_error *err)
{
    reader               r = {.set = out};
    const oc_xml_handler handler = {on_open, on_close, &r};
    char                 inner[OC_DATA_PATH_MAX];
    oc_status            st = oc_data_path(inner, path, "annotations.xml", err);
    (void)how;
    return st == OC_OK ? oc_xml_read(oc_data_is_folder(path) ? inner : path, &handler, err) : st;
}
