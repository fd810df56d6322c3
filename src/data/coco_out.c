#include <math.h>
#include <string.h>

#include "data/coco.h"
#include "data/file.h"
#include "data/formats.h"

#define NAME "coco"

static void put_member(FILE *f, const char *key, const char *text)
{
    if (!text)
        return;
    fprintf(f, ", \"%s\": ", key);
    oc_data_put_json(f, text);
}

static void put_image(FILE *f, const oc_data_image *im)
{
    fprintf(f, "{\"id\": %lld, \"file_name\": ", (long long)im->id);
    oc_data_put_json(f, im->file);
    if (im->width && im->height)
        fprintf(f, ", \"width\": %d, \"height\": %d", im->width, im->height);
    put_member(f, "sequence", im->sequence);
    if (im->frame >= 0)
        fprintf(f, ", \"frame\": %lld", (long long)im->frame);
    put_member(f, "split", im->split);
    data_put_extras(f, &im->extra, NAME);
    putc('}', f);
}

static void put_category(FILE *f, const oc_data_category *c)
{
    fprintf(f, "{\"id\": %lld, \"name\": ", (long long)c->id);
    oc_data_put_json(f, c->name);
    put_member(f, "supercategory", c->parent);
    if (c->n_points) {
        fputs(", \"keypoints\": [", f);
        for (size_t i = 0; i < c->n_points; i++) {
            fputs(i ? ", " : "", f);
            oc_data_put_json(f, c->point[i]);
        }
        fputs("], \"skeleton\": [", f);
        for (size_t i = 0; i < c->n_edges; i++)
            fprintf(f, "%s[%u, %u]", i ? ", " : "", c->edge[i][0] + 1, c->edge[i][1] + 1);
        putc(']', f);
    }
    data_put_extras(f, &c->extra, NAME);
    putc('}', f);
}

static void put_object(FILE *f, const oc_data_set *set, const oc_data_object *o, size_t place)
{
    const oc_data_image *im = &set->images[o->image];
    fprintf(f, "{\"id\": %lld, \"image_id\": %lld, \"category_id\": %lld",
            (long long)(o->id ? o->id : (int64_t)place + 1), (long long)im->id,
            (long long)set->categories[o->category].id);
    if (o->has_box) {
        fputs(", \"bbox\": ", f);
        data_put_doubles(f, o->box, 4);
    }
    fputs(", \"area\": ", f);
    oc_data_put_number(f, oc_data_area(set, o));
    fprintf(f, ", \"iscrowd\": %d", o->crowd);
    if (o->n_runs || o->n_rings) {
        fputs(", \"segmentation\": ", f);
        data_put_segment(f, o, im);
    }
    if (o->n_points) {
        size_t labelled = 0;
        for (size_t i = 0; i < o->n_points; i++)
            labelled += o->point[3 * i + 2] > 0;
        fputs(", \"keypoints\": ", f);
        data_put_doubles(f, o->point, 3 * o->n_points);
        fprintf(f, ", \"num_keypoints\": %zu", labelled);
    }
    if (o->track >= 0)
        fprintf(f, ", \"track_id\": %lld", (long long)o->track);
    if (!isnan(o->score)) {
        fputs(", \"score\": ", f);
        oc_data_put_number(f, o->score);
    }
    if (o->attrs.n) {
        fputs(", ", f);
        data_put_attrs(f, &o->attrs);
    }
    data_put_extras(f, &o->extra, NAME);
    putc('}', f);
}

/* One record a line: lists of 10^6 stay readable, and a changed box is a changed line. */
static void put_head(FILE *f, const oc_data_set *set)
{
    fputs("{\n", f);
    for (size_t i = 0; i < set->extra.n; i++) {
        if (strcmp(set->extra.item[i].format, NAME) != 0)
            continue;
        oc_data_put_json(f, set->extra.item[i].key);
        fprintf(f, ": %s,\n", set->extra.item[i].raw);
    }
}

oc_status data_coco_write(const oc_data_set *set, const oc_data_index *index, const char *path,
                          oc_error *err)
{
    oc_data_out out = {0};
    oc_status   st = oc_data_out_open(path, &out, err);
    (void)index; /* the order of the annotations is the file's own */
    if (st != OC_OK)
        return st;
    put_head(out.f, set);
    fputs("\"images\": [", out.f);
    for (size_t i = 0; i < set->n_images; i++) {
        fputs(i ? ",\n" : "\n", out.f);
        put_image(out.f, &set->images[i]);
    }
    fputs("\n],\n\"annotations\": [", out.f);
    for (size_t i = 0; i < set->n_objects; i++) {
        fputs(i ? ",\n" : "\n", out.f);
        put_object(out.f, set, &set->objects[i], i);
    }
    fputs("\n],\n\"categories\": [", out.f);
    for (size_t i = 0; i < set->n_categories; i++) {
        fputs(i ? ",\n" : "\n", out.f);
        put_category(out.f, &set->categories[i]);
    }
    fputs("\n]\n}\n", out.f);
    return oc_data_out_close(&out, OC_OK, err);
}
