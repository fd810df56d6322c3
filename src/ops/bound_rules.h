/* bound_rules.h -- bounds of one node's outputs: the rules, and what they share. */
#ifndef OC_OPS_BOUND_RULES_H
#define OC_OPS_BOUND_RULES_H

#include "ops/args.h"
#include "ops/bound.h"

typedef oc_status oc_bound_rule_fn(const oc_bound_ask *ask, oc_error *why);

/* Operators of ONNX's own with a rule of their own: name, rule.  All others: oc_bound_plain. */
#define OC_BOUND_RULES(X)         \
    X(Add, broadcast)             \
    X(And, broadcast)             \
    X(BitShift, broadcast)        \
    X(BitwiseAnd, broadcast)      \
    X(BitwiseOr, broadcast)       \
    X(BitwiseXor, broadcast)      \
    X(Cast, copy)                 \
    X(Ceil, round)                \
    X(Compress, compress)         \
    X(Concat, concat)             \
    X(ConstantOfShape, fill)      \
    X(DequantizeLinear, quantize) \
    X(Div, broadcast)             \
    X(Equal, broadcast)           \
    X(Expand, expand)             \
    X(Flatten, copy)              \
    X(Floor, round)               \
    X(Gather, gather)             \
    X(Greater, broadcast)         \
    X(GreaterOrEqual, broadcast)  \
    X(Identity, copy)             \
    X(Less, broadcast)            \
    X(LessOrEqual, broadcast)     \
    X(Max, broadcast)             \
    X(Mean, broadcast)            \
    X(Min, broadcast)             \
    X(Mod, broadcast)             \
    X(Mul, broadcast)             \
    X(NonMaxSuppression, nms)     \
    X(NonZero, nonzero)           \
    X(Not, not )                  \
    X(Or, broadcast)              \
    X(PRelu, broadcast)           \
    X(Pow, broadcast)             \
    X(QuantizeLinear, quantize)   \
    X(Range, range)               \
    X(ReduceMax, reduce)          \
    X(ReduceMin, reduce)          \
    X(ReduceProd, reduce)         \
    X(ReduceSum, reduce)          \
    X(Reshape, reshape)           \
    X(Round, round)               \
    X(Shape, shape)               \
    X(Size, size)                 \
    X(Slice, slice)               \
    X(Split, split)               \
    X(Squeeze, squeeze)           \
    X(Sub, broadcast)             \
    X(Sum, broadcast)             \
    X(Tile, tile)                 \
    X(TopK, topk)                 \
    X(Unique, unique)             \
    X(Unsqueeze, copy)            \
    X(Where, where)               \
    X(Xor, broadcast)

oc_bound_rule_fn oc_bound_broadcast, oc_bound_copy, oc_bound_round, oc_bound_compress,
    oc_bound_concat, oc_bound_fill, oc_bound_quantize, oc_bound_expand, oc_bound_gather,
    oc_bound_nms, oc_bound_nonzero, oc_bound_not, oc_bound_range, oc_bound_reduce, oc_bound_reshape,
    oc_bound_shape, oc_bound_size, oc_bound_slice, oc_bound_split, oc_bound_squeeze, oc_bound_tile,
    oc_bound_topk, oc_bound_unique, oc_bound_where;

/* The operator's own inference, asked with the largest and the smallest inputs. */
oc_bound_rule_fn oc_bound_plain;

/* Type and rank of output 0, from inputs of one element each. */
OC_MUST_CHECK oc_status oc_bound_of_ones(const oc_bound_ask *ask, oc_tensor_info *out,
                                         oc_error *why);

const oc_bound *oc_bound_input(const oc_bound_ask *ask, uint32_t i); /* NULL: left out */
bool            oc_bound_all_exact(const oc_bound_ask *ask);
/* Contents of a list, when they are the same in every run; room: OC_BOUND_RANGE numbers. */
const void *oc_bound_contents(const oc_bound *b, int64_t *room);
/* Output 0 with the same number of elements as input 0 keeps what is known of them. */
void oc_bound_keep_numbers(const oc_bound_ask *ask);
/* An element that is 1, 0, or either. */
void oc_bound_certain(oc_bound *y, uint32_t i, bool yes, bool no);

int64_t   oc_bound_dim(double x); /* as a dimension: never below 0 */
oc_status oc_bound_none(oc_error *why, const char *what);
oc_status oc_bound_counted(oc_bound *y, oc_error *why); /* oc_bound_count with a reason */

#endif
