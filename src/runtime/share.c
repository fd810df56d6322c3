/* One workspace, and one buffer for each port, as large as the largest session wants them. */
#include "runtime/share.h"

#include <assert.h>
#include <stdlib.h>

#include "core/arena.h"
#include "runtime/state.h"

struct oc_session_common {
    size_t refs, n; /* n: ports */
    void  *workspace;
    void  *memory[];
};

static void destroy(oc_session_common *c)
{
    for (size_t i = 0; i < c->n; i++)
        oc_free64(c->memory[i]);
    oc_free64(c->workspace);
    free(c);
}

void oc_session_common_give(oc_session_common *c)
{
    if (c && --c->refs == 0)
        destroy(c);
}

static oc_status largest_port(oc_session *const *sessions, size_t n, size_t port, size_t *most,
                              oc_error *err)
{
    *most = 0;
    for (size_t i = 0; i < n; i++) {
        const oc_session *s = sessions[i];
        size_t            bytes;
        if (!s->memory[port] || !oc_tensor_bytes(&s->ports[port].info, &bytes))
            return OC_FAIL(err, OC_UNSUPPORTED, "the size of '%.80s' is decided at run time",
                           s->ports[port].name);
        *most = bytes > *most ? bytes : *most;
    }
    return OC_OK;
}

static oc_status make(oc_session *const *sessions, size_t n, oc_session_common **out, oc_error *err)
{
    const size_t       ports = sessions[0]->n_in + sessions[0]->n_out;
    uint64_t           work = 0;
    oc_status          st = OC_OK;
    oc_session_common *c = calloc(1, sizeof(*c) + ports * sizeof(c->memory[0]));
    if (!c)
        return OC_FAIL(err, OC_NOMEM, "sessions over one memory");
    c->n = ports;
    for (size_t i = 0; i < n; i++) {
        assert(!sessions[i]->common && sessions[i]->n_in + sessions[i]->n_out == ports);
        if (sessions[i]->info.workspace_bytes > work)
            work = sessions[i]->info.workspace_bytes;
    }
    if (!(c->workspace = oc_alloc64(work, 1)))
        st = OC_FAIL(err, OC_NOMEM, "workspace of %llu bytes", (unsigned long long)work);
    for (size_t k = 0; k < ports && st == OC_OK; k++) {
        size_t bytes;
        st = largest_port(sessions, n, k, &bytes, err);
        if (st == OC_OK && !(c->memory[k] = oc_alloc64(bytes + 64, 1)))
            st = OC_FAIL(err, OC_NOMEM, "buffer of %zu bytes", bytes);
    }
    if (st != OC_OK) {
        destroy(c);
        return st;
    }
    *out = c;
    return OC_OK;
}

oc_status oc_sessions_share(oc_session *const *sessions, size_t n, oc_error *err)
{
    oc_session_common *c = NULL;
    oc_status          st = n ? make(sessions, n, &c, err) : OC_OK;
    for (size_t i = 0; i < n && st == OC_OK; i++) {
        oc_session *s = sessions[i];
        oc_free64(s->workspace);
        s->workspace = c->workspace;
        for (size_t k = 0; k < c->n; k++) {
            oc_free64(s->memory[k]);
            s->memory[k] = c->memory[k];
        }
        s->common = c;
        c->refs++;
    }
    return st;
}
