#include "peers/peer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    size_t      bytes;
} types[] = {[PEER_F32] = {"f32", 4},
             [PEER_U8] = {"u8", 1},
             [PEER_I32] = {"i32", 4},
             [PEER_I64] = {"i64", 8}};

bool peer_fail(peer_reason *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof(why->text), format, args);
    va_end(args);
    for (char *c = why->text; *c; c++)
        if (*c == '\n')
            *c = ' ';
    return false;
}

bool peer_write(FILE *file, peer_type type, const void *data, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float v = 0;
        switch (type) {
        case PEER_F32: v = ((const float *)data)[i]; break;
        case PEER_U8: v = ((const uint8_t *)data)[i]; break;
        case PEER_I32: v = (float)((const int32_t *)data)[i]; break;
        case PEER_I64: v = (float)((const int64_t *)data)[i]; break;
        }
        if (fwrite(&v, sizeof(v), 1, file) != 1)
            return false;
    }
    return true;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static bool read_shape(const char *text, peer_input *in, peer_reason *why)
{
    in->bytes = types[in->type].bytes;
    for (const char *at = text;; at++) {
        char     *end;
        long long dim = strtoll(at, &end, 10);
        if (end == at || dim < 1 || dim > 1 << 20 || in->rank == PEER_RANK_MAX)
            return peer_fail(why, "input '%s': shape '%s'", in->name, text);
        in->dim[in->rank++] = dim;
        in->bytes *= (size_t)dim;
        if (*end == '\0')
            return true;
        at = end;
        if (*at != 'x')
            return peer_fail(why, "input '%s': shape '%s'", in->name, text);
    }
}

static bool read_input(char **arg, peer_input *in, peer_reason *why)
{
    bool known = false;
    *in = (peer_input){.name = arg[0]};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(arg[1], types[i].name) == 0) {
            in->type = (peer_type)i;
            known = true;
        }
    if (!known)
        return peer_fail(why, "input '%s': type '%s'", in->name, arg[1]);
    if (!read_shape(arg[2], in, why))
        return false;
    in->data = aligned_alloc(64, (in->bytes + 63) / 64 * 64);
    FILE *file = fopen(arg[3], "rb");
    bool  ok = in->data && file && fread(in->data, 1, in->bytes, file) == in->bytes;
    if (file)
        fclose(file);
    return ok || peer_fail(why, "input '%s': %s has not %zu bytes", in->name, arg[3], in->bytes);
}

static bool read_arguments(int argc, char **argv, peer_job *job, peer_reason *why)
{
    if (argc < 3 || (job->threads = (int)strtol(argv[2], NULL, 10)) < 1)
        return peer_fail(why,
                         "usage: %s MODEL THREADS [-i NAME TYPE SHAPE FILE]... [-o NAME]... "
                         "[--tuned FILE | --plan FILE | --fold FILE | --exact]",
                         argv[0]);
    job->model = argv[1];
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "-i") == 0 && i + 4 < argc && job->n_in < PEER_PORTS_MAX) {
            if (!read_input(argv + i + 1, &job->in[job->n_in++], why))
                return false;
            i += 4;
        } else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc && job->n_out < PEER_PORTS_MAX) {
            job->out[job->n_out++] = argv[++i];
        } else if (strcmp(argv[i], "--tuned") == 0 && i + 1 < argc) {
            job->tuned = argv[++i];
        } else if (strcmp(argv[i], "--plan") == 0 && i + 1 < argc) {
            job->plan = argv[++i];
        } else if (strcmp(argv[i], "--fold") == 0 && i + 1 < argc) {
            job->fold = argv[++i];
        } else if (strcmp(argv[i], "--exact") == 0) {
            job->exact = true;
        } else {
            return peer_fail(why, "argument '%s'", argv[i]);
        }
    }
    return true;
}

static bool run(long n, peer_reason *why)
{
    double *ms = n > 0 && n <= 100000 ? malloc((size_t)n * sizeof(*ms)) : NULL;
    bool    ok = ms || peer_fail(why, "%ld runs", n);
    for (long i = 0; ok && i < n; i++) {
        double begin = now_ms();
        ok = peer_run(why);
        ms[i] = now_ms() - begin;
    }
    if (ok) {
        fputs("times", stdout);
        for (long i = 0; i < n; i++)
            printf(" %.5f", ms[i]);
        putchar('\n');
    }
    free(ms);
    return ok;
}

static bool save(const char *path, peer_reason *why)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return peer_fail(why, "%s cannot be written", path);
    bool ok = peer_save(file, why);
    if (fclose(file) != 0 && ok)
        ok = peer_fail(why, "%s cannot be written", path);
    if (ok)
        puts("saved");
    return ok;
}

static bool answer(char *line, peer_reason *why)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (strncmp(line, "run ", 4) == 0)
        return run(strtol(line + 4, NULL, 10), why);
    if (strcmp(line, "info") == 0) {
        fputs("info", stdout);
        peer_info(stdout);
        putchar('\n');
        return true;
    }
    if (strncmp(line, "save ", 5) == 0)
        return save(line + 5, why);
    return peer_fail(why, "not understood: %s", line);
}

int main(int argc, char **argv)
{
    static peer_job job;
    peer_reason     why = {{0}};
    char            line[4096];
    double          begin = 0;
    bool            ok = read_arguments(argc, argv, &job, &why) && peer_prepare(&why);
    if (ok) {
        begin = now_ms();
        ok = peer_open(&job, &why);
    }
    if (ok)
        printf("ready %.4f %s\n", now_ms() - begin, peer_version());
    else
        printf("unsupported %s\n", why.text);
    fflush(stdout);
    while (ok && fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n") != 0) {
        if (!answer(line, &why))
            printf("failed %s\n", why.text);
        fflush(stdout);
    }
    peer_close();
    for (int i = 0; i < job.n_in; i++)
        free(job.in[i].data);
    return ok ? 0 : 1;
}
