/* ONNX Runtime through its C API: every graph optimisation, its own threads spinning as they come,
 * inputs and outputs made once.  The outputs the first run allocates are given to the later ones. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "onnxruntime_c_api.h"
#include "peers/peer.h"

static struct {
    const OrtApi  *api;
    OrtEnv        *env;
    OrtMemoryInfo *cpu;
    OrtSession    *session;
    const char    *in_name[PEER_PORTS_MAX], *out_name[PEER_PORTS_MAX];
    OrtValue      *in[PEER_PORTS_MAX], *out[PEER_PORTS_MAX];
    size_t         n_in, n_out;
    char           version[64];
} self;

static const ONNXTensorElementDataType types[] = {
    [PEER_F32] = ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
    [PEER_U8] = ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,
    [PEER_I32] = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,
    [PEER_I64] = ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
};

const char *peer_version(void)
{
    return self.version;
}

static bool ok(OrtStatus *status, peer_reason *why)
{
    if (!status)
        return true;
    peer_fail(why, "%s", self.api->GetErrorMessage(status));
    self.api->ReleaseStatus(status);
    return false;
}

bool peer_prepare(peer_reason *why)
{
    const char *path = getenv("OC_ORT");
    void       *library = dlopen(path ? path : OC_ORT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    const OrtApiBase *(*base)(void) = NULL;
    if (!library)
        return peer_fail(why, "%s", dlerror());
    *(void **)&base = dlsym(library, "OrtGetApiBase");
    if (!base)
        return peer_fail(why, "%s", dlerror());
    snprintf(self.version, sizeof(self.version), "%s", base()->GetVersionString());
    /* the header is younger or older than the library: what is used here is in both */
    for (uint32_t v = ORT_API_VERSION; !self.api && v >= 14; v--)
        self.api = base()->GetApi(v);
    if (!self.api)
        return peer_fail(why, "version %s is too old", self.version);
    return ok(self.api->CreateEnv(ORT_LOGGING_LEVEL_ERROR, "peers", &self.env), why) &&
           ok(self.api->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &self.cpu), why);
}

bool peer_open(const peer_job *job, peer_reason *why)
{
    OrtSessionOptions *options = NULL;
    if (job->tuned || job->plan)
        return peer_fail(why, "has no such option");
    GraphOptimizationLevel level = job->fold ? ORT_ENABLE_BASIC : ORT_ENABLE_ALL;
    bool                   done =
        ok(self.api->CreateSessionOptions(&options), why) &&
        ok(self.api->SetIntraOpNumThreads(options, job->threads), why) &&
        ok(self.api->SetSessionGraphOptimizationLevel(options, level), why) &&
        (!job->fold || ok(self.api->SetOptimizedModelFilePath(options, job->fold), why)) &&
        (!job->exact ||
         ok(self.api->AddSessionConfigEntry(options, "session.x64quantprecision", "1"), why)) &&
        ok(self.api->CreateSession(self.env, job->model, options, &self.session), why);
    if (options)
        self.api->ReleaseSessionOptions(options);
    for (; done && self.n_in < (size_t)job->n_in; self.n_in++) {
        const peer_input *in = &job->in[self.n_in];
        self.in_name[self.n_in] = in->name;
        done = ok(self.api->CreateTensorWithDataAsOrtValue(self.cpu, in->data, in->bytes, in->dim,
                                                           (size_t)in->rank, types[in->type],
                                                           &self.in[self.n_in]),
                  why);
    }
    for (; self.n_out < (size_t)job->n_out; self.n_out++)
        self.out_name[self.n_out] = job->out[self.n_out];
    return done;
}

bool peer_run(peer_reason *why)
{
    return ok(self.api->Run(self.session, NULL, self.in_name, (const OrtValue *const *)self.in,
                            self.n_in, self.out_name, self.n_out, self.out),
              why);
}

static bool save_one(FILE *file, OrtValue *value, peer_reason *why)
{
    OrtTensorTypeAndShapeInfo *info = NULL;
    ONNXTensorElementDataType  type;
    size_t                     n;
    void                      *data;
    bool                       done = ok(self.api->GetTensorTypeAndShape(value, &info), why) &&
                ok(self.api->GetTensorElementType(info, &type), why) &&
                ok(self.api->GetTensorShapeElementCount(info, &n), why) &&
                ok(self.api->GetTensorMutableData(value, &data), why);
    if (done) {
        done = false;
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
            if (types[i] == type)
                done = peer_write(file, (peer_type)i, data, n);
        if (!done)
            peer_fail(why, "an output of type %d cannot be written", (int)type);
    }
    if (info)
        self.api->ReleaseTensorTypeAndShapeInfo(info);
    return done;
}

bool peer_save(FILE *file, peer_reason *why)
{
    for (size_t i = 0; i < self.n_out; i++)
        if (!self.out[i] || !save_one(file, self.out[i], why))
            return false;
    return true;
}

void peer_info(FILE *file)
{
    (void)file;
}

void peer_close(void)
{
    for (size_t i = 0; i < PEER_PORTS_MAX; i++) {
        if (self.in[i])
            self.api->ReleaseValue(self.in[i]);
        if (self.out[i])
            self.api->ReleaseValue(self.out[i]);
    }
    if (self.session)
        self.api->ReleaseSession(self.session);
    if (self.cpu)
        self.api->ReleaseMemoryInfo(self.cpu);
    if (self.env)
        self.api->ReleaseEnv(self.env);
}
