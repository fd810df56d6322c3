/* ocellus gallery: labelled embeddings in a file. */
#include "cli/gallery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "media/image.h"

/* ---- shared by the actions ---- */

oc_status cli_embedder_open(const cli_embedder_options *o, cli_embedder *e, oc_error *err)
{
    oc_status st = oc_pool_create((unsigned)o->threads, &e->pool, err);
    if (st != OC_OK)
        return st;
    const oc_net_options no = {.pool = e->pool, .isa = o->isa};
    if ((st = oc_net_create(o->card, o->model, &no, &e->net, err)) != OC_OK)
        return st;
    const oc_card *card = oc_net_card(e->net);
    if (oc_net_embedding(e->net) == 0)
        return OC_FAIL(err, OC_INVALID,
                       "%s: its head (%s) makes no embeddings; the card of one that does says "
                       "`type: embed`",
                       card->name, card->head->name);
    st = oc_gallery_hash(oc_net_model_path(e->net), e->sha256, err);
    e->model = (oc_gallery_model){card->name, e->sha256, oc_net_embedding(e->net)};
    return st;
}

void cli_embedder_close(cli_embedder *e)
{
    oc_net_destroy(e->net);
    oc_pool_destroy(e->pool);
    *e = (cli_embedder){0};
}

oc_status cli_embed(cli_embedder *e, const char *path, const float **out, oc_error *err)
{
    oc_frame *frame = NULL;
    oc_result result = {.n_embedding = 0};
    oc_status st = oc_image_load(path, &frame, err);
    if (st == OC_OK)
        st = oc_net_run(e->net, frame, NULL, &result, err);
    oc_frame_unref(frame);
    if (st == OC_OK)
        *out = result.embedding;
    return st;
}

bool cli_rules_given(const cli_rules *r)
{
    return r->by || r->center || !isnan(r->threshold);
}

int cli_rules_apply(const char *command, const cli_rules *r, oc_gallery_rules *rules)
{
    if (r->by && !oc_gallery_by_parse(r->by, &rules->by))
        return cli_usage(command, "--by wants nearest or centroid, not '%s'", r->by);
    if (r->center && strcmp(r->center, "on") != 0 && strcmp(r->center, "off") != 0)
        return cli_usage(command, "--center wants on or off, not '%s'", r->center);
    if (fabs(r->threshold) > 1)
        return cli_usage(command, "--threshold wants a number from -1 to 1");
    if (r->center)
        rules->center = strcmp(r->center, "on") == 0;
    if (!isnan(r->threshold))
        rules->threshold = (float)r->threshold;
    return -1;
}

static bool is_folder(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

oc_status cli_gallery_pictures(const char *csv, const char *folder, const char *const *images,
                               size_t n_images, const char *label, cli_pictures *out, oc_error *err)
{
    oc_status st = OC_OK;
    if (csv)
        st = cli_pictures_csv(out, csv, err);
    if (folder && st == OC_OK)
        st = cli_pictures_folder(out, folder, err);
    for (size_t i = 0; i < n_images && st == OC_OK; i++)
        st = is_folder(images[i]) ? cli_pictures_folder(out, images[i], err)
                                  : cli_pictures_add(out, images[i], label, err);
    if (st == OC_OK && out->n == 0)
        st = OC_FAIL(err, OC_FORMAT, "%s: no pictures", csv);
    return st;
}

void cli_gallery_progress(const char *what, size_t done, size_t n)
{
    if (n < 8 || !isatty(STDERR_FILENO))
        return;
    if (done == n)
        fputs("\r\033[K", stderr);
    else
        fprintf(stderr, "\r\033[K  %s: %zu/%zu (%zu%%)", what, done, n, 100 * done / n);
    fflush(stderr);
}

void cli_json_pair(const char *key, const char *text)
{
    cli_json_text(stdout, key);
    putchar(':');
    cli_json_text(stdout, text);
}

/* ---- list ---- */

typedef struct listing {
    bool   json;
    size_t n;
} listing;

static oc_status print_label(void *ctx, const char *label, size_t entries, oc_error *err)
{
    listing *l = ctx;
    (void)err;
    if (l->json) {
        printf("%s{", l->n ? "," : "");
        cli_json_pair("label", label);
        printf(",\"entries\":%zu}", entries);
    } else {
        printf("%8zu  %s\n", entries, label);
    }
    l->n++;
    return OC_OK;
}

static oc_status print_entry(void *ctx, const oc_gallery_entry *e, oc_error *err)
{
    listing  *l = ctx;
    char      when[32] = "";
    time_t    t = (time_t)e->created;
    struct tm utc;
    (void)err;
    if (gmtime_r(&t, &utc))
        strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (l->json) {
        printf("%s{\"id\":%lld,", l->n ? "," : "", (long long)e->id);
        cli_json_pair("label", e->label);
        putchar(',');
        cli_json_pair("source", e->source);
        printf(",\"created\":\"%s\"}", when);
    } else {
        printf("%8lld  %s  %s  %s\n", (long long)e->id, when, e->label, e->source);
    }
    l->n++;
    return OC_OK;
}

static oc_status print_gallery(oc_gallery *g, bool entries, bool json, oc_error *err)
{
    const oc_gallery_model *m = oc_gallery_model_of(g);
    oc_gallery_rules        r;
    size_t                  n_entries, n_labels;
    listing                 l = {.json = json};
    oc_status               st;
    if ((st = oc_gallery_rules_get(g, &r, err)) != OC_OK ||
        (st = oc_gallery_count(g, &n_entries, &n_labels, err)) != OC_OK)
        return st;
    if (json) {
        printf("{");
        cli_json_pair("gallery", oc_gallery_path(g));
        putchar(',');
        cli_json_pair("card", m->card);
        putchar(',');
        cli_json_pair("sha256", m->sha256);
        printf(",\"length\":%zu,\"by\":\"%s\",\"center\":%s,\"threshold\":%.6g,\"entries\":%zu,"
               "\"labels\":[",
               m->length, oc_gallery_by_name(r.by), r.center ? "true" : "false",
               (double)r.threshold, n_entries);
    } else {
        printf("%s: %zu entries of %zu labels; %s (%.12s...), %zu numbers each\n"
               "  searched by %s%s, unknown below %.3g\n",
               oc_gallery_path(g), n_entries, n_labels, m->card, m->sha256, m->length,
               oc_gallery_by_name(r.by), r.center ? ", centred" : "", (double)r.threshold);
    }
    if (json || !entries)
        st = oc_gallery_labels(g, print_label, &l, err);
    if (json)
        printf("]");
    if (st == OC_OK && entries) {
        l.n = 0;
        if (json)
            printf(",\"items\":[");
        st = oc_gallery_list(g, false, print_entry, &l, err);
        if (json)
            printf("]");
    }
    if (json)
        printf("}\n");
    return st;
}

int cli_gallery_list(int argc, char **argv)
{
    bool             json = false, entries = false;
    const cli_option options[] = {
        {"--entries", 'f', &entries, NULL, "every entry: id, time, label, source"},
        {"--json", 'f', &json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {"gallery list",
                                 "GALLERY.db",
                                 "Shows what a gallery holds and how it is searched.",
                                 options,
                                 1,
                                 1};
    const char       *path;
    size_t            n;
    oc_error          err = {0};
    oc_gallery       *g = NULL;
    int               e = cli_parse(&command, argc, argv, &path, &n);
    if (e >= 0)
        return e;
    oc_status st = oc_gallery_open(path, false, NULL, &g, &err);
    if (st == OC_OK && (st = oc_gallery_read_begin(g, &err)) == OC_OK) {
        st = print_gallery(g, entries, json, &err);
        oc_gallery_read_end(g);
    }
    oc_gallery_close(g);
    return st == OC_OK ? CLI_DONE : cli_fail(command.name, &err);
}

/* ---- remove, rules ---- */

static int remove_with(const char *path, const char *label, uint64_t id, bool json)
{
    oc_error    err = {0};
    oc_gallery *g = NULL;
    size_t      removed = 1, entries = 0, labels;
    oc_status   st = oc_gallery_open(path, true, NULL, &g, &err);
    if (st == OC_OK)
        st = label ? oc_gallery_remove_label(g, label, &removed, &err)
                   : oc_gallery_remove_id(g, (int64_t)id, &err);
    if (st == OC_OK)
        st = oc_gallery_count(g, &entries, &labels, &err);
    oc_gallery_close(g);
    if (st != OC_OK)
        return cli_fail("gallery remove", &err);
    printf(json ? "{\"removed\":%zu,\"entries\":%zu}\n" : "%zu removed, %zu left\n", removed,
           entries);
    return CLI_DONE;
}

int cli_gallery_remove(int argc, char **argv)
{
    bool             json = false;
    const char      *label = NULL, *path;
    uint64_t         id = UINT64_MAX;
    const cli_option options[] = {
        {"--label", 's', &label, "L", "all entries of this label"},
        {"--id", 'u', &id, "N", "the entry with this number (see list --entries)"},
        {"--json", 'f', &json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {
        "gallery remove", "GALLERY.db", "Takes entries out of a gallery.", options, 1, 1};
    size_t n;
    int    e = cli_parse(&command, argc, argv, &path, &n);
    if (e >= 0)
        return e;
    if ((label != NULL) == (id != UINT64_MAX))
        return cli_usage(command.name, "wants either --label or --id");
    return remove_with(path, label, id > INT64_MAX ? INT64_MAX : id, json);
}

int cli_gallery_rules(int argc, char **argv)
{
    bool             json = false;
    cli_rules        given = {.threshold = NAN};
    const cli_option options[] = {
        CLI_RULES_OPTIONS(given), {"--json", 'f', &json, NULL, "one JSON document on stdout"}, {0}};
    const cli_command command = {"gallery rules",
                                 "GALLERY.db",
                                 "Changes how a gallery is searched; running programs follow.",
                                 options,
                                 1,
                                 1};
    const char       *path;
    size_t            n;
    oc_error          err = {0};
    oc_gallery       *g = NULL;
    oc_gallery_rules  rules = {.by = OC_GALLERY_NEAREST};
    int               e = cli_parse(&command, argc, argv, &path, &n);
    if (e >= 0 || (e = cli_rules_apply(command.name, &given, &rules)) >= 0)
        return e;
    oc_status st = oc_gallery_open(path, cli_rules_given(&given), NULL, &g, &err);
    if (st == OC_OK)
        st = oc_gallery_rules_get(g, &rules, &err);
    if (st == OC_OK && cli_rules_given(&given)) {
        e = cli_rules_apply(command.name, &given, &rules);
        st = oc_gallery_rules_set(g, &rules, &err);
    }
    oc_gallery_close(g);
    if (st != OC_OK)
        return cli_fail(command.name, &err);
    printf(json ? "{\"by\":\"%s\",\"center\":%s,\"threshold\":%.6g}\n"
                : "by %s, center %s, threshold %.6g\n",
           oc_gallery_by_name(rules.by),
           json ? (rules.center ? "true" : "false") : (rules.center ? "on" : "off"),
           (double)rules.threshold);
    return CLI_DONE;
}

/* ---- the command ---- */

static const struct {
    const char *name, *what;
    int (*run)(int argc, char **argv);
} actions[] = {
    {"enrol", "add pictures under their labels; makes the gallery", cli_gallery_enrol},
    {"list", "show what it holds", cli_gallery_list},
    {"search", "name the nearest labels of pictures", cli_gallery_search},
    {"remove", "take out a label or an entry", cli_gallery_remove},
    {"rules", "show or change how it is searched", cli_gallery_rules},
};

static void overview(FILE *to)
{
    fprintf(to, "usage: ocellus gallery ACTION GALLERY.db ...\n\n"
                "Keeps labelled embeddings of pictures, and finds the nearest.\n\n");
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        fprintf(to, "  %-10s %s\n", actions[i].name, actions[i].what);
    fprintf(to, "\nocellus gallery ACTION --help tells more.\n");
}

int oc_cmd_gallery(int argc, char **argv);

int oc_cmd_gallery(int argc, char **argv)
{
    if (argc < 2) {
        overview(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        overview(stdout);
        return CLI_DONE;
    }
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(argv[1], actions[i].name) == 0)
            return actions[i].run(argc - 1, argv + 1);
    return argv[1][0] == '-' ? cli_usage("gallery", "no such option: %s", argv[1])
                             : cli_usage("gallery", "no such action: '%s'", argv[1]);
}
