/* ocellus data KIND: what is done with labelled pictures before and after a network learns. */
#include "cli/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/image.h"

static const struct {
    const char *name, *what;
    int (*run)(int argc, char **argv);
} kinds[] = {
#define OC_DATA_KIND(name, what) {#name, what, cli_data_##name},
#include "cli/data.inc"
#undef OC_DATA_KIND
};

int oc_cmd_data(int argc, char **argv);

int oc_cmd_data(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "";
    bool        help = strcmp(kind, "--help") == 0 || strcmp(kind, "-h") == 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kind, kinds[i].name) == 0)
            return kinds[i].run(argc - 1, argv + 1);
    if (!help && *kind)
        return cli_usage("data", "no such kind: '%s'", kind);
    FILE *to = help ? stdout : stderr;
    fprintf(to, "usage: ocellus data KIND ...\n\n");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        fprintf(to, "  %-9s %s\n", kinds[i].name, kinds[i].what);
    fprintf(to, "\nformats:\n");
    for (size_t i = 0; i < oc_data_n_formats; i++)
        fprintf(to, "  %-12s %s\n", oc_data_formats[i]->name, oc_data_formats[i]->what);
    return help ? CLI_DONE : CLI_USAGE;
}

oc_status cli_data_format(const char *name, const oc_data_format **out, oc_error *err)
{
    char   list[256];
    size_t n = 0;
    if ((*out = oc_data_format_of(name)))
        return OC_OK;
    for (size_t i = 0; i < oc_data_n_formats && n < sizeof(list); i++)
        n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", i ? ", " : "",
                              oc_data_formats[i]->name);
    return OC_FAIL(err, OC_INVALID, "no such format: '%.40s' (%s)", name, list);
}

oc_status cli_data_open(const cli_data_source *source, oc_data_set *out,
                        const oc_data_format **format, oc_error *err)
{
    const oc_data_format *f = NULL;
    const oc_data_reading how = {.images = source->images};
    oc_status             st = source->from ? cli_data_format(source->from, &f, err)
                                            : oc_data_guess(source->path, &f, err);
    if (st == OC_OK)
        st = oc_data_read(f, source->path, &how, out, err);
    if (st == OC_OK && format)
        *format = f;
    return st;
}

oc_status cli_data_picture(const cli_data_source *source, const oc_data_set *set, uint32_t image,
                           char path[OC_DATA_PATH_MAX], oc_error *err)
{
    const oc_data_reading how = {.images = source->images};
    return oc_data_find_picture(set, image, source->path, &how, path, OC_DATA_PATH_MAX, err);
}

int cli_data_fail(const char *command, const oc_error *err)
{
    return err->status == OC_INVALID ? cli_usage(command, "%s", err->message)
                                     : cli_fail(command, err);
}

oc_status cli_data_save(const char *path, const oc_frame *rgb, int quality, oc_error *err)
{
    uint8_t    *bytes = NULL;
    size_t      n = 0;
    oc_data_out out = {0};
    oc_status   st = oc_data_has_suffix(path, ".png")
                         ? oc_image_encode_png(rgb, &bytes, &n, err)
                         : oc_image_encode_jpeg(rgb, quality, &bytes, &n, err);
    if (st == OC_OK && (st = oc_data_out_open(path, &out, err)) == OC_OK)
        fwrite(bytes, 1, n, out.f);
    st = oc_data_out_close(&out, st, err);
    free(bytes);
    return st;
}
