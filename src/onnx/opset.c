/* Operators of opsets 1 to 6 whose meaning did not change later (ONNX docs/Changelog.md): the binary
 * ones had `broadcast` and `axis` attributes instead of NumPy's rule, BatchNormalization
 * `is_test`, Reshape and others attributes that became inputs: those are not here. */
#include "onnx/opset.h"

#include <stddef.h>
#include <string.h>

static const char *const same[] = {
    "Abs",
    "ArgMax",
    "ArgMin",
    "AveragePool",
    "Ceil",
    "Concat",
    "Constant",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "Elu",
    "Exp",
    "Flatten",
    "Floor",
    "Gather",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "HardSigmoid",
    "Identity",
    "InstanceNormalization",
    "LRN",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "LpNormalization",
    "MatMul",
    "MaxPool",
    "Neg",
    "Not",
    "Pad",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "Relu",
    "Selu",
    "Shape",
    "Sigmoid",
    "Size",
    "Slice",
    "Softmax",
    "Softplus",
    "Softsign",
    "SpaceToDepth",
    "Split",
    "Sqrt",
    "Squeeze",
    "Tanh",
    "ThresholdedRelu",
    "Transpose",
    "Unsqueeze",
};

bool onnx_same_before_7(const char *op_type)
{
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        if (strcmp(op_type, same[i]) == 0)
            return true;
    return false;
}
