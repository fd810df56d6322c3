/* KITTI's object labels: label_2/<image>.txt, 15 columns and perhaps a score:
 * type truncated occluded alpha left top right bottom height width length x y z rotation_y. */
#include <math.h>
#include <string.h>

#include "data/formats.h"
#include "data/layout.h"

#define COLUMNS 15

/* Attributes, the columns they fill, and what stands there for "not known". */
static const struct {
    const char *name;
    int         first, n;
    const char *unknown;
} columns[] = {{"truncated", 1, 1, "-1"},
               {"occluded", 2, 1, "-1"},
               {"alpha", 3, 1, "-10"},
               {"dimensions", 8, 3, "-1 -1 -1"},
               {"location", 11, 3, "-1000 -1000 -1000"},
               {"rotation_y", 14, 1, "-10"}};
#define ATTRS (sizeof(columns) / sizeof(columns[0]))

static oc_status read_line(oc_data_set *set, uint32_t image, char *text, oc_error *err)
{
    oc_data_object o = OC_DATA_OBJECT_INIT;
    char          *field[COLUMNS + 2], *at = text;
    int            n = 0;
    double         v, corner[4];
    oc_status      st = OC_OK;
    while (n < COLUMNS + 2 && (field[n] = oc_data_field(&at, ' ')))
        n++;
    if (n != COLUMNS && n != COLUMNS + 1)
        return OC_FAIL(err, OC_FORMAT, "%d columns, KITTI has 15 or 16", n);
    for (int i = 1; i < n; i++)
        if (!oc_data_number(field[i], &v))
            return OC_FAIL(err, OC_FORMAT, "column %d, '%.40s', is not a number", i + 1, field[i]);
    for (int i = 0; i < 4; i++)
        oc_data_number(field[4 + i], &corner[i]);
    o.image = image;
    o.has_box = true;
    o.box[0] = corner[0];
    o.box[1] = corner[1];
    o.box[2] = oc_data_round(corner[2] - corner[0]);
    o.box[3] = oc_data_round(corner[3] - corner[1]);
    if (n == COLUMNS + 1)
        oc_data_number(field[COLUMNS], &o.score);
    for (size_t k = 0; k < ATTRS && st == OC_OK; k++) {
        char joined[192] = "";
        for (int i = 0, len = 0; i < columns[k].n && len < (int)sizeof(joined); i++)
            len += snprintf(joined + len, sizeof(joined) - (size_t)len, "%s%.48s", i ? " " : "",
                            field[columns[k].first + i]);
        if (strcmp(joined, columns[k].unknown) != 0)
            st = oc_data_add_plain(set, &o.attrs, columns[k].name, joined, err);
    }
    if (st == OC_OK)
        st = oc_data_category_of(set, field[0], &o.category, err);
    return st == OC_OK ? oc_data_add_object(set, &o, err) : st;
}

static oc_status read_one(oc_data_set *set, const char *path, uint32_t image, oc_error *err)
{
    oc_data_lines l = {0};
    oc_status     st = oc_data_lines_open(path, &l, err);
    while (st == OC_OK && (st = oc_data_lines_next(&l, err)) == OC_OK) {
        if (l.text[strspn(l.text, " \t")] && (st = read_line(set, image, l.text, err)) != OC_OK)
            oc_error_prefix(err, "%s: line %zu", path, l.line);
    }
    oc_data_lines_finish(&l);
    return st == OC_END ? OC_OK : st;
}

oc_status data_kitti_read(const char *path, const oc_data_reading *how, oc_data_set *out,
                          oc_error *err)
{
    char          folder[OC_DATA_PATH_MAX], name[OC_DATA_PATH_MAX];
    oc_data_files f = {0};
    oc_status     st = oc_data_path(folder, path, "label_2", err);
    if (st == OC_OK)
        st = oc_data_files_list(oc_data_is_folder(folder) ? folder : path, ".txt", &f, err);
    if (st == OC_OK && f.n == 0)
        st = OC_FAIL(err, OC_NOT_FOUND, "%s: no .txt below it", path);
    for (size_t i = 0; i < f.n && st == OC_OK; i++) {
        uint32_t image;
        if (!oc_data_swap_suffix(f.name[i], "", name, sizeof(name)) ||
            (st = data_add_stem(out, name, ".png", path, how, &image, err)) != OC_OK ||
            (st = oc_data_path(name, f.folder, f.name[i], err)) != OC_OK)
            break;
        st = read_one(out, name, image, err);
    }
    oc_data_files_finish(&f);
    if (st == OC_OK)
        st = data_sort_categories(out, err);
    return st == OC_OK ? data_find_sizes(out, path, how, false, err) : st;
}

/* Two decimals as KITTI has them, more where two would change the number. */
static void put_side(FILE *f, double v)
{
    char text[OC_DATA_NUMBER_MAX];
    snprintf(text, sizeof(text), "%.2f", v);
    double back = 0;
    fprintf(f, " %s",
            oc_data_number(text, &back) && fabs(back - v) < 1e-9 ? text : oc_data_print(text, v));
}

static bool numbers(const char *text, int n)
{
    char   copy[256], *at = copy, *field;
    double v;
    snprintf(copy, sizeof(copy), "%s", text);
    while (at && (field = oc_data_field(&at, ' '))) {
        if (!oc_data_number(field, &v))
            return false;
        n--;
    }
    return n == 0;
}

static void put_attr(FILE *f, const oc_data_object *o, size_t k)
{
    const char *text = oc_data_attr_of(&o->attrs, columns[k].name);
    if (text && columns[k].n == 1 && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        text = *text == 't' ? "1" : "0";
    fprintf(f, " %s", text && numbers(text, columns[k].n) ? text : columns[k].unknown);
}

oc_status data_kitti_write(const oc_data_set *set, const oc_data_index *index, const char *path,
                           oc_error *err)
{
    oc_status st = data_stems_differ(set, err);
    for (size_t i = 0; i < set->n_images && st == OC_OK; i++) {
        char        name[OC_DATA_PATH_MAX], full[OC_DATA_PATH_MAX];
        oc_data_out out = {0};
        snprintf(name, sizeof(name), "%s/label_2", path);
        if ((st = oc_data_path(full, name, set->images[i].file, err)) != OC_OK ||
            !oc_data_swap_suffix(full, ".txt", name, sizeof(name)) ||
            (st = oc_data_out_open(name, &out, err)) != OC_OK)
            break;
        for (uint32_t k = index->first[i]; k < index->first[i + 1]; k++) {
            const oc_data_object *o = &set->objects[index->order[k]];
            if (!o->has_box)
                continue;
            data_put_word(out.f, set->categories[o->category].name);
            for (size_t a = 0; a < 3; a++)
                put_attr(out.f, o, a);
            put_side(out.f, o->box[0]);
            put_side(out.f, o->box[1]);
            put_side(out.f, oc_data_round(o->box[0] + o->box[2]));
            put_side(out.f, oc_data_round(o->box[1] + o->box[3]));
            for (size_t a = 3; a < ATTRS; a++)
                put_attr(out.f, o, a);
            if (!isnan(o->score)) {
                putc(' ', out.f);
                oc_data_put_number(out.f, o->score);
            }
            putc('\n', out.f);
        }
        st = oc_data_out_close(&out, st, err);
    }
    return st;
}
