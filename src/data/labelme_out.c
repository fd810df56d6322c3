/* What labelme_in.c reads, written: see there. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/coco.h"
#include "data/formats.h"
#include "data/layout.h"

#define NAME "labelme"
#define VERSION "5.1.1" /* whose members these are; 4.5 reads them with a warning */
#define NO_GROUP INT64_MIN

static void open_shape(FILE *f, bool *first, const char *label, int64_t group, const char *type)
{
    fputs(*first ? "\n" : ",\n", f);
    *first = false;
    fputs("    {\"label\": ", f);
    oc_data_put_json(f, label);
    fputs(", \"group_id\": ", f);
    fprintf(f, group < 0 ? "null" : "%lld", (long long)group);
    fprintf(f, ", \"shape_type\": \"%s\", \"points\": [", type);
}

static void put_corners(FILE *f, const double *xy, size_t n, size_t step)
{
    for (size_t i = 0; i < n; i++) {
        fputs(i ? ", " : "", f);
        data_put_doubles(f, xy + i * step, 2);
    }
    putc(']', f);
}

/* Truths are flags; the rest, and COCO's members, are kept by Labelme as they are. */
static void put_members(FILE *f, const oc_data_set *set, const oc_data_object *o, size_t place)
{
    double bounds[4], told = o->area;
    bool   first = true;
    size_t n_text = 0;
    fputs(", \"flags\": {", f);
    for (size_t i = 0; i < o->attrs.n; i++) {
        const oc_data_attr *a = &o->attrs.item[i];
        n_text += a->kind != OC_DATA_BOOL && strcmp(a->key, "group_id") != 0;
        if (a->kind != OC_DATA_BOOL)
            continue;
        fputs(first ? "" : ", ", f);
        first = false;
        oc_data_put_json(f, a->key);
        fprintf(f, ": %s", a->text);
    }
    putc('}', f);
    if (o->id && o->id != (int64_t)place + 1)
        fprintf(f, ", \"id\": %lld", (long long)o->id);
    oc_data_ring_box(o, bounds);
    if (o->n_rings && o->has_box && memcmp(bounds, o->box, sizeof(bounds)) != 0) {
        fputs(", \"bbox\": ", f);
        data_put_doubles(f, o->box, 4);
    }
    oc_data_object untold = *o;
    untold.area = NAN;
    if (!isnan(told) && told != oc_data_area(set, &untold)) {
        fputs(", \"area\": ", f);
        oc_data_put_number(f, told);
    }
    if (o->crowd)
        fputs(", \"iscrowd\": 1", f);
    if (!isnan(o->score)) {
        fputs(", \"score\": ", f);
        oc_data_put_number(f, o->score);
    }
    if (o->track >= 0)
        fprintf(f, ", \"track_id\": %lld", (long long)o->track);
    first = true;
    for (size_t i = 0; i < o->attrs.n && n_text; i++) {
        const oc_data_attr *a = &o->attrs.item[i];
        if (a->kind == OC_DATA_BOOL || strcmp(a->key, "group_id") == 0)
            continue;
        fputs(first ? ", \"attributes\": {" : ", ", f);
        first = false;
        oc_data_put_json(f, a->key);
        fputs(": ", f);
        if (a->kind == OC_DATA_TEXT)
            oc_data_put_json(f, a->text);
        else
            fputs(a->text, f);
    }
    fputs(first ? "" : "}", f);
    data_put_extras(f, &o->extra, NAME);
    putc('}', f);
}

static void put_points(FILE *f, bool *first, const oc_data_category *c, const oc_data_object *o,
                       int64_t group)
{
    for (size_t i = 0; i < o->n_points; i++) {
        char name[32];
        snprintf(name, sizeof(name), "point %zu", i + 1);
        if (o->point[3 * i + 2] == 0 && o->point[3 * i] == 0 && o->point[3 * i + 1] == 0 &&
            i + 1 < o->n_points)
            continue;
        open_shape(f, first, i < c->n_points ? c->point[i] : name, group, "point");
        put_corners(f, o->point + 3 * i, 1, 3);
        fprintf(f, ", \"flags\": {}, \"keypoint\": %zu, \"visibility\": ", i);
        oc_data_put_number(f, o->point[3 * i + 2]);
        putc('}', f);
    }
}

static void put_object(FILE *f, bool *first, const oc_data_set *set, const oc_data_object *o,
                       size_t place)
{
    const oc_data_category *c = &set->categories[o->category];
    const char             *told = oc_data_attr_of(&o->attrs, "group_id");
    int64_t                 group = -1;
    if (told && !oc_data_integer(told, &group))
        group = -1;
    if (group < 0 && (o->n_rings > 1 || o->n_points))
        group = (int64_t)place + 1;
    if (o->n_rings) {
        for (size_t r = 0; r < o->n_rings; r++) {
            open_shape(f, first, c->name, group, "polygon");
            put_corners(f, o->ring[r].xy, o->ring[r].n, 2);
            if (r == 0)
                put_members(f, set, o, place);
            else
                fputs(", \"flags\": {}}", f);
        }
    } else if (o->has_box) {
        double corner[4] = {o->box[0], o->box[1], oc_data_round(o->box[0] + o->box[2]),
                            oc_data_round(o->box[1] + o->box[3])};
        open_shape(f, first, c->name, group, "rectangle");
        put_corners(f, corner, 2, 2);
        put_members(f, set, o, place);
    }
    put_points(f, first, c, o, group);
}

static void put_head(FILE *f, const oc_data_image *im, const char *picture, size_t i)
{
    fputs("{\n  \"version\": \"" VERSION "\",\n  \"flags\": ", f);
    const char *flags = "{}";
    for (size_t k = 0; k < im->extra.n; k++)
        if (strcmp(im->extra.item[k].format, NAME) == 0 &&
            strcmp(im->extra.item[k].key, "flags") == 0)
            flags = im->extra.item[k].raw;
    fprintf(f, "%s,\n  \"imagePath\": ", flags);
    oc_data_put_json(f, picture);
    fputs(",\n  \"imageData\": null,\n", f);
    fprintf(f, "  \"imageHeight\": %d,\n  \"imageWidth\": %d,\n", im->height, im->width);
    if (im->id != (int64_t)i + 1)
        fprintf(f, "  \"id\": %lld,\n", (long long)im->id);
    if (im->sequence) {
        fputs("  \"sequence\": ", f);
        oc_data_put_json(f, im->sequence);
        fputs(",\n", f);
    }
    if (im->frame >= 0)
        fprintf(f, "  \"frame\": %lld,\n", (long long)im->frame);
    if (im->split) {
        fputs("  \"split\": ", f);
        oc_data_put_json(f, im->split);
        fputs(",\n", f);
    }
    for (size_t k = 0; k < im->extra.n; k++) {
        const oc_data_extra *e = &im->extra.item[k];
        if (strcmp(e->format, NAME) != 0 || strcmp(e->key, "flags") == 0 ||
            strcmp(e->key, "shape") == 0)
            continue;
        fputs("  ", f);
        oc_data_put_json(f, e->key);
        fprintf(f, ": %s,\n", e->raw);
    }
}

oc_status data_labelme_write(const oc_data_set *set, const oc_data_index *index, const char *path,
                             oc_error *err)
{
    char      name[OC_DATA_PATH_MAX], full[OC_DATA_PATH_MAX];
    oc_status st = data_stems_differ(set, err);
    if (st == OC_OK && (st = oc_data_path(name, path, "labels.txt", err)) == OC_OK)
        st = data_write_names(set, name, "", err);
    for (size_t i = 0; i < set->n_images && st == OC_OK; i++) {
        const oc_data_image *im = &set->images[i];
        oc_data_out          out = {0};
        bool                 first = true;
        if ((st = oc_data_path(full, path, im->file, err)) != OC_OK ||
            !oc_data_swap_suffix(full, ".json", name, sizeof(name)) ||
            (st = oc_data_out_open(name, &out, err)) != OC_OK)
            break;
        put_head(out.f, im, oc_data_base(im->file), i);
        fputs("  \"shapes\": [", out.f);
        for (uint32_t k = index->first[i]; k < index->first[i + 1]; k++)
            put_object(out.f, &first, set, &set->objects[index->order[k]], index->order[k]);
        for (size_t k = 0; k < im->extra.n; k++) {
            if (strcmp(im->extra.item[k].format, NAME) == 0 &&
                strcmp(im->extra.item[k].key, "shape") == 0) {
                fprintf(out.f, "%s    %s", first ? "\n" : ",\n", im->extra.item[k].raw);
                first = false;
            }
        }
        fputs(first ? "]\n}\n" : "\n  ]\n}\n", out.f);
        st = oc_data_out_close(&out, OC_OK, err);
    }
    return st;
}
