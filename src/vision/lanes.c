/* Lanes are made by trying: a session for one picture, then for two, four .. as far as the network, the
 * memory and the sameness of the results allow. */
#include "vision/lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/share.h"

typedef struct level {
    oc_session     *session;
    oc_tensor_view  in;
    oc_tensor_view *out; /* [n_out] */
} level;

typedef struct lane {
    level level[OC_LANE_LEVELS_MAX];
} lane;

struct oc_net_lanes {
    lane     lane[OC_LANES_MAX];
    unsigned n, n_levels;
    size_t   n_out, in_bytes;
    size_t  *out_bytes; /* [n_out], of one picture */
    uint64_t bytes;     /* of a lane */
};

static oc_status no_batches(oc_error *err, const char *why)
{
    return OC_FAIL(err, OC_UNSUPPORTED, "%s", why);
}

static oc_status set_level(oc_net_lanes *l, level *v, oc_error *err)
{
    const oc_port *in, *out;
    oc_session_inputs(v->session, &in);
    size_t n = oc_session_outputs(v->session, &out);
    v->in = (oc_tensor_view){.info = in[0].info};
    v->out = calloc(n + 1, sizeof(*v->out));
    if (!v->out)
        return OC_FAIL(err, OC_NOMEM, "lanes: out of memory");
    for (size_t k = 0; k < n; k++)
        v->out[k].info = out[k].info;
    l->n_out = n;
    return OC_OK;
}

/* Of one picture: what is in front of every shape. */
static oc_status measure_single(oc_net_lanes *l, oc_error *err)
{
    const level *v = &l->lane[0].level[0];
    char         why[160];
    l->out_bytes = calloc(l->n_out + 1, sizeof(*l->out_bytes));
    if (!l->out_bytes || !oc_tensor_bytes(&v->in.info, &l->in_bytes))
        return OC_FAIL(err, OC_NOMEM, "lanes: out of memory");
    for (size_t k = 0; k < l->n_out; k++) {
        const oc_port  *ports;
        const oc_shape *shape = &v->out[k].info.shape;
        oc_session_outputs(v->session, &ports);
        if (v->out[k].info.dtype == OC_F16 || v->in.info.dtype == OC_F16)
            return no_batches(err, "half floats");
        snprintf(why, sizeof(why), "output '%.100s' has no row for each picture", ports[k].name);
        if (shape->rank == 0 || shape->dim[0] != 1 ||
            !oc_tensor_bytes(&v->out[k].info, &l->out_bytes[k]))
            return no_batches(err, why);
    }
    return OC_OK;
}

/* The same but for the first dimension, which is n? */
static bool follows(const oc_tensor_info *one, const oc_tensor_info *many, unsigned n)
{
    oc_shape shape = one->shape;
    shape.dim[0] = n;
    return one->dtype == many->dtype && oc_shape_equal(&shape, &many->shape);
}

static oc_status check_level(const oc_net_lanes *l, const level *v, unsigned n, oc_error *err)
{
    const level *one = &l->lane[0].level[0];
    bool         fits = follows(&one->in.info, &v->in.info, n);
    for (size_t k = 0; k < l->n_out && fits; k++)
        fits = follows(&one->out[k].info, &v->out[k].info, n);
    return fits ? OC_OK : no_batches(err, "its outputs do not have a row for each picture");
}

static uint64_t level_bytes(const oc_net_lanes *l, const oc_session *session, unsigned n)
{
    oc_session_stats stats = {.struct_size = sizeof(stats)};
    oc_session_stats_get(session, &stats);
    uint64_t sum = stats.arena_bytes + (uint64_t)n * l->in_bytes;
    for (size_t k = 0; k < l->n_out; k++)
        sum += (uint64_t)n * l->out_bytes[k];
    return sum;
}

static void drop_level(level *v)
{
    oc_session_destroy(v->session);
    free(v->out);
    *v = (level){0};
}

/* A level more.  False: it costs too much, *st tells of failures. */
static bool add_level(oc_net_lanes *l, const oc_net_lanes_options *o, oc_status *st, oc_error *err)
{
    const unsigned n = 1u << l->n_levels;
    level         *v = &l->lane[0].level[l->n_levels];
    if ((*st = o->session(o->ctx, n, &v->session, err)) != OC_OK)
        return false;
    if ((*st = set_level(l, v, err)) == OC_OK && n == 1)
        *st = measure_single(l, err);
    else if (*st == OC_OK)
        *st = check_level(l, v, n, err);
    const uint64_t bytes = *st == OC_OK ? level_bytes(l, v->session, n) : 0;
    if (*st == OC_OK && n > 1 && o->bytes_max && bytes > o->bytes_max) {
        drop_level(v);
        return false;
    }
    l->bytes = bytes > l->bytes ? bytes : l->bytes;
    l->n_levels += *st == OC_OK;
    return *st == OC_OK;
}

static oc_status first_lane(oc_net_lanes *l, const oc_net_lanes_options *o, oc_error *err)
{
    oc_status st = OC_OK;
    while (l->n_levels < OC_LANE_LEVELS_MAX && 1u << l->n_levels <= o->batch &&
           add_level(l, o, &st, err))
        ;
    if (st != OC_OK && l->n_levels > 1) { /* what there is will do */
        drop_level(&l->lane[0].level[l->n_levels]);
        return OC_OK;
    }
    if (st != OC_OK && l->n_levels == 1)
        st = OC_UNSUPPORTED; /* a single one is well */
    if (st == OC_UNSUPPORTED && err) {
        oc_error_prefix(err, "takes one picture at a time");
        err->status = st;
    }
    return st;
}

static oc_status more_lanes(oc_net_lanes *l, const oc_net_lanes_options *o, oc_error *err)
{
    for (; l->n < o->n; l->n++)
        for (unsigned i = 0; i < l->n_levels; i++) {
            level    *v = &l->lane[l->n].level[i];
            oc_status st = o->session(o->ctx, 1u << i, &v->session, err);
            if (st == OC_OK)
                st = set_level(l, v, err);
            if (st != OC_OK) {
                l->n++; /* what there is of it goes with the others */
                return st;
            }
        }
    return OC_OK;
}

static oc_status share(oc_net_lanes *l, oc_error *err)
{
    for (unsigned i = 0; i < l->n; i++) {
        oc_session *sessions[OC_LANE_LEVELS_MAX];
        for (unsigned k = 0; k < l->n_levels; k++)
            sessions[k] = l->lane[i].level[k].session;
        oc_status st = oc_sessions_share(sessions, l->n_levels, err);
        if (st != OC_OK)
            return st;
        for (unsigned k = 0; k < l->n_levels; k++)
            l->lane[i].level[k].in.data = oc_session_input_buffer(sessions[k], 0);
    }
    return OC_OK;
}

/* ---- are the results the same? ---- */

/* A picture of noise, the same for the same `which`: floats within -1 .. 1, integers of 0 .. 255. */
static void noise(const oc_tensor_info *info, size_t which, void *to, size_t bytes)
{
    uint32_t x = 2463534242u + (uint32_t)which * 2654435761u;
    size_t   n = bytes / (info->dtype == OC_F32 || info->dtype == OC_I32 ? 4 : 1);
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        if (info->dtype == OC_F32)
            ((float *)to)[i] = (float)(x >> 8) / 8388608.0f - 1.0f;
        else if (info->dtype == OC_I32)
            ((int32_t *)to)[i] = (int32_t)(x >> 24);
        else
            ((uint8_t *)to)[i] = (uint8_t)(x >> 24);
    }
}

static oc_status run_noise(oc_net_lanes *l, unsigned lane_at, unsigned n, size_t from,
                           oc_error *err)
{
    const oc_tensor_info *in = &l->lane[0].level[0].in.info;
    for (size_t i = 0; i < n; i++)
        noise(in, from + i, oc_net_lanes_input(l, lane_at, i), l->in_bytes);
    return oc_net_lanes_run(l, lane_at, n, err);
}

/* Every lane and level, which also is the first run of each, and nobody's frame. */
static oc_status compare(oc_net_lanes *l, unsigned char *alone, size_t picture_bytes, oc_error *err)
{
    oc_status st = OC_OK;
    for (unsigned a = 0; a < l->n && st == OC_OK; a++)
        for (unsigned v = 0; v < l->n_levels && st == OC_OK; v++) {
            bool same = true;
            st = run_noise(l, a, 1u << v, 0, err);
            for (size_t i = 0; i < 1u << v && st == OC_OK; i++) {
                const unsigned char *want = alone + i * picture_bytes;
                for (size_t k = 0; k < l->n_out; want += l->out_bytes[k++])
                    same =
                        same && memcmp(oc_net_lanes_output(l, a, k, i), want, l->out_bytes[k]) == 0;
            }
            if (st == OC_OK && !same)
                st = no_batches(err, "what a picture gives depends on those that run with it");
        }
    return st;
}

static oc_status check_same(oc_net_lanes *l, oc_error *err)
{
    const unsigned n = 1u << (l->n_levels - 1);
    size_t         picture_bytes = 0;
    oc_status      st = OC_OK;
    for (size_t k = 0; k < l->n_out; k++)
        picture_bytes += l->out_bytes[k];
    unsigned char *alone = malloc(n * picture_bytes + 1), *to = alone;
    if (!alone)
        return OC_FAIL(err, OC_NOMEM, "lanes: out of memory");
    for (unsigned i = 0; i < n && st == OC_OK; i++) {
        st = run_noise(l, 0, 1, i, err);
        for (size_t k = 0; k < l->n_out && st == OC_OK; to += l->out_bytes[k++])
            memcpy(to, oc_net_lanes_output(l, 0, k, 0), l->out_bytes[k]);
    }
    if (st == OC_OK)
        st = compare(l, alone, picture_bytes, err);
    free(alone);
    return st;
}

/* ---- life and runs ---- */

oc_status oc_net_lanes_create(const oc_net_lanes_options *options, oc_net_lanes **out,
                              oc_error *err)
{
    oc_net_lanes *l = calloc(1, sizeof(*l));
    if (!l)
        return OC_FAIL(err, OC_NOMEM, "lanes: out of memory");
    l->n = 1;
    oc_status st = first_lane(l, options, err);
    if (st == OC_OK && (st = more_lanes(l, options, err)) == OC_OK)
        st = share(l, err);
    if (st == OC_OK)
        st = check_same(l, err);
    if (st != OC_OK) {
        oc_net_lanes_destroy(l);
        return st;
    }
    *out = l;
    return OC_OK;
}

void oc_net_lanes_destroy(oc_net_lanes *l)
{
    if (!l)
        return;
    for (unsigned i = 0; i < l->n; i++)
        for (unsigned k = 0; k < OC_LANE_LEVELS_MAX; k++)
            drop_level(&l->lane[i].level[k]);
    free(l->out_bytes);
    free(l);
}

unsigned oc_net_lanes_count(const oc_net_lanes *l)
{
    return l->n;
}

unsigned oc_net_lanes_batch(const oc_net_lanes *l)
{
    return 1u << (l->n_levels - 1);
}

uint64_t oc_net_lanes_bytes(const oc_net_lanes *l)
{
    return l->n * l->bytes;
}

oc_session *oc_net_lanes_single(const oc_net_lanes *l, unsigned at)
{
    return l->lane[at].level[0].session;
}

static unsigned level_of(const oc_net_lanes *l, size_t n)
{
    unsigned v = 0;
    while (v + 1 < l->n_levels && (size_t)2 << v <= n)
        v++;
    return v;
}

unsigned oc_net_lanes_fit(const oc_net_lanes *l, size_t n)
{
    return 1u << level_of(l, n);
}

void *oc_net_lanes_input(const oc_net_lanes *l, unsigned at, size_t i)
{
    return (char *)l->lane[at].level[0].in.data + i * l->in_bytes;
}

oc_status oc_net_lanes_run(oc_net_lanes *l, unsigned at, unsigned n, oc_error *err)
{
    level *v = &l->lane[at].level[level_of(l, n)];
    for (size_t k = 0; k < l->n_out; k++)
        v->out[k].data = NULL;
    return oc_session_run(v->session, &v->in, 1, v->out, l->n_out, err);
}

void *oc_net_lanes_output(const oc_net_lanes *l, unsigned at, size_t k, size_t i)
{
    /* all levels have their outputs in the same place */
    for (unsigned v = 0; v < l->n_levels; v++)
        if (l->lane[at].level[v].out[k].data)
            return (char *)l->lane[at].level[v].out[k].data + i * l->out_bytes[k];
    return NULL;
}
