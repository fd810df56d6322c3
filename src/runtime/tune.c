#include "runtime/tune.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cpu.h"
#include "ops/choice.h"

#define LINES_MAX 100000

/* One line, cut at its tabs. */
typedef struct tune_line {
    const char *cpu, *key, *name;
} tune_line;

static bool is_word(const char *s, size_t max)
{
    size_t n = 0;

    for (; s[n]; n++)
        if (s[n] <= ' ' || s[n] > '~')
            return false;
    return n > 0 && n < max;
}

/* NULL, or what is wrong with it.  Changes `text`. */
static const char *cut_line(char *text, size_t length, tune_line *out)
{
    if (strlen(text) != length)
        return "a zero byte";
    if (length == 0 || text[length - 1] != '\n')
        return "no end of line: the file was cut off";
    text[length - 1] = 0;
    char *key = strchr(text, '\t'), *name = key ? strchr(key + 1, '\t') : NULL;
    if (!name)
        return "not 'processor, key, kernel' divided by tabs";
    *key++ = *name++ = 0;
    if (!is_word(key, OC_CHOICE_KEY_MAX))
        return "no key of a layer in column 2";
    if (!is_word(name, OC_CHOICE_NAME_MAX))
        return "no name of a kernel in column 3";
    *out = (tune_line){text, key, name};
    return NULL;
}

typedef oc_status line_fn(void *ctx, const tune_line *line, oc_error *err);

/* Calls fn for every line.  *fault: the file is damaged, and where. */
static oc_status read_lines(FILE *f, const char *path, line_fn *fn, void *ctx, oc_error *fault,
                            oc_error *err)
{
    char     *text = NULL;
    size_t    cap = 0, number = 0;
    ssize_t   length;
    oc_status st = OC_OK;

    *fault = (oc_error){0};
    while (st == OC_OK && fault->status == OC_OK && (length = getline(&text, &cap, f)) >= 0) {
        tune_line   line = {0};
        const char *wrong;
        if (++number == 1)
            wrong = strcmp(text, OC_TUNE_FORMAT "\n") == 0 ? NULL
                                                           : "does not begin with '" OC_TUNE_FORMAT
                                                             "'";
        else
            wrong = number > LINES_MAX ? "more lines than any tune table has"
                                       : cut_line(text, (size_t)length, &line);
        if (wrong)
            (void)OC_FAIL(fault, OC_FORMAT, "%.150s:%zu: %s", path, number, wrong);
        else if (number > 1)
            st = fn(ctx, &line, err);
    }
    if (number == 0 && fault->status == OC_OK)
        (void)OC_FAIL(fault, OC_FORMAT, "%.150s:1: the file is empty", path);
    free(text);
    return st;
}

typedef struct own_lines {
    oc_tune *tune;
    char     cpu[OC_CPU_MODEL_MAX];
} own_lines;

static oc_status take_own(void *ctx, const tune_line *line, oc_error *err)
{
    own_lines *own = ctx;

    return strcmp(line->cpu, own->cpu) == 0 ? oc_tune_put(own->tune, line->key, line->name, err)
                                            : OC_OK;
}

oc_status oc_tune_load(const char *path, oc_tune **out, oc_error *warning, oc_error *err)
{
    own_lines own = {0};
    oc_error  fault = {0};
    FILE     *f = fopen(path, "r");
    oc_status st;

    if (warning)
        *warning = (oc_error){0};
    if (!f && errno != ENOENT)
        return OC_FAIL(err, OC_IO, "%.150s: %s", path, strerror(errno));
    oc_cpu_model(own.cpu);
    if ((st = oc_tune_create(&own.tune, err)) != OC_OK)
        goto out;
    if (f && (st = read_lines(f, path, take_own, &own, &fault, err)) != OC_OK)
        goto out;
    if (fault.status != OC_OK) { /* whatever was read before the fault is not trusted either */
        oc_tune_destroy(own.tune);
        own.tune = NULL;
        if ((st = oc_tune_create(&own.tune, err)) != OC_OK)
            goto out;
        if (warning)
            *warning = fault;
    }
    *out = own.tune;
    own.tune = NULL;
out:
    oc_tune_destroy(own.tune);
    if (f)
        fclose(f);
    return st;
}

typedef struct other_lines {
    FILE *to;
    char  cpu[OC_CPU_MODEL_MAX];
} other_lines;

static oc_status copy_other(void *ctx, const tune_line *line, oc_error *err)
{
    other_lines *other = ctx;

    (void)err;
    if (strcmp(line->cpu, other->cpu) != 0)
        fprintf(other->to, "%s\t%s\t%s\n", line->cpu, line->key, line->name);
    return OC_OK;
}

/* The lines about other processors, as far as the old file is in order. */
static oc_status keep_others(const char *path, other_lines *other, oc_error *err)
{
    FILE     *f = fopen(path, "r");
    oc_error  fault;
    oc_status st = OC_OK;

    if (f) {
        st = read_lines(f, path, copy_other, other, &fault, err);
        fclose(f);
    }
    return st;
}

oc_status oc_tune_save(const oc_tune *tune, const char *path, oc_error *err)
{
    char        beside[4096];
    const char *key, *name;
    other_lines other = {0};
    int         n = snprintf(beside, sizeof(beside), "%s.%ld", path, (long)getpid());

    if (n < 0 || (size_t)n >= sizeof(beside))
        return OC_FAIL(err, OC_INVALID, "%.150s: the path is too long", path);
    if (!(other.to = fopen(beside, "w")))
        return OC_FAIL(err, OC_IO, "%.150s: %s", beside, strerror(errno));
    oc_cpu_model(other.cpu);
    fprintf(other.to, OC_TUNE_FORMAT "\n");
    oc_status st = keep_others(path, &other, err);
    for (size_t i = 0; oc_tune_at(tune, i, &key, &name); i++)
        fprintf(other.to, "%s\t%s\t%s\n", other.cpu, key, name);
    bool bad = ferror(other.to) != 0;
    bad = fclose(other.to) != 0 || bad;
    if (st == OC_OK && (bad || rename(beside, path) != 0))
        st = OC_FAIL(err, OC_IO, "%.150s: %s", path, strerror(errno));
    if (st != OC_OK)
        unlink(beside);
    return st;
}
