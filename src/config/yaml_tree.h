/* yaml_tree.h -- the tree behind yaml.h. */
#ifndef OC_CONFIG_YAML_TREE_H
#define OC_CONFIG_YAML_TREE_H

#include "config/yaml.h"
#include "core/arena.h"

struct oc_yaml {
    oc_arena      arena;
    const char   *file;
    oc_yaml_node *root;
};

struct oc_yaml_node {
    const oc_yaml *doc;
    oc_yaml_kind   kind;
    bool           plain; /* a scalar without quotes: may be a number, a boolean, null */
    int            line, column;
    const char    *text;   /* scalars; NUL-terminated, without NUL inside */
    const char    *anchor; /* while loading */
    size_t         weight; /* nodes below, itself counted, aliases written out */
    size_t         count, cap;
    oc_yaml_node **items; /* elements or values; an alias is its target, shared */
    oc_yaml_node **keys;  /* of maps */
};

#endif
