/* Opening, writing and finishing what a run leaves behind: all of it, or none. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/state.h"

static const char *pick(const char *given, const char *from_pipeline)
{
    return given ? given : from_pipeline;
}

/* Two outputs of one name would write over each other. */
static oc_status check_apart(const oc_outputs_config *o, oc_error *err)
{
    const char *paths[] = {o->events, o->video, o->mot, o->report, o->summary};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = i + 1; k < 5; k++)
            if (paths[i] && paths[k] && strcmp(paths[i], paths[k]) == 0)
                return OC_FAIL(err, OC_INVALID, "%s: is named for two outputs", paths[i]);
    return OC_OK;
}

static oc_status open_part(const char *path, oc_part **out, oc_error *err)
{
    return path ? oc_part_create(path, out, err) : OC_OK;
}

oc_status oc_pipeline_outputs(oc_pipeline *p, const oc_outputs_config *given, oc_error *err)
{
    const oc_outputs_config *own = &p->config->outputs;
    p->outputs = (oc_outputs_config){
        .events = pick(given->events, own->events),
        .video = pick(given->video, own->video),
        .mot = pick(given->mot, own->mot),
        .report = pick(given->report, own->report),
        .summary = pick(given->summary, own->summary),
    };
    return check_apart(&p->outputs, err);
}

oc_status oc_outputs_open(oc_pipeline *p, oc_error *err)
{
    oc_status           st;
    oc_annotate_options annotate = {.video = p->outputs.video,
                                    .samples = p->outputs.report != NULL,
                                    .live = p->live,
                                    .width = p->info.width,
                                    .height = p->info.height,
                                    .fps = p->fps,
                                    .stages = &p->stages,
                                    .sched = p->options.models ? p->options.sched : NULL,
                                    .models = p->options.models,
                                    .cls = p->config->cls,
                                    .stream = p->options.stream};
    if ((st = oc_event_log_create(p->outputs.events, p->config->name, &p->events, err)) != OC_OK ||
        (st = open_part(p->outputs.mot, &p->mot, err)) != OC_OK ||
        (st = open_part(p->outputs.report, &p->report, err)) != OC_OK ||
        (st = open_part(p->outputs.summary, &p->summary, err)) != OC_OK)
        return st;
    if (!p->outputs.video && !p->outputs.report)
        return OC_OK;
    if (p->info.width < 1 || p->info.height < 1) /* readers take noise for many things */
        st = OC_FAIL(err, OC_FORMAT, "%s: pictures of %dx%d", p->shown, p->info.width,
                     p->info.height);
    else
        st = oc_annotator_create(&annotate, &p->annotator, err);
    return st;
}

/* MOTChallenge's rows: frame from 1, id, left, top, width, height, score. */
oc_status oc_outputs_mot(oc_pipeline *p, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; p->mot && i < p->objects.n && st == OC_OK; i++) {
        const oc_object *o = p->objects.list[i];
        const oc_box    *b = &o->track.box;
        if (o->track.state == OC_TRACK_CONFIRMED)
            st = oc_part_printf(p->mot, err, "%llu,%llu,%.2f,%.2f,%.2f,%.2f,%.4f,-1,-1,-1\n",
                                (unsigned long long)p->frame + 1, (unsigned long long)o->track.id,
                                (double)b->x0, (double)b->y0, (double)(b->x1 - b->x0),
                                (double)(b->y1 - b->y0), (double)o->track.score);
    }
    return st;
}

static oc_status seal_all(oc_pipeline *p, oc_error *err)
{
    oc_part  *parts[] = {p->mot, p->report, p->summary};
    oc_status st = oc_event_log_seal(p->events, err);
    for (size_t i = 0; i < 3 && st == OC_OK; i++)
        if (parts[i])
            st = oc_part_seal(parts[i], err);
    return st;
}

static oc_status finish_part(oc_part **part, oc_error *err)
{
    oc_status st = *part ? oc_part_finish(*part, err) : OC_OK;
    *part = NULL;
    return st;
}

oc_status oc_outputs_finish(oc_pipeline *p, oc_error *err)
{
    oc_status st = OC_OK;
    if (p->annotator && (st = oc_annotator_finish(p->annotator, err)) != OC_OK)
        return st;
    oc_record_sort(&p->record);
    oc_summary_make(p);
    if (p->report && (st = oc_report_write(p, p->report, err)) != OC_OK)
        return st;
    if (p->summary && (st = oc_part_text(p->summary, p->summary_text, err)) != OC_OK)
        return st;
    if ((st = seal_all(p, err)) != OC_OK)
        return st;
    st = oc_event_log_finish(p->events, err);
    p->events = NULL;
    if (st == OC_OK)
        st = finish_part(&p->mot, err);
    if (st == OC_OK)
        st = finish_part(&p->report, err);
    if (st == OC_OK)
        st = finish_part(&p->summary, err);
    return st;
}

void oc_outputs_drop(oc_pipeline *p)
{
    oc_annotator_destroy(p->annotator);
    oc_event_log_drop(p->events);
    oc_part_drop(p->mot);
    oc_part_drop(p->report);
    oc_part_drop(p->summary);
    p->annotator = NULL;
    p->events = NULL;
    p->mot = p->report = p->summary = NULL;
}
