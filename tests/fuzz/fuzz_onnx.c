/* The ONNX reader and what follows it. */
#include "fuzz.h"
#include "fuzz_network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_network("fuzz.onnx", data, n);
    return 0;
}
