/* JPEG and PNG. */
#include <stdlib.h>

#include "fuzz.h"
#include "media/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    oc_frame *frame = NULL;
    oc_error  err = {0};
    /* the head of a picture may promise 200 million pixels: memory, not a fault */
    oc_status st = oc_image_decode(data, n, &frame, &err);
    if (st == OC_OK) {
        unsigned sum = 0;
        for (int32_t y = 0; y < frame->height; y++)
            sum += frame->plane[0][(ptrdiff_t)y * frame->stride[0]];
        if (sum == 0xffffffffu)
            abort(); /* never: keeps the reads */
    } else if (!err.message[0] || err.status != st) {
        abort(); /* a refusal without a reason */
    }
    oc_frame_unref(frame);
    return 0;
}
