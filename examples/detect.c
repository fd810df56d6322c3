/* detect.c -- finds objects in one picture.
 *
 *   detect CARD MODEL PICTURE       detect models/yolox-nano/card.yaml yolox_nano_416.onnx street.jpg
 */
#include <stdio.h>
#include <stdlib.h>

#include <ocellus/detector.h>

#define FOUND_MAX 100

static int fail(const oc_error *err)
{
    fprintf(stderr, "detect: %s\n", err->message);
    return EXIT_FAILURE;
}

static void print(const oc_detector *detector, const oc_detections *found)
{
    for (size_t i = 0; i < found->n; i++) {
        const oc_detection *d = &found->items[i];
        printf("%-16s %.2f  x %.0f..%.0f  y %.0f..%.0f\n", oc_detector_label(detector, d->label),
               (double)d->score, (double)d->box.x0, (double)d->box.x1, (double)d->box.y0,
               (double)d->box.y1);
    }
    printf("%zu found\n", found->n);
}

int main(int argc, char **argv)
{
    oc_pool            *pool = NULL;
    oc_detector        *detector = NULL;
    oc_detector_options options = OC_DETECTOR_OPTIONS_INIT;
    oc_detection        items[FOUND_MAX];
    oc_detections       found = {.items = items, .cap = FOUND_MAX};
    oc_error            err = {0};
    int                 code = EXIT_SUCCESS;

    if (argc != 4) {
        fprintf(stderr, "usage: detect CARD MODEL PICTURE\n");
        return 2;
    }
    if (oc_pool_create(0, &pool, &err) != OC_OK) /* a worker for every processor */
        return fail(&err);
    options.pool = pool;

    /* Everything that can be wrong with card and network is found here ... */
    if (oc_detector_create(argv[1], argv[2], &options, &detector, &err) != OC_OK) {
        code = fail(&err);
        goto out;
    }
    /* ... and only the picture can be at fault here. */
    if (oc_detector_run_file(detector, argv[3], &found, &err) != OC_OK) {
        code = fail(&err);
        goto out;
    }
    print(detector, &found);
out:
    oc_detector_destroy(detector);
    oc_pool_destroy(pool);
    return code;
}
