/* harness.h -- a bus under faults: a broker, a proxy that cuts, delays and garbles, a sink, and an
 * account of what arrived. */
#ifndef OC_TEST_BUSES_HARNESS_H
#define OC_TEST_BUSES_HARNESS_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "events/bus_kinds.h"
#include "events/sink.h"

/* One for each bus; functions may be NULL where there is nothing to do. */
typedef struct hx_bus {
    const char *kind; /* of the sink */
    const char
        *broker; /* program, looked for on PATH and in /usr/sbin; NULL = within the process */
    bool proxied;
    bool kill_9; /* the broker keeps what it has acknowledged through kill -9 */
    /* argv for the broker on hx.port, keeping its data in hx.folder; ended by NULL */
    void (*command)(const char **argv);
    bool (*started)(void); /* after the broker listens: topics, listeners of the test */
    /* options of the sink; gives back how many */
    size_t (*options)(oc_bus_pair *pair);
    /* the broker's own way to misbehave; called now and then */
    void (*trouble)(unsigned lot);
    void (*calm)(void); /* no more trouble */
    bool (*stop)(void); /* of brokers within the process; restart by `start` */
    bool (*start)(void);
    /* reads what has arrived, calling hx_received; until nothing comes any more */
    bool (*collect)(void);
    void (*finish)(void);
} hx_bus;

typedef struct hx_state {
    const hx_bus *bus;
    int           port, proxy_port; /* on 127.0.0.1 */
    char          folder[256];
    uint64_t      events;
    unsigned      streams;
    bool          quiet; /* no faults: for the plain tests of a bus */
} hx_state;

extern hx_state hx;

/* A body arrived.  Bytes that are no event of ours are counted as garbage. */
void hx_received(const char *body, size_t n);

/* For readers that run along: until all is there, or nothing has come for 10 s. */
bool hx_wait_for_all(void);

int  hx_free_port(void);
bool hx_listens(int port); /* somebody does */
void hx_sleep_ms(unsigned ms);
/* Fills a file in hx.folder. */
void hx_write_file(const char *name, const char *fmt, ...);

/* The whole scenario; exit code 0, 1, or 77: no broker here. */
int hx_main(const hx_bus *bus, int argc, char **argv);

/* ---- pieces, for tests with a scenario of their own ---- */

bool hx_begin(const hx_bus *bus); /* folder, broker, proxy; false: no broker */
void hx_end(void);
bool hx_broker_start(void);
void hx_broker_stop(bool kill_9);

typedef enum hx_fault {
    HX_CUT,
    HX_HALF,
    HX_HOLD,
    HX_SLOW,
    HX_GARBLE,
    HX_REFUSE,
    HX_FAULTS
} hx_fault;
void hx_proxy(hx_fault fault, unsigned ms);

#endif
