/* ocellus gallery enrol: pictures become entries, all of them or none. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/download.h"
#include "cli/files.h"
#include "cli/gallery.h"

typedef struct enrolment {
    const char          *path, *label, *csv, *folder;
    cli_embedder_options network;
    cli_rules            rules;
    bool                 replace, skip_bad, json;
    cli_pictures         pictures;
    cli_embedder         embedder;
    oc_gallery          *gallery;
    oc_gallery_item     *items; /* the good ones */
    float               *vectors;
    size_t               n, n_bad;
} enrolment;

static void finish(enrolment *e)
{
    oc_gallery_close(e->gallery);
    cli_embedder_close(&e->embedder);
    cli_pictures_finish(&e->pictures);
    free(e->items);
    free(e->vectors);
}

/* Before any picture is looked at: labels, network, and that the gallery is the network's. */
static oc_status prepare(enrolment *e, oc_error *err)
{
    oc_status st = OC_OK;
    for (size_t i = 0; i < e->pictures.n && st == OC_OK; i++) {
        st = oc_gallery_check_label(e->pictures.item[i].label, err);
        if (st != OC_OK)
            oc_error_prefix(err, "%s", e->pictures.item[i].path);
    }
    if (st != OC_OK || (st = cli_embedder_open(&e->network, &e->embedder, err)) != OC_OK)
        return st;
    if (cli_size(e->path) >= 0) {
        if (cli_rules_given(&e->rules))
            return OC_FAIL(err, OC_INVALID,
                           "%s: is there already and has its rules; `ocellus gallery rules` "
                           "changes them",
                           e->path);
        st = oc_gallery_open(e->path, true, &e->embedder.model, &e->gallery, err);
    }
    e->items = calloc(e->pictures.n, sizeof(*e->items));
    e->vectors = calloc(e->pictures.n, e->embedder.model.length * sizeof(*e->vectors));
    if (st == OC_OK && (!e->items || !e->vectors))
        st = OC_FAIL(err, OC_NOMEM, "no memory for %zu embeddings", e->pictures.n);
    return st;
}

static oc_status check_vector(const float *x, size_t n, const char *path, oc_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0.0f)
            return OC_OK;
    return OC_FAIL(err, OC_INVALID, "%s: the network makes nothing of it", path);
}

static oc_status embed_all(enrolment *e, oc_error *err)
{
    const size_t length = e->embedder.model.length;
    for (size_t i = 0; i < e->pictures.n; i++) {
        const cli_picture *p = &e->pictures.item[i];
        const float       *x = NULL;
        if (cli_was_interrupted())
            return OC_FAIL(err, OC_CANCELLED, "interrupted; nothing was enrolled");
        cli_gallery_progress("looking at pictures", i, e->pictures.n);
        oc_status st = cli_embed(&e->embedder, p->path, &x, err);
        if (st == OC_OK)
            st = check_vector(x, length, p->path, err);
        if (st != OC_OK && !e->skip_bad)
            return st;
        if (st != OC_OK) {
            fprintf(stderr, "warning: left out: %s\n", err->message);
            e->n_bad++;
            continue;
        }
        float *to = e->vectors + e->n * length;
        memcpy(to, x, length * sizeof(*to));
        e->items[e->n++] = (oc_gallery_item){p->label, to, p->path};
    }
    return e->n ? OC_OK : OC_FAIL(err, OC_FORMAT, "none of the pictures can be used");
}

static void print_result(const enrolment *e, size_t entries, size_t labels)
{
    if (!e->json) {
        printf("%zu enrolled", e->n);
        if (e->n_bad)
            printf(", %zu left out", e->n_bad);
        printf("; %s has %zu entries of %zu labels\n", e->path, entries, labels);
        return;
    }
    printf("{");
    cli_json_pair("gallery", e->path);
    putchar(',');
    cli_json_pair("card", e->embedder.model.card);
    putchar(',');
    cli_json_pair("sha256", e->embedder.model.sha256);
    printf(",\"length\":%zu,\"enrolled\":%zu,\"left_out\":%zu,\"entries\":%zu,\"labels\":%zu}\n",
           e->embedder.model.length, e->n, e->n_bad, entries, labels);
}

static int enrol(enrolment *e, const oc_gallery_rules *rules)
{
    oc_error  err = {0};
    size_t    entries = 0, labels = 0;
    oc_status st = prepare(e, &err);
    if (st == OC_OK) {
        cli_catch_interrupt();
        st = embed_all(e, &err);
        cli_gallery_progress("", e->pictures.n, e->pictures.n);
    }
    if (st == OC_OK && !e->gallery)
        st = oc_gallery_create(e->path, &e->embedder.model, rules, &e->gallery, &err);
    if (st == OC_OK)
        st = oc_gallery_enrol(e->gallery, e->items, e->n, e->replace, &err);
    if (st == OC_OK)
        st = oc_gallery_count(e->gallery, &entries, &labels, &err);
    if (st != OC_OK)
        return cli_fail("gallery enrol", &err);
    print_result(e, entries, labels);
    return CLI_DONE;
}

static int check_arguments(const enrolment *e, size_t n_images)
{
    const char *name = "gallery enrol";
    if (!e->network.card)
        return cli_usage(name, "--card is missing: the network that makes the embeddings");
    if (!n_images && e->label)
        return cli_usage(name, "--label is for pictures named on the command line");
    if (!n_images && !e->csv && !e->folder)
        return cli_usage(name, "wants pictures: --csv, --folder, or --label with file names");
    return -1;
}

static int gather_and_enrol(enrolment *e, const char *const *images, size_t n_images,
                            const oc_gallery_rules *rules)
{
    oc_error  err = {0};
    oc_status st =
        cli_gallery_pictures(e->csv, e->folder, images, n_images, e->label, &e->pictures, &err);
    if (st != OC_OK)
        return cli_fail("gallery enrol", &err);
    for (size_t i = 0; i < e->pictures.n; i++)
        if (!e->pictures.item[i].label)
            return cli_usage("gallery enrol", "--label is missing for %s",
                             e->pictures.item[i].path);
    return enrol(e, rules);
}

int cli_gallery_enrol(int argc, char **argv)
{
    enrolment        e = {.rules.threshold = NAN};
    oc_gallery_rules rules = {.by = OC_GALLERY_CENTROID, .center = true};
    const cli_option options[] = {
        {"--card", 's', &e.network.card, "CARD", "the network: a card's name or path"},
        {"--label", 's', &e.label, "L", "of the pictures named on the command line"},
        {"--csv", 's', &e.csv, "F.csv", "lines path,label; paths relative to the file"},
        {"--folder", 's', &e.folder, "DIR", "pictures in sub-folders, whose names are the labels"},
        {"--replace", 'f', &e.replace, NULL, "these labels' entries so far are taken out"},
        {"--skip-bad", 'f', &e.skip_bad, NULL, "go on without pictures that cannot be read"},
        CLI_RULES_OPTIONS(e.rules),
        CLI_EMBEDDER_OPTIONS(e.network),
        {"--json", 'f', &e.json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {
        "gallery enrol",
        "GALLERY.db [IMAGE...]",
        "Adds pictures to a gallery; makes it when it is not there, with the rules given (default: by "
        "centroid, center on, threshold 0).",
        options,
        1,
        (size_t)argc};
    size_t       n;
    const char **pos = calloc((size_t)argc, sizeof(*pos));
    if (!pos)
        return CLI_FAILED;
    int code = cli_parse(&command, argc, argv, pos, &n);
    if (code < 0)
        code = check_arguments(&e, n - 1);
    if (code < 0)
        code = cli_rules_apply(command.name, &e.rules, &rules);
    if (code < 0) {
        e.path = pos[0];
        code = gather_and_enrol(&e, pos + 1, n - 1, &rules);
    }
    finish(&e);
    free(pos);
    return code;
}
