/* Steps that look at one pixel at a time.  Each is a line, a table or a turn of the hue; lines and tables
 * that follow each other become one table. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "augment/step.h"

/* The same for all channels, as a rule. */
static void table_row(const oc_augment_worker *worker, const uint8_t table[3][256], size_t n,
                      uint8_t *p)
{
    if (memcmp(table[0], table[1], 256) == 0 && memcmp(table[0], table[2], 256) == 0) {
        worker->table(3 * n, p, table[0], p);
        return;
    }
    for (size_t i = 0; i < n; i++, p += 3) {
        p[0] = table[0][p[0]];
        p[1] = table[1][p[1]];
        p[2] = table[2][p[2]];
    }
}

void aug_colour_row(const oc_augment_worker *worker, const aug_colour *colour, size_t n_colours,
                    size_t n, uint8_t *row)
{
    for (size_t i = 0; i < n_colours; i++) {
        const aug_colour *c = colour + i;
        if (c->kind == AUG_LINEAR)
            worker->linear(n, row, c->a, c->b, row);
        else if (c->kind == AUG_TABLE)
            table_row(worker, c->table, n, row);
        else
            worker->hsv(n, row, &c->hsv, row);
    }
}

static void to_table(aug_colour *c)
{
    if (c->kind != AUG_LINEAR)
        return;
    uint8_t level[3];
    for (int v = 0; v < 256; v++) {
        memset(level, v, 3);
        oc_k_u8_linear__ref(1, level, c->a, c->b, level);
        for (int k = 0; k < 3; k++)
            c->table[k][v] = level[k];
    }
    c->kind = AUG_TABLE;
}

void aug_colour_add(aug_colour *list, size_t *n, const aug_colour *one)
{
    aug_colour *last = *n ? &list[*n - 1] : NULL;
    if (!last || last->kind == AUG_HSV || one->kind == AUG_HSV) {
        assert(*n < AUG_STEPS_MAX);
        list[(*n)++] = *one;
        return;
    }
    aug_colour then = *one;
    to_table(last);
    to_table(&then);
    for (int k = 0; k < 3; k++)
        for (int v = 0; v < 256; v++)
            last->table[k][v] = then.table[k][last->table[k][v]];
}

/* ---- the steps ---- */

static void hsv(aug_run *run, const double *v, aug_colour *out)
{
    double turn = fmod(v[0] / 60 + 12, 6);
    (void)run;
    out->kind = AUG_HSV;
    out->hsv = (oc_u8_hsv){(float)turn, (float)v[1], (float)v[2]};
    if (out->hsv.hue >= 6)
        out->hsv.hue = 0;
}

const aug_spec aug_step_hsv = {.name = "hsv",
                               .params = {{"hue", -180, 180, -5, 5, false, NULL},
                                          {"saturation", 0, 10, .7, 1.3, false, NULL},
                                          {"value", 0, 10, .8, 1.2, false, NULL}},
                               .colour = hsv};

static void gamma_of(aug_run *run, const double *v, aug_colour *out)
{
    (void)run;
    out->kind = AUG_TABLE;
    for (int i = 0; i < 256; i++)
        for (int k = 0; k < 3; k++)
            out->table[k][i] = (uint8_t)lrint(255 * pow(i / 255.0, v[0]));
}

const aug_spec aug_step_gamma = {
    .name = "gamma", .params = {{"gamma", .1, 10, .7, 1.5, false, NULL}}, .colour = gamma_of};

/* Warmer: more red, less blue; tint: towards green. */
static void white_balance(aug_run *run, const double *v, aug_colour *out)
{
    (void)run;
    *out = (aug_colour){.kind = AUG_LINEAR,
                        .a = {(float)(1 + v[0]), (float)(1 + v[1]), (float)(1 - v[0])}};
}

const aug_spec aug_step_white_balance = {.name = "white_balance",
                                         .params = {{"warmth", -.9, .9, -.1, .1, false, NULL},
                                                    {"tint", -.9, .9, -.05, .05, false, NULL}},
                                         .colour = white_balance};

/* contrast * (x - 128) + 128 + add * 255 */
static void brightness(aug_run *run, const double *v, aug_colour *out)
{
    float a = (float)v[1], b = (float)(128 - 128 * v[1] + 255 * v[0]);
    (void)run;
    *out = (aug_colour){.kind = AUG_LINEAR, .a = {a, a, a}, .b = {b, b, b}};
}

const aug_spec aug_step_brightness = {
    .name = "brightness",
    .params = {{"add", -1, 1, -.1, .1, false, NULL}, {"contrast", 0, 10, .8, 1.2, false, NULL}},
    .colour = brightness};
