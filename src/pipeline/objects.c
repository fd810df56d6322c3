/* Objects beside the tracker's list: both are sorted by id, so they are merged in one walk. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/objects.h"

#define SPEED_S 0.7 /* long enough for the jitter of boxes, short enough to notice a stop */

oc_status oc_objects_init(oc_objects *o, size_t cap, oc_error *err)
{
    *o = (oc_objects){.cap = cap, .n_spare = cap};
    o->slots = calloc(cap, sizeof(*o->slots));
    o->list = calloc(cap, sizeof(oc_object *));
    o->spare = calloc(cap, sizeof(oc_object *));
    o->next = calloc(cap, sizeof(oc_object *));
    if (!o->slots || !o->list || !o->spare || !o->next) {
        oc_objects_finish(o);
        return OC_FAIL(err, OC_NOMEM, "%zu tracks: out of memory", cap);
    }
    for (size_t i = 0; i < cap; i++)
        o->spare[i] = &o->slots[cap - 1 - i];
    return OC_OK;
}

void oc_objects_finish(oc_objects *o)
{
    free(o->slots);
    free(o->list);
    free(o->spare);
    free(o->next);
    *o = (oc_objects){0};
}

static void note_trail(oc_object *o, double time_s)
{
    const oc_box *b = &o->track.box;
    o->trail[o->n_trail % OC_TRAIL_MAX] = (oc_trail_point){
        .bottom = {(b->x0 + b->x1) / 2, b->y1}, .height = b->y1 - b->y0, .time_s = time_s};
    o->n_trail++;
}

void oc_objects_sync(oc_objects *o, const oc_tracks *tracks, double time_s)
{
    size_t n = 0, j = 0;
    for (size_t i = 0; i < tracks->n; i++) {
        const oc_track *t = &tracks->items[i];
        for (; j < o->n && o->list[j]->track.id < t->id; j++)
            o->spare[o->n_spare++] = o->list[j]; /* told as ended before */
        oc_object *object;
        if (j < o->n && o->list[j]->track.id == t->id) {
            object = o->list[j++];
        } else { /* the tracker holds no more than `cap`, and ended ones are given back above */
            if (o->n_spare == 0)
                continue;
            object = o->spare[--o->n_spare];
            memset(object, 0, sizeof(*object));
            object->first_s = time_s;
        }
        object->track = *t;
        if (t->detection >= 0) {
            object->last_s = time_s;
            object->last_box = t->box;
            note_trail(object, time_s);
        }
        o->next[n++] = object;
    }
    for (; j < o->n; j++)
        o->spare[o->n_spare++] = o->list[j];
    oc_object **was = o->list;
    o->list = o->next;
    o->next = was;
    o->n = n;
}

oc_xy oc_object_anchor(const oc_object *object, oc_anchor anchor)
{
    const oc_box *b = &object->track.box;
    return (oc_xy){(b->x0 + b->x1) / 2, anchor == OC_ANCHOR_BOTTOM ? b->y1 : (b->y0 + b->y1) / 2};
}

float oc_object_speed(const oc_object *o)
{
    if (o->n_trail < 2)
        return -1.0f;
    const oc_trail_point *last = &o->trail[(o->n_trail - 1) % OC_TRAIL_MAX], *from = last;
    uint32_t              least = o->n_trail > OC_TRAIL_MAX ? o->n_trail - OC_TRAIL_MAX : 0;
    for (uint32_t i = o->n_trail - 1; i-- > least;) {
        from = &o->trail[i % OC_TRAIL_MAX];
        if (last->time_s - from->time_s >= SPEED_S)
            break;
    }
    float seconds = (float)(last->time_s - from->time_s);
    float height = (last->height + from->height) / 2;
    if (seconds < 0.25f || !(height > 0.0f))
        return -1.0f;
    return hypotf(last->bottom.x - from->bottom.x, last->bottom.y - from->bottom.y) / seconds /
           height;
}
