/* SPDX-License-Identifier: Apache-2.0 */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/feature/schema.h"
#include "lib/record/record.h"
#include "tests/unit/test.h"

/* Any legal record, and now and then a name that is unknown. */
static struct gad_record draw_record(struct gad_rng *r)
{
    struct gad_record rec = {0};

    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        const struct gad_column_info *col = &gad_columns[c];
        uint64_t u = gad_rng_u64(r);
        if (col->kind == GAD_KIND_RATE)
            rec.v[c] = (double)(u % 101) / 100.0;
        else if (col->kind == GAD_KIND_NAME && u % 16 == 0)
            rec.v[c] = (double)GAD_NAME_UNKNOWN;
        else
            rec.v[c] = (double)(u >> (u % 64)) > col->max ? (double)(u % ((uint64_t)col->max + 1))
                                                          : (double)(u >> (u % 64));
    }
    return rec;
}

/* Column that element j comes from. */
static enum gad_column column_of(const struct gad_schema *s, size_t j)
{
    size_t first, n, g = 0;

    if (j < gad_schema_n_numeric(s))
        return gad_schema_numeric(s, j);
    enum gad_column c = gad_schema_group_column(s, g, &first, &n);
    while (j >= first + n)
        c = gad_schema_group_column(s, ++g, &first, &n);
    return c;
}

/* By names alone, element by element: no table of the schema is used but the names. */
static uint64_t naive(const struct gad_schema *s, const struct gad_record *rec, float *x)
{
    bool fired[GAD_N_COLUMNS] = {false};
    uint64_t outside = 0;

    for (size_t j = 0; j < gad_schema_dim(s); j++) {
        const char *name = gad_schema_element_name(s, j);
        enum gad_column c = column_of(s, j);
        double v = rec->v[c];
        if (j < gad_schema_n_numeric(s)) {
            x[j] = (float)v;
        } else {
            const char *text = gad_columns[c].kind == GAD_KIND_NAME ? gad_name_text(c, (int)v)
                               : v == 1.0                           ? "1"
                                                                    : "0";
            x[j] = strcmp(name, text) == 0 ? 1.0f : 0.0f;
            fired[c] = fired[c] || x[j] == 1.0f;
        }
    }
    for (size_t g = 0; g < gad_schema_n_groups(s); g++) {
        size_t first, n;
        outside += !fired[gad_schema_group_column(s, g, &first, &n)];
    }
    return outside;
}

static void agrees_with_the_naive_way_on_any_record(void **state)
{
    (void)state;
    enum { N = 3000, LD = 128, DIM = 121 };
    gad_cleanup(gad_schema_freep) struct gad_schema *s = NULL;
    struct gad_record *rec = calloc(N, sizeof(*rec));
    float *x = calloc((size_t)N * LD, sizeof(*x));
    struct gad_rng r = gad_rng_init(7, 0);
    uint64_t want_outside = 0;

    assert_true(rec && x);
    assert_int_equal(gad_schema_new_egbad(&s), 0);
    for (size_t i = 0; i < N; i++) {
        rec[i] = draw_record(&r);
        assert_int_equal(gad_record_check(&rec[i]), -1);
    }
    for (size_t i = 0; i < (size_t)N * LD; i++)
        x[i] = -7.0f;
    uint64_t outside = gad_vectorize(s, N, rec, x, LD);
    for (size_t i = 0; i < N; i++) {
        float want[LD] = {0.0f};
        want_outside += naive(s, &rec[i], want);
        assert_memory_equal(x + i * LD, want, sizeof(want)); /* the padding is 0, too */
    }
    assert_true(outside == want_outside && outside > 0);
    free(rec);
    free(x);
}

static void leading_dimension_may_be_the_dimension(void **state)
{
    (void)state;
    gad_cleanup(gad_schema_freep) struct gad_schema *s = NULL;
    struct gad_record rec[2] = {0};
    float x[2 * 121 + 1];

    x[2 * 121] = 42.0f;
    rec[1].v[GAD_SERVICE] = 22.0;
    assert_int_equal(gad_schema_new_egbad(&s), 0);
    assert_true(gad_vectorize(s, 2, rec, x, 121) == 0);
    assert_true(x[2 * 121] == 42.0f);
    assert_true(x[34 + 1] == 1.0f);        /* tcp */
    assert_true(x[121 + 37 + 22] == 1.0f); /* http */
    assert_true(gad_vectorize(s, 0, rec, NULL, 121) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_naive_way_on_any_record),
        cmocka_unit_test(leading_dimension_may_be_the_dimension),
    };
    return cmocka_run_group_tests_name("vectorize", tests, NULL, NULL);
}
