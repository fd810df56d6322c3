/* incident.h -- what an incident's folder gets beside its segments: summary.json, trace.json for
 * Perfetto, and report.html, one page that needs nothing else. */
#ifndef OC_PIPELINE_INCIDENT_H
#define OC_PIPELINE_INCIDENT_H

#include "ocellus/status.h"

OC_MUST_CHECK oc_status oc_incident_write(const char *folder, const char *reason, oc_error *err);

/* Times of a recording as Chrome's trace format (Perfetto opens it): a process for the stream, a
 * thread for each stage, a flow for each frame; drops and steps of the ladder are marks. */
OC_MUST_CHECK oc_status oc_recording_trace(const char *folder, const char *path, oc_error *err);

#endif
