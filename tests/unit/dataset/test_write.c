/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/dataset.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/rng.h"
#include "tests/unit/dataset/text.h"

/* What a reader makes of the record's line; the test fails if it is not one row. */
static struct gad_row read_back(const struct gad_record *rec, const char *label)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    char line[GAD_DATASET_LINE_MAX];
    struct gad_row row, none;

    size_t len = gad_row_write(rec, label, line);
    assert_true(len < sizeof(line) && line[len - 1] == '\n');
    assert_int_equal(gad_dataset_open_memory("w", line, len, NULL, &s, NULL), 0);
    assert_int_equal(gad_dataset_next(s, &row, NULL), 0);
    assert_int_equal(gad_dataset_next(s, &none, NULL), GAD_END);
    return row;
}

static void the_form_is_that_of_the_files(void **state)
{
    (void)state;
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    char line[GAD_DATASET_LINE_MAX];
    struct gad_row row;

    assert_int_equal(
        gad_dataset_open_memory("w", KDD("normal"), strlen(KDD("normal")), NULL, &s, NULL), 0);
    assert_int_equal(gad_dataset_next(s, &row, NULL), 0);
    assert_int_equal(gad_row_write(&row.rec, row.label, line), strlen(KDD("normal")));
    assert_memory_equal(line, KDD("normal"), strlen(KDD("normal")));
    assert_int_equal(gad_row_write(&row.rec, NULL, line), strlen(FEATURES "\n"));
    assert_memory_equal(line, FEATURES "\n", strlen(FEATURES "\n"));
}

/* Whole numbers of every size, names, unknown names, and rates of 0 to 15 decimals. */
static struct gad_record draw(struct gad_rng *r)
{
    struct gad_record rec = {0};

    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        const struct gad_column_info *col = &gad_columns[c];
        uint64_t u = gad_rng_u64(r), limit = (uint64_t)col->max;
        if (col->kind == GAD_KIND_RATE) {
            uint64_t unit = 1;
            for (unsigned k = gad_rng_below(r, 16); k > 0; k--)
                unit *= 10;
            rec.v[c] = (double)(u % (unit + 1)) / (double)unit;
        } else if (col->kind == GAD_KIND_NAME && u % 8 == 0) {
            rec.v[c] = (double)GAD_NAME_UNKNOWN;
        } else {
            rec.v[c] = (double)(u % (limit + 1) >> (u >> 32) % 53);
        }
    }
    return rec;
}

static void what_comes_from_text_comes_back_bit_for_bit(void **state)
{
    (void)state;
    struct gad_rng r = gad_rng_init(5, 0);

    for (int i = 0; i < 3000; i++) {
        struct gad_record rec = draw(&r);
        struct gad_row row = read_back(&rec, i % 2 ? "normal" : NULL);
        assert_memory_equal(row.rec.v, rec.v, sizeof(rec.v));
        assert_string_equal(row.label, i % 2 ? "normal" : "");
    }
}

/* From the wire and from tables: the same float32, in a short text. */
static void what_comes_as_float32_comes_back_as_that_float32(void **state)
{
    (void)state;
    struct gad_rng r = gad_rng_init(6, 0);
    struct gad_record rec = {0};
    char line[GAD_DATASET_LINE_MAX];

    for (int i = 0; i < 20000; i++) {
        float v = gad_rng_uniform(&r);
        for (unsigned k = gad_rng_below(&r, 8); k > 0; k--)
            v *= 0.1f;
        if (v < 2e-8f)
            continue;
        rec.v[GAD_SERROR_RATE] = (double)v;
        struct gad_row row = read_back(&rec, NULL);
        assert_true((float)row.rec.v[GAD_SERROR_RATE] == v);
    }
    rec.v[GAD_SERROR_RATE] = (double)0.11f;
    line[gad_row_write(&rec, NULL, line)] = '\0';
    assert_non_null(strstr(line, ",0.11,"));
}

static void a_tiny_rate_comes_back_within_half_a_step(void **state)
{
    (void)state;
    static const double tiny[] = {5e-324, 1e-45, 1e-20, 4.9e-16, 5.1e-16, 1e-12 / 3.0, -0.0};
    struct gad_record rec = {0};

    for (size_t i = 0; i < sizeof(tiny) / sizeof(tiny[0]); i++) {
        rec.v[GAD_SERROR_RATE] = tiny[i];
        struct gad_row row = read_back(&rec, NULL);
        assert_true(fabs(row.rec.v[GAD_SERROR_RATE] - tiny[i]) <= 5.1e-16);
    }
}

static void what_is_not_legal_is_written_as_nothing_a_reader_takes(void **state)
{
    (void)state;
    static const double bad[] = {(double)NAN, (double)INFINITY, -1.0, 1e300};
    char line[GAD_DATASET_LINE_MAX];

    for (int c = 0; c < GAD_N_COLUMNS; c++)
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
            gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
            struct gad_record rec = {0};
            struct gad_row row;
            rec.v[c] = bad[i];
            size_t len = gad_row_write(&rec, NULL, line);
            assert_int_equal(gad_dataset_open_memory("w", line, len, NULL, &s, NULL), 0);
            bool name = gad_columns[c].kind == GAD_KIND_NAME; /* "?" is an unknown name */
            assert_int_equal(gad_dataset_next(s, &row, NULL), name ? 0 : GAD_EFORMAT);
        }
}

static void the_longest_line_fits(void **state)
{
    (void)state;
    char line[GAD_DATASET_LINE_MAX], label[GAD_LABEL_TEXT];
    struct gad_record rec = {0};

    for (int c = 0; c < GAD_N_COLUMNS; c++)
        rec.v[c] = gad_columns[c].kind == GAD_KIND_RATE ? 1.0 / 3.0 + 1e-10 : gad_columns[c].max;
    memset(label, 'x', sizeof(label) - 1);
    label[sizeof(label) - 1] = '\0';
    assert_true(gad_row_write(&rec, label, line) < 700);
    assert_string_equal(read_back(&rec, label).label, label);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_form_is_that_of_the_files),
        cmocka_unit_test(what_comes_from_text_comes_back_bit_for_bit),
        cmocka_unit_test(what_comes_as_float32_comes_back_as_that_float32),
        cmocka_unit_test(a_tiny_rate_comes_back_within_half_a_step),
        cmocka_unit_test(what_is_not_legal_is_written_as_nothing_a_reader_takes),
        cmocka_unit_test(the_longest_line_fits),
    };
    return cmocka_run_group_tests_name("write", tests, NULL, NULL);
}
