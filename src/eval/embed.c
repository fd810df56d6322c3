#include "eval/embed.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry { /* of a ranking */
    float    like;
    uint32_t row;
} entry;

typedef struct pair {
    float like;
    bool  same;
} pair;

typedef struct scorer {
    const oc_embed_set *set;
    oc_embed_scores    *out;
    float              *x;        /* [n][length], centred, of length 1 */
    double             *centroid; /* [n_labels][length] sums of the gallery's */
    size_t             *count;    /* [n_labels] gallery entries */
    bool                apart;    /* some rows are queries; else each in turn */
    pair               *pairs;    /* [queries][n]; NULL: too many */
    size_t             *n_pairs;  /* [queries] */
    entry              *order;    /* [workers][n] */
} scorer;

static bool in_gallery(const scorer *s, size_t row)
{
    return !s->apart || !s->set->row[row].query;
}

/* A copy, with the gallery's mean taken off where wanted, each of length 1. */
static void make_unit(scorer *s, bool center)
{
    const size_t n = s->set->n, length = s->set->length;
    memcpy(s->x, s->set->x, n * length * sizeof(*s->x));
    for (size_t k = 0; center && k < length; k++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += in_gallery(s, i) ? (double)s->set->x[i * length + k] : 0;
        float mean = (float)(sum / (double)s->out->n_gallery);
        for (size_t i = 0; i < n; i++)
            s->x[i * length + k] -= mean;
    }
    for (size_t i = 0; i < n; i++) {
        float *x = s->x + i * length;
        double sum = 0;
        for (size_t k = 0; k < length; k++)
            sum += (double)x[k] * (double)x[k];
        float scale = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
        for (size_t k = 0; k < length; k++)
            x[k] *= scale;
    }
    for (size_t i = 0; i < n; i++) {
        if (!in_gallery(s, i))
            continue;
        double *to = s->centroid + s->set->row[i].label * length;
        s->count[s->set->row[i].label]++;
        for (size_t k = 0; k < length; k++)
            to[k] += (double)s->x[i * length + k];
    }
}

static float dot(const float *a, const float *b, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++)
            sum[k] += (double)a[i + k] * (double)b[i + k];
    for (; i < n; i++)
        sum[0] += (double)a[i] * (double)b[i];
    return (float)(sum[0] + sum[1] + sum[2] + sum[3]);
}

static int most_alike(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->like != y->like)
        return x->like > y->like ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static void rank_query(const scorer *s, size_t q, entry *order, oc_embed_query *out)
{
    const oc_embed_row *own = &s->set->row[out->row];
    const size_t        length = s->set->length;
    size_t              n = 0, right = 0;
    for (size_t i = 0; i < s->set->n; i++) {
        const oc_embed_row *r = &s->set->row[i];
        bool junk = r->label == own->label && own->camera >= 0 && r->camera == own->camera;
        if (i == out->row || !in_gallery(s, i) || junk)
            continue;
        order[n++] = (entry){dot(s->x + out->row * length, s->x + i * length, length), (uint32_t)i};
    }
    for (size_t i = 0; s->pairs && i < n; i++)
        s->pairs[q * s->set->n + i] =
            (pair){order[i].like, s->set->row[order[i].row].label == own->label};
    s->n_pairs[q] = n;
    if (n)
        qsort(order, n, sizeof(*order), most_alike);
    out->nearest = n ? order[0].row : SIZE_MAX;
    out->ap = 0;
    for (size_t i = 0; i < n; i++) {
        if (s->set->row[order[i].row].label != own->label)
            continue;
        right++;
        out->rank = out->rank ? out->rank : i + 1;
        out->ap += (double)right / (double)(i + 1);
    }
    out->ap = right ? out->ap / (double)right : -1;
}

/* Own vector out of its label's centroid where it is an entry itself. */
static bool nearest_centroid_is_right(const scorer *s, size_t row)
{
    const size_t length = s->set->length;
    const float *x = s->x + row * length;
    uint32_t     own = s->set->row[row].label, best = UINT32_MAX;
    double       most = -INFINITY;
    for (uint32_t l = 0; l < s->set->n_labels; l++) {
        const double *c = s->centroid + l * length;
        bool          inside = !s->apart && l == own;
        double        both = 0, square = 0;
        if (s->count[l] - (inside ? 1 : 0) == 0 || s->count[l] == 0)
            continue;
        for (size_t k = 0; k < length; k++) {
            double v = c[k] - (inside ? (double)x[k] : 0);
            both += v * (double)x[k];
            square += v * v;
        }
        double like = square > 0 ? both / sqrt(square) : 0;
        if (like > most) {
            most = like;
            best = l;
        }
    }
    return best == own;
}

static void judge_range(void *ctx, oc_range part, unsigned worker)
{
    scorer *s = ctx;
    for (size_t q = part.begin; q < part.end; q++) {
        oc_embed_query *query = &s->out->query[q];
        rank_query(s, q, s->order + worker * s->set->n, query);
        query->centroid = nearest_centroid_is_right(s, query->row);
    }
}

static int by_likeness(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    return x->like > y->like ? -1 : x->like < y->like;
}

/* All pairs from the most alike down: the ROC curve by trapezoids, equal ones in one step. */
static void verify(const scorer *s, oc_embed_scores *o)
{
    static const double at[3] = {.1, .01, .001};
    size_t              n = 0;
    double              tp = 0, fp = 0, area = 0, eer = NAN;
    for (size_t q = 0; q < o->n; q++) {
        memmove(s->pairs + n, s->pairs + q * s->set->n, s->n_pairs[q] * sizeof(pair));
        n += s->n_pairs[q];
    }
    for (size_t i = 0; i < n; i++)
        *(s->pairs[i].same ? &o->same : &o->other) += 1;
    if (o->same == 0 || o->other == 0)
        return;
    qsort(s->pairs, n, sizeof(pair), by_likeness);
    for (size_t i = 0, j; i < n; i = j) {
        double tp0 = tp, fp0 = fp;
        for (j = i; j < n && s->pairs[j].like == s->pairs[i].like; j++)
            *(s->pairs[j].same ? &tp : &fp) += 1;
        area += (fp - fp0) * (tp + tp0) / 2;
        for (size_t k = 0; k < 3; k++)
            if (fp <= at[k] * (double)o->other)
                o->tar[k] = tp / (double)o->same;
        double missed = 1 - tp / (double)o->same, wrong = fp / (double)o->other;
        if (isnan(eer) && wrong >= missed)
            eer = (wrong + missed) / 2;
    }
    o->auc = area / ((double)o->same * (double)o->other);
    o->eer = eer;
}

static void sum_up(oc_embed_scores *o)
{
    double map = 0, centroid = 0;
    for (size_t q = 0; q < o->n; q++) {
        const oc_embed_query *x = &o->query[q];
        centroid += x->centroid;
        if (!x->rank)
            continue;
        o->n_judged++;
        map += x->ap;
        for (size_t k = x->rank - 1; k < OC_EMBED_RANKS; k++)
            o->cmc[k] += 1;
    }
    for (size_t k = 0; k < OC_EMBED_RANKS; k++)
        o->cmc[k] = o->n_judged ? o->cmc[k] / (double)o->n_judged : -1;
    o->map = o->n_judged ? map / (double)o->n_judged : -1;
    o->centroid = o->n ? centroid / (double)o->n : -1;
}

static oc_status scorer_reserve(scorer *s, unsigned workers, oc_error *err)
{
    const size_t n = s->set->n, length = s->set->length;
    s->x = calloc(n, length * sizeof(*s->x));
    s->centroid = calloc(s->set->n_labels, length * sizeof(*s->centroid));
    s->count = calloc(s->set->n_labels, sizeof(*s->count));
    s->order = calloc(n, workers * sizeof(*s->order));
    s->n_pairs = calloc(s->out->n + 1, sizeof(*s->n_pairs));
    if (s->out->n * n <= OC_EMBED_PAIRS_MAX)
        s->pairs = calloc(s->out->n * n + 1, sizeof(*s->pairs));
    return s->x && s->centroid && s->count && s->order && s->n_pairs
               ? OC_OK
               : OC_FAIL(err, OC_NOMEM, "%zu embeddings", n);
}

oc_status oc_embed_score(const oc_embed_set *set, bool center, oc_pool *pool, oc_embed_scores *out,
                         oc_error *err)
{
    oc_embed_scores o = {.auc = NAN, .eer = NAN};
    scorer          s = {.set = set, .out = &o};
    size_t          queries = 0;
    for (size_t i = 0; i < set->n; i++)
        queries += set->row[i].query;
    s.apart = queries > 0;
    o.n = s.apart ? queries : set->n;
    o.n_gallery = set->n - queries;
    if (o.n_gallery == 0)
        return OC_FAIL(err, OC_INVALID, "all rows are queries: no gallery");
    o.query = calloc(o.n, sizeof(*o.query));
    oc_status st = o.query ? scorer_reserve(&s, pool ? oc_pool_threads(pool) : 1, err)
                           : OC_FAIL(err, OC_NOMEM, "%zu queries", o.n);
    if (st == OC_OK) {
        for (size_t i = 0, q = 0; i < set->n; i++)
            if (!s.apart || set->row[i].query)
                o.query[q++].row = i;
        make_unit(&s, center);
        oc_pool_run(pool, 0, o.n, 1, judge_range, &s);
        sum_up(&o);
        if (s.pairs)
            verify(&s, &o);
    }
    free(s.x);
    free(s.centroid);
    free(s.count);
    free(s.order);
    free(s.n_pairs);
    free(s.pairs);
    if (st == OC_OK)
        *out = o;
    else
        oc_embed_scores_finish(&o);
    return st;
}

void oc_embed_scores_finish(oc_embed_scores *scores)
{
    free(scores->query);
    *scores = (oc_embed_scores){.n = 0};
}
