#include "pipeline/replay_compare.h"

#include <stdlib.h>
#include <string.h>

oc_status oc_compare_begin(oc_compare *c, const oc_replay_options *o, oc_replay_result *out,
                           oc_error *err)
{
    *c = (oc_compare){.o = o, .out = out};
    return o->events ? oc_part_create(o->events, &c->events, err) : OC_OK;
}

static void append(oc_compare *c, oc_lines *l, const char *text, size_t n)
{
    if (l->cap - l->n < n + 1) {
        size_t cap = 2 * (l->n + n) + 4096;
        char  *more = realloc(l->text, cap);
        if (!more) {
            if (c->status == OC_OK)
                c->status = OC_FAIL(&c->err, OC_NOMEM, "replay: out of memory");
            return;
        }
        l->text = more;
        l->cap = cap;
    }
    memcpy(l->text + l->n, text, n);
    l->n += n;
}

/* Length of the first line with its end; 0: there is none. */
static size_t first_line(const oc_lines *l)
{
    const char *end = l->n ? memchr(l->text, '\n', l->n) : NULL;
    return end ? (size_t)(end - l->text) + 1 : l->n;
}

static void drop_line(oc_lines *l, size_t n)
{
    memmove(l->text, l->text + n, l->n - n);
    l->n -= n;
}

static void tell(oc_compare *c, oc_lines *recorded, size_t n, oc_lines *replayed, size_t m)
{
    c->out->different++;
    if (!c->o->differs)
        return;
    /* the line's end gives its place to a zero byte: the line is dropped after this */
    if (n)
        recorded->text[n - 1] = '\0';
    if (m)
        replayed->text[m - 1] = '\0';
    c->o->differs(c->o->ctx, n ? recorded->text : NULL, m ? replayed->text : NULL);
}

/* Up to the shorter side; `all` = also what only one side has. */
static void match(oc_compare *c, bool all)
{
    oc_lines *a = &c->recorded, *b = &c->replayed;
    for (;;) {
        size_t n = first_line(a), m = first_line(b);
        if ((!n && !m) || (!all && (!n || !m)))
            return;
        c->out->events++;
        if (n != m || memcmp(a->text, b->text, n) != 0)
            tell(c, a, n, b, m);
        drop_line(a, n);
        drop_line(b, m);
    }
}

void oc_compare_recorded(oc_compare *c, const char *lines, size_t n)
{
    append(c, &c->recorded, lines, n);
    match(c, false);
}

void oc_compare_replayed(oc_compare *c, const char *lines, size_t n)
{
    if (c->events && c->status == OC_OK)
        c->status = oc_part_put(c->events, lines, n, &c->err);
    append(c, &c->replayed, lines, n);
}

void oc_compare_settle(oc_compare *c, bool expect)
{
    if (expect)
        match(c, true);
    c->recorded.n = c->replayed.n = 0;
}

oc_status oc_compare_end(oc_compare *c, bool keep, oc_error *err)
{
    oc_status st = c->status;
    if (st != OC_OK && err)
        *err = c->err;
    if (c->events && keep && st == OC_OK)
        st = oc_part_finish(c->events, err);
    else
        oc_part_drop(c->events);
    c->events = NULL;
    free(c->recorded.text);
    free(c->replayed.text);
    c->recorded = c->replayed = (oc_lines){0};
    return st;
}
