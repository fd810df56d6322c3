/* Values of JSON kept as text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/file.h"
#include "data/json_pull.h"

/* What separates a token from the one before: `first` in its container, or the value of a key. */
static void put_token(oc_json *j, oc_json_token t, bool first, FILE *f)
{
    if (t == OC_JSON_OBJECT_END || t == OC_JSON_ARRAY_END) {
        putc(t == OC_JSON_OBJECT_END ? '}' : ']', f);
        return;
    }
    if (!first)
        fputs(", ", f);
    switch (t) {
    case OC_JSON_OBJECT: putc('{', f); break;
    case OC_JSON_ARRAY: putc('[', f); break;
    case OC_JSON_KEY:
        oc_data_put_json(f, oc_json_peek_text(j, NULL));
        fputs(": ", f);
        break;
    case OC_JSON_TEXT: oc_data_put_json(f, oc_json_peek_text(j, NULL)); break;
    case OC_JSON_NUMBER: fputs(oc_json_peek_word(j), f); break;
    case OC_JSON_BOOL: fputs(oc_json_number(j) != 0 ? "true" : "false", f); break;
    default: fputs("null", f); break;
    }
}

oc_status oc_json_capture(oc_json *j, char **out, oc_error *err)
{
    char     *text = NULL;
    size_t    n = 0;
    FILE     *f = open_memstream(&text, &n);
    oc_status st = f ? OC_OK : OC_FAIL(err, OC_NOMEM, "a member");
    bool      first = true;
    int       depth = 0;
    while (st == OC_OK) {
        oc_json_token t;
        if ((st = oc_json_next(j, &t, err)) != OC_OK)
            break;
        put_token(j, t, first, f);
        bool opens = t == OC_JSON_OBJECT || t == OC_JSON_ARRAY;
        first = opens || t == OC_JSON_KEY;
        depth += opens;
        depth -= t == OC_JSON_OBJECT_END || t == OC_JSON_ARRAY_END;
        if (ftell(f) > (long)OC_JSON_TEXT_MAX)
            st = OC_FAIL(err, OC_FORMAT, "line %llu: a member is too long to keep",
                         (unsigned long long)oc_json_line(j));
        if (depth == 0)
            break;
    }
    if (f && fclose(f) != 0 && st == OC_OK)
        st = OC_FAIL(err, OC_NOMEM, "a member of %zu bytes", n);
    if (st == OC_OK)
        *out = text;
    else
        free(text);
    return st;
}
