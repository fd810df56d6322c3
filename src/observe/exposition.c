/* Metrics as text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "observe/exposition.h"

typedef struct page {
    oc_strbuf    *text;
    oc_exposition form;
} page;

static const struct {
    const char *name, *type;
} forms[] = {
    [OC_EXPOSITION_CLASSIC] = {"classic", "text/plain; version=0.0.4; charset=utf-8"},
    [OC_EXPOSITION_OPENMETRICS] = {"openmetrics",
                                   "application/openmetrics-text; version=1.0.0; charset=utf-8"},
};

const char *oc_exposition_name(oc_exposition form)
{
    return forms[form].name;
}

const char *oc_exposition_type(oc_exposition form)
{
    return forms[form].type;
}

/* What samples of a kind have behind the family's name. */
static const char *suffix(oc_metric_kind kind)
{
    switch (kind) {
    case OC_METRIC_COUNTER:
    case OC_METRIC_COUNTER_NS: return "_total";
    case OC_METRIC_INFO: return "_info";
    default: return "";
    }
}

/* The classic form names samples, OpenMetrics families. */
static void head(const page *p, const oc_metric_family *f)
{
    bool        open = p->form == OC_EXPOSITION_OPENMETRICS;
    const char *kind = oc_metric_kind_name(f->kind), *end = open ? "" : suffix(f->kind);
    if (!open && f->kind == OC_METRIC_INFO)
        kind = "gauge";
    oc_strbuf_printf(p->text, "# HELP %s%s %s\n# TYPE %s%s %s\n", f->name, end, f->help, f->name,
                     end, kind);
    if (open && *f->unit)
        oc_strbuf_printf(p->text, "# UNIT %s %s\n", f->name, f->unit);
}

static void name(oc_strbuf *t, const oc_metric_sample *s, const char *end)
{
    oc_strbuf_put(t, s->family->name);
    oc_strbuf_put(t, end);
    if (*s->labels)
        oc_strbuf_printf(t, "{%s}", s->labels);
    oc_strbuf_put(t, " ");
}

static void bucket(oc_strbuf *t, const oc_metric_sample *s, double bound, uint64_t n)
{
    oc_strbuf_printf(t, "%s_bucket{%s%sle=\"", s->family->name, s->labels, *s->labels ? "," : "");
    oc_strbuf_number(t, bound);
    oc_strbuf_printf(t, "\"} %llu\n", (unsigned long long)n);
}

static void histogram(oc_strbuf *t, const oc_metric_sample *s)
{
    oc_histogram_told told;
    oc_histogram_tell(oc_series_histogram(s->series), &told);
    for (size_t i = 0; i < OC_METRIC_BOUNDS; i++)
        bucket(t, s, oc_metric_bound_s(i), told.below[i]);
    bucket(t, s, HUGE_VAL, told.n);
    name(t, s, "_sum");
    oc_strbuf_number(t, told.sum_s);
    oc_strbuf_put(t, "\n");
    name(t, s, "_count");
    oc_strbuf_printf(t, "%llu\n", (unsigned long long)told.n);
}

static void sample(void *ctx, const oc_metric_sample *s)
{
    const page *p = ctx;
    if (s->first)
        head(p, s->family);
    switch (s->family->kind) {
    case OC_METRIC_HISTOGRAM: histogram(p->text, s); return;
    case OC_METRIC_COUNTER:
        name(p->text, s, "_total");
        oc_strbuf_printf(p->text, "%llu\n", (unsigned long long)oc_series_count(s->series));
        return;
    default:
        name(p->text, s, suffix(s->family->kind));
        oc_strbuf_number(p->text, oc_series_value(s->series));
        oc_strbuf_put(p->text, "\n");
    }
}

void oc_exposition_write(oc_metrics *m, oc_exposition form, oc_strbuf *text)
{
    page p = {.text = text, .form = form};
    oc_metrics_visit(m, sample, &p);
    if (form == OC_EXPOSITION_OPENMETRICS)
        oc_strbuf_put(text, "# EOF\n");
}

/* ---- Accept, Accept-Encoding: RFC 9110, 12.5 ---- */

typedef struct media_range {
    char   type[64];
    char   version[16];
    double q;
} media_range;

static const char *skip(const char *at)
{
    return at + strspn(at, " \t");
}

/* The next token or quoted text into out, cut to its room. */
static const char *word(const char *at, char *out, size_t room)
{
    bool   quoted = *at == '"';
    size_t n = quoted ? strcspn(++at, "\"") : strcspn(at, " \t;,="), kept = n < room ? n : room - 1;
    memcpy(out, at, kept);
    out[kept] = '\0';
    at += n;
    return skip(quoted && *at ? at + 1 : at);
}

static const char *parameter(const char *at, media_range *r)
{
    char key[16], value[16] = "";
    at = word(skip(at), key, sizeof(key));
    if (*at == '=')
        at = word(skip(at + 1), value, sizeof(value));
    if (strcasecmp(key, "q") == 0)
        r->q = strtod(value, NULL);
    if (strcasecmp(key, "version") == 0)
        memcpy(r->version, value, sizeof(value));
    return at;
}

/* One range; gives back what follows its comma. */
static const char *range(const char *at, media_range *r)
{
    *r = (media_range){.q = 1.0};
    at = word(skip(at), r->type, sizeof(r->type));
    while (*at == ';')
        at = parameter(at + 1, r);
    at += strcspn(at, ",");
    return *at ? at + 1 : at;
}

oc_exposition oc_exposition_choose(const char *accept)
{
    double      open = 0.0, classic = 0.0;
    media_range r;
    while (accept && *accept) {
        accept = range(accept, &r);
        if (strcasecmp(r.type, "application/openmetrics-text") == 0) {
            if ((!*r.version || strcmp(r.version, "1.0.0") == 0) && r.q > open)
                open = r.q;
        } else if (strcasecmp(r.type, "text/plain") == 0 && r.q > classic) {
            classic = r.q;
        }
    }
    return open > 0.0 && open >= classic ? OC_EXPOSITION_OPENMETRICS : OC_EXPOSITION_CLASSIC;
}

bool oc_exposition_gzip(const char *accept_encoding)
{
    double      gzip = -1.0, any = 0.0;
    media_range r;
    while (accept_encoding && *accept_encoding) {
        accept_encoding = range(accept_encoding, &r);
        if (strcasecmp(r.type, "gzip") == 0 || strcasecmp(r.type, "x-gzip") == 0)
            gzip = r.q;
        else if (strcmp(r.type, "*") == 0)
            any = r.q;
    }
    return gzip > 0.0 || (gzip < 0.0 && any > 0.0);
}
