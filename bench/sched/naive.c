/* ONNX Runtime as one would use it at first: one session a network with its own threads, a thread a
 * stream that runs what is due, the newest frame of each.  Inputs are made beforehand, so that only
 * the networks themselves are timed here, while the scheduler's jobs have their pre-processing inside. */
#include "engines.h"

#ifndef OC_ORT_LIBRARY
oc_status run_naive(load *l, const load_task tasks[TASKS], duration d, ledger *g, oc_error *err)
{
    (void)l;
    (void)tasks;
    (void)d;
    (void)g;
    return OC_FAIL(err, OC_NOT_FOUND, "built without ONNX Runtime");
}
#else

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "onnxruntime_c_api.h"
#include "telemetry/histogram.h"

#define OUTPUTS_MAX 8

typedef struct naive_net {
    OrtSession *session;
    char       *in_name, *out_name[OUTPUTS_MAX];
    size_t      n_out;
    OrtValue   *in[STREAMS]; /* over a copy of the prepared input */
    void       *data[STREAMS];
} naive_net;

typedef struct naive {
    const OrtApi    *api;
    OrtEnv          *env;
    OrtMemoryInfo   *cpu;
    naive_net        net[NETWORKS];
    const load_task *tasks;
    ledger          *g;
} naive;

typedef struct naive_stream {
    naive    *n;
    unsigned  stream;
    oc_status status;
    oc_error  err;
} naive_stream;

static oc_status check(const naive *n, OrtStatus *status, oc_error *err)
{
    if (!status)
        return OC_OK;
    oc_status st =
        OC_FAIL(err, OC_UNSUPPORTED, "ONNX Runtime: %.150s", n->api->GetErrorMessage(status));
    n->api->ReleaseStatus(status);
    return st;
}

static oc_status open_library(naive *n, oc_error *err)
{
    const char *path = getenv("OC_ORT");
    void       *library = dlopen(path ? path : OC_ORT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    const OrtApiBase *(*base)(void) = NULL;
    if (library)
        *(void **)&base = dlsym(library, "OrtGetApiBase");
    if (!base)
        return OC_FAIL(err, OC_NOT_FOUND, "%.180s", dlerror());
    for (uint32_t v = ORT_API_VERSION; !n->api && v >= 14; v--)
        n->api = base()->GetApi(v);
    if (!n->api)
        return OC_FAIL(err, OC_NOT_FOUND, "ONNX Runtime is too old");
    oc_status st = check(n, n->api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "naive", &n->env), err);
    return st != OC_OK
               ? st
               : check(n,
                       n->api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &n->cpu),
                       err);
}

static ONNXTensorElementDataType type_of(oc_dtype t)
{
    return t == OC_U8    ? ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8
           : t == OC_I32 ? ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32
                         : ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
}

/* The network's own input for a frame of each stream. */
static oc_status make_inputs(naive *n, load *l, unsigned network, oc_error *err)
{
    naive_net *net = &n->net[network];
    for (unsigned s = 0; s < STREAMS; s++) {
        oc_net_stage stage;
        size_t       bytes;
        oc_frame    *line = NULL; /* as wide and high as what the scheduler's jobs cut out */
        oc_status    st = OC_OK;
        if (l->network[network].crop)
            st = oc_frame_create(OC_PIXEL_RGB24, 288, 48, &line, err);
        if (st == OC_OK)
            st = oc_net_prepare(l->network[network].net[0], line ? line : l->frame[s][0], &stage,
                                err);
        oc_frame_unref(line);
        if (st != OC_OK)
            return st;
        const oc_tensor_info *info = &stage.input.info;
        if (!oc_tensor_bytes(info, &bytes) || !(net->data[s] = malloc(bytes)))
            return OC_FAIL(err, OC_NOMEM, "an input");
        memcpy(net->data[s], stage.input.data, bytes);
        st = check(n,
                   n->api->CreateTensorWithDataAsOrtValue(n->cpu, net->data[s], bytes,
                                                          info->shape.dim, info->shape.rank,
                                                          type_of(info->dtype), &net->in[s]),
                   err);
        if (st != OC_OK)
            return st;
    }
    return OC_OK;
}

static oc_status open_net(naive *n, load *l, unsigned network, oc_error *err)
{
    naive_net         *net = &n->net[network];
    OrtSessionOptions *o = NULL;
    OrtAllocator      *a = NULL;
    oc_status          st = check(n, n->api->CreateSessionOptions(&o), err);
    if (st == OC_OK)
        st = check(n,
                   n->api->CreateSession(n->env, oc_net_model_path(l->network[network].net[0]), o,
                                         &net->session),
                   err);
    if (o)
        n->api->ReleaseSessionOptions(o);
    if (st == OC_OK && (st = check(n, n->api->GetAllocatorWithDefaultOptions(&a), err)) == OC_OK &&
        (st = check(n, n->api->SessionGetInputName(net->session, 0, a, &net->in_name), err)) ==
            OC_OK)
        st = check(n, n->api->SessionGetOutputCount(net->session, &net->n_out), err);
    net->n_out = net->n_out < OUTPUTS_MAX ? net->n_out : OUTPUTS_MAX;
    for (size_t i = 0; i < net->n_out && st == OC_OK; i++)
        st = check(n, n->api->SessionGetOutputName(net->session, i, a, &net->out_name[i]), err);
    return st == OC_OK ? make_inputs(n, l, network, err) : st;
}

static oc_status run_one(const naive *n, unsigned network, unsigned stream, oc_error *err)
{
    const naive_net *net = &n->net[network];
    OrtValue        *out[OUTPUTS_MAX] = {NULL};
    const OrtValue  *in[] = {net->in[stream]};
    const char      *in_name[] = {net->in_name};
    oc_status        st = check(n,
                                n->api->Run(net->session, NULL, in_name, in, 1,
                                            (const char *const *)net->out_name, net->n_out, out),
                                err);
    for (size_t i = 0; i < net->n_out; i++)
        if (out[i])
            n->api->ReleaseValue(out[i]);
    return st;
}

static void *run_stream(void *arg)
{
    naive_stream *s = arg;
    naive        *n = s->n;
    uint64_t      next[NETWORKS];
    for (unsigned i = 0; i < NETWORKS; i++)
        next[i] = n->g->start_ns + n->tasks[s->stream * NETWORKS + i].first_ns;
    while (s->status == OC_OK && !ledger_enough(n->g)) {
        unsigned first = 0;
        for (unsigned i = 1; i < NETWORKS; i++)
            first = next[i] < next[first] ? i : first;
        const load_task *t = &n->tasks[s->stream * NETWORKS + first];
        struct timespec  at = {(time_t)(next[first] / 1000000000u),
                               (long)(next[first] % 1000000000u)};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        for (uint64_t now = oc_now_ns(); next[first] + t->period_ns <= now;
             next[first] += t->period_ns)
            ledger_note(n->g, &(job_end){first, 2 + OC_SCHED_DROPS, next[first],
                                         next[first] + t->period_ns, 0});
        s->status = run_one(n, first, s->stream, &s->err);
        const uint64_t now = oc_now_ns();
        ledger_note(n->g,
                    &(job_end){first, now > next[first] + t->deadline_ns, next[first], now, 0});
        next[first] += t->period_ns;
    }
    return NULL;
}

static void close_all(naive *n)
{
    for (unsigned i = 0; i < NETWORKS; i++) {
        for (unsigned s = 0; s < STREAMS; s++) {
            if (n->net[i].in[s])
                n->api->ReleaseValue(n->net[i].in[s]);
            free(n->net[i].data[s]);
        }
        if (n->net[i].session)
            n->api->ReleaseSession(n->net[i].session);
    }
    if (n->cpu)
        n->api->ReleaseMemoryInfo(n->cpu);
    if (n->env)
        n->api->ReleaseEnv(n->env);
}

oc_status run_naive(load *l, const load_task tasks[TASKS], duration d, ledger *g, oc_error *err)
{
    naive        n = {.tasks = tasks, .g = g};
    naive_stream stream[STREAMS];
    pthread_t    thread[STREAMS];
    unsigned     running = 0;
    oc_status    st = open_library(&n, err);
    for (unsigned i = 0; i < NETWORKS && st == OC_OK; i++)
        st = open_net(&n, l, i, err);
    for (unsigned i = 0; i < TASKS && st == OC_OK; i++) /* the first run of each is nobody's */
        st = run_one(&n, i % NETWORKS, i / NETWORKS, err);
    if (st == OC_OK && !ledger_open(g, d.seconds, d.most))
        st = OC_FAIL(err, OC_NOMEM, "a ledger");
    for (; running < STREAMS && st == OC_OK; running++) {
        stream[running] = (naive_stream){.n = &n, .stream = running};
        if (pthread_create(&thread[running], NULL, run_stream, &stream[running]) != 0)
            st = OC_FAIL(err, OC_NOMEM, "a thread");
    }
    for (unsigned i = 0; i < running; i++) {
        pthread_join(thread[i], NULL);
        if (stream[i].status != OC_OK && st == OC_OK) {
            st = stream[i].status;
            *err = stream[i].err;
        }
    }
    close_all(&n);
    return st;
}
#endif
