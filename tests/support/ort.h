/* ort.h -- ONNX Runtime, loaded at run time: the reference for results and the peer for speed. */
#ifndef TESTS_SUPPORT_ORT_H
#define TESTS_SUPPORT_ORT_H

#include "ocellus/tensor.h"

typedef struct ort_session ort_session;

/* The library of the cache folder, or $OC_ORT; OC_NOT_FOUND: neither is there. */
OC_MUST_CHECK oc_status ort_open(oc_error *err);
void                    ort_close(void);
const char             *ort_version(void);

/* All graph optimisations; integer products exact (session.x64quantprecision). */
OC_MUST_CHECK oc_status ort_session_create(const char *path, int threads, ort_session **out,
                                           oc_error *err);
/* From memory, for one thread; with all graph optimisations or with none. */
OC_MUST_CHECK oc_status ort_session_create_memory(const void *model, size_t n, bool optimise,
                                                  ort_session **out, oc_error *err);
void                    ort_session_destroy(ort_session *s); /* NULL is fine */

size_t      ort_n_inputs(const ort_session *s);
size_t      ort_n_outputs(const ort_session *s);
const char *ort_output_name(const ort_session *s, size_t i);

/* Views in the network's order; the results point at memory of the session, valid until the next
 * run. */
OC_MUST_CHECK oc_status ort_run(ort_session *s, const oc_tensor_view *in, oc_tensor_view *out,
                                oc_error *err);

#endif
