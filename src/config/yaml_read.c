/* Typed values out of the tree, and the map reader with its sticky failure. */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/yaml.h"
#include "config/yaml_tree.h"

static const char *kind_name(const oc_yaml_node *node)
{
    switch (node->kind) {
    case OC_YAML_NULL: return "nothing";
    case OC_YAML_SCALAR: return "a text or number";
    case OC_YAML_LIST: return "a list";
    case OC_YAML_MAP: return "a map";
    }
    return "?";
}

static oc_status vfail(oc_error *err, const oc_yaml_node *node, const char *fmt, va_list ap)
{
    char reason[400];
    vsnprintf(reason, sizeof(reason), fmt, ap);
    if (!node)
        return OC_FAIL(err, OC_FORMAT, "%s", reason);
    return OC_FAIL(err, OC_FORMAT, "%s:%d:%d: %s", node->doc->file, node->line, node->column,
                   reason);
}

oc_status oc_yaml_fail(oc_error *err, const oc_yaml_node *node, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    oc_status st = vfail(err, node, fmt, ap);
    va_end(ap);
    return st;
}

oc_status oc_yaml_to_text(const oc_yaml_node *node, const char **out, oc_error *err)
{
    if (node->kind != OC_YAML_SCALAR)
        return oc_yaml_fail(err, node, "a text is expected, not %s", kind_name(node));
    *out = node->text;
    return OC_OK;
}

oc_status oc_yaml_to_int(const oc_yaml_node *node, int64_t low, int64_t high, int64_t *out,
                         oc_error *err)
{
    if (node->kind != OC_YAML_SCALAR || !node->plain)
        return oc_yaml_fail(err, node, "a whole number is expected, not %s",
                            node->kind == OC_YAML_SCALAR ? "a quoted text" : kind_name(node));
    const char *text = node->text;
    const char *digits = text + (*text == '-' || *text == '+');
    int         base = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') ? 16 : 10;
    char       *end;
    errno = 0;
    long long value = strtoll(text, &end, base);
    if (end == text || *end || *text == ' ' || errno == EINVAL)
        return oc_yaml_fail(err, node, "a whole number is expected, not '%s'", text);
    if (errno == ERANGE || value < low || value > high)
        return oc_yaml_fail(err, node, "%s is outside %lld .. %lld", text, (long long)low,
                            (long long)high);
    *out = value;
    return OC_OK;
}

/* strtod takes "inf", "nan" and hexadecimal, which no file of ours means; and it minds the locale,
 * so the program never sets LC_NUMERIC. */
static bool looks_like_number(const char *text)
{
    return text[0] && strspn(text, "0123456789+-.eE") == strlen(text);
}

oc_status oc_yaml_to_float(const oc_yaml_node *node, double low, double high, double *out,
                           oc_error *err)
{
    if (node->kind != OC_YAML_SCALAR || !node->plain)
        return oc_yaml_fail(err, node, "a number is expected, not %s",
                            node->kind == OC_YAML_SCALAR ? "a quoted text" : kind_name(node));
    char  *end = NULL;
    double value = looks_like_number(node->text) ? strtod(node->text, &end) : NAN;
    if (!end || end == node->text || *end || !isfinite(value))
        return oc_yaml_fail(err, node, "a number is expected, not '%s'", node->text);
    if (value < low || value > high)
        return oc_yaml_fail(err, node, "%s is outside %g .. %g", node->text, low, high);
    *out = value;
    return OC_OK;
}

oc_status oc_yaml_to_bool(const oc_yaml_node *node, bool *out, oc_error *err)
{
    if (node->kind != OC_YAML_SCALAR || !node->plain ||
        (strcmp(node->text, "true") && strcmp(node->text, "false")))
        return oc_yaml_fail(err, node, "true or false is expected, not %s%s%s",
                            node->kind == OC_YAML_SCALAR ? "'" : kind_name(node),
                            node->kind == OC_YAML_SCALAR ? node->text : "",
                            node->kind == OC_YAML_SCALAR ? "'" : "");
    *out = strcmp(node->text, "true") == 0;
    return OC_OK;
}

oc_status oc_yaml_to_word(const oc_yaml_node *node, const oc_yaml_word *words, int *out,
                          oc_error *err)
{
    const char *text = "";
    oc_status   st = oc_yaml_to_text(node, &text, err);
    if (st != OC_OK)
        return st;
    char   list[300] = "";
    size_t used = 0;
    for (size_t i = 0; words[i].text; i++) {
        if (strcmp(words[i].text, text) == 0) {
            *out = words[i].value;
            return OC_OK;
        }
        int n = snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", words[i].text);
        used = n < 0 || (size_t)n >= sizeof(list) - used ? sizeof(list) - 1 : used + (size_t)n;
    }
    return oc_yaml_fail(err, node, "'%s' is none of: %s", text, list);
}

oc_status oc_yaml_to_seconds(const oc_yaml_node *node, double *out, oc_error *err)
{
    static const struct {
        const char *unit;
        double      seconds;
    } units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"min", 60}, {"h", 3600}};

    const char *text = "";
    oc_status   st = oc_yaml_to_text(node, &text, err);
    if (st != OC_OK)
        return st;
    char   number[32];
    size_t n = strspn(text, "0123456789.");
    if (n > 0 && n < sizeof(number)) {
        memcpy(number, text, n);
        number[n] = 0;
        char       *end;
        double      value = strtod(number, &end);
        const char *unit = text + n + strspn(text + n, " ");
        for (size_t i = 0; i < sizeof(units) / sizeof(*units) && !*end; i++) {
            if (strcmp(unit, units[i].unit) == 0 && value * units[i].seconds <= 1e9) {
                *out = value * units[i].seconds;
                return OC_OK;
            }
        }
    }
    return oc_yaml_fail(err, node, "a time is expected (90s, 250ms, 1.5min, 2h), not '%s'", text);
}

/* Edit distance over one row; words longer than the row are not compared. */
static size_t distance(const char *a, const char *b)
{
    size_t row[48];
    size_t na = strlen(a), nb = strlen(b);
    if (na == 0 || nb >= sizeof(row) / sizeof(*row))
        return SIZE_MAX;
    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[nb];
}

const char *oc_yaml_nearest(const char *word, const char *const *words, size_t n)
{
    const char *best = NULL;
    size_t      least = strlen(word) / 2 + 1; /* farther than that is another word */
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(word, words[i]);
        if (d < least) {
            least = d;
            best = words[i];
        }
    }
    return best;
}

/* ---- the map reader ---- */

void oc_yaml_begin(oc_yaml_map *map, const oc_yaml_node *node, oc_error *err)
{
    map->node = node;
    map->err = err;
    map->status = OC_OK;
    map->n_asked = 0;
    if (node && (node->kind == OC_YAML_MAP || node->kind == OC_YAML_NULL))
        return;
    map->status =
        oc_yaml_fail(err, node, "a map is expected, not %s", node ? kind_name(node) : "nothing");
    map->node = NULL;
}

void oc_yaml_known(oc_yaml_map *map, const char *key)
{
    for (size_t i = 0; i < map->n_asked; i++)
        if (strcmp(map->asked[i], key) == 0)
            return;
    assert(map->n_asked < OC_YAML_KEYS_MAX);
    map->asked[map->n_asked++] = key;
}

static bool is_known(const oc_yaml_map *map, const char *key)
{
    for (size_t i = 0; i < map->n_asked; i++)
        if (strcmp(map->asked[i], key) == 0)
            return true;
    return false;
}

oc_status oc_yaml_end(oc_yaml_map *map)
{
    for (size_t i = 0; map->status == OC_OK && i < map->node->count; i++) {
        const oc_yaml_node *key = map->node->keys[i];
        if (is_known(map, key->text))
            continue;
        const char *near = oc_yaml_nearest(key->text, map->asked, map->n_asked);
        map->status =
            oc_yaml_fail(map->err, key, "unknown key '%s'%s%s%s", key->text,
                         near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    return map->status;
}

/* The value of key, or NULL; a null value counts as missing. */
static const oc_yaml_node *look(oc_yaml_map *map, const char *key)
{
    oc_yaml_known(map, key);
    if (map->status != OC_OK)
        return NULL;
    const oc_yaml_node *node = oc_yaml_find(map->node, key);
    return node && node->kind != OC_YAML_NULL ? node : NULL;
}

static const oc_yaml_node *need(oc_yaml_map *map, const char *key)
{
    const oc_yaml_node *node = look(map, key);
    if (!node && map->status == OC_OK)
        map->status = oc_yaml_fail(map->err, map->node, "'%s' is missing here", key);
    return node;
}

/* Puts the key's name between place and reason of the message just written. */
static void name_key(oc_yaml_map *map, const oc_yaml_node *node, const char *key)
{
    if (!map->err || map->status == OC_OK)
        return;
    char place[300];
    int n = snprintf(place, sizeof(place), "%s:%d:%d: ", node->doc->file, node->line, node->column);
    if (n < 0 || (size_t)n >= sizeof(place) || strncmp(map->err->message, place, (size_t)n))
        return;
    char reason[sizeof(map->err->message)];
    snprintf(reason, sizeof(reason), "%s", map->err->message + n);
    snprintf(map->err->message, sizeof(map->err->message), "%s%s: %.*s", place, key,
             (int)(sizeof(map->err->message) - (size_t)n - strlen(key) - 3), reason);
}

void oc_yaml_object(oc_yaml_map *map, const char *key, const char *fmt, ...)
{
    if (map->status != OC_OK)
        return;
    const oc_yaml_node *node = key ? oc_yaml_find(map->node, key) : NULL;
    va_list             ap;
    va_start(ap, fmt);
    map->status = vfail(map->err, node ? node : map->node, fmt, ap);
    va_end(ap);
    if (node)
        name_key(map, node, key);
}

bool oc_yaml_has(oc_yaml_map *map, const char *key)
{
    return look(map, key) != NULL;
}

static const char *text_of(oc_yaml_map *map, const char *key, const oc_yaml_node *node,
                           const char *missing)
{
    const char *value = missing;
    if (node) {
        map->status = oc_yaml_to_text(node, &value, map->err);
        name_key(map, node, key);
    }
    return value;
}

const char *oc_yaml_text(oc_yaml_map *map, const char *key)
{
    return text_of(map, key, need(map, key), "");
}

const char *oc_yaml_text_or(oc_yaml_map *map, const char *key, const char *missing)
{
    return text_of(map, key, look(map, key), missing);
}

static int64_t int_of(oc_yaml_map *map, const char *key, const oc_yaml_node *node, int64_t low,
                      int64_t high, int64_t missing)
{
    int64_t value = missing;
    if (node) {
        map->status = oc_yaml_to_int(node, low, high, &value, map->err);
        name_key(map, node, key);
    }
    return value;
}

int64_t oc_yaml_int(oc_yaml_map *map, const char *key, int64_t low, int64_t high)
{
    return int_of(map, key, need(map, key), low, high, low);
}

int64_t oc_yaml_int_or(oc_yaml_map *map, const char *key, int64_t low, int64_t high,
                       int64_t missing)
{
    return int_of(map, key, look(map, key), low, high, missing);
}

static double float_of(oc_yaml_map *map, const char *key, const oc_yaml_node *node, double low,
                       double high, double missing)
{
    double value = missing;
    if (node) {
        map->status = oc_yaml_to_float(node, low, high, &value, map->err);
        name_key(map, node, key);
    }
    return value;
}

double oc_yaml_float(oc_yaml_map *map, const char *key, double low, double high)
{
    return float_of(map, key, need(map, key), low, high, low);
}

double oc_yaml_float_or(oc_yaml_map *map, const char *key, double low, double high, double missing)
{
    return float_of(map, key, look(map, key), low, high, missing);
}

static bool bool_of(oc_yaml_map *map, const char *key, const oc_yaml_node *node, bool missing)
{
    bool value = missing;
    if (node) {
        map->status = oc_yaml_to_bool(node, &value, map->err);
        name_key(map, node, key);
    }
    return value;
}

bool oc_yaml_bool(oc_yaml_map *map, const char *key)
{
    return bool_of(map, key, need(map, key), false);
}

bool oc_yaml_bool_or(oc_yaml_map *map, const char *key, bool missing)
{
    return bool_of(map, key, look(map, key), missing);
}

static int word_of(oc_yaml_map *map, const char *key, const oc_yaml_node *node,
                   const oc_yaml_word *words, int missing)
{
    int value = missing;
    if (node) {
        map->status = oc_yaml_to_word(node, words, &value, map->err);
        name_key(map, node, key);
    }
    return value;
}

int oc_yaml_word_of(oc_yaml_map *map, const char *key, const oc_yaml_word *words)
{
    return word_of(map, key, need(map, key), words, words[0].value);
}

int oc_yaml_word_or(oc_yaml_map *map, const char *key, const oc_yaml_word *words, int missing)
{
    return word_of(map, key, look(map, key), words, missing);
}

double oc_yaml_seconds_or(oc_yaml_map *map, const char *key, double missing)
{
    double              value = missing;
    const oc_yaml_node *node = look(map, key);
    if (node) {
        map->status = oc_yaml_to_seconds(node, &value, map->err);
        name_key(map, node, key);
    }
    return value;
}

static const oc_yaml_node *list_of(oc_yaml_map *map, const char *key, const oc_yaml_node *node,
                                   size_t least, size_t most)
{
    if (!node)
        return NULL;
    if (node->kind != OC_YAML_LIST)
        oc_yaml_object(map, key, "a list is expected, not %s", kind_name(node));
    else if (node->count < least || node->count > most)
        oc_yaml_object(map, key, "%zu elements, %zu .. %zu are expected", node->count, least, most);
    return map->status == OC_OK ? node : NULL;
}

const oc_yaml_node *oc_yaml_list(oc_yaml_map *map, const char *key, size_t least, size_t most)
{
    return list_of(map, key, need(map, key), least, most);
}

const oc_yaml_node *oc_yaml_list_or(oc_yaml_map *map, const char *key, size_t least, size_t most)
{
    return list_of(map, key, look(map, key), least, most);
}

static const oc_yaml_node *sub_of(oc_yaml_map *map, const char *key, const oc_yaml_node *node)
{
    if (node && node->kind != OC_YAML_MAP) {
        oc_yaml_object(map, key, "a map is expected, not %s", kind_name(node));
        return NULL;
    }
    return node;
}

const oc_yaml_node *oc_yaml_sub(oc_yaml_map *map, const char *key)
{
    return sub_of(map, key, need(map, key));
}

const oc_yaml_node *oc_yaml_sub_or(oc_yaml_map *map, const char *key)
{
    return sub_of(map, key, look(map, key));
}

const oc_yaml_node *oc_yaml_any(oc_yaml_map *map, const char *key)
{
    return need(map, key);
}

const oc_yaml_node *oc_yaml_any_or(oc_yaml_map *map, const char *key)
{
    return look(map, key);
}

/* A list, or the one value that stands for a list of one. */
static size_t elements(oc_yaml_map *map, const char *key, const oc_yaml_node *node, size_t least,
                       size_t most)
{
    if (!node)
        return 0;
    if (node->kind == OC_YAML_SCALAR && least <= 1 && most >= 1)
        return 1;
    return list_of(map, key, node, least, most) ? node->count : 0;
}

static const oc_yaml_node *element(const oc_yaml_node *node, size_t i)
{
    return node->kind == OC_YAML_LIST ? node->items[i] : node;
}

static size_t floats_of(oc_yaml_map *map, const char *key, const oc_yaml_node *node, double low,
                        double high, size_t least, size_t most, float *out)
{
    size_t n = elements(map, key, node, least, most);
    for (size_t i = 0; i < n && map->status == OC_OK; i++) {
        double value = 0;
        map->status = oc_yaml_to_float(element(node, i), low, high, &value, map->err);
        name_key(map, element(node, i), key);
        out[i] = (float)value;
    }
    return map->status == OC_OK ? n : 0;
}

size_t oc_yaml_floats(oc_yaml_map *map, const char *key, double low, double high, size_t least,
                      size_t most, float *out)
{
    return floats_of(map, key, need(map, key), low, high, least, most, out);
}

size_t oc_yaml_floats_or(oc_yaml_map *map, const char *key, double low, double high, size_t least,
                         size_t most, float *out)
{
    return floats_of(map, key, look(map, key), low, high, least, most, out);
}

static size_t ints_of(oc_yaml_map *map, const char *key, const oc_yaml_node *node, int64_t low,
                      int64_t high, size_t least, size_t most, int64_t *out)
{
    size_t n = elements(map, key, node, least, most);
    for (size_t i = 0; i < n && map->status == OC_OK; i++) {
        map->status = oc_yaml_to_int(element(node, i), low, high, &out[i], map->err);
        name_key(map, element(node, i), key);
    }
    return map->status == OC_OK ? n : 0;
}

size_t oc_yaml_ints(oc_yaml_map *map, const char *key, int64_t low, int64_t high, size_t least,
                    size_t most, int64_t *out)
{
    return ints_of(map, key, need(map, key), low, high, least, most, out);
}

size_t oc_yaml_ints_or(oc_yaml_map *map, const char *key, int64_t low, int64_t high, size_t least,
                       size_t most, int64_t *out)
{
    return ints_of(map, key, look(map, key), low, high, least, most, out);
}

size_t oc_yaml_texts_or(oc_yaml_map *map, const char *key, size_t most, const char **out)
{
    const oc_yaml_node *node = look(map, key);
    size_t              n = elements(map, key, node, 0, most);
    for (size_t i = 0; i < n && map->status == OC_OK; i++) {
        map->status = oc_yaml_to_text(element(node, i), &out[i], map->err);
        name_key(map, element(node, i), key);
    }
    return map->status == OC_OK ? n : 0;
}
