/* Site YAML: one stream, or a list of them over what they have in common. */
#include "pipeline/site_config.h"

#include <stdlib.h>
#include <string.h>

bool oc_stream_name_ok(const char *name)
{
    size_t n = strlen(name);
    return n >= 1 && n <= OC_STREAM_NAME_MAX && *name != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == n;
}

static oc_status check_name(const oc_yaml_node *over, oc_error *err)
{
    const oc_yaml_node *at = oc_yaml_find(over, "name");
    const char         *name;
    if (!at)
        return oc_yaml_fail(err, over, "'name' is missing: each stream has its own");
    oc_status st = oc_yaml_to_text(at, &name, err);
    if (st == OC_OK && !oc_stream_name_ok(name))
        st = oc_yaml_fail(
            err, at, "'%.80s' is no name for a stream: up to %d letters, digits, '_', '-', '.'",
            name, OC_STREAM_NAME_MAX);
    return st;
}

static oc_status read_stream(oc_site_config *c, const oc_yaml_node *over, oc_error *err)
{
    oc_status st;
    if (oc_yaml_kind_of(over) != OC_YAML_MAP)
        return oc_yaml_fail(err, over, "a stream is a map with a name");
    if ((st = check_name(over, err)) != OC_OK)
        return st;
    if ((st = oc_pipeline_config_layer(c->common, over, NULL, &c->stream[c->n], err)) != OC_OK)
        return st;
    c->over[c->n++] = over;
    for (size_t i = 0; i + 1 < c->n; i++)
        if (strcmp(c->stream[i]->name, c->stream[c->n - 1]->name) == 0)
            return oc_yaml_fail(err, over, "a stream named '%s' is there already",
                                c->stream[i]->name);
    return OC_OK;
}

static oc_status read_streams(oc_site_config *c, const oc_yaml_node *list, oc_error *err)
{
    oc_status st = OC_OK;
    if (oc_yaml_kind_of(list) != OC_YAML_LIST)
        return oc_yaml_fail(err, list, "'streams' is not a list");
    if (oc_yaml_count(list) == 0 || oc_yaml_count(list) > OC_STREAMS_MAX)
        return oc_yaml_fail(err, list, "%zu streams, not 1 .. %d", oc_yaml_count(list),
                            OC_STREAMS_MAX);
    for (size_t i = 0; i < oc_yaml_count(list) && st == OC_OK; i++)
        st = read_stream(c, oc_yaml_at(list, i), err);
    return st;
}

/* The one stream of a file without `streams:`. */
static oc_status read_single(oc_site_config *c, oc_error *err)
{
    oc_status st = oc_pipeline_config_layer(c->common, c->common, NULL, &c->stream[0], err);
    c->n = st == OC_OK;
    c->over[0] = c->common;
    return st;
}

static oc_status take(oc_yaml *doc, oc_site_config **out, oc_error *err)
{
    const oc_yaml_node *root = oc_yaml_root(doc), *streams = oc_yaml_find(root, "streams"), *name;
    oc_site_config     *c = calloc(1, sizeof(*c));
    if (!c) {
        oc_yaml_destroy(doc);
        return OC_FAIL(err, OC_NOMEM, "site: out of memory");
    }
    c->doc = doc;
    c->file = oc_yaml_file(root);
    c->many = streams != NULL;
    oc_status st = oc_yaml_merge(root, root, "streams", &c->common_doc, err);
    if (st == OC_OK) {
        c->common = oc_yaml_root(c->common_doc);
        st = streams ? read_streams(c, streams, err) : read_single(c, err);
    }
    c->name = c->file;
    if (st == OC_OK && (name = oc_yaml_find(root, "name")))
        st = oc_yaml_to_text(name, &c->name, err);
    if (st != OC_OK) {
        oc_site_config_destroy(c);
        return st;
    }
    *out = c;
    return OC_OK;
}

oc_status oc_site_config_load(const char *path, oc_site_config **out, oc_error *err)
{
    oc_yaml  *doc;
    oc_status st = oc_yaml_load(path, &doc, err);
    return st == OC_OK ? take(doc, out, err) : st;
}

oc_status oc_site_config_memory(const char *name, const void *text, size_t bytes,
                                oc_site_config **out, oc_error *err)
{
    oc_yaml  *doc;
    oc_status st = oc_yaml_load_memory(name, text, bytes, &doc, err);
    return st == OC_OK ? take(doc, out, err) : st;
}

void oc_site_config_destroy(oc_site_config *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++)
        oc_pipeline_config_destroy(c->stream[i]);
    oc_yaml_destroy(c->common_doc);
    oc_yaml_destroy(c->doc);
    free(c);
}

oc_status oc_site_config_stream(const oc_site_config *c, const char *from, const void *text,
                                size_t bytes, oc_pipeline_config **out, oc_error *err)
{
    oc_yaml  *own = NULL;
    oc_status st = oc_yaml_load_memory(from, text, bytes, &own, err);
    if (st != OC_OK)
        return st;
    if (oc_yaml_kind_of(oc_yaml_root(own)) != OC_YAML_MAP)
        st = oc_yaml_fail(err, oc_yaml_root(own), "a stream is a map with a name");
    else
        st = check_name(oc_yaml_root(own), err);
    if (st != OC_OK) {
        oc_yaml_destroy(own);
        return st;
    }
    return oc_pipeline_config_layer(c->common, oc_yaml_root(own), &own, out, err);
}
