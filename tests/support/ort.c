#include "support/ort.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnxruntime_c_api.h"

#define PORTS_MAX 512

static struct {
    void          *dl;
    const OrtApi  *api;
    OrtEnv        *env;
    OrtMemoryInfo *cpu;
    char           version[32];
} ort;

struct ort_session {
    OrtSession *session;
    size_t      n_in, n_out;
    char       *in_name[PORTS_MAX], *out_name[PORTS_MAX];
    OrtValue   *in[PORTS_MAX], *out[PORTS_MAX];
};

/* dtype of ours and of theirs */
static const struct {
    oc_dtype                  ours;
    ONNXTensorElementDataType theirs;
} dtypes[] = {
    {OC_F32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},  {OC_F16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16},
    {OC_F64, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE}, {OC_U8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8},
    {OC_I8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8},    {OC_U16, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16},
    {OC_I16, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16},  {OC_U32, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32},
    {OC_I32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32},  {OC_U64, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64},
    {OC_I64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64},  {OC_BOOL, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL},
};
#define N_DTYPES (sizeof(dtypes) / sizeof(dtypes[0]))

static oc_status check(OrtStatus *status, oc_error *err)
{
    if (!status)
        return OC_OK;
    OC_FAIL(err, OC_INVALID, "ONNX Runtime: %s", ort.api->GetErrorMessage(status));
    ort.api->ReleaseStatus(status);
    return OC_INVALID;
}

static void library_path(char *path, size_t bytes)
{
    const char *own = getenv("OC_ORT"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (own)
        snprintf(path, bytes, "%s", own);
    else if (cache && *cache)
        snprintf(path, bytes, "%s/ocellus/onnxruntime/lib/libonnxruntime.so.1", cache);
    else
        snprintf(path, bytes, "%s/.cache/ocellus/onnxruntime/lib/libonnxruntime.so.1",
                 home ? home : "");
}

oc_status ort_open(oc_error *err)
{
    char path[4096];
    library_path(path, sizeof(path));
    ort.dl = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!ort.dl)
        return OC_FAIL(err, OC_NOT_FOUND, "%s (./dev setup test fetches it)", dlerror());
    const OrtApiBase *(*base)(void) = NULL;
    *(void **)&base = dlsym(ort.dl, "OrtGetApiBase");
    if (!base)
        return OC_FAIL(err, OC_FORMAT, "%s: not ONNX Runtime", path);
    snprintf(ort.version, sizeof(ort.version), "%s", base()->GetVersionString());
    /* the header is younger or older than the library: what is used here is in both */
    for (uint32_t v = ORT_API_VERSION; !ort.api && v >= 14; v--)
        ort.api = base()->GetApi(v);
    if (!ort.api)
        return OC_FAIL(err, OC_UNSUPPORTED, "%s: too old (%s)", path, ort.version);
    oc_status st = check(ort.api->CreateEnv(ORT_LOGGING_LEVEL_FATAL, /* errors are returned, too */
                                            "ocellus", &ort.env),
                         err);
    if (st == OC_OK)
        st = check(ort.api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &ort.cpu),
                   err);
    return st;
}

void ort_close(void)
{
    /* the library's own threads outlive their pool for a moment: it stays loaded until exit */
    if (ort.cpu)
        ort.api->ReleaseMemoryInfo(ort.cpu);
    if (ort.env)
        ort.api->ReleaseEnv(ort.env);
    ort.cpu = NULL;
    ort.env = NULL;
}

const char *ort_version(void)
{
    return ort.version;
}

static oc_status read_names(ort_session *s, oc_error *err)
{
    OrtAllocator *heap = NULL;
    oc_status     st = check(ort.api->GetAllocatorWithDefaultOptions(&heap), err);
    if (st == OC_OK)
        st = check(ort.api->SessionGetInputCount(s->session, &s->n_in), err);
    if (st == OC_OK)
        st = check(ort.api->SessionGetOutputCount(s->session, &s->n_out), err);
    if (st == OC_OK && (s->n_in > PORTS_MAX || s->n_out > PORTS_MAX))
        st = OC_FAIL(err, OC_UNSUPPORTED, "more than %d inputs or outputs", PORTS_MAX);
    for (size_t i = 0; st == OC_OK && i < s->n_in; i++)
        st = check(ort.api->SessionGetInputName(s->session, i, heap, &s->in_name[i]), err);
    for (size_t i = 0; st == OC_OK && i < s->n_out; i++)
        st = check(ort.api->SessionGetOutputName(s->session, i, heap, &s->out_name[i]), err);
    return st;
}

/* From the file, or from memory where there is no path. */
static oc_status create(const char *path, const void *model, size_t n, int threads, bool optimise,
                        ort_session **out, oc_error *err)
{
    OrtSessionOptions *options = NULL;
    oc_status          st = OC_NOMEM;
    ort_session       *s = calloc(1, sizeof(*s));
    if (!s)
        goto out;
    if ((st = check(ort.api->CreateSessionOptions(&options), err)) != OC_OK ||
        (st = check(ort.api->SetIntraOpNumThreads(options, threads), err)) != OC_OK ||
        (st = check(ort.api->SetInterOpNumThreads(options, 1), err)) != OC_OK ||
        (st = check(ort.api->SetSessionGraphOptimizationLevel(options, optimise ? ORT_ENABLE_ALL
                                                                                : ORT_DISABLE_ALL),
                    err)) != OC_OK ||
        (st = check(ort.api->AddSessionConfigEntry(options, "session.x64quantprecision", "1"),
                    err)) != OC_OK ||
        (st = check(path ? ort.api->CreateSession(ort.env, path, options, &s->session)
                         : ort.api->CreateSessionFromArray(ort.env, model, n, options, &s->session),
                    err)) != OC_OK ||
        (st = read_names(s, err)) != OC_OK)
        goto out;
    *out = s;
    s = NULL;
out:
    if (options)
        ort.api->ReleaseSessionOptions(options);
    ort_session_destroy(s);
    return st;
}

oc_status ort_session_create(const char *path, int threads, ort_session **out, oc_error *err)
{
    return create(path, NULL, 0, threads, true, out, err);
}

oc_status ort_session_create_memory(const void *model, size_t n, bool optimise, ort_session **out,
                                    oc_error *err)
{
    return create(NULL, model, n, 1, optimise, out, err);
}

static void drop_values(OrtValue **values, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (values[i])
            ort.api->ReleaseValue(values[i]);
        values[i] = NULL;
    }
}

void ort_session_destroy(ort_session *s)
{
    if (!s)
        return;
    OrtAllocator *heap = NULL;
    drop_values(s->in, PORTS_MAX);
    drop_values(s->out, PORTS_MAX);
    if (check(ort.api->GetAllocatorWithDefaultOptions(&heap), NULL) == OC_OK) {
        for (size_t i = 0; i < PORTS_MAX; i++) {
            if (s->in_name[i])
                (void)check(ort.api->AllocatorFree(heap, s->in_name[i]), NULL);
            if (s->out_name[i])
                (void)check(ort.api->AllocatorFree(heap, s->out_name[i]), NULL);
        }
    }
    if (s->session)
        ort.api->ReleaseSession(s->session);
    free(s);
}

size_t ort_n_inputs(const ort_session *s)
{
    return s->n_in;
}

size_t ort_n_outputs(const ort_session *s)
{
    return s->n_out;
}

const char *ort_output_name(const ort_session *s, size_t i)
{
    return s->out_name[i];
}

static oc_status value_of(const oc_tensor_view *view, OrtValue **out, oc_error *err)
{
    ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
    size_t                    bytes;
    for (size_t i = 0; i < N_DTYPES; i++)
        if (dtypes[i].ours == view->info.dtype)
            type = dtypes[i].theirs;
    if (!oc_tensor_bytes(&view->info, &bytes))
        return OC_FAIL(err, OC_INVALID, "shape of an input is not known");
    return check(ort.api->CreateTensorWithDataAsOrtValue(ort.cpu, view->data, bytes,
                                                         view->info.shape.dim,
                                                         view->info.shape.rank, type, out),
                 err);
}

static oc_status view_of(OrtValue *value, oc_tensor_view *out, oc_error *err)
{
    OrtTensorTypeAndShapeInfo *info = NULL;
    ONNXTensorElementDataType  type;
    size_t                     rank;
    oc_status                  st = check(ort.api->GetTensorTypeAndShape(value, &info), err);
    if (st != OC_OK)
        return st;
    *out = (oc_tensor_view){0};
    if ((st = check(ort.api->GetTensorElementType(info, &type), err)) != OC_OK ||
        (st = check(ort.api->GetDimensionsCount(info, &rank), err)) != OC_OK)
        goto out;
    for (size_t i = 0; i < N_DTYPES; i++)
        if (dtypes[i].theirs == type)
            out->info.dtype = dtypes[i].ours;
    if (out->info.dtype == OC_DTYPE_NONE || rank > OC_RANK_MAX) {
        st = OC_FAIL(err, OC_UNSUPPORTED, "an output of type %d, rank %zu", (int)type, rank);
        goto out;
    }
    out->info.shape.rank = (uint32_t)rank;
    if ((st = check(ort.api->GetDimensions(info, out->info.shape.dim, rank), err)) == OC_OK)
        st = check(ort.api->GetTensorMutableData(value, &out->data), err);
out:
    ort.api->ReleaseTensorTypeAndShapeInfo(info);
    return st;
}

oc_status ort_run(ort_session *s, const oc_tensor_view *in, oc_tensor_view *out, oc_error *err)
{
    drop_values(s->in, s->n_in);
    drop_values(s->out, s->n_out);
    oc_status st = OC_OK;
    for (size_t i = 0; st == OC_OK && i < s->n_in; i++)
        st = value_of(&in[i], &s->in[i], err);
    if (st == OC_OK)
        st = check(ort.api->Run(s->session, NULL, (const char *const *)s->in_name,
                                (const OrtValue *const *)s->in, s->n_in,
                                (const char *const *)s->out_name, s->n_out, s->out),
                   err);
    for (size_t i = 0; st == OC_OK && i < s->n_out; i++)
        st = view_of(s->out[i], &out[i], err);
    return st;
}
