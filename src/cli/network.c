#include "cli/network.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/plans.h"
#include "cli/tuned.h"
#include "ocellus/plan.h"
#include "tensor/half.h"

double cli_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static oc_status gather_shapes(const cli_network_options *o, const oc_port *shapes, size_t n_shapes,
                               char **texts, oc_port *all, size_t *n, oc_error *err)
{
    for (size_t i = 0; i < o->shapes.n; i++) {
        if (!(texts[i] = strdup(o->shapes.item[i])))
            return OC_FAIL(err, OC_NOMEM, "shapes");
        oc_status st = cli_shape(texts[i], &all[*n], err);
        if (st != OC_OK)
            return st;
        ++*n;
    }
    for (size_t i = 0; i < n_shapes; i++)
        all[(*n)++] = shapes[i];
    return OC_OK;
}

static oc_status open_cached(const char *path, const oc_session_options *so, oc_session **out,
                             oc_error *err)
{
    char               folder[OC_PATH_MAX];
    oc_net_plans       plans;
    oc_plan_cache_seen seen;
    oc_status          st = cli_plans(folder, sizeof(folder), &plans, err);
    if (st != OC_OK)
        return st;
    st = oc_plan_cache_open(&plans.cache, path, so, out, &seen, err);
    if (st == OC_OK && seen.note[0])
        plans.note(plans.ctx, seen.note);
    return st;
}

static oc_status make_session(const cli_network *net, const cli_network_options *options,
                              const oc_port *shapes, size_t n_shapes, const oc_tune *tune,
                              oc_session **out, oc_error *err)
{
    char     *texts[64] = {0};
    size_t    n = 0;
    oc_port  *all = calloc(options->shapes.n + n_shapes + 1, sizeof(*all));
    oc_status st;

    if (!all)
        return OC_FAIL(err, OC_NOMEM, "shapes");
    if ((st = gather_shapes(options, shapes, n_shapes, texts, all, &n, err)) != OC_OK)
        goto out;
    oc_session_options so = OC_SESSION_OPTIONS_INIT;
    so.pool = net->pool;
    so.backend = options->backend;
    so.isa = options->isa;
    so.no_fusion = options->no_fusion;
    so.allow_dynamic = options->allow_dynamic;
    so.shapes = all;
    so.n_shapes = n;
    so.tune = tune;
    so.memory_bytes_max = options->memory_bytes_max;
    st = net->model            ? oc_session_create(net->model, &so, out, err)
         : options->plan_cache ? open_cached(net->path, &so, out, err)
                               : oc_plan_open(options->plan, net->path, &so, out, err);
out:
    for (size_t i = 0; i < 64; i++)
        free(texts[i]);
    free(all);
    return st;
}

oc_status cli_network_session(const cli_network *net, const cli_network_options *options,
                              const oc_tune *tune, oc_session **out, oc_error *err)
{
    return make_session(net, options, NULL, 0, tune, out, err);
}

oc_status cli_network_open(const char *path, const cli_network_options *options,
                           const oc_port *shapes, size_t n_shapes, cli_network *out, oc_error *err)
{
    cli_network net = {.path = path};
    oc_tune    *tune = NULL;
    double      t0 = cli_now_ms();
    oc_status   st;

    if (options->plan && options->plan_cache)
        return OC_FAIL(err, OC_INVALID, "--plan names one, --plan-cache looks for one: not both");
    if ((options->tuned && (st = cli_tune_load(&tune, err)) != OC_OK) ||
        (st = oc_pool_create((unsigned)options->threads, &net.pool, err)) != OC_OK ||
        (!options->plan && !options->plan_cache &&
         (st = oc_model_load(path, &net.model, err)) != OC_OK))
        goto out;
    for (size_t i = 0; net.model && oc_model_warning(net.model, i); i++)
        fprintf(stderr, "warning: %s: %s\n", path, oc_model_warning(net.model, i));
    if ((st = make_session(&net, options, shapes, n_shapes, tune, &net.session, err)) != OC_OK) {
        if (net.model) /* what a plan has to say names its own file */
            oc_error_prefix(err, "%s", path);
        goto out;
    }
    net.load_ms = cli_now_ms() - t0;
    *out = net;
    net = (cli_network){0};
out:
    oc_tune_destroy(tune);
    cli_network_close(&net);
    return st;
}

void cli_network_close(cli_network *net)
{
    oc_session_destroy(net->session);
    oc_model_unref(net->model);
    oc_pool_destroy(net->pool);
    *net = (cli_network){0};
}

void cli_fill(void *data, const oc_tensor_info *info)
{
    size_t n;
    if (!oc_shape_elements(&info->shape, &n))
        return;
    for (size_t i = 0; i < n; i++) {
        unsigned m = (unsigned)(i % 255);
        switch (info->dtype) {
        case OC_F32: ((float *)data)[i] = (float)m / 255.0f; break;
        case OC_F64: ((double *)data)[i] = (double)m / 255.0; break;
        case OC_F16: ((uint16_t *)data)[i] = oc_half_from_float((float)m / 255.0f); break;
        case OC_U8:
        case OC_I8: ((uint8_t *)data)[i] = (uint8_t)m; break;
        case OC_BOOL: ((uint8_t *)data)[i] = m & 1; break;
        case OC_U16:
        case OC_I16: ((uint16_t *)data)[i] = (uint16_t)m; break;
        case OC_U32:
        case OC_I32: ((uint32_t *)data)[i] = m; break;
        default: ((uint64_t *)data)[i] = m; break;
        }
    }
}
