#include "tell.h"

#include <math.h>

static uint64_t dropped(const outcome *o)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < REASONS; i++)
        n += o->dropped[i];
    return n;
}

/* Late or dropped, per cent. */
static double not_in_time(const outcome *o)
{
    return o->released ? 100.0 * (double)(o->missed + dropped(o)) / (double)o->released : 0.0;
}

/* Of a class, per cent of its jobs. */
static double class_not_in_time(const load *l, const outcome *o, oc_sched_class cls)
{
    outcome sum = {0};
    for (unsigned n = 0; n < NETWORKS; n++)
        if (l->network[n].cls == cls) {
            sum.released += o[n].released;
            sum.missed += o[n].missed + dropped(&o[n]);
        }
    return not_in_time(&sum);
}

/* Every job that was submitted is done or dropped, by the scheduler's count and by this one's. */
static bool accounted(const demand_result *d)
{
    bool all = !d->scheduler.full;
    for (unsigned n = 0; n < NETWORKS; n++) {
        const outcome *c = &d->scheduler.clean[n], *s = &d->scheduler.disturbed[n];
        all = all && d->facts.submitted[n] == d->facts.told[n] &&
              d->facts.submitted[n] == c->released + s->released &&
              c->released == c->done + dropped(c) && s->released == s->done + dropped(s);
    }
    return all;
}

/* ---- JSON ---- */

static void json_outcome(FILE *f, const outcome *o)
{
    fprintf(f, "{\"released\":%llu,\"done\":%llu,\"missed\":%llu,\"dropped\":{",
            (unsigned long long)o->released, (unsigned long long)o->done,
            (unsigned long long)o->missed);
    for (unsigned i = 0; i < REASONS; i++)
        fprintf(f, "%s\"%s\":%llu", i ? "," : "", reason_name(i),
                (unsigned long long)o->dropped[i]);
    fprintf(f, "},\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f}", o->p50_ms,
            o->p99_ms, o->p999_ms, o->max_ms);
}

static void json_outcomes(FILE *f, const results *r, const char *name, const outcome *o)
{
    fprintf(f, "\"%s\":{", name);
    for (unsigned n = 0; n < NETWORKS; n++) {
        fprintf(f, "%s\"%s\":", n ? "," : "", r->l->network[n].card);
        json_outcome(f, &o[n]);
    }
    fprintf(f, "}");
}

static void json_way(FILE *f, const results *r, const char *name, const way *w)
{
    fprintf(f, ",\"%s\":{\"seconds\":%zu,\"disturbed_seconds\":%zu,\"elsewhere\":%.3f,", name,
            w->seconds, w->disturbed_seconds, w->elsewhere);
    json_outcomes(f, r, "networks", w->clean);
    fprintf(f, ",");
    json_outcomes(f, r, "disturbed", w->disturbed);
    fprintf(f, "}");
}

static void json_spread(FILE *f, const char *name, const oc_sched_spread *s)
{
    fprintf(f,
            "\"%s\":{\"n\":%llu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f}",
            name, (unsigned long long)s->n, (double)s->p50_ns * 1e-3, (double)s->p99_ns * 1e-3,
            (double)s->p999_ns * 1e-3, (double)s->max_ns * 1e-3);
}

static void json_demand(FILE *f, const results *r, const demand_result *d)
{
    fprintf(f,
            "{\"demand\":%.2f,\"scale\":%.4f,\"busy\":%.3f,\"blocking_p999_ms\":%.3f,"
            "\"blocking_max_ms\":%.3f,\"accounted\":%s",
            d->demand, d->scale, d->facts.busy, d->facts.blocking_p999_ms, d->facts.blocking_max_ms,
            accounted(d) ? "true" : "false");
    json_way(f, r, "scheduler", &d->scheduler);
    fprintf(f, ",");
    json_outcomes(f, r, "simulator", d->sim.network);
    if (d->naive.ran)
        json_way(f, r, "onnxruntime", &d->naive);
    fprintf(f, "}");
}

void tell_json(FILE *f, const results *r)
{
    fprintf(f, "{\"cores\":%u,\"solo_sum_ms\":%.3f,\"networks\":[", r->l->cores,
            load_solo_sum_ms(r->l));
    for (unsigned n = 0; n < NETWORKS; n++) {
        const load_network *w = &r->l->network[n];
        fprintf(f,
                "%s{\"name\":\"%s\",\"class\":\"%s\",\"rate\":%.2f,\"deadline_ms\":%.0f,"
                "\"solo_ms\":%.3f,\"solo_cpu_ms\":%.3f,\"wide_ms\":%.3f}",
                n ? "," : "", w->card, oc_sched_class_name(w->cls), w->rate, w->deadline_ms,
                w->solo_ms, w->solo_cpu_ms, w->wide_ms);
    }
    fprintf(f, "]");
    if (r->have_overhead)
        fprintf(f, ",\"overhead_us\":{\"alone\":%.3f,\"crowded\":%.3f,\"submitted\":%.3f}",
                r->overhead.alone_us, r->overhead.crowded_us, r->overhead.async_us);
    if (r->have_blocking) {
        fprintf(f, ",\"blocking\":{\"slack_run_ms\":%.2f,\"preempted\":%llu,\"steal\":%.4f,",
                r->blocking.slack_run_ms, (unsigned long long)r->blocking.preempted,
                r->blocking.steal);
        fprintf(f, "\"simulated_p999_ms\":%.3f,\"critical_queue\":", r->blocking.simulated_p999_ms);
        json_outcome(f, &r->blocking.queue);
        fprintf(f, ",");
        json_spread(f, "unyielded", &r->blocking.unyielded);
        fprintf(f, "}");
    }
    fprintf(f, ",\"demands\":[");
    for (size_t i = 0; i < r->n_demands; i++) {
        fprintf(f, i ? "," : "");
        json_demand(f, r, &r->demand[i]);
    }
    fprintf(f, "]}\n");
}

/* ---- Markdown ---- */

static void row(FILE *f, double demand, const char *how, const load_network *net, const outcome *o)
{
    const double all = o->released ? (double)o->released : 1.0;
    fprintf(f, "| %.0f %% | %s | %s (%s) | %llu | %.2f | ", demand * 100, how, net->card,
            oc_sched_class_name(net->cls), (unsigned long long)o->released,
            100.0 * (double)o->missed / all);
    if (!dropped(o))
        fprintf(f, "0");
    for (unsigned i = 0, told = 0; i < REASONS; i++)
        if (o->dropped[i])
            fprintf(f, "%s%s %.2f", told++ ? ", " : "", reason_name(i),
                    100.0 * (double)o->dropped[i] / all);
    fprintf(f, " | %.1f | %.1f | %.1f |\n", o->p50_ms, o->p99_ms, o->max_ms);
}

static void markdown_demand(FILE *f, const results *r, const demand_result *d)
{
    for (unsigned n = 0; n < NETWORKS; n++) {
        const load_network *net = &r->l->network[n];
        if (d->scheduler.ran)
            row(f, d->demand, "scheduler", net, &d->scheduler.clean[n]);
        row(f, d->demand, "simulator", net, &d->sim.network[n]);
        if (d->naive.ran)
            row(f, d->demand, "ONNX Runtime", net, &d->naive.clean[n]);
    }
}

static void networks(FILE *f, const results *r)
{
    const load *l = r->l;
    fprintf(f,
            "| network | class | deadline ms | solo ms (1 core) | CPU ms | all %u cores ms |\n"
            "|---|---|---|---|---|---|\n",
            l->cores);
    for (unsigned n = 0; n < NETWORKS; n++) {
        const load_network *w = &l->network[n];
        fprintf(f, "| %s | %s | %.0f | %.2f | %.2f | %.2f |\n", w->card,
                oc_sched_class_name(w->cls), w->deadline_ms, w->solo_ms, w->solo_cpu_ms,
                w->wide_ms);
    }
    fprintf(f, "\nSolo sum: %.1f ms.\n", load_solo_sum_ms(l));
}

/* One line of what was to be reached. */
static void goal(FILE *f, const char *what, double value, const char *unit, double most)
{
    fprintf(f, "| %s | %.2f%s | %.2f | %s |\n", what, value, unit, most,
            value <= most ? "yes" : "**no**");
}

static double worst_p99(const demand_result *d)
{
    double worst = 0;
    for (unsigned n = 0; n < NETWORKS; n++)
        worst = fmax(worst, d->scheduler.clean[n].p99_ms);
    return worst;
}

/* How far the slowest done job was beyond its deadline, in deadlines: 1 = none was late. */
static double worst_late(const load *l, const demand_result *d, oc_sched_class cls)
{
    double worst = 0;
    for (unsigned n = 0; n < NETWORKS; n++)
        if (l->network[n].cls == cls)
            worst = fmax(worst, d->scheduler.clean[n].p99_ms / l->network[n].deadline_ms);
    return worst;
}

static void goals_of(FILE *f, const results *r, const demand_result *d)
{
    char        what[160];
    const load *l = r->l;
    double      by_class[OC_SCHED_CLASSES];
    for (unsigned c = 0; c < OC_SCHED_CLASSES; c++) {
        const double sim = class_not_in_time(l, d->sim.network, c);
        const char  *name = oc_sched_class_name(c);
        by_class[c] = class_not_in_time(l, d->scheduler.clean, c);
        if (c == OC_SCHED_CRITICAL) {
            snprintf(what, sizeof(what), "%.0f %%: critical jobs late or dropped, simulator",
                     d->demand * 100);
            goal(f, what, sim, " %", d->demand < 1 ? 0.0 : 0.1);
        }
        if (!d->scheduler.ran)
            continue;
        snprintf(what, sizeof(what),
                 "%.0f %%: %s, real %.2f %%: apart from the simulator's %.2f %%", d->demand * 100,
                 name, by_class[c], sim);
        goal(f, what, fabs(by_class[c] - sim), " points", 0.5);
    }
    if (!d->scheduler.ran)
        return;
    if (d->demand < 0.8) {
        snprintf(what, sizeof(what), "%.0f %%: slowest network's p99 ÷ solo sum", d->demand * 100);
        goal(f, what, worst_p99(d) / load_solo_sum_ms(l), "", 1.3);
    }
    for (unsigned c = 0; c < OC_SCHED_CLASSES && d->demand > 1; c++) {
        snprintf(what, sizeof(what), "%.0f %%: %s, p99 of what is done ÷ deadline", d->demand * 100,
                 oc_sched_class_name(c));
        goal(f, what, worst_late(l, d, c), "", 1.0);
    }
    fprintf(
        f,
        "| %.0f %%: higher classes are served first | %.2f, %.2f, %.2f %% not in time | | %s |\n",
        d->demand * 100, by_class[0], by_class[1], by_class[2],
        by_class[0] <= by_class[1] && by_class[1] <= by_class[2] ? "yes" : "**no**");
    fprintf(f, "| %.0f %%: every job is done or dropped with a reason | | | %s |\n",
            d->demand * 100, accounted(d) ? "yes" : "**no**");
}

static void goals(FILE *f, const results *r)
{
    fprintf(f, "\n| what | measured | at most | reached |\n|---|---|---|---|\n");
    for (size_t i = 0; i < r->n_demands; i++)
        goals_of(f, r, &r->demand[i]);
    if (r->have_overhead) {
        const overhead *o = &r->overhead;
        goal(f, "scheduling and queueing of a job among four threads", o->crowded_us, " us", 20);
        goal(f, "the same for a submitted job", o->async_us, " us", 20);
        goal(f, "the costlier of these ÷ a job of 1 ms", fmax(o->crowded_us, o->async_us) / 10,
             " %", 2);
    }
    if (r->have_blocking) {
        goal(f, "wait of a critical job beside a long slack one, p99.9", r->blocking.queue.p999_ms,
             " ms", 5);
        goal(f, "the same in the simulator", r->blocking.simulated_p999_ms, " ms", 2);
    }
}

static void micro(FILE *f, const results *r)
{
    if (r->have_overhead)
        fprintf(
            f,
            "\nAn empty job costs %.2f us alone, %.2f us of core time among four threads, %.2f us "
            "submitted.\n",
            r->overhead.alone_us, r->overhead.crowded_us, r->overhead.async_us);
    if (r->have_blocking)
        fprintf(
            f,
            "\nA critical job beside a slack one of %.0f ms on all cores waits %.3f ms (p50), %.3f "
            "(p99), %.3f (p99.9), %.3f at most, of %llu; %zu s, %zu of them with steal and counted "
            "apart. The slack one's longest stretch without a yield is %.2f ms (p50), %.2f (p99.9).\n",
            r->blocking.slack_run_ms, r->blocking.queue.p50_ms, r->blocking.queue.p99_ms,
            r->blocking.queue.p999_ms, r->blocking.queue.max_ms,
            (unsigned long long)r->blocking.queue.done, r->blocking.seconds,
            r->blocking.disturbed_seconds, (double)r->blocking.unyielded.p50_ns * 1e-6,
            (double)r->blocking.unyielded.p999_ns * 1e-6);
}

static void about_run(FILE *f, const demand_result *d, const char *how, const way *w)
{
    fprintf(
        f,
        "\nAt %.0f %%, %s: %zu s, %zu of them with more than 0.5 %% steal, repeated and counted "
        "apart; others used %.1f %% of the machine.",
        d->demand * 100, how, w->seconds, w->disturbed_seconds, w->elsewhere * 100);
}

void tell_markdown(FILE *f, const results *r)
{
    networks(f, r);
    micro(f, r);
    goals(f, r);
    fprintf(f,
            "\n| demand | how | network (class) | jobs | late %% | dropped %% | p50 ms | p99 ms | "
            "max ms |\n|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < r->n_demands; i++)
        markdown_demand(f, r, &r->demand[i]);
    for (size_t i = 0; i < r->n_demands; i++) {
        const demand_result *d = &r->demand[i];
        if (!d->scheduler.ran)
            continue;
        about_run(f, d, "scheduler", &d->scheduler);
        fprintf(f,
                " Cores were lent %.0f %% of the time; longest stretch without a yield %.2f ms "
                "(p99.9), %.2f ms at most.\n",
                d->facts.busy * 100, d->facts.blocking_p999_ms, d->facts.blocking_max_ms);
        if (d->naive.ran)
            about_run(f, d, "ONNX Runtime", &d->naive);
        fprintf(f, "%s", d->naive.ran ? "\n" : "");
    }
}
