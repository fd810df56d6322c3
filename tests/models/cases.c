#include "models/cases.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHARED OC_SOURCE_DIR "/../shared"

/* "cache:" is the user's cache folder, "shared:" the folder beside the checkout. */
static const struct {
    const char *list, *path;
    int         crop[4];
} pictures[] = {
    {"photo", "cache:media/opencv/data/messi5.jpg", {0}},
    {"photo", "cache:media/opencv/data/butterfly.jpg", {0}},
    {"photo", "shared:data/coco-val128/images/*0139.jpg", {0}},
    {"photo", "shared:data/coco-val128/images/*0785.jpg", {0}},
    {"street", "shared:data/coco-val128/images/*0885.jpg", {0}},
    {"street", "cache:media/opencv/data/basketball1.png", {0}},
    {"street", "cache:media/opencv/data/messi5.jpg", {0}},
    {"text", "cache:media/opencv/text/scenetext01.jpg", {0}},
    {"text", "cache:media/opencv/data/imageTextR.png", {0}},
    {"text", "cache:media/opencv/data/imageTextN.png", {0}},
    {"digits", "cache:media/opencv/data/digits.png", {200, 300, 20, 20}},
};
#define N_PICTURES (sizeof(pictures) / sizeof(pictures[0]))

static void cache_path(const char *rest, char *path, size_t bytes)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache)
        snprintf(path, bytes, "%s/ocellus/%s", cache, rest);
    else
        snprintf(path, bytes, "%s/.cache/ocellus/%s", home ? home : "", rest);
}

/* The first file of a pattern. */
static bool first_of(const char *pattern, char *path, size_t bytes)
{
    glob_t found;
    bool   any = glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc > 0;
    if (any)
        snprintf(path, bytes, "%s", found.gl_pathv[0]);
    globfree(&found);
    return any && access(path, R_OK) == 0;
}

bool case_model_path(const model_case *c, char *path, size_t bytes)
{
    char pattern[4096], rest[512];
    if (strncmp(c->model, "shared:", 7) == 0) {
        snprintf(pattern, sizeof(pattern), SHARED "/models/%s", c->model + 7);
    } else if (strncmp(c->model, "card:", 5) == 0) {
        snprintf(rest, sizeof(rest), "models/%s%s", c->model + 5,
                 strchr(c->model, '/') ? "" : "/*.onnx");
        cache_path(rest, pattern, sizeof(pattern));
    } else {
        snprintf(pattern, sizeof(pattern), "%s", c->model);
    }
    return first_of(pattern, path, bytes);
}

bool case_picture_path(const model_case *c, size_t i, char *path, size_t bytes,
                       picture_recipe *recipe)
{
    char pattern[4096];
    for (size_t k = 0; k < N_PICTURES; k++) {
        if (strcmp(pictures[k].list, c->images) != 0)
            continue;
        if (strncmp(pictures[k].path, "cache:", 6) == 0)
            cache_path(pictures[k].path + 6, pattern, sizeof(pattern));
        else
            snprintf(pattern, sizeof(pattern), SHARED "/%s", pictures[k].path + 7);
        if (first_of(pattern, path, bytes) && i-- == 0) {
            memcpy(recipe->crop, pictures[k].crop, sizeof(recipe->crop));
            return true;
        }
    }
    return false;
}

static bool read_floats(const char *text, float *out)
{
    for (int i = 0; i < 3; i++) {
        char *end;
        out[i] = strtof(text, &end);
        if (end == text || (*end != ',' && *end != '\0'))
            return false;
        text = *end == ',' ? end + 1 : end;
    }
    return true;
}

static bool read_key(model_case *c, const char *key, const char *value)
{
    picture_recipe *r = &c->recipe;
    if (strcmp(key, "model") == 0)
        return snprintf(c->model, sizeof(c->model), "%s", value) < (int)sizeof(c->model);
    if (strcmp(key, "images") == 0)
        return snprintf(c->images, sizeof(c->images), "%s", value) < (int)sizeof(c->images);
    if (strcmp(key, "rows") == 0)
        return snprintf(c->rows, sizeof(c->rows), "%s", value) < (int)sizeof(c->rows);
    if (strcmp(key, "layout") == 0)
        return (r->nhwc = strcmp(value, "nhwc") == 0) || strcmp(value, "nchw") == 0;
    if (strcmp(key, "order") == 0) {
        r->bgr = strcmp(value, "bgr") == 0;
        r->gray = strcmp(value, "gray") == 0;
        return r->bgr || r->gray || strcmp(value, "rgb") == 0;
    }
    if (strcmp(key, "mean") == 0)
        return read_floats(value, r->mean);
    if (strcmp(key, "scale") == 0)
        return read_floats(value, r->scale);
    if (strcmp(key, "size") == 0)
        return sscanf(value, "%dx%d", &r->width, &r->height) == 2;
    if (strcmp(key, "tol") == 0)
        return sscanf(value, "%lf", &c->tolerance) == 1;
    return false;
}

static oc_status read_row(char *row, const char *name, model_case *out, oc_error *err)
{
    char *save = NULL, *word = strtok_r(row, " \t\n", &save);
    *out = (model_case){.recipe = {.scale = {1, 1, 1}}, .tolerance = -1};
    snprintf(out->name, sizeof(out->name), "%s", name);
    while ((word = strtok_r(NULL, " \t\n", &save))) {
        char *value = strchr(word, '=');
        if (!value)
            return OC_FAIL(err, OC_FORMAT, "%s: '%s' is not key=value", name, word);
        *value++ = '\0';
        if (!read_key(out, word, value))
            return OC_FAIL(err, OC_FORMAT, "%s: %s=%s is not understood", name, word, value);
    }
    if (!out->model[0] || !out->images[0] || out->tolerance < 0)
        return OC_FAIL(err, OC_FORMAT, "%s: model, images and tol are needed", name);
    return OC_OK;
}

oc_status case_read(const char *table, const char *name, model_case *out, oc_error *err)
{
    char  row[1024];
    FILE *file = fopen(table, "r");
    if (!file)
        return OC_FAIL(err, OC_IO, "%s: %s", table, strerror(errno));
    oc_status st = OC_NOT_FOUND;
    size_t    n = strlen(name);
    while (st == OC_NOT_FOUND && fgets(row, sizeof(row), file))
        if (strncmp(row, name, n) == 0 && (row[n] == ' ' || row[n] == '\t'))
            st = read_row(row, name, out, err);
    fclose(file);
    return st == OC_NOT_FOUND ? OC_FAIL(err, st, "%s: no case '%s'", table, name) : st;
}
