/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint/checkpoint.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "tests/unit/checkpoint/sample.h"
#include "tests/unit/test.h"

/* A writer never makes what a reader would refuse, so the writer is the way to show a reader each fault. */
static void assert_fault(struct sample *s, int err, const char *why)
{
    struct gad_diag d = {0};
    uint8_t *p = NULL;
    size_t len;

    int r = gad_checkpoint_pack(&s->c, &p, &len, &d);
    if (r != err || !strstr(d.text, why))
        fail_msg("%d '%s', not %d '%s'", r, d.text, err, why);
    assert_null(p);
}

static void assert_fine(struct sample *s)
{
    struct gad_diag d = {0};
    struct gad_checkpoint *c = NULL;
    uint8_t *p = NULL;
    size_t len;

    if (gad_checkpoint_pack(&s->c, &p, &len, &d) != 0 ||
        gad_checkpoint_parse("p", p, len, &c, &d) != 0)
        fail_msg("%s", d.text);
    assert_legal(c);
    assert_same(&s->c, c);
    gad_checkpoint_free(c);
    gad_free(p);
}

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
    assert_fault(&s, GAD_EFORMAT, "levels do not go from 0 to 1");
    sample_init(&s);
    s.level[SAMPLE_LEVELS - 1] = nextafter(1.0, 0.0);
    assert_fault(&s, GAD_EFORMAT, "levels do not go from 0 to 1");
    s.level[SAMPLE_LEVELS - 1] = nextafter(1.0, 2.0);
    assert_fault(&s, GAD_EFORMAT, "levels do not go from 0 to 1");
    sample_init(&s);
    s.c.calibration.n = 0;
    assert_fault(&s, GAD_EFORMAT, "calibration: of no rows");
    sample_init(&s);
    s.c.calibration.n_levels = 1;
    assert_fault(&s, GAD_EFORMAT, "calibration: levels: 1, at least 2");
    s.level[1] = 1.0;
    s.c.calibration.n_levels = 2;
    s.c.calibration.n = UINT64_MAX;
    assert_fine(&s);
}

static void layers_fit_together(void **state)
{
    (void)state;
    struct sample s;

    sample_init(&s);
    s.layers[0][1].in = SAMPLE_HIDDEN + 1;
    assert_fault(&s, GAD_EMISMATCH, "net 'encoder': layer 1 takes 5 values, layer 0 gives 4");
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
    assert_fault(&s, GAD_EFORMAT, "net 'encoder': there are two");
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
    s.groups[1].n_categories = 0;
    assert_fault(&s, GAD_EFORMAT, "schema: categories of a group: 0");
    sample_init(&s);
    s.c.schema.n_numeric = s.c.schema.n_groups = s.c.scaler.dim = 0;
    assert_fault(&s, GAD_EFORMAT, "schema: elements: 0");
    sample_init(&s);
    s.c.scaler.dim = SAMPLE_DIM - 1;
    assert_fault(&s, GAD_EMISMATCH, "scaler: 5 log, 5 offset, 5 range, the schema has 6 elements");
    sample_init(&s);
    s.c.schema.n_groups = 0;
    s.c.scaler.dim = 3;
    assert_fine(&s); /* numeric columns alone; whether a model takes them is asked above */
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

/* 63 and 64 layers in one net, 64 and 65 over two. */
static void layers_are_counted_over_all_nets(void **state)
{
    (void)state;
    static struct gad_ckpt_layer layers[65];
    struct sample s;

    sample_init(&s);
    for (size_t i = 0; i < 65; i++) {
        layers[i] = s.layers[0][0];
        layers[i].in = layers[i].out = 2;
    }
    s.nets[0].layers = layers;
    s.nets[0].n_layers = 62;
    assert_fine(&s); /* and 2 of the other net */
    s.nets[0].n_layers = 63;
    assert_fault(&s, GAD_ELIMIT, "more than 64 layers in all");
    s.c.n_nets = 1;
    s.nets[0].n_layers = 64;
    assert_fine(&s);
    s.nets[0].n_layers = 65;
    assert_fault(&s, GAD_ELIMIT, "layers of a net: 65, the limit is 64");
}

static void nets_are_counted(void **state)
{
    (void)state;
    static struct gad_ckpt_net nets[17];
    static char names[17][8];
    struct sample s;

    sample_init(&s);
    for (size_t i = 0; i < 17; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "net%zu", i);
        nets[i] = (struct gad_ckpt_net){names[i], 1, s.layers[0]};
    }
    s.c.nets = nets;
    s.c.n_nets = 16;
    assert_fine(&s);
    s.c.n_nets = 17;
    assert_fault(&s, GAD_ELIMIT, "nets: 17, the limit is 16");
}

/* One layer of 4095 x 4096 and its bias are exactly 16 Mi parameters. */
static void dimensions_and_parameters_have_limits(void **state)
{
    (void)state;
    struct sample s;
    float *big = gad_calloc((size_t)4097 * 4096, sizeof(*big));

    assert_non_null(big);
    sample_init(&s);
    s.c.n_nets = 1;
    s.nets[0].n_layers = 1;
    s.layers[0][0].weight = s.layers[0][0].bias = big;
    s.layers[0][0].in = 4095;
    s.layers[0][0].out = 4096;
    assert_fine(&s);
    s.layers[0][0].in = 4096;
    assert_fault(&s, GAD_ELIMIT, "more than 16777216 parameters");
    s.layers[0][0].in = 4097;
    s.layers[0][0].out = 1;
    assert_fault(&s, GAD_EFORMAT, "dimension outside 1 .. 4096");
    s.layers[0][0].in = UINT32_MAX;
    s.layers[0][0].out = UINT32_MAX;
    assert_fault(&s, GAD_ELIMIT, "would be more than");
    gad_free(big);
}

static void lists_have_limits(void **state)
{
    (void)state;
    static struct gad_ckpt_source data[1025];
    static struct gad_ckpt_metric metrics[1025];
    static struct gad_ckpt_self_test tests[257];
    struct sample s;

    sample_init(&s);
    for (size_t i = 0; i < 1025; i++) {
        data[i] = s.data[0];
        metrics[i] = s.metrics[0];
    }
    for (size_t i = 0; i < 257; i++)
        tests[i] = s.self_tests[0];
    s.c.provenance.data = data;
    s.c.provenance.metrics = metrics;
    s.c.self_tests = tests;
    s.c.provenance.n_data = s.c.provenance.n_metrics = 1024;
    s.c.n_self_tests = 256;
    assert_fine(&s);
    s.c.provenance.n_data = 1025;
    assert_fault(&s, GAD_ELIMIT, "provenance: sources: 1025");
    s.c.provenance.n_data = 0;
    s.c.provenance.n_metrics = 1025;
    assert_fault(&s, GAD_ELIMIT, "provenance: metrics: 1025");
    s.c.provenance.n_metrics = 0;
    s.c.n_self_tests = 257;
    assert_fault(&s, GAD_ELIMIT, "self-tests: 257");
}

static void levels_have_a_limit(void **state)
{
    (void)state;
    enum { N = (1 << 16) + 1 };
    double *level = gad_calloc(N, sizeof(*level));
    float *value = gad_calloc(N, sizeof(*value));
    struct sample s;

    assert_true(level && value);
    for (size_t i = 0; i < N; i++)
        level[i] = (double)i / (N - 2);
    sample_init(&s);
    s.c.calibration.level = level;
    s.c.calibration.value = value;
    s.c.calibration.n_levels = N - 1;
    assert_fine(&s);
    s.c.calibration.n_levels = N;
    assert_fault(&s, GAD_ELIMIT, "calibration: levels: 65537, the limit is 65536");
    gad_free(level);
    gad_free(value);
}

/* 4096 elements, most of them categories with short names: what takes most memory for its bytes. */
static void elements_have_a_limit(void **state)
{
    (void)state;
    static const char *categories[4096];
    static bool log[4097];
    static float zeros[4097], ones[4097];
    struct sample s;

    sample_init(&s);
    for (size_t i = 0; i < 4096; i++)
        categories[i] = "x";
    for (size_t i = 0; i < 4097; i++)
        ones[i] = 1.0f;
    s.groups[1].categories = categories;
    s.c.scaler.log = log;
    s.c.scaler.offset = zeros;
    s.c.scaler.range = ones;
    s.groups[1].n_categories = 4096 - 5;
    s.c.scaler.dim = 4096;
    assert_fine(&s);
    s.groups[1].n_categories = 4096 - 4;
    s.c.scaler.dim = 4097;
    assert_fault(&s, GAD_ELIMIT, "schema: categories of a group: 4092, the limit is 4091");
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
        cmocka_unit_test(calibration_ascends_from_0_to_1),
        cmocka_unit_test(layers_fit_together),
        cmocka_unit_test(the_schema_has_elements),
        cmocka_unit_test(strings_are_printable_and_of_some_length),
        cmocka_unit_test(layers_are_counted_over_all_nets),
        cmocka_unit_test(nets_are_counted),
        cmocka_unit_test(dimensions_and_parameters_have_limits),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(levels_have_a_limit),
        cmocka_unit_test(elements_have_a_limit),
        cmocka_unit_test(a_flood_of_subnormals_is_refused),
    };
    return cmocka_run_group_tests_name("checkpoint limits", tests, NULL, NULL);
}
