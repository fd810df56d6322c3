/* The events of all streams in one file, in the order in which they happened. */
#include "pipeline/site_state.h"

#define FLUSH_NS 1000000000u

/* A disk that is full is told when the site ends: the streams' own work goes on. */
static void put_event(void *stream, const oc_event *event, const char *line, size_t bytes)
{
    oc_site *site = stream;
    (void)event;
    pthread_mutex_lock(&site->events_lock);
    uint64_t now = oc_now_ns();
    if (site->events && site->events_status == OC_OK)
        site->events_status = oc_part_put(site->events, line, bytes, &site->events_err);
    if (site->events && site->events_status == OC_OK && now - site->events_flushed_ns > FLUSH_NS) {
        site->events_flushed_ns = now;
        site->events_status = oc_part_flush(site->events, &site->events_err);
    }
    pthread_mutex_unlock(&site->events_lock);
}

void oc_site_events_init(oc_site *site)
{
    pthread_mutex_init(&site->events_lock, NULL);
    site->events_observer = (oc_observer){
        .struct_size = sizeof(site->events_observer), .ctx = site, .event = put_event};
}

oc_status oc_site_events_open(oc_site *site, oc_error *err)
{
    return site->events_path ? oc_part_create(site->events_path, &site->events, err) : OC_OK;
}

oc_status oc_site_events_finish(oc_site *site, oc_error *err)
{
    oc_status st = site->events_status;
    if (st != OC_OK) {
        *err = site->events_err;
        return st;
    }
    if (site->events)
        st = oc_part_finish(site->events, err);
    site->events = NULL;
    return st;
}

void oc_site_events_drop(oc_site *site)
{
    oc_part_drop(site->events);
    site->events = NULL;
    pthread_mutex_destroy(&site->events_lock);
}
