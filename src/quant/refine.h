/* refine.h -- weights and biases of each layer fitted to what it is given on the samples.
 *
 * Rounding: of a layer's output channel, the levels q of its weights w (each rounded down or up) that
 * make the mean of ((s q - w) . x)^2 small, x over the layer's rounded inputs at places of the samples.
 * That is AdaRound's local problem (Nagel et al. 2020, arXiv:2004.10568, equation 20), a quadratic in
 * binary unknowns with the matrix E[x x']; here it is not relaxed and trained but solved by coordinate
 * descent: from the nearest levels on, each weight in turn takes its other level where that makes the
 * sum smaller, until none does or SWEEPS have passed.  A share of the matrix's mean diagonal is added
 * to the diagonal, so that few samples do not fit noise.  Channels are shared out to the pool.
 *
 * Bias: what rounding weights and inputs adds to a channel's mean, (s q) . E[x] - w . E[x_float], is
 * taken off its bias (Nagel et al. 2019, arXiv:1906.04721, section 4.2, with means that are measured).
 *
 * Convolutions over two dimensions, Gemm and MatMul; larger ones than INPUTS_MAX inputs a channel keep
 * the nearest levels, others (ConvTranspose) are left as they are. */
#ifndef OC_QUANT_REFINE_H
#define OC_QUANT_REFINE_H

#include "quant/network.h"

/* round, correct_bias: which of the two.  Scales must be known (after q_network_calibrate's ranges). */
OC_MUST_CHECK oc_status q_refine(q_network *n, bool round, bool correct_bias, oc_error *err);

#endif
