/* An incident's folder. */
#include "pipeline/incident.h"

#include <stdio.h>

#include "pipeline/timeline.h"
#include "recording/ring.h"

oc_status oc_incident_write(const char *folder, const char *reason, oc_error *err)
{
    oc_timeline t;
    char        path[OC_RING_PATH + 32];
    oc_status   st = oc_timeline_load(folder, &t, err);
    (void)reason;
    if (st != OC_OK)
        return st;
    snprintf(path, sizeof(path), "%s/trace.json", folder);
    st = oc_timeline_trace(&t, path, err);
    oc_timeline_finish(&t);
    return st;
}
