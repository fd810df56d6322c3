/* A gate: what it let through, and what spoke against it. */
#include <math.h>

#include "eval/report_parts.h"

static void put_word(oc_report *r, const char *word, int side)
{
    oc_page_printf(&r->page, "<td><b class=\"%s\">", side > 0 ? "good" : side < 0 ? "bad" : "soft");
    oc_page_text(&r->page, word);
    oc_page_put(&r->page, "</b></td>");
}

static void put_finding(oc_report *r, const json_t *f, const char *where)
{
    const json_t *passed = json_object_get(f, "passed");
    double        value = oc_report_number(r, f, where, "value");
    if (!json_is_boolean(passed))
        oc_report_fail(r, f, oc_report_at(where, "passed").text, "is not true or false");
    oc_page_put(&r->page, "<tr>");
    put_word(r, json_is_true(passed) ? "passed" : "failed", json_is_true(passed) ? 1 : -1);
    oc_page_put(&r->page, "<td>");
    oc_page_text(&r->page, oc_report_text(r, f, where, "figure"));
    oc_page_put(&r->page, "</td><td class=\"n\">");
    if (isfinite(value))
        oc_page_printf(&r->page, "%.6g", value);
    oc_page_put(&r->page, "</td><td>");
    oc_page_text(&r->page, oc_report_text(r, f, where, "rule"));
    oc_page_put(&r->page, "</td><td>");
    oc_page_text(&r->page, oc_report_text(r, f, where, "reason"));
    oc_page_put(&r->page, "</td></tr>\n");
}

static void put_check(oc_report *r, const json_t *check, const char *where)
{
    const char     *state = oc_report_text(r, check, where, "status");
    const char     *reason = oc_report_text(r, check, where, "reason");
    const json_t   *list = oc_report_list(r, check, where, "findings");
    oc_report_place at = oc_report_at(where, "findings");
    oc_report_section(r, oc_report_text(r, check, where, "name"), NULL);
    oc_page_put(&r->page, "<p>");
    oc_page_text(&r->page, state);
    oc_page_put(&r->page, *reason ? ": " : "");
    oc_page_text(&r->page, reason);
    oc_page_put(&r->page, "</p>\n");
    if (json_array_size(list)) {
        oc_page_put(&r->page, "<div class=\"scroll\"><table><tr><th></th><th>figure</th>"
                              "<th class=\"n\">value</th><th>rule</th><th>reason</th></tr>\n");
        for (size_t i = 0; i < json_array_size(list); i++)
            put_finding(r, json_array_get(list, i), oc_report_item(at.text, i).text);
        oc_page_put(&r->page, "</table></div>\n");
    }
    oc_report_section_end(r);
}

void oc_report_gate(oc_report *r)
{
    const json_t *list = oc_report_list(r, r->doc, "", "checks");
    const json_t *passed = json_object_get(r->doc, "passed");
    if (!json_is_boolean(passed))
        oc_report_fail(r, r->doc, "passed", "is not true or false");
    oc_page_printf(&r->page, "<section class=\"%s\"><b class=\"%s\">%s</b> · ",
                   json_is_true(passed) ? "" : "warn", json_is_true(passed) ? "good" : "bad",
                   json_is_true(passed) ? "Let through" : "Not let through");
    oc_page_text(&r->page, oc_report_text(r, r->doc, "", "gate"));
    oc_page_put(&r->page, " on ");
    oc_page_text(&r->page, oc_report_text(r, r->doc, "", "device"));
    oc_page_put(&r->page, "</section>\n");
    for (size_t i = 0; i < json_array_size(list); i++)
        put_check(r, json_array_get(list, i), oc_report_item("checks", i).text);
}
