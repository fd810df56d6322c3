/* Pipeline YAML: lines and zones. */
#include <string.h>

#include "pipeline/config.h"

static const oc_yaml_word anchor_words[] = {
    {"bottom", OC_ANCHOR_BOTTOM},
    {"center", OC_ANCHOR_CENTER},
    {NULL, 0},
};

/* A rule's name stands in events and counts: it must be one, and be its own. */
static oc_status check_name(const char *name, const char *const *others, size_t n,
                            const oc_yaml_node *at, oc_error *err)
{
    if (!*name)
        return oc_yaml_fail(err, at, "the name is empty");
    for (size_t i = 0; i < n; i++)
        if (strcmp(others[i], name) == 0)
            return oc_yaml_fail(err, at, "the name '%s' is there already", name);
    return OC_OK;
}

static oc_status read_line(oc_line_config *l, const oc_yaml_node *node, oc_error *err)
{
    oc_yaml_map m;
    float       from[2] = {0, 0}, to[2] = {0, 0};
    oc_yaml_begin(&m, node, err);
    l->name = oc_yaml_text(&m, "name");
    oc_yaml_floats(&m, "from", 0, 1, 2, 2, from);
    oc_yaml_floats(&m, "to", 0, 1, 2, 2, to);
    l->directions[0] = "right";
    l->directions[1] = "left";
    size_t n = oc_yaml_texts_or(&m, "directions", 2, l->directions);
    l->anchor = (oc_anchor)oc_yaml_word_or(&m, "anchor", anchor_words, OC_ANCHOR_BOTTOM);
    oc_config_labels(&m, &l->labels);
    l->from = (oc_xy){from[0], from[1]};
    l->to = (oc_xy){to[0], to[1]};
    if (m.status != OC_OK)
        return oc_yaml_end(&m);
    if (n == 1 || !*l->directions[0] || !*l->directions[1] ||
        strcmp(l->directions[0], l->directions[1]) == 0)
        oc_yaml_object(&m, "directions", "two different names are wanted");
    else if (from[0] == to[0] && from[1] == to[1])
        oc_yaml_object(&m, "to", "is the same point as from");
    return oc_yaml_end(&m);
}

oc_status oc_config_lines(oc_pipeline_config *c, const oc_yaml_node *list, oc_error *err)
{
    const char *names[OC_LINES_MAX];
    for (size_t i = 0; i < oc_yaml_count(list); i++) {
        const oc_yaml_node *node = oc_yaml_at(list, i);
        oc_status           st = read_line(&c->line[i], node, err);
        if (st == OC_OK)
            st = check_name(c->line[i].name, names, i, node, err);
        if (st != OC_OK)
            return st;
        names[i] = c->line[i].name;
        c->n_lines = i + 1;
    }
    return OC_OK;
}

static oc_status read_corners(oc_zone_config *z, const oc_yaml_node *list, oc_error *err)
{
    for (size_t i = 0; i < oc_yaml_count(list); i++) {
        const oc_yaml_node *point = oc_yaml_at(list, i);
        double              x, y;
        oc_status           st;
        if (oc_yaml_kind_of(point) != OC_YAML_LIST || oc_yaml_count(point) != 2)
            return oc_yaml_fail(err, point, "a corner is a list of two numbers, [x, y]");
        if ((st = oc_yaml_to_float(oc_yaml_at(point, 0), 0, 1, &x, err)) != OC_OK ||
            (st = oc_yaml_to_float(oc_yaml_at(point, 1), 0, 1, &y, err)) != OC_OK)
            return st;
        z->corner[z->n_corners++] = (oc_xy){(float)x, (float)y};
    }
    return OC_OK;
}

static double area(const oc_zone_config *z)
{
    double sum = 0;
    for (size_t i = 0; i < z->n_corners; i++) {
        oc_xy a = z->corner[i], b = z->corner[(i + 1) % z->n_corners];
        sum += (double)a.x * (double)b.y - (double)b.x * (double)a.y;
    }
    return sum < 0 ? -sum / 2 : sum / 2;
}

static oc_status read_zone(oc_zone_config *z, const oc_yaml_node *node, oc_error *err)
{
    oc_yaml_map m;
    oc_yaml_begin(&m, node, err);
    z->name = oc_yaml_text(&m, "name");
    const oc_yaml_node *corners = oc_yaml_list(&m, "corners", 3, OC_CORNERS_MAX);
    z->anchor = (oc_anchor)oc_yaml_word_or(&m, "anchor", anchor_words, OC_ANCHOR_BOTTOM);
    z->settle_s = oc_yaml_seconds_or(&m, "settle", 0.3);
    oc_config_labels(&m, &z->labels);
    oc_status st = oc_yaml_end(&m);
    if (st == OC_OK)
        st = read_corners(z, corners, err);
    if (st == OC_OK && area(z) <= 1e-6)
        st = oc_yaml_fail(err, corners, "the zone has no area");
    return st;
}

oc_status oc_config_zones(oc_pipeline_config *c, const oc_yaml_node *list, oc_error *err)
{
    const char *names[OC_ZONES_MAX];
    for (size_t i = 0; i < oc_yaml_count(list); i++) {
        const oc_yaml_node *node = oc_yaml_at(list, i);
        oc_status           st = read_zone(&c->zone[i], node, err);
        if (st == OC_OK)
            st = check_name(c->zone[i].name, names, i, node, err);
        if (st != OC_OK)
            return st;
        names[i] = c->zone[i].name;
        c->n_zones = i + 1;
    }
    return OC_OK;
}
