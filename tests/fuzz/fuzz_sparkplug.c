/* What a broker sends as a Sparkplug command: any bytes. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char name[] = "Node Control/Rebirth";
    uint8_t          *copy = malloc(n ? n : 1); /* its end is the end of an allocation */
    if (!copy)
        return 0;
    memcpy(copy, data, n);
    /* nobody is commanded by bytes in which the name does not stand */
    if (spb_commands(copy, n, name) && !memmem(copy, n, name, sizeof(name) - 1))
        abort();
    free(copy);
    return 0;
}
