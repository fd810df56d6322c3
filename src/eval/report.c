/* A document of figures as a page: what it is, and the page around its sections. */
#include "eval/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eval/report_parts.h"

#define DOCUMENT_MAX ((size_t)256 << 20)

static const char style[] =
    ".good{color:var(--teal)}.bad{color:var(--red)}"
    ".delta{padding-left:0;font-size:12px}"
    ".figures{grid-template-columns:repeat(auto-fit,minmax(118px,1fr))}.figure b{font-size:24px}"
    ".figure span.good{color:var(--teal)}.figure span.bad{color:var(--red)}"
    ".figure span{font-variant-numeric:tabular-nums}.all{max-height:none;max-width:680px}"
    /* names of the lines between powers of ten, each centred on its own */
    ".ticks{display:flex;justify-content:space-between;font-size:11px}.ticks i{width:0;"
    "display:flex;justify-content:center;font-style:normal}"
    "summary{cursor:pointer;font-size:18px;font-weight:600}summary+p{margin-top:4px}"
    ".small-plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(170px,1fr));gap:14px}"
    ".images{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:14px}"
    ".images figcaption{overflow-wrap:anywhere}td:first-child{overflow-wrap:anywhere}\n";

static bool has(const json_t *doc, const char *key)
{
    return json_object_get(doc, key) != NULL;
}

static bool is_gate(const json_t *doc)
{
    return has(doc, "gate") && has(doc, "checks");
}

static bool is_run(const json_t *doc)
{
    return has(doc, "captured") && has(doc, "latency_ms");
}

static bool is_comparison(const json_t *doc)
{
    return has(doc, "units") && has(doc, "figures");
}

static bool is_tracking(const json_t *doc)
{
    return (has(doc, "HOTA") && has(doc, "alpha")) || has(doc, "combined");
}

static bool is_detection(const json_t *doc)
{
    return has(doc, "AP") && has(doc, "categories");
}

static bool is_classes(const json_t *doc)
{
    return has(doc, "confusion");
}

/* eval voc, kitti, text, embed: figures without a chart of their own. */
static bool has_figures(const json_t *doc)
{
    static const char *const known[] = {"mAP", "images", "queries", "n"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (has(doc, known[i]))
            return true;
    return false;
}

static const oc_report_kind kinds[] = {
    {.name = "Gate", .is = is_gate, .sections = oc_report_gate},
    {.name = "Run",
     .is = is_run,
     .sections = oc_report_run,
     .tiles = {"captured", "completed", "fps", "latency_ms.total.p50", "latency_ms.total.p99",
               "counts.tracks"},
     .events = true},
    {.name = "Comparison",
     .is = is_comparison,
     .sections = oc_report_comparison,
     .tables = {"tracks"},
     .pictures = true},
    {.name = "Tracking",
     .is = is_tracking,
     .sections = oc_report_tracking,
     .tiles = {"HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW", "FP", "FN"},
     .tables = {"sequences"}},
    {.name = "Detection",
     .is = is_detection,
     .sections = oc_report_detection,
     .tiles = {"AP", "AP50", "AP75", "APs", "APm", "APl", "AR100"},
     .tables = {"categories"},
     .pictures = true,
     .minus_one = true},
    {.name = "Classification",
     .is = is_classes,
     .sections = oc_report_classes,
     .tiles = {"top1", "top5", "macro_F1", "ECE", "n"},
     .tables = {"classes"}},
    {.name = "Evaluation",
     .is = has_figures,
     .tiles = {"mAP", "rank1", "CER"},
     .tables = {"classes"}},
};

static oc_status load(const char *path, json_t **out, oc_error *err)
{
    json_error_t e;
    if (access(path, R_OK) != 0)
        return OC_FAIL(err, OC_IO, "%s: no such file, or not for us to read", path);
    FILE *f = fopen(path, "rb");
    if (!f)
        return OC_FAIL(err, OC_IO, "%s: cannot be read", path);
    bool big = fseek(f, 0, SEEK_END) == 0 && ftell(f) > (long)DOCUMENT_MAX;
    rewind(f);
    *out = big ? NULL : json_loadf(f, JSON_REJECT_DUPLICATES, &e);
    fclose(f);
    if (big)
        return OC_FAIL(err, OC_FORMAT, "%s: more than %zu MB", path, DOCUMENT_MAX >> 20);
    if (!*out)
        return OC_FAIL(err, OC_FORMAT, "%s:%d:%d: %s", path, e.line > 0 ? e.line : 0,
                       e.column > 0 ? e.column : 0, e.text);
    return OC_OK;
}

static oc_status find_kind(const char *path, const json_t *doc, const oc_report_kind **out,
                           oc_error *err)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].is(doc)) {
            *out = &kinds[i];
            return OC_OK;
        }
    return OC_FAIL(err, OC_FORMAT, "%s: %s", path,
                   json_is_object(doc)
                       ? "none of the members that tell an evaluation (AP and categories, HOTA and "
                         "alpha, confusion), a comparison (units and figures), a gate (gate and "
                         "checks) or a run (captured and latency_ms)"
                       : "not an object of figures");
}

static oc_status check_options(const oc_eval_report_options *o, const oc_report_kind *kind,
                               oc_error *err)
{
    if (o->images && !kind->pictures)
        return OC_FAIL(err, OC_INVALID, "%s: a %s has no images to draw", o->input, kind->name);
    if (o->events && !kind->events)
        return OC_FAIL(err, OC_INVALID, "%s: events are for a run, this is: %s", o->input,
                       kind->name);
    return OC_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void put_head(oc_report *r, const char *title)
{
    oc_page_put(&r->page,
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta "
                "name=\"viewport\" content=\"width=device-width,initial-scale=1\"/><title>");
    oc_page_text(&r->page, title);
    oc_page_put(&r->page, " – Ocellus report</title><style>\n");
    oc_page_put(&r->page, oc_page_style);
    oc_page_put(&r->page, style);
    oc_page_put(&r->page, "</style></head><body><main>\n<h1>");
    oc_page_text(&r->page, title);
    oc_page_put(&r->page, "</h1><p class=\"soft\">");
    oc_page_text(&r->page, base_name(r->o->input));
    if (r->base) {
        oc_page_put(&r->page, " beside the baseline ");
        oc_page_text(&r->page, base_name(r->o->baseline));
    }
    const json_t *data = oc_report_object(r, r->doc, "", "data"); /* what it was measured on */
    const char   *hash = data ? oc_report_text(r, data, "data", "sha256") : "";
    if (*hash) {
        oc_page_put(&r->page, "<br/><span class=\"small\">measured on data of SHA-256 ");
        oc_page_text(&r->page, hash);
        oc_page_put(&r->page, "</span>");
    }
    oc_page_put(&r->page, "</p>\n");
}

static void put_page(oc_report *r, const oc_report_kind *kind)
{
    put_head(r, r->o->title ? r->o->title : kind->name);
    if (kind->tiles[0])
        oc_report_tiles(r);
    if (kind->sections)
        kind->sections(r);
    if (kind->is != is_gate && kind->is != is_comparison)
        oc_report_figures(r);
    for (size_t i = 0; i < sizeof(kind->tables) / sizeof(kind->tables[0]) && kind->tables[i]; i++)
        oc_report_table(r, kind->tables[i]);
    if (r->o->images)
        oc_report_pictures(r);
    oc_page_put(&r->page,
                "<p class=\"soft small\" style=\"margin-top:20px\">Written by Ocellus " OC_VERSION
                ". This page holds all it shows.</p>\n</main></body></html>\n");
}

oc_status oc_eval_report_write(const oc_eval_report_options *o, const char *path, oc_error *err)
{
    oc_report             r = {.o = o, .page = {.err = err}};
    const oc_report_kind *kind = NULL, *other = NULL;
    oc_status             st;
    if ((st = load(o->input, &r.doc, err)) != OC_OK ||
        (st = find_kind(o->input, r.doc, &kind, err)) != OC_OK ||
        (st = check_options(o, kind, err)) != OC_OK)
        goto out;
    if (o->baseline && ((st = load(o->baseline, &r.base, err)) != OC_OK ||
                        (st = find_kind(o->baseline, r.base, &other, err)) != OC_OK))
        goto out;
    if (other && other != kind) {
        st = OC_FAIL(err, OC_INVALID, "%s is: %s, but %s is: %s", o->baseline, other->name,
                     o->input, kind->name);
        goto out;
    }
    r.kind = kind;
    r.minus_one = kind->minus_one;
    if ((st = oc_part_create(path, &r.page.part, err)) != OC_OK)
        goto out;
    put_page(&r, kind);
    if ((st = r.page.status) == OC_OK)
        st = oc_part_finish(r.page.part, err);
    else
        oc_part_drop(r.page.part);
out:
    json_decref(r.base);
    json_decref(r.doc);
    return st;
}
