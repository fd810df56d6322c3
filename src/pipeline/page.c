/* HTML out of numbers and texts, and the page's style. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/page.h"

void oc_page_put(oc_page *page, const char *html)
{
    if (page->status == OC_OK)
        page->status = oc_part_text(page->part, html, page->err);
}

void oc_page_printf(oc_page *page, const char *fmt, ...)
{
    char    text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    oc_page_put(page, text);
}

void oc_page_text(oc_page *page, const char *text)
{
    static const char marked[] =
        "&<>\"'\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13"
        "\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f";
    for (const char *p = text; *p; p++) {
        size_t plain = strcspn(p, marked);
        if (plain && page->status == OC_OK)
            page->status = oc_part_put(page->part, p, plain, page->err);
        p += plain;
        switch (*p) {
        case '&': oc_page_put(page, "&amp;"); break;
        case '<': oc_page_put(page, "&lt;"); break;
        case '>': oc_page_put(page, "&gt;"); break;
        case '"': oc_page_put(page, "&quot;"); break;
        case '\'': oc_page_put(page, "&#39;"); break;
        case '\0': return;
        default: oc_page_put(page, "\xef\xbf\xbd"); break; /* a control character: U+FFFD */
        }
    }
}

void oc_page_base64(oc_page *page, const uint8_t *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char              out[1025];
    size_t            used = 0;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)bytes[i] << 16 | (i + 1 < n ? (uint32_t)bytes[i + 1] << 8 : 0) |
                     (i + 2 < n ? bytes[i + 2] : 0);
        out[used++] = digits[v >> 18];
        out[used++] = digits[v >> 12 & 63];
        out[used++] = i + 1 < n ? digits[v >> 6 & 63] : '=';
        out[used++] = i + 2 < n ? digits[v & 63] : '=';
        if (used + 4 >= sizeof(out) || i + 3 >= n) {
            out[used] = '\0';
            oc_page_put(page, out);
            used = 0;
        }
    }
}

void oc_page_color(oc_page *page, uint64_t id)
{
    oc_color c = oc_color_of_id(id);
    oc_page_printf(page, "#%02x%02x%02x", c.r, c.g, c.b);
}

void oc_page_clock(oc_page *page, double time_s)
{
    unsigned tenths = time_s > 0 ? (unsigned)(time_s * 10 + 0.5) : 0;
    if (tenths >= 36000)
        oc_page_printf(page, "%u:%02u:%02u", tenths / 36000, tenths / 600 % 60, tenths / 10 % 60);
    else
        oc_page_printf(page, "%u:%02u.%u", tenths / 600, tenths / 10 % 60, tenths % 10);
}

const char oc_page_style[] =
    ":root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#1b2330;--soft:#5d6878;"
    "--edge:#dfe4ea;--blue:#2f74d0;--blue2:#9cc2f2;--amber:#c98a12;--red:#cf3d3d;--teal:#14897d}\n"
    "@media(prefers-color-scheme:dark){:root{--ground:#10141b;--card:#181e28;--ink:#e7ebf1;"
    "--soft:#93a0b3;--edge:#2a3342;--blue:#6aa9ff;--blue2:#2c568f;--amber:#f0b94a;--red:#ff7b7b;"
    "--teal:#4fd0c1}}\n"
    "*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);"
    "font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}\n"
    "main{max-width:1120px;margin:0 auto;padding:32px 20px 64px}\n"
    "h1{font-size:30px;line-height:1.2;margin:0 0 4px;letter-spacing:-.01em}"
    "h2{font-size:18px;margin:0 0 4px}p{margin:0 0 12px}\n"
    ".soft,figcaption,th,.axis{color:var(--soft)}.small{font-size:13px}\n"
    "section{background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:20px;"
    "margin-top:20px}\n"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;"
    "margin-top:24px}\n"
    ".figure{background:var(--card);border:1px solid var(--edge);border-radius:14px;"
    "padding:14px 16px}.figure b{display:block;font-size:27px;line-height:1.2;"
    "font-variant-numeric:tabular-nums;letter-spacing:-.02em}.figure span{font-size:13px;"
    "color:var(--soft)}\n"
    ".frames{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:14px;"
    "margin-top:10px}.frames figure:first-child{grid-column:1/-1}figure{margin:0}"
    "figure img{display:block;width:100%;border-radius:10px}figcaption{font-size:13px;"
    "padding-top:4px}.frames figure+figure img{aspect-ratio:4/3;object-fit:contain;"
    "background:#0008}\n"
    ".two{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:0 20px}"
    ".two section{min-width:0}\n"
    "svg{display:block;width:100%;height:auto;overflow:visible}svg text{fill:var(--soft);"
    "font:11px system-ui,sans-serif}.grid{stroke:var(--edge);stroke-width:1}\n"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th{font-weight:500;text-align:left;font-size:13px}td,th{padding:5px 10px 5px 0;"
    "border-bottom:1px solid var(--edge)}td.n,th.n{text-align:right}tr:last-child td{"
    "border-bottom:0}.scroll{overflow:auto;max-height:420px}"
    ".scroll th{position:sticky;top:0;background:var(--card)}\n"
    ".dot{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:7px}"
    ".key{display:inline-block;margin:6px 16px 0 0;font-size:13px;color:var(--soft)}\n"
    ".bar{height:10px;border-radius:5px;background:var(--edge);overflow:hidden}"
    ".bar i{display:block;height:100%;background:var(--blue);border-radius:5px}\n"
    ".steps{display:flex;flex-wrap:wrap;gap:8px 26px;list-style:none;padding:0;margin:12px 0 0}"
    ".steps li{position:relative;border:1px solid var(--edge);border-radius:10px;"
    "padding:8px 12px;font-size:13px;max-width:230px}.steps li b{display:block;font-size:14px}"
    ".steps li+li:before{content:'\\2192';position:absolute;left:-21px;top:12px;"
    "color:var(--soft)}\n"
    ".warn{border-color:var(--red)}\n";
