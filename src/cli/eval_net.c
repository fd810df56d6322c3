#include "cli/eval_net.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/download.h"
#include "cli/gallery.h"
#include "cli/plans.h"
#include "media/image.h"

bool cli_eval_net_given(const cli_eval_net *n)
{
    return n->card || n->pipeline;
}

static const char *const kind_names[] = {
    [OC_HEAD_DETECT] = "boxes",
    [OC_HEAD_CLASS] = "classes",
    [OC_HEAD_TEXT] = "text",
    [OC_HEAD_EMBED] = "embeddings",
};

static const oc_recognise_kind recognise_of[] = {
    [OC_HEAD_CLASS] = OC_RECOGNISE_CLASS,
    [OC_HEAD_TEXT] = OC_RECOGNISE_TEXT,
    [OC_HEAD_EMBED] = OC_RECOGNISE_GALLERY,
};

static oc_status from_pipeline(cli_eval_net *n, oc_head_kind kind, const char **card,
                               const char **model, oc_error *err)
{
    oc_status st = oc_pipeline_config_load(n->pipeline, &n->config, err);
    if (st != OC_OK)
        return st;
    const oc_pipeline_config *c = n->config;
    if (kind == OC_HEAD_DETECT) {
        *card = c->detect.network;
        *model = n->model ? n->model : c->detect.model;
        return OC_OK;
    }
    for (size_t i = 0; i < c->n_recognise; i++) {
        if (c->recognise[i].kind == recognise_of[kind]) {
            *card = c->recognise[i].network;
            *model = n->model ? n->model : c->recognise[i].model;
            return OC_OK;
        }
    }
    return OC_FAIL(err, OC_INVALID, "%s: none of its networks gives %s", n->pipeline,
                   kind_names[kind]);
}

oc_status cli_eval_net_open(cli_eval_net *n, oc_head_kind kind, float score, oc_error *err)
{
    const char *card = n->card, *model = n->model;
    oc_status   st = n->pipeline ? from_pipeline(n, kind, &card, &model, err) : OC_OK;
    if (st == OC_OK)
        st = oc_pool_create((unsigned)n->threads, &n->pool, err);
    if (st != OC_OK)
        return st;
    char         folder[OC_PATH_MAX];
    oc_net_plans plans;
    if (n->plan_cache && (st = cli_plans(folder, sizeof(folder), &plans, err)) != OC_OK)
        return st;
    const oc_net_options options = {.pool = n->pool,
                                    .isa = n->isa,
                                    .score = score,
                                    .allow_dynamic = n->allow_dynamic,
                                    .plans = n->plan_cache ? &plans : NULL};
    if ((st = oc_net_create(card, model, &options, &n->net, err)) != OC_OK)
        return st;
    const oc_card *c = oc_net_card(n->net);
    if (c->head->kind != kind)
        return OC_FAIL(err, OC_INVALID, "%s: its head (%s) gives no %s", c->name, c->head->name,
                       kind_names[kind]);
    return OC_OK;
}

void cli_eval_net_close(cli_eval_net *n)
{
    oc_net_destroy(n->net);
    oc_pool_destroy(n->pool);
    oc_pipeline_config_destroy(n->config);
    n->net = NULL;
    n->pool = NULL;
    n->config = NULL;
}

oc_status cli_eval_net_run(cli_eval_net *n, const cli_pictures *pictures, cli_eval_each *each,
                           void *ctx, oc_error *err)
{
    oc_status st = OC_OK;
    cli_catch_interrupt();
    for (size_t i = 0; i < pictures->n && st == OC_OK; i++) {
        const cli_picture *p = &pictures->item[i];
        oc_frame          *frame = NULL;
        oc_result          result = {.n_classes = 0};
        if (cli_was_interrupted())
            return OC_FAIL(err, OC_CANCELLED, "stopped after %zu of %zu pictures", i, pictures->n);
        cli_gallery_progress("looking at pictures", i, pictures->n);
        if ((st = oc_image_load(p->path, &frame, err)) == OC_OK &&
            (st = oc_net_run(n->net, frame, NULL, &result, err)) == OC_OK &&
            (st = each(ctx, p, frame, &result, err)) != OC_OK)
            oc_error_prefix(err, "%s", p->path);
        oc_frame_unref(frame);
    }
    cli_gallery_progress("", pictures->n, pictures->n);
    return st;
}

oc_status cli_eval_pictures(const char *path, cli_pictures *out, oc_error *err)
{
    struct stat s;
    bool        folder = stat(path, &s) == 0 && S_ISDIR(s.st_mode);
    oc_status st = folder ? cli_pictures_folder(out, path, err) : cli_pictures_csv(out, path, err);
    if (st == OC_OK && out->n == 0)
        st = OC_FAIL(err, OC_FORMAT, "%s: no pictures", path);
    for (size_t i = 0; i < out->n && st == OC_OK; i++)
        if (!out->item[i].label)
            st = OC_FAIL(err, OC_FORMAT, "%s: %s has no label", path, out->item[i].path);
    return st;
}
