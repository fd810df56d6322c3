/* tracker_bench [OBJECTS] -- updates per second of each tracker, objects walking about at 30 frames
 * a second with a few misses and crossings. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "track/tracker.h"

#define MOST 200

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void frame(oc_detection *items, size_t objects, unsigned i, oc_detections *d)
{
    d->n = 0;
    for (size_t k = 0; k < objects; k++) {
        unsigned phase = (i * (1 + (unsigned)k % 3) + 37 * (unsigned)k) % 1800;
        float    x = (float)(phase < 900 ? phase : 1800 - phase) * 2, y = (float)(k * 97 % 900);
        if ((i * 7 + k * 13) % 50 == 0)
            continue;
        items[d->n++] = (oc_detection){{x, y, x + 60, y + 140}, (i + k) % 9 ? 0.8f : 0.3f, 0};
    }
}

int main(int argc, char **argv)
{
    static oc_detection items[MOST];
    size_t              objects = argc > 1 ? strtoul(argv[1], NULL, 10) : 30;

    if (objects < 1 || objects > MOST) {
        fprintf(stderr, "tracker_bench: 1 to %d objects\n", MOST);
        return 2;
    }
    for (size_t k = 0; oc_tracker_kind(k); k++) {
        oc_tracker        *t;
        oc_tracker_options o;
        oc_tracks          got = {0};
        oc_error           err;
        oc_tracker_defaults(oc_tracker_kind(k), &o);
        if (oc_tracker_create(oc_tracker_kind(k), &o, &t, &err) != OC_OK) {
            fprintf(stderr, "tracker_bench: %s\n", err.message);
            return 1;
        }
        oc_detections d = {.items = items, .cap = MOST};
        double        start = now_s(), end;
        unsigned      i = 0;
        do {
            for (unsigned stop = i + 200; i < stop; i++) {
                frame(items, objects, i, &d);
                oc_tracker_update(t, &d, i / 30.0, &got);
            }
            end = now_s();
        } while (end - start < 1.0);
        printf("%-10s %3zu objects %10.0f updates/s\n", oc_tracker_kind(k)->name, objects,
               i / (end - start));
        oc_tracker_destroy(t);
    }
    return 0;
}
