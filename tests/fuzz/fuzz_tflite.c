/* The TensorFlow Lite reader and what follows it; what lacks the mark would go to the ONNX reader,
 * which has a target of its own. */
#include <string.h>

#include "fuzz.h"
#include "fuzz_network.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n >= 8 && memcmp(data + 4, "TFL3", 4) == 0)
        fuzz_network("fuzz.tflite", data, n);
    return 0;
}
