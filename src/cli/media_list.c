#include "cli/media_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/files.h"
#include "vision/card_source.h"

static bool find_list(char *path)
{
    char        program[OC_PATH_MAX - 64];
    const char *own = getenv("OCELLUS_DATA");
    ssize_t     n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[n > 0 ? n : 0] = 0;
    char *slash = strrchr(program, '/');
    if (slash)
        *slash = 0;
    snprintf(path, OC_PATH_MAX, "%s/media.yaml", own && *own ? own : "data");
    if (cli_exists(path))
        return true;
    static const char *const beside[] = {"../data", "../share/ocellus/data", "../../data"};
    for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
        snprintf(path, OC_PATH_MAX, "%s/%s/media.yaml", program, beside[i]);
        if (cli_exists(path))
            return true;
    }
    return false;
}

static oc_status parse_item(cli_media_list *list, const oc_yaml_node *node, oc_error *err)
{
    cli_media  *m = &list->items[list->n];
    oc_yaml_map map;
    oc_yaml_begin(&map, node, err);
    m->name = oc_yaml_text(&map, "name");
    m->title = oc_yaml_text(&map, "title");
    m->licence = oc_yaml_text(&map, "licence");
    const oc_yaml_node *source = oc_yaml_sub(&map, "source");
    if (source)
        map.status = oc_card_source_parse(source, &list->arena, &m->source, err);
    if (map.status == OC_OK && (strchr(m->name, '/') || m->name[0] == '.'))
        oc_yaml_object(&map, "name", "no plain file name");
    list->n++;
    return oc_yaml_end(&map);
}

oc_status cli_media_load(cli_media_list *list, oc_error *err)
{
    memset(list, 0, sizeof(*list));
    if (!find_list(list->path))
        return OC_FAIL(err, OC_NOT_FOUND,
                       "data/media.yaml is not here (OCELLUS_DATA may name its "
                       "folder)");
    oc_status st = oc_yaml_load(list->path, &list->doc, err);
    if (st != OC_OK)
        return st;
    oc_yaml_map map;
    oc_yaml_begin(&map, oc_yaml_root(list->doc), err);
    const oc_yaml_node *items = oc_yaml_list(&map, "media", 1, CLI_MEDIA_MAX);
    for (size_t i = 0; items && map.status == OC_OK && i < oc_yaml_count(items); i++)
        map.status = parse_item(list, oc_yaml_at(items, i), err);
    st = oc_yaml_end(&map);
    if (st != OC_OK)
        cli_media_finish(list);
    return st;
}

void cli_media_finish(cli_media_list *list)
{
    oc_yaml_destroy(list->doc);
    oc_arena_finish(&list->arena);
    memset(list, 0, sizeof(*list));
}

const cli_media *cli_media_find(const cli_media_list *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

oc_status cli_media_get(cli_fetcher *f, const cli_media *m, const char *cache,
                        char path[OC_PATH_MAX], const char **from, oc_error *err)
{
    char folder[OC_PATH_MAX];
    bool one = m->source.n_members == 1;
    if (snprintf(path, OC_PATH_MAX, "%s/%s", cache, one ? m->source.members[0].file : m->name) >=
            OC_PATH_MAX ||
        snprintf(folder, sizeof(folder), "%s", one ? cache : path) >= (int)sizeof(folder))
        return OC_FAIL(err, OC_INVALID, "%.60s...: path too long", cache);
    oc_status st = cli_fetch_members(f, &m->source, m->name, folder, from, err);
    if (st != OC_OK)
        oc_error_prefix(err, "%s", m->name);
    return st;
}
