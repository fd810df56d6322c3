/* Line crossing with a dead band, zones with a settling time: jitter is not an event. */
#include <math.h>

#include "pipeline/rules.h"

#define BAND_PX 2.0f      /* a track this near to a line is on neither side ... */
#define BAND_HEIGHT 0.03f /* ... or this near, as part of its height */

void oc_rules_init(oc_rules *r, const oc_pipeline_config *c, size_t n_labels,
                   const oc_rules_told *told)
{
    *r = (oc_rules){
        .n_lines = c->n_lines, .n_zones = c->n_zones, .n_labels = n_labels, .told = *told};
    for (size_t i = 0; i < c->n_lines; i++)
        r->line[i].config = &c->line[i];
    for (size_t i = 0; i < c->n_zones; i++)
        r->zone[i].config = &c->zone[i];
}

void oc_rules_size(oc_rules *r, int32_t width, int32_t height)
{
    float w = (float)width, h = (float)height;
    for (size_t i = 0; i < r->n_lines; i++) {
        const oc_line_config *c = r->line[i].config;
        r->line[i].from = (oc_xy){c->from.x * w, c->from.y * h};
        r->line[i].to = (oc_xy){c->to.x * w, c->to.y * h};
    }
    for (size_t i = 0; i < r->n_zones; i++) {
        const oc_zone_config *c = r->zone[i].config;
        for (size_t k = 0; k < c->n_corners; k++)
            r->zone[i].corner[k] = (oc_xy){c->corner[k].x * w, c->corner[k].y * h};
    }
}

bool oc_polygon_contains(const oc_xy *corner, size_t n, oc_xy p)
{
    bool in = false;
    for (size_t i = 0, j = n - 1; i < n; j = i++) {
        oc_xy a = corner[i], b = corner[j];
        if ((a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x)
            in = !in;
    }
    return in;
}

static float cross(oc_xy o, oc_xy a, oc_xy b)
{
    return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x);
}

/* Does the way a..b meet the line itself, not its prolongation? */
static bool meets(const oc_line *l, oc_xy a, oc_xy b)
{
    float s = cross(a, b, l->from), t = cross(a, b, l->to);
    return (s >= 0.0f) != (t >= 0.0f);
}

static bool wanted(const oc_rules *r, const uint8_t *labels, const oc_object *o)
{
    return !labels || (o->track.label < r->n_labels && labels[o->track.label]);
}

static void check_line(oc_rules *r, oc_line *l, oc_line_state *state, oc_object *o)
{
    oc_xy p = oc_object_anchor(o, l->config->anchor);
    float length = hypotf(l->to.x - l->from.x, l->to.y - l->from.y);
    float away = cross(l->from, l->to, p) / length; /* > 0: right of it, y pointing down */
    float band = fmaxf(BAND_PX, BAND_HEIGHT * (o->track.box.y1 - o->track.box.y0));
    if (!(fabsf(away) > band))
        return;
    int8_t side = away > 0.0f ? 1 : -1;
    if (state->side == -side && meets(l, state->at, p)) {
        int direction = side > 0 ? 0 : 1;
        l->total[direction]++;
        o->crossings++;
        r->told.crossed(r->told.ctx, o, l, direction);
    }
    state->side = side;
    state->at = p;
}

static void change_zone(oc_rules *r, oc_zone *z, oc_zone_state *state, const oc_object *o,
                        double since_s)
{
    double dwell_s = 0.0;
    state->inside = !state->inside;
    state->turning = false;
    if (state->inside) {
        state->entered_s = since_s;
        z->entered++;
        z->inside++;
        z->inside_max = z->inside > z->inside_max ? z->inside : z->inside_max;
    } else {
        dwell_s = since_s - state->entered_s;
        z->inside--;
        z->exited++;
        z->dwell_sum_s += dwell_s;
    }
    r->told.zone(r->told.ctx, o, z, state->inside, dwell_s);
}

static void check_zone(oc_rules *r, oc_zone *z, oc_zone_state *state, const oc_object *o,
                       double time_s)
{
    oc_xy p = oc_object_anchor(o, z->config->anchor);
    if (oc_polygon_contains(z->corner, z->config->n_corners, p) == state->inside) {
        state->turning = false;
        return;
    }
    if (!state->turning) {
        state->turning = true;
        state->turning_s = time_s;
    }
    if (time_s - state->turning_s >= z->config->settle_s)
        change_zone(r, z, state, o, state->turning_s);
}

void oc_rules_run(oc_rules *r, const oc_objects *objects, double time_s)
{
    for (size_t i = 0; i < objects->n; i++) {
        oc_object *o = objects->list[i];
        if (!o->track.confirmed)
            continue;
        bool ended = o->track.state == OC_TRACK_ENDED;
        for (size_t k = 0; k < r->n_lines; k++)
            if (oc_object_seen(o) && wanted(r, r->line[k].labels, o))
                check_line(r, &r->line[k], &o->line[k], o);
        for (size_t k = 0; k < r->n_zones; k++) {
            if (ended && o->zone[k].inside)
                change_zone(r, &r->zone[k], &o->zone[k], o, o->last_s);
            else if (oc_object_seen(o) && wanted(r, r->zone[k].labels, o))
                check_zone(r, &r->zone[k], &o->zone[k], o, time_s);
        }
    }
}

void oc_rules_leave(oc_rules *r, size_t zone, oc_object *o, double time_s)
{
    if (o->zone[zone].inside)
        change_zone(r, &r->zone[zone], &o->zone[zone], o, time_s);
}
