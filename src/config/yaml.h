/* yaml.h -- YAML files as a tree that knows where each of its nodes stood.
 *
 * Every message has the form "file:line:column: reason".  Refused while loading: what is not UTF-8,
 * directives, duplicate keys, keys that are not plain text, more than one document, files over
 * 4 MiB, nesting over 32 levels, maps of more than 4096 keys, and trees of more than 100,000 nodes
 * with aliases written out.  Tags are ignored.
 *
 * A map is read with an oc_yaml_map.  The first failure sticks: getters after it give back their
 * default, so a reader is a list of assignments with one check at its end.
 *
 *     oc_yaml_map m;
 *     oc_yaml_begin(&m, node, err);
 *     c->width = (int32_t)oc_yaml_int(&m, "width", 1, 16384);
 *     c->bgr   = oc_yaml_bool_or(&m, "bgr", false);
 *     const oc_yaml_node *stages = oc_yaml_list(&m, "stages", 1, 64);
 *     return oc_yaml_end(&m);
 *
 * oc_yaml_end refuses keys that nobody asked for, and names the nearest that somebody did. */
#ifndef OC_CONFIG_YAML_H
#define OC_CONFIG_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ocellus/status.h"

typedef struct oc_yaml      oc_yaml; /* a document; owns its nodes and their texts */
typedef struct oc_yaml_node oc_yaml_node;

typedef enum oc_yaml_kind {
    OC_YAML_NULL, /* nothing, ~ or null */
    OC_YAML_SCALAR,
    OC_YAML_LIST,
    OC_YAML_MAP,
} oc_yaml_kind;

/* OC_IO: cannot be read.  OC_FORMAT: not what the head of this file allows. */
OC_MUST_CHECK oc_status oc_yaml_load(const char *path, oc_yaml **out, oc_error *err);
/* The same from memory, which is copied; `name` stands for the file in messages. */
OC_MUST_CHECK oc_status oc_yaml_load_memory(const char *name, const void *text, size_t bytes,
                                            oc_yaml **out, oc_error *err);
void                    oc_yaml_destroy(oc_yaml *doc); /* NULL is fine */

const oc_yaml_node *oc_yaml_root(const oc_yaml *doc); /* never NULL; an empty file is a null node */

/* `over` laid over `base`, both maps (over may be null): maps go together key by key, every other
 * value of `over` takes the place of that of `base`, and null takes a key away.  Key `skip` of
 * both (NULL = none) is left out.  Nodes are shared: the documents of both must outlive *out.
 * Messages about the result tell the place in the file that a value came from. */
OC_MUST_CHECK oc_status oc_yaml_merge(const oc_yaml_node *base, const oc_yaml_node *over,
                                      const char *skip, oc_yaml **out, oc_error *err);
/* The same, but nulls of `over` stay: the result is to be laid over something in its turn. */
OC_MUST_CHECK oc_status oc_yaml_patch(const oc_yaml_node *base, const oc_yaml_node *over,
                                      oc_yaml **out, oc_error *err);
/* The tree as one line of JSON that reads back as the same tree.  Gives back its length; what does not fit
 * into cap - 1 bytes is cut off. */
size_t oc_yaml_write(const oc_yaml_node *node, char *bytes, size_t cap);

/* ---- nodes ---- */

oc_yaml_kind oc_yaml_kind_of(const oc_yaml_node *node);
const char  *oc_yaml_file(const oc_yaml_node *node);
int          oc_yaml_line(const oc_yaml_node *node);   /* from 1 */
int          oc_yaml_column(const oc_yaml_node *node); /* from 1 */

/* Elements of a list, pairs of a map, else 0. */
size_t              oc_yaml_count(const oc_yaml_node *node);
const oc_yaml_node *oc_yaml_at(const oc_yaml_node *node, size_t i);  /* i-th element, or value */
const char         *oc_yaml_key(const oc_yaml_node *node, size_t i); /* key of the i-th pair */
const oc_yaml_node *oc_yaml_find(const oc_yaml_node *map, const char *key); /* NULL: not there */

/* OC_FORMAT with "file:line:column: " in front; node may be NULL. */
oc_status oc_yaml_fail(oc_error *err, const oc_yaml_node *node, const char *fmt, ...)
    OC_PRINTF(3, 4);

/* The value of a scalar.  Text lives as long as the document.  Integers: decimal or 0x; floats:
 * finite decimal; booleans: true and false.  OC_FORMAT: it is something else, or out of range. */
OC_MUST_CHECK oc_status oc_yaml_to_text(const oc_yaml_node *node, const char **out, oc_error *err);
OC_MUST_CHECK oc_status oc_yaml_to_int(const oc_yaml_node *node, int64_t low, int64_t high,
                                       int64_t *out, oc_error *err);
OC_MUST_CHECK oc_status oc_yaml_to_float(const oc_yaml_node *node, double low, double high,
                                         double *out, oc_error *err);
OC_MUST_CHECK oc_status oc_yaml_to_bool(const oc_yaml_node *node, bool *out, oc_error *err);

/* A table of words for enumerations, ended by a NULL text. */
typedef struct oc_yaml_word {
    const char *text;
    int         value;
} oc_yaml_word;
OC_MUST_CHECK oc_status oc_yaml_to_word(const oc_yaml_node *node, const oc_yaml_word *words,
                                        int *out, oc_error *err);

/* "90s", "1.5min", "250ms", "2h"; a bare number is in seconds.  Seconds, 0 .. 1e9. */
OC_MUST_CHECK oc_status oc_yaml_to_seconds(const oc_yaml_node *node, double *out, oc_error *err);

/* The nearest of n words, for "did you mean"; NULL when none is near. */
const char *oc_yaml_nearest(const char *word, const char *const *words, size_t n);

/* ---- reading a map ---- */

#define OC_YAML_KEYS_MAX 96 /* different keys one map may be asked for */

typedef struct oc_yaml_map {
    const oc_yaml_node *node;   /* NULL after a failed begin */
    oc_error           *err;    /* may be NULL */
    oc_status           status; /* the first failure, or OC_OK */
    size_t              n_asked;
    const char         *asked[OC_YAML_KEYS_MAX]; /* borrowed: keys are literals */
} oc_yaml_map;

/* A node that is not a map fails at once (null counts as an empty map). */
void oc_yaml_begin(oc_yaml_map *map, const oc_yaml_node *node, oc_error *err);
/* The status of the reading as a whole. */
OC_MUST_CHECK oc_status oc_yaml_end(oc_yaml_map *map);
/* Keys of which others take care (or free names are not): counts `key` as asked for. */
void oc_yaml_known(oc_yaml_map *map, const char *key);
bool oc_yaml_has(oc_yaml_map *map, const char *key); /* counts as asked for */
/* The reader's own objection to the value of `key` (or to the map, where it is missing). */
void oc_yaml_object(oc_yaml_map *map, const char *key, const char *fmt, ...) OC_PRINTF(3, 4);

/* Values that must be there; and, with _or, values that may be missing. */
const char *oc_yaml_text(oc_yaml_map *map, const char *key); /* "" on failure, never NULL */
const char *oc_yaml_text_or(oc_yaml_map *map, const char *key, const char *missing);
int64_t     oc_yaml_int(oc_yaml_map *map, const char *key, int64_t low, int64_t high);
int64_t     oc_yaml_int_or(oc_yaml_map *map, const char *key, int64_t low, int64_t high,
                           int64_t missing);
double      oc_yaml_float(oc_yaml_map *map, const char *key, double low, double high);
double oc_yaml_float_or(oc_yaml_map *map, const char *key, double low, double high, double missing);
bool   oc_yaml_bool(oc_yaml_map *map, const char *key);
bool   oc_yaml_bool_or(oc_yaml_map *map, const char *key, bool missing);
int    oc_yaml_word_of(oc_yaml_map *map, const char *key, const oc_yaml_word *words);
int    oc_yaml_word_or(oc_yaml_map *map, const char *key, const oc_yaml_word *words, int missing);
double oc_yaml_seconds_or(oc_yaml_map *map, const char *key, double missing);

/* NULL when missing (failed, for the forms without _or) or of another kind (failed). */
const oc_yaml_node *oc_yaml_list(oc_yaml_map *map, const char *key, size_t least, size_t most);
const oc_yaml_node *oc_yaml_list_or(oc_yaml_map *map, const char *key, size_t least, size_t most);
const oc_yaml_node *oc_yaml_sub(oc_yaml_map *map, const char *key); /* a map */
const oc_yaml_node *oc_yaml_sub_or(oc_yaml_map *map, const char *key);
const oc_yaml_node *oc_yaml_any(oc_yaml_map *map, const char *key); /* of any kind */
const oc_yaml_node *oc_yaml_any_or(oc_yaml_map *map, const char *key);

/* A list of numbers, each in [low, high], into `out`; gives back how many.  A single number counts
 * as a list of one.  Missing: 0 and out untouched (a failure when least > 0 without _or). */
size_t oc_yaml_floats(oc_yaml_map *map, const char *key, double low, double high, size_t least,
                      size_t most, float *out);
size_t oc_yaml_floats_or(oc_yaml_map *map, const char *key, double low, double high, size_t least,
                         size_t most, float *out);
size_t oc_yaml_ints(oc_yaml_map *map, const char *key, int64_t low, int64_t high, size_t least,
                    size_t most, int64_t *out);
size_t oc_yaml_ints_or(oc_yaml_map *map, const char *key, int64_t low, int64_t high, size_t least,
                       size_t most, int64_t *out);
/* A list of texts (a single text counts as a list of one); texts live as long as the document. */
size_t oc_yaml_texts_or(oc_yaml_map *map, const char *key, size_t most, const char **out);

#endif
