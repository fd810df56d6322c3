/* YOLO: data.yaml, labels/[<split>/]<image>.txt beside images/[<split>/]<image>.jpg.
 *
 * A line is "class cx cy w h [score]" (boxes), "class x y x y x y ..." (outlines) or "class cx cy w
 * h x y [v] ..." (key-points, where data.yaml has kpt_shape): shares of the picture's sides.  Numbers
 * have six decimals, more where six would move a box by more than 3e-10 pixels. */
#include <libfyaml.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/formats.h"
#include "data/layout.h"

#define SPLITS_MAX 64
#define POINTS_MAX 1024
#define YAML_BYTES_MAX ((size_t)4 << 20)

typedef enum lines { BOXES, OUTLINES, POINTS } lines;

typedef struct reader {
    oc_data_set *set;
    int          n_points, n_per_point; /* kpt_shape */
    double      *number;
    size_t       n, cap;
} reader;

/* ---- data.yaml ---- */

static oc_status keep_name(oc_data_set *set, struct fy_node *node, oc_error *err)
{
    const char *text = fy_node_get_scalar0(node);
    uint32_t    at;
    size_t      before = set->n_categories;
    if (!text)
        return OC_FAIL(err, OC_FORMAT, "a name is not a text");
    oc_status st = oc_data_category_of(set, text, &at, err);
    if (st == OC_OK && set->n_categories == before)
        return OC_FAIL(err, OC_FORMAT, "the name '%.60s' is there twice", text);
    return st;
}

/* A list, or a map whose keys are 0, 1, 2 ... in order. */
static oc_status read_names(oc_data_set *set, struct fy_node *names, oc_error *err)
{
    void     *it = NULL;
    oc_status st = OC_OK;
    if (names && fy_node_is_sequence(names)) {
        struct fy_node *item;
        while (st == OC_OK && (item = fy_node_sequence_iterate(names, &it)))
            st = keep_name(set, item, err);
        return st;
    }
    if (!names || !fy_node_is_mapping(names))
        return OC_FAIL(err, OC_FORMAT, "no list of names");
    struct fy_node_pair *pair;
    while (st == OC_OK && (pair = fy_node_mapping_iterate(names, &it))) {
        const char *key = fy_node_get_scalar0(fy_node_pair_key(pair));
        int64_t     k;
        if (!key || !oc_data_integer(key, &k) || k != (int64_t)set->n_categories)
            return OC_FAIL(err, OC_FORMAT, "names are not numbered 0, 1, 2 ...");
        st = keep_name(set, fy_node_pair_value(pair), err);
    }
    return st;
}

static oc_status read_shape(reader *r, struct fy_node *shape, oc_error *err)
{
    int64_t v[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        struct fy_node *item = fy_node_sequence_get_by_index(shape, i);
        const char     *text = item ? fy_node_get_scalar0(item) : NULL;
        if (!text || !oc_data_integer(text, &v[i]))
            return OC_FAIL(err, OC_FORMAT, "kpt_shape is not [points, 2 or 3]");
    }
    if (v[0] < 1 || v[0] > POINTS_MAX || (v[1] != 2 && v[1] != 3))
        return OC_FAIL(err, OC_FORMAT, "kpt_shape is not [points, 2 or 3]");
    r->n_points = (int)v[0];
    r->n_per_point = (int)v[1];
    return OC_OK;
}

/* No aliases are followed: a file cannot grow by being read. */
static oc_status read_yaml(reader *r, const char *path, oc_error *err)
{
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_DEFAULT_PARSE};
    oc_bytes            b = {0};
    struct fy_document *doc = NULL;
    oc_status           st = oc_bytes_open(path, &b, err);
    if (st == OC_OK && b.n > YAML_BYTES_MAX)
        st = OC_FAIL(err, OC_UNSUPPORTED, "%s: %zu bytes are no data.yaml", path, b.n);
    if (st != OC_OK)
        goto out;
    doc = fy_document_build_from_string(&cfg, (const char *)b.data, b.n);
    struct fy_node *root = doc ? fy_document_root(doc) : NULL;
    if (!root || !fy_node_is_mapping(root)) {
        st = OC_FAIL(err, OC_FORMAT, "%s: not a YAML map", path);
        goto out;
    }
    st = read_names(r->set, fy_node_mapping_lookup_by_string(root, "names", (size_t)-1), err);
    struct fy_node *shape = fy_node_mapping_lookup_by_string(root, "kpt_shape", (size_t)-1);
    if (st == OC_OK && shape && fy_node_is_sequence(shape))
        st = read_shape(r, shape, err);
    if (st != OC_OK)
        oc_error_prefix(err, "%s", path);
out:
    fy_document_destroy(doc);
    oc_bytes_close(&b);
    return st;
}

static oc_status read_classes(reader *r, const char *root, oc_error *err)
{
    static const char *const lists[] = {"classes.txt", "obj.names", "labels/classes.txt"};
    char                     path[OC_DATA_PATH_MAX];
    oc_data_files            f = {0};
    oc_status                st = OC_OK;
    if (!oc_data_is_folder(root))
        return OC_FAIL(err, OC_FORMAT, "%s: YOLO labels are a folder with data.yaml or classes.txt",
                       root);
    if (oc_data_path(path, root, "data.yaml", err) == OC_OK && oc_data_is_file(path))
        return read_yaml(r, path, err);
    for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++)
        if (oc_data_path(path, root, lists[k], err) == OC_OK && oc_data_is_file(path))
            return data_read_names(path, r->set, err);
    if ((st = oc_data_files_list(root, ".yaml.yml", &f, err)) == OC_OK) {
        st = f.n != 1 ? OC_FAIL(err, OC_NOT_FOUND, "%s: no data.yaml, no classes.txt", root)
                      : oc_data_path(path, root, f.name[0], err);
        if (st == OC_OK)
            st = read_yaml(r, path, err);
    }
    oc_data_files_finish(&f);
    return st;
}

/* ---- labels ---- */

static oc_status take_numbers(reader *r, char *text, oc_error *err)
{
    char *at = text, *field;
    r->n = 0;
    while ((field = oc_data_field(&at, ' '))) {
        if (r->n == r->cap) {
            size_t  cap = r->cap * 2 + 64;
            double *p = reallocarray(r->number, cap, sizeof(*p));
            if (!p)
                return OC_FAIL(err, OC_NOMEM, "%zu numbers", cap);
            r->number = p;
            r->cap = cap;
        }
        if (!oc_data_number(field, &r->number[r->n]))
            return OC_FAIL(err, OC_FORMAT, "'%.40s' is not a number", field);
        r->n++;
    }
    return OC_OK;
}

static void take_box(oc_data_object *o, const double *v, double width, double height)
{
    o->has_box = true;
    o->box[0] = oc_data_round(v[0] * width - v[2] * width / 2);
    o->box[1] = oc_data_round(v[1] * height - v[3] * height / 2);
    o->box[2] = oc_data_round(v[2] * width);
    o->box[3] = oc_data_round(v[3] * height);
}

static oc_status take_points(reader *r, oc_data_object *o, double width, double height,
                             oc_error *err)
{
    size_t  n = (size_t)r->n_points;
    double *to = oc_arena_alloc(&r->set->mem, 3 * n, sizeof(*to));
    if (!to)
        return OC_FAIL(err, OC_NOMEM, "%zu key-points", n);
    for (size_t i = 0; i < n; i++) {
        const double *v = r->number + 5 + i * (size_t)r->n_per_point;
        to[3 * i] = oc_data_round(v[0] * width);
        to[3 * i + 1] = oc_data_round(v[1] * height);
        to[3 * i + 2] = r->n_per_point == 3 ? v[2] : v[0] != 0 || v[1] != 0 ? 2 : 0;
    }
    o->point = to;
    o->n_points = n;
    return OC_OK;
}

static oc_status take_line(reader *r, uint32_t image, oc_error *err)
{
    const oc_data_image *im = &r->set->images[image];
    oc_data_object       o = OC_DATA_OBJECT_INIT;
    double               width = im->width, height = im->height, *v = r->number;
    bool                 points = r->n_points > 0;
    oc_status            st = OC_OK;
    size_t               with_points = 5 + (size_t)(r->n_points * r->n_per_point);
    if (r->n < 5 || v[0] != floor(v[0]) || v[0] < 0)
        return OC_FAIL(err, OC_FORMAT, "not a class and numbers: %zu columns", r->n);
    if (v[0] >= (double)r->set->n_categories)
        return OC_FAIL(err, OC_FORMAT, "class %g of %zu", v[0], r->set->n_categories);
    o.image = image;
    o.category = (uint32_t)v[0];
    if (points && r->n != 5 && r->n != with_points)
        return OC_FAIL(err, OC_FORMAT, "%zu columns, kpt_shape wants %zu", r->n, with_points);
    if (points || r->n <= 6) {
        take_box(&o, v + 1, width, height);
        if (r->n == 6)
            o.score = v[5];
        if (points && r->n == with_points)
            st = take_points(r, &o, width, height, err);
    } else {
        if (r->n % 2 == 0)
            return OC_FAIL(err, OC_FORMAT, "an outline of %zu numbers", r->n - 1);
        for (size_t i = 1; i < r->n; i++)
            v[i] = oc_data_round(v[i] * (i & 1 ? width : height));
        st = oc_data_add_ring(r->set, &o, v + 1, (r->n - 1) / 2, err);
        oc_data_box_from_outline(&o, im->height);
    }
    return st == OC_OK ? oc_data_add_object(r->set, &o, err) : st;
}

static oc_status read_one(reader *r, const char *path, uint32_t image, oc_error *err)
{
    oc_data_lines l = {0};
    oc_status     st = oc_data_lines_open(path, &l, err);
    while (st == OC_OK && (st = oc_data_lines_next(&l, err)) == OC_OK) {
        if (!l.text[strspn(l.text, " \t")])
            continue;
        if ((st = take_numbers(r, l.text, err)) != OC_OK ||
            (st = take_line(r, image, err)) != OC_OK)
            oc_error_prefix(err, "%s: line %zu", path, l.line);
    }
    oc_data_lines_finish(&l);
    return st == OC_END ? OC_OK : st;
}

/* "labels/train/a/b.txt" and "train/labels/a/b.txt": split train, image a/b.  A first folder that is
 * no split of the usual names stays part of the image's name. */
static void split_of(const char *name, char *split, size_t bytes, const char **rest)
{
    static const char *const usual[] = {"train", "val", "valid", "test", "minival"};
    const char              *at = name;
    split[0] = 0;
    for (int step = 0; step < 2; step++) {
        size_t n = strcspn(at, "/");
        if (!at[n])
            break;
        if (n == 6 && strncmp(at, "labels", 6) == 0) {
            at += 7;
            continue;
        }
        for (size_t k = 0; k < sizeof(usual) / sizeof(usual[0]); k++) {
            if (!split[0] && strlen(usual[k]) == n && strncmp(at, usual[k], n) == 0 && n < bytes) {
                memcpy(split, at, n);
                split[n] = 0;
                at += n + 1;
                break;
            }
        }
    }
    *rest = at;
}

static bool is_label(const char *name)
{
    const char *base = oc_data_base(name);
    return strcmp(base, "classes.txt") != 0 &&
           (strncmp(name, "labels/", 7) == 0 || strstr(name, "/labels/") != NULL ||
            !strchr(name, '/'));
}

/* The images first, then their sizes, then the lines, whose numbers are shares of them. */
static oc_status read_images(reader *r, const char *path, const oc_data_files *f, uint32_t *image,
                             const oc_data_reading *how, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < f->n && st == OC_OK; i++) {
        char        split[32], stem[OC_DATA_PATH_MAX], probe[OC_DATA_PATH_MAX];
        const char *rest;
        image[i] = UINT32_MAX;
        split_of(f->name[i], split, sizeof(split), &rest);
        if (!is_label(f->name[i]) || !oc_data_swap_suffix(rest, "", stem, sizeof(stem)))
            continue;
        size_t before = r->set->n_images;
        snprintf(probe, sizeof(probe), "%.2000s/images/%s/%.2000s.png", path, split, stem);
        bool png = oc_data_is_file(probe);
        st = data_add_stem(r->set, stem, png ? ".png" : ".jpg", path, how, &image[i], err);
        if (st == OC_OK && split[0] && r->set->n_images > before &&
            !(r->set->images[image[i]].split = oc_data_text(r->set, split)))
            st = OC_FAIL(err, OC_NOMEM, "%s", path);
    }
    if (st == OC_OK && r->set->n_images == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no labels (labels/*.txt) below it", path);
    return st == OC_OK ? data_find_sizes(r->set, path, how, true, err) : st;
}

oc_status data_yolo_read(const char *path, const oc_data_reading *how, oc_data_set *out,
                         oc_error *err)
{
    reader        r = {.set = out};
    oc_data_files f = {0};
    uint32_t     *image = NULL;
    oc_status     st = read_classes(&r, path, err);
    if (st == OC_OK && (st = oc_data_files_list(path, ".txt", &f, err)) == OC_OK &&
        !(image = calloc(f.n + 1, sizeof(*image))))
        st = OC_FAIL(err, OC_NOMEM, "%s: %zu files", path, f.n);
    if (st == OC_OK)
        st = read_images(&r, path, &f, image, how, err);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        char name[OC_DATA_PATH_MAX];
        if (image[i] != UINT32_MAX && (st = oc_data_path(name, f.folder, f.name[i], err)) == OC_OK)
            st = read_one(&r, name, image[i], err);
    }
    oc_data_files_finish(&f);
    free(image);
    free(r.number);
    return st;
}

/* ---- out ---- */

bool data_yolo_place(const oc_data_set *set, uint32_t image, char *out, size_t bytes)
{
    const oc_data_image *im = &set->images[image];
    int n = snprintf(out, bytes, "images/%s%s%s", im->split ? im->split : "", im->split ? "/" : "",
                     im->file);
    return n > 0 && (size_t)n < bytes;
}

static size_t points_of(const oc_data_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < set->n_objects; i++)
        n = set->objects[i].n_points > n ? set->objects[i].n_points : n;
    return n;
}

static oc_status write_yaml(const oc_data_set *set, lines kind, const char *root, oc_error *err)
{
    const char *split[SPLITS_MAX];
    size_t      n = data_splits(set, split, SPLITS_MAX);
    char        path[OC_DATA_PATH_MAX];
    oc_data_out out = {0};
    oc_status   st = oc_data_path(path, root, "data.yaml", err);
    if (st != OC_OK || (st = oc_data_out_open(path, &out, err)) != OC_OK)
        return st;
    fputs("path: .\n", out.f);
    for (size_t k = 0; k < n; k++)
        if (*split[k])
            fprintf(out.f, "%s: images/%s\n", split[k], split[k]);
    if (n == 0 || (n == 1 && !*split[0]))
        fputs("train: images\nval: images\n", out.f);
    if (kind == POINTS)
        fprintf(out.f, "kpt_shape: [%zu, 3]\n", points_of(set));
    fputs("names:\n", out.f);
    for (size_t k = 0; k < set->n_categories; k++) {
        fprintf(out.f, "  %zu: ", k);
        oc_data_put_json(out.f, set->categories[k].name);
        putc('\n', out.f);
    }
    return oc_data_out_close(&out, st, err);
}

static void put_share(FILE *f, double v, double whole)
{
    char text[OC_DATA_NUMBER_MAX];
    fprintf(f, " %s", oc_data_print_share(text, v, whole));
}

static void put_box(FILE *f, const oc_data_object *o, double width, double height)
{
    put_share(f, o->box[0] + o->box[2] / 2, width);
    put_share(f, o->box[1] + o->box[3] / 2, height);
    put_share(f, o->box[2], width);
    put_share(f, o->box[3], height);
}

static void put_ring(FILE *f, const double *xy, size_t n, double width, double height)
{
    for (size_t i = 0; i < n; i++) {
        put_share(f, xy[2 * i], width);
        put_share(f, xy[2 * i + 1], height);
    }
}

/* Parts are joined by a seam that is walked there and back: it covers nothing. */
static void put_outline(FILE *f, const oc_data_object *o, double width, double height)
{
    if (o->n_rings == 0) {
        double x0 = o->box[0], y0 = o->box[1], x1 = x0 + o->box[2], y1 = y0 + o->box[3];
        double corner[8] = {x0, y0, x1, y0, x1, y1, x0, y1};
        put_ring(f, corner, 4, width, height);
        return;
    }
    for (size_t r = 0; r < o->n_rings; r++) {
        put_ring(f, o->ring[r].xy, o->ring[r].n, width, height);
        if (o->n_rings == 1)
            continue;
        put_ring(f, o->ring[r].xy, 1, width, height);
        if (r)
            put_ring(f, o->ring[0].xy, 1, width, height);
    }
}

static void put_points(FILE *f, const oc_data_object *o, size_t n, double width, double height)
{
    for (size_t i = 0; i < n; i++) {
        double none[3] = {0, 0, 0}, *p = i < o->n_points ? o->point + 3 * i : none;
        put_ring(f, p, 1, width, height);
        putc(' ', f);
        oc_data_put_number(f, p[2]);
    }
}

static oc_status write_one(const oc_data_set *set, const oc_data_index *x, size_t i, lines kind,
                           size_t n_points, const char *root, oc_error *err)
{
    const oc_data_image *im = &set->images[i];
    double               width = im->width, height = im->height;
    char                 name[OC_DATA_PATH_MAX], path[OC_DATA_PATH_MAX];
    oc_data_out          out = {0};
    int n = snprintf(name, sizeof(name), "%s/labels/%s%s%s", root, im->split ? im->split : "",
                     im->split ? "/" : "", im->file);
    if (n < 0 || (size_t)n >= sizeof(name) ||
        !oc_data_swap_suffix(name, ".txt", path, sizeof(path)))
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: too long a path", im->file);
    if (!im->width || !im->height)
        return OC_FAIL(err, OC_UNSUPPORTED,
                       "%s: its size is not known, YOLO's numbers are shares of it (--images)",
                       im->file);
    oc_status st = oc_data_out_open(path, &out, err);
    if (st != OC_OK)
        return st;
    for (uint32_t k = x->first[i]; k < x->first[i + 1]; k++) {
        const oc_data_object *o = &set->objects[x->order[k]];
        if (!o->has_box && (kind != OUTLINES || !o->n_rings))
            continue;
        fprintf(out.f, "%u", o->category);
        if (kind == OUTLINES) {
            put_outline(out.f, o, width, height);
        } else {
            put_box(out.f, o, width, height);
            put_points(out.f, o, n_points, width, height);
            if (kind == BOXES && !isnan(o->score)) {
                putc(' ', out.f);
                oc_data_put_number(out.f, o->score);
            }
        }
        putc('\n', out.f);
    }
    return oc_data_out_close(&out, st, err);
}

static oc_status write_all(const oc_data_set *set, const oc_data_index *index, lines kind,
                           const char *path, oc_error *err)
{
    size_t    n_points = kind == POINTS ? points_of(set) : 0;
    oc_status st = data_stems_differ(set, err);
    if (st == OC_OK && kind == POINTS && n_points == 0)
        st = OC_FAIL(err, OC_UNSUPPORTED, "no object has key-points: write yolo or yolo-seg");
    for (size_t i = 0; i < set->n_images && st == OC_OK; i++)
        st = write_one(set, index, i, kind, n_points, path, err);
    if (st == OC_OK)
        st = data_write_sizes(set, path, err);
    return st == OC_OK ? write_yaml(set, kind, path, err) : st;
}

oc_status data_yolo_write(const oc_data_set *set, const oc_data_index *index, const char *path,
                          oc_error *err)
{
    return write_all(set, index, BOXES, path, err);
}

oc_status data_yolo_seg_write(const oc_data_set *set, const oc_data_index *index, const char *path,
                              oc_error *err)
{
    return write_all(set, index, OUTLINES, path, err);
}

oc_status data_yolo_pose_write(const oc_data_set *set, const oc_data_index *index, const char *path,
                               oc_error *err)
{
    return write_all(set, index, POINTS, path, err);
}
