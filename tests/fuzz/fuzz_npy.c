/* Arrays in NumPy's format. */
#include <stdlib.h>

#include "data/npy.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    oc_tensor_view view = {0};
    oc_error       err = {0};
    size_t         bytes;
    oc_status      st = oc_npy_parse(data, n, &view, &err);
    if (st != OC_OK && (!err.message[0] || err.status != st))
        abort(); /* a refusal without a reason */
    if (st == OC_OK && (!oc_tensor_bytes(&view.info, &bytes) || bytes > n))
        abort(); /* more elements than the file had */
    oc_npy_free(&view);
    return 0;
}
