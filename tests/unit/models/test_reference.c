/* SPDX-License-Identifier: Apache-2.0 */
#include "models/reference.h"

#include <math.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/feature/schema.h"
#include "lib/record/record.h"
#include "tests/unit/test.h"

enum { N = 1000 };

/* src_bytes: 0 for four tenths, else all different; count: always 7; logged_in: one in four. */
static void get(void *arg, size_t i, struct gad_record *ret)
{
    (void)arg;
    memset(ret, 0, sizeof(*ret));
    ret->v[GAD_SRC_BYTES] = i < 400 ? 0 : (double)i;
    ret->v[GAD_COUNT] = 7;
    ret->v[GAD_LOGGED_IN] = i % 4 == 0;
}

static struct gad_schema *make_schema(void)
{
    static const char *const numeric[] = {"src_bytes", "count"};
    static const char *const yes_no[] = {"0", "1"};
    const struct gad_schema_group group = {"logged_in", yes_no, 2};
    struct gad_schema *s = NULL;
    assert_int_equal(gad_schema_new(numeric, 2, &group, 1, &s, NULL), 0);
    return s;
}

static void bins_hold_a_tenth_and_frequent_values_have_their_own(void **state)
{
    gad_cleanup(gad_schema_freep) struct gad_schema *s = make_schema();
    gad_cleanup(gad_reference_freep) struct gad_reference *r = NULL;
    struct gad_record rec;
    (void)state;

    assert_int_equal(gad_reference_fit(s, N, get, NULL, &r), 0);
    assert_int_equal(r->n_columns, 3);
    const struct gad_reference_column *c = &r->column[0];
    assert_string_equal(gad_reference_name(c), "src_bytes");
    assert_int_equal(c->count[0], 0);   /* below the least */
    assert_int_equal(c->count[1], 400); /* 0 alone */
    for (size_t i = 2; i + 1 < c->n_bins; i++)
        assert_in_range(c->count[i], 99, 101);
    assert_int_equal(c->count[c->n_bins - 1], 0);
    get(NULL, 999, &rec);
    assert_int_equal(gad_reference_bin(c, s, &rec, 0), c->n_bins - 2);
    rec.v[GAD_SRC_BYTES] = 1000;
    assert_int_equal(gad_reference_bin(c, s, &rec, 0), c->n_bins - 1);
    rec.v[GAD_SRC_BYTES] = 0.5;
    assert_int_equal(gad_reference_bin(c, s, &rec, 0), 2);

    c = &r->column[1]; /* one value: below, it, above */
    assert_int_equal(c->n_bins, 3);
    assert_int_equal(c->count[1], N);
    c = &r->column[2]; /* "0", "1", others */
    assert_int_equal(c->n_bins, 3);
    assert_int_equal(c->count[0], 750);
    assert_int_equal(c->count[1], 250);
}

static void the_index_is_nothing_for_the_same_and_the_formula_for_another(void **state)
{
    gad_cleanup(gad_schema_freep) struct gad_schema *s = make_schema();
    gad_cleanup(gad_reference_freep) struct gad_reference *r = NULL;
    double q, p, expected = 0;
    (void)state;

    assert_int_equal(gad_reference_fit(s, N, get, NULL, &r), 0);
    const struct gad_reference_column *c = &r->column[2];
    assert_true(fabs(gad_reference_psi(c, c->count) - 0) < 1e-12);
    const uint64_t now[] = {100, 900, 0}, was[] = {750, 250, 0};
    for (size_t i = 0; i < 3; i++) {
        p = ((double)now[i] + 0.5) / (N + 1.5);
        q = ((double)was[i] + 0.5) / (N + 1.5);
        expected += (p - q) * log(p / q);
    }
    assert_true(fabs(gad_reference_psi(c, now) - expected) < 1e-12);
    assert_int_equal(gad_reference_farthest(c, now, &q, &p), 0);
    assert_true(fabs(q - 750.5 / (N + 1.5)) < 1e-12);
    assert_true(fabs(p - 100.5 / (N + 1.5)) < 1e-12);
}

/* Values that float32 cannot hold: rates, and whole numbers above 2^24. */
static double awkward(size_t i)
{
    static const double v[] = {0.01, 0.1, 0.33, 0.67, 16777217, 4294967295, 0.99};
    return v[i % 7];
}

static void get_double(void *arg, size_t i, struct gad_record *ret)
{
    (void)arg;
    memset(ret, 0, sizeof(*ret));
    ret->v[GAD_SRC_BYTES] = awkward(i);
    ret->v[GAD_COUNT] = i % 2 ? -0.0 : 0.0;
}

static void get_float(void *arg, size_t i, struct gad_record *ret)
{
    get_double(arg, i, ret);
    ret->v[GAD_SRC_BYTES] = (double)(float)ret->v[GAD_SRC_BYTES];
}

static void records_of_packets_and_of_tables_have_the_same_bins(void **state)
{
    gad_cleanup(gad_schema_freep) struct gad_schema *s = make_schema();
    gad_reference_get_fn *const gets[] = {get_float, get_double};
    (void)state;

    for (size_t fitted = 0; fitted < 2; fitted++) {
        gad_cleanup(gad_reference_freep) struct gad_reference *r = NULL;
        assert_int_equal(gad_reference_fit(s, N, gets[fitted], NULL, &r), 0);
        for (size_t k = 0; k < r->n_columns; k++)
            for (size_t i = 0; i < N; i++) {
                struct gad_record a, b;
                get_float(NULL, i, &a);
                get_double(NULL, i, &b);
                size_t bin = gad_reference_bin(&r->column[k], s, &a, 0);
                assert_int_equal(bin, gad_reference_bin(&r->column[k], s, &b, 0));
                assert_true(r->column[k].count[bin] > 0);
            }
    }
}

static void no_records_are_refused_and_every_allocation_may_fail(void **state)
{
    gad_cleanup(gad_schema_freep) struct gad_schema *s = make_schema();
    struct gad_reference *r = NULL;
    int err = GAD_ENOMEM;
    (void)state;

    assert_int_equal(gad_reference_fit(s, 0, get, NULL, &r), GAD_EINVAL);
    for (unsigned k = 1; err == GAD_ENOMEM; k++) {
        gad_mem_fail_at(k);
        err = gad_reference_fit(s, N, get, NULL, &r);
        gad_mem_fail_at(0);
        assert_true(err == 0 || !r);
        assert_true(k < 100);
    }
    assert_int_equal(err, 0);
    gad_reference_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bins_hold_a_tenth_and_frequent_values_have_their_own),
        cmocka_unit_test(the_index_is_nothing_for_the_same_and_the_formula_for_another),
        cmocka_unit_test(records_of_packets_and_of_tables_have_the_same_bins),
        cmocka_unit_test(no_records_are_refused_and_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
