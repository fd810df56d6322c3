#include "data/layout.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const suffixes[] = {".jpg", ".png", ".jpeg", ".JPG", ".PNG", ".JPEG"};
static const char *const folders[] = {"", "images/", "JPEGImages/", "image_2/", "data/"};

const char *oc_data_picture_folder(size_t i)
{
    return i < sizeof(folders) / sizeof(folders[0]) ? folders[i] : NULL;
}

/* Below `root`, or beside it when it is a file or a folder of labels. */
static bool find_below(const char *root, const char *file, char *out, size_t bytes)
{
    for (int up = 0; up < 2; up++) {
        for (size_t k = 0; oc_data_picture_folder(k); k++) {
            int n = snprintf(out, bytes, "%s%s/%s%s", root, up ? "/.." : "",
                             oc_data_picture_folder(k), file);
            if (n > 0 && (size_t)n < bytes && oc_data_is_file(out))
                return true;
        }
    }
    return false;
}

static bool folder_of(const char *path, char *out, size_t bytes)
{
    const char *base = oc_data_base(path);
    bool        whole = oc_data_is_folder(path);
    int         n = whole          ? snprintf(out, bytes, "%s", path)
                    : base == path ? snprintf(out, bytes, ".")
                                   : snprintf(out, bytes, "%.*s", (int)(base - path), path);
    return n > 0 && (size_t)n < bytes;
}

static bool find_file(const char *path, const oc_data_reading *how, const char *file, char *out,
                      size_t bytes)
{
    char root[OC_DATA_PATH_MAX];
    if (how && how->images) {
        int n = snprintf(out, bytes, "%s/%s", how->images, file);
        return n > 0 && (size_t)n < bytes && oc_data_is_file(out);
    }
    return folder_of(path, root, sizeof(root)) && find_below(root, file, out, bytes);
}

oc_status oc_data_find_picture(const oc_data_set *set, uint32_t image, const char *path,
                               const oc_data_reading *how, char *out, size_t bytes, oc_error *err)
{
    const oc_data_image *im = &set->images[image];
    char                 name[OC_DATA_PATH_MAX];
    if (find_file(path, how, im->file, out, bytes))
        return OC_OK;
    if (im->split && snprintf(name, sizeof(name), "%s/%s", im->split, im->file) > 0 &&
        find_file(path, how, name, out, bytes))
        return OC_OK;
    if (im->split && snprintf(name, sizeof(name), "%s/images/%s", im->split, im->file) > 0 &&
        find_file(path, how, name, out, bytes))
        return OC_OK;
    return OC_FAIL(err, OC_NOT_FOUND, "%s: no such picture below %s", im->file,
                   how && how->images ? how->images : path);
}

oc_status data_add_stem(oc_data_set *set, const char *stem, const char *suffix, const char *root,
                        const oc_data_reading *how, uint32_t *image, oc_error *err)
{
    char file[OC_DATA_PATH_MAX], found[OC_DATA_PATH_MAX];
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        int n = snprintf(file, sizeof(file), "%s%s", stem, suffixes[i]);
        if (n > 0 && (size_t)n < sizeof(file) && find_file(root, how, file, found, sizeof(found)))
            return oc_data_add_image(set, file, image, err);
    }
    snprintf(file, sizeof(file), "%s%s", stem, suffix);
    return oc_data_add_image(set, file, image, err);
}

/* ---- sizes ---- */

static oc_status read_meta(oc_data_set *set, const char *path, oc_error *err)
{
    oc_data_lines l = {0};
    oc_status     st = oc_data_lines_open(path, &l, err);
    while (st == OC_OK && (st = oc_data_lines_next(&l, err)) == OC_OK) {
        char    *at = l.text, *name, *number[2];
        int64_t  side[2];
        uint32_t image;
        if (!at[strspn(at, " \t")])
            continue;
        if (*at == '"') { /* the name in quotes, then blanks */
            char *end = strchr(at + 1, '"');
            name = at + 1;
            at = end ? end + 1 : NULL;
            if (end)
                *end = 0;
        } else {
            name = oc_data_field(&at, ' ');
        }
        number[0] = at ? oc_data_field(&at, ' ') : NULL;
        number[1] = at ? oc_data_field(&at, ' ') : NULL;
        if (!number[0] || !number[1] || !oc_data_integer(number[0], &side[0]) ||
            !oc_data_integer(number[1], &side[1]) || side[0] < 1 || side[1] < 1 ||
            side[0] > OC_DATA_SIDE_MAX || side[1] > OC_DATA_SIDE_MAX) {
            st = OC_FAIL(err, OC_FORMAT, "%s: line %zu: not \"name\" height width", path, l.line);
        } else if (oc_data_find_image(set, name, &image)) {
            set->images[image].height = (int32_t)side[0];
            set->images[image].width = (int32_t)side[1];
        }
    }
    oc_data_lines_finish(&l);
    return st == OC_END ? OC_OK : st;
}

oc_status data_find_sizes(oc_data_set *set, const char *root, const oc_data_reading *how, bool need,
                          oc_error *err)
{
    char      path[OC_DATA_PATH_MAX], folder[OC_DATA_PATH_MAX];
    oc_status st = OC_OK;
    if (folder_of(root, folder, sizeof(folder)) &&
        oc_data_path(path, folder, "images.meta", err) == OC_OK && oc_data_is_file(path))
        st = read_meta(set, path, err);
    for (size_t i = 0; i < set->n_images && st == OC_OK; i++) {
        oc_data_image *im = &set->images[i];
        if (im->width && im->height)
            continue;
        st = oc_data_find_picture(set, (uint32_t)i, root, how, path, sizeof(path), err);
        if (st == OC_OK)
            st = oc_data_picture_size(path, &im->width, &im->height, err);
        if (st != OC_OK && !need)
            st = OC_OK;
        else if (st != OC_OK)
            oc_error_prefix(err, "%s: its size is needed and neither told nor found", im->file);
    }
    return st;
}

oc_status data_write_sizes(const oc_data_set *set, const char *root, oc_error *err)
{
    char        path[OC_DATA_PATH_MAX];
    oc_data_out out = {0};
    oc_status   st = oc_data_path(path, root, "images.meta", err);
    if (st != OC_OK || (st = oc_data_out_open(path, &out, err)) != OC_OK)
        return st;
    for (size_t i = 0; i < set->n_images; i++) {
        const oc_data_image *im = &set->images[i];
        if (im->width && im->height)
            fprintf(out.f, "\"%s\" %d %d\n", im->file, im->height, im->width);
    }
    return oc_data_out_close(&out, st, err);
}

/* ---- names ---- */

oc_status data_read_names(const char *path, oc_data_set *set, oc_error *err)
{
    oc_data_lines l = {0};
    oc_status     st = oc_data_lines_open(path, &l, err);
    while (st == OC_OK && (st = oc_data_lines_next(&l, err)) == OC_OK) {
        uint32_t at;
        char    *colon[3] = {0};
        for (int i = 0; i < 3 && (i == 0 || colon[i - 1]); i++) {
            if (i)
                *colon[i - 1] = 0;
            colon[i] = strrchr(l.text, ':');
        }
        if (colon[2])
            *colon[2] = 0;
        else
            for (int i = 1; i >= 0; i--)
                if (colon[i])
                    *colon[i] = ':';
        if (*l.text && *l.text != '#')
            st = oc_data_category_of(set, l.text, &at, err);
    }
    oc_data_lines_finish(&l);
    return st == OC_END ? OC_OK : st;
}

oc_status data_write_names(const oc_data_set *set, const char *path, const char *tail,
                           oc_error *err)
{
    oc_data_out out = {0};
    oc_status   st = oc_data_out_open(path, &out, err);
    if (st != OC_OK)
        return st;
    for (size_t k = 0; k < set->n_categories; k++)
        fprintf(out.f, "%s%s\n", set->categories[k].name, tail);
    return oc_data_out_close(&out, st, err);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const oc_data_category *)a)->name, ((const oc_data_category *)b)->name);
}

oc_status data_sort_categories(oc_data_set *set, oc_error *err)
{
    size_t    n = set->n_categories;
    uint32_t *now = calloc(n + 1, sizeof(*now));
    if (!now)
        return OC_FAIL(err, OC_NOMEM, "%zu categories", n);
    if (n)
        qsort(set->categories, n, sizeof(*set->categories), by_name);
    bool ok = true;
    for (size_t k = 0; k < n; k++) {
        uint32_t before = 0;
        ok = ok && oc_strmap_get(&set->by_name, set->categories[k].name, &before) &&
             oc_strmap_put(&set->by_name, set->categories[k].name, (uint32_t)k);
        now[before] = (uint32_t)k;
        set->categories[k].id = (int64_t)k + 1;
    }
    for (size_t i = 0; i < set->n_objects; i++)
        set->objects[i].category = now[set->objects[i].category];
    free(now);
    return ok ? OC_OK : OC_FAIL(err, OC_NOMEM, "%zu categories", n);
}

oc_status data_stems_differ(const oc_data_set *set, oc_error *err)
{
    oc_strmap seen = {0};
    oc_arena  mem = {0};
    oc_status st = OC_OK;
    for (size_t i = 0; i < set->n_images && st == OC_OK; i++) {
        char     stem[OC_DATA_PATH_MAX];
        uint32_t other;
        bool     fits = oc_data_swap_suffix(set->images[i].file, "", stem, sizeof(stem));
        char    *copy = fits ? oc_arena_strndup(&mem, stem, strlen(stem)) : NULL;
        if (copy && oc_strmap_get(&seen, copy, &other))
            st = OC_FAIL(err, OC_UNSUPPORTED, "labels of %s and %s would be one file",
                         set->images[other].file, set->images[i].file);
        else if (!copy || !oc_strmap_put(&seen, copy, (uint32_t)i))
            st = OC_FAIL(err, OC_NOMEM, "%zu images", set->n_images);
    }
    oc_strmap_finish(&seen);
    oc_arena_finish(&mem);
    return st;
}

/* ---- attributes ---- */

void data_hide(const oc_data_object *o, data_hidden *h)
{
    h->n = 0;
    if (o->track >= 0) {
        snprintf(h->text[h->n], sizeof(h->text[0]), "%lld", (long long)o->track);
        h->item[h->n] = (oc_data_attr){"track_id", h->text[h->n], OC_DATA_NUMBER};
        h->n++;
    }
    if (!isnan(o->score)) {
        oc_data_print(h->text[h->n], o->score);
        h->item[h->n] = (oc_data_attr){"score", h->text[h->n], OC_DATA_NUMBER};
        h->n++;
    }
    if (o->crowd)
        h->item[h->n++] = (oc_data_attr){"iscrowd", "1", OC_DATA_NUMBER};
}

oc_status data_take_attr(oc_data_set *set, oc_data_object *o, const char *key, const char *text,
                         oc_error *err)
{
    double  v;
    int64_t id;
    if (strcmp(key, "track_id") == 0 && oc_data_integer(text, &id) && id >= 0)
        o->track = id;
    else if (strcmp(key, "score") == 0 && oc_data_number(text, &v))
        o->score = v;
    else if (strcmp(key, "iscrowd") == 0 && oc_data_number(text, &v))
        o->crowd = v != 0;
    else
        return oc_data_add_plain(set, &o->attrs, key, text, err);
    return OC_OK;
}

void data_put_word(FILE *f, const char *name)
{
    for (; *name; name++)
        putc(isspace((unsigned char)*name) || *name == ',' ? '_' : *name, f);
}

size_t data_splits(const oc_data_set *set, const char **out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < set->n_images; i++) {
        const char *name = set->images[i].split ? set->images[i].split : "";
        size_t      k = 0;
        while (k < n && strcmp(out[k], name) != 0)
            k++;
        if (k == n && n < max)
            out[n++] = name;
    }
    return n;
}
