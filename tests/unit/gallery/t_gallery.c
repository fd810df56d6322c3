/* The file: what goes in comes out, nothing of another network gets in, damage is told. */
#include "gallery_test.h"

#include <math.h>
#include <sqlite3.h>
#include <sys/stat.h>

static const oc_gallery_rules plain = {.by = OC_GALLERY_NEAREST};

typedef struct listed {
    oc_gallery_entry entry[8];
    char             label[8][64], source[8][64];
    float            vector[8][4];
    size_t           n, length;
} listed;

static oc_status note_entry(void *ctx, const oc_gallery_entry *e, oc_error *err)
{
    listed *l = ctx;
    (void)err;
    assert_true(l->n < 8);
    l->entry[l->n] = *e;
    snprintf(l->label[l->n], 64, "%s", e->label);
    snprintf(l->source[l->n], 64, "%s", e->source);
    if (e->embedding)
        memcpy(l->vector[l->n], e->embedding, l->length * sizeof(float));
    l->n++;
    return OC_OK;
}

static oc_status note_label(void *ctx, const char *label, size_t entries, oc_error *err)
{
    char *text = ctx;
    (void)err;
    snprintf(text + strlen(text), 200 - strlen(text), "%s=%zu ", label, entries);
    return OC_OK;
}

static void test_round_trip(void **state)
{
    (void)state;
    const float            a[4] = {1, -2.5f, 3e-7f, 4e6f}, b[4] = {0, 0, 0, -1};
    const oc_gallery_rules rules = {OC_GALLERY_CENTROID, true, 0.25f};
    oc_gallery            *g = make(4, rules);
    const oc_gallery_item  items[] = {{"caf\xc3\xa9 'x'", a, "a/b.jpg"}, {"tea", b, "bad\xff.jpg"}};
    must(oc_gallery_enrol(g, items, 2, false, err));
    enrol(g, "tea", a);
    oc_gallery_close(g);

    g = reopen(false);
    assert_string_equal(oc_gallery_model_of(g)->card, "tiny");
    assert_string_equal(oc_gallery_model_of(g)->sha256, SHA_A);
    assert_int_equal(oc_gallery_model_of(g)->length, 4);
    oc_gallery_rules got;
    must(oc_gallery_rules_get(g, &got, err));
    assert_int_equal(got.by, OC_GALLERY_CENTROID);
    assert_true(got.center);
    assert_true(got.threshold == 0.25f);

    listed l = {.length = 4};
    must(oc_gallery_list(g, true, note_entry, &l, err));
    assert_int_equal(l.n, 3);
    assert_string_equal(l.label[0], "caf\xc3\xa9 'x'");
    assert_string_equal(l.source[0], "a/b.jpg");
    assert_string_equal(l.source[1], "bad?.jpg");
    assert_memory_equal(l.vector[0], a, sizeof(a));
    assert_memory_equal(l.vector[1], b, sizeof(b));
    assert_true(l.entry[0].created > 1500000000);
    assert_true(l.entry[0].id < l.entry[1].id && l.entry[1].id < l.entry[2].id);

    char labels[200] = "";
    must(oc_gallery_labels(g, note_label, labels, err));
    assert_string_equal(labels, "caf\xc3\xa9 'x'=1 tea=2 ");
    /* Opened for reading, it refuses to be written. */
    must_fail(OC_IO, "g.db", oc_gallery_enrol(g, items, 1, false, err));
    oc_gallery_close(g);
    char log[96];
    snprintf(log, sizeof(log), "%s-wal", path);
    assert_int_not_equal(access(log, F_OK), 0);
}

static size_t entries_of(oc_gallery *g)
{
    size_t entries, labels;
    must(oc_gallery_count(g, &entries, &labels, err));
    return entries;
}

static void test_remove(void **state)
{
    (void)state;
    const float a[2] = {1, 2};
    size_t      removed;
    oc_gallery *g = make(2, plain);
    enrol(g, "a", a);
    enrol(g, "b", a);
    enrol(g, "b", a);
    listed l = {.n = 0};
    must(oc_gallery_list(g, false, note_entry, &l, err));
    assert_null(l.entry[0].embedding);
    must(oc_gallery_remove_label(g, "b", &removed, err));
    assert_int_equal(removed, 2);
    must_fail(OC_NOT_FOUND, "'b'", oc_gallery_remove_label(g, "b", &removed, err));
    must(oc_gallery_remove_id(g, l.entry[0].id, err));
    must_fail(OC_NOT_FOUND, "g.db", oc_gallery_remove_id(g, l.entry[0].id, err));
    assert_int_equal(entries_of(g), 0);
    /* A number is never given twice: a stale list cannot remove the wrong entry. */
    enrol(g, "c", a);
    const int64_t last = l.entry[2].id;
    l.n = 0;
    must(oc_gallery_list(g, false, note_entry, &l, err));
    assert_true(l.entry[0].id > last);
    /* replace: what the label had goes, other labels stay. */
    const oc_gallery_item items[] = {{"c", a, NULL}, {"c", a, NULL}};
    enrol(g, "d", a);
    must(oc_gallery_enrol(g, items, 2, true, err));
    char labels[200] = "";
    must(oc_gallery_labels(g, note_label, labels, err));
    assert_string_equal(labels, "c=2 d=1 ");
    oc_gallery_close(g);
}

/* One bad item: none of its call gets in. */
static void test_refused_items(void **state)
{
    (void)state;
    const float good[2] = {1, 2}, zero[2] = {0, 0}, nan[2] = {1, NAN}, inf[2] = {INFINITY, 1};
    char        longest[OC_GALLERY_LABEL_MAX + 2];
    oc_gallery *g = make(2, plain);
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = 0;
    const struct {
        oc_gallery_item bad;
        const char     *why;
    } cases[] = {
        {{"z", zero, ""}, "zero"},         {{"z", nan, ""}, "finite"},
        {{"z", inf, ""}, "finite"},        {{"", good, ""}, "label"},
        {{longest, good, ""}, "255"},      {{"a\nb", good, ""}, "control"},
        {{"\xc0\x80", good, ""}, "UTF-8"}, {{"\xed\xa0\x80", good, ""}, "UTF-8"},
        {{"\xe2\x82", good, ""}, "UTF-8"}, {{"\xf5\x80\x80\x80", good, ""}, "UTF-8"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const oc_gallery_item items[] = {{"fine", good, ""}, cases[i].bad};
        must_fail(OC_INVALID, cases[i].why, oc_gallery_enrol(g, items, 2, false, err));
        assert_int_equal(entries_of(g), 0);
    }
    longest[OC_GALLERY_LABEL_MAX] = 0;
    enrol(g, longest, good);
    assert_int_equal(entries_of(g), 1);
    oc_gallery_close(g);
}

static void test_models_never_mix(void **state)
{
    (void)state;
    static const struct {
        oc_gallery_model expect;
        const char      *why; /* NULL: fits */
    } cases[] = {
        {{"tiny", SHA_A, 3}, NULL},       {{NULL, NULL, 0}, NULL},
        {{"tiny", NULL, 3}, NULL},        {{"other", SHA_A, 3}, "'other'"},
        {{"tiny", SHA_B, 3}, "sha256"},   {{"tiny", SHA_A, 4}, "3 numbers"},
        {{NULL, NULL, 256}, "3 numbers"},
    };
    oc_gallery_close(make(3, plain));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        oc_gallery *g = NULL;
        if (cases[i].why)
            must_fail(OC_INVALID, cases[i].why,
                      oc_gallery_open(path, true, &cases[i].expect, &g, err));
        else
            must(oc_gallery_open(path, true, &cases[i].expect, &g, err));
        assert_true((g == NULL) == (cases[i].why != NULL));
        oc_gallery_close(g);
    }
    /* Making what is there opens it, with the rules it has, when it fits. */
    const oc_gallery_model same = {"tiny", SHA_A, 3}, other = {"tiny", SHA_B, 3};
    const oc_gallery_rules rules = {.by = OC_GALLERY_CENTROID};
    oc_gallery            *g = NULL;
    must_fail(OC_INVALID, "sha256", oc_gallery_create(path, &other, &rules, &g, err));
    must(oc_gallery_create(path, &same, &rules, &g, err));
    oc_gallery_rules got;
    must(oc_gallery_rules_get(g, &got, err));
    assert_int_equal(got.by, OC_GALLERY_NEAREST);
    oc_gallery_close(g);
    const oc_gallery_model bad = {"tiny", "short", 3};
    must_fail(OC_INVALID, "hash", oc_gallery_create(path, &bad, &rules, &g, err));
}

static void write_file(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void sql(const char *text)
{
    sqlite3 *db = NULL;
    char    *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
    sqlite3_close(db);
}

static void refused(oc_status status, const char *why)
{
    oc_gallery *g = NULL;
    must_fail(status, why, oc_gallery_open(path, false, NULL, &g, err));
    must_fail(status, "g.db", oc_gallery_open(path, true, NULL, &g, err));
    assert_null(g);
}

static void test_not_a_gallery(void **state)
{
    (void)state;
    refused(OC_NOT_FOUND, "g.db");
    write_file("", 0);
    refused(OC_FORMAT, "empty");
    write_file("Once upon a time, and for a good while after that, there was a text.", 68);
    refused(OC_FORMAT, "not a gallery");
    remove_files();
    sql("CREATE TABLE entry (id INTEGER)");
    refused(OC_FORMAT, "not a gallery");
    const oc_gallery_model model = {"tiny", SHA_A, 3};
    oc_gallery            *g = NULL;
    must_fail(OC_FORMAT, "not a gallery", oc_gallery_create(path, &model, &plain, &g, err));
    remove_files();
    assert_int_equal(mkdir(path, 0700), 0);
    refused(OC_FORMAT, "not a file");
}

static void test_other_schemas(void **state)
{
    (void)state;
    static const struct {
        const char *change, *why;
    } cases[] = {
        {"PRAGMA user_version = 2", "schema 2 is newer"},
        {"PRAGMA user_version = 0", "schema 0"},
        {"PRAGMA application_id = 7", "not a gallery"},
        {"ALTER TABLE entry ADD COLUMN more TEXT", "tables"},
        {"CREATE TRIGGER t AFTER INSERT ON entry BEGIN SELECT 1; END", "tables"},
        {"DROP INDEX entry_label", "tables"},
        /* A view that never ends must not be read. */
        {"DROP TABLE entry; CREATE VIEW entry AS WITH RECURSIVE r(id) AS (SELECT 1 UNION ALL SELECT "
         "id + 1 FROM r) SELECT id, 'x' AS label, '' AS source, 0 AS created, x'00' AS embedding "
         "FROM r",
         "tables"},
        {"DELETE FROM gallery", "whose"},
        {"UPDATE gallery SET length = 1000000000", "1000000000"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        remove_files();
        oc_gallery_close(make(3, plain));
        sql(cases[i].change);
        refused(OC_FORMAT, cases[i].why);
    }
}

static void test_bad_rows(void **state)
{
    (void)state;
    static const struct {
        const char *change, *why;
    } cases[] = {
        {"UPDATE entry SET embedding = x'0000' WHERE id = 2", "entry 2 has 2 bytes"},
        {"UPDATE entry SET embedding = zeroblob(8) WHERE id = 1", "zero"},
        {"UPDATE entry SET embedding = x'0000c07f0000c07f' WHERE id = 1", "finite"},
        {"UPDATE entry SET label = '' WHERE id = 2", "entry 2"},
        {"UPDATE entry SET label = cast(x'ff' AS TEXT)", "UTF-8"},
    };
    const float a[2] = {1, 2};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        remove_files();
        oc_gallery *g = make(2, plain);
        enrol(g, "a", a);
        enrol(g, "b", a);
        oc_gallery_close(g);
        sql(cases[i].change);
        g = reopen(false);
        listed l = {.length = 2};
        must_fail(OC_FORMAT, cases[i].why, oc_gallery_list(g, true, note_entry, &l, err));
        oc_gallery_close(g);
    }
}

/* Every page of a gallery spoilt in turn, and the file cut at every page: an error or an answer, and
 * where pages are missing an error. */
static void test_damage(void **state)
{
    (void)state;
    float       x[300];
    oc_gallery *g = make(300, plain);
    for (size_t i = 0; i < 60; i++) {
        char label[16];
        for (size_t k = 0; k < 300; k++)
            x[k] = (float)((i * 7 + k * k) % 31) - 15.5f;
        snprintf(label, sizeof(label), "label %zu", i % 7);
        enrol(g, label, x);
    }
    oc_gallery_close(g);
    static unsigned char whole[1 << 20], spoilt[1 << 20];
    FILE                *f = fopen(path, "rb");
    assert_non_null(f);
    size_t n = fread(whole, 1, sizeof(whole), f), told = 0, pages = n / 4096;
    fclose(f);
    assert_true(pages > 10 && n < sizeof(whole));
    for (size_t p = 0; p < pages; p++) {
        memcpy(spoilt, whole, n);
        memset(spoilt + p * 4096 + (p ? 0 : 100), 0xa5, 200); /* the head of a b-tree page */
        write_file(spoilt, n);
        oc_error  err = {0};
        oc_status st = oc_gallery_open(path, false, NULL, &g, &err);
        told += st == OC_FORMAT && strstr(err.message, "g.db") != NULL;
        if (st == OC_OK)
            oc_gallery_close(g);
    }
    assert_true(told > pages / 4); /* overflow pages hold numbers: any are good */
    for (size_t p = 0; p < pages; p++) {
        write_file(whole, p * 4096 + (p % 3) * 1000);
        oc_gallery *cut = NULL;
        oc_error    err = {0};
        assert_int_equal(oc_gallery_open(path, false, NULL, &cut, &err), OC_FORMAT);
        assert_null(cut);
    }
}

/* On a medium that cannot be written there is no place for the log: a folder stands in its way. */
static void test_nothing_writable(void **state)
{
    (void)state;
    char        in_the_way[96];
    const float a[2] = {1, 2};
    oc_gallery *g = make(2, plain);
    enrol(g, "a", a);
    oc_gallery_close(g);
    snprintf(in_the_way, sizeof(in_the_way), "%s-shm", path);
    assert_int_equal(mkdir(in_the_way, 0700), 0);
    g = reopen(false);
    assert_int_equal(entries_of(g), 1);
    oc_gallery_close(g);
}

static void test_locked(void **state)
{
    (void)state;
    const float a[2] = {1, 2};
    sqlite3    *db = NULL;
    oc_gallery *g = make(2, plain);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    const oc_gallery_item item = {"a", a, ""};
    must_fail(OC_BUSY, "locked", oc_gallery_enrol(g, &item, 1, false, err));
    sqlite3_close(db);
    must(oc_gallery_enrol(g, &item, 1, false, err));
    oc_gallery_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_round_trip, test_setup),
        cmocka_unit_test_setup(test_remove, test_setup),
        cmocka_unit_test_setup(test_refused_items, test_setup),
        cmocka_unit_test_setup(test_models_never_mix, test_setup),
        cmocka_unit_test_setup(test_not_a_gallery, test_setup),
        cmocka_unit_test_setup(test_other_schemas, test_setup),
        cmocka_unit_test_setup(test_bad_rows, test_setup),
        cmocka_unit_test_setup(test_damage, test_setup),
        cmocka_unit_test_setup(test_nothing_writable, test_setup),
        cmocka_unit_test_setup(test_locked, test_setup),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
