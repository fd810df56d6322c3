/* fuzz.h -- what a fuzz target is: called with one input after the other. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Always 0: a wrong answer aborts, a bad input is an error that the target expects. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
