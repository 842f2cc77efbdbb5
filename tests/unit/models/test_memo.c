/* SPDX-License-Identifier: Apache-2.0 */
#include "models/memo.h"

#include <string.h>

#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/record/record.h"
#include "models/detector.h"
#include "tests/support/random_model.h"
#include "tests/unit/test.h"

enum { N = 3000, KINDS = 200, SET = 536 };

static struct random_model *model;
static struct gad_detector *det;
static struct gad_workspace *ws;

static void set_up(const char *name, const char *score)
{
    model = random_model_new(name, score, 1, 3);
    assert_int_equal(gad_detector_new("test", random_model_checkpoint(model), &det, NULL), 0);
    assert_int_equal(gad_workspace_new(det, 64, &ws), 0);
}

static void tear_down(void)
{
    gad_workspace_free(ws);
    gad_detector_free(det);
    random_model_free(model);
}

static struct gad_memo *new_memo(size_t bytes)
{
    struct gad_memo *m = NULL;
    assert_int_equal(gad_memo_new(bytes, &m), 0);
    return m;
}

/* A legal value, of the usual ones and others: zeros, large numbers, rates with one decimal more,
 * float32 rates, names outside the vocabulary. */
static double any_value(struct gad_rng *rng, size_t c)
{
    const struct gad_column_info *col = &gad_columns[c];

    if (gad_rng_below(rng, 2) == 0)
        return 0.0;
    if (col->kind == GAD_KIND_NAME)
        return (double)gad_rng_below(rng, (uint32_t)col->n_names + 1) + GAD_NAME_UNKNOWN;
    if (col->kind == GAD_KIND_BINARY)
        return gad_rng_below(rng, 2);
    if (col->kind == GAD_KIND_NUMBER) {
        double v = gad_rng_below(rng, gad_rng_below(rng, 4) ? 512 : 1U << 31);
        return v < col->max ? v : col->max;
    }
    double k = gad_rng_below(rng, 101);
    switch (gad_rng_below(rng, 8)) {
    case 0:
        return k / 1000.0;
    case 1:
        return (double)(float)(k / 100.0);
    default:
        return k / 100.0;
    }
}

static struct gad_record any_record(struct gad_rng *rng)
{
    struct gad_record r = {.tuple = {.family = 4}};

    for (size_t c = 0; c < GAD_N_COLUMNS; c++)
        r.v[c] = any_value(rng, c);
    assert_int_equal(gad_record_check(&r), -1);
    return r;
}

/* Scores in calls of random lengths. */
static struct gad_memo_use score(struct gad_memo *m, struct gad_rng *rng, size_t n,
                                 const struct gad_record *rec, float *to)
{
    static struct gad_memo_row row[N];
    struct gad_memo_use use = {0};

    for (size_t at = 0, some; at < n; at += some) {
        some = 1 + gad_rng_below(rng, 700);
        some = some < n - at ? some : n - at;
        for (size_t i = 0; i < some; i++)
            row[i].rec = &rec[at + i];
        assert_int_equal(gad_memo_score(m, det, ws, some, row, some, &use), some);
        for (size_t i = 0; i < some; i++)
            to[at + i] = row[i].score;
    }
    return use;
}

/* The bits, of records with many repeats, for memos of one set, of some and of enough. */
static void scores_are_the_same_bits_with_and_without(void **state)
{
    (void)state;
    static const struct {
        const char *model, *score;
        size_t n;
    } models[] = {{"egbad", "fm", N},
                  {"egbad", "cross-e", N},
                  {"ganomaly", "enc", N},
                  {"ganomaly", "rec", N},
                  {"anogan", "fm", 300}};
    static const size_t sizes[] = {0, SET, 10 * SET, 1 << 20};
    static struct gad_record kind[KINDS], rec[N];
    static float want[N], got[N];

    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        struct gad_rng rng = gad_rng_init(7, i);
        for (size_t k = 0; k < KINDS; k++)
            kind[k] = any_record(&rng);
        for (size_t k = 0; k < N; k++)
            rec[k] = kind[gad_rng_below(&rng, KINDS)];
        set_up(models[i].model, models[i].score);
        size_t n = models[i].n;
        uint64_t unknown = gad_detector_score(det, ws, n, rec, want);
        assert_true(unknown > 0);
        for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
            gad_cleanup(gad_memo_freep) struct gad_memo *m = sizes[k] ? new_memo(sizes[k]) : NULL;
            for (int again = 0; again < 2; again++) {
                memset(got, 0xff, sizeof(got));
                struct gad_memo_use use = score(m, &rng, n, rec, got);
                assert_memory_equal(got, want, n * sizeof(got[0]));
                assert_int_equal(use.unknown, unknown);
                assert_int_equal(use.found + use.scored, n);
                assert_true(m ? use.found > 0 : use.found == 0);
            }
        }
        tear_down();
    }
}

/* Without the memo, too: a score has the same bits at each place in a tile, beside any others. */
static void a_place_in_a_tile_does_not_change_a_score(void **state)
{
    (void)state;
    static struct gad_record rec[100];
    static float at_place[100], alone;

    set_up("egbad", "fm");
    struct gad_rng rng = gad_rng_init(9, 0);
    struct gad_record one = any_record(&rng);
    (void)gad_detector_score(det, ws, 1, &one, &alone);
    for (size_t place = 0; place < 100; place++) {
        for (size_t i = 0; i < 100; i++)
            rec[i] = any_record(&rng);
        rec[place] = one;
        (void)gad_detector_score(det, ws, 100, rec, at_place);
        assert_memory_equal(&at_place[place], &alone, sizeof(alone));
    }
    tear_down();
}

static struct gad_record flood_record(void)
{
    struct gad_record r = {0};

    r.v[GAD_SERVICE] = 5;
    r.v[GAD_FLAG] = GAD_FLAG_S0;
    r.v[GAD_COUNT] = r.v[GAD_SRV_COUNT] = 511;
    r.v[GAD_SERROR_RATE] = r.v[GAD_SRV_SERROR_RATE] = r.v[GAD_SAME_SRV_RATE] = 1;
    r.v[GAD_DST_HOST_COUNT] = r.v[GAD_DST_HOST_SRV_COUNT] = 255;
    r.v[GAD_DST_HOST_SAME_SRV_RATE] = r.v[GAD_DST_HOST_SERROR_RATE] = 1;
    r.v[GAD_DST_HOST_SAME_SRC_PORT_RATE] = 0.01;
    return r;
}

static bool is_known(struct gad_memo *m, const struct gad_record *rec)
{
    struct gad_memo_row row = {.rec = rec};
    struct gad_memo_use use = {0};
    float want;

    assert_int_equal(gad_memo_score(m, det, ws, 1, &row, 1, &use), 1);
    (void)gad_detector_score(det, ws, 1, rec, &want);
    assert_memory_equal(&row.score, &want, sizeof(want));
    return use.found == 1;
}

/* Each column counts: a record that differs in one value is another one. */
static void a_record_that_differs_in_one_value_is_scored(void **state)
{
    (void)state;
    gad_cleanup(gad_memo_freep) struct gad_memo *m = new_memo(1 << 20);
    const struct gad_record base = flood_record();

    set_up("egbad", "fm");
    assert_false(is_known(m, &base));
    for (size_t c = 0; c < GAD_N_COLUMNS; c++) {
        const double other[] = {gad_columns[c].kind == GAD_KIND_RATE ? 0.5 : 2,
                                gad_columns[c].kind == GAD_KIND_RATE ? 0.505 : 70000,
                                gad_columns[c].kind == GAD_KIND_RATE ? 0.51 : 70001, -0.0};
        for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
            struct gad_record r = base;
            r.v[c] = other[i] < gad_columns[c].max ? other[i] : gad_columns[c].max;
            if (memcmp(&r.v[c], &base.v[c], sizeof(r.v[c])) == 0 ||
                (i > 0 && gad_columns[c].max < other[i] && other[i] > 1))
                continue;
            assert_false(is_known(m, &r));
            assert_true(is_known(m, &r));
        }
    }
    assert_true(is_known(m, &base));
    tear_down();
}

/* Endpoints, times and notes are not what a model sees. */
static void only_the_values_count(void **state)
{
    (void)state;
    gad_cleanup(gad_memo_freep) struct gad_memo *m = new_memo(SET);
    struct gad_record r = flood_record();

    set_up("ganomaly", "enc");
    assert_false(is_known(m, &r));
    r.tuple = (struct gad_tuple){.family = 4, .proto = 6, .src_port = 4, .src = {203, 0, 113, 9}};
    r.start.ns = r.end.ns = 77;
    r.notes = 1;
    assert_true(is_known(m, &r));
    tear_down();
}

/* Values that take more space than an entry has, as those of a client that sends float32. */
static void a_record_without_room_is_scored_each_time(void **state)
{
    (void)state;
    gad_cleanup(gad_memo_freep) struct gad_memo *m = new_memo(1 << 20);
    struct gad_record r = flood_record();

    set_up("egbad", "fm");
    for (size_t c = GAD_DURATION; c < GAD_N_COLUMNS; c++)
        r.v[c] = gad_columns[c].kind == GAD_KIND_RATE ? 0.123 : 1;
    assert_false(is_known(m, &r));
    assert_false(is_known(m, &r));
    tear_down();
}

/* Equal rows of a call are scored once, even while none of them has a score yet. */
static void equal_rows_are_scored_once(void **state)
{
    (void)state;
    enum { ROWS = 2000 };
    static struct gad_record rec[ROWS];
    static float got[ROWS];
    gad_cleanup(gad_memo_freep) struct gad_memo *m = new_memo(1 << 20);
    struct gad_rng rng = gad_rng_init(1, 0);

    set_up("egbad", "fm");
    for (size_t i = 0; i < ROWS; i++) {
        rec[i] = flood_record();
        rec[i].v[GAD_COUNT] = (double)(i % 5);
    }
    assert_int_equal(score(m, &rng, ROWS, rec, got).scored, 5);
    for (size_t i = 5; i < ROWS; i++)
        assert_memory_equal(&got[i], &got[i % 5], sizeof(got[i]));
    tear_down();
}

/* @most: known scores take nothing of it, and the first record beyond it ends the call. */
static void a_call_ends_at_its_limit(void **state)
{
    (void)state;
    struct gad_record rec[10];
    struct gad_memo_row row[10];
    gad_cleanup(gad_memo_freep) struct gad_memo *m = new_memo(1 << 20);

    set_up("egbad", "fm");
    for (size_t i = 0; i < 10; i++) {
        rec[i] = flood_record();
        rec[i].v[GAD_COUNT] = (double)(i / 2);
        row[i].rec = &rec[i];
    }
    for (size_t most = 0; most <= 6; most++) { /* each call knows what the calls before scored */
        struct gad_memo_use use = {0};
        size_t known = most * (most - 1) / 2, want = 2 * (known + most);
        assert_int_equal(gad_memo_score(m, det, ws, 10, row, most, &use), want < 10 ? want : 10);
        assert_int_equal(use.scored, known >= 5 ? 0 : known + most > 5 ? 5 - known : most);
    }
    struct gad_memo_use use = {0};
    assert_int_equal(gad_memo_score(NULL, det, ws, 10, row, 4, &use), 4);
    assert_int_equal(use.scored, 4);
    tear_down();
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (long k = 1;; k++) {
        struct gad_memo *m = NULL;
        (void)gad_mem_fail_at(k);
        int r = gad_memo_new(1 << 20, &m);
        (void)gad_mem_fail_at(0);
        if (r == 0) {
            gad_memo_free(m);
            assert_int_equal(k, 4);
            return;
        }
        assert_int_equal(r, GAD_ENOMEM);
        assert_null(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_the_same_bits_with_and_without),
        cmocka_unit_test(a_place_in_a_tile_does_not_change_a_score),
        cmocka_unit_test(a_record_that_differs_in_one_value_is_scored),
        cmocka_unit_test(only_the_values_count),
        cmocka_unit_test(a_record_without_room_is_scored_each_time),
        cmocka_unit_test(equal_rows_are_scored_once),
        cmocka_unit_test(a_call_ends_at_its_limit),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("memo", tests, NULL, NULL);
}
