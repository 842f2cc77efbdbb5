/* SPDX-License-Identifier: Apache-2.0 */
/* A writer never makes what a reader would refuse, so the writer is the way to show a reader
 * each fault. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "tests/unit/checkpoint/sample.h"
#include "tests/unit/test.h"

static void every_number_must_be_finite(void **state)
{
    (void)state;
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY};
    struct sample s;

    sample_init(&s);
    const struct {
        float *at;
        const char *why;
    } places[] = {
        {&s.weights[0][0][0], "tensor 'encoder.0.weight': value 0 is not a finite number"},
        {&s.weights[1][1][SAMPLE_HIDDEN * SAMPLE_DIM - 1], "tensor 'generator.1.weight': value 23"},
        {&s.biases[0][1][1], "tensor 'encoder.1.bias': value 1"},
        {&s.offset[SAMPLE_DIM - 1], "scaler: offset 5"},
        {&s.range[0], "scaler: range 0"},
        {&s.knot_x[1], "scaler: knot 1"},
        {&s.knot_y[2], "scaler: knot 2"},
        {&s.value[2], "calibration: level 2 is not a finite number"},
        {&s.self_tests[1].score, "self-test 1: score"},
        {&s.c.score.weight, "score: weight"},
        {&s.layers[0][0].slope, "net 'encoder': layer 0 has a slope"},
        {&s.layers[1][0].dropout, "net 'generator': layer 0 has a dropout rate"},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
            float old = *places[i].at;
            *places[i].at = bad[k];
            assert_fault(&s, GAD_EFORMAT, places[i].why);
            *places[i].at = old;
        }
    for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
        sample_init(&s);
        s.level[3] = (double)bad[k];
        assert_fault(&s, GAD_EFORMAT, "calibration: level 3 is not a finite number");
        sample_init(&s);
        s.metrics[0].value = (double)bad[k];
        assert_fault(&s, GAD_EFORMAT, "provenance: metric 'auroc' is not a finite number");
    }
    sample_init(&s);
    s.weights[0][0][0] = FLT_MAX;
    s.offset[0] = -FLT_MAX;
    assert_fine(&s);
}

static void ranges_are_positive_and_rates_are_rates(void **state)
{
    (void)state;
    struct sample s;

    sample_init(&s);
    s.range[3] = 0.0f;
    assert_fault(&s, GAD_EFORMAT, "scaler: range 3 is not a positive number");
    s.range[3] = -1.0f;
    assert_fault(&s, GAD_EFORMAT, "scaler: range 3");
    sample_init(&s);
    s.layers[0][0].slope = 1.0f;
    s.layers[0][0].dropout = nextafterf(1.0f, 0.0f);
    s.c.score.weight = 1.0f;
    s.c.score.degree = 2;
    assert_fine(&s);
    s.layers[0][0].slope = nextafterf(1.0f, 2.0f);
    assert_fault(&s, GAD_EFORMAT, "slope");
    s.layers[0][0].slope = -0.1f;
    assert_fault(&s, GAD_EFORMAT, "slope");
    sample_init(&s);
    s.layers[0][0].dropout = 1.0f;
    assert_fault(&s, GAD_EFORMAT, "dropout");
    sample_init(&s);
    s.c.score.weight = nextafterf(1.0f, 2.0f);
    assert_fault(&s, GAD_EFORMAT, "score: weight is outside");
    s.c.score.weight = 0.0f;
    s.c.score.degree = 3;
    assert_fault(&s, GAD_EFORMAT, "score: degree 3");
}

static void a_search_has_steps_and_phases_that_ascend(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.01f};
    struct sample s;

    sample_init(&s);
    s.c.score.search = (struct gad_ckpt_search){0}; /* none is fine */
    assert_fine(&s);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        sample_init(&s);
        s.phases[1].rate = bad[i];
        assert_fault(&s, GAD_EFORMAT, "search: rate 1 is not a positive number");
    }
    sample_init(&s);
    s.phases[0].from = 1;
    assert_fault(&s, GAD_EFORMAT, "search: phase 0 begins at step 1");
    sample_init(&s);
    s.phases[1].from = 0;
    assert_fault(&s, GAD_EFORMAT, "search: phase 1 begins at step 0, not ascending");
    s.phases[1].from = 1;
    assert_fine(&s);
    s.phases[1].from = 499;
    assert_fine(&s);
    s.phases[1].from = 500;
    assert_fault(&s, GAD_EFORMAT, "search: phase 1 begins at step 500");
    sample_init(&s);
    s.c.score.search.tolerance = nextafterf(1.0f, 0.0f);
    assert_fine(&s);
    s.c.score.search.tolerance = 1.0f;
    assert_fault(&s, GAD_EFORMAT, "search: tolerance is outside");
    s.c.score.search.tolerance = -0.1f;
    assert_fault(&s, GAD_EFORMAT, "search: tolerance is outside");
    s.c.score.search.tolerance = NAN;
    assert_fault(&s, GAD_EFORMAT, "search: tolerance is outside");
}

static void a_reference_is_of_the_schema_and_counts_its_records(void **state)
{
    (void)state;
    static const double bad[] = {(double)NAN, (double)INFINITY, 0, -1};
    struct sample s;

    sample_init(&s);
    memset(&s.c.reference, 0, sizeof(s.c.reference)); /* none is fine */
    assert_fine(&s);
    sample_init(&s);
    s.c.reference.n_columns = 4;
    assert_fault(&s, GAD_EMISMATCH, "reference: 4 histograms, the schema has 5 columns");
    for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
        sample_init(&s);
        s.edges[2][1] = bad[k];
        assert_fault(&s, GAD_EFORMAT, "edge 1 does not ascend");
    }
    sample_init(&s);
    s.histograms[0].n_edges = 0;
    assert_fault(&s, GAD_ELIMIT, "0 edges, allowed are 1 to 64");
    sample_init(&s);
    s.histograms[1].n_bins = 2;
    assert_fault(&s, GAD_EMISMATCH, "2 counts, not 3");
    sample_init(&s);
    s.histograms[3].n_edges = 1;
    s.histograms[3].edge = s.edges[0];
    assert_fault(&s, GAD_EFORMAT, "a group has no edges");
    for (uint64_t wrong = 4; wrong != 3; wrong = wrong == 4 ? 6 : wrong == 6 ? UINT64_MAX : 3) {
        sample_init(&s);
        s.counts[4][1] = wrong;
        assert_fault(&s, GAD_EMISMATCH, "the counts do not sum to 10 records");
    }
}

static void a_history_has_finite_figures_for_each_epoch(void **state)
{
    (void)state;
    static const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    struct sample s;

    sample_init(&s);
    s.c.provenance.history = (struct gad_ckpt_history){0}; /* none is fine */
    assert_fine(&s);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
            sample_init(&s);
            s.history[i][SAMPLE_EPOCHS - 1] = bad[k];
            assert_fault(&s, GAD_EFORMAT, "history: a figure of epoch 10 is not a finite number");
        }
    sample_init(&s);
    s.history[0][0] = -DBL_MAX; /* a loss may be anything */
    assert_fine(&s);
    s.c.provenance.epochs = SAMPLE_EPOCHS - 1;
    assert_fault(&s, GAD_EMISMATCH,
                 "history: 10, 10 and 10 losses and 10 held-out errors, but 9 epochs were trained");
    s.c.provenance.epochs = SAMPLE_EPOCHS + 1;
    assert_fault(&s, GAD_EMISMATCH, "but 11 epochs were trained");
}

static void a_tail_is_fitted_and_in_range_or_only_a_reason(void **state)
{
    (void)state;
    struct sample s;
    struct gad_ckpt_tail *t = &s.c.calibration.tail;
    static const double bad_shape[] = {-1.1, 101, (double)NAN, (double)INFINITY, -0.7};
    static const double bad_scale[] = {0, -1, (double)NAN, (double)INFINITY, 1e-310};

    for (size_t i = 0; i < 5; i++) {
        sample_init(&s);
        t->shape = bad_shape[i]; /* -0.7: the end point is at 1.93, the highest score at 2 */
        assert_fault(&s, GAD_EFORMAT, "tail: shape or scale is out of range");
        sample_init(&s);
        t->scale = bad_scale[i];
        assert_fault(&s, GAD_EFORMAT, "tail: shape or scale is out of range");
        sample_init(&s);
        t->curve_shape[31] = bad_shape[i] == -0.7 ? -0.99 : bad_shape[i];
        assert_fault(&s, GAD_EFORMAT, "tail: a point of the curve is out of range");
        sample_init(&s);
        t->curve_scale[0] = bad_scale[i];
        assert_fault(&s, GAD_EFORMAT, "tail: a point of the curve is out of range");
    }
    for (unsigned i = 0; i < 4; i++) {
        static const float bad_level[] = {2.0f, 3.0f, NAN, -INFINITY};
        sample_init(&s);
        t->level = bad_level[i];
        assert_fault(&s, GAD_EFORMAT, "tail: the level is not below the highest score");
    }
    for (unsigned i = 0; i < 2; i++) {
        sample_init(&s);
        t->n_peaks = i * 1000;
        assert_fault(&s, GAD_EFORMAT, "tail: no peaks, or not fewer than the rows");
    }
    t->n_peaks = 999;
    assert_fine(&s);
    t->goodness = 1.5;
    assert_fault(&s, GAD_EFORMAT, "tail: goodness is outside 0 .. 1");
    for (unsigned i = GAD_CKPT_TAIL_FEW; i < GAD_CKPT_TAIL_N_STATES; i++) {
        *t = (struct gad_ckpt_tail){.state = i};
        assert_fine(&s);
        t->scale = 1.0;
        assert_fault(&s, GAD_EFORMAT, "tail: not fitted, but with figures");
    }
    *t = (struct gad_ckpt_tail){.state = GAD_CKPT_TAIL_N_STATES};
    assert_fault(&s, GAD_EFORMAT, "tail: unknown state");
    *t = (struct gad_ckpt_tail){0}; /* as before there were tails */
    assert_fine(&s);
}

static void calibration_ascends_from_0_to_1(void **state)
{
    (void)state;
    struct sample s;

    sample_init(&s);
    s.level[2] = s.level[1];
    assert_fault(&s, GAD_EFORMAT, "calibration: level 2 does not ascend");
    sample_init(&s);
    s.value[3] = nextafterf(s.value[2], -1.0f);
    assert_fault(&s, GAD_EFORMAT, "calibration: value 3 descends");
    sample_init(&s);
    s.level[0] = 1e-300;
    assert_fault(&s, GAD_EFORMAT, "levels do not range from 0 to 1");
    sample_init(&s);
    s.level[SAMPLE_LEVELS - 1] = nextafter(1.0, 0.0);
    assert_fault(&s, GAD_EFORMAT, "levels do not range from 0 to 1");
    s.level[SAMPLE_LEVELS - 1] = nextafter(1.0, 2.0);
    assert_fault(&s, GAD_EFORMAT, "levels do not range from 0 to 1");
    sample_init(&s);
    s.c.calibration.n = 0;
    assert_fault(&s, GAD_EFORMAT, "calibration: no rows");
    sample_init(&s);
    s.c.calibration.folds = GAD_CKPT_FOLDS_MAX + 1;
    assert_fault(&s, GAD_EFORMAT, "calibration: 65 folds, at most 64");
    sample_init(&s);
    s.c.calibration.worth = s.c.calibration.n + 1;
    assert_fault(&s, GAD_EFORMAT, "calibration: worth more rows than it has");
    sample_init(&s);
    s.c.calibration.n_levels = 1;
    assert_fault(&s, GAD_EFORMAT, "calibration: levels: 1, at least 2");
    s.level[1] = 1.0;
    s.c.calibration.n_levels = 2;
    s.c.calibration.tail = (struct gad_ckpt_tail){0};
    s.c.calibration.n = UINT64_MAX;
    assert_fine(&s);
}

static void layers_fit_together(void **state)
{
    (void)state;
    struct sample s;

    sample_init(&s);
    s.layers[0][1].in = SAMPLE_HIDDEN + 1;
    assert_fault(&s, GAD_EMISMATCH, "net 'encoder': layer 1 takes 5 values, layer 0 returns 4");
    sample_init(&s);
    s.layers[1][0].kind = 0;
    assert_fault(&s, GAD_EFORMAT, "net 'generator': layer 0 is of an unknown kind");
    s.layers[1][0].kind = GAD_CKPT_DENSE + 1;
    assert_fault(&s, GAD_EFORMAT, "unknown kind");
    sample_init(&s);
    s.layers[1][0].act = GAD_CKPT_N_ACTS;
    assert_fault(&s, GAD_EFORMAT, "net 'generator': layer 0 has an unknown activation");
    sample_init(&s);
    s.nets[1].name = "encoder";
    assert_fault(&s, GAD_EFORMAT, "net 'encoder': duplicate name");
    sample_init(&s);
    s.nets[1].n_layers = 0;
    assert_fault(&s, GAD_EFORMAT, "layers of a net: 0, at least 1");
    sample_init(&s);
    s.layers[0][0].in = 0;
    assert_fault(&s, GAD_EFORMAT, "layer 0 has a dimension outside");
    sample_init(&s);
    s.c.n_nets = 0;
    assert_fault(&s, GAD_EFORMAT, "nets: 0");
    sample_init(&s);
    s.c.n_self_tests = 0;
    assert_fault(&s, GAD_EFORMAT, "self-tests: 0, at least 1");
}

static void the_schema_has_elements(void **state)
{
    (void)state;
    struct sample s;

    sample_init(&s);
    memset(&s.c.reference, 0, sizeof(s.c.reference));
    s.groups[1].n_categories = 0;
    assert_fault(&s, GAD_EFORMAT, "schema: categories of a group: 0");
    sample_init(&s);
    memset(&s.c.reference, 0, sizeof(s.c.reference));
    s.c.schema.n_numeric = s.c.schema.n_groups = s.c.scaler.dim = 0;
    assert_fault(&s, GAD_EFORMAT, "schema: elements: 0");
    sample_init(&s);
    memset(&s.c.reference, 0, sizeof(s.c.reference));
    s.knots[1] = 1;
    assert_fault(&s, GAD_EMISMATCH, "scaler: 6 counts of knots with 3 places and 3 heights");
    sample_init(&s);
    memset(&s.c.reference, 0, sizeof(s.c.reference));
    s.c.scaler.n_knots = 0;
    s.c.scaler.dim = SAMPLE_DIM - 1;
    assert_fault(&s, GAD_EMISMATCH, "scaler: 5 log, 5 offset, 5 range, the schema has 6 elements");
    sample_init(&s);
    memset(&s.c.reference, 0, sizeof(s.c.reference));
    s.c.schema.n_groups = s.c.scaler.n_knots = 0;
    s.c.scaler.dim = 3;
    s.c.condition = "";
    assert_fine(&s); /* numeric columns alone; whether a model takes them is asked above */
}

static void a_condition_is_a_group_of_the_schema(void **state)
{
    (void)state;
    static const char *const none[] = {"service", "duration", "tcp",  "flag ",
                                       "Flag",    "fla",      "flag2"};
    static char text[GAD_CKPT_STRING_MAX + 2];
    struct sample s;
    size_t first, n;

    sample_init(&s);
    assert_int_equal(gad_checkpoint_condition(&s.c, &first, &n, NULL), 0);
    assert_true(first == 5 && n == 1);
    s.c.condition = "protocol_type";
    assert_fine(&s);
    assert_int_equal(gad_checkpoint_condition(&s.c, &first, &n, NULL), 0);
    assert_true(first == 3 && n == 2);
    s.c.condition = "";
    assert_fine(&s);
    assert_int_equal(gad_checkpoint_condition(&s.c, &first, &n, NULL), 0);
    assert_true(first == 0 && n == 0);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        s.c.condition = none[i];
        assert_fault(&s, GAD_EMISMATCH, "is not a group of the schema");
    }
    s.c.condition = "\x1b[2J";
    assert_fault(&s, GAD_EFORMAT, "condition has a byte that is not printable");
    memset(text, 'x', sizeof(text) - 1);
    s.c.condition = text;
    assert_fault(&s, GAD_EFORMAT, "condition is longer than 4096 bytes");
    s.c.condition = text + 1;
    assert_fault(&s, GAD_EMISMATCH, "is not a group of the schema");
    s.groups[0].column = text + 1;
    assert_fine(&s);
}

static void strings_are_printable_and_of_some_length(void **state)
{
    (void)state;
    static char text[GAD_CKPT_STRING_MAX + 2], name[GAD_CKPT_NAME_MAX + 2];
    static const char *const bad_names[] = {"",    "A",    "a b",         "a/b",  "../a",
                                            "a\n", "\xc3", "caf\xc3\xa9", "a\x7f"};
    static const char *const bad_texts[] = {"", "\n", "a\tb", "\x1b[2J", "\x7f", "caf\xc3\xa9"};
    struct sample s;

    sample_init(&s);
    const char **const names[] = {&s.c.name, &s.c.model, &s.c.scaler.kind, &s.c.score.kind,
                                  &s.nets[1].name};
    const char **const texts[] = {&s.numeric[2],   &s.groups[0].column, &s.protocols[1],
                                  &s.data[0].name, &s.metrics[1].name,  &s.self_tests[0].record};
    const char **const may_be_empty[] = {&s.c.provenance.created, &s.c.provenance.software,
                                         &s.c.provenance.command, &s.c.provenance.protocol};
    memset(text, '~', sizeof(text) - 1);
    memset(name, 'z', sizeof(name) - 1);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *old = *names[i];
        for (size_t k = 0; k < sizeof(bad_names) / sizeof(bad_names[0]); k++) {
            *names[i] = bad_names[k];
            assert_fault(&s, GAD_EFORMAT, bad_names[k][0] ? "other than a-z" : "is empty");
        }
        *names[i] = name;
        assert_fault(&s, GAD_EFORMAT, "is longer than 63");
        *names[i] = name + 1;
        assert_fine(&s);
        *names[i] = old;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const char *old = *texts[i];
        for (size_t k = 0; k < sizeof(bad_texts) / sizeof(bad_texts[0]); k++) {
            *texts[i] = bad_texts[k];
            assert_fault(&s, GAD_EFORMAT, bad_texts[k][0] ? "not printable" : "is empty");
        }
        *texts[i] = text;
        assert_fault(&s, GAD_EFORMAT, "is longer than 4096");
        *texts[i] = text + 1;
        assert_fine(&s);
        *texts[i] = old;
    }
    for (size_t i = 0; i < sizeof(may_be_empty) / sizeof(may_be_empty[0]); i++) {
        const char *old = *may_be_empty[i];
        *may_be_empty[i] = "\x1b";
        assert_fault(&s, GAD_EFORMAT, "not printable");
        *may_be_empty[i] = text;
        assert_fault(&s, GAD_EFORMAT, "is longer than 4096");
        *may_be_empty[i] = "";
        assert_fine(&s);
        *may_be_empty[i] = old;
    }
    s.data[0].sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdeF";
    assert_fault(&s, GAD_EFORMAT, "SHA-256 of source 0 is not 64 hex digits");
    s.data[0].sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
    assert_fault(&s, GAD_EFORMAT, "SHA-256 of source 0");
    s.data[0].sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0";
    assert_fault(&s, GAD_EFORMAT, "SHA-256 of source 0");
}

/* One value in a hundred may be subnormal, not more: they slow every product down. */
static void a_flood_of_subnormals_is_refused(void **state)
{
    (void)state;
    static float weight[99], bias[1];
    struct sample s;

    sample_init(&s);
    s.c.n_nets = 1;
    s.nets[0].n_layers = 1;
    s.layers[0][0].in = 99;
    s.layers[0][0].out = 1;
    s.layers[0][0].weight = weight;
    s.layers[0][0].bias = bias;
    weight[0] = nextafterf(FLT_MIN, 0.0f);
    weight[1] = FLT_MIN;
    assert_fine(&s);
    weight[1] = -FLT_TRUE_MIN;
    assert_fault(&s, GAD_EFORMAT, "tensors: 2 of 100 values are subnormal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_must_be_finite),
        cmocka_unit_test(ranges_are_positive_and_rates_are_rates),
        cmocka_unit_test(a_search_has_steps_and_phases_that_ascend),
        cmocka_unit_test(a_reference_is_of_the_schema_and_counts_its_records),
        cmocka_unit_test(a_history_has_finite_figures_for_each_epoch),
        cmocka_unit_test(a_tail_is_fitted_and_in_range_or_only_a_reason),
        cmocka_unit_test(calibration_ascends_from_0_to_1),
        cmocka_unit_test(layers_fit_together),
        cmocka_unit_test(the_schema_has_elements),
        cmocka_unit_test(a_condition_is_a_group_of_the_schema),
        cmocka_unit_test(strings_are_printable_and_of_some_length),
        cmocka_unit_test(a_flood_of_subnormals_is_refused),
    };
    return cmocka_run_group_tests_name("checkpoint values", tests, NULL, NULL);
}
