/* proxy.h -- a TCP proxy on 127.0.0.1 that can be told to misbehave. */
#ifndef OC_TEST_BUSES_PROXY_H
#define OC_TEST_BUSES_PROXY_H

#include "buses/harness.h"

bool proxy_start(int to_port, int *port);
void proxy_stop(void);
/* CUT: all connections closed.  HALF: the next bytes of ours go half-way, then it closes.  HOLD:
 * nothing goes either way for ms.  SLOW: 2000 bytes a second for ms.  GARBLE: some of the broker's
 * next bytes are changed.  REFUSE: closed, and new ones closed at once, for ms. */
void     proxy_fault(hx_fault fault, unsigned ms);
unsigned proxy_connections(void); /* so far */

#endif
