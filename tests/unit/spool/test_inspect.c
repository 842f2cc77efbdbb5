/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/inspect.h"

#include <errno.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/spool/format.h"
#include "lib/spool/state.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/test.h"

static const char segment[] = "0000000000000001.seg";

static void a_spool_is_seen_while_it_is_written(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    struct gad_spool_view v;
    struct gad_spool_status st;
    unsigned c;

    assert_int_equal(gad_spool_cursor(s, "siem", true, &c), 0);
    for (int i = 0; i < 100; i++)
        spool_add(s, 40, 1);
    gad_spool_ack(s, c, 17, 3);
    gad_spool_drop(s, 5);
    spool_put(*state, "notes", "x", 1);
    assert_int_equal(gad_spool_commit(s, (struct gad_time){INT64_C(2000000000)}), 0);
    gad_spool_status(s, &st);

    assert_int_equal(gad_spool_view(*state, &v, NULL), 0);
    assert_int_equal(v.slots_whole, 2);
    assert_false(v.clean);
    assert_int_equal(v.sync, GAD_SPOOL_ALWAYS);
    assert_true(v.next == 4006 && v.reserved > v.next);
    assert_true(v.totals.committed == 4000 && v.totals.dropped == 5);
    assert_string_equal(v.cursor[c].name, "siem");
    assert_true(v.cursor[c].next == 17 && v.cursor[c].lost == 3);
    assert_true(v.n_segments == st.n_segments && v.bytes == st.bytes && v.n_segments > 1);
    assert_int_equal(v.n_foreign, 1);

    uint64_t n = 0;
    for (size_t i = 0; i < v.n_segments; i++) {
        struct gad_spool_content content;
        assert_int_equal(gad_spool_look(*state, v.segment[i].first, NULL, NULL, &content, NULL), 0);
        assert_true(content.head == 0 && content.damaged == 0);
        assert_int_equal(content.first, v.segment[i].first);
        assert_int_equal(content.last - content.first + 1, content.n);
        assert_int_equal(content.created.ns, content.first); /* the fixture's clock */
        assert_int_equal(content.first_time.ns, content.first);
        assert_int_equal(content.last_time.ns, content.last);
        n += content.n;
    }
    assert_int_equal(n, 4000);
    gad_spool_view_deinit(&v);
    spool_end(s);
    assert_int_equal(gad_spool_view(*state, &v, NULL), 0);
    assert_true(v.clean && v.reserved == v.next);
    gad_spool_view_deinit(&v);
}

static int each(void *arg, const struct gad_spool_item *item)
{
    uint64_t *seen = arg;
    uint8_t want[SPOOL_PAYLOAD_MAX];

    assert_int_equal(item->len, spool_payload(item->seq, want));
    assert_memory_equal(item->p, want, item->len);
    return ++*seen == 4 ? 99 : 0;
}

static void records_are_shown_until_the_caller_has_enough(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    struct gad_spool_content content;
    uint64_t seen = 0;

    spool_add(s, 10, 1);
    spool_end(s);
    assert_int_equal(gad_spool_look(*state, 1, each, &seen, &content, NULL), 99);
    assert_true(seen == 4 && content.n == 4);
}

static void damage_is_shown_and_nothing_is_changed(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    struct gad_spool_content content;
    struct gad_spool_view v;
    uint8_t p[SPOOL_PAYLOAD_MAX];

    spool_add(s, 10, 1);
    spool_end(s);
    size_t len = spool_file_size(*state, segment);
    spool_flip(*state, segment, GAD_SPOOL_HEAD + 3, 1);
    spool_cut(*state, segment, len - 1);
    assert_int_equal(gad_spool_look(*state, 1, NULL, NULL, &content, NULL), 0);
    assert_true(content.n == 8 && content.first == 2 && content.last == 9);
    assert_int_equal(content.damaged, gad_spool_record_size(spool_payload(1, p)) +
                                          gad_spool_record_size(spool_payload(10, p)) - 1);
    spool_flip(*state, segment, 0, 1);
    assert_int_equal(gad_spool_look(*state, 1, NULL, NULL, &content, NULL), 0);
    assert_true(content.head == GAD_EFORMAT && content.n == 0);
    spool_cut(*state, segment, 5);
    assert_int_equal(gad_spool_look(*state, 1, NULL, NULL, &content, NULL), 0);
    assert_int_equal(content.head, GAD_ETRUNC);
    assert_int_equal(spool_file_size(*state, segment), 5);

    spool_cut(*state, GAD_SPOOL_STATE_NAME, 100);
    assert_int_equal(gad_spool_view(*state, &v, NULL), 0);
    assert_true(v.slots_whole == 0 && v.n_segments == 1);
    gad_spool_view_deinit(&v);
    spool_empty(*state);
    assert_int_equal(gad_spool_view(*state, &v, NULL), 0);
    assert_true(v.slots_whole == 0 && v.n_segments == 0);
    gad_spool_view_deinit(&v);
}

static void what_is_not_there_is_said(void **state)
{
    struct gad_spool_content content;
    struct gad_spool_view v;
    struct gad_diag d = {""};

    assert_int_equal(gad_spool_look(*state, 0x2a, NULL, NULL, &content, &d), -ENOENT);
    assert_non_null(strstr(d.text, "segment 000000000000002a: No such file"));
    assert_int_equal(gad_spool_view("/nowhere", &v, &d), -ENOENT);
    assert_non_null(strstr(d.text, "/nowhere: cannot open the directory: No such file"));
}

static void every_failed_allocation_is_survived(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    struct gad_spool_content content;
    struct gad_spool_view v;
    int err = GAD_ENOMEM;

    spool_add(s, 10, 1);
    spool_end(s);
    for (long k = 1; err != 0; k++) {
        gad_mem_fail_at(k);
        err = gad_spool_view(*state, &v, NULL);
        if (err == 0) {
            err = gad_spool_look(*state, 1, NULL, NULL, &content, NULL);
            gad_spool_view_deinit(&v);
        }
        gad_mem_fail_at(0);
        assert_true(err == 0 || err == GAD_ENOMEM);
    }
}

int main(void)
{
#define IN_DIRECTORY(f)                                                                            \
    cmocka_unit_test_setup_teardown(f, spool_directory_new, spool_directory_remove)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_spool_is_seen_while_it_is_written),
        IN_DIRECTORY(records_are_shown_until_the_caller_has_enough),
        IN_DIRECTORY(damage_is_shown_and_nothing_is_changed),
        IN_DIRECTORY(what_is_not_there_is_said),
        IN_DIRECTORY(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
