/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/inspect/dialogue.h"

/* As the listings of ftp_data: a line that root owns is one. */
static void a_listing_is_counted_by_its_owners(void **state)
{
    (void)state;
    static const struct turn t[] = {
        S("total 16\r\ndrwxr-xr-x 2 root     root     512 Nov 10 08:50 bin\r\n"
          "drwxr-xr-x   2 root     other    512 Nov 10 08:50 etc\r\n"
          "-rw-r--r--   1 ftp      other    512 Nov 10 08:50 a.rhosts-x\r\nroot"),
        S("\r\ncp x y"),
    };
    RUN(GAD_APP_FTP_DATA, t, .num_root = 3, .num_access_files = 1);
    RUN(GAD_APP_TEXT, t, .num_root = 3, .num_access_files = 1);
}

static void a_binary_direction_is_done_with(void **state)
{
    (void)state;
    static const struct turn t[] = {
        S("root\n"), S("\x1f\x8b\b\0x\nroot\n"), S("root\n"), C("root\n"), C("\0\n"), C("root\n"),
    };
    gad_cleanup(gad_inspect_freep) struct gad_inspect *i = NULL;

    RUN(GAD_APP_FTP_DATA, t, .num_root = 2);
    RUN(GAD_APP_TEXT, t, .num_root = 2, .logged_in = 1);
    assert_int_equal(gad_inspect_new(GAD_APP_TEXT, &i), 0);
    assert_true(feed(i, false, "\0\n", 2));
    assert_false(feed(i, true, "\0\n", 2));
}

static void payload_both_ways_decides_where_nothing_else_does(void **state)
{
    (void)state;
    static const enum gad_app apps[] = {GAD_APP_IRC, GAD_APP_TEXT, GAD_APP_HTTP, GAD_APP_SMTP};
    for (size_t i = 0; i < 4; i++) {
        gad_cleanup(gad_inspect_freep) struct gad_inspect *in = NULL;
        struct gad_content c;
        assert_int_equal(gad_inspect_new(apps[i], &in), 0);
        assert_true(feed(in, true, "", 0));
        gad_inspect_gap(in, false, 0);
        assert_true(feed(in, true, "x", 1));
        gad_inspect_result(in, &c);
        assert_int_equal(c.logged_in, 0);
        gad_inspect_gap(in, false, 1); /* it was there, but not captured */
        gad_inspect_result(in, &c);
        assert_int_equal(c.logged_in, 1);
        assert_int_equal(feed(in, false, "x", 1), apps[i] != GAD_APP_IRC);
    }
}

static void some_are_never_looked_at(void **state)
{
    (void)state;
    static const struct turn t[] = {C("root\r\n"), S("root cp a b /etc/passwd not found\r\n")};
    static const enum gad_app apps[] = {GAD_APP_NONE, GAD_APP_FINGER};
    for (size_t i = 0; i < 2; i++) {
        gad_cleanup(gad_inspect_freep) struct gad_inspect *in = NULL;
        assert_int_equal(gad_inspect_new(apps[i], &in), 0);
        assert_false(feed(in, true, "", 0));
        RUN(apps[i], t, .logged_in = 0);
    }
}

static void an_inspection_takes_one_allocation(void **state)
{
    (void)state;
    for (int app = 0; app < GAD_N_APPS; app++) {
        struct gad_inspect *in = NULL;
        gad_mem_fail_at(1);
        assert_int_equal(gad_inspect_new((enum gad_app)app, &in), GAD_ENOMEM);
        assert_null(in);
        assert_int_equal(gad_mem_fail_at(0), 1);
        assert_int_equal(gad_inspect_new((enum gad_app)app, &in), 0);
        for (int i = 0; i < 100; i++) {
            feed(in, i & 1, "USER root\r\n", 11);
            gad_inspect_gap(in, i & 1, UINT64_MAX);
        }
        gad_inspect_free(in);
    }
    gad_inspect_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listing_is_counted_by_its_owners),
        cmocka_unit_test(a_binary_direction_is_done_with),
        cmocka_unit_test(payload_both_ways_decides_where_nothing_else_does),
        cmocka_unit_test(some_are_never_looked_at),
        cmocka_unit_test(an_inspection_takes_one_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
