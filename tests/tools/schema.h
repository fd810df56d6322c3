/* schema.h -- holds JSON against a JSON Schema, as far as docs/events.schema.json goes:
 * $ref into $defs, oneOf, type, const, enum, properties, required, additionalProperties, items,
 * minItems, maxItems, minimum, maximum, minLength.  An unknown keyword fails: none is skipped. */
#ifndef OC_TESTS_SCHEMA_H
#define OC_TESTS_SCHEMA_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct schema {
    json_t *root;
    char    why[256];
} schema;

static bool schema_ok(schema *s, const json_t *rule, const json_t *v);

static bool schema_no(schema *s, const char *keyword, const char *detail)
{
    snprintf(s->why, sizeof(s->why), "%s: %s", keyword, detail ? detail : "");
    return false;
}

static bool schema_type(const char *type, const json_t *v)
{
    return (strcmp(type, "object") == 0 && json_is_object(v)) ||
           (strcmp(type, "array") == 0 && json_is_array(v)) ||
           (strcmp(type, "string") == 0 && json_is_string(v)) ||
           (strcmp(type, "integer") == 0 && json_is_integer(v)) ||
           (strcmp(type, "number") == 0 && json_is_number(v)) ||
           (strcmp(type, "boolean") == 0 && json_is_boolean(v));
}

static bool schema_object(schema *s, const json_t *rule, json_t *v)
{
    const json_t *props = json_object_get(rule, "properties");
    const json_t *more = json_object_get(rule, "additionalProperties");
    const char   *key;
    json_t       *value;
    json_object_foreach(v, key, value)
    {
        const json_t *p = json_object_get(props, key);
        if (!p && json_is_false(more))
            return schema_no(s, "additionalProperties", key);
        if (!p && json_is_object(more))
            p = more;
        if (p && !schema_ok(s, p, value)) {
            char was[128];
            snprintf(was, sizeof(was), "%.127s", s->why);
            snprintf(s->why, sizeof(s->why), "%s: %s", key, was);
            return false;
        }
    }
    size_t  i;
    json_t *name;
    json_array_foreach(json_object_get(rule, "required"), i, name)
    {
        if (!json_object_get(v, json_string_value(name)))
            return schema_no(s, "required", json_string_value(name));
    }
    return true;
}

static bool schema_array(schema *s, const json_t *rule, const json_t *v)
{
    const json_t *items = json_object_get(rule, "items"),
                 *least = json_object_get(rule, "minItems");
    const json_t *most = json_object_get(rule, "maxItems");
    size_t        n = json_array_size(v);
    if ((least && (json_int_t)n < json_integer_value(least)) ||
        (most && (json_int_t)n > json_integer_value(most)))
        return schema_no(s, "items", "too few or too many");
    for (size_t i = 0; items && i < n; i++)
        if (!schema_ok(s, items, json_array_get(v, i)))
            return false;
    return true;
}

static bool schema_one_of(schema *s, const json_t *list, const json_t *v)
{
    size_t  i, n = 0;
    json_t *rule;
    char    why[256] = "";
    json_array_foreach(list, i, rule)
    {
        bool ok = schema_ok(s, rule, v);
        n += ok;
        /* the reason of the alternative whose type fits says most */
        if (!ok && !strstr(s->why, "type: const"))
            memcpy(why, s->why, sizeof(why));
    }
    memcpy(s->why, why, sizeof(why));
    return n == 1 ? true : n ? schema_no(s, "oneOf", "several fit") : false;
}

static bool schema_keyword(schema *s, const json_t *all, const char *key, const json_t *rule,
                           const json_t *v)
{
    if (strcmp(key, "$ref") == 0) {
        const char *name = strrchr(json_string_value(rule), '/') + 1;
        json_t     *to = json_object_get(json_object_get(s->root, "$defs"), name);
        return to ? schema_ok(s, to, v) : schema_no(s, "$ref", name);
    }
    if (strcmp(key, "oneOf") == 0)
        return schema_one_of(s, rule, v);
    if (strcmp(key, "type") == 0)
        return schema_type(json_string_value(rule), v) ||
               schema_no(s, "type", json_string_value(rule));
    if (strcmp(key, "const") == 0)
        return json_equal(rule, v) || schema_no(s, "const", json_string_value(rule));
    if (strcmp(key, "enum") == 0) {
        for (size_t i = 0; i < json_array_size(rule); i++)
            if (json_equal(json_array_get(rule, i), v))
                return true;
        return schema_no(s, "enum", NULL);
    }
    if (strcmp(key, "minimum") == 0)
        return json_number_value(v) >= json_number_value(rule) || schema_no(s, "minimum", NULL);
    if (strcmp(key, "maximum") == 0)
        return json_number_value(v) <= json_number_value(rule) || schema_no(s, "maximum", NULL);
    if (strcmp(key, "minLength") == 0)
        return (json_int_t)json_string_length(v) >= json_integer_value(rule) ||
               schema_no(s, "minLength", NULL);
    static const char *const aside[] = {"properties", "required", "additionalProperties", "items",
                                        "minItems",   "maxItems", "description",          "title",
                                        "$schema",    "$defs"};
    (void)all;
    for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++)
        if (strcmp(key, aside[i]) == 0)
            return true;
    return schema_no(s, "unknown keyword", key);
}

static bool schema_ok(schema *s, const json_t *rule, const json_t *v)
{
    const char *key;
    json_t     *value;
    json_object_foreach((json_t *)rule, key, value)
    {
        if (!schema_keyword(s, rule, key, value, v))
            return false;
    }
    if (json_is_object(v))
        return schema_object(s, rule, (json_t *)v);
    if (json_is_array(v))
        return schema_array(s, rule, v);
    return true;
}

static bool schema_load(schema *s, const char *path)
{
    json_error_t e;
    *s = (schema){.root = json_load_file(path, JSON_REJECT_DUPLICATES, &e)};
    return s->root != NULL;
}

#endif
