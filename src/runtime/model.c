#include "runtime/model.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/open.h"

struct oc_model {
    atomic_uint      refs;
    oc_import        import;
    oc_port         *inputs, *outputs;
    char            *path; /* NULL: from memory */
    oc_packed_store *packed;
};

static oc_status model_take(oc_import *import, const char *path, oc_model **out, oc_error *err)
{
    const oc_graph *g = import->graph;
    oc_model       *m = calloc(1, sizeof(*m));
    oc_port        *in = calloc((size_t)g->n_inputs + 1, sizeof(*in));
    oc_port        *outs = calloc((size_t)g->n_outputs + 1, sizeof(*outs));
    char           *copy = path ? strdup(path) : NULL;
    if (!m || !in || !outs || (path && !copy) || oc_packed_store_create(&m->packed, err) != OC_OK) {
        free(m);
        free(in);
        free(outs);
        free(copy);
        return OC_FAIL(err, OC_NOMEM, "model");
    }
    m->path = copy;
    for (uint32_t i = 0; i < g->n_inputs; i++)
        in[i] = (oc_port){g->values[g->inputs[i]].name, g->values[g->inputs[i]].info};
    for (uint32_t i = 0; i < g->n_outputs; i++)
        outs[i] = (oc_port){g->values[g->outputs[i]].name, g->values[g->outputs[i]].info};
    m->inputs = in;
    m->outputs = outs;
    m->import = *import;
    *import = (oc_import){0};
    atomic_init(&m->refs, 1);
    *out = m;
    return OC_OK;
}

oc_status oc_model_load(const char *path, oc_model **out, oc_error *err)
{
    oc_import import = {0};
    oc_status st = oc_open_file(path, &import, err);
    if (st == OC_OK)
        st = model_take(&import, path, out, err);
    oc_import_finish(&import);
    return st;
}

oc_status oc_model_load_memory(const char *name, const void *bytes, size_t n, oc_model **out,
                               oc_error *err)
{
    oc_import import = {0};
    oc_status st = oc_open_memory(name, bytes, n, &import, err);
    if (st == OC_OK)
        st = model_take(&import, NULL, out, err);
    oc_import_finish(&import);
    return st;
}

oc_model *oc_model_ref(oc_model *model)
{
    atomic_fetch_add_explicit(&model->refs, 1, memory_order_relaxed);
    return model;
}

void oc_model_unref(oc_model *model)
{
    if (!model || atomic_fetch_sub_explicit(&model->refs, 1, memory_order_acq_rel) != 1)
        return;
    oc_import_finish(&model->import);
    free(model->inputs);
    free(model->outputs);
    free(model->path);
    oc_packed_store_destroy(model->packed);
    free(model);
}

size_t oc_model_inputs(const oc_model *model, const oc_port **ports)
{
    *ports = model->inputs;
    return model->import.graph->n_inputs;
}

size_t oc_model_outputs(const oc_model *model, const oc_port **ports)
{
    *ports = model->outputs;
    return model->import.graph->n_outputs;
}

const char *oc_model_warning(const oc_model *model, size_t i)
{
    return i < model->import.n_warnings ? model->import.warnings[i] : NULL;
}

const oc_graph *oc_model_peek_graph(const oc_model *model)
{
    return model->import.graph;
}

oc_askew *oc_model_peek_askew(const oc_model *model)
{
    return model->import.askew;
}

oc_packed_store *oc_model_peek_packed(const oc_model *model)
{
    return model->packed;
}

const char *oc_model_path(const oc_model *model)
{
    return model->path;
}

bool oc_model_file(const oc_model *model, size_t i, const char **name, const oc_bytes **bytes)
{
    if (i == 0) {
        *name = "";
        *bytes = &model->import.file;
        return true;
    }
    return oc_import_external(&model->import, i - 1, name, bytes);
}

bool oc_model_maps(const oc_model *model, const void *p, size_t n)
{
    const char     *name;
    const oc_bytes *bytes;
    for (size_t i = 0; oc_model_file(model, i, &name, &bytes); i++) {
        const uintptr_t at = (uintptr_t)p, begin = (uintptr_t)bytes->data;
        if (bytes->mapped && at >= begin && at - begin < bytes->n && n <= bytes->n - (at - begin))
            return true;
    }
    return false;
}

void oc_model_release_pages(const oc_model *model)
{
    const char     *name;
    const oc_bytes *bytes;
    for (size_t i = 0; oc_model_file(model, i, &name, &bytes); i++)
        if (bytes->mapped)
            oc_pages_release(bytes->data, bytes->n);
}
