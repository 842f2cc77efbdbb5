/* SPDX-License-Identifier: Apache-2.0 */
/* Each cap: as much as that is taken, one more is not. */
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "tests/unit/checkpoint/sample.h"
#include "tests/unit/test.h"

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

static void a_search_has_limits(void **state)
{
    (void)state;
    static struct gad_ckpt_phase phases[17];
    struct sample s;

    sample_init(&s);
    for (uint32_t i = 0; i < 17; i++)
        phases[i] = (struct gad_ckpt_phase){i, 0.01f};
    s.c.score.search.phases = phases;
    s.c.score.search.n_phases = 16;
    assert_fine(&s);
    s.c.score.search.n_phases = 17;
    assert_fault(&s, GAD_ELIMIT, "search: phases: 17, the limit is 16");
    s.c.score.search.n_phases = 0;
    assert_fault(&s, GAD_EFORMAT, "search: phases: 0, at least 1");
    s.c.score.search.n_phases = 1;
    s.c.score.search.steps = 1;
    assert_fine(&s);
    s.c.score.search.steps = 100000;
    assert_fine(&s);
    s.c.score.search.steps = 100001;
    assert_fault(&s, GAD_ELIMIT, "search: steps: 100001, the limit is 100000");
}

static void a_history_has_a_limit(void **state)
{
    (void)state;
    enum { N = 100001 };
    gad_cleanup(gad_freep) double *v = gad_calloc(N, sizeof(*v));
    struct sample s;

    assert_non_null(v);
    sample_init(&s);
    s.c.provenance.history = (struct gad_ckpt_history){N - 1, v, v, v, v};
    s.c.provenance.epochs = N - 1;
    assert_fine(&s);
    s.c.provenance.history.n = N;
    s.c.provenance.epochs = N;
    assert_fault(&s, GAD_ELIMIT, "history: epochs: 100001, the limit is 100000");
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
    s.c.calibration.tail = (struct gad_ckpt_tail){0}; /* all scores are 0 */
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
    static const char *categories[4097];
    static struct gad_ckpt_group groups[4097];
    static bool log[4097];
    static float zeros[4097], ones[4097];
    struct sample s;

    sample_init(&s);
    memset(&s.c.reference, 0, sizeof(s.c.reference));
    for (size_t i = 0; i < 4097; i++) {
        categories[i] = "x";
        groups[i] = (struct gad_ckpt_group){"x", categories, 1};
        ones[i] = 1.0f;
    }
    s.groups[1].categories = categories;
    s.c.scaler.log = log;
    s.c.scaler.offset = zeros;
    s.c.scaler.range = ones;
    s.c.scaler.n_knots = 0;
    s.groups[1].n_categories = 4096 - 5;
    s.c.scaler.dim = 4096;
    assert_fine(&s);
    s.groups[1].n_categories = 4096 - 4;
    s.c.scaler.dim = 4097;
    assert_fault(&s, GAD_ELIMIT, "schema: categories of a group: 4092, the limit is 4091");

    s.c.schema.n_numeric = 0;
    s.c.schema.groups = groups;
    s.c.condition = "";
    s.c.schema.n_groups = s.c.scaler.dim = 4096;
    assert_fine(&s);
    s.c.schema.n_groups = s.c.scaler.dim = 4097;
    assert_fault(&s, GAD_ELIMIT, "schema: groups: 4097, the limit is 4096");
    s.c.schema.n_groups = 0;
    s.c.schema.numeric = categories;
    s.c.schema.n_numeric = 4097;
    assert_fault(&s, GAD_ELIMIT, "schema: numeric columns: 4097, the limit is 4096");
    s.c.schema.n_numeric = s.c.scaler.dim = 4096;
    assert_fine(&s);
}

/* Before a header is looked at. */
static void bytes_have_a_limit(void **state)
{
    (void)state;
    struct gad_checkpoint *c = NULL;
    uint8_t *p = gad_calloc(GAD_CKPT_FILE_MAX + 1, 1);

    assert_non_null(p);
    assert_int_equal(gad_checkpoint_parse("p", p, GAD_CKPT_FILE_MAX, &c, NULL), GAD_EFORMAT);
    assert_int_equal(gad_checkpoint_parse("p", p, GAD_CKPT_FILE_MAX + 1, &c, NULL), GAD_ELIMIT);
    assert_null(c);
    gad_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_counted_over_all_nets),
        cmocka_unit_test(nets_are_counted),
        cmocka_unit_test(dimensions_and_parameters_have_limits),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(a_search_has_limits),
        cmocka_unit_test(a_history_has_a_limit),
        cmocka_unit_test(levels_have_a_limit),
        cmocka_unit_test(elements_have_a_limit),
        cmocka_unit_test(bytes_have_a_limit),
    };
    return cmocka_run_group_tests_name("checkpoint limits", tests, NULL, NULL);
}
