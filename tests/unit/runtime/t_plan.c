#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ocellus/plan.h"
#include "plan/plan.h"
#include "runtime/model.h"
#include "runtime/state.h"
#include "support/onnx_text.h"

static char folder[] = "/tmp/t_plan_XXXXXX";
static char model_path[64], plan_path[64], other_path[64];

/* ---- files ---- */

static void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static unsigned char *read_file(const char *path, size_t *n)
{
    FILE          *f = fopen(path, "rb");
    unsigned char *bytes;
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    assert_non_null(bytes = malloc(*n + 1));
    assert_int_equal(fread(bytes, 1, *n, f), *n);
    fclose(f);
    return bytes;
}

/* Convolutions of every path, a product, an int8 one, views: with shapes open. */
static void make_model(const char *path, float first)
{
    static const int64_t open_shape[] = {-1, 8, -1, -1}, wdims[] = {16, 8, 3, 3};
    static const int64_t w1[] = {32, 16, 1, 1}, one[] = {1, 1, 1, 1};
    static float         w[16 * 32 * 9];
    pb                  *g = pb_new();
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++)
        w[i] = (float)((i * 37) % 101) / 101.0f - 0.5f;
    w[0] = first;
    onnx_port(g, 11, "x", 1, 4, open_shape);
    onnx_tensor_raw(g, "w", 1, 4, wdims, w, 16 * 8 * 9 * 4);
    onnx_tensor_raw(g, "w1", 1, 4, w1, w + 7, 32 * 16 * 4);
    onnx_node(g, "Conv", "x w", "a", onnx_attr_ints("pads", 4, one));
    onnx_node(g, "Relu", "a", "b", NULL);
    onnx_node(g, "Conv", "b w1", "c", NULL);
    onnx_node(g, "HardSwish", "c", "d", NULL);
    onnx_node(g, "Concat", "d c", "e", onnx_attr_int("axis", 1));
    onnx_node(g, "Softmax", "e", "y", onnx_attr_int("axis", 1));
    onnx_port(g, 12, "y", 1, 4, open_shape);
    pb *m = onnx_model(g, 14);
    write_file(path, m->data, m->n);
    free(m);
}

static oc_port shape_of(int64_t h, int64_t w)
{
    return (oc_port){.name = "x", .info = {OC_F32, {4, {1, 8, h, w}}}};
}

static oc_session_options options_of(const oc_port *shape)
{
    oc_session_options o = OC_SESSION_OPTIONS_INIT;
    o.shapes = shape;
    o.n_shapes = shape ? 1 : 0;
    return o;
}

static oc_session *session_of(oc_model *model, const oc_session_options *o)
{
    oc_session *s = NULL;
    oc_error    err = {0};
    if (oc_session_create(model, o, &s, &err) != OC_OK)
        fail_msg("%s", err.message);
    return s;
}

/* Model and plan anew. */
static void make_plan(void)
{
    oc_port            shape = shape_of(12, 20);
    oc_session_options o = options_of(&shape);
    oc_model          *model = NULL;
    oc_error           err = {0};
    make_model(model_path, 0.25f);
    assert_int_equal(oc_model_load(model_path, &model, &err), OC_OK);
    oc_session *s = session_of(model, &o);
    if (oc_plan_save(s, plan_path, &err) != OC_OK)
        fail_msg("%s", err.message);
    oc_session_destroy(s);
    oc_model_unref(model);
}

static void refuse_with(const char *path, const char *model, const oc_session_options *o,
                        oc_status want, const char *part)
{
    oc_session *s = NULL;
    oc_error    err = {0};
    oc_status   st = oc_plan_open(path, model, o, &s, &err);
    if (st != want || !strstr(err.message, part))
        fail_msg("%s '%s', expected %s '%s'", oc_status_name(st), err.message, oc_status_name(want),
                 part);
    assert_null(s);
}

static void refuse(const oc_session_options *o, oc_status want, const char *part)
{
    refuse_with(plan_path, model_path, o, want, part);
}

static void accept(void)
{
    oc_session *s = NULL;
    oc_error    err = {0};
    if (oc_plan_open(plan_path, model_path, NULL, &s, &err) != OC_OK)
        fail_msg("%s", err.message);
    oc_session_destroy(s);
}

/* ---- the same to the bit ---- */

static void run_filled(oc_session *s, oc_tensor_view *out, size_t n_out)
{
    const oc_port  *ports;
    size_t          n_in = oc_session_inputs(s, &ports);
    oc_tensor_view *in = calloc(n_in + 1, sizeof(*in));
    oc_error        err = {0};
    for (size_t i = 0; i < n_in; i++) {
        size_t n, bytes;
        in[i] = (oc_tensor_view){ports[i].info, oc_session_input_buffer(s, i)};
        assert_true(oc_shape_elements(&ports[i].info.shape, &n));
        assert_true(oc_tensor_bytes(&ports[i].info, &bytes));
        for (size_t k = 0; k < n && ports[i].info.dtype == OC_F32; k++)
            ((float *)in[i].data)[k] = (float)(k * 7919 % 2003) / 1000.0f - 1.0f;
        for (size_t k = 0; k < bytes && ports[i].info.dtype == OC_U8; k++)
            ((uint8_t *)in[i].data)[k] = (uint8_t)(k * 31);
    }
    memset(out, 0, n_out * sizeof(*out));
    if (oc_session_run(s, in, n_in, out, n_out, &err) != OC_OK)
        fail_msg("%s", err.message);
    free(in);
}

static void same_results(oc_session *a, oc_session *b)
{
    const oc_port  *pa, *pb_;
    size_t          n = oc_session_outputs(a, &pa), bytes;
    oc_tensor_view *x = calloc(n + 1, sizeof(*x)), *y = calloc(n + 1, sizeof(*y));
    assert_int_equal(oc_session_outputs(b, &pb_), n);
    run_filled(a, x, n);
    run_filled(b, y, n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(pa[i].name, pb_[i].name);
        assert_true(oc_tensor_bytes(&x[i].info, &bytes));
        assert_true(oc_shape_equal(&x[i].info.shape, &y[i].info.shape));
        assert_memory_equal(x[i].data, y[i].data, bytes);
    }
    free(x);
    free(y);
}

/* Open dimensions become 3: false when the network wants something else, or more memory than this. */
static bool round_trip(const char *path, bool no_fusion, const char *isa)
{
    oc_session_options o = OC_SESSION_OPTIONS_INIT;
    const oc_port     *ports;
    oc_port            bound[8];
    oc_model          *model = NULL;
    oc_session        *fresh = NULL, *planned = NULL;
    oc_error           err = {0};
    if (oc_model_load(path, &model, &err) != OC_OK)
        return false;
    size_t n = oc_model_inputs(model, &ports);
    for (size_t i = 0; i < n && i < 8; i++) {
        bound[i] = ports[i];
        for (uint32_t d = 0; d < bound[i].info.shape.rank; d++)
            if (bound[i].info.shape.dim[d] < 0)
                bound[i].info.shape.dim[d] = d == 0 ? 1 : d == 1 ? 3 : 64;
    }
    o.shapes = bound;
    o.n_shapes = n < 8 ? n : 8;
    o.no_fusion = no_fusion;
    o.isa = isa;
    bool made = oc_session_create(model, &o, &fresh, &err) == OC_OK;
    if (made) {
        if (oc_plan_save(fresh, plan_path, &err) != OC_OK)
            fail_msg("%s: %s", path, err.message);
        o.shapes = NULL;
        o.n_shapes = 0;
        if (oc_plan_open(plan_path, path, &o, &planned, &err) != OC_OK)
            fail_msg("%s: %s", path, err.message);
        same_results(fresh, planned);
    }
    oc_session_destroy(planned);
    oc_session_destroy(fresh);
    oc_model_unref(model);
    return made;
}

static int trips_of(const char *dir, const char *prefix)
{
    DIR           *d = opendir(dir);
    struct dirent *e;
    int            n = 0;
    while (d && (e = readdir(d))) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
        if (strncmp(e->d_name, prefix, strlen(prefix)) != 0 || e->d_name[0] == '.')
            continue;
        n += round_trip(path, false, NULL);
        n += round_trip(path, true, NULL);
        n += round_trip(path, false, "ref");
    }
    if (d)
        closedir(d);
    return n;
}

static void plans_run_as_fresh_sessions_do(void **state)
{
    (void)state;
    assert_true(trips_of(OC_SOURCE_DIR "/tests/fuzz/corpus/onnx", "good-") >= 30);
    make_model(model_path, 0.25f);
}

/* Their weights go through the plan too: what the file holds is not read again. */
static void recurrent_weights_are_kept(void **state)
{
    static const int64_t xdims[] = {5, 2, 8}, wdims[] = {1, 64, 8}, rdims[] = {1, 64, 16};
    static const int64_t bdims[] = {1, 128}, ydims[] = {5, 1, 2, 16};
    static float         w[64 * 16];
    oc_model            *model = NULL;
    oc_session          *from = NULL;
    oc_error             err = {0};
    pb                  *g = pb_new();
    (void)state;
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++)
        w[i] = (float)((i * 37) % 101) / 101.0f - 0.5f;
    onnx_port(g, 11, "x", 1, 3, xdims);
    onnx_tensor_raw(g, "W", 1, 3, wdims, w, 64 * 8 * 4);
    onnx_tensor_raw(g, "R", 1, 3, rdims, w, 64 * 16 * 4);
    onnx_tensor_raw(g, "B", 1, 2, bdims, w, 128 * 4);
    onnx_node(g, "LSTM", "x W R B", "y", onnx_attr_int("hidden_size", 16));
    onnx_port(g, 12, "y", 1, 4, ydims);
    pb *m = onnx_model(g, 14);
    unlink(model_path); /* a new file: what is mapped stays as it is */
    write_file(model_path, m->data, m->n);
    free(m);
    if (oc_model_load(model_path, &model, &err) != OC_OK)
        fail_msg("%s", err.message);
    oc_session *fresh = session_of(model, NULL);
    size_t      released = 0;
    for (uint32_t i = 0; i < fresh->graph->n_values; i++)
        if (fresh->graph->values[i].name[0] && strchr("WRB", fresh->graph->values[i].name[0]))
            released += fresh->released[i];
    assert_int_equal(released, 3);
    assert_int_equal(oc_plan_save(fresh, plan_path, &err), OC_OK);
    if (oc_plan_open(plan_path, model_path, NULL, &from, &err) != OC_OK)
        fail_msg("%s", err.message);
    same_results(fresh, from);
    oc_session_destroy(from);
    oc_session_destroy(fresh);
    oc_model_unref(model);
}

static void networks_at_hand_run_from_plans(void **state)
{
    (void)state;
    int n = trips_of(OC_SOURCE_DIR "/../shared/models", "");
    if (n == 0) {
        print_message("skipped: no networks beside the project\n");
        skip();
    }
    print_message("%d round trips\n", n);
}

/* A plan of a session that came from a plan is the same file. */
static void a_plan_can_be_saved_again(void **state)
{
    oc_session *s = NULL;
    oc_error    err = {0};
    size_t      n, m;
    (void)state;
    make_plan();
    assert_int_equal(oc_plan_open(plan_path, model_path, NULL, &s, &err), OC_OK);
    assert_int_equal(oc_plan_save(s, other_path, &err), OC_OK);
    oc_session_destroy(s);
    unsigned char *a = read_file(plan_path, &n), *b = read_file(other_path, &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
}

/* ---- refusals ---- */

static void another_model_is_refused(void **state)
{
    (void)state;
    make_plan();
    accept();
    make_model(model_path, 0.5f); /* one weight differs */
    refuse(NULL, OC_UNSUPPORTED, "sha256");
    make_model(model_path, 0.25f); /* other time stamps, the same contents */
    accept();
    unlink(model_path);
    refuse(NULL, OC_IO, "No such file");
}

static void other_shapes_and_options_are_refused(void **state)
{
    oc_port            right = shape_of(12, 20), wrong = shape_of(12, 24), unknown = right;
    oc_session_options o = options_of(&right);
    oc_session        *s = NULL;
    (void)state;
    make_plan();
    assert_int_equal(oc_plan_open(plan_path, model_path, &o, &s, NULL), OC_OK);
    oc_session_destroy(s);
    o.shapes = &wrong;
    refuse(&o, OC_UNSUPPORTED, "1x8x12x20, not 1x8x12x24");
    unknown.name = "z";
    o.shapes = &unknown;
    refuse(&o, OC_INVALID, "no input 'z'");
    o = options_of(NULL);
    o.no_fusion = true;
    refuse(&o, OC_UNSUPPORTED, "fusion");
    o = options_of(NULL);
    o.memory_bytes_max = 1000;
    refuse(&o, OC_NOMEM, "1000 are allowed");
    o = options_of(NULL);
    o.isa = "ref";
    if (oc_cpu_isa() != OC_ISA_NONE)
        refuse(&o, OC_UNSUPPORTED, "instruction set");
}

/* Changes the first place where `from` stands, in a file whose checksums are then right. */
static void forge(const char *from, const char *to)
{
    size_t         n;
    unsigned char *bytes = read_file(plan_path, &n);
    unsigned char *at = memmem(bytes, n, from, strlen(from));
    assert_non_null(at);
    memcpy(at, to, strlen(to));
    assert_true(oc_plan_reseal(bytes, n));
    write_file(plan_path, bytes, n);
    free(bytes);
}

static void another_build_or_version_is_refused(void **state)
{
    char           id[OC_PLAN_VERSION + 72], forged[80];
    size_t         n;
    oc_plan        plan = {0};
    unsigned char *bytes;
    (void)state;
    make_plan();
    assert_int_equal(oc_plan_map(plan_path, &plan, NULL), OC_OK);
    snprintf(id, sizeof(id), "%s", plan.key.build);
    snprintf(forged, sizeof(forged), "%s", id);
    oc_plan_finish(&plan);
    forged[3] = forged[3] == 'x' ? 'y' : 'x';
    forge(id, forged);
    refuse(NULL, OC_UNSUPPORTED, "another build");
    make_plan();
    bytes = read_file(plan_path, &n);
    bytes[8]++; /* the version */
    write_file(plan_path, bytes, n);
    refuse(NULL, OC_UNSUPPORTED, "version 2");
    free(bytes);
}

static void any_flipped_bit_is_found(void **state)
{
    size_t n;
    (void)state;
    make_plan();
    unsigned char *bytes = read_file(plan_path, &n);
    oc_plan        plan = {0};
    oc_error       err = {0};
    for (size_t at = 0; at < n; at += at < 2000 ? 1 : 97) {
        bool padding = true; /* between structure and contents: not of the plan */
        bytes[at] ^= 0x10;
        oc_status st = oc_plan_parse(bytes, n, &plan, &err);
        bytes[at] ^= 0x10;
        if (st == OC_OK) {
            for (size_t k = at; k < n && k % 4096; k++)
                padding = padding && bytes[k] == 0;
            oc_plan_finish(&plan);
            if (!padding)
                fail_msg("byte %zu of %zu", at, n);
        } else if (!err.message[0]) {
            fail_msg("byte %zu: refused without a reason", at);
        }
    }
    free(bytes);
}

static void what_is_cut_is_found(void **state)
{
    size_t   n;
    oc_error err;
    oc_plan  plan = {0};
    (void)state;
    make_plan();
    unsigned char *bytes = read_file(plan_path, &n);
    for (size_t cut = 1; cut < n; cut += 61)
        assert_int_equal(oc_plan_parse(bytes, cut, &plan, &err), OC_FORMAT);
    write_file(plan_path, bytes, n / 2);
    refuse(NULL, OC_FORMAT, "cut short");
    write_file(plan_path, bytes, 0);
    refuse(NULL, OC_FORMAT, "empty");
    refuse_with(model_path, model_path, NULL, OC_FORMAT, "not a plan");
    free(bytes);
}

/* Bits flipped under right checksums: an error or a session that runs, and nothing else. */
static void forged_structures_do_no_harm(void **state)
{
    size_t   n, refused = 0, opened = 0;
    unsigned seed = 1;
    (void)state;
    make_plan();
    unsigned char *bytes = read_file(plan_path, &n), *bad = malloc(n);
    for (int i = 0; i < 3000; i++) {
        oc_session        *s = NULL;
        oc_session_options o;
        oc_error           err = {0};
        memcpy(bad, bytes, n);
        seed = seed * 1103515245u + 12345u;
        bad[64 + (seed >> 8) % 2400] ^= (unsigned char)(1u << (seed >> 4) % 8);
        assert_true(oc_plan_reseal(bad, n));
        assert_int_equal(oc_session_begin(NULL, &o, &s, &err), OC_OK);
        o.arena_bytes_max = 64 << 20;
        oc_status st = oc_plan_parse(bad, n, &s->plan, &err);
        if (st == OC_OK)
            st = oc_session_from_plan(s, &o, &err);
        if (st == OC_OK)
            opened++;
        else if (err.message[0])
            refused++;
        oc_session_destroy(s);
    }
    print_message("%zu refused, %zu opened\n", refused, opened);
    assert_int_equal(refused + opened, 3000);
    assert_true(refused > 500);
    free(bytes);
    free(bad);
}

static void only_the_users_own_folder_counts(void **state)
{
    char linked[64];
    (void)state;
    make_plan();
    assert_int_equal(chmod(plan_path, 0666), 0);
    refuse(NULL, OC_IO, "others may write the file");
    assert_int_equal(chmod(plan_path, 0600), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    refuse(NULL, OC_IO, "others may write its folder");
    assert_int_equal(chmod(folder, 0700), 0);
    snprintf(linked, sizeof(linked), "%s/link.ocplan", folder);
    assert_int_equal(symlink(plan_path, linked), 0);
    refuse_with(linked, model_path, NULL, OC_IO, "symbolic links");
    unlink(linked);
    refuse_with(linked, model_path, NULL, OC_NOT_FOUND, "No such file");
    if (geteuid() == 0) {
        assert_int_equal(chown(plan_path, 65534, (gid_t)-1), 0);
        refuse(NULL, OC_IO, "another user");
        unlink(plan_path);
        make_plan();
    }
    accept();
}

static void saving_can_fail(void **state)
{
    oc_port            shape = shape_of(12, 20);
    oc_session_options o = options_of(&shape);
    oc_model          *model = NULL;
    oc_error           err = {0};
    size_t             n;
    (void)state;
    make_plan();
    unsigned char *bytes = read_file(model_path, &n);
    assert_int_equal(oc_model_load_memory("m", bytes, n, &model, &err), OC_OK);
    oc_session *s = session_of(model, &o);
    assert_int_equal(oc_plan_save(s, other_path, &err), OC_UNSUPPORTED);
    assert_non_null(strstr(err.message, "from memory"));
    oc_session_destroy(s);
    oc_model_unref(model);
    assert_int_equal(oc_model_load(model_path, &model, &err), OC_OK);
    s = session_of(model, &o);
    assert_int_equal(oc_plan_save(s, "/nowhere/at/all.ocplan", &err), OC_IO);
    unlink(model_path); /* a new file: the mapped one stays as it is */
    make_model(model_path, 0.75f);
    assert_int_equal(oc_plan_save(s, other_path, &err), OC_INVALID);
    assert_non_null(strstr(err.message, "changed since"));
    oc_session_destroy(s);
    oc_model_unref(model);
    free(bytes);
}

/* Both a whole network and a part behind steps of fixed shape. */
static void shapes_the_data_decide_are_refused(void **state)
{
    static const int64_t open_shape[] = {-1, 8, -1, -1}, found[] = {4, -1};
    oc_port              shape = shape_of(4, 4);
    oc_session_options   o = options_of(&shape);
    (void)state;
    for (int steps = 0; steps < 2; steps++) {
        oc_model *model = NULL;
        oc_error  err = {0};
        pb       *g = pb_new();
        onnx_port(g, 11, "x", 1, 4, open_shape);
        onnx_node(g, "Relu", "x", "a", NULL);
        onnx_node(g, "NonZero", steps ? "a" : "x", "y", NULL);
        onnx_port(g, 12, "y", 7, 2, found);
        if (steps) {
            onnx_node(g, "Exp", "a", "z", NULL);
            onnx_port(g, 12, "z", 1, 4, open_shape);
        }
        pb *m = onnx_model(g, 13);
        unlink(other_path); /* a new file each: what is mapped stays as it is */
        write_file(other_path, m->data, m->n);
        free(m);
        if (oc_model_load(other_path, &model, &err) != OC_OK)
            fail_msg("%s", err.message);
        oc_session *s = session_of(model, &o);
        unlink(plan_path);
        assert_int_equal(oc_plan_save(s, plan_path, &err), OC_UNSUPPORTED);
        assert_non_null(strstr(err.message, "'y' is decided by the data"));
        assert_int_equal(access(plan_path, F_OK), -1); /* nothing half-written is left */
        oc_session_destroy(s);
        oc_model_unref(model);
    }
}

/* ---- sharing ---- */

static void sessions_of_several_shapes_share_weights(void **state)
{
    static const int64_t open_shape[] = {-1, 32, -1, -1}, wdims[] = {64, 32, 1, 1};
    static float         w[64 * 32 * 8];
    oc_port              one = shape_of(24, 24), two = shape_of(32, 48);
    oc_session_options   o;
    oc_model            *model = NULL;
    oc_error             err = {0};
    pb                  *g = pb_new();
    static const int64_t big[] = {128, 64, 1, 1};
    (void)state;
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++)
        w[i] = (float)((i * 37) % 101) / 101.0f - 0.5f;
    onnx_port(g, 11, "x", 1, 4, open_shape);
    onnx_tensor_raw(g, "w", 1, 4, wdims, w, 64 * 32 * 4);
    onnx_tensor_raw(g, "v", 1, 4, big, w, 128 * 64 * 4);
    onnx_node(g, "Conv", "x w", "a", NULL);
    onnx_node(g, "Conv", "a v", "y", NULL);
    onnx_port(g, 12, "y", 1, 4, open_shape);
    pb *m = onnx_model(g, 13);
    assert_int_equal(oc_model_load_memory("net", m->data, m->n, &model, &err), OC_OK);
    free(m);
    one.info.shape.dim[1] = two.info.shape.dim[1] = 32;
    o = options_of(&one);
    oc_session *a = session_of(model, &o);
    size_t      held = oc_packed_store_bytes(oc_model_peek_packed(model));
    assert_true(held >= 128 * 64 * 4);
    o.shapes = &two;
    oc_session *b = session_of(model, &o);
    assert_int_equal(oc_packed_store_bytes(oc_model_peek_packed(model)), held);
    oc_session_destroy(a);
    assert_int_equal(oc_packed_store_bytes(oc_model_peek_packed(model)), held);
    oc_session_destroy(b);
    assert_int_equal(oc_packed_store_bytes(oc_model_peek_packed(model)), 0);
    oc_model_unref(model);
}

/* ---- a limit on memory ---- */

static uint64_t weights_under(oc_model *model, uint64_t limit, oc_status want)
{
    oc_port            shape = {.name = "x", .info = {OC_F32, {4, {1, 32, 40, 40}}}};
    oc_session_options o = options_of(&shape);
    oc_session_stats   stats = {.struct_size = sizeof(stats)};
    oc_session        *s = NULL;
    oc_error           err = {0};
    o.memory_bytes_max = limit;
    oc_status st = oc_session_create(model, &o, &s, &err);
    if (st != want)
        fail_msg("%s, expected %s", oc_status_name(st), oc_status_name(want));
    if (st != OC_OK) {
        assert_non_null(strstr(err.message, "are allowed"));
        return 0;
    }
    oc_session_stats_get(s, &stats);
    oc_session_destroy(s);
    return stats.weight_bytes;
}

/* From a limit on that everything fits under, downwards: weights never grow, and shrink where kernels
 * had larger ones than needed, before the session is refused. */
static void less_memory_means_smaller_weights(void **state)
{
    static const int64_t shape[] = {-1, 32, -1, -1}, wdims[] = {32, 32, 3, 3}, one[] = {1, 1, 1, 1};
    static float         w[32 * 32 * 9];
    oc_model            *model = NULL;
    oc_error             err = {0};
    pb                  *g = pb_new();
    (void)state;
    for (size_t i = 0; i < sizeof(w) / sizeof(w[0]); i++)
        w[i] = (float)((i * 37) % 101) / 101.0f - 0.5f;
    onnx_port(g, 11, "x", 1, 4, shape);
    onnx_tensor_raw(g, "w", 1, 4, wdims, w, sizeof(w));
    onnx_node(g, "Conv", "x w", "a", onnx_attr_ints("pads", 4, one));
    onnx_node(g, "Relu", "a", "y", NULL);
    onnx_port(g, 12, "y", 1, 4, shape);
    pb *m = onnx_model(g, 13);
    assert_int_equal(oc_model_load_memory("net", m->data, m->n, &model, &err), OC_OK);
    free(m);
    const uint64_t free_choice = weights_under(model, 0, OC_OK);
    uint64_t       limit = 8u << 20, last = weights_under(model, limit, OC_OK), least;
    assert_int_equal(last, free_choice);
    weights_under(model, 10000, OC_NOMEM);
    do {
        oc_port            x = {.name = "x", .info = {OC_F32, {4, {1, 32, 40, 40}}}};
        oc_session_options o = options_of(&x);
        oc_session        *s = NULL;
        least = last;
        o.memory_bytes_max = limit -= 16384;
        if (oc_session_create(model, &o, &s, NULL) != OC_OK)
            break;
        oc_session_destroy(s);
        last = weights_under(model, limit, OC_OK);
        assert_true(last <= least);
    } while (limit > 16384);
    assert_true(least >= sizeof(w));
    if (free_choice > 2 * sizeof(w)) /* a kernel with larger weights was the first choice */
        assert_true(least < free_choice);
    oc_model_unref(model);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(model_path, sizeof(model_path), "%s/net.onnx", folder);
    snprintf(plan_path, sizeof(plan_path), "%s/net.ocplan", folder);
    snprintf(other_path, sizeof(other_path), "%s/other.ocplan", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(model_path);
    unlink(plan_path);
    unlink(other_path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_run_as_fresh_sessions_do),
        cmocka_unit_test(recurrent_weights_are_kept),
        cmocka_unit_test(networks_at_hand_run_from_plans),
        cmocka_unit_test(a_plan_can_be_saved_again),
        cmocka_unit_test(another_model_is_refused),
        cmocka_unit_test(other_shapes_and_options_are_refused),
        cmocka_unit_test(another_build_or_version_is_refused),
        cmocka_unit_test(any_flipped_bit_is_found),
        cmocka_unit_test(what_is_cut_is_found),
        cmocka_unit_test(forged_structures_do_no_harm),
        cmocka_unit_test(only_the_users_own_folder_counts),
        cmocka_unit_test(saving_can_fail),
        cmocka_unit_test(shapes_the_data_decide_are_refused),
        cmocka_unit_test(sessions_of_several_shapes_share_weights),
        cmocka_unit_test(less_memory_means_smaller_weights),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
