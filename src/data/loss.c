/* What a format has no place for, counted before anything is written. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/file.h"
#include "data/format.h"

static const char *const texts[] = {
#define X(name, text) text,
    OC_DATA_PART_MAP(X)
#undef X
};

const char *oc_data_part_text(oc_data_part part)
{
    return texts[part];
}

typedef struct teller {
    const oc_data_set    *set;
    const oc_data_format *to;
    oc_data_loss_fn      *fn;
    void                 *ctx;
    char                  where[OC_DATA_PATH_MAX + 64];
} teller;

static void tell(teller *t, oc_data_part part, bool there, const char *what)
{
    if (there && !(t->to->carries & (1u << part)))
        t->fn(t->ctx, part, t->where, what);
}

static void tell_extras(teller *t, const oc_data_extras *e)
{
    /* voc and voc-corners keep the same members */
    for (size_t i = 0; i < e->n; i++)
        if (strncmp(t->to->name, e->item[i].format, strlen(e->item[i].format)) != 0)
            t->fn(t->ctx, OC_DATA_PART_EXTRA, t->where, e->item[i].key);
}

static void tell_attrs(teller *t, const oc_data_attrs *a)
{
    for (size_t i = 0; i < a->n; i++) {
        char word[160];
        snprintf(word, sizeof(word), " %.140s ", a->item[i].key);
        tell(t, OC_DATA_PART_ATTRIBUTE, !t->to->attrs || !strstr(t->to->attrs, word),
             a->item[i].key);
    }
}

static void tell_object(teller *t, const oc_data_object *o, size_t place)
{
    const oc_data_set *set = t->set;
    double             bounds[4];
    oc_data_object     untold = *o;
    bool               outline = o->n_rings || o->n_runs || o->n_points;
    const char        *name = set->categories[o->category].name;
    untold.area = NAN;
    oc_data_ring_box(o, bounds);
    if (o->n_runs)
        oc_data_mask_area(o, set->images[o->image].height, bounds);
    tell(t, OC_DATA_PART_BOX, o->has_box && !outline, name);
    tell(t, OC_DATA_PART_OUTLINE, !o->has_box, name);
    tell(t, OC_DATA_PART_OWN_BOX,
         (t->to->carries & OC_DATA_HAS(POLYGON)) && o->has_box && (o->n_rings || o->n_runs) &&
             memcmp(bounds, o->box, sizeof(bounds)) != 0,
         name);
    tell(t, OC_DATA_PART_POLYGON, o->n_rings > 0, name);
    tell(t, OC_DATA_PART_POLYGONS, o->n_rings > 1 && (t->to->carries & OC_DATA_HAS(POLYGON)), name);
    tell(t, OC_DATA_PART_MASK, o->n_runs > 0, name);
    tell(t, OC_DATA_PART_POINTS, o->n_points > 0, name);
    tell(t, OC_DATA_PART_TRACK, o->track >= 0, name);
    tell(t, OC_DATA_PART_SCORE, !isnan(o->score), name);
    tell(t, OC_DATA_PART_CROWD, o->crowd, name);
    tell(t, OC_DATA_PART_AREA, !isnan(o->area) && o->area != oc_data_area(set, &untold), name);
    tell(t, OC_DATA_PART_OBJECT_ID, o->id && o->id != (int64_t)place + 1, name);
    tell_attrs(t, &o->attrs);
    tell_extras(t, &o->extra);
}

static void tell_image(teller *t, size_t i, bool empty)
{
    const oc_data_image *im = &t->set->images[i];
    char                 place[OC_DATA_PATH_MAX] = "";
    bool                 other = false;
    snprintf(t->where, sizeof(t->where), "%s", im->file);
    if (t->to->suffix)
        other = !oc_data_has_suffix(im->file, t->to->suffix);
    else if (t->to->place && t->to->place(t->set, (uint32_t)i, place, sizeof(place)))
        other = strcmp(place, im->file) != 0;
    else if (strcmp(t->to->name, "cvat-video") == 0)
        other = true;
    tell(t, OC_DATA_PART_FILE, other, "");
    tell(t, OC_DATA_PART_EMPTY_IMAGE, empty, "");
    tell(t, OC_DATA_PART_IMAGE_ID, im->id != (int64_t)i + 1, "");
    tell(t, OC_DATA_PART_SIZE, im->width && im->height, "");
    tell(t, OC_DATA_PART_SEQUENCE, im->sequence || im->frame >= 0, "");
    tell(t, OC_DATA_PART_SPLIT, im->split != NULL, im->split ? im->split : "");
    tell_extras(t, &im->extra);
}

static void tell_category(teller *t, size_t k, bool idle)
{
    const oc_data_category *c = &t->set->categories[k];
    snprintf(t->where, sizeof(t->where), "category %s", c->name);
    tell(t, OC_DATA_PART_CATEGORY_ID, c->id != (int64_t)k + 1, "");
    tell(t, OC_DATA_PART_PARENT, c->parent != NULL, c->parent ? c->parent : "");
    tell(t, OC_DATA_PART_SKELETON, c->n_points + c->n_edges > 0, "");
    tell(t, OC_DATA_PART_NAME, strpbrk(c->name, " \t,") != NULL, "");
    tell(t, OC_DATA_PART_IDLE_CATEGORY, idle, "");
    tell(t, OC_DATA_PART_CATEGORY_ORDER, k && strcmp(c->name, c[-1].name) < 0, "");
    tell_extras(t, &c->extra);
}

void oc_data_losses(const oc_data_set *set, const oc_data_format *to, oc_data_loss_fn *fn,
                    void *ctx)
{
    teller t = {.set = set, .to = to, .fn = fn, .ctx = ctx};
    bool  *image = calloc(set->n_images + 1, 1), *category = calloc(set->n_categories + 1, 1);
    for (size_t i = 0; i < set->n_objects && image && category; i++) {
        image[set->objects[i].image] = true;
        category[set->objects[i].category] = true;
    }
    snprintf(t.where, sizeof(t.where), "the file");
    tell_extras(&t, &set->extra);
    for (size_t k = 0; k < set->n_categories; k++)
        tell_category(&t, k, category && !category[k]);
    for (size_t i = 0; i < set->n_images; i++)
        tell_image(&t, i, image && !image[i]);
    for (size_t i = 0; i < set->n_objects; i++) {
        snprintf(t.where, sizeof(t.where), "%s: object %zu",
                 set->images[set->objects[i].image].file, i + 1);
        tell_object(&t, &set->objects[i], i);
    }
    free(image);
    free(category);
}
