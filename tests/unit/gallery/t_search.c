/* Search against the plainest way to do it, ties, thresholds, changes under way. */
#include "gallery_test.h"

#include <math.h>
#include <sys/stat.h>

#include "gallery/search.h"

static uint32_t seed = 1;

static float random_unit(void)
{
    seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
    return (float)(seed % 20001) / 10000.0f - 1.0f;
}

static oc_search *open_search(const oc_gallery_rules *rules)
{
    oc_search              *s = NULL;
    const oc_search_options options = {.rules = rules, .isa = oc_cpu_isa()};
    must(oc_search_open(path, NULL, &options, &s, err));
    return s;
}

/* ---- the plain way, in double ---- */

enum { LENGTH = 37, ENTRIES = 150, LABELS = 12 };

static double naive[ENTRIES][LENGTH], mean[LENGTH];
static float  vectors[ENTRIES][LENGTH];

static void unit(double *x)
{
    double square = 0;
    for (size_t i = 0; i < LENGTH; i++)
        square += x[i] * x[i];
    for (size_t i = 0; i < LENGTH; i++)
        x[i] /= sqrt(square);
}

static void prepare(double *to, const float *x, bool center)
{
    for (size_t i = 0; i < LENGTH; i++)
        to[i] = (double)x[i];
    unit(to);
    for (size_t i = 0; i < LENGTH && center; i++)
        to[i] -= mean[i];
    if (center)
        unit(to);
}

static void prepare_all(bool center)
{
    memset(mean, 0, sizeof(mean));
    for (size_t r = 0; r < ENTRIES; r++) {
        prepare(naive[r], vectors[r], false);
        for (size_t i = 0; i < LENGTH; i++)
            mean[i] += naive[r][i] / ENTRIES;
    }
    for (size_t r = 0; r < ENTRIES; r++)
        prepare(naive[r], vectors[r], center);
}

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < LENGTH; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Similarity of each label: entry r has label r % LABELS. */
static void naive_scores(const oc_gallery_rules *rules, const float *x, double *scores)
{
    double query[LENGTH];
    prepare(query, x, rules->center);
    for (size_t k = 0; k < LABELS; k++) {
        double centroid[LENGTH] = {0};
        scores[k] = -2;
        for (size_t r = k; r < ENTRIES; r += LABELS) {
            scores[k] = fmax(scores[k], dot(query, naive[r]));
            for (size_t i = 0; i < LENGTH; i++)
                centroid[i] += naive[r][i];
        }
        unit(centroid);
        if (rules->by == OC_GALLERY_CENTROID)
            scores[k] = dot(query, centroid);
    }
}

static void compare(oc_search *s, const oc_gallery_rules *rules)
{
    oc_match   items[5];
    oc_matches m = {.items = items, .cap = 5};
    float      x[LENGTH];
    double     scores[LABELS];
    for (size_t i = 0; i < LENGTH; i++)
        x[i] = random_unit() + 0.4f;
    must(oc_search_find(s, x, LENGTH, &m, err));
    naive_scores(rules, x, scores);
    assert_int_equal(m.n, 5);
    double before = 2, second = -2;
    for (size_t j = 0; j < 5; j++) {
        char     want[24];
        unsigned best = 0;
        for (unsigned k = 1; k < LABELS; k++)
            if (scores[k] > scores[best])
                best = k;
        snprintf(want, sizeof(want), "label %u", best);
        assert_string_equal(items[j].label, want);
        assert_true(fabs((double)items[j].similarity - scores[best]) < 1e-5);
        assert_true((double)items[j].similarity <= before);
        assert_true((items[j].id != 0) == (rules->by == OC_GALLERY_NEAREST));
        assert_int_equal(items[j].entries, ENTRIES / LABELS + (best < ENTRIES % LABELS));
        before = (double)items[j].similarity;
        second = j == 1 ? before : second;
        scores[best] = -3;
    }
    assert_true(fabs((double)m.margin - ((double)items[0].similarity - second)) < 1e-6);
}

static void test_against_plain(void **state)
{
    (void)state;
    oc_gallery *g = make(LENGTH, (oc_gallery_rules){.by = OC_GALLERY_NEAREST});
    for (unsigned r = 0; r < ENTRIES; r++) {
        char  label[16];
        float size = 1.0f + 50.0f * fabsf(random_unit()); /* lengths must not matter */
        for (size_t i = 0; i < LENGTH; i++)
            vectors[r][i] = size * (random_unit() + 0.4f);
        snprintf(label, sizeof(label), "label %u", r % LABELS);
        enrol(g, label, vectors[r]);
    }
    oc_gallery_close(g);
    for (unsigned c = 0; c < 4; c++) {
        const oc_gallery_rules rules = {.by = c & 1 ? OC_GALLERY_CENTROID : OC_GALLERY_NEAREST,
                                        .center = c & 2};
        oc_search             *s = open_search(&rules);
        assert_int_equal(oc_search_labels(s), LABELS);
        prepare_all(rules.center);
        for (size_t i = 0; i < 50; i++)
            compare(s, &rules);
        oc_search_close(s);
    }
}

static oc_matches find(oc_search *s, oc_match *items, size_t cap, const float *x, size_t n)
{
    oc_matches m = {.items = items, .cap = cap};
    must(oc_search_find(s, x, n, &m, err));
    return m;
}

/* Equal rows at every place of a block, and labels enrolled out of the alphabet's order. */
static void test_ties(void **state)
{
    (void)state;
    const float near[3] = {1, 1, 0.3f}, far[3] = {-1, 0.2f, 0}, query[3] = {1, 0.9f, 0.2f};
    oc_gallery *g = make(3, (oc_gallery_rules){.by = OC_GALLERY_NEAREST});
    enrol(g, "far", far);
    for (const char *label = "hgfedcba"; *label; label++) {
        enrol(g, (char[]){*label, 0}, far);
        enrol(g, (char[]){*label, 0}, near);
        enrol(g, (char[]){*label, 0}, near);
    }
    oc_gallery_close(g);
    for (int by = 0; by < 2; by++) {
        const oc_gallery_rules rules = {.by = (oc_gallery_by)by};
        oc_search             *s = open_search(&rules);
        oc_match               items[16];
        for (size_t cap = 1; cap <= 16; cap++) {
            oc_matches m = find(s, items, cap, query, 3);
            assert_int_equal(m.n, cap < 9 ? cap : 9);
            for (size_t j = 0; j < m.n && j < 8; j++) {
                assert_int_equal(items[j].label[0], 'h' - (int)j);
                if (by == OC_GALLERY_NEAREST)
                    assert_int_equal(items[j].id, 3 + 3 * j);
            }
            assert_true(m.margin == 0.0f);
        }
        oc_search_close(s);
    }
}

static void test_threshold(void **state)
{
    (void)state;
    const float a[2] = {1, 0}, b[2] = {0, 1}, query[2] = {3, 4};
    oc_match    items[4];
    oc_gallery *g = make(2, (oc_gallery_rules){.by = OC_GALLERY_NEAREST, .threshold = 0.7f});
    enrol(g, "a", a);
    enrol(g, "b", b);
    oc_search *s = open_search(NULL); /* the file's */
    oc_matches m = find(s, items, 4, query, 2);
    assert_true(m.known);
    assert_string_equal(items[0].label, "b");
    assert_true(fabsf(items[0].similarity - 0.8f) < 1e-6f && fabsf(m.margin - 0.2f) < 1e-6f);
    oc_search_close(s);

    const oc_gallery_rules strict = {.by = OC_GALLERY_NEAREST, .threshold = 0.81f};
    s = open_search(&strict);
    m = find(s, items, 4, query, 2);
    assert_false(m.known);
    assert_int_equal(m.n, 2); /* it still says what would have been nearest */
    const float nobody[][2] = {{0, 0}, {NAN, 1}, {INFINITY, 1}};
    for (size_t i = 0; i < 3; i++) {
        m = find(s, items, 4, nobody[i], 2);
        assert_true(m.n == 0 && !m.known);
    }
    must_fail(OC_INVALID, "2 numbers", oc_search_find(s, query, 1, &m, err));
    oc_search_close(s);
    must(oc_gallery_rules_set(g, &(oc_gallery_rules){.threshold = 1}, err));
    must_fail(OC_INVALID, "-1 to 1",
              oc_gallery_rules_set(g, &(oc_gallery_rules){.threshold = 1.5f}, err));
    oc_gallery_close(g);
}

/* What centring leaves of few entries. */
static void test_small(void **state)
{
    (void)state;
    const float a[2] = {1, 0}, b[2] = {0, 1}, between[2] = {1, 1};
    oc_match    items[4];
    for (int by = 0; by < 2; by++) {
        remove_files();
        oc_gallery *g = make(2, (oc_gallery_rules){.by = (oc_gallery_by)by, .center = true});
        oc_search  *s = open_search(NULL);
        oc_matches  m = find(s, items, 4, a, 2);
        assert_true(m.n == 0 && !m.known);
        enrol(g, "a", a); /* one label: not centred */
        must(oc_search_refresh(s, NULL, err));
        m = find(s, items, 4, a, 2);
        assert_true(m.n == 1 && m.known && items[0].similarity > 0.9999f);
        enrol(g, "b", b);
        must(oc_search_refresh(s, NULL, err));
        m = find(s, items, 4, a, 2);
        assert_true(m.n == 2 && items[0].similarity > 0.9999f && items[1].similarity < -0.9999f);
        assert_true(fabsf(m.margin - 2) < 1e-3f);
        m = find(s, items, 4, between, 2);
        assert_true(m.n == 2 && fabsf(items[0].similarity) < 1e-6f && fabsf(m.margin) < 1e-6f);
        oc_search_close(s);
        oc_gallery_close(g);
    }
}

static void test_follows_changes(void **state)
{
    (void)state;
    const float a[2] = {1, 0}, b[2] = {1, 1};
    oc_match    items[4];
    bool        changed;
    size_t      removed;
    oc_gallery *g = make(2, (oc_gallery_rules){.by = OC_GALLERY_NEAREST});
    enrol(g, "a", a);
    oc_search *s = open_search(NULL);
    must(oc_search_refresh(s, &changed, err));
    assert_false(changed);
    enrol(g, "b", b);
    assert_string_equal(find(s, items, 4, b, 2).items[0].label, "a"); /* not behind its back */
    must(oc_search_refresh(s, &changed, err));
    assert_true(changed);
    assert_string_equal(find(s, items, 4, b, 2).items[0].label, "b");
    must(oc_search_refresh(s, &changed, err));
    assert_false(changed);
    must(oc_gallery_remove_label(g, "b", &removed, err));
    must(oc_gallery_rules_set(g, &(oc_gallery_rules){.threshold = 0.9f}, err));
    must(oc_search_refresh(s, &changed, err));
    assert_true(changed && oc_search_labels(s) == 1 && oc_search_rules(s)->threshold == 0.9f);
    oc_gallery_close(g);
    oc_search_close(s);
}

static void put_in_place(const oc_gallery_model *model, const char *label)
{
    char        next[80];
    const float x[3] = {1, 2, 3};
    oc_gallery *g = NULL;
    snprintf(next, sizeof(next), "%s.next", path);
    must(oc_gallery_create(next, model, &(oc_gallery_rules){.by = OC_GALLERY_NEAREST}, &g, err));
    enrol(g, label, x);
    oc_gallery_close(g);
    assert_int_equal(rename(next, path), 0);
}

/* A new file under the old name: taken whole, or the old contents stay. */
static void test_replaced(void **state)
{
    (void)state;
    const oc_gallery_model same = {"tiny", SHA_A, 2}, other = {"tiny", SHA_B, 2};
    const float            a[2] = {1, 0};
    oc_match               items[4];
    bool                   changed;
    put_in_place(&same, "first");
    oc_search *s = open_search(NULL);
    put_in_place(&same, "second");
    must(oc_search_refresh(s, &changed, err));
    assert_true(changed);
    assert_string_equal(find(s, items, 4, a, 2).items[0].label, "second");
    put_in_place(&other, "third");
    must_fail(OC_INVALID, "sha256", oc_search_refresh(s, &changed, err));
    assert_false(changed);
    assert_string_equal(find(s, items, 4, a, 2).items[0].label, "second");
    must(oc_search_refresh(s, &changed, err)); /* told once */
    assert_false(changed);
    put_in_place(&same, "fourth");
    must(oc_search_refresh(s, &changed, err));
    assert_string_equal(find(s, items, 4, a, 2).items[0].label, "fourth");
    oc_search_close(s);
}

/* Rows that cannot be used appear while it runs: an error once, the old contents stay. */
static void test_spoilt_under_way(void **state)
{
    (void)state;
    const oc_gallery_model same = {"tiny", SHA_A, 2};
    const float            a[2] = {1, 0};
    oc_match               items[4];
    put_in_place(&same, "good");
    oc_search *s = open_search(NULL);
    remove_files();
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs("not a gallery at all", f);
    fclose(f);
    must_fail(OC_FORMAT, "not a gallery", oc_search_refresh(s, NULL, err));
    assert_string_equal(find(s, items, 4, a, 2).items[0].label, "good");
    oc_search_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_against_plain, test_setup),
        cmocka_unit_test_setup(test_ties, test_setup),
        cmocka_unit_test_setup(test_threshold, test_setup),
        cmocka_unit_test_setup(test_small, test_setup),
        cmocka_unit_test_setup(test_follows_changes, test_setup),
        cmocka_unit_test_setup(test_replaced, test_setup),
        cmocka_unit_test_setup(test_spoilt_under_way, test_setup),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
