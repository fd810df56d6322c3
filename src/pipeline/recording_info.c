#include "pipeline/recording_info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/build_id.h"
#include "core/cpu.h"
#include "core/pool.h"
#include "gallery/gallery.h"
#include "ops/choice.h"

static void on_step(void *kernels, const oc_step_view *s)
{
    if (s->kernel && s->kernel_key)
        json_object_set_new(kernels, s->kernel_key, json_string(s->kernel));
}

/* A hash, or why there is none: a file may be gone while what was read of it serves. */
static json_t *hash_of(const char *path)
{
    char     hex[65];
    oc_error err = {0};
    if (!path || oc_gallery_hash(path, hex, &err) != OC_OK)
        return json_null();
    return json_string(hex);
}

static void add_network(json_t *list, json_t *kernels, const char *role, const oc_net *net)
{
    const oc_card *card = oc_net_card(net);
    const char    *model = oc_net_model_path(net);
    json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s, s:o}", "role", role, "card",
                                          card->name, "card_sha256", hash_of(card->path), "model",
                                          model ? model : "", "model_sha256", hash_of(model)));
    oc_net_describe(net, on_step, kernels);
}

static json_t *names(const char *(*name)(int), int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_string(name(i)));
    return list;
}

static const char *stage_name(int i)
{
    return oc_stage_name((oc_stage)i);
}

static const char *drop_name(int i)
{
    return oc_drop_name((oc_drop)i);
}

/* The gallery's file that is in use, if any recogniser has one. */
static const char *gallery_of(const oc_pipeline *p)
{
    for (size_t i = 0; i < p->config->n_recognise; i++)
        if (p->config->recognise[i].kind == OC_RECOGNISE_GALLERY)
            return p->options.gallery ? p->options.gallery : p->config->recognise[i].gallery;
    return NULL;
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* The configuration, as one line of YAML. */
static json_t *pipeline_text(const oc_pipeline *p)
{
    const oc_yaml_node *root = oc_yaml_root(p->config->doc);
    char                none[1];
    size_t              n = oc_yaml_write(root, none, sizeof(none));
    char               *text = malloc(n + 1);
    if (!text)
        return NULL;
    oc_yaml_write(root, text, n + 1);
    json_t *json = json_stringn(text, n);
    free(text);
    return json;
}

static json_t *describe(const oc_pipeline *p, const char *run)
{
    char    build[OC_BUILD_ID_TEXT], cpu[OC_CPU_MODEL_MAX];
    oc_isa  isa = oc_cpu_isa();
    json_t *nets = json_array(), *kernels = json_object();
    oc_build_id(build);
    oc_cpu_model(cpu);
    if (p->options.isa)
        (void)oc_isa_parse(p->options.isa, &isa);
    for (size_t i = 0; i < p->n_detectors; i++) /* the others are of the ladder's steps */
        add_network(nets, kernels, i ? "detect, less" : "detect", p->detector[i]);
    for (size_t i = 0; i < p->config->n_recognise; i++)
        add_network(nets, kernels, p->config->recognise[i].name, p->recogniser[i].net);
    unsigned threads = p->options.pool ? oc_pool_threads(p->options.pool) : 0;
    json_t  *info = json_pack(
         "{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:s, s:s, s:i, s:i, s:f, s:b}", "run",
         run, "version", OC_VERSION, "build", build, "cpu", cpu, "arch", oc_cpu_arch(), "isa",
         oc_isa_name(isa), "threads", (int)threads, "name", p->config->name, "file", p->config->file,
         "pipeline", pipeline_text(p), "source", p->shown, "at", p->at, "width", (int)p->info.width,
         "height", (int)p->info.height, "fps", p->info.fps, "live", (int)p->live);
    const char *gallery = gallery_of(p);
    if (info) {
        json_object_set_new(info, "gallery", text_or_null(gallery));
        json_object_set_new(info, "gallery_sha256", hash_of(gallery));
        json_object_set_new(info, "stages", names(stage_name, OC_STAGES));
        json_object_set_new(info, "drops", names(drop_name, OC_DROP_REASONS));
        json_object_set(info, "networks", nets);
        json_object_set(info, "kernels", kernels);
    }
    json_decref(nets);
    json_decref(kernels);
    return info;
}

oc_status oc_recording_info_make(const oc_pipeline *p, const char *run, char **out, oc_error *err)
{
    json_t *info = describe(p, run);
    *out = info ? json_dumps(info, JSON_INDENT(1)) : NULL;
    json_decref(info);
    return *out ? OC_OK : OC_FAIL(err, OC_NOMEM, "recording: what runs cannot be written down");
}

static const struct {
    const char *key;
    json_type   type;
} needed[] = {
    {"run", JSON_STRING},   {"threads", JSON_INTEGER}, {"name", JSON_STRING},
    {"file", JSON_STRING},  {"pipeline", JSON_STRING}, {"source", JSON_STRING},
    {"at", JSON_STRING},    {"width", JSON_INTEGER},   {"height", JSON_INTEGER},
    {"fps", JSON_REAL},     {"networks", JSON_ARRAY},  {"kernels", JSON_OBJECT},
    {"stages", JSON_ARRAY}, {"drops", JSON_ARRAY},
};

oc_status oc_recording_info_parse(const void *text, size_t n, json_t **out, oc_error *err)
{
    json_error_t fault;
    json_t      *info = json_loadb(text, n, JSON_REJECT_DUPLICATES, &fault);
    if (!json_is_object(info)) {
        json_decref(info);
        return OC_FAIL(err, OC_FORMAT, "what ran is not told in JSON: line %d: %s", fault.line,
                       fault.text);
    }
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        const json_t *v = json_object_get(info, needed[i].key);
        if (v && json_typeof(v) == needed[i].type)
            continue;
        json_decref(info);
        return OC_FAIL(err, OC_FORMAT, "what ran: '%s' is missing, or of the wrong kind",
                       needed[i].key);
    }
    *out = info;
    return OC_OK;
}

const char *oc_info_text(const json_t *info, const char *key)
{
    const char *text = json_string_value(json_object_get(info, key));
    return text ? text : "";
}

static void compare_text(const json_t *was, const json_t *here, const char *key, const char *what,
                         oc_info_differs_fn *differs, void *ctx)
{
    const char *a = oc_info_text(was, key), *b = oc_info_text(here, key);
    if (strcmp(a, b) != 0)
        differs(ctx, what, *a ? a : "none", *b ? b : "none");
}

static void compare_networks(const json_t *was, const json_t *here, oc_info_differs_fn *differs,
                             void *ctx)
{
    const json_t *a = json_object_get(was, "networks"), *b = json_object_get(here, "networks");
    for (size_t i = 0; i < json_array_size(a) || i < json_array_size(b); i++) {
        const json_t *x = json_array_get(a, i), *y = json_array_get(b, i);
        char          what[128];
        const char   *role = oc_info_text(x ? x : y, "role");
        snprintf(what, sizeof(what), "%.40s: the network's file (sha256)", role);
        compare_text(x, y, "model_sha256", what, differs, ctx);
        snprintf(what, sizeof(what), "%.40s: its card (sha256)", role);
        compare_text(x, y, "card_sha256", what, differs, ctx);
    }
}

static void compare_kernels(const json_t *was, const json_t *here, oc_info_differs_fn *differs,
                            void *ctx)
{
    json_t     *a = json_object_get(was, "kernels"), *b = json_object_get(here, "kernels"), *v;
    const char *key;
    json_object_foreach(a, key, v)
    {
        const char *is = json_string_value(json_object_get(b, key));
        char        what[256];
        snprintf(what, sizeof(what), "kernel of %.200s", key);
        if (!is || strcmp(is, json_string_value(v) ? json_string_value(v) : "") != 0)
            differs(ctx, what, json_string_value(v) ? json_string_value(v) : "none",
                    is ? is : "no such layer");
    }
}

void oc_recording_info_compare(const json_t *was, const json_t *here, oc_info_differs_fn *differs,
                               void *ctx)
{
    compare_text(was, here, "version", "the program's version", differs, ctx);
    compare_text(was, here, "build", "the program's build", differs, ctx);
    compare_text(was, here, "isa", "instruction sets", differs, ctx);
    compare_networks(was, here, differs, ctx);
    compare_text(was, here, "gallery_sha256", "the gallery (sha256)", differs, ctx);
    compare_kernels(was, here, differs, ctx);
}

oc_status oc_recording_info_tune(const json_t *info, oc_tune **out, oc_error *err)
{
    oc_tune    *tune = NULL;
    oc_status   st = oc_tune_create(&tune, err);
    const char *key;
    json_t     *v, *kernels = json_object_get(info, "kernels");
    if (st != OC_OK)
        return st;
    json_object_foreach(kernels, key, v)
    {
        if (st == OC_OK && json_string_value(v))
            st = oc_tune_put(tune, key, json_string_value(v), err);
    }
    if (st != OC_OK) {
        oc_tune_destroy(tune);
        return st;
    }
    *out = tune;
    return OC_OK;
}
