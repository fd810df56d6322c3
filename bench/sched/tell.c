#include "tell.h"

static uint64_t dropped(const outcome *o)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < REASONS; i++)
        n += o->dropped[i];
    return n;
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
    fprintf(f, "},\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}", o->p50_ms, o->p99_ms,
            o->max_ms);
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
            "\"blocking_max_ms\":%.3f",
            d->demand, d->scale, d->facts.busy, d->facts.blocking_p999_ms,
            d->facts.blocking_max_ms);
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
        json_spread(f, "critical_queue", &r->blocking.queue);
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
        row(f, d->demand, "scheduler", net, &d->scheduler.clean[n]);
        row(f, d->demand, "simulator", net, &d->sim.network[n]);
        if (d->naive.ran)
            row(f, d->demand, "ONNX Runtime", net, &d->naive.clean[n]);
    }
}

void tell_markdown(FILE *f, const results *r)
{
    fprintf(f,
            "| network | class | deadline ms | solo ms (1 core) | CPU ms | all %u cores ms |\n"
            "|---|---|---|---|---|---|\n",
            r->l->cores);
    for (unsigned n = 0; n < NETWORKS; n++) {
        const load_network *w = &r->l->network[n];
        fprintf(f, "| %s | %s | %.0f | %.2f | %.2f | %.2f |\n", w->card,
                oc_sched_class_name(w->cls), w->deadline_ms, w->solo_ms, w->solo_cpu_ms,
                w->wide_ms);
    }
    fprintf(f, "\nSolo sum: %.1f ms.\n", load_solo_sum_ms(r->l));
    if (r->have_overhead)
        fprintf(
            f,
            "An empty job costs %.2f us alone, %.2f us of core time among four threads, %.2f us "
            "submitted: %.2f %% of a job of 1 ms.\n",
            r->overhead.alone_us, r->overhead.crowded_us, r->overhead.async_us,
            r->overhead.crowded_us / 10.0);
    if (r->have_blocking)
        fprintf(
            f,
            "A critical job beside a slack one of %.0f ms on all cores waits %.3f ms (p50), %.3f "
            "(p99), %.3f (p99.9), %.3f at most, of %llu; steal %.2f %%.\n",
            r->blocking.slack_run_ms, (double)r->blocking.queue.p50_ns * 1e-6,
            (double)r->blocking.queue.p99_ns * 1e-6, (double)r->blocking.queue.p999_ns * 1e-6,
            (double)r->blocking.queue.max_ns * 1e-6, (unsigned long long)r->blocking.queue.n,
            r->blocking.steal * 100);
    fprintf(
        f,
        "\n| demand | how | network (class) | jobs | missed %% | dropped %% | p50 ms | p99 ms | max ms |\n"
        "|---|---|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < r->n_demands; i++)
        markdown_demand(f, r, &r->demand[i]);
    for (size_t i = 0; i < r->n_demands; i++) {
        const demand_result *d = &r->demand[i];
        fprintf(
            f,
            "\nAt %.0f %%: %zu s measured, %zu of them with more than 0.5 %% steal counted apart; others "
            "used %.1f %% of the machine; cores lent %.0f %% of the time; longest stretch without a yield "
            "%.2f ms (p99.9), %.2f ms at most.\n",
            d->demand * 100, d->scheduler.seconds, d->scheduler.disturbed_seconds,
            d->scheduler.elsewhere * 100, d->facts.busy * 100, d->facts.blocking_p999_ms,
            d->facts.blocking_max_ms);
    }
}
