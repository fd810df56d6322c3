#include "backend/registry.h"

#include <stdio.h>
#include <string.h>

/* Every slot up to and including `drop` must be there. */
#define SIZE_MIN offsetof(oc_backend_ops, memory_bytes_free)

oc_status oc_backend_register(oc_backend_registry *registry, const oc_backend_ops *ops,
                              oc_error *err)
{
    oc_backend_ops known = {0};
    if (ops->abi != OC_BACKEND_ABI)
        return OC_FAIL(err, OC_UNSUPPORTED, "plug-in speaks abi %u, we speak %u", ops->abi,
                       OC_BACKEND_ABI);
    if (ops->struct_size < SIZE_MIN)
        return OC_FAIL(err, OC_INVALID, "table of %u bytes is cut short", ops->struct_size);
    if (registry->n == OC_BACKENDS_MAX)
        return OC_FAIL(err, OC_INVALID, "more than %d backends", OC_BACKENDS_MAX);
    memcpy(&known, ops, ops->struct_size < sizeof(known) ? ops->struct_size : sizeof(known));
    if (!known.name || !known.score || !known.open || !known.close || !known.supports ||
        !known.compile || !known.run || !known.drop)
        return OC_FAIL(err, OC_INVALID, "a mandatory slot is NULL");
    for (size_t i = 0; i < registry->n; i++)
        if (strcmp(registry->ops[i].name, known.name) == 0)
            return OC_FAIL(err, OC_INVALID, "a backend '%.40s' is there already", known.name);
    registry->ops[registry->n++] = known;
    return OC_OK;
}

oc_status oc_backend_find(const oc_backend_registry *registry, const char *name,
                          const oc_backend_ops **out, oc_error *err)
{
    const oc_backend_ops *best = NULL;
    char                  names[256] = "";
    for (size_t i = 0; i < registry->n; i++) {
        const oc_backend_ops *ops = &registry->ops[i];
        size_t                at = strlen(names);
        snprintf(names + at, sizeof(names) - at, "%s%s", at ? ", " : "", ops->name);
        if (name ? strcmp(ops->name, name) == 0 : !best || ops->score() > best->score())
            best = ops;
    }
    if (!best || best->score() <= 0)
        return OC_FAIL(err, OC_NOT_FOUND, "no backend '%.40s' on this machine; there are: %s",
                       name ? name : "auto", names);
    *out = best;
    return OC_OK;
}
