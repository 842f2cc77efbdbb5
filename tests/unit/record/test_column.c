/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/column.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

static const enum gad_column text_columns[] = {GAD_PROTOCOL_TYPE, GAD_SERVICE, GAD_FLAG};

/* Also the check of the hash tables in column.c: a name in the wrong slot does not find itself. */
static void every_name_finds_itself(void **state)
{
    (void)state;
    for (size_t t = 0; t < 3; t++) {
        const struct gad_column_info *col = &gad_columns[text_columns[t]];
        for (size_t i = 0; i < col->n_names; i++) {
            assert_int_equal(gad_name_number(text_columns[t], col->names[i], strlen(col->names[i])),
                             (int)i);
            assert_string_equal(gad_name_text(text_columns[t], (int)i), col->names[i]);
        }
    }
}

static void no_neighbour_of_a_name_is_found(void **state)
{
    (void)state;
    for (size_t t = 0; t < 3; t++) {
        const struct gad_column_info *col = &gad_columns[text_columns[t]];
        for (size_t i = 0; i < col->n_names; i++) {
            char name[32] = {0};
            size_t len = strlen(col->names[i]);
            memcpy(name, col->names[i], len);
            assert_int_equal(gad_name_number(text_columns[t], name, len + 1), GAD_NAME_UNKNOWN);
            for (size_t k = 0; k < len; k++) {
                name[k] = (char)(name[k] ^ 0x80);
                assert_int_equal(gad_name_number(text_columns[t], name, len), GAD_NAME_UNKNOWN);
                name[k] = (char)(name[k] ^ 0x80);
            }
        }
    }
    assert_int_equal(gad_name_number(GAD_SERVICE, "htt", 3), GAD_NAME_UNKNOWN);
    assert_int_equal(gad_name_number(GAD_SERVICE, "HTTP", 4), GAD_NAME_UNKNOWN);
    assert_int_equal(gad_name_number(GAD_SERVICE, "", 0), GAD_NAME_UNKNOWN);
    assert_int_equal(gad_name_number(GAD_DURATION, "tcp", 3), GAD_NAME_UNKNOWN);
    assert_int_equal(gad_name_number((enum gad_column)99, "tcp", 3), GAD_NAME_UNKNOWN);
}

/* The numbers are on the wire and in packed requests: these may never change. */
static void numbers_of_names_are_fixed(void **state)
{
    (void)state;
    static const struct {
        enum gad_column col;
        const char *name;
        int number;
    } t[] = {
        {GAD_PROTOCOL_TYPE, "tcp", 0},
        {GAD_PROTOCOL_TYPE, "udp", 1},
        {GAD_PROTOCOL_TYPE, "icmp", 2},
        {GAD_PROTOCOL_TYPE, "tcp", GAD_PROTOCOL_TCP},
        {GAD_PROTOCOL_TYPE, "udp", GAD_PROTOCOL_UDP},
        {GAD_PROTOCOL_TYPE, "icmp", GAD_PROTOCOL_ICMP},
        {GAD_FLAG, "OTH", 0},
        {GAD_FLAG, "S0", 5},
        {GAD_FLAG, "SF", 9},
        {GAD_FLAG, "SH", 10},
        {GAD_FLAG, "OTH", GAD_FLAG_OTH},
        {GAD_FLAG, "REJ", GAD_FLAG_REJ},
        {GAD_FLAG, "RSTO", GAD_FLAG_RSTO},
        {GAD_FLAG, "RSTOS0", GAD_FLAG_RSTOS0},
        {GAD_FLAG, "RSTR", GAD_FLAG_RSTR},
        {GAD_FLAG, "S0", GAD_FLAG_S0},
        {GAD_FLAG, "S1", GAD_FLAG_S1},
        {GAD_FLAG, "S2", GAD_FLAG_S2},
        {GAD_FLAG, "S3", GAD_FLAG_S3},
        {GAD_FLAG, "SF", GAD_FLAG_SF},
        {GAD_FLAG, "SH", GAD_FLAG_SH},
        {GAD_SERVICE, "IRC", 0},
        {GAD_SERVICE, "ecr_i", 14},
        {GAD_SERVICE, "http", 22},
        {GAD_SERVICE, "private", 45},
        {GAD_SERVICE, "whois", 65},
        {GAD_SERVICE, "aol", 66},
        {GAD_SERVICE, "harvest", 67},
        {GAD_SERVICE, "http_2784", 68},
        {GAD_SERVICE, "http_8001", 69},
        {GAD_SERVICE, "icmp", 70},
        {GAD_SERVICE, "oth_i", 71},
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        assert_int_equal(gad_name_number(t[i].col, t[i].name, strlen(t[i].name)), t[i].number);
    assert_int_equal(gad_columns[GAD_PROTOCOL_TYPE].n_names, 3);
    assert_int_equal(gad_columns[GAD_FLAG].n_names, 11);
    assert_int_equal(gad_columns[GAD_SERVICE].n_names, 72);
    for (int i = 1; i < 66; i++) /* byte order, as the one-hot layout has it */
        assert_true(strcmp(gad_name_text(GAD_SERVICE, i - 1), gad_name_text(GAD_SERVICE, i)) < 0);
}

static void a_number_without_a_name_is_a_question_mark(void **state)
{
    (void)state;
    assert_string_equal(gad_name_text(GAD_FLAG, GAD_NAME_UNKNOWN), "?");
    assert_string_equal(gad_name_text(GAD_FLAG, 10), "SH");
    assert_string_equal(gad_name_text(GAD_FLAG, 11), "?");
    assert_string_equal(gad_name_text(GAD_DURATION, 0), "?");
    assert_string_equal(gad_name_text(GAD_N_COLUMNS, 0), "?");
    assert_int_equal(gad_name_number(GAD_FLAG, "?", 1), GAD_NAME_UNKNOWN);
}

/* "name:kind" in the order of kddcup.names, but for what the data say: su_attempted has 2. */
static void columns_stand_in_file_order(void **state)
{
    (void)state;
    static const char *const want[GAD_N_COLUMNS] = {
        "duration:n",
        "protocol_type:t",
        "service:t",
        "flag:t",
        "src_bytes:n",
        "dst_bytes:n",
        "land:b",
        "wrong_fragment:n",
        "urgent:n",
        "hot:n",
        "num_failed_logins:n",
        "logged_in:b",
        "num_compromised:n",
        "root_shell:b",
        "su_attempted:n",
        "num_root:n",
        "num_file_creations:n",
        "num_shells:n",
        "num_access_files:n",
        "num_outbound_cmds:n",
        "is_host_login:b",
        "is_guest_login:b",
        "count:n",
        "srv_count:n",
        "serror_rate:r",
        "srv_serror_rate:r",
        "rerror_rate:r",
        "srv_rerror_rate:r",
        "same_srv_rate:r",
        "diff_srv_rate:r",
        "srv_diff_host_rate:r",
        "dst_host_count:n",
        "dst_host_srv_count:n",
        "dst_host_same_srv_rate:r",
        "dst_host_diff_srv_rate:r",
        "dst_host_same_src_port_rate:r",
        "dst_host_srv_diff_host_rate:r",
        "dst_host_serror_rate:r",
        "dst_host_srv_serror_rate:r",
        "dst_host_rerror_rate:r",
        "dst_host_srv_rerror_rate:r",
    };

    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        char got[64];
        (void)snprintf(got, sizeof(got), "%s:%c", gad_columns[c].name, "nbrt"[gad_columns[c].kind]);
        assert_string_equal(got, want[c]);
        assert_int_equal(gad_column_by_name(gad_columns[c].name), c);
        assert_true((gad_columns[c].kind == GAD_KIND_NAME) == (gad_columns[c].n_names > 0));
    }
    assert_int_equal(gad_column_by_name("label"), -1);
    assert_int_equal(gad_column_by_name(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_finds_itself),
        cmocka_unit_test(no_neighbour_of_a_name_is_found),
        cmocka_unit_test(numbers_of_names_are_fixed),
        cmocka_unit_test(a_number_without_a_name_is_a_question_mark),
        cmocka_unit_test(columns_stand_in_file_order),
    };
    return cmocka_run_group_tests_name("column", tests, NULL, NULL);
}
