/* SPDX-License-Identifier: Apache-2.0 */
#include "models/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "tests/unit/test.h"

static struct gad_ranking *rank(size_t n, const float *score, const bool *positive)
{
    struct gad_ranking *r = NULL;
    assert_int_equal(gad_ranking_new(n, score, positive, &r, NULL), 0);
    return r;
}

static void assert_close(double a, double b)
{
    if (fabs(a - b) > 1e-12)
        fail_msg("%.17g is not %.17g", a, b);
}

/* The example of scikit-learn's manual: AUROC 0.75, average precision 0.83. */
static void textbook_case_comes_out(void **state)
{
    (void)state;
    static const float score[] = {0.1f, 0.4f, 0.35f, 0.8f};
    static const bool positive[] = {false, false, true, true};
    gad_cleanup(gad_ranking_freep) struct gad_ranking *r = rank(4, score, positive);

    assert_int_equal(gad_ranking_n(r), 4);
    assert_int_equal(gad_ranking_positives(r), 2);
    assert_close(gad_ranking_auroc(r), 0.75);
    assert_close(gad_ranking_average_precision(r), 0.5 + 0.5 * 2.0 / 3.0);
    /* Points (0, 1), (.5, 1), (.5, .5), (1, 2/3), (1, .5). */
    assert_close(gad_ranking_auprc(r), 0.5 + 0.5 * (0.5 + 2.0 / 3.0) / 2.0);
    assert_close(gad_ranking_tpr_at_fpr(r, 0.0), 0.5);
    assert_close(gad_ranking_tpr_at_fpr(r, 0.499), 0.5);
    assert_close(gad_ranking_tpr_at_fpr(r, 0.5), 1.0);
}

static void equal_scores_tell_nothing(void **state)
{
    (void)state;
    static const float score[] = {3.0f, 3.0f, 3.0f, 3.0f};
    static const bool positive[] = {true, false, false, false};
    gad_cleanup(gad_ranking_freep) struct gad_ranking *r = rank(4, score, positive);

    assert_close(gad_ranking_auroc(r), 0.5);
    assert_close(gad_ranking_average_precision(r), 0.25);
    assert_close(gad_ranking_auprc(r), (1.0 + 0.25) / 2.0);
    assert_close(gad_ranking_tpr_at_fpr(r, 0.5), 0.0);
    assert_close(gad_ranking_tpr_at_fpr(r, 1.0), 1.0);
}

static void perfect_and_reversed_rankings_are_the_ends(void **state)
{
    (void)state;
    static const float score[] = {-2.0f, -1.0f, 1.0f, 2.0f};
    static const bool high[] = {false, false, true, true}, low[] = {true, true, false, false};
    gad_cleanup(gad_ranking_freep) struct gad_ranking *a = rank(4, score, high);
    gad_cleanup(gad_ranking_freep) struct gad_ranking *b = rank(4, score, low);

    assert_close(gad_ranking_auroc(a), 1.0);
    assert_close(gad_ranking_auprc(a), 1.0);
    assert_close(gad_ranking_tpr_at_fpr(a, 0.0), 1.0);
    assert_close(gad_ranking_auroc(b), 0.0);
    assert_close(gad_ranking_tpr_at_fpr(b, 0.99), 0.0);
}

static void one_class_has_no_curve(void **state)
{
    (void)state;
    static const float score[] = {1.0f, 2.0f};
    static const bool none[] = {false, false}, all[] = {true, true};
    gad_cleanup(gad_ranking_freep) struct gad_ranking *a = rank(2, score, none);
    gad_cleanup(gad_ranking_freep) struct gad_ranking *b = rank(2, score, all);

    assert_true(isnan(gad_ranking_auroc(a)) && isnan(gad_ranking_auroc(b)));
    assert_true(isnan(gad_ranking_auprc(a)) && isnan(gad_ranking_average_precision(a)));
    assert_true(isnan(gad_ranking_tpr_at_fpr(a, 0.01)) && isnan(gad_ranking_tpr_at_fpr(b, 0.01)));
    assert_close(gad_ranking_auprc(b), 1.0);
}

static void scores_that_are_no_number_are_refused(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    static const bool positive[] = {false, true, false};
    struct gad_ranking *r = NULL;
    struct gad_diag d = {0};

    for (size_t i = 0; i < 3; i++) {
        float score[] = {1.0f, bad[i], 2.0f};
        assert_int_equal(gad_ranking_new(3, score, positive, &r, &d), GAD_EINVAL);
        assert_string_equal(d.text, "the score of row 1 is not finite");
    }
    assert_int_equal(gad_ranking_new(0, bad, positive, &r, &d), GAD_EINVAL);
    assert_null(r);
}

/* The definitions, taken literally, in O(n^2): pairs for AUROC, every score as a threshold for
 * the rest. */
struct naive {
    double auroc, auprc, average_precision, tpr_at_fpr;
};

static struct gad_confusion at(size_t n, const float *score, const bool *positive, float threshold)
{
    struct gad_confusion c = {0};
    for (size_t i = 0; i < n; i++)
        gad_confusion_add(&c, positive[i], score[i] >= threshold);
    return c;
}

static float next_lower(size_t n, const float *score, float below)
{
    float best = -INFINITY;
    for (size_t i = 0; i < n; i++)
        if (score[i] < below && score[i] > best)
            best = score[i];
    return best;
}

static struct naive literally(size_t n, const float *score, const bool *positive, double fpr)
{
    struct naive m = {0};
    double won = 0.0, pairs = 0.0, last_p = 1.0, last_r = 0.0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (positive[i] && !positive[j]) {
                won += score[i] > score[j] ? 1.0 : score[i] < score[j] ? 0.0 : 0.5;
                pairs += 1.0;
            }
    m.auroc = won / pairs;
    for (float t = next_lower(n, score, INFINITY); isfinite(t); t = next_lower(n, score, t)) {
        struct gad_confusion c = at(n, score, positive, t);
        double p = gad_confusion_precision(&c), r = gad_confusion_recall(&c);
        m.auprc += (r - last_r) * (p + last_p) / 2.0;
        m.average_precision += (r - last_r) * p;
        if (gad_confusion_fpr(&c) <= fpr && r > m.tpr_at_fpr)
            m.tpr_at_fpr = r;
        last_p = p;
        last_r = r;
    }
    return m;
}

static void agrees_with_the_definitions_on_random_rows(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(42, 0);
    enum { MAX = 120 };
    float score[MAX];
    bool positive[MAX];

    for (int round = 0; round < 400; round++) {
        size_t n = 2 + gad_rng_below(&rng, MAX - 2);
        uint32_t distinct = 1 + gad_rng_below(&rng, 200); /* few: many ties */
        for (size_t i = 0; i < n; i++) {
            positive[i] = i == 0 || (i > 1 && gad_rng_below(&rng, 3) == 0);
            score[i] = (float)gad_rng_below(&rng, distinct) - (positive[i] ? 0.0f : 5.0f);
        }
        double fpr = (double)gad_rng_below(&rng, 100) / 100.0;
        struct naive m = literally(n, score, positive, fpr);
        gad_cleanup(gad_ranking_freep) struct gad_ranking *r = rank(n, score, positive);
        assert_close(gad_ranking_auroc(r), m.auroc);
        assert_close(gad_ranking_auprc(r), m.auprc);
        assert_close(gad_ranking_average_precision(r), m.average_precision);
        assert_close(gad_ranking_tpr_at_fpr(r, fpr), m.tpr_at_fpr);
    }
}

static struct gad_ranking_point *curve(const struct gad_ranking *r, unsigned detail, size_t *n)
{
    struct gad_ranking_point *p = NULL;
    assert_int_equal(gad_ranking_curve(r, detail, &p, n), 0);
    return p;
}

static void assert_point(const struct gad_ranking_point *p, float score, uint64_t tp, uint64_t fp)
{
    if (p->score != score || p->tp != tp || p->fp != fp)
        fail_msg("%g: %llu, %llu", (double)p->score, (unsigned long long)p->tp,
                 (unsigned long long)p->fp);
}

static void a_curve_has_every_corner_of_a_few_rows(void **state)
{
    (void)state;
    static const float score[] = {0.1f, 0.4f, 0.35f, 0.8f, 0.4f};
    static const bool positive[] = {false, false, true, true, true};
    gad_cleanup(gad_ranking_freep) struct gad_ranking *r = rank(5, score, positive);
    size_t n = 0;
    gad_cleanup(gad_freep) struct gad_ranking_point *p = curve(r, 100, &n);

    assert_int_equal(n, 4);
    assert_point(&p[0], 0.8f, 1, 0);
    assert_point(&p[1], 0.4f, 2, 1); /* two rows, one score */
    assert_point(&p[2], 0.35f, 3, 1);
    assert_point(&p[3], 0.1f, 3, 2);
}

static void a_curve_of_equal_scores_or_one_class_has_its_end(void **state)
{
    (void)state;
    static const float equal[] = {3.0f, 3.0f, 3.0f}, rising[] = {1.0f, 2.0f, 3.0f};
    static const bool mixed[] = {true, false, false}, none[] = {false, false, false},
                      all[] = {true, true, true};
    const struct {
        const float *score;
        const bool *positive;
        size_t n;
        float last;
        uint64_t tp, fp;
    } cases[] = {
        {equal, mixed, 1, 3.0f, 1, 2}, {rising, none, 3, 1.0f, 0, 3}, {rising, all, 3, 1.0f, 3, 0}};

    for (size_t i = 0; i < 3; i++) {
        gad_cleanup(gad_ranking_freep) struct gad_ranking *r =
            rank(3, cases[i].score, cases[i].positive);
        size_t n = 0;
        gad_cleanup(gad_freep) struct gad_ranking_point *p = curve(r, 100, &n);
        assert_int_equal(n, cases[i].n);
        assert_point(&p[n - 1], cases[i].last, cases[i].tp, cases[i].fp);
    }
}

static double precision_of(const struct gad_ranking_point *p)
{
    return (double)p->tp / (double)(p->tp + p->fp);
}

/* No corner that was left out is further from the kept ones than a step. */
static void a_long_curve_is_thinned_and_stays_close(void **state)
{
    (void)state;
    enum { N = 20000, DETAIL = 50 };
    struct gad_rng rng = gad_rng_init(7, 0);
    float *score = gad_calloc(N, sizeof(*score));
    bool *positive = gad_calloc(N, sizeof(*positive));
    size_t n = 0, all_n = 0;

    assert_true(score && positive);
    for (size_t i = 0; i < N; i++) {
        positive[i] = gad_rng_below(&rng, 2) == 0;
        score[i] = gad_rng_uniform(&rng) + (positive[i] ? 0.5f : 0.0f);
    }
    gad_cleanup(gad_ranking_freep) struct gad_ranking *r = rank(N, score, positive);
    gad_cleanup(gad_freep) struct gad_ranking_point *p = curve(r, DETAIL, &n);
    gad_cleanup(gad_freep) struct gad_ranking_point *all = curve(r, 100 * N, &all_n);
    double positives = (double)gad_ranking_positives(r), negatives = N - positives;

    assert_in_range(n, DETAIL, 18 * DETAIL);
    assert_true(all_n > 20 * n);
    size_t at = 0;
    bool fp_before = false;
    for (size_t i = 0; i < all_n; i++) {
        while (at + 1 < n && p[at + 1].score >= all[i].score)
            at++;
        assert_true((double)(all[i].tp - p[at].tp) / positives < 1.0 / DETAIL);
        assert_true((double)(all[i].fp - p[at].fp) / negatives < 1.0 / DETAIL);
        assert_true(p[at].fp == 0 || log10((double)all[i].fp / (double)p[at].fp) < 5.0 / DETAIL);
        assert_true(fabs(precision_of(&all[i]) - precision_of(&p[at])) < 1.0 / DETAIL);
        if (all[i].fp > 0 && !fp_before) /* where the axis of small rates begins */
            assert_true(p[at].score == all[i].score && p[at].fp == all[i].fp);
        fp_before = all[i].fp > 0;
    }
    assert_point(&p[n - 1], all[all_n - 1].score, (uint64_t)positives, (uint64_t)negatives);
    gad_free(score);
    gad_free(positive);
}

/* numpy.percentile([15, 20, 35, 40, 50], 40) is 29, and so on. */
static void percentile_is_numpys(void **state)
{
    (void)state;
    static const float score[] = {50.0f, 15.0f, 40.0f, 20.0f, 35.0f};
    static const bool positive[5] = {false};
    gad_cleanup(gad_ranking_freep) struct gad_ranking *r = rank(5, score, positive);

    assert_close(gad_ranking_percentile(r, 0.0), 15.0);
    assert_close(gad_ranking_percentile(r, 40.0), 29.0);
    assert_close(gad_ranking_percentile(r, 50.0), 35.0);
    assert_close(gad_ranking_percentile(r, 80.0), 42.0);
    assert_close(gad_ranking_percentile(r, 100.0), 50.0);
    gad_cleanup(gad_ranking_freep) struct gad_ranking *one = rank(1, score, positive);
    assert_close(gad_ranking_percentile(one, 80.0), 50.0);
}

static void confusion_ratios_are_undefined_without_a_denominator(void **state)
{
    (void)state;
    struct gad_confusion c = {.tp = 3, .fp = 1, .tn = 4, .fn = 2}, none = {.tn = 7};

    assert_close(gad_confusion_precision(&c), 0.75);
    assert_close(gad_confusion_recall(&c), 0.6);
    assert_close(gad_confusion_f1(&c), 2 * 0.75 * 0.6 / (0.75 + 0.6));
    assert_close(gad_confusion_fpr(&c), 0.2);
    assert_true(isnan(gad_confusion_precision(&none)) && isnan(gad_confusion_recall(&none)));
    assert_true(isnan(gad_confusion_f1(&none)));
    assert_close(gad_confusion_fpr(&none), 0.0);
}

static void running_out_of_memory_is_survived(void **state)
{
    (void)state;
    static const float score[] = {1.0f, 2.0f};
    static const bool positive[] = {false, true};
    int err = GAD_ENOMEM;

    for (long k = 1; err != 0; k++) {
        struct gad_ranking *r = NULL;
        (void)gad_mem_fail_at(k);
        err = gad_ranking_new(2, score, positive, &r, NULL);
        (void)gad_mem_fail_at(0);
        assert_true(err == 0 ? r != NULL : err == GAD_ENOMEM && r == NULL);
        gad_ranking_free(r);
        assert_true(k < 10);
    }
    gad_cleanup(gad_ranking_freep) struct gad_ranking *r = rank(2, score, positive);
    struct gad_ranking_point *p = NULL;
    size_t n = 0;
    (void)gad_mem_fail_at(1);
    assert_int_equal(gad_ranking_curve(r, 100, &p, &n), GAD_ENOMEM);
    (void)gad_mem_fail_at(0);
    assert_true(!p && n == 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(textbook_case_comes_out),
        cmocka_unit_test(equal_scores_tell_nothing),
        cmocka_unit_test(perfect_and_reversed_rankings_are_the_ends),
        cmocka_unit_test(one_class_has_no_curve),
        cmocka_unit_test(scores_that_are_no_number_are_refused),
        cmocka_unit_test(agrees_with_the_definitions_on_random_rows),
        cmocka_unit_test(a_curve_has_every_corner_of_a_few_rows),
        cmocka_unit_test(a_curve_of_equal_scores_or_one_class_has_its_end),
        cmocka_unit_test(a_long_curve_is_thinned_and_stays_close),
        cmocka_unit_test(percentile_is_numpys),
        cmocka_unit_test(confusion_ratios_are_undefined_without_a_denominator),
        cmocka_unit_test(running_out_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
