/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sign/claim.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "tests/unit/test.h"

static int parse(const char *text, struct gad_claim *c)
{
    struct gad_diag d = {""};
    int r = gad_claim_parse(text, strlen(text), c, &d);

    assert_int_equal(r == GAD_EFORMAT, *d.text != '\0');
    return r;
}

static void words_in_any_order_are_read(void **state)
{
    (void)state;
    static const char *const same[] = {
        "ganad model=lan-1.a_B version=7",
        "ganad version=7 model=lan-1.a_B",
        "ganad\tmodel=lan-1.a_B\t version=7  ",
        "  ganad Alice model=lan-1.a_B =x version=7 Model=other versions=8 xmodel=y",
        "ganad version=0007 model=lan-1.a_B",
    };
    struct gad_claim c;

    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        assert_int_equal(parse(same[i], &c), 0);
        assert_string_equal(c.model, "lan-1.a_B");
        assert_int_equal(c.version, 7);
    }
    assert_int_equal(parse("ganad", &c), 0);
    assert_true(*c.model == '\0' && c.version == 0);
}

static void other_comments_state_nothing(void **state)
{
    (void)state;
    static const char *const other[] = {"",
                                        " ",
                                        "office",
                                        "ganadmodel=a version=1",
                                        "GANAD model=a version=1",
                                        "x ganad model=a version=1",
                                        "timestamp:1\tfile:ganad model=a version=1"};
    struct gad_claim c;

    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        assert_int_equal(parse(other[i], &c), GAD_END);
        assert_true(*c.model == '\0' && c.version == 0);
    }
}

static void what_can_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "ganad model=",     "ganad model=a model=a",     "ganad model=a/b",     "ganad model=a\x01",
        "ganad version=",   "ganad version=1 version=1", "ganad version=0",     "ganad version=1x",
        "ganad version=+1", "ganad version=4294967296",  "ganad model=\xc3\xa4"};
    char name[64] = "ganad model=";
    struct gad_claim c;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(parse(bad[i], &c), GAD_EFORMAT);
        assert_true(*c.model == '\0' && c.version == 0);
    }
    memset(name + 12, 'a', GAD_CLAIM_NAME - 1);
    assert_int_equal(parse(name, &c), 0);
    assert_int_equal(strlen(c.model), GAD_CLAIM_NAME - 1);
    name[12 + GAD_CLAIM_NAME - 1] = 'a';
    assert_int_equal(parse(name, &c), GAD_EFORMAT);
    assert_int_equal(parse("ganad version=4294967295", &c), 0);
    assert_int_equal(c.version, GAD_CLAIM_VERSION_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_in_any_order_are_read),
        cmocka_unit_test(other_comments_state_nothing),
        cmocka_unit_test(what_can_be_read_in_two_ways_is_refused),
    };
    return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
