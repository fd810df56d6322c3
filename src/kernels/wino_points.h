/* wino_points.h -- Winograd's F(m x m, 3 x 3) in numbers: points, and the rows that follow from them.
 *
 * F(m, 3) turns m + 2 inputs into m outputs by m + 2 products (Toom-Cook's method over 0, m / 2
 * pairs +-p and infinity).  With pairs p_0 .. p_(P-1), P = m / 2, in this order
 *
 *   product 0           the point 0
 *   product 2 j + 1     + p_j
 *   product 2 j + 2     - p_j
 *   product m + 1       infinity
 *
 * the rows of the three transforms are
 *
 *   B^T, 0 and infinity   sum z_i d[2 i] and sum z_i d[2 i + 1], i = 0 .. P:   Z = prod (x - p^2)
 *   B^T, +-p_j            e +- o, e = sum q_ji d[2 i + 2], o = p_j sum q_ji d[2 i + 1], i < P:
 *                         Q_j = Z / (x - p_j^2)
 *   A^T, row k            [k = 0] m_0 + sum p_j^k (m_(+j) + (-1)^k m_(-j)) + [k = m - 1] m_inf
 *   G, +-p_j              (1, +-p_j, p_j^2) / (2 p_j^2 Q_j(p_j^2));  0: 1 / Z(0);  infinity: (0,0,1)
 *
 * so that one body serves all sizes.  The points: few bits, reciprocals of each other, no power much
 * larger than another's (Barabasz et al., Error Analysis and Improving the Accuracy of Winograd
 * Convolution, 2020); for F(4) the roots of 1/2 and 2 have less than half the error of 1 and 2, for
 * F(6) 1, 1/2 and 2 have the least of all triples tried (docs/kernels.md). */
#ifndef OC_KERNELS_WINO_POINTS_H
#define OC_KERNELS_WINO_POINTS_H

#define OC_WINO_PAIRS_MAX 3
#define OC_WINO_OUT_MAX 6 /* outputs of the largest tile, each way */
#define OC_WINO_IN_MAX 8

typedef struct oc_wino_points {
    double p[OC_WINO_PAIRS_MAX];
    float  z[OC_WINO_PAIRS_MAX];                      /* z_P is 1 */
    float  q[OC_WINO_PAIRS_MAX][OC_WINO_PAIRS_MAX];   /* q_j(P-1) is 1 */
    float  pq[OC_WINO_PAIRS_MAX][OC_WINO_PAIRS_MAX];  /* p_j q_ji */
    float  power[OC_WINO_PAIRS_MAX][OC_WINO_OUT_MAX]; /* p_j^k */
} oc_wino_points;

/* clang-format off */
#define OC_WINO_P(a) {1, (float)(a), (float)((a) * (a)), (float)((a) * (a) * (a)), \
                      (float)((a) * (a) * (a) * (a)), (float)((a) * (a) * (a) * (a) * (a))}
#define OC_WINO_Q1(a) {1}
#define OC_WINO_Q2(a, b) {(float)(-(b) * (b)), 1}
#define OC_WINO_Q3(a, b, c) {(float)((b) * (b) * (c) * (c)), (float)(-(b) * (b) - (c) * (c)), 1}
#define OC_WINO_PQ1(a) {(float)(a)}
#define OC_WINO_PQ2(a, b) {(float)(-(a) * (b) * (b)), (float)(a)}
#define OC_WINO_PQ3(a, b, c) \
    {(float)((a) * (b) * (b) * (c) * (c)), (float)((a) * (-(b) * (b) - (c) * (c))), (float)(a)}
#define OC_WINO_1(a) \
    {{(a)}, {(float)(-(a) * (a))}, {OC_WINO_Q1(a)}, {OC_WINO_PQ1(a)}, {OC_WINO_P(a)}}
#define OC_WINO_2(a, b) \
    {{(a), (b)}, {(float)((a) * (a) * (b) * (b)), (float)(-(a) * (a) - (b) * (b))}, \
     {OC_WINO_Q2(a, b), OC_WINO_Q2(b, a)}, {OC_WINO_PQ2(a, b), OC_WINO_PQ2(b, a)}, \
     {OC_WINO_P(a), OC_WINO_P(b)}}
#define OC_WINO_3(a, b, c) \
    {{(a), (b), (c)}, \
     {(float)(-(a) * (a) * (b) * (b) * (c) * (c)), \
      (float)((a) * (a) * (b) * (b) + (a) * (a) * (c) * (c) + (b) * (b) * (c) * (c)), \
      (float)(-(a) * (a) - (b) * (b) - (c) * (c))}, \
     {OC_WINO_Q3(a, b, c), OC_WINO_Q3(b, a, c), OC_WINO_Q3(c, a, b)}, \
     {OC_WINO_PQ3(a, b, c), OC_WINO_PQ3(b, a, c), OC_WINO_PQ3(c, a, b)}, \
     {OC_WINO_P(a), OC_WINO_P(b), OC_WINO_P(c)}}

/* [m / 2 - 1] */
static const oc_wino_points oc_wino_points_of[OC_WINO_PAIRS_MAX] = {
    OC_WINO_1(1.0),
    OC_WINO_2(0.70710678118654752440, 1.41421356237309504880),
    OC_WINO_3(1.0, 0.5, 2.0),
};
/* clang-format on */

#endif
