/* otlp_json.h -- metrics and spans as OTLP's JSON: keys in lowerCamelCase, ids in hexadecimal, 64-bit
 * integers as text, enumerations as numbers.
 *
 * Source: OpenTelemetry Protocol 1.3, "JSON Protobuf Encoding"; opentelemetry-proto 1.3. */
#ifndef OC_OBSERVE_OTLP_JSON_H
#define OC_OBSERVE_OTLP_JSON_H

#include "core/strbuf.h"
#include "observe/spans.h"

/* Wall clock minus oc_now_ns. */
int64_t oc_otlp_clock_offset(void);

/* A request for /v1/metrics: runs the collectors.  Gives back the number of points. */
size_t oc_otlp_metrics(oc_metrics *m, uint64_t now_unix_ns, oc_strbuf *text);

/* A request for /v1/traces: a trace of each frame.  seed makes ids; it is moved on.  Gives back the
 * number of spans. */
size_t oc_otlp_traces(const oc_frame_spans *frame, size_t n, int64_t clock_offset, uint64_t *seed,
                      oc_strbuf *text);

#endif
