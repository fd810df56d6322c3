/* Watching a run: from options to observers. */
#include "cli/watching.h"

#include "cli/cli.h"

int cli_watching_start(cli_watching *w, size_t n_streams, oc_pipeline_options *options)
{
    const oc_watch_options watch = {.http = w->http};
    oc_error               err = {0};
    if (!w->http)
        return -1;
    if (oc_watch_create(&watch, &w->watch, &err) != OC_OK)
        return cli_fail("run", &err);
    oc_watch_expect(w->watch, n_streams);
    w->observers[0] = oc_watch_observer(w->watch);
    options->observers = w->observers;
    options->n_observers = 1;
    if (*oc_watch_complaints(w->watch))
        fprintf(stderr, "ocellus run: warning: %s", oc_watch_complaints(w->watch));
    fprintf(stderr, "ocellus run: serving %s/metrics\n", oc_watch_url(w->watch));
    return -1;
}

void cli_watching_stop(cli_watching *w)
{
    oc_watch_destroy(w->watch);
    w->watch = NULL;
}
