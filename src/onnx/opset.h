/* opset.h -- which operator-set versions are understood. */
#ifndef OC_ONNX_OPSET_H
#define OC_ONNX_OPSET_H

#include <stdbool.h>

#define ONNX_OPSET_MIN 7
#define ONNX_OPSET_MAX 25

/* True when the operator, as written for an opset below 7, means what it means from 7 on. */
bool onnx_same_before_7(const char *op_type);

#endif
