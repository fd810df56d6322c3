#include "eval/sheet.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/draw.h"
#include "media/image.h"
#include "media/shrink.h"

#define QUALITY 80
#define LONGER_MAX 800 /* pixels of a picture's longer side */

static const char style[] =
    ".pair{display:grid;grid-template-columns:1fr 1fr;gap:12px;margin:8px 0 22px}"
    ".pair img{border-radius:8px}.good{color:var(--teal)}.bad{color:var(--red)}"
    ".unit{margin:14px 0 2px;font-weight:600}";

oc_status oc_sheet_open(const char *path, const char *title, oc_page *page, oc_error *err)
{
    *page = (oc_page){.err = err};
    if ((page->status = oc_part_create(path, &page->part, err)) != OC_OK)
        return page->status;
    oc_page_put(page, "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
                      "content='width=device-width'><title>");
    oc_page_text(page, title);
    oc_page_put(page, "</title><style>");
    oc_page_put(page, oc_page_style);
    oc_page_put(page, style);
    oc_page_put(page, "</style><main><h1>Comparison</h1><p class=soft>");
    oc_page_text(page, title);
    oc_page_put(page, "</p>");
    return page->status;
}

oc_status oc_sheet_close(oc_page *page, oc_error *err)
{
    oc_page_put(page, "</main></html>\n");
    if (page->status != OC_OK) {
        oc_part_drop(page->part);
        return page->status;
    }
    return oc_part_finish(page->part, err);
}

static void put_row(oc_page *page, const oc_compare_run *run, size_t f, const oc_compare_row *r)
{
    bool sure = r->low > 0 || r->high < 0;
    bool better = run->falling[f] ? r->difference < 0 : r->difference > 0;
    oc_page_put(page, "<tr><td>");
    oc_page_text(page, run->figure[f]);
    oc_page_printf(page,
                   "<td class=n>%.4f<td class=n>%.4f<td class='n %s'>%+.4f<td class=n>%+.4f … "
                   "%+.4f<td class=n>%.3f",
                   r->a, r->b,
                   !sure    ? ""
                   : better ? "good"
                            : "bad",
                   r->difference, r->low, r->high, r->p);
}

void oc_sheet_figures(oc_page *page, const oc_compare_run *run, const oc_compare_row *row)
{
    oc_page_put(page, "<section><h2>Figures</h2><p class='soft small'>Paired bootstrap, 95&nbsp;% "
                      "intervals of the difference; coloured where 0 is outside.</p><div "
                      "class=scroll><table><tr><th>figure<th class=n>other<th class=n>this<th "
                      "class=n>difference<th class=n>interval<th class=n>p");
    for (size_t f = 0; f < run->n_figures; f++)
        if (!isnan(row[f].difference))
            put_row(page, run, f, &row[f]);
    oc_page_put(page, "</table></div></section>");
}

void oc_sheet_begin(oc_page *page, const char *heading)
{
    oc_page_put(page, "<section><h2>");
    oc_page_text(page, heading);
    oc_page_put(page, "</h2>");
}

void oc_sheet_end(oc_page *page)
{
    oc_page_put(page, "</section>");
}

void oc_sheet_unit(oc_page *page, const char *name, double other, double own)
{
    oc_page_put(page, "<p class=unit>");
    oc_page_text(page, name);
    oc_page_printf(page, " <span class=%s>%.3f → %.3f</span></p>", own > other ? "good" : "bad",
                   other, own);
}

/* ---- pictures ---- */

/* I420, limited range: what can be drawn on. */
static oc_frame *drawable(const oc_frame *from)
{
    oc_error  err;
    oc_frame *to = NULL;
    if (oc_frame_create(OC_PIXEL_I420, from->width, from->height, &to, &err) != OC_OK ||
        oc_frame_convert(from, to, &err) != OC_OK) {
        oc_frame_unref(to);
        return NULL;
    }
    oc_frame_limit_range(to);
    return to;
}

static oc_frame *load(const char *file, oc_error *err)
{
    oc_frame *from = NULL;
    if (!file || oc_image_load(file, &from, err) != OC_OK)
        return NULL;
    oc_frame *to = drawable(from);
    oc_frame_unref(from);
    return to;
}

static void put_frame(oc_page *page, const oc_frame *frame)
{
    oc_frame *small = NULL;
    uint8_t  *jpeg = NULL;
    size_t    n = 0;
    oc_error  err;
    if (oc_frame_shrink(frame, LONGER_MAX, &small, &err) == OC_OK &&
        oc_image_encode_jpeg(small, QUALITY, &jpeg, &n, &err) == OC_OK) {
        oc_page_put(page, "<img alt='' src='data:image/jpeg;base64,");
        oc_page_base64(page, jpeg, n);
        oc_page_put(page, "'/>");
    }
    oc_frame_unref(small);
    free(jpeg);
}

void oc_sheet_picture(oc_page *page, const char *file, const char *text)
{
    oc_error  err;
    oc_frame *frame = load(file, &err);
    oc_page_put(page, "<figure>");
    if (frame)
        put_frame(page, frame);
    oc_frame_unref(frame);
    oc_page_put(page, "<figcaption>");
    oc_page_text(page, text);
    oc_page_put(page, "</figcaption></figure>");
}

static double overlap(const double *a, const double *b)
{
    double w = fmin(a[0] + a[2], b[0] + b[2]) - fmax(a[0], b[0]);
    double h = fmin(a[1] + a[3], b[1] + b[3]) - fmax(a[1], b[1]);
    return w > 0 && h > 0 ? w * h / (a[2] * a[3] + b[2] * b[3] - w * h) : 0;
}

/* The first object of s on or behind `at` that is in the image. */
static size_t next_of(const oc_coco_set *s, int64_t image, size_t at)
{
    while (at < s->n_objects && s->objects[at].image != image)
        at++;
    return at;
}

static bool meets(const oc_coco_object *o, const oc_coco_set *set, int64_t image, double score)
{
    for (size_t i = next_of(set, image, 0); i < set->n_objects; i = next_of(set, image, i + 1))
        if (set->objects[i].category == o->category && set->objects[i].score >= score &&
            overlap(o->box, set->objects[i].box) >= 0.5)
            return true;
    return false;
}

static const char *name_of(const oc_coco_set *truth, int64_t category)
{
    for (size_t k = 0; k < truth->n_categories; k++)
        if (truth->categories[k].id == category)
            return truth->categories[k].name;
    return "?";
}

static void draw_object(oc_frame *frame, const oc_coco_object *o, oc_color color, const char *text)
{
    oc_box box = {(float)o->box[0], (float)o->box[1], (float)(o->box[0] + o->box[2]),
                  (float)(o->box[1] + o->box[3])};
    int    by = oc_frame_shrink_by(frame, LONGER_MAX); /* what is drawn is made smaller with it */
    oc_draw_box(frame, &box, 2 * (float)by, color);
    oc_draw_label(frame, box.x0, box.y0 - 12 * (float)by, by < 3 ? by : 3, OC_COLOR(255, 255, 255),
                  oc_color_alpha(color, 200), text);
}

static void draw_boxes(oc_frame *frame, const oc_coco_set *truth, const oc_coco_set *results,
                       int64_t image, double score)
{
    char text[128];
    for (size_t i = next_of(truth, image, 0); i < truth->n_objects;
         i = next_of(truth, image, i + 1)) {
        const oc_coco_object *o = &truth->objects[i];
        if (!o->crowd && !o->ignore && !meets(o, results, image, score))
            draw_object(frame, o, OC_COLOR(60, 120, 255), name_of(truth, o->category));
    }
    for (size_t i = next_of(results, image, 0); i < results->n_objects;
         i = next_of(results, image, i + 1)) {
        const oc_coco_object *o = &results->objects[i];
        if (o->score < score)
            continue;
        snprintf(text, sizeof(text), "%.80s %.2f", name_of(truth, o->category), o->score);
        draw_object(frame, o,
                    meets(o, truth, image, -INFINITY) ? OC_COLOR(20, 150, 90)
                                                      : OC_COLOR(210, 50, 50),
                    text);
    }
}

void oc_sheet_boxes(oc_page *page, const char *file, const char *caption, const oc_coco_set *truth,
                    const oc_coco_set *results, int64_t image, double score)
{
    oc_error  err;
    oc_frame *frame = load(file, &err);
    oc_page_put(page, "<figure>");
    if (frame) {
        draw_boxes(frame, truth, results, image, score);
        put_frame(page, frame);
    }
    oc_frame_unref(frame);
    oc_page_put(page, "<figcaption>");
    oc_page_text(page, frame ? caption : file ? file : "no picture");
    oc_page_put(page, "</figcaption></figure>");
}

/* ---- tracks ---- */

#define STRIP_WIDTH 1000.0

static void put_strip(oc_page *page, const oc_mot_record *r, uint32_t truth, int y)
{
    double step = STRIP_WIDTH / (double)(r->n_frames ? r->n_frames : 1);
    for (size_t i = 0; i < r->n_seen; i++) {
        const oc_mot_seen *s = &r->seen[i];
        if (s->truth != truth)
            continue;
        oc_page_printf(page, "<rect x='%.2f' y='%d' width='%.2f' height='14' fill='",
                       (s->frame - 1) * step, y, step + .1);
        if (s->result == INT64_MIN)
            oc_page_put(page, "var(--edge)");
        else
            oc_page_color(page, (uint64_t)s->result);
        oc_page_put(page, "'/>");
    }
}

void oc_sheet_track(oc_page *page, const oc_mot_record *other, const oc_mot_record *own,
                    uint32_t truth)
{
    oc_page_printf(page, "<svg viewBox='-60 0 1070 52' role=img><text x='-60' y='12'>other</text>"
                         "<text x='-60' y='32'>this</text>");
    put_strip(page, other, truth, 1);
    put_strip(page, own, truth, 21);
    oc_page_printf(page,
                   "<text x='0' y='49'>frame 1</text><text x='940' y='49'>frame %zu</text>"
                   "</svg>",
                   own->n_frames);
}

static void draw_row(oc_frame *frame, const oc_mot_row *r, float thickness, oc_color color)
{
    oc_box box = {(float)r->x, (float)r->y, (float)(r->x + r->w), (float)(r->y + r->h)};
    oc_draw_box(frame, &box, thickness, color);
}

void oc_sheet_tracked(oc_page *page, const oc_frame *frame, const char *caption,
                      const oc_mot_rows *results, int64_t number, const oc_mot_row *truth)
{
    oc_frame *to = frame ? drawable(frame) : NULL;
    oc_page_put(page, "<figure>");
    if (to) {
        if (truth)
            draw_row(to, truth, 5, OC_COLOR(255, 255, 255));
        for (size_t i = 0; i < results->n; i++) {
            const oc_mot_row *r = &results->row[i];
            char              text[24];
            if (r->frame != number)
                continue;
            oc_color color = oc_color_of_id((uint64_t)r->id);
            snprintf(text, sizeof(text), "%lld", (long long)r->id);
            draw_row(to, r, 2, color);
            oc_draw_label(to, (float)r->x, (float)r->y - 12, 1, OC_COLOR(255, 255, 255),
                          oc_color_alpha(OC_COLOR(0, 0, 0), 160), text);
        }
        put_frame(page, to);
    }
    oc_frame_unref(to);
    oc_page_put(page, "<figcaption>");
    oc_page_text(page, caption);
    oc_page_put(page, "</figcaption></figure>");
}
