/* ocellus gallery search: the nearest labels of pictures; with labels told, how often they are right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/download.h"
#include "cli/gallery.h"
#include "gallery/search.h"

#define TOP_MAX 100

typedef struct searching {
    const char          *path, *csv, *folder;
    cli_embedder_options network;
    cli_rules            rules;
    uint64_t             top;
    bool                 json;
    cli_pictures         pictures;
    cli_embedder         embedder;
    oc_search           *search;
    float               *vectors;
    size_t               told, right, right5, unknown; /* of the pictures whose label is told */
} searching;

static void finish(searching *s)
{
    oc_search_close(s->search);
    free(s->vectors);
    cli_embedder_close(&s->embedder);
    cli_pictures_finish(&s->pictures);
}

/* The gallery says which card it wants. */
static oc_status prepare(searching *s, oc_error *err)
{
    oc_search_options so = {.isa = oc_cpu_isa()};
    oc_gallery_rules  rules;
    oc_gallery       *g = NULL;
    oc_status         st = oc_gallery_open(s->path, false, NULL, &g, err);
    if (st == OC_OK)
        st = oc_gallery_rules_get(g, &rules, err);
    if (st == OC_OK && !s->network.card)
        s->network.card = oc_gallery_model_of(g)->card;
    if (st == OC_OK && (st = cli_embedder_open(&s->network, &s->embedder, err)) == OC_OK) {
        if (s->network.isa)
            st =
                oc_isa_parse(s->network.isa, &so.isa)
                    ? OC_OK
                    : OC_FAIL(err, OC_INVALID, "--isa %s is not in this processor", s->network.isa);
        if (cli_rules_given(&s->rules)) {
            int e = cli_rules_apply("gallery search", &s->rules, &rules);
            (void)e; /* was checked before */
            so.rules = &rules;
        }
        if (st == OC_OK)
            st = oc_search_open(s->path, &s->embedder.model, &so, &s->search, err);
    }
    oc_gallery_close(g);
    return st;
}

static void count(searching *s, const cli_picture *p, const oc_matches *m)
{
    if (!p->label)
        return;
    s->told++;
    s->unknown += !m->known;
    for (size_t i = 0; i < m->n && i < 5; i++)
        if (strcmp(m->items[i].label, p->label) == 0) {
            s->right += i == 0 && m->known;
            s->right5++;
        }
}

static void print_json(const searching *s, size_t i, const oc_matches *m)
{
    const cli_picture *p = &s->pictures.item[i];
    printf("%s{", i ? "," : "");
    cli_json_pair("image", p->path);
    putchar(',');
    if (m->known)
        cli_json_pair("label", m->items[0].label);
    else
        printf("\"label\":null");
    if (p->label) {
        putchar(',');
        cli_json_pair("expected", p->label);
    }
    printf(",\"margin\":%.6g,\"matches\":[", (double)m->margin);
    for (size_t j = 0; j < m->n && j < s->top; j++) {
        printf("%s{", j ? "," : "");
        cli_json_pair("label", m->items[j].label);
        printf(",\"similarity\":%.6g,\"entries\":%zu", (double)m->items[j].similarity,
               m->items[j].entries);
        if (m->items[j].id)
            printf(",\"id\":%lld", (long long)m->items[j].id);
        printf("}");
    }
    printf("]}");
}

static void print_text(const searching *s, size_t i, const oc_matches *m)
{
    const cli_picture *p = &s->pictures.item[i];
    bool               right = p->label && m->known && strcmp(m->items[0].label, p->label) == 0;
    printf("%s: %s", p->path, m->known ? m->items[0].label : "unknown");
    if (p->label && !right)
        printf(" (expected %s)", p->label);
    for (size_t j = 0; j < m->n && j < s->top; j++)
        printf("%s%s %.3f", j ? ", " : "  [", m->items[j].label, (double)m->items[j].similarity);
    printf("%s\n", m->n ? "]" : "");
}

static double part(size_t n, size_t of)
{
    return of ? (double)n / (double)of : 0;
}

static void print_begin(const searching *s)
{
    const oc_gallery_rules *r = oc_search_rules(s->search);
    if (!s->json)
        return;
    printf("{");
    cli_json_pair("gallery", s->path);
    printf(",\"by\":\"%s\",\"center\":%s,\"threshold\":%.6g,\"results\":[",
           oc_gallery_by_name(r->by), r->center ? "true" : "false", (double)r->threshold);
}

static void print_end(const searching *s)
{
    if (s->json)
        printf("]");
    if (s->json && s->told)
        printf(",\"told\":%zu,\"right\":%zu,\"top1\":%.6f,\"top5\":%.6f,\"unknown\":%zu", s->told,
               s->right, part(s->right, s->told), part(s->right5, s->told), s->unknown);
    if (s->json)
        printf("}\n");
    else if (s->told)
        printf("%zu of %zu right: top-1 %.3f, top-5 %.3f; %zu unknown\n", s->right, s->told,
               part(s->right, s->told), part(s->right5, s->told), s->unknown);
}

/* Nothing is printed before the last picture could be read. */
static oc_status embed_all(searching *s, oc_error *err)
{
    const size_t length = s->embedder.model.length;
    s->vectors = calloc(s->pictures.n, length * sizeof(*s->vectors));
    if (!s->vectors)
        return OC_FAIL(err, OC_NOMEM, "no memory for %zu embeddings", s->pictures.n);
    for (size_t i = 0; i < s->pictures.n; i++) {
        const float *x = NULL;
        if (cli_was_interrupted())
            return OC_FAIL(err, OC_CANCELLED, "interrupted");
        cli_gallery_progress("looking at pictures", i, s->pictures.n);
        oc_status st = cli_embed(&s->embedder, s->pictures.item[i].path, &x, err);
        if (st != OC_OK)
            return st;
        memcpy(s->vectors + i * length, x, length * sizeof(*x));
    }
    return OC_OK;
}

static oc_status print_all(searching *s, oc_error *err)
{
    const size_t length = s->embedder.model.length;
    oc_match     items[TOP_MAX];
    print_begin(s);
    for (size_t i = 0; i < s->pictures.n; i++) {
        oc_matches m = {.items = items, .cap = s->top < 5 ? 5 : s->top};
        oc_status  st = oc_search_find(s->search, s->vectors + i * length, length, &m, err);
        if (st != OC_OK)
            return st;
        count(s, &s->pictures.item[i], &m);
        (s->json ? print_json : print_text)(s, i, &m);
    }
    print_end(s);
    return OC_OK;
}

static int search(searching *s)
{
    oc_error  err = {0};
    oc_status st = prepare(s, &err);
    if (st == OC_OK) {
        cli_catch_interrupt();
        st = embed_all(s, &err);
        cli_gallery_progress("", s->pictures.n, s->pictures.n);
    }
    if (st == OC_OK)
        st = print_all(s, &err);
    return st == OC_OK ? CLI_DONE : cli_fail("gallery search", &err);
}

int cli_gallery_search(int argc, char **argv)
{
    searching        s = {.rules.threshold = NAN, .top = 5};
    oc_gallery_rules ignored = {.by = OC_GALLERY_NEAREST};
    const cli_option options[] = {
        {"--csv", 's', &s.csv, "F.csv", "lines path,label: also tells how many are found right"},
        {"--folder", 's', &s.folder, "DIR", "the same with pictures in sub-folders named so"},
        {"--top", 'u', &s.top, "N", "labels shown for a picture, 1 to 100 (default: 5)"},
        {"--card", 's', &s.network.card, "CARD", "where the gallery's card lies elsewhere"},
        CLI_RULES_OPTIONS(s.rules),
        CLI_EMBEDDER_OPTIONS(s.network),
        {"--json", 'f', &s.json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {"gallery search",
                                 "GALLERY.db [IMAGE...]",
                                 "Names the labels whose entries are nearest to pictures.",
                                 options,
                                 1,
                                 (size_t)argc};
    size_t            n;
    oc_error          err = {0};
    const char      **pos = calloc((size_t)argc, sizeof(*pos));
    if (!pos)
        return CLI_FAILED;
    int code = cli_parse(&command, argc, argv, pos, &n);
    if (code < 0 && n == 1 && !s.csv && !s.folder)
        code = cli_usage(command.name, "wants pictures");
    if (code < 0 && (s.top < 1 || s.top > TOP_MAX))
        code = cli_usage(command.name, "--top is from 1 to %d", TOP_MAX);
    if (code < 0)
        code = cli_rules_apply(command.name, &s.rules, &ignored);
    if (code < 0) {
        s.path = pos[0];
        oc_status st =
            cli_gallery_pictures(s.csv, s.folder, pos + 1, n - 1, NULL, &s.pictures, &err);
        code = st == OC_OK ? search(&s) : cli_fail(command.name, &err);
    }
    finish(&s);
    free(pos);
    return code;
}
