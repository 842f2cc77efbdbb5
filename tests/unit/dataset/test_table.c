/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/table.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/dataset/dataset.h"
#include "tests/unit/dataset/text.h"
#include "tests/unit/test.h"

static const char *label_of(const struct gad_table *t, size_t row)
{
    return gad_table_label_name(t, gad_table_label(t, row));
}

static int load(const char *text, const struct gad_table_options *opt, struct gad_table **ret,
                struct gad_diag *d)
{
    char path[TEMP_PATH];
    const char *const paths[] = {path};

    write_temp(text, strlen(text), path);
    int r = gad_table_load(paths, 1, opt, ret, d);
    assert_int_equal(unlink(path), 0);
    return r;
}

static void rows_labels_and_sources_are_kept(void **state)
{
    (void)state;
    static const char kdd[] = KDD("normal") KDD("smurf") KDD("normal"), nsl[] = NSL("neptune");
    char a[TEMP_PATH], b[TEMP_PATH];
    const char *const paths[] = {a, b};
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    struct gad_record rec;

    write_temp(kdd, sizeof(kdd) - 1, a);
    write_temp(nsl, sizeof(nsl) - 1, b);
    assert_int_equal(gad_table_load(paths, 2, NULL, &t, NULL), 0);
    assert_int_equal(gad_table_n_rows(t), 4);
    assert_int_equal(gad_table_n_labels(t), 3);
    assert_string_equal(label_of(t, 0), "normal");
    assert_string_equal(label_of(t, 1), "smurf");
    assert_int_equal(gad_table_label(t, 2), gad_table_label(t, 0));
    assert_string_equal(label_of(t, 3), "neptune");
    assert_true(gad_table_is_normal(t, 0) && !gad_table_is_normal(t, 1));
    assert_true(gad_table_is_labelled(t));
    gad_table_record(t, 3, &rec);
    assert_true(rec.v[GAD_SRC_BYTES] == 181.0 && rec.v[GAD_SERVICE] == 22.0);
    assert_true(rec.v[GAD_DST_HOST_SAME_SRC_PORT_RATE] == (double)0.11f);
    assert_true(gad_table_features(t, 3)[GAD_DST_BYTES] == 5450.0f);

    assert_int_equal(gad_table_n_sources(t), 2);
    const struct gad_table_source *src = gad_table_source(t, 0);
    assert_string_equal(src->name, strrchr(a, '/') + 1);
    assert_int_equal(src->rows, 3);
    assert_string_equal(src->first_bad, "");
    assert_int_equal(strlen(src->sha256), 64);
    assert_int_equal(gad_table_source(t, 1)->rows, 1);
    unlink(a);
    unlink(b);
}

/* SHA-256 of the three bytes "abc" is in FIPS 180-2; they are also a bad line. */
static void the_sum_is_the_files_and_bad_lines_are_counted(void **state)
{
    (void)state;
    const struct gad_table_options skip_bad = {.skip_bad = true};
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    struct gad_diag d = {.text = ""};

    assert_int_equal(load("abc", NULL, &t, &d), GAD_EFORMAT);
    assert_non_null(strstr(d.text, ":1: column 1 'duration'"));
    assert_null(t);
    assert_int_equal(load("abc", &skip_bad, &t, &d), 0);
    assert_string_equal(gad_table_source(t, 0)->sha256,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(gad_table_source(t, 0)->bad_lines, 1);
    assert_non_null(strstr(gad_table_source(t, 0)->first_bad, "'duration'"));
    assert_int_equal(gad_table_n_rows(t), 0);
    assert_false(gad_table_is_labelled(t));
}

static void files_without_labels_are_distinguished(void **state)
{
    (void)state;
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;

    assert_int_equal(load(FEATURES "\n", NULL, &t, NULL), 0);
    assert_string_equal(label_of(t, 0), "");
    assert_false(gad_table_is_normal(t, 0));
    assert_false(gad_table_is_labelled(t));
}

/* A file whose first line names the columns, with @n rows whose time is i. */
static char *timed_file(const char *more, size_t n)
{
    size_t room = 4096 + n * 256, len = 0;
    char *text = malloc(room);

    assert_non_null(text);
    for (int c = 0; c < GAD_N_COLUMNS; c++)
        len +=
            (size_t)snprintf(text + len, room - len, "%s%s", c > 0 ? "," : "", gad_columns[c].name);
    len += (size_t)snprintf(text + len, room - len, "%s\n", more);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, room - len, FEATURES ",%zu.5\n", i);
    return text;
}

/* By what they are called, or by what the caller says. */
static void which_labels_are_normal_is_known_and_counted(void **state)
{
    (void)state;
    static const char text[] =
        KDD("Normal") KDD("smurf") KDD("benign") KDD("smurf") KDD("NORMAL") KDD("smurf");
    static const char *const names[] = {"smurf", "benign"};
    const struct gad_table_options own = {.normal = names, .n_normal = 2};
    static const bool by_name[] = {true, false, true, true},
                      by_caller[] = {false, true, true, false};
    static const uint64_t rows[] = {1, 3, 1, 1};

    for (int given = 0; given < 2; given++) {
        gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
        assert_int_equal(load(text, given ? &own : NULL, &t, NULL), 0);
        assert_int_equal(gad_table_n_labels(t), 4);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(gad_table_label_is_normal(t, i), (given ? by_caller : by_name)[i]);
            assert_int_equal(gad_table_label_rows(t, i), rows[i]);
        }
        assert_int_equal(gad_table_is_normal(t, 5), given);
    }
}

static void a_source_says_what_its_head_meant(void **state)
{
    (void)state;
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    char *text = timed_file(",Label", 1), *more = timed_file(",a,b,c,d,e,f,g,h,src_ip", 0),
         *few = timed_file(",difficulty,class,x", 0);
    char path[3][TEMP_PATH];
    const char *const paths[] = {path[0], path[1], path[2]};

    write_temp(text, strlen(text), path[0]);
    write_temp(more, strlen(more), path[1]);
    write_temp(few, strlen(few), path[2]);
    assert_int_equal(gad_table_load(paths, 3, NULL, &t, NULL), 0);
    assert_string_equal(gad_table_source(t, 0)->label_column, "Label");
    assert_string_equal(gad_table_source(t, 0)->passed_over, "");
    assert_string_equal(gad_table_source(t, 1)->label_column, "");
    assert_string_equal(gad_table_source(t, 1)->passed_over, "a, b, c, d, e, f and 2 more");
    assert_string_equal(gad_table_source(t, 2)->label_column, "class");
    assert_string_equal(gad_table_source(t, 2)->passed_over, "difficulty, x");
    assert_int_equal(gad_table_source(t, 0)->bytes, strlen(text));
    for (int i = 0; i < 3; i++)
        unlink(path[i]);
    free(text);
    free(more);
    free(few);
}

static void rows_keep_their_times(void **state)
{
    (void)state;
    enum { N = 5000 }; /* more than there is room for at first */
    char plain[TEMP_PATH], timed[TEMP_PATH];
    const char *const paths[] = {plain, timed, plain};
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    struct gad_time time = {.ns = 77};
    char *text = timed_file(",decided", N);

    write_temp(FEATURES "\n", sizeof(FEATURES), plain);
    write_temp(text, strlen(text), timed);
    free(text);
    assert_int_equal(gad_table_load(paths, 3, NULL, &t, NULL), 0);
    assert_int_equal(gad_table_n_rows(t), N + 2);
    assert_int_equal(gad_table_n_timed(t), N);
    assert_false(gad_table_time(t, 0, &time) || gad_table_time(t, N + 1, &time));
    assert_true(time.ns == 77);
    for (size_t i = 0; i < N; i++) {
        assert_true(gad_table_time(t, i + 1, &time));
        assert_true(time.ns == (int64_t)i * 1000000000 + 500000000);
    }
    unlink(plain);
    unlink(timed);
}

static void rows_are_limited(void **state)
{
    (void)state;
    struct gad_table_options opt = {.max_rows = 3};
    struct gad_diag d = {.text = ""};

    for (size_t n = 2; n <= 4; n++) {
        gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
        char text[2048] = "";
        size_t len = 0;
        for (size_t i = 0; i < n; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", KDD("normal"));
        assert_int_equal(load(text, &opt, &t, &d), n <= 3 ? 0 : GAD_ELIMIT);
    }
    assert_non_null(strstr(d.text, ":4: more than 3 rows"));
}

static void labels_are_limited(void **state)
{
    (void)state;
    enum { LINE = 256 };
    char *text = calloc(GAD_TABLE_LABELS_MAX + 1, LINE);
    struct gad_diag d = {.text = ""};

    for (size_t n = GAD_TABLE_LABELS_MAX - 1; n <= GAD_TABLE_LABELS_MAX + 1; n++) {
        gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
        size_t len = 0;
        for (size_t i = 0; i < n; i++)
            len += (size_t)snprintf(text + len, LINE, FEATURES ",label%zu.\n", i);
        int r = load(text, NULL, &t, &d);
        assert_int_equal(r, n <= GAD_TABLE_LABELS_MAX ? 0 : GAD_ELIMIT);
        for (size_t i = 0; r == 0 && i < n; i++) {
            char want[GAD_LABEL_TEXT];
            (void)snprintf(want, sizeof(want), "label%zu", i);
            assert_string_equal(label_of(t, i), want);
        }
    }
    assert_non_null(strstr(d.text, "different labels"));
    free(text);
}

/* float32 rounds the largest duration up; the record must stay legal. */
static void a_record_from_the_table_is_legal(void **state)
{
    (void)state;
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    struct gad_record rec;
    char text[512];

    (void)snprintf(text, sizeof(text), "4294967295%s\n", &FEATURES[1]);
    assert_int_equal(load(text, NULL, &t, NULL), 0);
    gad_table_record(t, 0, &rec);
    assert_int_equal(gad_record_check(&rec), -1);
    assert_true((float)rec.v[GAD_DURATION] == gad_table_features(t, 0)[GAD_DURATION]);
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    static const char *const paths[] = {"/nonexistent/kdd.gz"};
    struct gad_table *t = NULL;
    struct gad_diag d = {.text = ""};

    assert_int_equal(gad_table_load(paths, 1, NULL, &t, &d), -ENOENT);
    assert_non_null(strstr(d.text, "/nonexistent/kdd.gz: cannot open"));
    assert_null(t);
}

static void no_failed_allocation_leaks(const char *text)
{
    int r = -1;
    long k = 0;

    while (r != 0 && k < 100) {
        struct gad_table *t = NULL;
        (void)gad_mem_fail_at(++k);
        r = load(text, NULL, &t, NULL);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || (r == GAD_ENOMEM && t == NULL));
        gad_table_free(t);
    }
    assert_true(k > 5 && r == 0);
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    char *text = timed_file(",end", 5000);

    no_failed_allocation_leaks(KDD("normal"));
    no_failed_allocation_leaks(text);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_labels_and_sources_are_kept),
        cmocka_unit_test(the_sum_is_the_files_and_bad_lines_are_counted),
        cmocka_unit_test(files_without_labels_are_distinguished),
        cmocka_unit_test(which_labels_are_normal_is_known_and_counted),
        cmocka_unit_test(a_source_says_what_its_head_meant),
        cmocka_unit_test(rows_keep_their_times),
        cmocka_unit_test(rows_are_limited),
        cmocka_unit_test(labels_are_limited),
        cmocka_unit_test(a_record_from_the_table_is_legal),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
