/* gallery_bench [ENTRIES] [LENGTH] -- what enrolling, opening, searching and looking for changes take
 * in a gallery of random embeddings, twenty a label, by each rule. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gallery/search.h"

#define A_LABEL 20
#define LABEL_BYTES 16
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + 1e-6 * (double)t.tv_nsec;
}

static oc_status enrol(const char *path, size_t n, size_t length, const float *x, oc_error *err)
{
    const oc_gallery_model model = {"bench", HASH, length};
    const oc_gallery_rules rules = {.by = OC_GALLERY_NEAREST};
    oc_gallery            *g = NULL;
    oc_gallery_item       *items = calloc(n, sizeof(*items));
    char(*labels)[LABEL_BYTES] = calloc(n / A_LABEL + 1, sizeof(*labels));
    double    start = now_ms();
    oc_status st = items && labels ? oc_gallery_create(path, &model, &rules, &g, err)
                                   : OC_FAIL(err, OC_NOMEM, "out of memory");
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        snprintf(labels[i / A_LABEL], LABEL_BYTES, "label %zu", i / A_LABEL);
        items[i] = (oc_gallery_item){labels[i / A_LABEL], x + i * length, "bench"};
    }
    if (st == OC_OK)
        st = oc_gallery_enrol(g, items, n, false, err);
    if (st == OC_OK)
        printf("%zu entries of %zu numbers: enrolled in %.0f ms\n", n, length, now_ms() - start);
    oc_gallery_close(g);
    free(items);
    free(labels);
    return st;
}

static oc_status search(const char *path, const oc_gallery_rules *rules, size_t n, size_t length,
                        const float *x, oc_error *err)
{
    const oc_search_options options = {.rules = rules, .isa = oc_cpu_isa()};
    oc_match                items[5];
    oc_matches              found = {.items = items, .cap = 5};
    oc_search              *s = NULL;
    double                  start = now_ms(), find = 1e9, refresh = 1e9;
    oc_status               st = oc_search_open(path, NULL, &options, &s, err);
    double                  opened = now_ms() - start;
    for (size_t i = 0; i < 50 && st == OC_OK; i++) {
        double t0 = now_ms(), t1;
        st = oc_search_refresh(s, NULL, err);
        t1 = now_ms();
        if (st == OC_OK)
            st = oc_search_find(s, x + i % n * length, length, &found, err);
        refresh = t1 - t0 < refresh ? t1 - t0 : refresh;
        find = now_ms() - t1 < find ? now_ms() - t1 : find;
    }
    if (st == OC_OK)
        printf("%-8s %-8s opened in %.0f ms, search %.3f ms, look for changes %.4f ms\n",
               oc_gallery_by_name(rules->by), rules->center ? "centred" : "", opened, find,
               refresh);
    oc_search_close(s);
    return st;
}

int main(int argc, char **argv)
{
    size_t   n = argc > 1 ? strtoul(argv[1], NULL, 10) : OC_GALLERY_ROWS_MAX;
    size_t   length = argc > 2 ? strtoul(argv[2], NULL, 10) : 256;
    char     folder[] = "/tmp/oc_benchXXXXXX", path[64];
    oc_error err = {0};
    uint32_t seed = 1;
    if (n < 1 || n > OC_GALLERY_ROWS_MAX || length < 2 || length > OC_GALLERY_LENGTH_MAX) {
        fprintf(stderr, "gallery_bench: 1 to %d entries of 2 to %d numbers\n", OC_GALLERY_ROWS_MAX,
                OC_GALLERY_LENGTH_MAX);
        return 2;
    }
    float *x = calloc(n, length * sizeof(*x));
    if (!x || !mkdtemp(folder))
        return 1;
    snprintf(path, sizeof(path), "%s/g.db", folder);
    for (size_t i = 0; i < n * length; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) * 0x1p-23f - 1.0f;
    }
    oc_status st = enrol(path, n, length, x, &err);
    for (unsigned r = 0; r < 4 && st == OC_OK; r++)
        st = search(path, &(oc_gallery_rules){.by = (oc_gallery_by)(r / 2), .center = r % 2}, n,
                    length, x, &err);
    if (st != OC_OK)
        fprintf(stderr, "gallery_bench: %s\n", err.message);
    unlink(path);
    rmdir(folder);
    free(x);
    return st == OC_OK ? 0 : 1;
}
