/* Statistics of a run in fixed memory. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/record.h"

static void bins_double(void **state)
{
    (void)state;
    oc_record *r = malloc(sizeof(*r));
    oc_objects none = {0};
    oc_rules   rules = {0};
    oc_record_init(r);
    uint64_t frames = 0, dropped = 0;
    for (double t = 0; t < 1000; t += 0.25) {
        dropped += frames % 10 == 0;
        oc_record_frame f = {.time_s = t,
                             .objects = &none,
                             .rules = &rules,
                             .latency_ns = frames,
                             .dropped = dropped};
        oc_record_note(r, &f);
        if (frames % 100 == 0)
            oc_record_crossed(r, t, 1);
        frames++;
        assert_true(r->n_bins <= OC_BINS_MAX);
    }
    uint64_t sum = 0, lost = 0, crossed = 0, most = 0;
    for (size_t i = 0; i < r->n_bins; i++) {
        sum += r->bin[i].frames;
        lost += r->bin[i].dropped;
        crossed += r->bin[i].crossed[1];
        most = r->bin[i].latency_max_ns > most ? r->bin[i].latency_max_ns : most;
        assert_true(i == 0 || r->bin[i].latency_max_ns > r->bin[i - 1].latency_max_ns);
    }
    assert_int_equal(sum, frames);
    assert_int_equal(lost, dropped);
    assert_int_equal(crossed, 40);
    assert_int_equal(most, frames - 1);
    assert_true(r->bin_s * (double)r->n_bins >= 999.75);
    assert_true(r->bin_s == 8.0); /* 0.5 s doubled until 240 of them hold 1000 s */
    oc_record_note(r, &(oc_record_frame){.time_s = 1e300, .objects = &none, .rules = &rules});
    oc_record_note(r, &(oc_record_frame){.time_s = NAN, .objects = &none, .rules = &rules});
    assert_true(r->n_bins <= OC_BINS_MAX);
    free(r);
}

static void the_longest_tracks_stay(void **state)
{
    (void)state;
    oc_record *r = malloc(sizeof(*r));
    oc_object *o = calloc(1, sizeof(*o));
    oc_record_init(r);
    for (uint64_t i = 1; i <= 2000; i++) {
        o->track.id = i;
        o->first_s = (double)(2000 - i);
        o->last_s = o->first_s + (double)(i * 37 % 2000);
        snprintf(o->evidence[0].told, OC_VALUE_BYTES, "%s", i % 2 ? "odd" : "even");
        oc_record_track(r, o, 1);
    }
    assert_int_equal(r->tracks, 2000);
    assert_int_equal(r->n_rows, OC_TRACK_ROWS_MAX);
    for (size_t i = 0; i < r->n_rows; i++)
        assert_true(r->row[i].last_s - r->row[i].first_s >= 1500);
    assert_int_equal(r->n_tally[0], 2);
    assert_int_equal(r->tally[0][0].tracks + r->tally[0][1].tracks, 2000);
    oc_record_sort(r);
    for (size_t i = 1; i < r->n_rows; i++)
        assert_true(r->row[i].first_s >= r->row[i - 1].first_s);
    free(o);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_double),
        cmocka_unit_test(the_longest_tracks_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
