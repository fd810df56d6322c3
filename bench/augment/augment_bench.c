/* Times pipelines on one picture: decoding and encoding left out.
 *
 *   augment_bench PICTURE PIPELINE.yaml RUNS
 *
 * prints nanoseconds a run, the median, on one line.  compare.py runs it beside OpenCV. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/augment.h"
#include "media/image.h"
#include "telemetry/histogram.h"

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Every run begins with the picture as it was; copying it is not counted. */
static oc_status time_runs(const oc_augment *augment, const oc_frame *picture, size_t n,
                           uint64_t *took, oc_error *err)
{
    oc_augment_worker *worker = NULL;
    oc_frame_pool     *pool = NULL;
    oc_status          st = oc_augment_worker_create(oc_cpu_isa(), &worker, err);
    if (st == OC_OK)
        st = oc_frame_pool_create(&pool, err);
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        oc_augment_sample    s = {0};
        const oc_augment_key key = {0, 0, i};
        st = oc_frame_pool_take(pool, OC_PIXEL_RGB24, picture->width, picture->height, &s.rgb, err);
        if (st == OC_OK)
            st = oc_frame_convert(picture, s.rgb, err);
        uint64_t begin = oc_now_ns();
        if (st == OC_OK)
            st = oc_augment_run(augment, &key, NULL, worker, &s, err);
        took[i] = oc_now_ns() - begin;
        oc_augment_sample_finish(&s);
    }
    oc_augment_worker_destroy(worker);
    oc_frame_pool_destroy(pool);
    return st;
}

int main(int argc, char **argv)
{
    oc_error    err = {0};
    oc_augment *augment = NULL;
    oc_frame   *picture = NULL;
    size_t      n = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    uint64_t   *took = calloc(n ? n : 1, sizeof(*took));
    if (n == 0 || !took) {
        fprintf(stderr, "usage: augment_bench PICTURE PIPELINE.yaml RUNS\n");
        free(took);
        return 2;
    }
    oc_status st = oc_image_load(argv[1], &picture, &err);
    if (st == OC_OK && (st = oc_augment_load(argv[2], &augment, &err)) == OC_OK)
        st = time_runs(augment, picture, n, took, &err);
    if (st == OC_OK) {
        qsort(took, n, sizeof(*took), by_value);
        printf("%llu\n", (unsigned long long)took[n / 2]);
    } else {
        fprintf(stderr, "augment_bench: %s\n", err.message);
    }
    oc_augment_destroy(augment);
    oc_frame_unref(picture);
    free(took);
    return st == OC_OK ? 0 : 1;
}
