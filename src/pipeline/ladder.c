/* Two windows: one short for what goes wrong, one long for what goes well. */
#include "pipeline/ladder.h"

#define LEAST_FRAMES 3 /* of a window that decides to climb */
#define PATIENCE_MAX 64

void oc_ladder_init(oc_ladder *l, const oc_degrade_config *config, uint64_t objective_ns)
{
    *l = (oc_ladder){.config = config, .objective_ns = objective_ns, .patience = 1};
}

static uint64_t ns_of(double seconds)
{
    return (uint64_t)(seconds * 1e9);
}

static void begin_window(oc_ladder *l, uint64_t now)
{
    l->window_ns = now;
    l->frames = l->late = 0;
}

static int move(oc_ladder *l, uint64_t now, uint64_t latency_ns, int step)
{
    l->level += (uint32_t)step;
    l->latency_ns = latency_ns;
    l->moved_ns = now;
    l->moved_down = step < 0;
    l->calm_ns = 0;
    begin_window(l, now);
    return step;
}

/* Down too early, if it is up again within twice the time that calm had to last. */
static void learn(oc_ladder *l, uint64_t now)
{
    uint64_t soon = 2 * ns_of(l->config->descend_s);
    if (l->moved_down && now - l->moved_ns < soon && l->patience < PATIENCE_MAX)
        l->patience *= 2;
    else if (now - l->moved_ns > PATIENCE_MAX * soon)
        l->patience = 1;
}

int oc_ladder_note(oc_ladder *l, uint64_t now, uint64_t latency_ns)
{
    const oc_degrade_config *c = l->config;
    if (c->n == 0 || l->objective_ns == 0)
        return 0;
    if (!l->begun) {
        l->begun = true;
        l->moved_ns = now;
        begin_window(l, now);
    }
    l->frames++;
    l->late += latency_ns > l->objective_ns;
    if ((double)latency_ns > c->margin * (double)l->objective_ns)
        l->calm_ns = 0;
    else if (l->calm_ns == 0)
        l->calm_ns = now;
    if (now - l->window_ns >= ns_of(c->climb_s) && l->frames >= LEAST_FRAMES) {
        bool bad = 2 * l->late >= l->frames;
        begin_window(l, now);
        if (bad && l->level < c->n) {
            learn(l, now);
            return move(l, now, latency_ns, 1);
        }
    }
    if (l->level > 0 && l->calm_ns && now - l->calm_ns >= l->patience * ns_of(c->descend_s))
        return move(l, now, latency_ns, -1);
    return 0;
}
