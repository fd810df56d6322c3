/* Detectors keep the peaks of a map of scores as x * Cast(Equal(x, MaxPool(x))): three nodes and a map of
 * bools that cannot lie blocked become one, KeepEqual(x, y) = x * (x == y), for any y of x's shape. */
#include "passes/pass.h"

/* The node that makes v, when nobody else reads v. */
static const oc_node *maker(const oc_graph *g, const oc_uses *uses, oc_vid v, const char *op)
{
    const int32_t p = v == OC_VID_NONE ? -1 : uses->producer[v];

    return p >= 0 && uses->count[v] == 1 && oc_node_is(&g->nodes[p], op) ? &g->nodes[p] : NULL;
}

/* y, when v = Cast(Equal(x, y)) or Cast(Equal(y, x)) as float32. */
static oc_vid equal_to(const oc_graph *g, const oc_uses *uses, oc_vid x, oc_vid v)
{
    const oc_node *cast = maker(g, uses, v, "Cast");
    const oc_node *equal = cast ? maker(g, uses, cast->in[0], "Equal") : NULL;

    if (!equal || g->values[v].info.dtype != OC_F32 || g->values[x].info.dtype != OC_F32)
        return OC_VID_NONE;
    for (uint32_t k = 0; k < 2; k++)
        if (equal->in[k] == x &&
            oc_shape_equal(&g->values[equal->in[1 - k]].info.shape, &g->values[x].info.shape))
            return equal->in[1 - k];
    return OC_VID_NONE;
}

oc_pass_fn oc_pass_peaks;

oc_status oc_pass_peaks(oc_graph *graph, const oc_pass_options *options, oc_error *err)
{
    oc_uses   uses;
    oc_status st = oc_uses_create(graph, &uses, err);

    (void)options;
    for (uint32_t i = 0; i < graph->n_nodes && st == OC_OK; i++) {
        oc_node *mul = &graph->nodes[i];

        if (!oc_node_is(mul, "Mul"))
            continue;
        for (uint32_t k = 0; k < 2; k++) {
            const oc_vid x = mul->in[k], y = equal_to(graph, &uses, x, mul->in[1 - k]);

            if (y == OC_VID_NONE)
                continue;
            mul->in[0] = x;
            mul->in[1] = y;
            st = oc_node_retype(mul, "ocellus", "KeepEqual", err);
            break;
        }
    }
    oc_uses_finish(&uses);
    return st;
}
