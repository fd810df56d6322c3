/* Bins of stream time that double in width, tallies, the longest tracks. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/record.h"
#include "telemetry/histogram.h"

void oc_record_init(oc_record *r)
{
    memset(r, 0, sizeof(*r));
    r->bin_s = 0.5;
    r->last_clock_ns = oc_now_ns();
}

static void add_bin(oc_bin *to, const oc_bin *from)
{
    to->frames += from->frames;
    to->dropped += from->dropped;
    to->wall_ns += from->wall_ns;
    to->tracks_sum += from->tracks_sum;
    if (from->latency_max_ns > to->latency_max_ns)
        to->latency_max_ns = from->latency_max_ns;
    to->crossed[0] += from->crossed[0];
    to->crossed[1] += from->crossed[1];
    for (size_t i = 0; i < OC_ZONES_MAX; i++)
        to->inside_sum[i] += from->inside_sum[i];
}

static void double_width(oc_record *r)
{
    for (size_t i = 0; i < OC_BINS_MAX; i++) {
        oc_bin sum = r->bin[i];
        memset(&r->bin[i], 0, sizeof(sum));
        if (i % 2)
            add_bin(&r->bin[i / 2], &sum);
        else
            r->bin[i / 2] = sum;
    }
    r->n_bins = (r->n_bins + 1) / 2;
    r->bin_s *= 2;
}

static oc_bin *bin_at(oc_record *r, double time_s)
{
    if (!(time_s > 0.0))
        time_s = 0.0;
    if (time_s > 1e9)
        time_s = 1e9;
    while (time_s >= r->bin_s * OC_BINS_MAX)
        double_width(r);
    size_t i = (size_t)(time_s / r->bin_s);
    if (i >= r->n_bins)
        r->n_bins = i + 1;
    return &r->bin[i];
}

static oc_tally *tally_of(oc_record *r, size_t recogniser, const char *value)
{
    oc_tally *t = r->tally[recogniser];
    for (size_t i = 0; i < r->n_tally[recogniser]; i++)
        if (strcmp(t[i].value, value) == 0)
            return &t[i];
    if (r->n_tally[recogniser] == OC_TALLY_MAX)
        return NULL;
    t += r->n_tally[recogniser]++;
    memcpy(t->value, value, OC_VALUE_BYTES);
    return t;
}

void oc_record_note(oc_record *r, const oc_record_frame *f)
{
    oc_bin  *bin = bin_at(r, f->time_s);
    uint64_t now = oc_now_ns(), seen = 0;
    double   passed = r->frames && f->time_s > r->last_s ? f->time_s - r->last_s : 0.0;

    for (size_t i = 0; i < f->objects->n; i++) {
        const oc_object *o = f->objects->list[i];
        if (o->track.state != OC_TRACK_CONFIRMED)
            continue;
        seen++;
        for (size_t k = 0; k < f->n_recognisers; k++) {
            oc_tally *t = *o->evidence[k].told ? tally_of(r, k, o->evidence[k].told) : NULL;
            if (t)
                t->seconds += passed;
        }
    }
    bin->frames++;
    bin->dropped += (uint32_t)(f->dropped - r->last_dropped);
    bin->wall_ns += now - r->last_clock_ns;
    bin->tracks_sum += seen;
    if (f->latency_ns > bin->latency_max_ns)
        bin->latency_max_ns = f->latency_ns;
    for (size_t i = 0; i < f->rules->n_zones; i++)
        bin->inside_sum[i] += f->rules->zone[i].inside;
    r->tracks_max = seen > r->tracks_max ? seen : r->tracks_max;
    r->track_seconds += (double)seen * passed;
    r->frames++;
    r->last_s = f->time_s;
    r->last_clock_ns = now;
    r->last_dropped = f->dropped;
}

void oc_record_crossed(oc_record *r, double time_s, int direction)
{
    bin_at(r, time_s)->crossed[direction]++;
}

static oc_track_row *row_for(oc_record *r, double length_s)
{
    if (r->n_rows < OC_TRACK_ROWS_MAX)
        return &r->row[r->n_rows++];
    oc_track_row *shortest = &r->row[0];
    for (size_t i = 1; i < r->n_rows; i++)
        if (r->row[i].last_s - r->row[i].first_s < shortest->last_s - shortest->first_s)
            shortest = &r->row[i];
    return shortest->last_s - shortest->first_s < length_s ? shortest : NULL;
}

void oc_record_track(oc_record *r, const oc_object *o, size_t n_recognisers)
{
    oc_track_row *row = row_for(r, o->last_s - o->first_s);
    r->tracks++;
    for (size_t k = 0; k < n_recognisers; k++) {
        oc_tally *t = *o->evidence[k].told ? tally_of(r, k, o->evidence[k].told) : NULL;
        if (t)
            t->tracks++;
    }
    if (!row)
        return;
    *row = (oc_track_row){.id = o->track.id,
                          .hits = o->track.hits,
                          .label = o->track.label,
                          .crossings = o->crossings,
                          .first_s = o->first_s,
                          .last_s = o->last_s};
    for (size_t k = 0; k < n_recognisers; k++)
        memcpy(row->value[k], o->evidence[k].told, OC_VALUE_BYTES);
}

static int by_first(const void *a, const void *b)
{
    const oc_track_row *x = a, *y = b;
    if (x->first_s != y->first_s)
        return x->first_s < y->first_s ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int by_weight(const void *a, const void *b)
{
    const oc_tally *x = a, *y = b;
    if (x->seconds != y->seconds)
        return x->seconds > y->seconds ? -1 : 1;
    if (x->tracks != y->tracks)
        return x->tracks > y->tracks ? -1 : 1;
    return strcmp(x->value, y->value);
}

void oc_record_sort(oc_record *r)
{
    qsort(r->row, r->n_rows, sizeof(r->row[0]), by_first);
    for (size_t k = 0; k < OC_RECOGNISERS_MAX; k++)
        qsort(r->tally[k], r->n_tally[k], sizeof(r->tally[k][0]), by_weight);
}
