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
    "Opsets and types are those the comment at the top of the operator's file names (the upper end\n"
    "left open: up to opset 25, the newest known); `float16` is storage: such networks compute in\n"
    "float32 between their borders. Kernels are the instruction sets of the kernel families the\n"
    "operator uses, C: it has none of its own.\n\n"
    "Besides these rows the importer itself reads `Constant`. An `If` whose condition is known\n"
    "when shapes are bound gives its place to the nodes of its branch. All else whose shape or\n"
    "path the data decide (`If`, `Loop`, `Scan`, sequences, `NonMaxSuppression`, `NonZero`,\n"
    "`Compress`, `Unique`, `Range`, a `Reshape` or `Slice` to computed sizes ..., and what depends\n"
    "on it) becomes one step of the program, `Late`, which runs its nodes one by one: prepared\n"
    "again when shapes change, without fusions and blocked layout. Its outputs have open dimensions\n"
    "before a run. The domain `ocellus` is what the optimizer makes; files cannot use it.\n\n"
    "Resize with `align_corners` and scales that give no whole number of points follows ONNX's\n"
    "reference, whose length is not rounded; ONNX Runtime and PyTorch round it first.\n\n"
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
