/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/event/event.h"
#include "tests/unit/test.h"

static void fill_text(char *to, size_t size, char c)
{
    memset(to, c, size - 1);
    to[size - 1] = '\0';
}

/* Everything as large as it can be. */
static struct gad_event longest_alert(void)
{
    struct gad_event e = {
        .kind = GAD_EVENT_ALERT, .run = UINT64_MAX, .seq = 7, .time = {INT64_MAX}};
    struct gad_alert *a = &e.alert;

    fill_text(e.sensor, sizeof(e.sensor), 's');
    fill_text(a->source, sizeof(a->source), 'c');
    fill_text(a->interface, sizeof(a->interface), 'i');
    fill_text(a->model, sizeof(a->model), 'm');
    fill_text(a->model_sha256, sizeof(a->model_sha256), 'f');
    fill_text(a->record.community_id, sizeof(a->record.community_id), '1');
    a->record.tuple = (struct gad_tuple){6, 255, 65535, 65535, {1, 2, 3}, {255, 254}};
    a->record.tunnels = 255;
    a->record.notes = 63;
    a->record.start.ns = a->record.end.ns = INT64_MIN;
    a->record.v[GAD_SRC_BYTES] = 12345;
    a->score = 12.5f;
    a->threshold = -3.25f;
    a->p_value = 1e-5;
    a->fpr_budget = 0.001;
    a->risk = 100;
    a->severity = GAD_SEVERITY_HIGH;
    a->n_top = GAD_N_COLUMNS;
    for (size_t i = 0; i < GAD_N_COLUMNS; i++)
        a->top[i] = (struct gad_reason){(enum gad_column)i, 1, 0.25, 1.0 / GAD_N_COLUMNS};
    a->count = INT64_MAX;
    a->first.ns = 1;
    a->last.ns = -1;
    return e;
}

static struct gad_event longest_stats(void)
{
    struct gad_event e = {.kind = GAD_EVENT_STATS, .run = 1, .seq = 9, .time = {5}};

    fill_text(e.sensor, sizeof(e.sensor), 's');
    e.stats.uptime.ns = INT64_MAX;
    e.stats.n = GAD_EVENT_COUNTERS;
    for (size_t i = 0; i < GAD_EVENT_COUNTERS; i++) {
        fill_text(e.stats.counter[i].name, sizeof(e.stats.counter[i].name), 'n');
        e.stats.counter[i].value = INT64_MAX;
    }
    return e;
}

static struct gad_event some_heartbeat(void)
{
    struct gad_event e = {.kind = GAD_EVENT_HEARTBEAT, .sensor = "s", .seq = 3, .time = {6}};

    e.heartbeat = (struct gad_heartbeat){"1.2.3", {100}, {200}, 300, 400};
    return e;
}

static struct gad_event longest_model(void)
{
    struct gad_event e = {.kind = GAD_EVENT_MODEL, .sensor = "s", .seq = 4, .time = {7}};

    fill_text(e.model.action, sizeof(e.model.action), 'a');
    fill_text(e.model.model, sizeof(e.model.model), 'm');
    fill_text(e.model.model_sha256, sizeof(e.model.model_sha256), '1');
    fill_text(e.model.previous_sha256, sizeof(e.model.previous_sha256), 'f');
    fill_text(e.model.reason, sizeof(e.model.reason), 'r');
    return e;
}

static void comes_back(const struct gad_event *e)
{
    struct gad_buf b = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX);
    struct gad_buf again = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX);
    struct gad_event back;
    struct gad_diag d;

    gad_event_pack(e, &b);
    assert_false(b.bad);
    if (gad_event_unpack(e->kind, e->seq, b.p, b.len, &back, &d) != 0)
        fail_msg("%s", d.text);
    assert_int_equal(back.kind, e->kind);
    assert_true(back.seq == e->seq);
    gad_event_pack(&back, &again); /* compared as bytes, for a value has padding */
    assert_int_equal(again.len, b.len);
    assert_memory_equal(again.p, b.p, b.len);
    gad_buf_deinit(&b);
    gad_buf_deinit(&again);
}

static void an_event_comes_back_as_it_was(void **state)
{
    (void)state;
    static struct gad_event e;

    e = longest_alert();
    comes_back(&e);
    e = longest_stats();
    comes_back(&e);
    e = some_heartbeat();
    comes_back(&e);
    e = longest_model();
    comes_back(&e);
}

static void each_field_comes_back(void **state)
{
    (void)state;
    static struct gad_event back;
    const struct gad_event e = longest_alert();
    struct gad_buf b = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX);

    gad_event_pack(&e, &b);
    assert_int_equal(gad_event_unpack(e.kind, e.seq, b.p, b.len, &back, NULL), 0);
    assert_string_equal(back.sensor, e.sensor);
    assert_true(back.run == e.run && back.time.ns == e.time.ns);
    assert_memory_equal(back.alert.record.v, e.alert.record.v, sizeof(e.alert.record.v));
    assert_memory_equal(&back.alert.record.tuple, &e.alert.record.tuple, sizeof(struct gad_tuple));
    assert_string_equal(back.alert.record.community_id, e.alert.record.community_id);
    assert_int_equal(back.alert.record.tunnels, 255);
    assert_int_equal(back.alert.record.notes, 63);
    assert_string_equal(back.alert.source, e.alert.source);
    assert_string_equal(back.alert.interface, e.alert.interface);
    assert_string_equal(back.alert.model, e.alert.model);
    assert_string_equal(back.alert.model_sha256, e.alert.model_sha256);
    assert_true(back.alert.score == 12.5f && back.alert.threshold == -3.25f);
    assert_true(back.alert.p_value == 1e-5 && back.alert.fpr_budget == 0.001);
    assert_int_equal(back.alert.risk, 100);
    assert_int_equal(back.alert.severity, GAD_SEVERITY_HIGH);
    assert_int_equal(back.alert.n_top, GAD_N_COLUMNS);
    assert_int_equal(back.alert.top[40].column, 40);
    assert_true(back.alert.count == INT64_MAX);
    assert_true(back.alert.first.ns == 1 && back.alert.last.ns == -1);
    gad_buf_deinit(&b);
}

/* A reason of a later version that has more room: not cut, refused. */
static void a_text_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct gad_event e = longest_model(), back;
    struct gad_buf b = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX);
    const uint8_t *reason;

    gad_event_pack(&e, &b);
    assert_int_equal(gad_event_unpack(e.kind, 4, b.p, b.len, &back, NULL), 0);
    assert_string_equal(back.model.reason, e.model.reason);
    assert_string_equal(back.model.model_sha256, e.model.model_sha256);
    assert_string_equal(back.model.previous_sha256, e.model.previous_sha256);
    assert_string_equal(back.model.action, e.model.action);
    assert_string_equal(back.model.model, e.model.model);
    reason = memchr(b.p, 'r', b.len); /* the last field: tag, length of two bytes, text */
    assert_non_null(reason);
    b.p[reason - b.p - 2]++; /* one byte more */
    assert_non_null(gad_buf_room(&b, 1));
    b.p[b.len++] = 'r';
    assert_int_equal(gad_event_unpack(e.kind, 4, b.p, b.len, &back, NULL), GAD_EFORMAT);
    gad_buf_deinit(&b);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    static struct gad_event e[13], back;

    for (size_t i = 0; i < 13; i++)
        e[i] = longest_alert();
    e[0].alert.severity = 0;
    e[1].alert.severity = 4;
    e[2].alert.risk = 101;
    e[3].alert.p_value = 1.5;
    e[4].alert.top[3].share = -0.1;
    e[5].alert.top[3].column = GAD_N_COLUMNS;
    e[6].alert.record.v[GAD_SRC_BYTES] = -1;
    e[7].alert.record.v[GAD_SERVICE] = 4000;
    e[8].alert.count = 0;
    e[9].alert.score = __builtin_inff();
    e[10].alert.top[GAD_SERVICE].expected = 1e300;
    e[11].alert.fpr_budget = __builtin_nan("");
    e[12].alert.count = UINT64_MAX;
    for (size_t i = 0; i < 13; i++) {
        struct gad_buf b = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX);
        gad_event_pack(&e[i], &b);
        assert_int_equal(gad_event_unpack(GAD_EVENT_ALERT, 1, b.p, b.len, &back, NULL),
                         GAD_EFORMAT);
        gad_buf_deinit(&b);
    }
}

static void kinds_of_later_versions_are_distinguished(void **state)
{
    (void)state;
    struct gad_event back;

    assert_int_equal(gad_event_unpack(0, 1, (const uint8_t *)"", 0, &back, NULL), GAD_EUNKNOWN);
    assert_int_equal(gad_event_unpack(GAD_EVENT_LOSS, 1, NULL, 0, &back, NULL), GAD_EUNKNOWN);
    assert_int_equal(gad_event_unpack(77, 1, NULL, 0, &back, NULL), GAD_EUNKNOWN);
}

/* Bytes of a damaged spool: refused, or an event that packs again. */
static void mutants_hold_what_the_header_promises(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(5, 0);
    static struct gad_event e[4], back;

    e[0] = longest_alert();
    e[1] = longest_stats();
    e[2] = some_heartbeat();
    e[3] = longest_model();

    for (int i = 0; i < 20000; i++) {
        const struct gad_event *from = &e[gad_rng_below(&rng, 4)];
        struct gad_buf b = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX);
        struct gad_buf again = GAD_BUF_INIT(GAD_EVENT_PACKED_MAX);
        gad_event_pack(from, &b);
        for (uint32_t n = 1 + gad_rng_below(&rng, 4); n > 0; n--)
            b.p[gad_rng_below(&rng, (uint32_t)b.len)] = (uint8_t)gad_rng_u64(&rng);
        if (gad_rng_below(&rng, 4) == 0)
            b.len = gad_rng_below(&rng, (uint32_t)b.len);
        if (gad_event_unpack(from->kind, 1, b.p, b.len, &back, NULL) == 0) {
            char sentence[GAD_EVENT_SENTENCE];
            gad_event_sentence(&back, sentence);
            gad_event_pack(&back, &again);
            assert_false(again.bad);
        }
        gad_buf_deinit(&b);
        gad_buf_deinit(&again);
    }
}

/* Two bytes of message are an empty object of many: memory is bounded all the same. */
static void many_empty_objects_are_refused(void **state)
{
    (void)state;
    uint8_t p[4096];
    struct gad_event back;

    for (size_t i = 0; i < sizeof(p); i += 2) {
        p[i] = 22 << 3 | 2; /* Alert.top, of two bytes' tag */
        p[i + 1] = 1;
    }
    assert_int_equal(gad_event_unpack(GAD_EVENT_ALERT, 1, p, sizeof(p), &back, NULL), GAD_EFORMAT);
    for (size_t i = 0; i < sizeof(p); i += 2) {
        p[i] = 3 << 3 | 2; /* Stats.counter */
        p[i + 1] = 0;
    }
    assert_int_equal(gad_event_unpack(GAD_EVENT_STATS, 1, p, sizeof(p), &back, NULL), GAD_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_comes_back_as_it_was),
        cmocka_unit_test(each_field_comes_back),
        cmocka_unit_test(a_text_that_is_too_long_is_refused),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(kinds_of_later_versions_are_distinguished),
        cmocka_unit_test(mutants_hold_what_the_header_promises),
        cmocka_unit_test(many_empty_objects_are_refused),
    };
    return cmocka_run_group_tests_name("codec", tests, NULL, NULL);
}
