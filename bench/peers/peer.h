/* peer.h -- one engine in one process, run on request, so that several engines can be timed by turns.
 * An engine implements the functions below; peer.c is the program around them.
 *
 *   PROGRAM MODEL THREADS [-i NAME TYPE SHAPE FILE]... [-o NAME]... [OPTION]
 *
 * with one OPTION of: --tuned FILE, a table of `ocellus tune`; --plan FILE, a plan to
 * start from, or to write where there is none;
 * --fold FILE, where the network is to be written with its constant parts computed (ONNX Runtime alone
 * does that); --exact, sums of products of bytes must not saturate (ONNX Runtime: it has to be asked).
 * An engine that has no such thing says so.
 *
 * TYPE is f32, u8, i32 or i64; SHAPE is 1x3x224x224; FILE holds the values in that type and order.
 * The outputs wanted come in the network's order.  The program prints one line when it is ready
 *
 *   ready LOAD_MS VERSION...        LOAD_MS: the network read and made ready to run
 *   unsupported REASON...           this engine cannot run this network; the program ends
 *
 * and then answers each line of its standard input with one line, until `quit` or the end:
 *
 *   run N                           times MS MS ...      N inferences, each timed
 *   info                            info KEY=NUMBER ...  what the engine tells of itself: flops of a run,
 *                                                        bytes of packed weights and of activations
 *   save FILE                       saved                the last outputs, as f32, one after another
 *   anything that goes wrong        failed REASON...
 */
#ifndef BENCH_PEERS_PEER_H
#define BENCH_PEERS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PEER_PORTS_MAX 16
#define PEER_RANK_MAX 8

typedef enum peer_type { PEER_F32, PEER_U8, PEER_I32, PEER_I64 } peer_type;

typedef struct peer_input {
    const char *name;
    peer_type   type;
    int         rank;
    int64_t     dim[PEER_RANK_MAX];
    void       *data; /* 64-byte aligned, the program's */
    size_t      bytes;
} peer_input;

typedef struct peer_job {
    const char *model;
    int         threads;
    peer_input  in[PEER_PORTS_MAX];
    int         n_in;
    const char *out[PEER_PORTS_MAX];
    int         n_out;
    const char *tuned, *plan, *fold; /* NULL: not asked for */
    bool        exact;
} peer_job;

typedef struct peer_reason {
    char text[512];
} peer_reason;

/* Each returns false with a reason. */
const char *peer_version(void);
bool        peer_prepare(peer_reason *why); /* the library itself, not timed */
bool        peer_open(const peer_job *job, peer_reason *why);
bool        peer_run(peer_reason *why);
bool        peer_save(FILE *file, peer_reason *why); /* f32 values of each output, in order */
void peer_info(FILE *file); /* ` KEY=NUMBER` each: flops, weight_bytes, arena_bytes; or nothing */
void peer_close(void);

/* For peer_save: n values of a type as f32. */
bool peer_write(FILE *file, peer_type type, const void *data, size_t n);
bool peer_fail(peer_reason *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __cplusplus
}
#endif
#endif
