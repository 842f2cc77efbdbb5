/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/recent.h"

#include "lib/event/event.h"
#include "tests/unit/test.h"

#define DAY_NS INT64_C(86400000000000)

/* The alert @seq of the incident, 0: of none, at second @at. */
static struct gad_event alert(uint64_t seq, uint64_t incident, enum gad_incident_state state,
                              unsigned severity, int64_t at)
{
    return (struct gad_event){
        .kind = GAD_EVENT_ALERT,
        .sensor = "edge",
        .run = 7,
        .seq = seq,
        .time = {at * 1000000000},
        .alert = {.severity = severity, .incident = {.number = incident, .state = state}},
    };
}

static bool put(struct recent *r, uint64_t seq, uint64_t incident, enum gad_incident_state state,
                unsigned severity, int64_t at)
{
    struct gad_event e = alert(seq, incident, state, severity, at);
    return recent_put(r, &e);
}

/* The entry of an incident, or of an alert; false: not listed. */
static bool find(struct recent *r, uint64_t incident, uint64_t seq, struct recent_entry *ret)
{
    *ret = (struct recent_entry){0};
    while (recent_after(r, ret->change, ret))
        if (ret->event->alert.incident.number == incident &&
            (incident != 0 || ret->event->seq == seq))
            return true;
    return false;
}

static bool has(struct recent *r, uint64_t incident)
{
    struct recent_entry e;
    return find(r, incident, 0, &e);
}

static size_t count(struct recent *r)
{
    struct recent_entry e = {0};
    size_t n = 0;

    while (recent_after(r, e.change, &e))
        n++;
    return n;
}

static void an_incident_has_its_latest_alert(void **state)
{
    gad_cleanup(recent_freep) struct recent *r = NULL;
    struct recent_entry e;
    (void)state;

    assert_int_equal(recent_new(&r), 0);
    assert_false(recent_after(r, 0, &e));
    assert_int_equal(recent_last(r), 0);
    put(r, 1, 5, GAD_INCIDENT_OPEN, GAD_SEVERITY_LOW, 10);
    put(r, 2, 0, GAD_INCIDENT_NONE, GAD_SEVERITY_LOW, 11);
    put(r, 3, 0, GAD_INCIDENT_NONE, GAD_SEVERITY_LOW, 11);
    put(r, 4, 5, GAD_INCIDENT_UPDATE, GAD_SEVERITY_HIGH, 12);
    assert_int_equal(count(r), 3);
    assert_true(find(r, 5, 0, &e));
    assert_int_equal(e.change, 4);
    assert_int_equal(e.alerts, 2);
    assert_int_equal(e.event->seq, 4);
    assert_int_equal(e.event->run, 7);
    assert_string_equal(e.event->sensor, "edge");
    assert_int_equal(e.event->alert.severity, GAD_SEVERITY_HIGH);
    assert_int_equal(e.event->time.ns, 12000000000);
}

static void a_reader_gets_what_changed_in_order(void **state)
{
    gad_cleanup(recent_freep) struct recent *r = NULL;
    struct recent_entry e;
    (void)state;

    assert_int_equal(recent_new(&r), 0);
    for (uint64_t i = 1; i <= 3; i++)
        put(r, i, i, GAD_INCIDENT_OPEN, GAD_SEVERITY_LOW, 1);
    put(r, 4, 1, GAD_INCIDENT_UPDATE, GAD_SEVERITY_LOW, 2);
    assert_true(recent_after(r, 0, &e));
    assert_int_equal(e.change, 2); /* its incident 1 has a later change */
    assert_true(recent_after(r, 3, &e));
    assert_int_equal(e.event->alert.incident.number, 1);
    assert_false(recent_after(r, 4, &e));
    assert_int_equal(recent_last(r), 4);
}

static void a_full_list_gives_up_what_is_closed_low_and_old(void **state)
{
    gad_cleanup(recent_freep) struct recent *r = NULL;
    (void)state;

    assert_int_equal(recent_new(&r), 0);
    put(r, 1, 1, GAD_INCIDENT_OPEN, GAD_SEVERITY_LOW, 1);
    put(r, 2, 2, GAD_INCIDENT_OPEN, GAD_SEVERITY_HIGH, 1);
    put(r, 3, 3, GAD_INCIDENT_CLOSED, GAD_SEVERITY_HIGH, 1);
    for (uint64_t i = 4; i < RECENT_MAX + 1; i++)
        assert_false(put(r, i, i, GAD_INCIDENT_CLOSED, GAD_SEVERITY_MEDIUM, 1));
    assert_int_equal(count(r), RECENT_MAX);
    assert_false(put(r, 900, 900, GAD_INCIDENT_OPEN, GAD_SEVERITY_LOW, 2));
    assert_false(has(r, 4)); /* the one of medium severity that changed first */
    assert_true(has(r, 5));
    /* a flood of alerts displaces neither what is open nor what is high */
    for (uint64_t i = 0; i < 10000; i++)
        assert_false(put(r, 1000 + i, 0, GAD_INCIDENT_NONE, GAD_SEVERITY_MEDIUM, 3));
    assert_true(has(r, 1) && has(r, 2) && has(r, 3) && has(r, 900));
    assert_int_equal(count(r), RECENT_MAX);
}

static void an_open_incident_that_is_given_up_counts(void **state)
{
    gad_cleanup(recent_freep) struct recent *r = NULL;
    (void)state;

    assert_int_equal(recent_new(&r), 0);
    for (uint64_t i = 1; i <= RECENT_MAX; i++)
        assert_false(
            put(r, i, i, GAD_INCIDENT_OPEN, i == 7 ? GAD_SEVERITY_LOW : GAD_SEVERITY_HIGH, 1));
    assert_false(put(r, 400, 7, GAD_INCIDENT_UPDATE, GAD_SEVERITY_LOW, 2));
    assert_true(put(r, 500, 500, GAD_INCIDENT_OPEN, GAD_SEVERITY_LOW, 3));
    assert_false(has(r, 7));
    assert_true(has(r, 1));
}

static void after_a_day_severity_no_longer_counts(void **state)
{
    gad_cleanup(recent_freep) struct recent *r = NULL;
    (void)state;

    assert_int_equal(recent_new(&r), 0);
    put(r, 1, 1, GAD_INCIDENT_CLOSED, GAD_SEVERITY_HIGH, 0);
    for (uint64_t i = 2; i <= RECENT_MAX; i++)
        put(r, i, i, GAD_INCIDENT_CLOSED, GAD_SEVERITY_MEDIUM, DAY_NS / 1000000000);
    put(r, 300, 300, GAD_INCIDENT_OPEN, GAD_SEVERITY_LOW, DAY_NS / 1000000000);
    assert_true(has(r, 1));
    put(r, 301, 301, GAD_INCIDENT_OPEN, GAD_SEVERITY_LOW, DAY_NS / 1000000000 + 1);
    assert_false(has(r, 1));
}

static uint64_t seq_of(struct recent *r, const char *id)
{
    const struct gad_event *e = recent_find(r, id);
    return e ? e->seq : 0;
}

static void an_alert_is_found_by_its_ids(void **state)
{
    (void)state;
    gad_cleanup(recent_freep) struct recent *r = NULL;

    assert_int_equal(recent_new(&r), 0);
    assert_null(recent_find(r, "i3"));
    (void)put(r, 5, 3, GAD_INCIDENT_OPEN, GAD_SEVERITY_LOW, 1);
    (void)put(r, 6, 0, GAD_INCIDENT_NONE, GAD_SEVERITY_LOW, 1);
    (void)put(r, 7, 3, GAD_INCIDENT_UPDATE, GAD_SEVERITY_LOW, 2);
    struct gad_event e = alert(5, 3, GAD_INCIDENT_OPEN, GAD_SEVERITY_LOW, 1);
    char id[GAD_EVENT_ID_TEXT];
    gad_incident_id(&e, id);
    assert_int_equal(seq_of(r, id), 7);
    gad_event_id(&e, id);
    assert_int_equal(seq_of(r, id), 7); /* an earlier alert of the incident */
    assert_int_equal(seq_of(r, "i3"), 7);
    assert_int_equal(seq_of(r, "6"), 6);
    e.run = 8;
    gad_incident_id(&e, id);
    static const char *const others[] = {"", "i", "i0", "0", "x", "i4", "8", "i3 ", "edge-i3", "-"};
    assert_null(recent_find(r, id));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (recent_find(r, others[i]))
            fail_msg("'%s'", others[i]);
}

static void what_an_operator_says_is_a_change(void **state)
{
    (void)state;
    gad_cleanup(recent_freep) struct recent *r = NULL;
    struct recent_entry e;

    assert_int_equal(recent_new(&r), 0);
    (void)put(r, 5, 3, GAD_INCIDENT_OPEN, GAD_SEVERITY_LOW, 1);
    recent_judge(r, "i4", GAD_FEEDBACK_TRUE);
    assert_int_equal(recent_last(r), 1);
    recent_judge(r, "5", GAD_FEEDBACK_TRUE);
    assert_true(find(r, 3, 0, &e));
    assert_int_equal(e.change, 2);
    assert_int_equal(e.event->alert.feedback, GAD_FEEDBACK_TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_incident_has_its_latest_alert),
        cmocka_unit_test(a_reader_gets_what_changed_in_order),
        cmocka_unit_test(a_full_list_gives_up_what_is_closed_low_and_old),
        cmocka_unit_test(an_open_incident_that_is_given_up_counts),
        cmocka_unit_test(after_a_day_severity_no_longer_counts),
        cmocka_unit_test(an_alert_is_found_by_its_ids),
        cmocka_unit_test(what_an_operator_says_is_a_change),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
