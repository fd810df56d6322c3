/* One unary operator on one value of type T.  Before including: T, F(name) (the libm function of
 * that type), APPLY (the name to give). */
static T APPLY(const oc_unary *op, T x)
{
    const T a = (T)op->a, b = (T)op->b;

    switch (op->kind) {
    case OC_UNARY_ABS: return F(fabs)(x);
    case OC_UNARY_NEG: return -x;
    case OC_UNARY_SQRT: return F(sqrt)(x);
    case OC_UNARY_EXP: return F(exp)(x);
    case OC_UNARY_LOG: return F(log)(x);
    case OC_UNARY_ERF: return F(erf)(x);
    case OC_UNARY_SIN: return F(sin)(x);
    case OC_UNARY_COS: return F(cos)(x);
    case OC_UNARY_TAN: return F(tan)(x);
    case OC_UNARY_ASIN: return F(asin)(x);
    case OC_UNARY_ACOS: return F(acos)(x);
    case OC_UNARY_ATAN: return F(atan)(x);
    case OC_UNARY_SINH: return F(sinh)(x);
    case OC_UNARY_COSH: return F(cosh)(x);
    case OC_UNARY_ASINH: return F(asinh)(x);
    case OC_UNARY_ACOSH: return F(acosh)(x);
    case OC_UNARY_ATANH: return F(atanh)(x);
    case OC_UNARY_FLOOR: return F(floor)(x);
    case OC_UNARY_CEIL: return F(ceil)(x);
    case OC_UNARY_ROUND: return F(nearbyint)(x);
    case OC_UNARY_SIGN: return x > 0 ? 1 : x < 0 ? -1 : x;
    case OC_UNARY_RECIPROCAL: return 1 / x;
    case OC_UNARY_RELU: return x < 0 ? 0 : x;
    case OC_UNARY_LEAKY: return x < 0 ? a * x : x;
    case OC_UNARY_CLIP: x = x < a ? a : x; return x > b ? b : x;
    case OC_UNARY_SIGMOID: return 1 / (1 + F(exp)(-x));
    case OC_UNARY_HARDSIGMOID: x = a * x + b; return x < 0 ? 0 : x > 1 ? 1 : x;
    case OC_UNARY_HARDSWISH: return x * (a * x + b < 0 ? 0 : a * x + b > 1 ? 1 : a * x + b);
    case OC_UNARY_TANH: return F(tanh)(x);
    case OC_UNARY_ELU: return x < 0 ? a * F(expm1)(x) : x;
    case OC_UNARY_SELU: return b * (x < 0 ? a * F(expm1)(x) : x);
    case OC_UNARY_CELU: return x < 0 ? a * F(expm1)(x / a) : x;
    case OC_UNARY_SOFTPLUS: return (x > 0 ? x : 0) + F(log1p)(F(exp)(-F(fabs)(x)));
    case OC_UNARY_SOFTSIGN: return x / (1 + F(fabs)(x));
    case OC_UNARY_THRESHOLD: return x <= a ? 0 : x;
    case OC_UNARY_SHRINK: return x < -a ? x + b : x > a ? x - b : 0;
    case OC_UNARY_GELU: return x / 2 * (1 + F(erf)(x * (T)0.70710678118654752));
    case OC_UNARY_GELU_TANH:
        return x / 2 * (1 + F(tanh)((T)0.79788456080286536 * (x + (T)0.044715 * x * x * x)));
    case OC_UNARY_MISH: return x * F(tanh)((x > 0 ? x : 0) + F(log1p)(F(exp)(-F(fabs)(x))));
    case OC_UNARY_SILU: return x == -(T)INFINITY ? -(T)0 : x / (1 + F(exp)(-x)); /* its limit */
    case OC_UNARY_SWISH:
        return a * x == -(T)INFINITY ? -(T)0 : x / (1 + F(exp)(-(a * x))); /* its limit */
    default: return x;
    }
}
#undef T
#undef F
#undef APPLY
