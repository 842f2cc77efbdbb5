/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/budget.h"

#include <math.h>
#include <string.h>

#include "daemon/score/budget_file.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/rng.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

/* The fake detector has the threshold 1 / p: a score is 1 over its p-value. */
#define BUDGET 0.01
#define HOUR   INT64_C(3600000000000)

enum { FIRST = 24 * 20000 /* an hour at the beginning of a day */, EACH = 500 };

static const struct budget_options keys = {
    .adapt = true, .step = 2, .most = 8, .after = {6 * HOUR}, .least = 1000};

static struct budget *make(void)
{
    struct budget *b = NULL;

    assert_int_equal(budget_new(NULL, BUDGET, &b), 0);
    return b;
}

static bool turn(struct budget *b, int64_t hour)
{
    return budget_turn(b, &keys, (struct gad_time){(FIRST + hour) * HOUR});
}

/* A record with this p-value, judged by the level in use. */
static void count(struct budget *b, double p)
{
    float score = (float)(1 / p);
    bool bad = score > b->threshold[b->is.level];

    budget_count(b, score, bad ? BUDGET_FALSE_ALARM : BUDGET_NORMAL);
}

/* An hour of records whose p-values are those of the calibration divided by @worse, spread evenly,
 * and what the end of the hour before shows. */
static struct budget_news an_hour(struct budget *b, int64_t hour, double worse, struct gad_rng *g)
{
    struct budget_news news = {.level = b->is.level};

    if (turn(b, hour))
        budget_review(b, &keys, &news);
    if (news.may_adapt)
        budget_set_level(b, &keys, news.level);
    for (int i = 0; i < EACH; i++)
        count(b, (1 - (double)gad_rng_uniform(g)) / worse);
    return news;
}

static void a_level_is_a_factor_in_p_value(void **state)
{
    (void)state;
    gad_cleanup(budget_freep) struct budget *b = make();

    for (uint32_t i = 0; i <= BUDGET_LEVELS; i++)
        assert_true(fabs((double)b->threshold[i] * BUDGET / budget_factor(i) - 1) < 1e-6);
    assert_true(fabs(budget_factor(BUDGET_STEPS) - 2) < 1e-12);
    assert_true(fabs(budget_factor(BUDGET_LEVELS) - 64) < 1e-9);
}

static void shares_are_those_of_the_last_hours(void **state)
{
    (void)state;
    gad_cleanup(budget_freep) struct budget *b = make();

    for (int hour = 0; hour < 30; hour++) {
        assert_int_equal(turn(b, hour), hour > 0);
        assert_false(turn(b, hour - 1)); /* the clock does not move back */
        for (int i = 0; i < 100; i++)
            budget_count(b, i < hour ? 1000 : 0, i < hour ? BUDGET_FALSE_ALARM : BUDGET_NORMAL);
        budget_count(b, 1000, BUDGET_APART);
    }
    struct budget_rate day = budget_of_day(b);
    assert_true(day.n == 2400 && day.apart == 24 && day.hours == 24);
    assert_int_equal(day.k, 24 * (6 + 29) / 2);
    assert_true(day.low < day.rate && day.rate < day.high);
    struct budget_rate verdict = budget_of_verdict(b, &keys);
    assert_true(verdict.n == 1000 && verdict.hours == 10); /* until there are `least` */
    assert_int_equal(verdict.k, 20 + 21 + 22 + 23 + 24 + 25 + 26 + 27 + 28 + 29);
    assert_true(b->is.days[(FIRST / 24) % BUDGET_DAYS].n == 2400);
    (void)turn(b, 30 + 24);
    assert_int_equal(budget_of_day(b).n, 0);
}

static void bursts_widen_the_interval(void **state)
{
    (void)state;
    gad_cleanup(budget_freep) struct budget *even = make(), *burst = make();

    for (int hour = 0; hour < 24; hour++) {
        (void)turn(even, hour);
        (void)turn(burst, hour);
        budget_add(even, 1000, 10);
        budget_add(burst, 1000, hour == 7 ? 240 : 0);
    }
    struct budget_rate a = budget_of_day(even), b = budget_of_day(burst);
    assert_true(a.k == b.k && a.n == b.n);
    assert_true(a.spread == 1.0 && b.spread > 200);
    assert_true(a.low > 0.0085 && a.high < 0.0115);
    assert_true(b.low < 0.001 && b.high > 0.05);
}

static void few_records_a_day_are_judged_by_days(void **state)
{
    (void)state;
    gad_cleanup(budget_freep) struct budget *b = make();

    for (int hour = 0; hour < 24 * 9; hour++) {
        (void)turn(b, hour);
        if (hour == 24 * 3)
            assert_int_equal(budget_of_verdict(b, &keys).n, 0);
        budget_add(b, 10, hour % 5 == 0);
    }
    struct budget_rate r = budget_of_verdict(b, &keys);
    assert_true(r.n == 1200 && r.hours == 5 * 24);
}

static void a_budget_that_is_kept_is_left_alone(void **state)
{
    (void)state;
    gad_cleanup(budget_freep) struct budget *b = make();
    struct gad_rng g = gad_rng_init(11, 0);
    int over = 0;

    for (int hour = 0; hour < 24 * 28; hour++)
        over += an_hour(b, hour, 1, &g).is_over;
    assert_int_equal(over, 0);
    assert_true(b->is.level <= BUDGET_STEPS / 3);
}

static void an_excess_is_reported_once_and_adapted_step_by_step(void **state)
{
    (void)state;
    gad_cleanup(budget_freep) struct budget *b = make();
    struct gad_rng g = gad_rng_init(2, 0);
    int over = 0, settled = 0, changes = 0;
    uint32_t last = 0;
    int64_t changed = 0;

    for (int hour = 0; hour < 24 * 14; hour++) {
        struct budget_news news = an_hour(b, hour, hour < 48 ? 1 : 4, &g);
        last = hour < 48 ? b->is.level : last;
        over += news.is_over;
        settled += news.is_settled;
        if (hour < 48 || !news.may_adapt)
            continue;
        assert_true(changed == 0 || hour - changed >= 24);
        assert_true(b->is.level <= last + BUDGET_STEPS);
        changes++;
        changed = hour;
        last = b->is.level;
    }
    assert_true(over == 1 && settled == 1 && changes >= 2);
    assert_true(b->is.level > 1.6 * BUDGET_STEPS && b->is.level < 2.5 * BUDGET_STEPS);
    struct budget_rate r = budget_of_day(b);
    assert_true(r.low <= BUDGET && BUDGET <= r.high);
    for (int hour = 24 * 14; hour < 24 * 30; hour++) /* and back when the cause has ended */
        (void)an_hour(b, hour, 1, &g);
    assert_true(b->is.level < BUDGET_STEPS / 2);
}

/* Nine of ten records above everything: no amount of them moves the threshold beyond `most`. */
static void no_records_move_the_threshold_beyond_its_limit(void **state)
{
    (void)state;
    gad_cleanup(budget_freep) struct budget *b = make();
    struct budget_news news;

    for (int hour = 0; hour < 24 * 60; hour++) {
        if (turn(b, hour)) {
            budget_review(b, &keys, &news);
            if (news.may_adapt)
                budget_set_level(b, &keys, news.level);
        }
        for (int i = 0; i < 100; i++)
            count(b, i < 10 ? 0.5 : 1e-9);
    }
    assert_int_equal(b->is.level, 3 * BUDGET_STEPS);
    struct budget_options less = keys;
    less.most = 2;
    assert_int_equal(budget_proposal(b, &less), BUDGET_STEPS);
}

/*
 * He knows the threshold, and each day one of twenty records is his, just beyond it, and so scores
 * a little higher. After eight weeks what he prepared for is still anomalous.
 */
static void a_slow_attacker_does_not_teach_the_threshold(void **state)
{
    (void)state;
    gad_cleanup(budget_freep) struct budget *b = make();
    struct gad_rng g = gad_rng_init(6, 0);
    float final = (float)(9 / BUDGET); /* a little beyond `most` */

    for (int hour = 0; hour < 24 * 56; hour++) {
        (void)an_hour(b, hour, 1, &g);
        for (int i = 0; i < EACH / 20; i++)
            budget_count(b, 1.05F * b->threshold[b->is.level], BUDGET_FALSE_ALARM);
        assert_true(b->is.level <= 3 * BUDGET_STEPS);
        assert_true(final > b->threshold[b->is.level]);
    }
    assert_true(b->is.level > 2 * BUDGET_STEPS); /* he moved it, but not beyond its limit */
    assert_true(b->is.over_since > 0);           /* and is not hidden: it is known all the time */
    for (int hour = 24 * 56; hour < 24 * 70; hour++)
        (void)an_hour(b, hour, 1, &g);
    assert_true(b->is.level < BUDGET_STEPS / 2);
}

static void without_adapt_the_same_level_is_proposed(void **state)
{
    (void)state;
    gad_cleanup(budget_freep) struct budget *b = make();
    struct gad_rng g = gad_rng_init(3, 0);
    struct budget_options off = keys;

    off.adapt = false;
    for (int hour = 0; hour < 30; hour++) {
        struct budget_news a, other;
        if (turn(b, hour)) {
            struct budget_state was = b->is;
            budget_review(b, &off, &a);
            b->is = was;
            budget_review(b, &keys, &other);
            assert_true(a.level == other.level && !a.may_adapt && a.is_over == other.is_over);
        }
        for (int i = 0; i < EACH; i++)
            count(b, (double)gad_rng_uniform(&g) / 3 + 1e-9);
    }
    assert_int_equal(budget_proposal(b, &off), BUDGET_STEPS);
}

static void earlier_records_of_an_attack_are_set_apart(void **state)
{
    (void)state;
    gad_cleanup(budget_freep) struct budget *b = make();

    (void)turn(b, 0);
    for (int i = 0; i < 10; i++)
        count(b, 1e-6);
    assert_int_equal(budget_set_apart(b, 7), 7);
    assert_int_equal(budget_set_apart(b, 7), 3);
    struct budget_rate r = budget_of_day(b);
    assert_true(r.n == 0 && r.k == 0 && r.apart == 10);
    assert_true(b->is.recent == 0.0 && b->is.above[BUDGET_LEVELS] == 0.0);
}

/* --- the file --- */

/* @hours: of each entry */
static struct budget_table *full_table(int hours)
{
    struct budget_table *t = gad_calloc(1, sizeof(*t));
    struct gad_rng g = gad_rng_init(4, 0);
    char name[CONFIG_NAME_MAX + 1];
    static const char sha[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    for (int m = 0; m < BUDGET_ENTRIES_MAX + 2; m++) {
        gad_cleanup(budget_freep) struct budget *b = make();
        for (int hour = 0; hour < hours; hour++)
            (void)an_hour(b, hour, 1 + m % 3, &g);
        (void)snprintf(name, sizeof(name), "model %d", m);
        budget_put(t, name, sha, &b->is);
    }
    return t;
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    gad_cleanup(gad_freep) struct budget_table *t = full_table(24 * 3);
    gad_cleanup(gad_freep) struct budget_table *back = gad_calloc(1, sizeof(*back));
    struct gad_buf a = GAD_BUF_INIT(BUDGET_FILE_MAX), b = GAD_BUF_INIT(BUDGET_FILE_MAX);
    struct gad_diag d = {""};

    assert_int_equal(t->n, BUDGET_ENTRIES_MAX);
    assert_null(budget_find(t, "model 1", t->of[0].sha256, BUDGET)); /* the oldest are given up */
    assert_non_null(budget_find(t, "model 2", t->of[0].sha256, BUDGET));
    assert_null(budget_find(t, "model 2", t->of[0].sha256, BUDGET / 2));
    budget_print(t, &a);
    assert_false(a.bad);
    assert_int_equal(budget_parse("f", (const char *)a.p, a.len, back, &d), 0);
    budget_print(back, &b);
    assert_true(a.len == b.len && memcmp(a.p, b.p, a.len) == 0);
    gad_buf_deinit(&a);
    gad_buf_deinit(&b);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    gad_cleanup(gad_freep) struct budget_table *t = full_table(7);
    struct gad_buf a = GAD_BUF_INIT(BUDGET_FILE_MAX);
    struct gad_diag d = {""};

    t->n = 1;
    budget_print(t, &a);
    for (size_t len = 0; len < a.len; len++) {
        int r = budget_parse("f", (const char *)a.p, len, t, &d);
        bool is_whole = len == strlen("ganad-budget 1\n");
        assert_int_equal(r == 0, is_whole);
        assert_int_equal(t->n, 0);
    }
    gad_buf_deinit(&a);
}

static void bad_lines_are_named(void **state)
{
    (void)state;
#define MODEL "model 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 0.01 a b\n"
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"ganad-budget 2\n", "f:1: does not begin with 'ganad-budget 1'"},
        {"ganad-budget 1\nend\n", "f:2: a line 'end' without a model"},
        {"ganad-budget 1\nmodel ab 0.01 a\n", "f:2: not 'model SHA256 BUDGET NAME'"},
        {"ganad-budget 1\n" MODEL MODEL, "f:3: the entry before has no end"},
        {"ganad-budget 1\n" MODEL "end\n", "f:3: a line 'end' before 'state'"},
        {"ganad-budget 1\n" MODEL "state 1 2 3\n", "f:3: a line 'state' has 9 fields"},
        {"ganad-budget 1\n" MODEL "state 9 97 0 0 0 0.01 0 5\n",
         "f:3: field 3 is not a number up to 96"},
        {"ganad-budget 1\n" MODEL "state 9 1 0 0 0 0.01 0 5\nhour 10 1 0 0\n",
         "f:4: an hour after the last one"},
        {"ganad-budget 1\n" MODEL "state 9 1 0 0 0 0.01 0 5\nhour 9 1 2 0\n",
         "f:4: field 4 is not a number up to 1"},
        {"ganad-budget 1\n" MODEL "state 9 1 0 0 0 0.01 0 5\nabove 1 -1\n",
         "f:4: field 3 is not a number from 0 to 9.0072e+15"},
        {"ganad-budget 1\n" MODEL "state 9 1 0 0 0 0.01 0 5\nweek 1\n", "f:4: an unknown line"},
        {"ganad-budget 1\n" MODEL "state 9 1 0 0 0 0.01 0 5\n", "f:3: the file ends too early"},
        {"", "f:0: the file ends too early"},
    };
    gad_cleanup(gad_freep) struct budget_table *t = gad_calloc(1, sizeof(*t));

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct gad_diag d = {""};
        assert_int_equal(budget_parse("f", bad[i].text, strlen(bad[i].text), t, &d), GAD_EFORMAT);
        assert_string_equal(d.text, bad[i].why);
    }
}

static void a_file_that_does_not_exist_is_empty(void **state)
{
    (void)state;
    gad_cleanup(gad_freep) struct budget_table *t = full_table(7);
    char path[128];
    size_t n = t->n;

    (void)scratch_path(path, sizeof(path), "budget");
    assert_int_equal(budget_write(path, t, NULL), 0);
    assert_int_equal(budget_read(path, t, NULL), 0);
    assert_int_equal(t->n, n);
    assert_int_equal(remove(path), 0);
    assert_int_equal(budget_read(path, t, NULL), 0);
    assert_int_equal(t->n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_level_is_a_factor_in_p_value),
        cmocka_unit_test(shares_are_those_of_the_last_hours),
        cmocka_unit_test(bursts_widen_the_interval),
        cmocka_unit_test(few_records_a_day_are_judged_by_days),
        cmocka_unit_test(a_budget_that_is_kept_is_left_alone),
        cmocka_unit_test(an_excess_is_reported_once_and_adapted_step_by_step),
        cmocka_unit_test(no_records_move_the_threshold_beyond_its_limit),
        cmocka_unit_test(a_slow_attacker_does_not_teach_the_threshold),
        cmocka_unit_test(without_adapt_the_same_level_is_proposed),
        cmocka_unit_test(earlier_records_of_an_attack_are_set_apart),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(a_file_that_does_not_exist_is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
