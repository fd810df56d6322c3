#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/cvat.h"
#include "data/formats.h"
#include "data/layout.h"

static void put_attr(FILE *f, const char *name, const char *text)
{
    fprintf(f, " %s=\"", name);
    oc_data_put_xml(f, text);
    putc('"', f);
}

static void put_number_attr(FILE *f, const char *name, double v)
{
    char text[OC_DATA_NUMBER_MAX];
    put_attr(f, name, oc_data_print(text, v));
}

static bool is_tag(const char *key)
{
    for (size_t k = 0; k < CVAT_TAGS; k++)
        if (strcmp(key, cvat_tags[k][0]) == 0)
            return true;
    return false;
}

/* What the tag says itself: occluded="1" and nothing more. */
static bool in_tag(const oc_data_attr *a)
{
    return is_tag(a->key) || (strcmp(a->key, "occluded") == 0 && strcmp(a->text, "1") == 0);
}

static void put_attributes(FILE *f, const char *blanks, const oc_data_object *o, bool track)
{
    data_hidden h;
    data_hide(o, &h);
    for (size_t i = 0; i < h.n + o->attrs.n; i++) {
        const oc_data_attr *a = i < h.n ? &h.item[i] : &o->attrs.item[i - h.n];
        if ((i >= h.n && in_tag(a)) || (track && i < h.n && strcmp(a->key, "track_id") == 0))
            continue;
        fprintf(f, "%s<attribute", blanks);
        put_attr(f, "name", a->key);
        putc('>', f);
        oc_data_put_xml(f, a->text);
        fputs("</attribute>\n", f);
    }
}

static void put_points_attr(FILE *f, const double *xy, size_t n, size_t step)
{
    char text[OC_DATA_NUMBER_MAX];
    fputs(" points=\"", f);
    for (size_t i = 0; i < n; i++) {
        fprintf(f, "%s%s,", i ? ";" : "", oc_data_print(text, xy[i * step]));
        fputs(oc_data_print(text, xy[i * step + 1]), f);
    }
    putc('"', f);
}

/* Run lengths down the columns of the image, to those along the rows of the patch. */
static void put_mask(FILE *f, const oc_data_object *o, int32_t height)
{
    double box[4];
    oc_data_mask_area(o, height, box);
    size_t         w = box[2] > 0 ? (size_t)box[2] : 1, h = box[3] > 0 ? (size_t)box[3] : 1;
    size_t         left = (size_t)box[0], top = (size_t)box[1], at = 0, length = 0;
    unsigned char *bit = calloc(w, h);
    bool           now = false;
    for (size_t i = 0; i < o->n_runs && bit; at += o->run[i++])
        for (size_t k = at; (i & 1) && k < at + o->run[i]; k++)
            bit[(k % (size_t)height - top) * w + k / (size_t)height - left] = 1;
    fputs(" rle=\"", f);
    for (size_t i = 0; i < w * h && bit; i++) {
        if ((bit[i] != 0) != now) {
            fprintf(f, "%zu, ", length);
            length = 0;
            now = !now;
        }
        length++;
    }
    fprintf(f, "%zu\" left=\"%zu\" top=\"%zu\" width=\"%zu\" height=\"%zu\"", length, left, top, w,
            h);
    free(bit);
}

typedef struct where { /* of a shape: in an image, or a frame of a track */
    const char *indent;
    int64_t     frame; /* -1: in an image */
    bool        outside;
} where;

static void open_shape(FILE *f, const char *kind, const oc_data_set *set, const oc_data_object *o,
                       const where *w)
{
    const char *occluded = oc_data_attr_of(&o->attrs, "occluded");
    fprintf(f, "%s<%s", w->indent, kind);
    if (w->frame >= 0)
        fprintf(f, " frame=\"%lld\" outside=\"%d\"", (long long)w->frame, w->outside);
    else
        put_attr(f, "label", set->categories[o->category].name);
    for (size_t k = 0; k < CVAT_TAGS; k++) {
        const char *text = oc_data_attr_of(&o->attrs, cvat_tags[k][0]);
        bool        always = k == 0 || (strcmp(cvat_tags[k][0], "keyframe") == 0 && w->frame >= 0);
        if (text || always)
            put_attr(f, cvat_tags[k][0], text ? text : cvat_tags[k][1]);
    }
    fprintf(f, " occluded=\"%d\"", occluded && strcmp(occluded, "1") == 0);
}

static void close_shape(FILE *f, const char *kind, const oc_data_object *o, const where *w,
                        bool attributes)
{
    char inner[16];
    fputs(">\n", f);
    snprintf(inner, sizeof(inner), "%s  ", w->indent);
    if (attributes)
        put_attributes(f, inner, o, w->frame >= 0);
    fprintf(f, "%s</%s>\n", w->indent, kind);
}

static void put_skeleton(FILE *f, const oc_data_set *set, const oc_data_object *o, const where *w)
{
    const oc_data_category *c = &set->categories[o->category];
    open_shape(f, "skeleton", set, o, w);
    fputs(">\n", f);
    for (size_t i = 0; i < o->n_points; i++) {
        const double *p = o->point + 3 * i;
        char          name[32];
        snprintf(name, sizeof(name), "%zu", i + 1);
        fprintf(f, "%s  <points", w->indent);
        put_attr(f, "label", i < c->n_points ? c->point[i] : name);
        fprintf(f, " outside=\"%d\" occluded=\"%d\"", p[2] == 0, p[2] == 1);
        put_points_attr(f, p, 1, 3);
        fputs("></points>\n", f);
    }
    char inner[16];
    snprintf(inner, sizeof(inner), "%s  ", w->indent);
    put_attributes(f, inner, o, w->frame >= 0);
    fprintf(f, "%s</skeleton>\n", w->indent);
}

static void put_object(FILE *f, const oc_data_set *set, const oc_data_object *o, const where *w)
{
    if (o->n_points) {
        put_skeleton(f, set, o, w);
    } else if (o->n_runs) {
        open_shape(f, "mask", set, o, w);
        put_mask(f, o, set->images[o->image].height);
        close_shape(f, "mask", o, w, true);
    } else if (o->n_rings) {
        for (size_t r = 0; r < o->n_rings; r++) {
            open_shape(f, "polygon", set, o, w);
            put_points_attr(f, o->ring[r].xy, o->ring[r].n, 2);
            close_shape(f, "polygon", o, w, true);
        }
    } else if (o->has_box) {
        open_shape(f, "box", set, o, w);
        put_number_attr(f, "xtl", o->box[0]);
        put_number_attr(f, "ytl", o->box[1]);
        put_number_attr(f, "xbr", oc_data_round(o->box[0] + o->box[2]));
        put_number_attr(f, "ybr", oc_data_round(o->box[1] + o->box[3]));
        close_shape(f, "box", o, w, true);
    }
}

static void put_head(FILE *f, const oc_data_set *set, const oc_data_image *video, size_t frames)
{
    fputs("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n"
          "  <version>1.1</version>\n  <meta>\n    <task>\n",
          f);
    fprintf(f, "      <size>%zu</size>\n      <mode>%s</mode>\n      <labels>\n", frames,
            video ? "interpolation" : "annotation");
    for (size_t k = 0; k < set->n_categories; k++) {
        fputs("        <label>\n          <name>", f);
        oc_data_put_xml(f, set->categories[k].name);
        fputs("</name>\n          <attributes>\n          </attributes>\n        </label>\n", f);
    }
    fputs("      </labels>\n", f);
    if (video && video->width && video->height)
        fprintf(f,
                "      <original_size>\n        <width>%d</width>\n        <height>%d</height>\n"
                "      </original_size>\n",
                video->width, video->height);
    if (video && video->sequence) {
        fputs("      <source>", f);
        oc_data_put_xml(f, video->sequence);
        fputs("</source>\n", f);
    }
    fputs("    </task>\n  </meta>\n", f);
}

oc_status data_cvat_write(const oc_data_set *set, const oc_data_index *index, const char *path,
                          oc_error *err)
{
    oc_data_out out = {0};
    oc_status   st = oc_data_out_open(path, &out, err);
    const where w = {.indent = "    ", .frame = -1};
    if (st != OC_OK)
        return st;
    put_head(out.f, set, NULL, set->n_images);
    for (size_t i = 0; i < set->n_images; i++) {
        const oc_data_image *im = &set->images[i];
        fprintf(out.f, "  <image id=\"%lld\"", (long long)im->id);
        put_attr(out.f, "name", im->file);
        if (im->split)
            put_attr(out.f, "subset", im->split);
        fprintf(out.f, " width=\"%d\" height=\"%d\">\n", im->width, im->height);
        for (uint32_t k = index->first[i]; k < index->first[i + 1]; k++)
            put_object(out.f, set, &set->objects[index->order[k]], &w);
        fputs("  </image>\n", out.f);
    }
    fputs("</annotations>\n", out.f);
    return oc_data_out_close(&out, st, err);
}

/* ---- tracks ---- */

typedef struct step {
    int64_t  track, frame;
    uint32_t object;
} step;

static int by_track(const void *a, const void *b)
{
    const step *x = a, *y = b;
    if (x->track != y->track)
        return x->track < y->track ? -1 : 1;
    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    return x->object < y->object ? -1 : x->object > y->object;
}

/* Objects on their own become tracks of one frame, numbered behind the others. */
static step *steps_of(const oc_data_set *set)
{
    step   *s = calloc(set->n_objects + 1, sizeof(*s));
    int64_t next = 0;
    for (size_t i = 0; i < set->n_objects; i++)
        next = set->objects[i].track >= next ? set->objects[i].track + 1 : next;
    for (size_t i = 0; i < set->n_objects && s; i++) {
        const oc_data_object *o = &set->objects[i];
        s[i] = (step){o->track >= 0 ? o->track : next++, set->images[o->image].frame, (uint32_t)i};
    }
    if (s && set->n_objects)
        qsort(s, set->n_objects, sizeof(*s), by_track);
    return s;
}

static oc_status one_video(const oc_data_set *set, int64_t *last, oc_error *err)
{
    *last = 0;
    for (size_t i = 0; i < set->n_images; i++) {
        const oc_data_image *im = &set->images[i];
        if (im->frame < 0 || !im->sequence)
            return OC_FAIL(err, OC_UNSUPPORTED, "%s is no frame of a sequence: write cvat",
                           im->file);
        if (strcmp(im->sequence, set->images[0].sequence) != 0)
            return OC_FAIL(err, OC_UNSUPPORTED,
                           "a CVAT video holds one sequence, here are '%.80s' and '%.80s'",
                           set->images[0].sequence, im->sequence);
        *last = im->frame > *last ? im->frame : *last;
    }
    return set->n_images ? OC_OK : OC_FAIL(err, OC_UNSUPPORTED, "no frames");
}

oc_status data_cvat_video_write(const oc_data_set *set, const oc_data_index *index,
                                const char *path, oc_error *err)
{
    oc_data_out out = {0};
    int64_t     last;
    oc_status   st = one_video(set, &last, err);
    step       *s = st == OC_OK ? steps_of(set) : NULL;
    (void)index;
    if (st == OC_OK && !s)
        st = OC_FAIL(err, OC_NOMEM, "%zu objects", set->n_objects);
    if (st != OC_OK || (st = oc_data_out_open(path, &out, err)) != OC_OK)
        goto done;
    put_head(out.f, set, &set->images[0], (size_t)last + 1);
    for (size_t i = 0; i < set->n_objects; i++) {
        const oc_data_object *o = &set->objects[s[i].object];
        bool                  ends = i + 1 == set->n_objects || s[i + 1].track != s[i].track;
        where                 w = {.indent = "    ", .frame = s[i].frame};
        if (i == 0 || s[i - 1].track != s[i].track) {
            fprintf(out.f, "  <track id=\"%lld\"", (long long)s[i].track);
            put_attr(out.f, "label", set->categories[o->category].name);
            fputs(" source=\"manual\">\n", out.f);
        }
        put_object(out.f, set, o, &w);
        /* CVAT goes on with a track until told that it is outside */
        if (s[i].frame < last && (ends || s[i + 1].frame > s[i].frame + 1)) {
            oc_data_object gone = *o;
            gone.attrs.n = 0;
            w.frame++;
            w.outside = true;
            put_object(out.f, set, &gone, &w);
        }
        if (ends)
            fputs("  </track>\n", out.f);
    }
    fputs("</annotations>\n", out.f);
    st = oc_data_out_close(&out, st, err);
done:
    free(s);
    return st;
}
