#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/profile.h"

#define ROW 16
#define NAME_WIDTH 330
#define BAR_WIDTH 560
#define WIDTH (NAME_WIDTH + BAR_WIDTH + 250)
#define HEAD 76
#define SHARE_MIN 0.002 /* of all time: shorter steps are summed up in one bar */

static void text(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (*s == '<')
            fputs("&lt;", f);
        else if (*s == '&')
            fputs("&amp;", f);
        else if (*s == '"')
            fputs("&quot;", f);
        else
            fputc((unsigned char)*s < ' ' ? ' ' : *s, f);
    }
}

/* One colour for what multiplies, one for what moves. */
static const char *colour(const step_time *t)
{
    return t->flops > 0 ? "#2b6cb0" : "#b7791f";
}

static void bar(FILE *f, const profile *p, const step_time *t, size_t row, double sum, double most)
{
    const double y = HEAD + (double)row * ROW, width = (double)t->ns / most * BAR_WIDTH;
    double       share = cli_profile_share(p, t);

    share = share > 1 ? 1 : share;
    fprintf(f, "<g><title>");
    text(f, t->name);
    fprintf(f, " -> %s</title><text x=\"%d\" y=\"%.0f\" text-anchor=\"end\">", t->out,
            NAME_WIDTH - 8, y + 11);
    text(f, t->op);
    fprintf(f, " %s", t->out);
    if (t->kernel[0])
        fprintf(f, " %s", t->kernel);
    fprintf(f,
            "</text><rect x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"12\" fill=\"%s\" "
            "fill-opacity=\".3\"/>",
            NAME_WIDTH, y + 1, width, colour(t));
    fprintf(f, "<rect x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"12\" fill=\"%s\"/>", NAME_WIDTH,
            y + 1, width * share, colour(t));
    fprintf(f, "<text x=\"%.1f\" y=\"%.0f\">%.1f us  %.1f %%", NAME_WIDTH + width + 6, y + 11,
            (double)t->ns * 1e-3, 100.0 * (double)t->ns / sum);
    if (t->flops > 0)
        fprintf(f, "  %.0f GFLOP/s", t->flops / ((double)t->ns + 1));
    else
        fprintf(f, "  %.1f GB/s", t->bytes / ((double)t->ns + 1));
    fprintf(f, "</text></g>\n");
}

static void head(FILE *f, const profile *p, const char *model, size_t rows, double sum)
{
    const size_t height = HEAD + rows * ROW + 10;

    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%zu\" "
            "viewBox=\"0 0 %d %zu\" font-family=\"sans-serif\" font-size=\"10\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
            "<text x=\"10\" y=\"22\" font-size=\"15\" font-weight=\"bold\">",
            WIDTH, height, WIDTH, height);
    text(f, model);
    fprintf(f,
            "</text>\n<text x=\"10\" y=\"40\" font-size=\"12\">%.3f ms in %zu steps, %u thread%s, "
            "%s; peak %.0f GFLOP/s, %.1f GB/s</text>\n"
            "<text x=\"10\" y=\"58\" fill=\"#555\">A bar is a step's time, its full part what the "
            "peak would need (blue: multiply-adds, brown: bytes moved)</text>\n",
            sum * 1e-6, p->n, p->threads, p->threads == 1 ? "" : "s", p->isa, p->peak.gflops,
            p->peak.gbs);
}

oc_status cli_profile_svg(const profile *p, const char *model, const char *path, oc_error *err)
{
    step_time rest = {.op = "all shorter steps"};
    double    sum = 0, most = 1;
    size_t    rows = 0;
    FILE     *f = fopen(path, "w");

    if (!f)
        return OC_FAIL(err, OC_IO, "%s: %s", path, strerror(errno));
    for (size_t i = 0; i < p->n; i++)
        sum += (double)p->steps[i].ns;
    sum = sum > 0 ? sum : 1;
    for (size_t i = 0; i < p->n; i++) {
        const step_time *t = &p->steps[i];
        if ((double)t->ns < SHARE_MIN * sum) {
            rest.ns += t->ns;
            rest.bytes += t->bytes;
            continue;
        }
        rows++;
        most = (double)t->ns > most ? (double)t->ns : most;
    }
    most = (double)rest.ns > most ? (double)rest.ns : most;
    head(f, p, model, rows + (rest.ns > 0), sum);
    rows = 0;
    for (size_t i = 0; i < p->n; i++)
        if ((double)p->steps[i].ns >= SHARE_MIN * sum)
            bar(f, p, &p->steps[i], rows++, sum, most);
    if (rest.ns > 0)
        bar(f, p, &rest, rows, sum, most);
    fprintf(f, "</svg>\n");
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad)
        return OC_FAIL(err, OC_IO, "%s: cannot be written", path);
    return OC_OK;
}
