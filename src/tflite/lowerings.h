/* lowerings.h -- one function per line of ops.inc (several lines may share one). */
#ifndef OC_TFLITE_LOWERINGS_H
#define OC_TFLITE_LOWERINGS_H

#include "tflite/lower.h"

tfl_lower_fn tfl_lower_arithmetic;
tfl_lower_fn tfl_lower_average_pool;
tfl_lower_fn tfl_lower_concat;
tfl_lower_fn tfl_lower_conv;
tfl_lower_fn tfl_lower_depthwise;
tfl_lower_fn tfl_lower_blocks;
tfl_lower_fn tfl_lower_dequantize;
tfl_lower_fn tfl_lower_unary;
tfl_lower_fn tfl_lower_dense;
tfl_lower_fn tfl_lower_l2_norm;
tfl_lower_fn tfl_lower_lrn;
tfl_lower_fn tfl_lower_max_pool;
tfl_lower_fn tfl_lower_relu;
tfl_lower_fn tfl_lower_relu_n1;
tfl_lower_fn tfl_lower_relu6;
tfl_lower_fn tfl_lower_reshape;
tfl_lower_fn tfl_lower_resize_bilinear;
tfl_lower_fn tfl_lower_softmax;
tfl_lower_fn tfl_lower_pad;
tfl_lower_fn tfl_lower_gather;
tfl_lower_fn tfl_lower_batch_to_space;
tfl_lower_fn tfl_lower_space_to_batch;
tfl_lower_fn tfl_lower_transpose;
tfl_lower_fn tfl_lower_reduce;
tfl_lower_fn tfl_lower_strided_slice;
tfl_lower_fn tfl_lower_top_k;
tfl_lower_fn tfl_lower_split;
tfl_lower_fn tfl_lower_log_softmax;
tfl_lower_fn tfl_lower_cast;
tfl_lower_fn tfl_lower_prelu;
tfl_lower_fn tfl_lower_binary;
tfl_lower_fn tfl_lower_arg;
tfl_lower_fn tfl_lower_select;
tfl_lower_fn tfl_lower_slice;
tfl_lower_fn tfl_lower_transpose_conv;
tfl_lower_fn tfl_lower_tile;
tfl_lower_fn tfl_lower_not_equal;
tfl_lower_fn tfl_lower_rsqrt;
tfl_lower_fn tfl_lower_shape;
tfl_lower_fn tfl_lower_fake_quant;
tfl_lower_fn tfl_lower_pack;
tfl_lower_fn tfl_lower_one_hot;
tfl_lower_fn tfl_lower_unpack;
tfl_lower_fn tfl_lower_floor_div;
tfl_lower_fn tfl_lower_square;
tfl_lower_fn tfl_lower_fill;
tfl_lower_fn tfl_lower_floor_mod;
tfl_lower_fn tfl_lower_range;
tfl_lower_fn tfl_lower_resize_nearest;
tfl_lower_fn tfl_lower_leaky;
tfl_lower_fn tfl_lower_squared_difference;
tfl_lower_fn tfl_lower_mirror_pad;
tfl_lower_fn tfl_lower_split_v;
tfl_lower_fn tfl_lower_reverse;
tfl_lower_fn tfl_lower_add_n;
tfl_lower_fn tfl_lower_gather_nd;
tfl_lower_fn tfl_lower_quantize;
tfl_lower_fn tfl_lower_densify;
tfl_lower_fn tfl_lower_batch_matmul;
tfl_lower_fn tfl_lower_cumsum;
tfl_lower_fn tfl_lower_broadcast_to;
tfl_lower_fn tfl_lower_gelu;
tfl_lower_fn tfl_lower_relu_01;
tfl_lower_fn tfl_lower_transpose_bias;
tfl_lower_fn tfl_lower_detections;

/* The auto_pad of ONNX for a field of type Padding. */
const char *tfl_padding(tfl_op *o, unsigned field);
oc_vid      tfl_cast(tfl_op *o, oc_vid v, oc_dtype to);

#endif
