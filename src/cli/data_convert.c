/* ocellus data convert: labels from one format to another. */
#include <stdio.h>
#include <string.h>

#include "cli/data.h"

typedef struct job {
    cli_data_source source;
    const char     *to, *dst;
    bool            copy, strict, json;
    size_t          lost[OC_DATA_PARTS];
    bool            listing;
} job;

static void count(void *ctx, oc_data_part part, const char *where, const char *what)
{
    job *j = ctx;
    j->lost[part]++;
    if (j->listing && cli_verbose)
        fprintf(stderr, "  lost: %s: %s%s%s\n", where, oc_data_part_text(part), *what ? ": " : "",
                what);
}

static void report(const job *j, const oc_data_set *set, const oc_data_format *from,
                   const oc_data_format *to)
{
    bool first = true;
    if (j->json)
        printf("{\"from\":\"%s\",\"to\":\"%s\",\"images\":%zu,\"objects\":%zu,\"categories\":%zu,"
               "\"lost\":{",
               from->name, to->name, set->n_images, set->n_objects, set->n_categories);
    else
        printf("%s to %s: %zu images, %zu objects, %zu categories\n", from->name, to->name,
               set->n_images, set->n_objects, set->n_categories);
    for (int p = 0; p < OC_DATA_PARTS; p++) {
        if (!j->lost[p])
            continue;
        if (j->json)
            printf("%s\"%s\":%zu", first ? "" : ",", oc_data_part_text((oc_data_part)p),
                   j->lost[p]);
        else
            printf("%s  %zu x %s\n", first ? "lost:\n" : "", j->lost[p],
                   oc_data_part_text((oc_data_part)p));
        first = false;
    }
    if (j->json)
        printf("}}\n");
    else if (first)
        printf("nothing is lost\n");
}

/* Pictures go where the format's layout has them. */
static oc_status copy_pictures(const job *j, const oc_data_set *set, const oc_data_format *to,
                               oc_error *err)
{
    oc_status st = OC_OK;
    for (uint32_t i = 0; i < set->n_images && st == OC_OK; i++) {
        char from[OC_DATA_PATH_MAX], place[OC_DATA_PATH_MAX], path[OC_DATA_PATH_MAX];
        char root[OC_DATA_PATH_MAX];
        bool file = !oc_data_is_folder(j->dst);
        snprintf(root, sizeof(root), "%.*s", file ? (int)(oc_data_base(j->dst) - j->dst) : 4000,
                 j->dst);
        if (!to->place || !to->place(set, i, place, sizeof(place)))
            snprintf(place, sizeof(place), "%s%s",
                     strncmp(to->name, "voc", 3) == 0   ? "JPEGImages/"
                     : strcmp(to->name, "kitti") == 0   ? "image_2/"
                     : strcmp(to->name, "labelme") == 0 ? ""
                                                        : "images/",
                     set->images[i].file);
        if ((st = cli_data_picture(&j->source, set, i, from, err)) == OC_OK &&
            (st = oc_data_path(path, *root ? root : ".", place, err)) == OC_OK)
            st = oc_data_copy(from, path, err);
    }
    return st;
}

static int convert(job *j, oc_error *err)
{
    oc_data_set           set = {0};
    const oc_data_format *from = NULL, *to = NULL;
    bool                  any = false;
    int                   e = CLI_DONE;
    oc_status             st = cli_data_format(j->to, &to, err);
    if (st == OC_OK && (st = cli_data_open(&j->source, &set, &from, err)) == OC_OK) {
        j->listing = true;
        oc_data_losses(&set, to, count, j);
        for (int p = 0; p < OC_DATA_PARTS; p++)
            any |= j->lost[p] > 0;
        if (any && j->strict) {
            report(j, &set, from, to);
            fprintf(stderr, "ocellus data convert: --strict: nothing was written\n");
            e = CLI_FAILED;
        } else if ((st = oc_data_write(to, &set, j->dst, err)) == OC_OK &&
                   (!j->copy || (st = copy_pictures(j, &set, to, err)) == OC_OK)) {
            report(j, &set, from, to);
        }
    }
    oc_data_set_finish(&set);
    return st == OC_OK ? e : cli_data_fail("data convert", err);
}

int cli_data_convert(int argc, char **argv)
{
    job              j = {.copy = false};
    const char      *pos[2];
    size_t           n_pos;
    oc_error         err = {0};
    const cli_option options[] = {
        CLI_DATA_SOURCE_OPTIONS(j.source),
        {"--to", 's', &j.to, "FORMAT", "the format to write"},
        {"--copy", 'f', &j.copy, NULL, "copy the pictures too, where the format has them"},
        {"--strict", 'f', &j.strict, NULL, "write nothing, exit 1, when something would be lost"},
        {"--json", 'f', &j.json, NULL, "one JSON document on stdout"},
        {0}};
    const cli_command command = {
        "data convert",
        "SRC --to FORMAT DST",
        "Reads labels in one format and writes them in another.  SRC and DST are a file or a folder\n"
        "as the format has it.  What the new format has no place for is counted; -v lists it.",
        options,
        2,
        2};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (!j.to)
        return cli_usage("data convert", "--to is missing");
    j.source.path = pos[0];
    j.dst = pos[1];
    return convert(&j, &err);
}
