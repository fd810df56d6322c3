/* bus.h -- messages, and the table a bus plug-in implements to carry them to a broker. */
#ifndef OCELLUS_BUS_H
#define OCELLUS_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oc_bus oc_bus; /* the implementer's own state: one connection */

typedef struct oc_bus_pair {
    const char *key, *value;
} oc_bus_pair;

typedef struct oc_bus_options {
    uint32_t            struct_size;
    const char         *name;     /* of the sink */
    const char         *device;   /* of this machine, [A-Za-z0-9_-]+ */
    const char         *identity; /* of the spool: 16 hex digits, new with every spool file */
    const oc_bus_pair  *pair;     /* options of the kind that were given, secrets among them */
    size_t              n_pairs;
    uint32_t            timeout_ms;   /* of connecting, and of one answer */
    uint32_t            messages_max; /* of one round */
    const volatile int *cancel;       /* non-zero: come back soon; lives as long as the bus */
    int64_t (*wall_ms)(void);         /* UTC; may jump either way */
} oc_bus_options;

typedef struct oc_bus_message {
    uint32_t    struct_size;
    const char *id;     /* "<identity>-<number>": whoever sees it twice has a duplicate */
    uint64_t    number; /* grows within an identity, with gaps */
    const char *stream, *type;
    const char *body; /* a JSON object whose first member is "id"; a zero byte follows */
    size_t      n_body;
    bool        again; /* may have arrived before */
} oc_bus_message;

/* What became of a message.  Values are part of the ABI. */
typedef enum oc_bus_fate {
    OC_BUS_UNSENT = 0,  /* not handed to the network */
    OC_BUS_UNSURE = 1,  /* handed over, no answer */
    OC_BUS_TAKEN = 2,   /* the other side has answered for it */
    OC_BUS_REFUSED = 3, /* the other side will not have this one; asked again a few times */
    OC_BUS_NEVER = 4,   /* cannot be sent at all: too long, no such topic */
} oc_bus_fate;

typedef struct oc_bus_round {
    uint32_t              struct_size;
    const oc_bus_message *message; /* in the order in which they must arrive */
    size_t                n;
    uint8_t              *fate;    /* [n] of oc_bus_fate, all OC_BUS_UNSENT at first */
    uint32_t              wait_ms; /* out: what the other side asked to wait before the next */
} oc_bus_round;

#define OC_BUS_ABI 1u

/* Every function but `open` is called from one thread at a time.  None may wait longer than
 * timeout_ms without looking at `cancel`.  What the other side says is not trusted: an answer that
 * makes no sense is OC_IO, and the connection is given up. */
typedef struct oc_bus_ops {
    uint32_t    abi;         /* OC_BUS_ABI */
    uint32_t    struct_size; /* sizeof(oc_bus_ops) when compiled */
    const char *name;        /* "mqtt" */

    /* Checks the options; does not need the network.  They and their texts live as long as the
     * bus.  OC_INVALID names the option. */
    oc_status (*open)(const oc_bus_options *options, oc_bus **out, oc_error *err);
    /* Connects where there is no connection, sends the messages and waits for the answers.
     * OC_OK: the connection holds, each fate tells.  OC_IO: it does not, or nobody answered in
     * time; fates tell what is known. */
    oc_status (*deliver)(oc_bus *bus, oc_bus_round *round, oc_error *err);
    /* Nothing to send for a while: heartbeats, requests of the other side.  Quick.  Optional. */
    oc_status (*idle)(oc_bus *bus, oc_error *err);
    void (*close)(oc_bus *bus); /* says goodbye where there is somebody to hear it */
    /* Where the sink needs no spool: a file on the same disk. */
    bool local;
} oc_bus_ops;

/* The one symbol a bus plug-in exports, as "oc_bus_entry".  Plug-ins link against nothing of ours;
 * an error is written into the record (status, message). */
typedef const oc_bus_ops *oc_bus_entry_fn(void);

#ifdef __cplusplus
}
#endif

#endif
