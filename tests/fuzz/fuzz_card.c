/* Cards: YAML, then every key of it. */
#include <stdlib.h>

#include "fuzz.h"
#include "vision/card.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    oc_card  *card = NULL;
    oc_error  err = {0};
    oc_status st = oc_card_load_memory("fuzz/card.yaml", "fuzz", data, n, &card, &err);
    if (st != OC_OK && (!err.message[0] || err.status != st))
        abort(); /* a refusal without a reason */
    oc_card_destroy(card);
    return 0;
}
