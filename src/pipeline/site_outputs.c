/* Where the outputs of each stream go. */
#include <stdio.h>
#include <string.h>

#include "pipeline/site_state.h"

#define MARK "{stream}"

static oc_status expand(const char *pattern, const char *name, char *path, size_t bytes,
                        oc_error *err)
{
    size_t n = 0;
    while (*pattern) {
        const char *mark = strstr(pattern, MARK), *from = mark ? name : "";
        size_t      plain = mark ? (size_t)(mark - pattern) : strlen(pattern);
        if (n + plain + strlen(from) + 1 > bytes)
            return OC_FAIL(err, OC_INVALID, "%.200s...: the name is too long", pattern);
        memcpy(path + n, pattern, plain);
        n += plain;
        n += (size_t)snprintf(path + n, bytes - n, "%s", from);
        pattern += plain + (mark ? strlen(MARK) : 0);
    }
    path[n] = '\0';
    return OC_OK;
}

/* The folder that a stream's name makes is a new one more often than not. */
static oc_status make_folder(const char *path, oc_error *err)
{
    char        folder[OC_PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return OC_OK;
    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
    return oc_make_folders(folder, err);
}

oc_status oc_stream_outputs(oc_stream *s, oc_error *err)
{
    const oc_outputs_config *given = &s->site->options.stream.outputs, *own = &s->outputs;
    const char *const        patterns[OC_OUTPUT_PATHS] = {
               given->events ? given->events : own->events, given->video ? given->video : own->video,
        given->mot ? given->mot : own->mot, given->report ? given->report : own->report,
        given->summary ? given->summary : own->summary};
    const char *paths[OC_OUTPUT_PATHS] = {NULL};
    for (size_t i = 0; i < OC_OUTPUT_PATHS; i++) {
        bool      marked = patterns[i] && strstr(patterns[i], MARK);
        oc_status st = OC_OK;
        if (!patterns[i])
            continue;
        if (!marked && s->site->many) {
            if (i == 0) { /* events: of all streams, by the site */
                if (!s->site->running)
                    s->site->events_path = patterns[i];
                continue;
            }
            return OC_FAIL(err, OC_INVALID,
                           "%s: for several streams a name with " MARK " in it is needed",
                           patterns[i]);
        }
        st = expand(patterns[i], s->config->name, s->path[i], sizeof(s->path[i]), err);
        if (st == OC_OK && marked)
            st = make_folder(s->path[i], err);
        if (st != OC_OK)
            return st;
        paths[i] = s->path[i];
    }
    const oc_outputs_config outputs = {paths[0], paths[1], paths[2], paths[3], paths[4]};
    return oc_pipeline_outputs(s->pipeline, &outputs, err);
}
