/* SPDX-License-Identifier: Apache-2.0 */

/* The shipped models on real connections: a column with an anomalous value is among the top
 * features. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/dataset/split.h"
#include "lib/dataset/table.h"
#include "lib/record/record.h"
#include "models/detector.h"
#include "tests/unit/data.h"
#include "tests/unit/test.h"

enum { TRIALS = 1000, TOP = 3 };

static char path[4096];

static struct data {
    struct gad_table *table;
    struct gad_split split;
    uint32_t *normal; /* test rows */
    size_t n_normal;
    float high[GAD_N_COLUMNS]; /* 99.99th percentile over them */
} data;

static int ascending(const void *pa, const void *pb)
{
    const float *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

static int load(void **state)
{
    (void)state;
    const char *const file = path;
    const struct gad_split_options o = {GAD_NORMAL, GAD_SPLIT_SEED, 0.1};

    assert_int_equal(gad_table_load(&file, 1, &(struct gad_table_options){0}, &data.table, NULL),
                     0);
    size_t n = gad_table_n_rows(data.table);
    bool *is_normal = calloc(n, sizeof(*is_normal));
    data.normal = calloc(n, sizeof(*data.normal));
    float *v = calloc(n, sizeof(*v));
    assert_true(is_normal && data.normal && v);
    for (size_t i = 0; i < n; i++)
        is_normal[i] = gad_table_is_normal(data.table, i);
    assert_int_equal(gad_split_make(&o, n, is_normal, NULL, &data.split, NULL), 0);
    for (size_t i = 0; i < data.split.n_test; i++)
        if (is_normal[data.split.test[i]])
            data.normal[data.n_normal++] = data.split.test[i];
    for (size_t c = 0; c < GAD_N_COLUMNS; c++) {
        for (size_t i = 0; i < data.n_normal; i++)
            v[i] = gad_table_features(data.table, data.normal[i])[c];
        qsort(v, data.n_normal, sizeof(*v), ascending);
        data.high[c] = v[(size_t)(0.9999 * (double)(data.n_normal - 1))];
    }
    free(is_normal);
    free(v);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    free(data.normal);
    gad_split_deinit(&data.split);
    gad_table_free(data.table);
    return 0;
}

/* Numbers, rates and flags whose 99.99th percentile is above the record's value. A rate or
 * window count that is at its top in one normal row of twenty is not anomalous with that value,
 * so the value may be reached by at most 1 % of the rows. */
static bool can_be_pushed(enum gad_column c, const struct gad_record *r, const bool *rare)
{
    return gad_columns[c].kind != GAD_KIND_NAME && rare[c] && (double)data.high[c] > r->v[c];
}

static void find_rare(bool *rare)
{
    for (size_t c = 0; c < GAD_N_COLUMNS; c++) {
        size_t n = 0;
        for (size_t i = 0; i < data.n_normal; i++)
            n += gad_table_features(data.table, data.normal[i])[c] >= data.high[c];
        rare[c] = data.high[c] > 0.0f && 100 * n <= data.n_normal;
    }
}

/* Share of trials in which the pushed column is among the first TOP. */
static double found(const char *checkpoint, uint64_t seed)
{
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    gad_cleanup(gad_workspace_freep) struct gad_workspace *ws = NULL;
    struct gad_rng r = gad_rng_init(seed, 0);
    struct gad_diag d = {.text = ""};
    bool rare[GAD_N_COLUMNS];
    size_t n_found = 0, missed[GAD_N_COLUMNS] = {0};

    find_rare(rare);
    assert_int_equal(gad_detector_open(checkpoint, &det, &d), 0);
    assert_int_equal(gad_workspace_new(det, 1, &ws), 0);
    for (size_t t = 0; t < TRIALS;) {
        struct gad_record rec;
        struct gad_reason why[GAD_N_COLUMNS];
        enum gad_column c = (enum gad_column)gad_rng_below(&r, GAD_N_COLUMNS);
        double sum = 0.0;

        gad_table_record(data.table, data.normal[gad_rng_below(&r, (uint32_t)data.n_normal)], &rec);
        if (!can_be_pushed(c, &rec, rare))
            continue;
        rec.v[c] = (double)data.high[c];
        (void)gad_detector_explain(det, ws, &rec, why);
        bool hit = false;
        for (size_t k = 0; k < TOP; k++)
            hit |= why[k].column == c;
        for (size_t k = 0; k < GAD_N_COLUMNS; k++)
            sum += why[k].share;
        assert_true(fabs(sum - 1.0) < 1e-9);
        n_found += hit;
        missed[c] += !hit;
        t++;
    }
    for (size_t c = 0; c < GAD_N_COLUMNS; c++)
        if (missed[c] > 0)
            print_message("  missed %zu times: %s\n", missed[c], gad_columns[c].name);
    print_message("%s: %.1f %% of %d pushed columns are among the first %d reasons\n", checkpoint,
                  100.0 * (double)n_found / TRIALS, TRIALS, TOP);
    return (double)n_found / TRIALS;
}

static void a_pushed_column_is_among_the_first_reasons(void **state)
{
    (void)state;
    static const char *const checkpoints[] = {MODELS "/kdd99-egbad.ckpt",
                                              MODELS "/kdd99-ganomaly.ckpt"};

    for (size_t i = 0; i < 2; i++)
        assert_true(found(checkpoints[i], 1 + i) >= 0.95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pushed_column_is_among_the_first_reasons),
    };

    if (!find_data("kdd99/kddcup.data_10_percent.gz", path))
        return TEST_SKIPPED;
    return cmocka_run_group_tests_name("explain", tests, load, unload);
}
