/* OpenImages: annotations-bbox.csv (and class-descriptions.csv), corners as shares of the picture. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/formats.h"
#include "data/layout.h"

#define NAME "openimages"

/* Columns that are attributes; -1 stands for "not known". */

static const char *const keys[] = {"occluded", "truncated", "depiction", "inside"};
#define FLAGS 4

typedef enum column {
    C_IMAGE,
    C_SOURCE,
    C_LABEL,
    C_SCORE,
    C_X0,
    C_X1,
    C_Y0,
    C_Y1,
    C_FLAG,
    C_GROUP = C_FLAG + FLAGS,
    COLUMNS
} column;

static const char *const heads[COLUMNS] = {[C_IMAGE] = "ImageID",
                                           [C_SOURCE] = "Source",
                                           [C_LABEL] = "LabelName",
                                           [C_SCORE] = "Confidence",
                                           [C_X0] = "XMin",
                                           [C_X1] = "XMax",
                                           [C_Y0] = "YMin",
                                           [C_Y1] = "YMax",
                                           [C_FLAG] = "IsOccluded",
                                           [C_FLAG + 1] = "IsTruncated",
                                           [C_FLAG + 2] = "IsDepiction",
                                           [C_FLAG + 3] = "IsInside",
                                           [C_GROUP] = "IsGroupOf"};

#define WIDTH_MAX 32 /* columns of a file */

typedef struct reader {
    oc_data_set           *set;
    const char            *path;
    const oc_data_reading *how;
    int                    column[COLUMNS]; /* where it stands; -1: nowhere */
    oc_strmap              stems, labels;   /* ImageID to image; LabelName to its text's place */
    const char           **title;           /* readable names of labels */
    size_t                 n_titles;
    double (*corner)[4]; /* of each object, while sizes are not known */
    size_t cap;
} reader;

static int split_line(char *text, char **field)
{
    char *at = text;
    int   n = 0;
    while (n < WIDTH_MAX && (field[n] = oc_data_field(&at, ',')))
        n++;
    return n;
}

static oc_status read_heads(reader *r, char *text, oc_error *err)
{
    char *field[WIDTH_MAX];
    int   n = split_line(text, field);
    for (int c = 0; c < COLUMNS; c++) {
        r->column[c] = -1;
        for (int i = 0; i < n; i++)
            if (strcmp(field[i], heads[c]) == 0)
                r->column[c] = i;
        if (r->column[c] < 0 && (c == C_IMAGE || c == C_LABEL || (c >= C_X0 && c <= C_Y1)))
            return OC_FAIL(err, OC_FORMAT, "no column %s: not OpenImages' boxes", heads[c]);
    }
    return OC_OK;
}

static const char *cell(const reader *r, char **field, int n, int c)
{
    return r->column[c] >= 0 && r->column[c] < n ? field[r->column[c]] : "";
}

static oc_status image_of(reader *r, const char *stem, uint32_t *image, oc_error *err)
{
    if (oc_strmap_get(&r->stems, stem, image))
        return OC_OK;
    const char *copy = oc_data_text(r->set, stem);
    oc_status   st = copy ? data_add_stem(r->set, stem, ".jpg", r->path, r->how, image, err)
                          : OC_FAIL(err, OC_NOMEM, "%s", stem);
    if (st == OC_OK && !oc_strmap_put(&r->stems, copy, *image))
        st = OC_FAIL(err, OC_NOMEM, "%s", stem);
    return st;
}

static oc_status keep(reader *r, const oc_data_object *o, const double corner[4], oc_error *err)
{
    if (r->set->n_objects >= r->cap) {
        size_t cap = r->cap * 2 + 256;
        double(*p)[4] = reallocarray(r->corner, cap, sizeof(*p));
        if (!p)
            return OC_FAIL(err, OC_NOMEM, "%zu boxes", cap);
        r->corner = p;
        r->cap = cap;
    }
    memcpy(r->corner[r->set->n_objects], corner, 4 * sizeof(*corner));
    return oc_data_add_object(r->set, o, err);
}

static oc_status read_row(reader *r, char *text, oc_error *err)
{
    oc_data_object o = OC_DATA_OBJECT_INIT;
    char          *field[WIDTH_MAX];
    int            n = split_line(text, field);
    double         corner[4], v;
    uint32_t       at;
    oc_status      st = OC_OK;
    for (int k = 0; k < 4; k++)
        if (!oc_data_number(cell(r, field, n, C_X0 + k), &corner[k]))
            return OC_FAIL(err, OC_FORMAT, "%s '%.40s' is not a number", heads[C_X0 + k],
                           cell(r, field, n, C_X0 + k));
    if ((st = image_of(r, cell(r, field, n, C_IMAGE), &o.image, err)) != OC_OK)
        return st;
    const char *label = cell(r, field, n, C_LABEL);
    if (oc_strmap_get(&r->labels, label, &at))
        label = r->title[at];
    if ((st = oc_data_category_of(r->set, label, &o.category, err)) != OC_OK)
        return st;
    if (oc_data_number(cell(r, field, n, C_SCORE), &v) && v != 1)
        o.score = v;
    for (int k = 0; k < FLAGS && st == OC_OK; k++) {
        const char *flag = cell(r, field, n, C_FLAG + k);
        if (*flag && strcmp(flag, "-1") != 0 && strcmp(flag, "0") != 0)
            st = oc_data_add_plain(r->set, &o.attrs, keys[k], flag, err);
    }
    o.crowd = strcmp(cell(r, field, n, C_GROUP), "1") == 0;
    const char *source = cell(r, field, n, C_SOURCE);
    if (st == OC_OK && *source && strcmp(source, "xclick") != 0)
        st = oc_data_add_extra(r->set, &o.extra, NAME, "Source", source, err);
    o.has_box = true;
    return st == OC_OK ? keep(r, &o, corner, err) : st;
}

/* "/m/0199g,Bicycle" */
static oc_status read_titles(reader *r, const char *path, oc_error *err)
{
    oc_data_lines l = {0};
    size_t        cap = 0;
    oc_status     st = oc_data_lines_open(path, &l, err);
    while (st == OC_OK && (st = oc_data_lines_next(&l, err)) == OC_OK) {
        char       *at = l.text, *code = oc_data_field(&at, ','), *title = oc_data_field(&at, ',');
        const char *key = code ? oc_data_text(r->set, code) : NULL;
        const char *text = title ? oc_data_text(r->set, title) : NULL;
        uint32_t    ignored;
        if (!key || !text)
            continue;
        if (r->n_titles == cap) {
            const char **p = reallocarray(r->title, cap = cap * 2 + 64, sizeof(*p));
            if (!p) {
                st = OC_FAIL(err, OC_NOMEM, "%s", path);
                break;
            }
            r->title = p;
        }
        r->title[r->n_titles] = text;
        if (!oc_strmap_put(&r->labels, key, (uint32_t)r->n_titles++))
            st = OC_FAIL(err, OC_NOMEM, "%s", path);
        else if (*text)
            st = oc_data_category_of(r->set, text, &ignored, err);
    }
    oc_data_lines_finish(&l);
    return st == OC_END ? OC_OK : st;
}

static oc_status read_rows(reader *r, const char *path, oc_error *err)
{
    oc_data_lines l = {0};
    oc_status     st = oc_data_lines_open(path, &l, err);
    while (st == OC_OK && (st = oc_data_lines_next(&l, err)) == OC_OK) {
        if (l.line == 1)
            st = read_heads(r, l.text, err);
        else if (*l.text)
            st = read_row(r, l.text, err);
        if (st != OC_OK)
            oc_error_prefix(err, "%s: line %zu", path, l.line);
    }
    if (st == OC_END && l.line == 0)
        st = OC_FAIL(err, OC_FORMAT, "%s: the file is empty", path);
    oc_data_lines_finish(&l);
    return st == OC_END ? OC_OK : st;
}

/* Images of which nothing is known but their size. */
static oc_status read_idle(reader *r, const char *root, oc_error *err)
{
    char          path[OC_DATA_PATH_MAX];
    oc_data_lines l = {0};
    uint32_t      image;
    oc_status     st = oc_data_path(path, root, "images.meta", err);
    if (st != OC_OK || !oc_data_is_file(path))
        return st;
    st = oc_data_lines_open(path, &l, err);
    while (st == OC_OK && (st = oc_data_lines_next(&l, err)) == OC_OK) {
        char *end = *l.text == '"' ? strchr(l.text + 1, '"') : NULL, stem[OC_DATA_PATH_MAX];
        if (!end)
            continue;
        *end = 0;
        if (oc_data_find_image(r->set, l.text + 1, &image))
            continue;
        st = oc_data_add_image(r->set, l.text + 1, &image, err);
        const char *key = oc_data_swap_suffix(l.text + 1, "", stem, sizeof(stem))
                              ? oc_data_text(r->set, stem)
                              : NULL;
        if (st == OC_OK && (!key || !oc_strmap_put(&r->stems, key, image)))
            st = OC_FAIL(err, OC_NOMEM, "%s", path);
    }
    oc_data_lines_finish(&l);
    return st == OC_END ? OC_OK : st;
}

static void scale(reader *r)
{
    for (size_t i = 0; i < r->set->n_objects; i++) {
        oc_data_object      *o = &r->set->objects[i];
        const oc_data_image *im = &r->set->images[o->image];
        const double        *c = r->corner[i];
        o->box[0] = oc_data_round(c[0] * im->width);
        o->box[1] = oc_data_round(c[2] * im->height);
        o->box[2] = oc_data_round(c[1] * im->width - c[0] * im->width);
        o->box[3] = oc_data_round(c[3] * im->height - c[2] * im->height);
    }
}

oc_status data_openimages_read(const char *path, const oc_data_reading *how, oc_data_set *out,
                               oc_error *err)
{
    reader        r = {.set = out, .path = path, .how = how};
    oc_data_files f = {0};
    char          name[OC_DATA_PATH_MAX];
    size_t        n = 0;
    oc_status     st = oc_data_files_list(path, ".csv", &f, err);
    if (st == OC_OK && oc_data_is_folder(path))
        st = read_idle(&r, path, err);
    for (int turn = 0; turn < 2; turn++) { /* names first */
        for (size_t i = 0; i < f.n && st == OC_OK; i++) {
            bool titles = strstr(f.name[i], "class-descriptions") != NULL;
            if (titles != (turn == 0) ||
                (!titles && oc_data_is_folder(path) && !strstr(f.name[i], "bbox")))
                continue;
            if ((st = oc_data_path(name, f.folder, f.name[i], err)) != OC_OK)
                break;
            st = titles ? read_titles(&r, name, err) : read_rows(&r, name, err);
            n += turn;
        }
    }
    if (st == OC_OK && n == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no ...annotations-bbox.csv", path);
    if (st == OC_OK && (st = data_find_sizes(out, path, how, true, err)) == OC_OK)
        scale(&r);
    oc_data_files_finish(&f);
    oc_strmap_finish(&r.stems);
    oc_strmap_finish(&r.labels);
    free(r.title);
    free(r.corner);
    return st;
}

/* ---- out ---- */

static void put_row(FILE *f, const oc_data_set *set, const oc_data_object *o)
{
    const oc_data_image *im = &set->images[o->image];
    char                 stem[OC_DATA_PATH_MAX], text[OC_DATA_NUMBER_MAX];
    const char          *source = "xclick";
    double corner[4] = {o->box[0], o->box[0] + o->box[2], o->box[1], o->box[1] + o->box[3]};
    if (!oc_data_swap_suffix(im->file, "", stem, sizeof(stem)))
        return;
    for (size_t i = 0; i < o->extra.n; i++)
        if (strcmp(o->extra.item[i].format, NAME) == 0)
            source = o->extra.item[i].raw;
    oc_data_put_csv(f, stem);
    putc(',', f);
    oc_data_put_csv(f, source);
    putc(',', f);
    oc_data_put_csv(f, set->categories[o->category].name);
    fprintf(f, ",%s", isnan(o->score) ? "1" : oc_data_print(text, o->score));
    for (int k = 0; k < 4; k++)
        fprintf(f, ",%s", oc_data_print_share(text, corner[k], k < 2 ? im->width : im->height));
    for (int k = 0; k < FLAGS; k++) {
        if (k == 2)
            fprintf(f, ",%d", o->crowd);
        fprintf(f, ",%d", oc_data_attr_number(&o->attrs, keys[k], 0) > 0);
    }
    putc('\n', f);
}

static oc_status write_titles(const oc_data_set *set, const char *root, oc_error *err)
{
    char        path[OC_DATA_PATH_MAX];
    oc_data_out out = {0};
    oc_status   st = oc_data_path(path, root, "class-descriptions.csv", err);
    if (st != OC_OK || (st = oc_data_out_open(path, &out, err)) != OC_OK)
        return st;
    for (size_t k = 0; k < set->n_categories; k++) {
        oc_data_put_csv(out.f, set->categories[k].name);
        putc(',', out.f);
        oc_data_put_csv(out.f, set->categories[k].name);
        putc('\n', out.f);
    }
    return oc_data_out_close(&out, st, err);
}

oc_status data_openimages_write(const oc_data_set *set, const oc_data_index *index,
                                const char *path, oc_error *err)
{
    char        name[OC_DATA_PATH_MAX];
    oc_data_out out = {0};
    oc_status   st = data_stems_differ(set, err);
    for (size_t i = 0; i < set->n_images && st == OC_OK; i++)
        if (!set->images[i].width || !set->images[i].height)
            st = OC_FAIL(err, OC_UNSUPPORTED,
                         "%s: its size is not known, the corners are shares of it (--images)",
                         set->images[i].file);
    if (st != OC_OK || (st = oc_data_path(name, path, "annotations-bbox.csv", err)) != OC_OK ||
        (st = oc_data_out_open(name, &out, err)) != OC_OK)
        return st;
    fputs("ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,"
          "IsGroupOf,IsDepiction,IsInside\n",
          out.f);
    for (size_t i = 0; i < set->n_images; i++)
        for (uint32_t k = index->first[i]; k < index->first[i + 1]; k++)
            if (set->objects[index->order[k]].has_box)
                put_row(out.f, set, &set->objects[index->order[k]]);
    if ((st = oc_data_out_close(&out, st, err)) == OC_OK &&
        (st = write_titles(set, path, err)) == OC_OK)
        st = data_write_sizes(set, path, err);
    return st;
}
