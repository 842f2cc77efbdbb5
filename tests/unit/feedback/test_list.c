/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feedback/list.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "tests/unit/test.h"

static const struct gad_time now = {INT64_C(1795442709000000000)};

static struct gad_feedback *make(void)
{
    struct gad_feedback *f = NULL;
    assert_int_equal(gad_feedback_new(&f), 0);
    return f;
}

static struct gad_verdict verdict(uint64_t id, const char *event, const char *incident)
{
    struct gad_verdict v = {.by = {.id = id, .time = now}, .service = GAD_NAME_UNKNOWN};

    (void)snprintf(v.event, sizeof(v.event), "%s", event);
    (void)snprintf(v.incident, sizeof(v.incident), "%s", incident);
    return v;
}

static struct gad_verdict_mark mark(uint64_t id)
{
    return (struct gad_verdict_mark){.id = id, .time = now};
}

/* Whether a verdict stands on an alert or incident: another one is then refused. */
static bool stands(const struct gad_feedback *f, const char *event, const char *incident)
{
    struct gad_verdict v = verdict(gad_feedback_next(f), event, incident);

    return gad_feedback_check(f, &v, NULL) != 0;
}

struct bad {
    size_t n;
    unsigned line[8];
};

static void bad_line(void *arg, unsigned line, const char *why)
{
    struct bad *b = arg;

    assert_true(*why && b->n < 8);
    b->line[b->n++] = line;
}

static void one_verdict_stands_on_an_incident(void **state)
{
    (void)state;
    gad_cleanup(gad_feedback_freep) struct gad_feedback *f = make();
    struct gad_verdict v = verdict(1, "e-1", "e-i1"), other = verdict(2, "e-2", "e-i1");
    struct gad_diag d = {""};
    const struct gad_verdict_mark undo = mark(2), again = mark(3);

    assert_int_equal(gad_feedback_next(f), 1);
    assert_int_equal(gad_feedback_add(f, &v, &d), 0);
    assert_int_equal(gad_feedback_add(f, &other, &d), GAD_EINVAL);
    assert_non_null(strstr(d.text, "verdict 1 says 'false' of it already"));
    assert_int_equal(gad_feedback_check_undo(f, 7, &undo, &d), GAD_EUNKNOWN);
    assert_int_equal(gad_feedback_undo(f, 1, &undo, &d), 0);
    assert_int_equal(gad_feedback_undo(f, 1, &again, &d), GAD_EINVAL);
    assert_false(stands(f, "e-1", "e-i1"));
    assert_int_equal(gad_feedback_next(f), 3);
    other.by.id = 1;
    assert_int_equal(gad_feedback_add(f, &other, &d), GAD_EINVAL); /* ids rise */
    other.by.id = 3;
    other.is_true = true;
    assert_int_equal(gad_feedback_add(f, &other, &d), 0);
    assert_true(stands(f, "", "e-i1"));
    assert_true(stands(f, "e-2", ""));
    assert_false(stands(f, "", ""));
}

static void a_damaged_line_is_reported_and_the_others_stay(void **state)
{
    (void)state;
    gad_cleanup(gad_feedback_freep) struct gad_feedback *f = make();
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(1 << 20);
    const struct gad_verdict one = verdict(1, "e-1", ""), two = verdict(3, "e-2", "");
    const struct gad_verdict_mark undo = mark(2), lost = mark(4);
    struct bad bad = {0};

    gad_buf_printf(&b, "%s", gad_feedback_head);
    gad_verdict_write(&one, &b);
    gad_buf_printf(&b, "\n");
    gad_verdict_write_undo(&undo, 1, &b);
    gad_verdict_write(&one, &b); /* the same id */
    gad_verdict_write(&two, &b);
    gad_verdict_write_undo(&lost, 2, &b); /* no verdict */
    size_t whole = b.len;
    gad_verdict_write_undo(&lost, 3, &b);
    assert_int_equal(gad_feedback_read(f, (char *)b.p, b.len - 1, bad_line, &bad, NULL), 0);
    assert_int_equal(gad_feedback_count(f), 2);
    assert_int_equal(gad_feedback_at(f, 0)->undone.id, 2);
    assert_int_equal(gad_feedback_at(f, 1)->undone.id, 0);
    assert_int_equal(bad.n, 4);
    static const unsigned lines[] = {3, 5, 7, 8};
    assert_memory_equal(bad.line, lines, sizeof(lines));
    assert_true(whole < b.len);
}

static void another_file_is_refused(void **state)
{
    (void)state;
    gad_cleanup(gad_feedback_freep) struct gad_feedback *f = make();
    struct gad_diag d = {""};

    assert_int_equal(gad_feedback_read(f, "", 0, bad_line, NULL, &d), 0);
    assert_int_equal(gad_feedback_read(f, "# ganad suppress 1 next=1\n", 26, bad_line, NULL, &d),
                     GAD_EFORMAT);
    assert_non_null(strstr(d.text, "line 1: not a file of verdicts"));
}

static void the_number_of_verdicts_is_limited(void **state)
{
    (void)state;
    gad_cleanup(gad_feedback_freep) struct gad_feedback *f = make();
    struct gad_diag d = {""};
    char event[32];

    for (uint64_t id = 1; id <= GAD_FEEDBACK_MAX + 1; id++) {
        (void)snprintf(event, sizeof(event), "e-%u", (unsigned)id);
        struct gad_verdict v = verdict(id, event, "");
        const struct gad_verdict_mark undo = mark(id + 1);
        bool fits = id <= GAD_FEEDBACK_MAX;
        assert_int_equal(gad_feedback_add(f, &v, &d), fits ? 0 : GAD_ELIMIT);
        if (fits && id % 500 != 0) /* few stand, so that the test is short */
            assert_int_equal(gad_feedback_undo(f, id, &undo, &d), 0);
    }
    assert_non_null(strstr(d.text, "move it to another name"));
    const struct gad_verdict_mark undo = mark(GAD_FEEDBACK_MAX + 5);
    assert_int_equal(gad_feedback_undo(f, 500, &undo, &d), 0); /* as always */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_verdict_stands_on_an_incident),
        cmocka_unit_test(a_damaged_line_is_reported_and_the_others_stay),
        cmocka_unit_test(another_file_is_refused),
        cmocka_unit_test(the_number_of_verdicts_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
