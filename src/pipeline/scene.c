/* Filling and drawing a scene. */
#include <stdio.h>
#include <string.h>

#include "pipeline/scene.h"

#define POINTS_FRESH_S 0.6 /* key-points older than this no longer fit */

static void fill_trail(oc_scene_object *to, const oc_object *o)
{
    uint32_t held = o->n_trail < OC_TRAIL_MAX ? o->n_trail : OC_TRAIL_MAX;
    uint32_t step = 1 + held / OC_SCENE_TRAIL_MAX, n = 0;
    uint32_t take = (held + step - 1) / step;
    to->n_trail = take;
    for (uint32_t back = 0; n < take; back += step, n++)
        to->trail[take - 1 - n] = o->trail[(o->n_trail - 1 - back) % OC_TRAIL_MAX].bottom;
}

/* Key-points move along with the box until the next look. */
static void fill_points(oc_scene_object *to, const oc_object *o, double time_s)
{
    const oc_box *was = &o->points_box, *now = &o->track.box;
    float         w = was->x1 - was->x0, h = was->y1 - was->y0;
    to->n_points = 0;
    if (o->n_points == 0 || time_s - o->points_s > POINTS_FRESH_S || !(w > 0) || !(h > 0))
        return;
    to->n_points = o->n_points;
    for (size_t i = 0; i < o->n_points; i++)
        to->points[i] = (oc_point){now->x0 + (o->points[i].x - was->x0) / w * (now->x1 - now->x0),
                                   now->y0 + (o->points[i].y - was->y0) / h * (now->y1 - now->y0),
                                   o->points[i].score};
}

static void fill_text(oc_scene_object *to, const oc_object *o, const oc_scene_from *from)
{
    char   label[64];
    size_t n =
        (size_t)snprintf(to->text, sizeof(to->text), "%llu", (unsigned long long)o->track.id);
    if (from->many_labels)
        n += (size_t)snprintf(to->text + n, sizeof(to->text) - n, " %.24s",
                              oc_card_label(from->card, o->track.label, label, sizeof(label)));
    for (size_t k = 0; k < from->n_recognisers && n + 32 < sizeof(to->text); k++)
        if (*o->evidence[k].told)
            n +=
                (size_t)snprintf(to->text + n, sizeof(to->text) - n, " %.28s", o->evidence[k].told);
}

static void fill_rules(oc_scene *s, const oc_rules *r)
{
    s->n_lines = r->n_lines;
    s->n_zones = r->n_zones;
    for (size_t i = 0; i < r->n_lines; i++) {
        const oc_line *l = &r->line[i];
        s->line[i].from = l->from;
        s->line[i].to = l->to;
        snprintf(s->line[i].text, sizeof(s->line[i].text), "%.32s  %.24s %llu  %.24s %llu",
                 l->config->name, l->config->directions[0], (unsigned long long)l->total[0],
                 l->config->directions[1], (unsigned long long)l->total[1]);
    }
    for (size_t i = 0; i < r->n_zones; i++) {
        const oc_zone *z = &r->zone[i];
        memcpy(s->zone[i].corner, z->corner, sizeof(z->corner));
        s->zone[i].n = z->config->n_corners;
        s->zone[i].busy = z->inside > 0;
        snprintf(s->zone[i].text, sizeof(s->zone[i].text), "%.32s: %llu inside", z->config->name,
                 (unsigned long long)z->inside);
    }
}

void oc_scene_fill(oc_scene *s, const oc_scene_from *from)
{
    size_t seen = 0;
    s->n = 0;
    for (size_t i = 0; i < from->objects->n && s->n < OC_SCENE_OBJECTS_MAX; i++) {
        const oc_object *o = from->objects->list[i];
        if (o->track.state != OC_TRACK_CONFIRMED)
            continue;
        oc_scene_object *to = &s->object[s->n++];
        to->id = o->track.id;
        to->box = o->track.box;
        seen++;
        fill_text(to, o, from);
        fill_trail(to, o);
        fill_points(to, o, from->time_s);
    }
    fill_rules(s, from->rules);
    unsigned tenths = (unsigned)(from->time_s * 10 + 0.5);
    snprintf(s->head, sizeof(s->head), "%.64s  %02u:%02u.%u  %zu in view", from->title,
             tenths / 600, tenths / 10 % 60, tenths % 10, seen);
}

static void draw_rules(const oc_scene *s, oc_frame *frame, int scale)
{
    const oc_color ink = OC_COLOR(255, 255, 255), back = {20, 26, 38, 190};
    const oc_color zone = OC_COLOR(64, 190, 255), line = OC_COLOR(255, 208, 64);
    for (size_t i = 0; i < s->n_zones; i++) {
        const oc_scene_zone *z = &s->zone[i];
        oc_draw_polygon(frame, z->corner, z->n, oc_color_alpha(zone, z->busy ? 46 : 22));
        oc_draw_polyline(frame, z->corner, z->n, true, 1.5f * (float)scale, zone);
        oc_xy top = z->corner[0];
        for (size_t k = 1; k < z->n; k++)
            if (z->corner[k].y < top.y)
                top = z->corner[k];
        oc_draw_label(frame, top.x + 3, top.y + 3, scale, ink, back, z->text);
    }
    for (size_t i = 0; i < s->n_lines; i++) {
        const oc_scene_line *l = &s->line[i];
        oc_xy                mid = {(l->from.x + l->to.x) / 2, (l->from.y + l->to.y) / 2};
        float                dx = l->to.x - l->from.x, dy = l->to.y - l->from.y;
        float length = dx * dx + dy * dy > 0 ? 1.0f / __builtin_sqrtf(dx * dx + dy * dy) : 0.0f;
        float reach = 14.0f * (float)scale;
        /* to the right of from..to with y pointing down: directions[0] */
        oc_xy tip = {mid.x - dy * length * reach, mid.y + dx * length * reach};
        oc_draw_line(frame, l->from, l->to, 2.0f * (float)scale, line);
        oc_draw_arrow(frame, mid, tip, 2.0f * (float)scale, line);
        oc_draw_label(frame, l->from.x + 4, l->from.y + 6, scale, ink, back, l->text);
    }
}

static oc_color ink_on(oc_color back)
{
    bool bright = 299 * back.r + 587 * back.g + 114 * back.b > 125000;
    return bright ? OC_COLOR(16, 20, 28) : OC_COLOR(255, 255, 255);
}

void oc_scene_draw(const oc_scene *s, oc_frame *frame)
{
    int            scale = frame->width >= 2400 ? 3 : frame->width >= 1200 ? 2 : 1;
    const oc_color ink = OC_COLOR(255, 255, 255);
    draw_rules(s, frame, scale);
    for (size_t i = 0; i < s->n; i++) {
        const oc_scene_object *o = &s->object[i];
        oc_color               color = oc_color_of_id(o->id);
        for (size_t k = 1; k < o->n_trail; k++)
            oc_draw_line(frame, o->trail[k - 1], o->trail[k], 1.5f * (float)scale,
                         oc_color_alpha(color, (uint8_t)(40 + 180 * k / o->n_trail)));
        oc_draw_box(frame, &o->box, 2.0f * (float)scale, color);
        if (o->n_points == OC_POINTS_MAX)
            oc_draw_skeleton(frame, o->points, o->n_points, oc_skeleton_coco,
                             oc_skeleton_coco_edges, 0.3f, 1.2f * (float)scale, ink);
    }
    for (size_t i = 0; i < s->n; i++) { /* above all boxes */
        const oc_scene_object *o = &s->object[i];
        oc_color               back = oc_color_of_id(o->id);
        oc_draw_label(frame, o->box.x0, o->box.y0 - 13.0f * (float)scale, scale, ink_on(back), back,
                      o->text);
    }
    oc_draw_label(frame, 6, 6, scale, ink, (oc_color){20, 26, 38, 200}, s->head);
}
