/* ocellus.ChannelShuffle: ShuffleNet's shuffle, with the concatenation before it and the cut behind it.
 *
 *   in   one or more [N,C_i,H,W], any one type, C = sum of C_i; f32 also blocked
 *   group   g: of the concatenated channels, channel i * (C/g) + j becomes channel j * g + i
 *   split   lengths of the outputs along the channels; without: one output
 *   out  in the layout of the inputs */
#include "ops/args.h"
#include "ops/lanes.h"
#include "ops/move.h"

typedef struct shuffle_state {
    oc_moves moves; /* first: oc_moves_run looks for it here */
    bool     by_lane;
    oc_lanes lanes;
} shuffle_state;

static oc_status shuffle_infer(const oc_infer *ask, oc_error *err)
{
    int64_t        group = oc_node_int(ask->node, "group", 1), channels = 0, cut = 0;
    size_t         n = 0;
    const int64_t *split = oc_node_ints(ask->node, "split", &n);
    oc_shape       first = ask->in[0].shape;
    for (uint32_t i = 0; i < ask->n_in; i++) {
        oc_shape  in = ask->in[i].shape;
        oc_status st = oc_shape_known(&ask->in[i], "an input", err);
        if (st != OC_OK)
            return st;
        if (in.rank != 4 || first.rank != 4 || ask->in[i].dtype != ask->in[0].dtype)
            return OC_FAIL(err, OC_FORMAT, "input %u does not go with input 0", i);
        channels += in.dim[1];
        in.dim[1] = first.dim[1];
        if (!oc_shape_equal(&in, &first))
            return OC_FAIL(err, OC_FORMAT, "input %u does not go with input 0", i);
    }
    if (group < 1 || channels % group || (split ? n : 1) != ask->n_out)
        return OC_FAIL(err, OC_FORMAT, "group %lld of %lld channels, %zu parts for %u outputs",
                       (long long)group, (long long)channels, n, ask->n_out);
    for (uint32_t i = 0; i < ask->n_out; i++) {
        ask->out[i] = ask->in[0];
        ask->out[i].shape.dim[1] = split ? split[i] : channels;
        cut += ask->out[i].shape.dim[1];
        if (ask->out[i].shape.dim[1] < 0 || cut > channels)
            break;
    }
    return cut == channels ? OC_OK
                           : OC_FAIL(err, OC_FORMAT, "the parts do not make %lld channels",
                                     (long long)channels);
}

static bool shuffle_layout(oc_layout_ask *ask)
{
    size_t blocked = 0, all = 0;
    for (uint32_t i = 0; i < ask->n_in; i++) {
        size_t n = oc_elements(&ask->in[i].info);
        all += n;
        blocked += ask->in[i].layout == OC_LAYOUT_NC8 ? n : 0;
    }
    if (!oc_can_block(&ask->in[0].info) || !blocked || blocked * 2 < all ||
        ask->n_in > OC_OP_ASK_MAX || ask->n_out > OC_OP_ASK_MAX)
        return false;
    for (uint32_t i = 0; i < ask->n_in; i++)
        ask->want_in[i] = true;
    for (uint32_t i = 0; i < ask->n_out; i++)
        ask->want_out[i] = true;
    return true;
}

/* A walk over channels that lie in several tensors one after the other. */
typedef struct channel_at {
    uint32_t tensor;
    int64_t  c;
} channel_at;

static channel_at find_channel(const oc_slot *slots, int64_t c)
{
    channel_at at = {0, c};
    while (at.c >= slots[at.tensor].info.shape.dim[1])
        at.c -= slots[at.tensor++].info.shape.dim[1];
    return at;
}

static void add_channel(oc_moves *list, const oc_prepare *p, channel_at from, channel_at to)
{
    const oc_shape *in = &p->in[from.tensor].info.shape, *out = &p->out[to.tensor].info.shape;
    size_t          elem = oc_dtype_bytes(p->in[0].info.dtype);
    ptrdiff_t       plane = (ptrdiff_t)(oc_dims_product(in, 2, 4) * elem);
    oc_move        *m = oc_moves_add(list, from.tensor, to.tensor, elem);
    m->src_at = from.c * plane;
    m->dst_at = to.c * plane;
    oc_move_loop(m, (size_t)in->dim[0], (ptrdiff_t)in->dim[1] * plane,
                 (ptrdiff_t)out->dim[1] * plane);
    oc_move_loop(m, (size_t)plane / elem, (ptrdiff_t)elem, (ptrdiff_t)elem);
}

static oc_status shuffle_prepare(const oc_prepare *p, oc_error *err)
{
    shuffle_state *s = p->state;
    int64_t        g = oc_node_int(p->node, "group", 1), channels = 0;
    for (uint32_t i = 0; i < p->n_in; i++)
        channels += p->in[i].info.shape.dim[1];
    s->by_lane = p->in[0].layout == OC_LAYOUT_NC8;
    oc_status st = s->by_lane ? oc_lanes_init(&s->lanes, p, err)
                              : oc_moves_init(&s->moves, p, (size_t)channels, err);
    if (st != OC_OK)
        return st;
    for (int64_t k = 0; k < channels; k++) {
        channel_at from = find_channel(p->in, k % g * (channels / g) + k / g);
        channel_at to = find_channel(p->out, k);
        if (s->by_lane)
            oc_lanes_set(&s->lanes, to.tensor, (size_t)to.c, from.tensor, (size_t)from.c);
        else
            add_channel(&s->moves, p, from, to);
    }
    if (s->by_lane)
        oc_lanes_finish(&s->lanes, p);
    else
        oc_moves_finish(&s->moves, p);
    return OC_OK;
}

static void shuffle_run(const oc_op_run *r)
{
    const shuffle_state *s = r->state;
    if (s->by_lane)
        oc_lanes_run(&s->lanes, r);
    else
        oc_moves_run(r);
}

const oc_op oc_op_channel_shuffle = {
    .name = "ChannelShuffle",
    .domain = "ocellus",
    .n_in_min = 1,
    .n_in_max = OC_OP_MANY,
    .n_out_min = 1,
    .n_out_max = OC_OP_MANY,
    .state_size = sizeof(shuffle_state),
    .infer = shuffle_infer,
    .flags = OC_OP_NC8_BYTES,
    .layout = shuffle_layout,
    .prepare = shuffle_prepare,
    .run = shuffle_run,
};
