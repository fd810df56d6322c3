/* What the control socket can be asked. */
#include <stdlib.h>
#include <string.h>

#include "events/json.h"
#include "pipeline/control.h"
#include "pipeline/site_state.h"

typedef struct request {
    oc_site    *site;
    const char *stream;   /* its name */
    char       *settings; /* of add and set */
    oc_jsonw   *answer;
} request;

typedef oc_status verb_fn(request *r, oc_error *err);

static oc_status do_list(request *r, oc_error *err)
{
    (void)err;
    oc_site_list(r->site, r->answer);
    return OC_OK;
}

static oc_status do_show(request *r, oc_error *err)
{
    return oc_site_show(r->site, r->stream, r->answer, err);
}

static oc_status do_add(request *r, oc_error *err)
{
    return oc_site_add(r->site, r->settings, strlen(r->settings), err);
}

static oc_status do_remove(request *r, oc_error *err)
{
    return oc_site_remove(r->site, r->stream, err);
}

static oc_status do_pause(request *r, oc_error *err)
{
    return oc_site_pause(r->site, r->stream, true, err);
}

static oc_status do_resume(request *r, oc_error *err)
{
    return oc_site_pause(r->site, r->stream, false, err);
}

static oc_status do_set(request *r, oc_error *err)
{
    return oc_site_set(r->site, r->stream, r->settings, strlen(r->settings), err);
}

static oc_status do_stop(request *r, oc_error *err)
{
    (void)err;
    oc_site_stop(r->site);
    return OC_OK;
}

static const struct {
    const char *name;
    verb_fn    *run;
    bool        named, settings; /* wants a stream's name; a map of settings */
} verbs[] = {
    {"list", do_list, false, false},  {"show", do_show, true, false},
    {"add", do_add, false, true},     {"remove", do_remove, true, false},
    {"pause", do_pause, true, false}, {"resume", do_resume, true, false},
    {"set", do_set, true, true},      {"stop", do_stop, false, false},
};
#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static oc_status run(request *r, const oc_yaml_node *root, oc_error *err)
{
    oc_yaml_map  m;
    oc_yaml_word words[N_VERBS + 1] = {{NULL, 0}};
    for (size_t i = 0; i < N_VERBS; i++)
        words[i] = (oc_yaml_word){verbs[i].name, (int)i};
    oc_yaml_begin(&m, root, err);
    int verb = oc_yaml_word_of(&m, "do", words);
    if (m.status == OC_OK && verbs[verb].named)
        r->stream = oc_yaml_text(&m, "stream");
    const oc_yaml_node *settings =
        m.status == OC_OK && verbs[verb].settings ? oc_yaml_sub(&m, "settings") : NULL;
    oc_status st = oc_yaml_end(&m);
    if (st == OC_OK && settings && !(r->settings = oc_site_write(settings)))
        st = OC_FAIL(err, OC_NOMEM, "out of memory");
    return st == OC_OK ? verbs[verb].run(r, err) : st;
}

static void begin(oc_jsonw *j, char *answer, size_t bytes, bool ok)
{
    oc_jsonw_init(j, answer, bytes - 1);
    oc_jsonw_open(j, NULL, '{');
    oc_jsonw_bool(j, "ok", ok);
}

void oc_control_answer(oc_site *site, const char *line, size_t n, char *answer, size_t bytes)
{
    oc_jsonw j;
    oc_error err = {0};
    oc_yaml *doc = NULL;
    request  r = {.site = site, .answer = &j};
    begin(&j, answer, bytes, true);
    oc_status st = oc_yaml_load_memory("request", line, n, &doc, &err);
    if (st == OC_OK)
        st = run(&r, oc_yaml_root(doc), &err);
    if (st == OC_OK && j.full)
        st = OC_FAIL(&err, OC_INVALID, "the answer is longer than %zu bytes", bytes);
    if (st != OC_OK) { /* instead of what has been written so far */
        begin(&j, answer, bytes, false);
        oc_jsonw_text(&j, "error", err.message);
    }
    oc_jsonw_close(&j, '}');
    answer[j.n++] = '\n';
    answer[j.n] = '\0';
    oc_yaml_destroy(doc);
    free(r.settings);
}
