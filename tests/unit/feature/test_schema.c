/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feature/schema.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "tests/unit/test.h"

/* Zenati's 121 elements, one by one: "column", or "column=category". */
static const char *const egbad[] = {"duration",
                                    "src_bytes",
                                    "dst_bytes",
                                    "wrong_fragment",
                                    "urgent",
                                    "hot",
                                    "num_failed_logins",
                                    "num_compromised",
                                    "root_shell",
                                    "su_attempted",
                                    "num_root",
                                    "num_file_creations",
                                    "num_shells",
                                    "num_access_files",
                                    "num_outbound_cmds",
                                    "count",
                                    "srv_count",
                                    "serror_rate",
                                    "srv_serror_rate",
                                    "rerror_rate",
                                    "srv_rerror_rate",
                                    "same_srv_rate",
                                    "diff_srv_rate",
                                    "srv_diff_host_rate",
                                    "dst_host_count",
                                    "dst_host_srv_count",
                                    "dst_host_same_srv_rate",
                                    "dst_host_diff_srv_rate",
                                    "dst_host_same_src_port_rate",
                                    "dst_host_srv_diff_host_rate",
                                    "dst_host_serror_rate",
                                    "dst_host_srv_serror_rate",
                                    "dst_host_rerror_rate",
                                    "dst_host_srv_rerror_rate",
                                    "protocol_type=icmp",
                                    "protocol_type=tcp",
                                    "protocol_type=udp",
                                    "service=IRC",
                                    "service=X11",
                                    "service=Z39_50",
                                    "service=auth",
                                    "service=bgp",
                                    "service=courier",
                                    "service=csnet_ns",
                                    "service=ctf",
                                    "service=daytime",
                                    "service=discard",
                                    "service=domain",
                                    "service=domain_u",
                                    "service=echo",
                                    "service=eco_i",
                                    "service=ecr_i",
                                    "service=efs",
                                    "service=exec",
                                    "service=finger",
                                    "service=ftp",
                                    "service=ftp_data",
                                    "service=gopher",
                                    "service=hostnames",
                                    "service=http",
                                    "service=http_443",
                                    "service=imap4",
                                    "service=iso_tsap",
                                    "service=klogin",
                                    "service=kshell",
                                    "service=ldap",
                                    "service=link",
                                    "service=login",
                                    "service=mtp",
                                    "service=name",
                                    "service=netbios_dgm",
                                    "service=netbios_ns",
                                    "service=netbios_ssn",
                                    "service=netstat",
                                    "service=nnsp",
                                    "service=nntp",
                                    "service=ntp_u",
                                    "service=other",
                                    "service=pm_dump",
                                    "service=pop_2",
                                    "service=pop_3",
                                    "service=printer",
                                    "service=private",
                                    "service=red_i",
                                    "service=remote_job",
                                    "service=rje",
                                    "service=shell",
                                    "service=smtp",
                                    "service=sql_net",
                                    "service=ssh",
                                    "service=sunrpc",
                                    "service=supdup",
                                    "service=systat",
                                    "service=telnet",
                                    "service=tftp_u",
                                    "service=tim_i",
                                    "service=time",
                                    "service=urh_i",
                                    "service=urp_i",
                                    "service=uucp",
                                    "service=uucp_path",
                                    "service=vmnet",
                                    "service=whois",
                                    "flag=OTH",
                                    "flag=REJ",
                                    "flag=RSTO",
                                    "flag=RSTOS0",
                                    "flag=RSTR",
                                    "flag=S0",
                                    "flag=S1",
                                    "flag=S2",
                                    "flag=S3",
                                    "flag=SF",
                                    "flag=SH",
                                    "land=0",
                                    "land=1",
                                    "logged_in=0",
                                    "logged_in=1",
                                    "is_host_login=0",
                                    "is_guest_login=0",
                                    "is_guest_login=1"};

/* Column that element j comes from. */
static enum gad_column column_of(const struct gad_schema *s, size_t j)
{
    size_t first, n, g = 0;

    if (j < gad_schema_n_numeric(s))
        return gad_schema_numeric(s, j);
    enum gad_column c = gad_schema_group_column(s, g, &first, &n);
    while (j >= first + n)
        c = gad_schema_group_column(s, ++g, &first, &n);
    return c;
}

static void egbad_is_right_index_for_index(void **state)
{
    (void)state;
    gad_cleanup(gad_schema_freep) struct gad_schema *s = NULL;

    assert_int_equal(sizeof(egbad) / sizeof(egbad[0]), 121);
    assert_int_equal(gad_schema_new_egbad(&s), 0);
    assert_int_equal(gad_schema_dim(s), 121);
    assert_int_equal(gad_schema_n_numeric(s), 34);
    assert_int_equal(gad_schema_n_groups(s), 7);
    for (size_t j = 0; j < 121; j++) {
        char got[64];
        enum gad_column c = column_of(s, j);
        const char *name = gad_schema_element_name(s, j);
        if (j < 34) {
            (void)snprintf(got, sizeof(got), "%s", name);
        } else {
            (void)snprintf(got, sizeof(got), "%s=%s", gad_columns[c].name, name);
        }
        assert_string_equal(got, egbad[j]);
    }
}

static void every_value_fires_the_element_of_its_name(void **state)
{
    (void)state;
    static const size_t n_in[] = {3, 66, 11, 2, 2, 1, 2};
    gad_cleanup(gad_schema_freep) struct gad_schema *s = NULL;
    size_t at = 34, first, n;

    assert_int_equal(gad_schema_new_egbad(&s), 0);
    for (size_t g = 0; g < 7; g++, at += n) {
        enum gad_column c = gad_schema_group_column(s, g, &first, &n);
        bool text = gad_columns[c].kind == GAD_KIND_NAME;
        assert_int_equal(first, at);
        assert_int_equal(n, n_in[g]);
        for (int v = 0; v < (text ? (int)gad_columns[c].n_names : 2); v++) {
            const char *name = text ? gad_name_text(c, v) : v ? "1" : "0";
            int j = gad_schema_element(s, g, (double)v), want = -1;
            for (size_t k = first; k < first + n; k++)
                if (strcmp(gad_schema_element_name(s, k), name) == 0)
                    want = (int)k;
            assert_int_equal(j, want);
        }
        assert_int_equal(gad_schema_element(s, g, (double)GAD_NAME_UNKNOWN), -1);
        assert_int_equal(gad_schema_element(s, g, 1e300), -1);
        assert_int_equal(gad_schema_element(s, g, (double)NAN), -1);
        assert_int_equal(gad_schema_element(s, g, (double)gad_columns[c].n_names + 2.0), -1);
    }
    assert_int_equal(at, 121);
}

static void names_outside_the_vocabulary_fire_nothing(void **state)
{
    (void)state;
    static const char *const outside[] = {"aol",       "harvest", "http_2784",
                                          "http_8001", "icmp",    "oth_i"};
    gad_cleanup(gad_schema_freep) struct gad_schema *s = NULL;

    assert_int_equal(gad_schema_new_egbad(&s), 0);
    for (size_t i = 0; i < 6; i++) {
        int v = gad_name_number(GAD_SERVICE, outside[i], strlen(outside[i]));
        assert_int_equal(gad_schema_element(s, 1, (double)v), -1);
    }
    assert_int_equal(gad_schema_element(s, 5, 1.0), -1); /* is_host_login 1 */
}

static void a_category_we_do_not_know_takes_its_place_and_never_fires(void **state)
{
    (void)state;
    static const char *const services[] = {"quic", "http", "smtp"};
    const struct gad_schema_group g = {"service", services, 3};
    gad_cleanup(gad_schema_freep) struct gad_schema *s = NULL;

    assert_int_equal(gad_schema_new(NULL, 0, &g, 1, &s, NULL), 0);
    assert_int_equal(gad_schema_dim(s), 3);
    assert_string_equal(gad_schema_element_name(s, 0), "quic");
    for (int v = 0; v < (int)gad_columns[GAD_SERVICE].n_names; v++)
        assert_int_not_equal(gad_schema_element(s, 0, (double)v), 0);
    assert_int_equal(gad_schema_element(s, 0, 22.0), 1); /* http */
}

struct refusal {
    const char *numeric[2];
    const char *column;
    const char *category[2];
    int err;
    const char *text;
};

static void refusals_name_the_column(void **state)
{
    (void)state;
    static const char sixty_four[] =
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd";
    static const struct refusal t[] = {
        {{"duration", "colour"}, "flag", {"SF", "S0"}, GAD_EUNKNOWN, "'colour': not a column"},
        {{"duration", "label"}, "flag", {"SF", "S0"}, GAD_EUNKNOWN, "'label'"},
        {{"duration", "duration"}, "flag", {"SF", "S0"}, GAD_EFORMAT, "'duration': used twice"},
        {{"duration", "land"}, "land", {"0", "1"}, GAD_EFORMAT, "'land': used twice"},
        {{"duration", "service"}, "flag", {"SF", "S0"}, GAD_EFORMAT, "'service': text"},
        {{"duration", "land"}, "flag", {"SF", "SF"}, GAD_EFORMAT, "'SF' repeats"},
        {{"duration", "land"}, "flag", {"quic", "quic"}, GAD_EFORMAT, "'quic' repeats"},
        {{"duration", "land"}, "flag", {"SF", ""}, GAD_EFORMAT, "cannot occur"},
        {{"duration", "land"}, "flag", {"SF", "a b"}, GAD_EFORMAT, "printable"},
        {{"duration", "land"}, "flag", {"SF", "\xc3\xa9"}, GAD_EFORMAT, "'\\xc3\\xa9'"},
        {{"duration", "land"}, "flag", {"SF", sixty_four}, GAD_ELIMIT, "63 bytes"},
        {{"duration", "land"}, "root_shell", {"0", "2"}, GAD_EFORMAT, "'2' cannot occur"},
        {{"duration", "land"}, "root_shell", {"0", "00"}, GAD_EFORMAT, "'00' cannot occur"},
        {{"duration", "land"}, "count", {"0", "1"}, GAD_EFORMAT, "'count': has no categories"},
        {{"duration", "land"}, "serror_rate", {"0", "1"}, GAD_EFORMAT, "has no categories"},
        {{"duration", "land"}, "colour", {"0", "1"}, GAD_EUNKNOWN, "'colour'"},
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        const struct gad_schema_group g = {t[i].column, t[i].category, 2};
        struct gad_schema *s = NULL;
        struct gad_diag d = {.text = ""};

        assert_int_equal(gad_schema_new(t[i].numeric, 2, &g, 1, &s, &d), t[i].err);
        assert_null(s);
        if (!strstr(d.text, t[i].text))
            fail_msg("'%s' is not in '%s'", t[i].text, d.text);
        assert_int_equal(gad_schema_new(t[i].numeric, 2, &g, 1, &s, NULL), t[i].err);
    }
}

enum { MANY = GAD_SCHEMA_DIM_MAX + 1 };
static char many_text[MANY][8];
static const char *many[MANY];

static void dimension_is_limited(void **state)
{
    (void)state;
    struct gad_schema *s = NULL;
    struct gad_schema_group g = {"service", many, GAD_SCHEMA_DIM_MAX - 1};
    static const char *const duration[] = {"duration"};

    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(many_text[i], sizeof(many_text[i]), "s%zu", i);
        many[i] = many_text[i];
    }
    for (int extra = -1; extra <= 1; extra++) {
        g.n_categories = (size_t)(GAD_SCHEMA_DIM_MAX - 1 + extra);
        int r = gad_schema_new(duration, 1, &g, 1, &s, NULL);
        assert_int_equal(r, extra <= 0 ? 0 : GAD_ELIMIT);
        if (r == 0) {
            assert_int_equal(gad_schema_dim(s), (size_t)(GAD_SCHEMA_DIM_MAX + extra));
            assert_string_equal(gad_schema_element_name(s, gad_schema_dim(s) - 1),
                                many[g.n_categories - 1]);
            gad_schema_free(s);
            s = NULL;
        }
    }
    const struct gad_schema_group wrap[2] = {{"service", many, SIZE_MAX}, {"flag", many, 2}};
    assert_int_equal(gad_schema_new(duration, 1, wrap, 2, &s, NULL), GAD_ELIMIT);
    assert_int_equal(gad_schema_new(NULL, SIZE_MAX, NULL, 0, &s, NULL), GAD_ELIMIT);
    assert_int_equal(gad_schema_new(NULL, 0, NULL, 0, &s, NULL), GAD_EFORMAT);
    g.n_categories = 0;
    assert_int_equal(gad_schema_new(duration, 1, &g, 1, &s, NULL), GAD_EFORMAT);
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    int r = -1;
    long k = 0;

    while (r != 0 && k < 100) {
        struct gad_schema *s = NULL;
        (void)gad_mem_fail_at(++k);
        r = gad_schema_new_egbad(&s);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || (r == GAD_ENOMEM && s == NULL));
        gad_schema_free(s);
    }
    assert_true(k > 1 && r == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(egbad_is_right_index_for_index),
        cmocka_unit_test(every_value_fires_the_element_of_its_name),
        cmocka_unit_test(names_outside_the_vocabulary_fire_nothing),
        cmocka_unit_test(a_category_we_do_not_know_takes_its_place_and_never_fires),
        cmocka_unit_test(refusals_name_the_column),
        cmocka_unit_test(dimension_is_limited),
        cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
