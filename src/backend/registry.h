/* registry.h -- the backends of this process: built-in ones and plug-ins. */
#ifndef OC_BACKEND_REGISTRY_H
#define OC_BACKEND_REGISTRY_H

#include "ocellus/backend.h"

#define OC_BACKENDS_MAX 16

typedef struct oc_backend_registry {
    oc_backend_ops ops[OC_BACKENDS_MAX];
    size_t         n;
} oc_backend_registry;

/* The table is copied as far as this program knows it. */
OC_MUST_CHECK oc_status oc_backend_register(oc_backend_registry  *registry,
                                            const oc_backend_ops *ops, oc_error *err);
/* name NULL: the one with the best score.  OC_NOT_FOUND lists those there are. */
OC_MUST_CHECK oc_status oc_backend_find(const oc_backend_registry *registry, const char *name,
                                        const oc_backend_ops **out, oc_error *err);

extern const oc_backend_ops oc_backend_cpu;

#endif
