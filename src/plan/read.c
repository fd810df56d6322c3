/* A plan's file is mapped and checked; its structure becomes a graph again. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/xxh64.h"
#include "ops/op.h"
#include "plan/format.h"
#include "plan/plan.h"

typedef struct reader {
    oc_plan             *plan;
    oc_graph            *g;
    oc_plan_in           in;
    const unsigned char *contents;
    uint64_t             contents_bytes;
    oc_error            *err;
} reader;

static oc_status damaged(reader *r, const char *what)
{
    return OC_FAIL(r->err, OC_FORMAT, "damaged: %s", what);
}

/* ---- head ---- */

static oc_status read_head(const oc_bytes *bytes, plan_head *h, oc_error *err)
{
    if (bytes->n < sizeof(*h) || memcmp(bytes->data, PLAN_MAGIC, sizeof(h->magic)) != 0)
        return OC_FAIL(err, OC_FORMAT, "not a plan");
    memcpy(h, bytes->data, sizeof(*h));
    if (h->version != OC_PLAN_VERSION)
        return OC_FAIL(err, OC_UNSUPPORTED, "version %u of the format, this program writes %u",
                       h->version, OC_PLAN_VERSION);
    if (h->head_sum != oc_xxh64(h, offsetof(plan_head, head_sum)))
        return OC_FAIL(err, OC_FORMAT, "damaged: the checksum of its head differs");
    if (h->head_bytes != sizeof(*h) || h->contents_at % PLAN_PAGE || h->contents_at > bytes->n ||
        h->contents_at < sizeof(*h) || h->structure_bytes > h->contents_at - sizeof(*h) ||
        h->contents_bytes != bytes->n - h->contents_at)
        return OC_FAIL(err, OC_FORMAT, "damaged: cut short, or its lengths do not fit %zu bytes",
                       bytes->n);
    if (h->structure_sum != oc_xxh64(bytes->data + sizeof(*h), (size_t)h->structure_bytes))
        return OC_FAIL(err, OC_FORMAT, "damaged: the checksum of its structure differs");
    if (h->contents_sum != oc_xxh64(bytes->data + h->contents_at, (size_t)h->contents_bytes))
        return OC_FAIL(err, OC_FORMAT, "damaged: the checksum of its contents differs");
    return OC_OK;
}

/* ---- values ---- */

static bool get_contents(reader *r, size_t bytes, const void **out)
{
    uint64_t at = oc_plan_get_u64(&r->in);
    if (r->in.bad || at % PLAN_ALIGN || at > r->contents_bytes || bytes > r->contents_bytes - at)
        return false;
    *out = r->contents + at;
    return true;
}

static bool get_info(reader *r, oc_tensor_info *info)
{
    *info = (oc_tensor_info){.dtype = (oc_dtype)oc_plan_get_u8(&r->in),
                             .shape.rank = oc_plan_get_u8(&r->in)};
    if (info->shape.rank > OC_RANK_MAX ||
        (info->dtype != OC_DTYPE_NONE && oc_dtype_bytes(info->dtype) == 0))
        return false;
    for (uint32_t d = 0; d < info->shape.rank; d++) {
        info->shape.dim[d] = (int64_t)oc_plan_get_u64(&r->in);
        if (info->shape.dim[d] < 0)
            return false;
    }
    return !r->in.bad;
}

static oc_status get_value(reader *r, uint32_t i)
{
    oc_value *v = &r->g->values[i];
    size_t    bytes = 0;
    v->name = oc_plan_get_text(&r->in, &r->g->arena);
    if (!get_info(r, &v->info))
        return damaged(r, "the type of a value");
    uint8_t layout = oc_plan_get_u8(&r->in), flags = oc_plan_get_u8(&r->in);
    uint8_t kind = oc_plan_get_u8(&r->in);
    v->layout = layout == 8 ? OC_LAYOUT_NC8 : OC_LAYOUT_PLAIN;
    v->is_input = flags & PLAN_IS_INPUT;
    v->is_output = flags & PLAN_IS_OUTPUT;
    if ((layout != 0 && layout != 8) || flags > 3 || kind > PLAN_VALUE_ABSENT ||
        (v->layout == OC_LAYOUT_NC8 &&
         ((v->info.dtype != OC_F32 && v->info.dtype != OC_U8) || v->info.shape.rank != 4)))
        return damaged(r, "the layout of a value");
    if (v->info.dtype != OC_DTYPE_NONE && (!oc_value_bytes(v, &bytes) || bytes > (size_t)1 << 40))
        return damaged(r, "a value is too large");
    if (kind == PLAN_VALUE_COMPUTED)
        return OC_OK;
    if (v->info.dtype == OC_DTYPE_NONE || v->is_input)
        return damaged(r, "a constant without type");
    if (kind == PLAN_VALUE_ABSENT) {
        r->plan->absent[i] = 1;
        if (bytes > r->plan->zeros_bytes)
            r->plan->zeros_bytes = bytes;
        return OC_OK;
    }
    return get_contents(r, bytes, &v->data) ? OC_OK : damaged(r, "the place of a constant");
}

/* What nobody reads still counts as constant: it points at zeros, which are never touched. */
static oc_status make_zeros(reader *r)
{
    oc_plan *p = r->plan;
    size_t   n = p->zeros_bytes + 64;
    if (p->zeros_bytes == 0)
        return OC_OK;
    void *zeros = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED) {
        p->zeros_bytes = 0;
        return OC_FAIL(r->err, OC_NOMEM, "%zu bytes", n);
    }
    p->zeros = zeros;
    p->zeros_bytes = n;
    for (uint32_t i = 0; i < r->g->n_values; i++)
        if (p->absent[i])
            r->g->values[i].data = zeros;
    return OC_OK;
}

static oc_status get_values(reader *r)
{
    oc_graph *g = r->g;
    uint32_t  n = oc_plan_get_count(&r->in, PLAN_MIN_VALUE);
    g->values = calloc((size_t)n + 1, sizeof(*g->values));
    r->plan->absent = calloc((size_t)n + 1, 1);
    if (!g->values || !r->plan->absent)
        return OC_FAIL(r->err, OC_NOMEM, "%u values", n);
    g->n_values = n;
    g->values_cap = n + 1;
    for (uint32_t i = 0; i < n; i++) {
        oc_status st = get_value(r, i);
        if (st != OC_OK)
            return st;
    }
    return make_zeros(r);
}

/* ---- nodes ---- */

/* n ids of values, OC_VID_NONE among them only where `optional`. */
static bool get_ids(reader *r, oc_vid *ids, uint32_t n, bool optional)
{
    for (uint32_t i = 0; i < n; i++) {
        ids[i] = oc_plan_get_u32(&r->in);
        if (ids[i] == OC_VID_NONE ? !optional : ids[i] >= r->g->n_values)
            return false;
    }
    return !r->in.bad;
}

static oc_status get_ports(reader *r, oc_vid **ids, uint32_t *n, bool inputs)
{
    uint32_t count = oc_plan_get_count(&r->in, sizeof(oc_vid));
    *ids = calloc((size_t)count + 1, sizeof(**ids));
    if (!*ids)
        return OC_FAIL(r->err, OC_NOMEM, "%u ports", count);
    *n = count;
    if (!get_ids(r, *ids, count, false))
        return damaged(r, "an input or output of the network");
    for (uint32_t i = 0; i < count; i++) {
        const oc_value *v = &r->g->values[(*ids)[i]];
        if (v->info.dtype == OC_DTYPE_NONE || (inputs ? !v->is_input : !v->is_output))
            return damaged(r, "an input or output of the network");
        for (uint32_t k = 0; k < i && inputs; k++)
            if ((*ids)[k] == (*ids)[i])
                return damaged(r, "an input of the network");
    }
    return OC_OK;
}

static const void *get_array(reader *r, size_t n, size_t size)
{
    const void *from = oc_plan_get(&r->in, n * size);
    return from ? oc_arena_dup(&r->g->arena, from, n * size) : NULL;
}

static const char *const *get_texts(reader *r, size_t n)
{
    const char **texts = oc_arena_alloc(&r->g->arena, n + 1, sizeof(*texts));
    for (size_t i = 0; texts && i < n; i++)
        texts[i] = oc_plan_get_text(&r->in, &r->g->arena);
    return texts;
}

static bool get_attr(reader *r, oc_attr *a)
{
    const void *data = NULL;
    size_t      bytes;
    a->name = oc_plan_get_text(&r->in, &r->g->arena);
    a->kind = (oc_attr_kind)oc_plan_get_u8(&r->in);
    switch (a->kind) {
    case OC_ATTR_INT: a->i = (int64_t)oc_plan_get_u64(&r->in); return !r->in.bad;
    case OC_ATTR_FLOAT:
        if ((data = oc_plan_get(&r->in, sizeof(a->f))))
            memcpy(&a->f, data, sizeof(a->f));
        return data != NULL;
    case OC_ATTR_STRING:
        a->s = oc_plan_get_text(&r->in, &r->g->arena);
        a->n = strlen(a->s);
        return !r->in.bad;
    case OC_ATTR_INTS:
        a->n = oc_plan_get_count(&r->in, sizeof(*a->ints));
        return (a->ints = get_array(r, a->n, sizeof(*a->ints))) != NULL;
    case OC_ATTR_FLOATS:
        a->n = oc_plan_get_count(&r->in, sizeof(*a->floats));
        return (a->floats = get_array(r, a->n, sizeof(*a->floats))) != NULL;
    case OC_ATTR_STRINGS:
        a->n = oc_plan_get_count(&r->in, 4);
        return (a->strings = get_texts(r, a->n)) != NULL && !r->in.bad;
    case OC_ATTR_TENSOR:
        if (!get_info(r, &a->tensor.info) || !oc_tensor_bytes(&a->tensor.info, &bytes) ||
            a->tensor.info.dtype == OC_DTYPE_NONE || !get_contents(r, bytes, &data))
            return false;
        a->tensor.data = (void *)(uintptr_t)data;
        return true;
    default: return false;
    }
}

/* What the importer checks of a file's nodes. */
static bool arity_fits(const oc_node *n)
{
    const oc_op *op = n->op;
    if (n->n_in < op->n_in_min || (op->n_in_max != OC_OP_MANY && n->n_in > op->n_in_max) ||
        n->n_out < op->n_out_min || (op->n_out_max != OC_OP_MANY && n->n_out > op->n_out_max))
        return false;
    for (uint32_t i = 0; i < op->n_in_min; i++)
        if (n->in[i] == OC_VID_NONE)
            return false;
    return !op->n_out_min || n->out[0] != OC_VID_NONE;
}

static bool get_edges(reader *r, oc_vid **ids, uint32_t *n)
{
    *n = oc_plan_get_count(&r->in, sizeof(oc_vid));
    *ids = oc_arena_alloc(&r->g->arena, (size_t)*n + 1, sizeof(oc_vid));
    if (!*ids)
        return false;
    (*ids)[*n] = OC_VID_NONE;
    return get_ids(r, *ids, *n, true);
}

static bool get_act(reader *r, oc_act *act)
{
    const void *a, *b;
    act->kind = (oc_act_kind)oc_plan_get_u8(&r->in);
    a = oc_plan_get(&r->in, sizeof(act->a));
    b = oc_plan_get(&r->in, sizeof(act->b));
    if (!a || !b || act->kind > OC_ACT_MISH)
        return false;
    memcpy(&act->a, a, sizeof(act->a));
    memcpy(&act->b, b, sizeof(act->b));
    return true;
}

static oc_status get_node(reader *r, oc_node *n)
{
    n->name = oc_plan_get_text(&r->in, &r->g->arena);
    const char *domain = oc_plan_get_text(&r->in, &r->g->arena);
    const char *type = oc_plan_get_text(&r->in, &r->g->arena);
    if (r->in.bad)
        return damaged(r, "a node");
    n->op = oc_op_find(domain, type);
    if (!n->op || (n->op->flags & OC_OP_FLOW))
        return OC_FAIL(r->err, OC_FORMAT, "node '%.80s': no operator '%.40s'", n->name, type);
    n->domain = n->op->domain;
    n->op_type = n->op->name;
    n->opset = (int)oc_plan_get_u32(&r->in);
    if (!get_act(r, &n->act))
        return damaged(r, "an activation");
    n->add = oc_plan_get_u8(&r->in) == 1;
    if (!get_edges(r, &n->in, &n->n_in) || !get_edges(r, &n->out, &n->n_out) || !arity_fits(n))
        return damaged(r, "the inputs and outputs of a node");
    uint32_t n_attrs = oc_plan_get_count(&r->in, PLAN_MIN_ATTR);
    oc_attr *attrs = oc_arena_alloc(&r->g->arena, (size_t)n_attrs + 1, sizeof(*attrs));
    if (!attrs)
        return OC_FAIL(r->err, OC_NOMEM, "attributes");
    for (uint32_t i = 0; i < n_attrs; i++)
        if (!get_attr(r, &attrs[i]))
            return damaged(r, "an attribute");
    n->attrs = attrs;
    n->n_attrs = n_attrs;
    return OC_OK;
}

static oc_status get_nodes(reader *r)
{
    oc_graph *g = r->g;
    uint32_t  n = oc_plan_get_count(&r->in, PLAN_MIN_NODE);
    g->nodes = calloc((size_t)n + 1, sizeof(*g->nodes));
    if (!g->nodes)
        return OC_FAIL(r->err, OC_NOMEM, "%u nodes", n);
    g->nodes_cap = n + 1;
    for (uint32_t i = 0; i < n; i++) {
        oc_status st = get_node(r, &g->nodes[i]);
        if (st != OC_OK)
            return st;
        g->n_nodes++;
    }
    return OC_OK;
}

/* ---- steps ---- */

static oc_status get_step(reader *r, oc_plan_step *s)
{
    s->node = oc_plan_get_u32(&r->in);
    s->choice = oc_plan_get_text(&r->in, &r->plan->mem);
    s->kernel = oc_plan_get_text(&r->in, &r->plan->mem);
    s->n_blobs = oc_plan_get_count(&r->in, PLAN_MIN_BLOB);
    oc_packed_blob *blobs = oc_arena_alloc(&r->plan->mem, (size_t)s->n_blobs + 1, sizeof(*blobs));
    if (!blobs)
        return OC_FAIL(r->err, OC_NOMEM, "%u packed weights", s->n_blobs);
    for (uint32_t i = 0; i < s->n_blobs; i++) {
        const void *data = NULL;
        oc_plan_in  ahead = r->in; /* the length stands after the place */
        oc_plan_get_u64(&ahead);
        uint64_t bytes = oc_plan_get_u64(&ahead);
        if (!get_contents(r, (size_t)bytes, &data))
            return damaged(r, "the place of packed weights");
        oc_plan_get_u64(&r->in);
        blobs[i] = (oc_packed_blob){
            .data = (void *)(uintptr_t)data, .bytes = (size_t)bytes, .home = OC_PACKED_GIVEN};
    }
    s->blobs = blobs;
    return s->node < r->g->n_nodes ? OC_OK : damaged(r, "the node of a step");
}

static oc_status get_steps(reader *r)
{
    oc_plan *p = r->plan;
    uint32_t n = oc_plan_get_count(&r->in, PLAN_MIN_STEP);
    p->steps = oc_arena_alloc(&p->mem, (size_t)n + 1, sizeof(*p->steps));
    p->given = oc_arena_alloc(&p->mem, (size_t)n + 1, sizeof(*p->given));
    if (!p->steps || !p->given)
        return OC_FAIL(r->err, OC_NOMEM, "%u steps", n);
    for (uint32_t i = 0; i < n; i++) {
        oc_status st = get_step(r, &p->steps[i]);
        if (st != OC_OK)
            return st;
        p->given[i] = (oc_packed_given){.blobs = p->steps[i].blobs,
                                        .n = p->steps[i].n_blobs,
                                        .choice = p->steps[i].choice,
                                        .kernel = p->steps[i].kernel};
    }
    p->n_steps = n;
    return OC_OK;
}

/* ---- all ---- */

static bool get_key(reader *r, oc_plan_key *key)
{
    const char *build = oc_plan_get_text(&r->in, &r->plan->mem);
    const char *isa = oc_plan_get_text(&r->in, &r->plan->mem);
    if (strlen(build) >= sizeof(key->build) || strlen(isa) >= sizeof(key->isa))
        return false;
    memcpy(key->build, build, strlen(build) + 1);
    memcpy(key->isa, isa, strlen(isa) + 1);
    key->isa_flags = oc_plan_get_u32(&r->in);
    key->no_fusion = oc_plan_get_u8(&r->in) == 1;
    return !r->in.bad;
}

static oc_status read_structure(reader *r)
{
    oc_plan  *p = r->plan;
    oc_status st;
    if (!get_key(r, &p->key))
        return damaged(r, "what it was made for");
    oc_origin_get(&p->origin, &r->in, &p->mem);
    p->arena_bytes = oc_plan_get_u64(&r->in);
    if (r->in.bad)
        return damaged(r, "the files it was made from");
    if ((st = oc_graph_create(&p->graph, r->err)) != OC_OK)
        return st;
    r->g = p->graph;
    if ((st = get_values(r)) != OC_OK ||
        (st = get_ports(r, &r->g->inputs, &r->g->n_inputs, true)) != OC_OK ||
        (st = get_ports(r, &r->g->outputs, &r->g->n_outputs, false)) != OC_OK ||
        (st = get_nodes(r)) != OC_OK || (st = get_steps(r)) != OC_OK)
        return st;
    if (r->in.bad || r->in.p != r->in.end)
        return damaged(r, "its structure ends early");
    if ((st = oc_graph_verify(r->g, r->err)) == OC_OK)
        st = oc_plan_check_graph(r->g, r->err);
    if (st != OC_OK)
        oc_error_prefix(r->err, "damaged");
    return st;
}

/* Takes `bytes` over, on failure too. */
static oc_status read_plan(oc_bytes *bytes, oc_plan *out, oc_error *err)
{
    plan_head h;
    oc_plan   plan = {.bytes = *bytes};
    *bytes = (oc_bytes){0};
    oc_status st = read_head(&plan.bytes, &h, err);
    if (st == OC_OK) {
        const unsigned char *structure = plan.bytes.data + sizeof(h);
        reader               r = {.plan = &plan,
                                  .err = err,
                                  .in = {.p = structure, .end = structure + h.structure_bytes},
                                  .contents = plan.bytes.data + h.contents_at,
                                  .contents_bytes = h.contents_bytes};
        st = read_structure(&r);
    }
    if (st == OC_OK)
        *out = plan;
    else
        oc_plan_finish(&plan);
    return st;
}

oc_status oc_plan_parse(const void *bytes, size_t n, oc_plan *out, oc_error *err)
{
    oc_bytes  copy = {0};
    oc_status st = oc_bytes_copy(bytes, n, &copy, err);
    return st == OC_OK ? read_plan(&copy, out, err) : st;
}

void oc_plan_finish(oc_plan *plan)
{
    oc_graph_destroy(plan->graph);
    free(plan->absent);
    if (plan->zeros)
        munmap(plan->zeros, plan->zeros_bytes);
    oc_arena_finish(&plan->mem);
    oc_bytes_close(&plan->bytes);
    *plan = (oc_plan){0};
}

/* ---- the file ---- */

static oc_status check_owner(int fd, bool folder, oc_error *err)
{
    struct stat s;
    const char *what = folder ? "its folder" : "the file";
    if (fstat(fd, &s) != 0)
        return OC_FAIL(err, OC_IO, "%s", strerror(errno));
    if (!folder && !S_ISREG(s.st_mode))
        return OC_FAIL(err, OC_IO, "not a regular file");
    if (s.st_uid != geteuid())
        return OC_FAIL(err, OC_IO, "refused: %s belongs to another user", what);
    if (s.st_mode & 022)
        return OC_FAIL(err, OC_IO, "refused: others may write %s (mode %o)", what,
                       (unsigned)s.st_mode & 07777);
    return OC_OK;
}

static oc_status map_fd(int fd, oc_bytes *out, oc_error *err)
{
    struct stat s;
    if (fstat(fd, &s) != 0)
        return OC_FAIL(err, OC_IO, "%s", strerror(errno));
    if (s.st_size == 0)
        return OC_FAIL(err, OC_FORMAT, "the file is empty");
    /* all of it is read for the checksums, in order */
    void *p = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (p == MAP_FAILED)
        return OC_FAIL(err, OC_IO, "%s", strerror(errno));
    *out = (oc_bytes){.data = p, .n = (size_t)s.st_size, .mapped = true};
    return OC_OK;
}

static oc_status map_file(const char *path, oc_bytes *out, oc_error *err)
{
    const char *slash = strrchr(path, '/');
    char       *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int         dir = -1, fd = -1;
    oc_status   st = OC_OK;
    if (!folder)
        return OC_FAIL(err, OC_NOMEM, "path");
    if ((dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 ||
        (fd = openat(dir, slash ? slash + 1 : path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0)
        st = OC_FAIL(err, errno == ENOENT ? OC_NOT_FOUND : OC_IO, "%s", strerror(errno));
    if (st == OC_OK && (st = check_owner(dir, true, err)) == OC_OK &&
        (st = check_owner(fd, false, err)) == OC_OK)
        st = map_fd(fd, out, err);
    if (fd >= 0)
        close(fd);
    if (dir >= 0)
        close(dir);
    free(folder);
    return st;
}

oc_status oc_plan_map(const char *path, oc_plan *out, oc_error *err)
{
    oc_bytes  bytes = {0};
    oc_status st = map_file(path, &bytes, err);
    if (st == OC_OK)
        st = read_plan(&bytes, out, err);
    if (st != OC_OK)
        oc_error_prefix(err, "%s", path);
    return st;
}
