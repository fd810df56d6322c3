/* ocellus models {list,get,show}: known networks and media, and how they come here. */
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/download.h"
#include "cli/fetch.h"
#include "cli/files.h"
#include "cli/media_list.h"

#define NAMES_MAX 256

typedef struct names {
    char  *item[NAMES_MAX];
    size_t n;
} names;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names of all cards, each once, sorted. */
static void find_cards(names *list)
{
    char folder[OC_PATH_MAX], path[OC_PATH_MAX];
    for (size_t i = 0; oc_store_folder(i, folder, sizeof(folder)); i++) {
        DIR           *dir = opendir(folder);
        struct dirent *e;
        while (dir && (e = readdir(dir)) && list->n < NAMES_MAX) {
            bool known = false;
            for (size_t k = 0; k < list->n && !known; k++)
                known = strcmp(list->item[k], e->d_name) == 0;
            if (known || e->d_name[0] == '.' ||
                snprintf(path, sizeof(path), "%s/%s/card.yaml", folder, e->d_name) >=
                    (int)sizeof(path) ||
                !cli_exists(path))
                continue;
            char *name = strdup(e->d_name);
            if (name)
                list->item[list->n++] = name;
        }
        if (dir)
            closedir(dir);
    }
    qsort(list->item, list->n, sizeof(*list->item), by_text);
}

static void finish_names(names *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->item[i]);
    list->n = 0;
}

static void print_json(json_t *doc)
{
    json_dumpf(doc, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(doc);
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

/* ---- list ---- */

static int list_cards(bool json, const char *mirror)
{
    names   list = {0};
    int     code = CLI_DONE;
    json_t *doc = json_array();
    find_cards(&list);
    for (size_t i = 0; i < list.n; i++) {
        oc_card *card = NULL;
        oc_error err = {0};
        char     path[OC_PATH_MAX] = "";
        if (oc_store_card(list.item[i], &card, &err) != OC_OK) {
            code = cli_fail("models", &err);
            continue;
        }
        bool here = oc_store_model(card, mirror, path, sizeof(path), NULL) == OC_OK;
        if (json)
            json_array_append_new(doc, json_pack("{s:s, s:s, s:s, s:s, s:b, s:o}", "name",
                                                 card->name, "title", card->title, "licence",
                                                 card->licence, "head", card->head->name, "here",
                                                 here, "path", text_or_null(here ? path : NULL)));
        else
            printf("%-18s %-4s %s\n", card->name, here ? "here" : "-", card->title);
        oc_card_destroy(card);
    }
    if (json)
        print_json(doc);
    else
        json_decref(doc);
    finish_names(&list);
    return code;
}

/* ---- show ---- */

static json_t *source_json(const oc_card_source *s)
{
    static const char *const origins[] = {"npm", "apt", "url"};
    json_t                  *members = json_array();
    for (size_t i = 0; i < s->n_members; i++)
        json_array_append_new(members, json_pack("{s:s, s:o}", "path", s->members[i].path, "sha256",
                                                 text_or_null(s->members[i].sha256)));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "origin", origins[s->origin],
                     "package", text_or_null(s->package), "version", text_or_null(s->version),
                     "url", text_or_null(s->url), "members", members, "convert",
                     text_or_null(s->convert), "file", s->file, "sha256", text_or_null(s->sha256));
}

static json_t *card_json(const oc_card *card, const char *path)
{
    json_t *sizes = json_array(), *labels = json_array();
    for (size_t i = 0; i < card->n_sizes; i++)
        json_array_append_new(
            sizes, json_pack("[i, i]", (int)card->sizes[i].width, (int)card->sizes[i].height));
    for (size_t i = 0; i < card->n_labels; i++)
        json_array_append_new(labels, json_string(card->labels[i]));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "name", card->name, "title",
                     card->title, "licence", card->licence, "card", card->path, "head",
                     card->head->name, "sizes", sizes, "labels", labels, "source",
                     source_json(&card->source), "path", text_or_null(path));
}

static void print_card(const oc_card *card, const char *path)
{
    const oc_card_source *s = &card->source;
    printf("%s: %s\n  licence  %s\n  card     %s\n", card->name, card->title, card->licence,
           card->path);
    if (s->origin == OC_ORIGIN_URL)
        printf("  source   %s\n", s->url);
    else
        printf("  source   %s package %s %s: %s\n", s->origin == OC_ORIGIN_NPM ? "npm" : "Debian",
               s->package, s->version ? s->version : "", s->members[0].path);
    printf("  sha256   %s%s\n", s->members[0].sha256, s->convert ? " (before conversion)" : "");
    printf("  input    ");
    for (size_t i = 0; i < card->n_sizes; i++)
        printf("%s%dx%d", i ? ", " : "", card->sizes[i].width, card->sizes[i].height);
    printf(" %s\n  head     %s, %zu labels\n",
           card->image.gray  ? "gray"
           : card->image.bgr ? "bgr"
                             : "rgb",
           card->head->name, card->n_labels);
    printf("  file     %s\n", path ? path : "not fetched yet");
}

static int show_card(const char *name, bool json, const char *mirror)
{
    oc_card *card = NULL;
    oc_error err = {0};
    char     path[OC_PATH_MAX];
    if (oc_store_card(name, &card, &err) != OC_OK)
        return cli_fail("models", &err);
    bool here = oc_store_model(card, mirror, path, sizeof(path), NULL) == OC_OK;
    int  code = CLI_DONE;
    if (here && oc_card_labels(card, path, &err) != OC_OK)
        code = cli_fail("models", &err);
    else if (json)
        print_json(card_json(card, here ? path : NULL));
    else
        print_card(card, here ? path : NULL);
    oc_card_destroy(card);
    return code;
}

/* ---- get ---- */

static int fetch_exit(const oc_error *err)
{
    int code = cli_fail("models", err);
    /* A network that cannot be reached is no fault of any input. */
    return err->status == OC_IO ? CLI_FAILED : code;
}

static void report(json_t *doc, bool json, const char *name, const char *path, const char *from)
{
    int64_t bytes = cli_size(path);
    if (json)
        json_array_append_new(doc, json_pack("{s:s, s:s, s:I, s:s}", "name", name, "path", path,
                                             "bytes", (json_int_t)bytes, "from", from));
    else
        printf("%-18s %8.1f MB  %-6s %s\n", name, (double)bytes / 1e6, from, path);
}

static int get_cards(cli_fetcher *f, names *list, bool json, json_t *doc)
{
    int code = CLI_DONE;
    for (size_t i = 0; i < list->n && !cli_was_interrupted(); i++) {
        oc_card    *card = NULL;
        oc_error    err = {0};
        char        path[OC_PATH_MAX];
        const char *from = "";
        oc_status   st = oc_store_card(list->item[i], &card, &err);
        if (st == OC_OK)
            st = cli_fetch_model(f, card, path, sizeof(path), &from, &err);
        if (st == OC_OK)
            report(doc, json, card->name, path, from);
        else
            code = fetch_exit(&err);
        oc_card_destroy(card);
    }
    return code;
}

static int get_media(cli_fetcher *f, const names *list, bool json, json_t *doc)
{
    cli_media_list media;
    oc_error       err = {0};
    char           cache[OC_PATH_MAX];
    if (cli_media_load(&media, &err) != OC_OK ||
        oc_store_cache("media", cache, sizeof(cache), &err) != OC_OK)
        return cli_fail("models", &err);
    int code = CLI_DONE;
    for (size_t i = 0; i < list->n; i++)
        if (!cli_media_find(&media, list->item[i])) {
            OC_FAIL(&err, OC_NOT_FOUND, "%s lists no '%s'", media.path, list->item[i]);
            code = cli_fail("models", &err);
        }
    for (size_t i = 0; i < media.n && code == CLI_DONE && !cli_was_interrupted(); i++) {
        const cli_media *m = &media.items[i];
        char             path[OC_PATH_MAX];
        const char      *from;
        bool             wanted = list->n == 0;
        for (size_t k = 0; k < list->n && !wanted; k++)
            wanted = strcmp(list->item[k], m->name) == 0;
        if (!wanted)
            continue;
        if (cli_media_get(f, m, cache, path, &from, &err) == OC_OK)
            report(doc, json, m->name, path, from);
        else
            code = fetch_exit(&err);
    }
    cli_media_finish(&media);
    return code;
}

static int get(cli_fetcher *f, const char **pos, size_t n, bool all, bool media, bool json)
{
    names   list = {0};
    json_t *doc = json_array();
    for (size_t i = 0; i < n && i < NAMES_MAX; i++)
        if ((list.item[list.n] = strdup(pos[i])))
            list.n++;
    if (all && !media)
        find_cards(&list);
    cli_catch_interrupt();
    int code = media ? get_media(f, &list, json, doc) : get_cards(f, &list, json, doc);
    if (json)
        print_json(doc);
    else
        json_decref(doc);
    finish_names(&list);
    cli_fetcher_finish(f);
    return cli_was_interrupted() ? CLI_INTERRUPTED : code;
}

int oc_cmd_models(int argc, char **argv);

int oc_cmd_models(int argc, char **argv)
{
    static bool        json, all, media;
    static cli_fetcher fetcher; /* large: paths */
    const cli_option   options[] = {
          {"--mirror", 's', &fetcher.mirror, "DIR", "a folder that has files already"},
          {"--all", 'f', &all, NULL, "get: every network there is a card for"},
          {"--media", 'f', &media, NULL, "get: videos and pictures instead of networks"},
          {"--force", 'f', &fetcher.force, NULL, "get: also what is there already"},
          {"--json", 'f', &json, NULL, "one JSON document"},
          {NULL, 0, NULL, NULL, NULL}};
    const cli_command command = {
        .name = "models",
        .arguments = "list | show NAME | get NAME...",
        .what = "Lists the networks there are cards for, shows one, or fetches some, verified by "
                "sha256,\ninto the cache folder.",
        .options = options,
        .n_min = 1,
        .n_max = NAMES_MAX};
    const char *pos[NAMES_MAX];
    size_t      n;
    int         code = cli_parse(&command, argc, argv, pos, &n);
    if (code >= 0)
        return code;
    if (strcmp(pos[0], "list") == 0 && n == 1)
        return list_cards(json, fetcher.mirror);
    if (strcmp(pos[0], "show") == 0 && n == 2)
        return show_card(pos[1], json, fetcher.mirror);
    if (strcmp(pos[0], "get") == 0 && (n > 1 || all || media))
        return get(&fetcher, pos + 1, n - 1, all, media, json);
    return cli_usage("models", "wanted: list, show NAME, or get NAME...");
}
