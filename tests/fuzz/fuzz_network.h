/* fuzz_network.h -- a network's file from memory, and behind the reader shapes, passes, plan and one run:
 * whatever loads must run. */
#ifndef TESTS_FUZZ_FUZZ_NETWORK_H
#define TESTS_FUZZ_FUZZ_NETWORK_H

#include <stddef.h>
#include <stdint.h>

void fuzz_network(const char *name, const uint8_t *data, size_t n);

#endif
