/* Edit distances. */
#include "eval/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/folder.h"

/* The next code point off the front of *at; a byte that is no UTF-8 stands for itself. */
static uint32_t take_code(const char **at)
{
    const unsigned char *p = (const unsigned char *)*at;
    unsigned             more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc0 ? 1 : 0;
    uint32_t             code = more ? p[0] & (0x3fu >> more) : p[0];
    for (unsigned i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            ++*at;
            return 0x110000u + p[0];
        }
        code = code << 6 | (p[i] & 0x3f);
    }
    *at += 1 + more;
    return code;
}

static bool is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xa0 || c == 0x3000;
}

/* One blank between words, none at the ends.  SIZE_MAX: too long. */
static size_t codes_of(const char *text, bool fold, uint32_t *out)
{
    size_t n = 0;
    bool   gap = false;
    while (*text) {
        uint32_t c = take_code(&text);
        if (is_blank(c)) {
            gap = n > 0;
            continue;
        }
        if (n + 2 > OC_TEXT_LENGTH_MAX)
            return SIZE_MAX;
        if (gap)
            out[n++] = ' ';
        gap = false;
        out[n++] = fold && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
    }
    return n;
}

/* Words as numbers, equal ones the same: of the two texts, one behind the other. */
static size_t words_of(const uint32_t *code, size_t n, uint32_t *begin, uint32_t *length)
{
    size_t words = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && code[i - 1] != ' ') {
            length[words - 1] += code[i] != ' ';
        } else {
            begin[words] = (uint32_t)i;
            length[words++] = 1;
        }
    }
    return words;
}

typedef struct scratch {
    uint32_t code[2][OC_TEXT_LENGTH_MAX], word[2][OC_TEXT_LENGTH_MAX];
    uint32_t begin[2][OC_TEXT_LENGTH_MAX], length[2][OC_TEXT_LENGTH_MAX];
    uint32_t cost[OC_TEXT_LENGTH_MAX + 1];
    size_t   n[2], words[2];
} scratch;

static uint32_t edits(const uint32_t *a, size_t n, const uint32_t *b, size_t m, uint32_t *cost)
{
    for (size_t j = 0; j <= m; j++)
        cost[j] = (uint32_t)j;
    for (size_t i = 0; i < n; i++) {
        uint32_t corner = cost[0];
        cost[0] = (uint32_t)i + 1;
        for (size_t j = 0; j < m; j++) {
            uint32_t replace = corner + (a[i] != b[j]);
            uint32_t least = cost[j] < cost[j + 1] ? cost[j] : cost[j + 1];
            corner = cost[j + 1];
            cost[j + 1] = replace < least + 1 ? replace : least + 1;
        }
    }
    return cost[m];
}

static bool same_word(const scratch *s, size_t side, size_t i, size_t j)
{
    return s->length[0][i] == s->length[side][j] &&
           memcmp(s->code[0] + s->begin[0][i], s->code[side] + s->begin[side][j],
                  s->length[0][i] * sizeof(uint32_t)) == 0;
}

/* A word's number is the place of its first appearance in the truth; others differ from all. */
static void number_words(scratch *s)
{
    for (size_t side = 0; side < 2; side++) {
        for (size_t j = 0; j < s->words[side]; j++) {
            size_t i = 0;
            while (i < s->words[0] && !same_word(s, side, i, j))
                i++;
            s->word[side][j] = i < s->words[0] ? (uint32_t)i : UINT32_MAX;
        }
    }
}

static oc_status reserve(oc_text_scores *s, oc_error *err)
{
    size_t cap = s->cap ? 2 * s->cap : 64;
    if (s->n < s->cap)
        return OC_OK;
    oc_text_row *p = reallocarray(s->row, cap, sizeof(*p));
    if (!p)
        return OC_FAIL(err, OC_NOMEM, "%zu texts", cap);
    s->row = p;
    s->cap = cap;
    return OC_OK;
}

oc_status oc_text_add(oc_text_scores *s, const char *path, const char *truth, const char *read,
                      bool fold, oc_error *err)
{
    const char *text[2] = {truth, read};
    oc_status   st = reserve(s, err);
    scratch    *w = st == OC_OK ? malloc(sizeof(*w)) : NULL;
    if (!w)
        return st != OC_OK ? st : OC_FAIL(err, OC_NOMEM, "texts");
    for (size_t i = 0; i < 2 && st == OC_OK; i++) {
        w->n[i] = codes_of(text[i], fold, w->code[i]);
        if (w->n[i] == SIZE_MAX)
            st = OC_FAIL(err, OC_UNSUPPORTED, "a text of more than %d characters",
                         OC_TEXT_LENGTH_MAX);
        else
            w->words[i] = words_of(w->code[i], w->n[i], w->begin[i], w->length[i]);
    }
    if (st == OC_OK) {
        oc_text_row *r = &s->row[s->n];
        number_words(w);
        *r = (oc_text_row){.path = oc_arena_strndup(&s->mem, path, strlen(path)),
                           .truth = oc_arena_strndup(&s->mem, truth, strlen(truth)),
                           .read = oc_arena_strndup(&s->mem, read, strlen(read)),
                           .chars = (uint32_t)w->n[0],
                           .words = (uint32_t)w->words[0]};
        r->char_errors = edits(w->code[0], w->n[0], w->code[1], w->n[1], w->cost);
        r->word_errors = edits(w->word[0], w->words[0], w->word[1], w->words[1], w->cost);
        if (r->path && r->truth && r->read)
            s->n++;
        else
            st = OC_FAIL(err, OC_NOMEM, "texts");
    }
    free(w);
    return st;
}

void oc_text_sum(oc_text_scores *s)
{
    s->chars = s->char_errors = s->words = s->word_errors = s->exact = 0;
    for (size_t i = 0; i < s->n; i++) {
        s->chars += s->row[i].chars;
        s->char_errors += s->row[i].char_errors;
        s->words += s->row[i].words;
        s->word_errors += s->row[i].word_errors;
        s->exact += s->row[i].char_errors == 0;
    }
    s->cer = s->chars ? (double)s->char_errors / (double)s->chars : NAN;
    s->wer = s->words ? (double)s->word_errors / (double)s->words : NAN;
}

enum { PATH, TRUTH, READ, KINDS };

static oc_status read_heading(char *line, size_t at[KINDS], size_t *n, oc_error *err)
{
    static const char *const names[KINDS] = {"path", "truth", "read"};
    at[PATH] = at[TRUTH] = at[READ] = SIZE_MAX;
    for (*n = 0; line; ++*n) {
        char *name = eval_text_field(&line);
        if (!name)
            return OC_FAIL(err, OC_FORMAT, "column %zu: a quote does not close", *n + 1);
        for (size_t k = 0; k < KINDS; k++)
            if (strcmp(name, names[k]) == 0 && at[k] == SIZE_MAX)
                at[k] = *n;
    }
    return at[TRUTH] != SIZE_MAX && at[READ] != SIZE_MAX
               ? OC_OK
               : OC_FAIL(err, OC_FORMAT, "columns 'truth' and 'read' are needed");
}

static oc_status read_row(char *line, const size_t at[KINDS], size_t columns, bool fold,
                          oc_text_scores *s, oc_error *err)
{
    const char *value[KINDS] = {"", "", ""};
    size_t      n = 0;
    for (; line && n < columns; n++) {
        char *field = eval_text_field(&line);
        if (!field)
            return OC_FAIL(err, OC_FORMAT, "column %zu: a quote does not close", n + 1);
        for (size_t k = 0; k < KINDS; k++)
            if (at[k] == n)
                value[k] = field;
    }
    if (line || n < columns)
        return OC_FAIL(err, OC_FORMAT, "%s than the %zu columns of line 1", line ? "more" : "fewer",
                       columns);
    return oc_text_add(s, value[PATH], value[TRUTH], value[READ], fold, err);
}

oc_status oc_text_score(const char *csv, bool fold, oc_text_scores *out, oc_error *err)
{
    oc_text_scores s = {.n = 0};
    char          *text = NULL, *line;
    size_t         number = 0, columns = 0, at[KINDS];
    oc_status      st = eval_text_read("", csv, "", &text, err);
    for (char *p = text; st == OC_OK && (line = eval_text_line(&p));) {
        number++;
        if (!*line)
            continue;
        st = columns ? read_row(line, at, columns, fold, &s, err)
                     : read_heading(line, at, &columns, err);
        if (st != OC_OK)
            oc_error_prefix(err, "%s: line %zu", csv, number);
    }
    free(text);
    if (st == OC_OK && s.n == 0)
        st = OC_FAIL(err, OC_FORMAT, "%s: no rows", csv);
    oc_text_sum(&s);
    if (st == OC_OK)
        *out = s;
    else
        oc_text_scores_finish(&s);
    return st;
}

void oc_text_scores_finish(oc_text_scores *s)
{
    free(s->row);
    oc_arena_finish(&s->mem);
    *s = (oc_text_scores){.n = 0};
}
