/* Pascal VOC: Annotations/<image>.xml, ImageSets/Main/<split>.txt, labelmap.txt.
 *
 * The devkit counts pixels from 1 and both corners belong to the box: xmin = x + 1, xmax = x + width.
 * "voc-corners" is what CVAT, Datumaro and others write: xmin = x, xmax = x + width.
 * Attributes: pose, truncated, difficult, occluded as VOC has them; the rest in <attributes>. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/formats.h"
#include "data/layout.h"
#include "data/xml.h"

#define NAME "voc"
#define SPLITS_MAX 64

/* Members of an object that are attributes, with the value that says nothing. */
static const char *const flags[][2] = {
    {"pose", "Unspecified"}, {"truncated", "0"}, {"difficult", "0"}, {"occluded", "0"}};
#define FLAGS (sizeof(flags) / sizeof(flags[0]))

static const char *const sides[] = {"xmin", "ymin", "xmax", "ymax"};

typedef struct reader {
    oc_data_set           *set;
    const char            *stem; /* of the file, below Annotations */
    const oc_data_reading *how;
    double                 first; /* the number of the first pixel: 1 or 0 */
    oc_data_image          image;
    char                   file[OC_DATA_PATH_MAX];
    oc_data_object         object;
    const char            *category;
    double                 corner[4];
    unsigned               seen;
    const char            *key;  /* of the open attribute */
    oc_data_object        *list; /* of this image, until its name is known */
    const char           **names;
    size_t                 n, cap;
} reader;

/* ---- in ---- */

static oc_status keep_object(reader *r, oc_error *err)
{
    const double *c = r->corner;
    if (!r->category)
        return OC_FAIL(err, OC_FORMAT, "an object without a name");
    if (r->seen == 15) {
        oc_data_object *o = &r->object;
        o->has_box = true;
        o->box[0] = oc_data_round(c[0] - r->first);
        o->box[1] = oc_data_round(c[1] - r->first);
        o->box[2] = oc_data_round(c[2] - c[0] + r->first);
        o->box[3] = oc_data_round(c[3] - c[1] + r->first);
    } else {
        return OC_FAIL(err, OC_FORMAT, "an object without a whole bndbox");
    }
    if (r->n == r->cap) {
        size_t          cap = r->cap * 2 + 16;
        oc_data_object *p = reallocarray(r->list, cap, sizeof(*p));
        if (p)
            r->list = p;
        const char **q = reallocarray(r->names, cap, sizeof(*q));
        if (q)
            r->names = q;
        if (!p || !q)
            return OC_FAIL(err, OC_NOMEM, "%zu objects", cap);
        r->cap = cap;
    }
    r->names[r->n] = r->category;
    r->list[r->n++] = r->object;
    return OC_OK;
}

static oc_status on_open(void *ctx, const oc_xml *x, const char *name, const char *const *attrs,
                         oc_error *err)
{
    reader *r = ctx;
    (void)attrs;
    if (oc_xml_depth(x) == 1 && strcmp(name, "annotation") != 0)
        return OC_FAIL(err, OC_FORMAT, "<%s> is no VOC annotation", name);
    if (oc_xml_depth(x) == 2 && strcmp(name, "object") == 0) {
        r->object = (oc_data_object)OC_DATA_OBJECT_INIT;
        r->category = NULL;
        r->seen = 0;
    }
    return OC_OK;
}

static oc_status keep_raw(reader *r, const oc_xml *x, oc_data_extras *to, const char *name,
                          oc_error *err)
{
    size_t      n;
    const char *raw = oc_xml_peek_raw(x, &n);
    char       *copy = malloc(n + 1);
    if (!copy)
        return OC_FAIL(err, OC_NOMEM, "<%s>", name);
    memcpy(copy, raw, n);
    copy[n] = 0;
    oc_status st = oc_data_add_extra(r->set, to, NAME, name, copy, err);
    free(copy);
    return st;
}

static oc_status object_member(reader *r, const oc_xml *x, const char *name, const char *text,
                               oc_error *err)
{
    if (strcmp(name, "name") == 0)
        return (r->category = oc_data_text(r->set, text)) ? OC_OK
                                                          : OC_FAIL(err, OC_NOMEM, "a name");
    if (strcmp(name, "bndbox") == 0 || strcmp(name, "attributes") == 0)
        return OC_OK;
    for (size_t k = 0; k < FLAGS; k++) {
        if (strcmp(name, flags[k][0]) != 0)
            continue;
        bool silent = !*text || strcmp(text, flags[k][1]) == 0;
        return silent ? OC_OK : oc_data_add_plain(r->set, &r->object.attrs, name, text, err);
    }
    return keep_raw(r, x, &r->object.extra, name, err);
}

static oc_status image_member(reader *r, const oc_xml *x, const char *name, const char *text,
                              oc_error *err)
{
    if (strcmp(name, "object") == 0)
        return keep_object(r, err);
    if (strcmp(name, "filename") == 0) {
        if (strlen(text) >= sizeof(r->file))
            return OC_FAIL(err, OC_FORMAT, "filename is too long");
        memcpy(r->file, text, strlen(text) + 1);
        return OC_OK;
    }
    return strcmp(name, "size") == 0 ? OC_OK : keep_raw(r, x, &r->image.extra, name, err);
}

static oc_status size_member(reader *r, const char *name, const char *text, oc_error *err)
{
    int64_t v;
    if (!oc_data_integer(text, &v) || v < 0 || v > OC_DATA_SIDE_MAX)
        return OC_FAIL(err, OC_FORMAT, "%s '%.40s' is no size", name, text);
    if (strcmp(name, "width") == 0)
        r->image.width = (int32_t)v;
    else if (strcmp(name, "height") == 0)
        r->image.height = (int32_t)v;
    else if (strcmp(name, "depth") == 0 && v != 3)
        return oc_data_add_extra(r->set, &r->image.extra, NAME, name, text, err);
    return OC_OK;
}

static oc_status corner_member(reader *r, const char *name, const char *text, oc_error *err)
{
    for (unsigned k = 0; k < 4; k++) {
        if (strcmp(name, sides[k]) != 0)
            continue;
        if (!oc_data_number(text, &r->corner[k]))
            return OC_FAIL(err, OC_FORMAT, "%s '%.40s' is not a number", name, text);
        r->seen |= 1u << k;
    }
    return OC_OK;
}

static oc_status on_close(void *ctx, const oc_xml *x, const char *name, const char *text,
                          oc_error *err)
{
    reader     *r = ctx;
    size_t      depth = oc_xml_depth(x);
    const char *second = oc_xml_name(x, 2), *third = oc_xml_name(x, 3);
    bool        object = strcmp(second, "object") == 0;
    if (depth == 2)
        return image_member(r, x, name, text, err);
    if (depth == 3 && strcmp(second, "size") == 0)
        return size_member(r, name, text, err);
    if (depth == 3 && object)
        return object_member(r, x, name, text, err);
    if (depth == 4 && object && strcmp(third, "bndbox") == 0)
        return corner_member(r, name, text, err);
    if (depth == 5 && object && strcmp(third, "attributes") == 0) {
        if (strcmp(name, "name") == 0) {
            r->key = oc_data_text(r->set, text);
            return r->key ? OC_OK : OC_FAIL(err, OC_NOMEM, "an attribute");
        }
        if (strcmp(name, "value") == 0 && r->key)
            return data_take_attr(r->set, &r->object, r->key, text, err);
    }
    return OC_OK;
}

static oc_status read_one(reader *r, const char *path, oc_error *err)
{
    const oc_xml_handler handler = {on_open, on_close, r};
    uint32_t             image = 0;
    r->n = 0;
    r->file[0] = 0;
    r->image = (oc_data_image){.frame = -1};
    oc_status st = oc_xml_read(path, &handler, err);
    if (st != OC_OK)
        return st;
    /* the labels' own folder counts: <filename> is the name alone as a rule */
    const char *slash = strrchr(r->stem, '/');
    char        full[OC_DATA_PATH_MAX];
    size_t      n = slash && !strchr(r->file, '/') ? (size_t)(slash - r->stem) + 1 : 0;
    if (snprintf(full, sizeof(full), "%.*s%s", (int)n, r->stem, r->file) >= (int)sizeof(full))
        return OC_FAIL(err, OC_FORMAT, "filename is too long");
    st = r->file[0] ? oc_data_add_image(r->set, full, &image, err)
                    : data_add_stem(r->set, r->stem, ".jpg", ".", r->how, &image, err);
    if (st == OC_OK) {
        r->image.id = r->set->images[image].id;
        r->image.file = r->set->images[image].file;
        r->set->images[image] = r->image;
    }
    for (size_t i = 0; i < r->n && st == OC_OK; i++) {
        oc_data_object *o = &r->list[i];
        o->image = image;
        if ((st = oc_data_category_of(r->set, r->names[i], &o->category, err)) == OC_OK)
            st = oc_data_add_object(r->set, o, err);
    }
    if (st != OC_OK)
        oc_error_prefix(err, "%s", path);
    return st;
}

/* ImageSets/Main/train.txt: stems of a split.  Lists of one class ("cat_train.txt") are not read. */
static oc_status read_splits(oc_data_set *set, const char *root, oc_error *err)
{
    char          folder[OC_DATA_PATH_MAX], stem[OC_DATA_PATH_MAX];
    oc_data_files f = {0};
    oc_strmap     stems = {0};
    oc_arena      mem = {0};
    oc_status     st = oc_data_path(folder, root, "ImageSets/Main", err);
    if (st != OC_OK || !oc_data_is_folder(folder))
        return st;
    for (size_t i = 0; i < set->n_images; i++) {
        char *copy = oc_data_swap_suffix(set->images[i].file, "", stem, sizeof(stem))
                         ? oc_arena_strndup(&mem, stem, strlen(stem))
                         : NULL;
        if (!copy || !oc_strmap_put(&stems, copy, (uint32_t)i))
            st = OC_FAIL(err, OC_NOMEM, "splits");
    }
    if (st == OC_OK)
        st = oc_data_files_list(folder, ".txt", &f, err);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        oc_data_lines l = {0};
        if (strchr(f.name[i], '_') || !oc_data_swap_suffix(f.name[i], "", stem, sizeof(stem)) ||
            (st = oc_data_path(folder, f.folder, f.name[i], err)) != OC_OK ||
            (st = oc_data_lines_open(folder, &l, err)) != OC_OK)
            continue;
        while ((st = oc_data_lines_next(&l, err)) == OC_OK) {
            uint32_t image;
            if (oc_strmap_get(&stems, l.text, &image) && !set->images[image].split &&
                strcmp(stem, "trainval") != 0 &&
                !(set->images[image].split = oc_data_text(set, stem)))
                st = OC_FAIL(err, OC_NOMEM, "splits");
        }
        st = st == OC_END ? OC_OK : st;
        oc_data_lines_finish(&l);
    }
    oc_data_files_finish(&f);
    oc_strmap_finish(&stems);
    oc_arena_finish(&mem);
    return st;
}

static oc_status read_all(const char *path, const oc_data_reading *how, double first,
                          oc_data_set *out, oc_error *err)
{
    reader        r = {.set = out, .how = how, .first = first};
    char          folder[OC_DATA_PATH_MAX], name[OC_DATA_PATH_MAX];
    oc_data_files f = {0};
    bool          named = false;
    oc_status     st = oc_data_path(folder, path, "Annotations", err);
    if (st == OC_OK && oc_data_path(name, path, "labelmap.txt", err) == OC_OK &&
        oc_data_is_file(name)) {
        named = true;
        st = data_read_names(name, out, err);
    }
    if (st == OC_OK)
        st = oc_data_files_list(oc_data_is_folder(folder) ? folder : path, ".xml", &f, err);
    if (st == OC_OK && f.n == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no .xml below it", path);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        char stem[OC_DATA_PATH_MAX];
        r.stem = stem;
        if ((st = oc_data_path(name, f.folder, f.name[i], err)) == OC_OK &&
            oc_data_swap_suffix(f.name[i], "", stem, sizeof(stem)))
            st = read_one(&r, name, err);
    }
    if (st == OC_OK && !named)
        st = data_sort_categories(out, err);
    if (st == OC_OK)
        st = read_splits(out, path, err);
    oc_data_files_finish(&f);
    free(r.list);
    free(r.names);
    return st;
}

oc_status data_voc_read(const char *path, const oc_data_reading *how, oc_data_set *out,
                        oc_error *err)
{
    return read_all(path, how, 1, out, err);
}

oc_status data_voc_corners_read(const char *path, const oc_data_reading *how, oc_data_set *out,
                                oc_error *err)
{
    return read_all(path, how, 0, out, err);
}

/* ---- out ---- */

static void put_text(FILE *f, const char *tabs, const char *name, const char *text)
{
    fprintf(f, "%s<%s>", tabs, name);
    oc_data_put_xml(f, text);
    fprintf(f, "</%s>\n", name);
}

/* Elements kept from a VOC file: `before` those of this list or, NULL, all that are in none. */
static void put_kept(FILE *f, const char *tabs, const oc_data_extras *e, const char *which)
{
    static const char placed[] = " folder depth source owner segmented ";
    for (size_t i = 0; i < e->n; i++) {
        char word[160];
        snprintf(word, sizeof(word), " %.140s ", e->item[i].key);
        if (strcmp(e->item[i].format, NAME) == 0 &&
            (which ? strstr(which, word) != NULL : strstr(placed, word) == NULL))
            fprintf(f, "%s%s\n", tabs, e->item[i].raw);
    }
}

static const char *depth_of(const oc_data_image *im)
{
    for (size_t i = 0; i < im->extra.n; i++)
        if (strcmp(im->extra.item[i].format, NAME) == 0 &&
            strcmp(im->extra.item[i].key, "depth") == 0)
            return im->extra.item[i].raw;
    return "3";
}

static bool is_flag(const char *key)
{
    for (size_t k = 0; k < FLAGS; k++)
        if (strcmp(key, flags[k][0]) == 0)
            return true;
    return false;
}

static void put_attribute(FILE *f, const oc_data_attr *a)
{
    fputs("\t\t\t<attribute>\n", f);
    put_text(f, "\t\t\t\t", "name", a->key);
    put_text(f, "\t\t\t\t", "value", a->text);
    fputs("\t\t\t</attribute>\n", f);
}

static void put_object(FILE *f, const oc_data_set *set, const oc_data_object *o, double first)
{
    data_hidden h;
    size_t      own = 0;
    double      corner[4] = {o->box[0] + first, o->box[1] + first, o->box[0] + o->box[2],
                             o->box[1] + o->box[3]};
    char        number[OC_DATA_NUMBER_MAX];
    fputs("\t<object>\n", f);
    put_text(f, "\t\t", "name", set->categories[o->category].name);
    for (size_t k = 0; k < FLAGS; k++) {
        const char *text = oc_data_attr_of(&o->attrs, flags[k][0]);
        if (text || k < 3)
            put_text(f, "\t\t", flags[k][0], text ? text : flags[k][1]);
    }
    fputs("\t\t<bndbox>\n", f);
    for (size_t k = 0; k < 4; k++)
        put_text(f, "\t\t\t", sides[k], oc_data_print(number, oc_data_round(corner[k])));
    fputs("\t\t</bndbox>\n", f);
    data_hide(o, &h);
    for (size_t i = 0; i < o->attrs.n; i++)
        own += !is_flag(o->attrs.item[i].key);
    if (h.n + own) {
        fputs("\t\t<attributes>\n", f);
        for (size_t i = 0; i < h.n; i++)
            put_attribute(f, &h.item[i]);
        for (size_t i = 0; i < o->attrs.n; i++)
            if (!is_flag(o->attrs.item[i].key))
                put_attribute(f, &o->attrs.item[i]);
        fputs("\t\t</attributes>\n", f);
    }
    put_kept(f, "\t\t", &o->extra, NULL);
    fputs("\t</object>\n", f);
}

static oc_status write_one(const oc_data_set *set, const oc_data_index *x, size_t i,
                           const char *root, double first, oc_error *err)
{
    const oc_data_image *im = &set->images[i];
    char                 name[OC_DATA_PATH_MAX], path[OC_DATA_PATH_MAX];
    oc_data_out          out = {0};
    snprintf(name, sizeof(name), "%s/Annotations", root);
    oc_status st = oc_data_path(path, name, im->file, err);
    if (st != OC_OK || !oc_data_swap_suffix(path, ".xml", name, sizeof(name)))
        return st != OC_OK ? st : OC_FAIL(err, OC_UNSUPPORTED, "%s: too long", im->file);
    if ((st = oc_data_out_open(name, &out, err)) != OC_OK)
        return st;
    fputs("<annotation>\n", out.f);
    put_kept(out.f, "\t", &im->extra, " folder ");
    put_text(out.f, "\t", "filename", im->file);
    put_kept(out.f, "\t", &im->extra, " source owner ");
    fprintf(out.f, "\t<size>\n\t\t<width>%d</width>\n\t\t<height>%d</height>\n", im->width,
            im->height);
    fprintf(out.f, "\t\t<depth>%s</depth>\n\t</size>\n", depth_of(im));
    put_kept(out.f, "\t", &im->extra, " segmented ");
    put_kept(out.f, "\t", &im->extra, NULL);
    for (uint32_t k = x->first[i]; k < x->first[i + 1]; k++)
        if (set->objects[x->order[k]].has_box)
            put_object(out.f, set, &set->objects[x->order[k]], first);
    fputs("</annotation>\n", out.f);
    return oc_data_out_close(&out, st, err);
}

static oc_status write_splits(const oc_data_set *set, const char *root, oc_error *err)
{
    const char *name[SPLITS_MAX];
    size_t      n = data_splits(set, name, SPLITS_MAX);
    oc_status   st = OC_OK;
    for (size_t k = 0; k < n && st == OC_OK; k++) {
        char        path[OC_DATA_PATH_MAX], stem[OC_DATA_PATH_MAX];
        oc_data_out out = {0};
        if (!*name[k])
            continue;
        snprintf(path, sizeof(path), "%s/ImageSets/Main/%s.txt", root, name[k]);
        if ((st = oc_data_out_open(path, &out, err)) != OC_OK)
            break;
        for (size_t i = 0; i < set->n_images; i++)
            if (set->images[i].split && strcmp(set->images[i].split, name[k]) == 0 &&
                oc_data_swap_suffix(set->images[i].file, "", stem, sizeof(stem)))
                fprintf(out.f, "%s\n", stem);
        st = oc_data_out_close(&out, st, err);
    }
    return st;
}

static oc_status write_all(const oc_data_set *set, const oc_data_index *index, const char *path,
                           double first, oc_error *err)
{
    char      name[OC_DATA_PATH_MAX];
    oc_status st = data_stems_differ(set, err);
    if (st == OC_OK && (st = oc_data_path(name, path, "labelmap.txt", err)) == OC_OK)
        st = data_write_names(set, name, ":::", err);
    for (size_t i = 0; i < set->n_images && st == OC_OK; i++)
        st = write_one(set, index, i, path, first, err);
    return st == OC_OK ? write_splits(set, path, err) : st;
}

oc_status data_voc_write(const oc_data_set *set, const oc_data_index *index, const char *path,
                         oc_error *err)
{
    return write_all(set, index, path, 1, err);
}

oc_status data_voc_corners_write(const oc_data_set *set, const oc_data_index *index,
                                 const char *path, oc_error *err)
{
    return write_all(set, index, path, 0, err);
}
