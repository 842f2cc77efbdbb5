/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/line.h"

#include "lib/base/diag.h"
#include "lib/dataset/dataset.h"
#include "tests/unit/dataset/text.h"

/* The names of the features and what comes behind them. */
static void head_line(const char *more, char line[static 4096])
{
    size_t at = 0;

    for (int c = 0; c < GAD_N_COLUMNS; c++)
        at += (size_t)snprintf(line + at, 4096 - at, "%s%s", c > 0 ? "," : "", gad_columns[c].name);
    (void)snprintf(line + at, 4096 - at, "%s", more);
}

/* What a reader says of a head, with @more behind the names, and @lines. */
static int read_file(const char *more, const char *lines, bool skip_bad, struct gad_row *last,
                     struct gad_dataset_stats *ret, struct gad_diag *d)
{
    const struct gad_dataset_options opt = {.skip_bad = skip_bad};
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    static char text[16384];
    int r;

    head_line(more, text);
    strncat(text, lines, sizeof(text) - strlen(text) - 1);
    assert_int_equal(gad_dataset_open_memory("f", text, strlen(text), &opt, &s, NULL), 0);
    while ((r = gad_dataset_next(s, last, d)) == 0)
        ;
    *ret = *gad_dataset_stats(s);
    return r;
}

static void taken(const char *more, const char *lines, uint64_t rows, const char *label)
{
    struct gad_dataset_stats st;
    struct gad_diag d = {""};
    struct gad_row row;

    if (read_file(more, lines, false, &row, &st, &d) != GAD_END)
        fail_msg("%s", d.text);
    assert_int_equal(st.rows, rows);
    assert_int_equal(st.bad_lines, 0);
    if (rows > 0)
        assert_string_equal(row.label, label);
}

static void refused(const char *more, const char *lines, const char *why)
{
    struct gad_dataset_stats st;
    struct gad_diag d = {""};
    struct gad_row row;

    assert_int_equal(read_file(more, lines, false, &row, &st, &d), GAD_EFORMAT);
    assert_string_equal(d.text, why);
    assert_int_equal(read_file(more, lines, true, &row, &st, &d), GAD_END);
    assert_int_equal(st.bad_lines, 1);
}

static void other_columns_are_passed_over(void **state)
{
    (void)state;
    taken("\n", FEATURES "\n" FEATURES, 2, "");
    taken("\r\n", FEATURES "\r\n", 1, "");
    taken(",a,b\n", FEATURES ",,\n" FEATURES ",10.0.0.1,1:x=\n", 2, "");
    taken(",a,label,b\n", FEATURES ",1,smurf.,2\n", 1, "smurf");
    taken(",label\n", FEATURES ",neptune\n", 1, "neptune");
    taken(",classes,difficulty\n", FEATURES ",neptune,99\n", 1, "");
    taken("\n", "", 0, "");
}

/* Else attacks would train as normal connections. */
static void a_label_column_has_many_names(void **state)
{
    static const char *const names[] = {"label",  "labels",     "class",       "attack", "Label",
                                        "LABELS", "attack_cat", "Attack_Type", "target", "Outcome"};
    char more[64];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(more, sizeof(more), ",a,%s,b\n", names[i]);
        taken(more, FEATURES ",1,neptune,2\n", 1, "neptune");
    }
    taken(",attack,label\n", FEATURES ",1,smurf\n", 1, "smurf"); /* the first of the list */
    taken(",Class,LABEL\n", FEATURES ",1,smurf\n", 1, "smurf");
}

static void blanks_around_a_label_are_no_part_of_it(void **state)
{
    (void)state;
    taken(",label\n", FEATURES ",  normal. \t\r\n", 1, "normal");
    taken(",label,a\n", FEATURES ", smurf ,1\n", 1, "smurf");
    refused(",label,a\n", FEATURES ",  ,1\n", "f:2: column 42 'label': empty");
    refused(",label\n", FEATURES ",DoS Hulk\n", "f:2: column 42 'label': byte 0x20");
    refused(",a\n", FEATURES ", 1\n", "f:2: column 42 'a': byte 0x20");
}

static void what_is_passed_over_is_known(void **state)
{
    struct gad_head h;
    char line[4096];

    (void)state;
    head_line(",src_ip,start,decided,score,anomalous,difficulty,Label,class,src_IP", line);
    assert_int_equal(gad_head_parse(line, line + strlen(line), &h, NULL), 0);
    for (int c = 0; c < h.n_columns; c++)
        assert_int_equal(gad_head_is_passed_over(&h, c), c == GAD_N_COLUMNS + 5 ||
                                                             c == GAD_N_COLUMNS + 7 ||
                                                             c == GAD_N_COLUMNS + 8);
}

static void time_is(const char *columns, const char *values, bool timed, int64_t ns)
{
    struct gad_dataset_stats st;
    struct gad_diag d = {""};
    struct gad_row row;
    char lines[512];

    (void)snprintf(lines, sizeof(lines), FEATURES "%s\n", values);
    if (read_file(columns, lines, false, &row, &st, &d) != GAD_END)
        fail_msg("%s", d.text);
    assert_int_equal(st.rows, 1);
    assert_int_equal(row.is_timed, timed);
    assert_true(row.time.ns == ns);
}

static void a_row_has_the_time_at_which_it_was_decided(void **state)
{
    (void)state;
    const int64_t s = 1000000000;

    time_is(",start,end,decided\n", ",1,2.5,3.000000007", true, 3 * s + 7);
    time_is(",end,start\n", ",2.5,3", true, 5 * s / 2);
    time_is(",start,x\n", ",-1.000000001,3", true, -s - 1);
    time_is(",decided\n", ",9000000000.999999999", true, 9000000000 * s + 999999999);
    time_is(",decided\n", ",0", true, 0);
    time_is(",x\n", ",1", false, 0);
    time_is("\n", "", false, 0);
}

static void a_time_of_another_form_is_none(void **state)
{
    static const char *const others[] = {
        ",",           ",-",           ",.5",           ",5.",  ",1e9",
        ",9000000001", ",12345678901", ",1.0000000001", ",--1", ",2026-01-01T00:00:00Z",
        ",1:2",        ",+1"};

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        time_is(",decided\n", others[i], false, 0);
    time_is(",decided,end\n", ",,5", false, 0); /* not from another column than its file's others */
}

static void a_line_that_is_not_as_the_head_says_is_named(void **state)
{
    (void)state;
    refused(",a\n", FEATURES "\n",
            "f:2: column 42 'a': the line ends here, with fewer columns than the head has: ''");
    refused(",a\n", FEATURES ",1,2\n", "f:2: column 43 '': more columns than the head has: '2'");
    refused("\n", FEATURES ",normal.\n",
            "f:2: column 42 '': more columns than the head has: 'normal.'");
    refused(",a\n", FEATURES ",x y\n", "f:2: column 42 'a': byte 0x20");
    refused(",label,a\n", FEATURES ",,1\n", "f:2: column 42 'label': empty");
    refused(",label,a\n", FEATURES ",.,1\n", "f:2: column 42 'label': not a label: '.'");
    refused(",label\n", FEATURES ",12345678901234567890123456789012\n",
            "f:2: column 42 'label': longer than 31 bytes: '12345678901234567890123456789012'");
    refused(",a\n", "0,tcp,http,SF,x\n", "f:2: column 5 'src_bytes': not a whole number: 'x'");
}

static void a_head_may_come_again_but_not_another(void **state)
{
    (void)state;
    char twice[8192];

    (void)snprintf(twice, sizeof(twice), FEATURES ",1\n");
    head_line(",a\n", twice + strlen(twice));
    strncat(twice, FEATURES ",2\n", sizeof(twice) - strlen(twice) - 1);
    taken(",a\n", twice, 2, "");
    refused(",b\n", twice, "f:3: head: the lines before have a different head");

    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct gad_diag d = {""};
    struct gad_row row;
    (void)snprintf(twice, sizeof(twice), FEATURES "\n");
    head_line("\n", twice + strlen(twice));
    assert_int_equal(gad_dataset_open_memory("f", twice, strlen(twice), NULL, &s, NULL), 0);
    assert_int_equal(gad_dataset_next(s, &row, &d), 0);
    assert_int_equal(gad_dataset_next(s, &row, &d), GAD_EFORMAT);
    assert_string_equal(d.text, "f:2: head: the lines before have no head");
}

static int parse(const char *line, struct gad_head *h, struct gad_diag *d)
{
    return gad_head_parse(line, line + strlen(line), h, d);
}

static void a_head_that_is_none_says_why(void **state)
{
    (void)state;
    char line[4096], more[1024];
    struct gad_head h;
    struct gad_diag d;

    assert_int_equal(parse("duration,service", &h, &d), GAD_EFORMAT);
    assert_string_equal(d.text, "head: column 2 is 'service', but should be 'protocol_type'");
    assert_int_equal(parse("duration,protocol_type", &h, &d), GAD_EFORMAT);
    assert_string_equal(d.text, "head: 2 columns, fewer than the 41 of a record");
    static const struct {
        const char *more, *why;
    } rows[] = {
        {",", "head: column 42: not a name of 1 to 31 bytes: ''"},
        {",a,a", "head: column 43: 'a' occurs twice"},
        {",duration", "head: column 42: 'duration' occurs twice"},
        {",a b", "head: column 42: byte 0x20"},
        {",12345678901234567890123456789012",
         "head: column 42: not a name of 1 to 31 bytes: '12345678901234567890123456789012'"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        head_line(rows[i].more, line);
        assert_int_equal(parse(line, &h, &d), GAD_EFORMAT);
        assert_string_equal(d.text, rows[i].why);
    }
    for (int n = 22; n <= 24; n++) { /* one less than 64 columns, 64, one more */
        more[0] = '\0';
        for (int i = 0; i < n; i++)
            (void)snprintf(more + strlen(more), sizeof(more) - strlen(more), ",x%d", i);
        head_line(more, line);
        assert_int_equal(parse(line, &h, &d), n <= 23 ? 0 : GAD_ELIMIT);
    }
}

static void every_truncation_of_a_head_is_refused(void **state)
{
    (void)state;
    char line[4096];
    struct gad_head h;

    head_line("", line);
    for (size_t len = 0; len < strlen(line); len++)
        assert_int_equal(gad_head_parse(line, line + len, &h, NULL), GAD_EFORMAT);
    assert_int_equal(parse(line, &h, NULL), 0);
    assert_int_equal(h.label, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_columns_are_passed_over),
        cmocka_unit_test(a_label_column_has_many_names),
        cmocka_unit_test(blanks_around_a_label_are_no_part_of_it),
        cmocka_unit_test(what_is_passed_over_is_known),
        cmocka_unit_test(a_row_has_the_time_at_which_it_was_decided),
        cmocka_unit_test(a_time_of_another_form_is_none),
        cmocka_unit_test(a_line_that_is_not_as_the_head_says_is_named),
        cmocka_unit_test(a_head_may_come_again_but_not_another),
        cmocka_unit_test(a_head_that_is_none_says_why),
        cmocka_unit_test(every_truncation_of_a_head_is_refused),
    };
    return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}
