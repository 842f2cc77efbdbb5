/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/survey/plan.h"

#include <math.h>
#include <string.h>

#include "tests/unit/test.h"

static void every_plan_can_be_trained(void **state)
{
    (void)state;
    const struct survey_plan *p;
    size_t n = 0;

    for (; (p = survey_plan_at(n)) != NULL; n++) {
        assert_non_null(gad_trainer_find(p->model));
        assert_in_range(p->n_views, 1, SURVEY_VIEWS_MAX);
        assert_in_range(p->every, 1, p->epochs);
        assert_true(p->cost > 0.0);
    }
    assert_int_equal(n, 7);
}

static void what_has_published_figures_comes_first(void **state)
{
    (void)state;
    const struct survey_plan *p;
    bool published = true;

    assert_string_equal(survey_plan_at(0)->model, "egbad");
    for (size_t i = 0; (p = survey_plan_at(i)) != NULL; i++) {
        assert_true(published || !p->published);
        published = p->published;
    }
}

/* One scoring serves all views of a score if they are adjacent and the one with most rows is
 * first. */
static void views_of_a_score_stand_together(void **state)
{
    (void)state;
    const struct survey_plan *p;

    for (size_t i = 0; (p = survey_plan_at(i)) != NULL; i++)
        for (size_t v = 1; v < p->n_views; v++)
            for (size_t w = 0; w < v; w++)
                if (strcmp(p->view[v].score, p->view[w].score) == 0) {
                    assert_int_equal(w, v - 1);
                    assert_true(p->view[w].sample < p->view[v].sample);
                }
}

static void every_published_figure_has_one_plan_with_its_score(void **state)
{
    (void)state;
    const struct survey_published *f;
    const struct survey_plan *p;

    for (size_t i = 0; (f = survey_published_at(i)) != NULL; i++) {
        size_t plans = 0, views = 0;
        for (size_t k = 0; (p = survey_plan_at(k)) != NULL; k++) {
            if (!survey_is_published_for(f, p))
                continue;
            plans++;
            for (size_t v = 0; v < p->n_views; v++)
                views += !f->score || strcmp(f->score, p->view[v].score) == 0;
        }
        assert_int_equal(plans, 1);
        assert_in_range(views, 1, SURVEY_VIEWS_MAX);
    }
}

/* Means over runs need not, but one run's F1 follows from P and R; to the last published digit. */
static void the_surveys_figures_agree_with_each_other(void **state)
{
    (void)state;
    const struct survey_published *f;
    size_t n = 0;

    for (size_t i = 0; (f = survey_published_at(i)) != NULL; i++)
        if (isnan(f->f1_sd)) {
            double f1 = 2.0 * f->precision * f->recall / (f->precision + f->recall);
            assert_true(fabs(f1 - f->f1) < 1.5e-6);
            n++;
        }
    assert_int_equal(n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_plan_can_be_trained),
        cmocka_unit_test(what_has_published_figures_comes_first),
        cmocka_unit_test(views_of_a_score_stand_together),
        cmocka_unit_test(every_published_figure_has_one_plan_with_its_score),
        cmocka_unit_test(the_surveys_figures_agree_with_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
