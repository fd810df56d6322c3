/* list_operators -- docs/operators.md, from the operator table (tools/check_operators). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ops/op.h"

#define OPS_MAX 512

static int by_domain_and_name(const void *a, const void *b)
{
    const oc_op *x = *(const oc_op *const *)a, *y = *(const oc_op *const *)b;
    const int    domain = strcmp(x->domain, y->domain);

    return domain ? domain : strcasecmp(x->name, y->name);
}

static const char *count(unsigned min, unsigned max, char *out, size_t size)
{
    if (max == OC_OP_MANY)
        snprintf(out, size, "%u or more", min);
    else if (min == max)
        snprintf(out, size, "%u", min);
    else
        snprintf(out, size, "%u to %u", min, max);
    return out;
}

static void row(const oc_op *op)
{
    char        in[32], out[32];
    const char *notes[8];
    size_t      n = 0;

    if (op->layout)
        notes[n++] = "blocked";
    if (op->flags & OC_OP_ACT)
        notes[n++] = "activation";
    if (op->flags & OC_OP_ADD)
        notes[n++] = "residual";
    if (op->flags & (OC_OP_IN_PLACE | OC_OP_IN_PLACE_1))
        notes[n++] = "in place";
    if (op->flags & OC_OP_VIEW)
        notes[n++] = "view";
    if (op->flags & OC_OP_SHAPE_ONLY)
        notes[n++] = "shape";
    printf("| %s | %s | %s | %s | ", op->name, *op->domain ? op->domain : "ONNX",
           count(op->n_in_min, op->n_in_max, in, sizeof(in)),
           count(op->n_out_min, op->n_out_max, out, sizeof(out)));
    for (size_t i = 0; i < n; i++)
        printf("%s%s", i ? ", " : "", notes[i]);
    printf(" |\n");
}

static const char intro[] =
    "# Operators\n\n"
    "`tools/check_operators` makes this file from the operator table (`src/ops/list.inc`); a test\n"
    "says when the two differ. The comment at the top of each operator's file says which types,\n"
    "opset versions and shapes it takes; `tests/ops/known_unsupported.txt` lists what is refused\n"
    "of ONNX's own operator cases, and why. A network with anything else is refused when it is\n"
    "loaded, by the names of node and operator.\n\n"
    "Besides these rows the importer itself reads `Constant`, and `If` where the condition is a\n"
    "constant of the file: the branch takes the node's place. An `If` on a computed one, `Loop`\n"
    "and `Scan` are refused. The domain `ocellus` is what the optimizer makes; files cannot use\n"
    "it.\n\n"
    "- **blocked**: also computes on channels in blocks of eight, the layout of convolutions\n"
    "- **activation**, **residual**: takes in a following activation, or addition of a tensor\n"
    "- **in place**: the result may take the memory of an input\n"
    "- **view**: the input's bytes under another shape, nothing is copied\n"
    "- **shape**: depends on the shape of its input alone, and is known before the first run\n\n";

int main(void)
{
    const oc_op *ops[OPS_MAX];
    size_t       n = 0;

    while (n < OPS_MAX && oc_op_at(n)) {
        ops[n] = oc_op_at(n);
        n++;
    }
    qsort(ops, n, sizeof(ops[0]), by_domain_and_name);
    printf("%s%zu operators:\n\n", intro, n);
    printf("| operator | domain | inputs | outputs | |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < n; i++)
        row(ops[i]);
    return n == OPS_MAX;
}
