/* ocellus tune: the candidates of every step of a network, timed inside it.
 *
 * One session a candidate: in session k every step runs its k-th way.  The sessions take turns, so
 * that a drift of the machine's speed meets all alike; a step's time is the lower quartile of its
 * rounds.  What a layer's key names is summed over the network's steps of that key. */
#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "cli/network.h"
#include "cli/tuned.h"
#include "ops/choice.h"
#include "runtime/tune.h"
#include "runtime/watch.h"

#define ROUNDS_MAX 1000
#define BETTER 0.98 /* a guess is left for what is so much quicker, not for noise */

typedef struct layer {
    char        key[OC_CHOICE_KEY_MAX];
    char        name[96]; /* of the first step */
    const char *kernels[OC_CHOICE_MAX];
    double      us[OC_CHOICE_MAX]; /* a run, over all steps of the key */
    uint32_t    n, guess, best, steps;
} layer;

typedef struct tuning {
    layer      *layers;   /* those with a choice */
    int32_t    *layer_of; /* per step; -1: no choice */
    size_t      n_layers, n_steps;
    uint32_t    n_ways; /* the most candidates any layer has */
    oc_session *sessions[OC_CHOICE_MAX];
    float      *us; /* [way][step][round] */
    uint64_t    rounds;
    size_t      now; /* where on_step writes: way * n_steps, and the round */
    uint64_t    round;
} tuning;

static void on_step(void *ctx, const oc_step_view *s)
{
    tuning *t = ctx;

    if (s->index < t->n_steps)
        t->us[((t->now + s->index) * t->rounds) + t->round] = (float)((double)s->ns * 1e-3);
}

/* ---- what there is to choose ---- */

static void count_step(void *ctx, const oc_step_view *s)
{
    tuning *t = ctx;

    t->n_steps = s->index + 1;
}

static layer *layer_by_key(tuning *t, const char *key)
{
    for (size_t i = 0; i < t->n_layers; i++)
        if (strcmp(t->layers[i].key, key) == 0)
            return &t->layers[i];
    return NULL;
}

static void take_step(void *ctx, const oc_step_view *s)
{
    tuning *t = ctx;

    t->layer_of[s->index] = -1;
    if (s->n_kernels < 2 || s->n_kernels > OC_CHOICE_MAX)
        return;
    layer *l = layer_by_key(t, s->kernel_key);
    if (!l) {
        l = &t->layers[t->n_layers++];
        snprintf(l->key, sizeof(l->key), "%s", s->kernel_key);
        snprintf(l->name, sizeof(l->name), "%s", s->name);
        l->n = s->n_kernels;
        for (uint32_t k = 0; k < l->n; k++) {
            l->kernels[k] = s->kernels[k];
            l->guess = s->kernels[k] == s->kernel ? k : l->guess;
        }
        t->n_ways = l->n > t->n_ways ? l->n : t->n_ways;
    }
    l->steps++;
    t->layer_of[s->index] = (int32_t)(l - t->layers);
}

static oc_status list_layers(tuning *t, const oc_session *guess, oc_error *err)
{
    oc_session_describe(guess, count_step, t);
    t->layers = calloc(t->n_steps + 1, sizeof(*t->layers));
    t->layer_of = calloc(t->n_steps + 1, sizeof(*t->layer_of));
    if (!t->layers || !t->layer_of)
        return OC_FAIL(err, OC_NOMEM, "tune");
    oc_session_describe(guess, take_step, t);
    t->us = calloc((size_t)t->n_ways * t->n_steps * t->rounds + 1, sizeof(*t->us));
    return t->us ? OC_OK : OC_FAIL(err, OC_NOMEM, "tune");
}

/* ---- measuring ---- */

/* The table that makes every layer take its way `k`, counted on from the guess. */
static oc_status force_ways(const tuning *t, uint32_t k, oc_tune **out, oc_error *err)
{
    oc_tune  *table = NULL;
    oc_status st = oc_tune_create(&table, err);

    for (size_t i = 0; st == OC_OK && i < t->n_layers; i++) {
        const layer *l = &t->layers[i];
        st = oc_tune_put(table, l->key, l->kernels[(l->guess + k) % l->n], err);
    }
    if (st != OC_OK)
        oc_tune_destroy(table);
    else
        *out = table;
    return st;
}

static oc_status make_sessions(tuning *t, const cli_network *net, const cli_network_options *no,
                               oc_error *err)
{
    oc_status st = OC_OK;

    for (uint32_t k = 0; st == OC_OK && k < t->n_ways; k++) {
        oc_tune *table = NULL;
        if ((st = force_ways(t, k, &table, err)) == OC_OK)
            st = cli_network_session(net, no, table, &t->sessions[k], err);
        oc_tune_destroy(table);
    }
    return st;
}

static oc_status run_once(oc_session *s, oc_step_fn *fn, void *ctx, oc_error *err)
{
    const oc_port  *ports;
    size_t          n_in = oc_session_inputs(s, &ports), n_out;
    oc_tensor_view *in = calloc(n_in + 1, sizeof(*in));

    for (size_t i = 0; in && i < n_in; i++)
        in[i] = (oc_tensor_view){.info = ports[i].info, .data = oc_session_input_buffer(s, i)};
    n_out = oc_session_outputs(s, &ports);
    oc_tensor_view *out = calloc(n_out + 1, sizeof(*out));
    oc_status       st = in && out ? oc_session_run_watched(s, in, n_in, out, n_out, fn, ctx, err)
                                   : OC_FAIL(err, OC_NOMEM, "tune");
    free(in);
    free(out);
    return st;
}

static void fill_inputs(oc_session *s)
{
    const oc_port *ports;
    size_t         n = oc_session_inputs(s, &ports);

    for (size_t i = 0; i < n; i++)
        cli_fill(oc_session_input_buffer(s, i), &ports[i].info);
}

static oc_status measure(tuning *t, oc_error *err)
{
    oc_status st = OC_OK;

    for (uint32_t k = 0; st == OC_OK && k < t->n_ways; k++) {
        fill_inputs(t->sessions[k]);
        st = run_once(t->sessions[k], NULL, NULL, err);
    }
    for (t->round = 0; st == OC_OK && t->round < t->rounds; t->round++)
        for (uint32_t i = 0; st == OC_OK && i < t->n_ways; i++) {
            uint32_t k = (i + (uint32_t)t->round) % t->n_ways;
            t->now = k * t->n_steps;
            st = run_once(t->sessions[k], on_step, t, err);
        }
    return st;
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void choose(tuning *t)
{
    for (size_t i = 0; i < t->n_steps; i++) {
        layer *l = t->layer_of[i] < 0 ? NULL : &t->layers[t->layer_of[i]];
        for (uint32_t k = 0; l && k < l->n; k++) {
            float *us = t->us + (k * t->n_steps + i) * t->rounds;
            qsort(us, t->rounds, sizeof(*us), by_value);
            l->us[(l->guess + k) % l->n] += (double)us[t->rounds / 4];
        }
    }
    for (size_t i = 0; i < t->n_layers; i++) {
        layer *l = &t->layers[i];
        l->best = l->guess;
        for (uint32_t k = 0; k < l->n; k++)
            if (l->us[k] < l->us[l->best] && l->us[k] < BETTER * l->us[l->guess])
                l->best = k;
    }
}

/* ---- telling and keeping ---- */

static void print_table(const tuning *t, const char *path)
{
    double guessed = 0, chosen = 0;
    size_t changed = 0;

    printf("%-44s %5s %10s  %-12s  %s\n", "layer", "steps", "us", "kernel", "others");
    for (size_t i = 0; i < t->n_layers; i++) {
        const layer *l = &t->layers[i];
        printf("%-44.44s %5u %10.1f  %-12s", l->name, l->steps, l->us[l->best],
               l->kernels[l->best]);
        for (uint32_t k = 0; k < l->n; k++)
            if (k != l->best)
                printf("  %s%s %.1f", l->kernels[k], k == l->guess ? " (guess)" : "", l->us[k]);
        printf("\n");
        guessed += l->us[l->guess];
        chosen += l->us[l->best];
        changed += l->best != l->guess;
    }
    printf("\n%zu layers with a choice, %zu not as guessed: %.3f ms instead of %.3f\nkept in %s\n",
           t->n_layers, changed, chosen * 1e-3, guessed * 1e-3, path);
}

static void print_json(const tuning *t, const char *model, const char *path)
{
    printf("{\"model\":");
    cli_json_text(stdout, model);
    printf(",\"cache\":");
    cli_json_text(stdout, path);
    printf(",\"layers\":[");
    for (size_t i = 0; i < t->n_layers; i++) {
        const layer *l = &t->layers[i];
        printf("%s{\"name\":", i ? "," : "");
        cli_json_text(stdout, l->name);
        printf(",\"key\":\"%s\",\"steps\":%u,\"guess\":\"%s\",\"kernel\":\"%s\",\"us\":{", l->key,
               l->steps, l->kernels[l->guess], l->kernels[l->best]);
        for (uint32_t k = 0; k < l->n; k++)
            printf("%s\"%s\":%.2f", k ? "," : "", l->kernels[k], l->us[k]);
        printf("}}");
    }
    printf("]}\n");
}

/* Adds to what the cache has of other networks. */
static oc_status keep(const tuning *t, char *path, size_t n, oc_error *err)
{
    oc_tune  *table = NULL;
    oc_status st;

    if ((st = cli_tune_path(path, n, err)) != OC_OK || (st = cli_tune_load(&table, err)) != OC_OK)
        return st;
    for (size_t i = 0; st == OC_OK && i < t->n_layers; i++)
        st = oc_tune_put(table, t->layers[i].key, t->layers[i].kernels[t->layers[i].best], err);
    char *slash = strrchr(path, '/');
    *slash = 0;
    if (st == OC_OK)
        st = cli_make_folders(path, err);
    *slash = '/';
    if (st == OC_OK)
        st = oc_tune_save(table, path, err);
    oc_tune_destroy(table);
    return st;
}

int oc_cmd_tune(int argc, char **argv);

int oc_cmd_tune(int argc, char **argv)
{
    cli_network_options no = {.threads = 0};
    cli_network         net = {0};
    tuning              t = {.rounds = 15};
    const char         *pos[1];
    char                path[4096];
    bool                json = false;
    size_t              n_pos;
    oc_error            err = {0};
    const cli_option options[] = {{"--rounds", 'u', &t.rounds, "N", "runs of every candidate (15)"},
                                  CLI_NETWORK_OPTIONS(no),
                                  {"--json", 'f', &json, NULL, "one JSON document on stdout"},
                                  {0}};
    const cli_command command = {
        "tune",  "MODEL", "Measures which kernels are the quickest for a network on this machine.",
        options, 1,       1};
    int e = cli_parse(&command, argc, argv, pos, &n_pos);
    if (e >= 0)
        return e;
    if (t.rounds < 1 || t.rounds > ROUNDS_MAX)
        return cli_usage("tune", "--rounds is 1 to %d", ROUNDS_MAX);
    oc_status st = cli_network_open(pos[0], &no, NULL, 0, &net, &err);
    if (st == OC_OK && (st = list_layers(&t, net.session, &err)) == OC_OK &&
        (st = make_sessions(&t, &net, &no, &err)) == OC_OK && (st = measure(&t, &err)) == OC_OK) {
        choose(&t);
        st = keep(&t, path, sizeof(path), &err);
    }
    if (st == OC_OK && json)
        print_json(&t, pos[0], path);
    else if (st == OC_OK)
        print_table(&t, path);
    for (uint32_t k = 0; k < OC_CHOICE_MAX; k++)
        oc_session_destroy(t.sessions[k]);
    free(t.layers);
    free(t.layer_of);
    free(t.us);
    cli_network_close(&net);
    return st == OC_OK ? CLI_DONE : cli_fail("tune", &err);
}
