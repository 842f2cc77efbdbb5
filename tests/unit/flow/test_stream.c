/* SPDX-License-Identifier: Apache-2.0 */
/* What an inspector is given: bytes once and in order, holes as gaps, within limits. */

#include <stdio.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/flow/view.h"
#include "tests/unit/flow/fake_inspect.h"
#include "tests/unit/test.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

struct stream {
    struct gad_stream_memory m;
    struct gad_flow flow;
    struct gad_stream *s;
};

static void stream_init(struct stream *st, size_t max, uint64_t bytes)
{
    fake = (struct fake_inspections){0};
    *st = (struct stream){.m.max = max};
    st->s = gad_stream_new(&st->m, &st->flow, GAD_APP_TEXT, bytes);
}

static void stream_deinit(struct stream *st)
{
    gad_stream_free(st->s, &st->m);
    assert_int_equal(st->m.used, 0);
    gad_stream_memory_deinit(&st->m);
}

/* What a view has been given; 0: the first. */
static const char *text_of(const struct stream *st, int view)
{
    const struct gad_view *v = &st->s->first;

    for (; view > 0; view--)
        v = v->later;
    return (const char *)v->packed + offsetof(struct gad_inspect, text);
}

static void give_text(struct stream *st, int way, int64_t offset, const char *text, uint64_t acked)
{
    uint32_t len = (uint32_t)strlen(text);

    gad_stream_data(st->s, &st->m, way, offset, (const uint8_t *)text, len, len, acked);
}

/* Letters from..to of the alphabet, of the responder: they need no acknowledgement. */
static void give(struct stream *st, char from, char to, uint64_t acked)
{
    uint32_t len = (uint32_t)(to - from + 1);

    gad_stream_data(st->s, &st->m, 1, from - 'a' + 1, (const uint8_t *)letters + (from - 'a'), len,
                    len, acked);
}

static void order_is_made(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    give(&st, 'a', 'c', 0);
    give(&st, 'g', 'i', 0);
    give(&st, 'm', 'o', 0);
    assert_string_equal(fake.text, "rabc");
    give(&st, 'j', 'l', 0);
    give(&st, 'd', 'f', 0);
    assert_string_equal(fake.text, "rabcdefghijklmno");
    stream_deinit(&st);
}

static void nothing_comes_twice(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    give(&st, 'a', 'f', 0);
    give(&st, 'a', 'f', 0);
    give(&st, 'c', 'h', 0); /* overlaps */
    give(&st, 'k', 'p', 0); /* held, */
    give(&st, 'k', 'p', 0); /* twice, */
    give(&st, 'm', 'r', 0); /* and overlapped */
    give(&st, 'g', 'l', 0);
    assert_string_equal(fake.text, "rabcdefghijklmnopqr");
    give(&st, 'a', 'z', 0);
    assert_string_equal(fake.text, "rabcdefghijklmnopqrstuvwxyz");
    assert_int_equal(st.m.conflicts, 0);
    assert_int_equal(st.flow.notes, 0);
    stream_deinit(&st);
}

static void a_hole_is_a_gap_when_its_end_is_acknowledged(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    give(&st, 'a', 'c', 0);
    give(&st, 'g', 'i', 0);
    gad_stream_acked(st.s, &st.m, 1, 6); /* up to e: f is still to come */
    assert_string_equal(fake.text, "rabc");
    gad_stream_acked(st.s, &st.m, 1, 7);
    assert_string_equal(fake.text, "rabc<3>ghi");
    give(&st, 'd', 'f', 0);  /* too late */
    give(&st, 'm', 'o', 13); /* acknowledged before it was seen */
    assert_string_equal(fake.text, "rabc<3>ghi<3>mno");
    assert_int_equal(st.m.gaps, 2);
    assert_int_equal(st.m.gap_bytes, 6);
    stream_deinit(&st);
}

static void the_end_releases_what_is_held(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    give(&st, 'c', 'd', 0);
    give(&st, 'g', 'h', 0);
    give_text(&st, 0, 1, "typed", 0);
    gad_stream_finish(st.s, &st.m);
    assert_string_equal(fake.text, "otypedr<2>cd<2>gh");
    stream_deinit(&st);
}

static void what_was_not_captured_is_a_gap(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    gad_stream_data(st.s, &st.m, 0, 1, (const uint8_t *)"abc", 3, 10, 11);
    gad_stream_data(st.s, &st.m, 1, 1, NULL, 0, 4, 0);
    gad_stream_data(st.s, &st.m, 0, 11, (const uint8_t *)"xyz", 3, 5, 0);
    gad_stream_acked(st.s, &st.m, 0, 12);
    gad_stream_acked(st.s, &st.m, 0, 15);
    gad_stream_acked(st.s, &st.m, 0, 16);
    assert_string_equal(fake.text, "oabc<7>r<4>oxyz<1><1>");
    stream_deinit(&st);
}

static void bytes_of_the_originator_wait_for_their_acknowledgement(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    give_text(&st, 0, 1, "abcdef", 1);
    assert_string_equal(fake.text, "");
    gad_stream_acked(st.s, &st.m, 0, 4);
    give_text(&st, 1, 1, "echo", 1);
    gad_stream_acked(st.s, &st.m, 0, 7);
    give_text(&st, 0, 7, "gh", 9); /* acknowledged before it was seen */
    assert_string_equal(fake.text, "oabcrechoodefgh");
    give_text(&st, 0, 9, "ij", 9);
    give_text(&st, 0, 9, "ijkl", 9); /* sent again, with more */
    give_text(&st, 0, 10, "jklm", 9);
    gad_stream_acked(st.s, &st.m, 0, 14);
    assert_string_equal(fake.text, "oabcrechoodefghijklm");
    assert_int_equal(st.m.conflicts, 0);
    stream_deinit(&st);
}

static void copies_that_differ_are_both_inspected(void **state)
{
    (void)state;
    struct stream st;
    struct gad_content c;

    stream_init(&st, 100000, 1000);
    give_text(&st, 1, 1, "name: ", 1);
    give_text(&st, 0, 1, "xxx", 1);
    give_text(&st, 0, 1, "bob", 1);
    assert_int_equal(st.m.conflicts, 1);
    assert_int_equal(st.m.ambiguous, 1);
    assert_int_equal(st.flow.notes, GAD_NOTE_AMBIGUOUS);
    gad_stream_acked(st.s, &st.m, 0, 4);
    give_text(&st, 1, 7, "secret: ", 7);
    give_text(&st, 0, 4, "1234", 4); /* and after it */
    give_text(&st, 0, 4, "yyyy", 4);
    gad_stream_acked(st.s, &st.m, 1, 15);
    gad_stream_acked(st.s, &st.m, 0, 8);
    assert_string_equal(text_of(&st, 0), "rname: oxxxrsecret: o1234");
    assert_string_equal(text_of(&st, 1), "rname: obobrsecret: oyyyy");
    assert_int_equal(st.m.ambiguous, 1);
    gad_stream_result(st.s, &c);
    assert_int_equal(c.hot, 21);
    stream_deinit(&st);
}

static void a_copy_between_two_others_has_a_view(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    for (uint64_t at = 1; at < 10; at += 3) {
        give_text(&st, 0, (int64_t)at, "xxx", at);
        give_text(&st, 0, (int64_t)at, "bob", at);
        give_text(&st, 0, (int64_t)at, "yyy", at);
        gad_stream_acked(st.s, &st.m, 0, at + 3);
    }
    assert_string_equal(text_of(&st, 0), "oxxxxxxxxx");
    assert_string_equal(text_of(&st, 1), "obobbobbob");
    assert_string_equal(text_of(&st, 2), "oyyyyyyyyy");
    assert_int_equal(st.flow.notes, GAD_NOTE_AMBIGUOUS);
    give_text(&st, 0, 10, "1", 1);
    give_text(&st, 0, 10, "2", 1);
    give_text(&st, 0, 10, "3", 1);
    give_text(&st, 0, 10, "4", 1); /* one copy too many */
    assert_int_equal(st.flow.notes, GAD_NOTE_AMBIGUOUS | GAD_NOTE_BLIND);
    stream_deinit(&st);
}

/* One long segment takes the place of many that follow. */
static void a_long_copy_hides_no_short_ones(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    give_text(&st, 0, 1, "xxxxxxxxxxxxxxxx", 1);
    for (char c = 'a'; c <= 'f'; c++) {
        give_text(&st, 0, c - 'a' + 1, (char[]){c, '\0'}, (uint64_t)(c - 'a' + 1));
        gad_stream_acked(st.s, &st.m, 0, (uint64_t)(c - 'a' + 2));
    }
    assert_string_equal(text_of(&st, 0), "oxxxxxx");
    assert_string_equal(
        (const char *)gad_view_last(st.s)->packed + offsetof(struct gad_inspect, text), "oabcdef");
    stream_deinit(&st);
}

/* More than a stream holds comes first, with other bytes than those that are acknowledged. */
static void a_flood_of_first_copies_hides_nothing(void **state)
{
    (void)state;
    struct stream st;
    static const uint8_t zeros[1000];

    stream_init(&st, 1 << 20, 1 << 20);
    for (int64_t at = 1; at < 60000; at += 1000)
        gad_stream_data(st.s, &st.m, 0, at, zeros, 1000, 1000, 1);
    give_text(&st, 0, 1, "login", 1);
    gad_stream_acked(st.s, &st.m, 0, 6);
    give_text(&st, 0, 6, "attack", 6);
    gad_stream_acked(st.s, &st.m, 0, 12);
    assert_string_equal(text_of(&st, 1), "ologinattack");
    stream_deinit(&st);
}

static void an_upload_beyond_what_is_held_has_one_view(void **state)
{
    (void)state;
    struct stream st;
    static const uint8_t zeros[1000];
    int64_t at = 1;

    stream_init(&st, 1 << 20, 1 << 20);
    for (; at < 200000; at += 1000) {
        gad_stream_data(st.s, &st.m, 0, at, zeros, 1000, 1000,
                        at < 60000 ? 1 : (uint64_t)at - 59000);
        if (at > 60000)
            gad_stream_acked(st.s, &st.m, 0, (uint64_t)at - 58000);
    }
    assert_int_equal(st.s->n_views, 1);
    gad_stream_finish(st.s, &st.m);
    assert_int_equal(st.m.gaps, 0);
    assert_int_equal(st.flow.notes, 0);
    struct gad_content c;
    gad_stream_result(st.s, &c);
    assert_int_equal(c.hot, (uint16_t)(at - 1));
    stream_deinit(&st);
}

static void views_that_are_alike_become_one(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    give_text(&st, 0, 1, "\0", 1);
    static const uint8_t zero[2];
    gad_stream_data(st.s, &st.m, 0, 1, zero, 1, 2, 1);
    gad_stream_data(st.s, &st.m, 0, 1, (const uint8_t *)"x", 1, 2, 1);
    assert_int_equal(st.s->n_views, 2);
    gad_stream_acked(st.s, &st.m, 0, 2);
    assert_int_equal(st.s->n_views, 2); /* the fake remembers x */
    stream_deinit(&st);
}

static void a_late_copy_changes_nothing_and_is_counted(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    give_text(&st, 0, 1, "abcdef", 7);
    give_text(&st, 0, 3, "cdef", 7);
    assert_int_equal(st.m.conflicts, 0);
    give_text(&st, 0, 3, "cxxf", 7);
    assert_int_equal(st.m.conflicts, 1);
    assert_int_equal(st.flow.notes, 0);
    assert_string_equal(fake.text, "oabcdef");
    stream_deinit(&st);
}

/* The responder's bytes are passed on at once; a copy before their acknowledgement can be right. */
static void a_responders_other_copy_has_a_view(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    give_text(&st, 1, 1, "xxxx# ", 1);
    give_text(&st, 1, 1, "login: ", 1); /* also longer */
    assert_int_equal(st.m.conflicts, 1);
    assert_int_equal(st.flow.notes, GAD_NOTE_AMBIGUOUS);
    gad_stream_acked(st.s, &st.m, 1, 8);
    assert_string_equal(text_of(&st, 0), "rxxxx#  ");
    assert_string_equal(text_of(&st, 1), "rxxxx# <1>login: ");
    stream_deinit(&st);
}

static void too_much_to_hold_gives_up_the_hole(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 1 << 20, 1000);
    st.m.max = st.m.used + 400;
    give(&st, 'c', 'd', 0);
    for (char at = 'e'; at < 'y' && !*fake.text; at = (char)(at + 2)) {
        give(&st, at, (char)(at + 1), 0);
        assert_true(st.m.used <= st.m.max);
    }
    assert_int_equal(strncmp(fake.text, "r<2>cdefgh", 10), 0);
    stream_deinit(&st);
}

static void one_stream_holds_no_more_than_its_share(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct stream st;
        static const uint8_t zeros[1000];
        stream_init(&st, 10 << 20, 10 << 20);
        for (int64_t at = 2; !st.m.gaps; at += 1000) {
            gad_stream_data(st.s, &st.m, way, at, zeros, 1000, 1000, 0);
            assert_true(st.m.used < GAD_STREAM_HELD_MAX + 4096);
            assert_true(at < 2 * GAD_STREAM_HELD_MAX);
        }
        stream_deinit(&st);
    }
}

static void segments_that_cannot_belong_to_it_are_ignored(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 1000);
    size_t used = st.m.used;
    gad_stream_data(st.s, &st.m, 0, GAD_STREAM_AHEAD_MAX + 2, (const uint8_t *)"x", 1, 1, 0);
    gad_stream_data(st.s, &st.m, 0, INT64_C(-4000000000), (const uint8_t *)"x", 1, 1, 0);
    assert_int_equal(st.m.used, used);
    gad_stream_data(st.s, &st.m, 0, 0, (const uint8_t *)"?a", 2, 2, 0); /* in place of the SYN */
    gad_stream_finish(st.s, &st.m);
    assert_string_equal(fake.text, "oa");
    stream_deinit(&st);
}

static void beyond_the_limit_the_newest_bytes_are_inspected(void **state)
{
    (void)state;
    struct stream st;
    struct gad_content c;
    static const uint8_t zeros[2000];

    stream_init(&st, 100000, 1500);
    gad_stream_data(st.s, &st.m, 1, 1, zeros, 1000, 1000, 0);
    assert_int_equal(st.m.cut, 0);
    gad_stream_data(st.s, &st.m, 1, 1001, zeros, 2000, 2000, 0); /* 500 are left */
    gad_stream_data(st.s, &st.m, 1, 3001, zeros, 2000, 2000, 0);
    give_text(&st, 1, 5001, "command", 0);
    assert_string_equal(fake.text, "r<1500><1744>command");
    assert_int_equal(st.m.cut, 1);
    assert_int_equal(st.m.cut_bytes, 1500 + 2000 - GAD_STREAM_NEWEST);
    assert_int_equal(st.m.gaps, 0);
    assert_int_equal(st.flow.notes, GAD_NOTE_BLIND);
    gad_stream_result(st.s, &c);
    assert_int_equal(c.hot, 1000 + 500 + GAD_STREAM_NEWEST + 7);
    st.m.now += GAD_STREAM_REFILL_NS - 1;
    gad_stream_data(st.s, &st.m, 1, 5008, zeros, 300, 300, 0);
    st.m.now += 1;
    gad_stream_data(st.s, &st.m, 1, 5308, zeros, 1500, 1500, 0);
    assert_int_equal(st.m.cut_bytes, 1500 + 2000 - GAD_STREAM_NEWEST + 300 - GAD_STREAM_NEWEST);
    stream_deinit(&st);
}

static void what_an_inspector_skips_costs_nothing(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, 100000, 10);
    fake.skips[1] = true;
    give(&st, 'a', 'c', 0); /* the first bytes tell it the direction is used */
    give(&st, 'd', 'z', 0);
    size_t used = st.m.used;
    gad_stream_data(st.s, &st.m, 1, 40, (const uint8_t *)"held?", 5, 5, 0);
    assert_int_equal(st.m.used, used);
    assert_int_equal(st.m.cut, 0);
    gad_stream_data(st.s, &st.m, 1, 45, (const uint8_t *)"no", 2, 2, 45);
    fake.skips[1] = false;
    give_text(&st, 0, 1, "again", 6);
    give_text(&st, 1, 47, "yes", 47);
    assert_string_equal(fake.text, "rabcoagainryes");
    stream_deinit(&st);
}

static void an_inspector_that_has_seen_enough_ends(void **state)
{
    (void)state;
    struct stream st;
    struct gad_content c;

    stream_init(&st, 100000, 1000);
    fake.enough = 3;
    give(&st, 'g', 'k', 0); /* held, and freed */
    give(&st, 'a', 'c', 0);
    assert_null(st.s->first.packed);
    assert_null(st.s->first.held[1].first);
    give(&st, 'd', 'f', 0);
    assert_string_equal(fake.text, "rabc");
    gad_stream_result(st.s, &c);
    assert_int_equal(c.hot, 3);
    stream_deinit(&st);
}

static void memory_below_one_stream_is_refused(void **state)
{
    (void)state;
    struct stream st;

    stream_init(&st, FAKE_LEN, 1000);
    assert_null(st.s);
    assert_int_equal(st.m.used, 0);
    stream_deinit(&st);
}

/* Segments in any order, cut and repeated in any way, give the text once, if nothing is missing. */
static void any_order_gives_the_text(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(1, 2);

    for (int round = 0; round < 2000; round++) {
        struct stream st;
        stream_init(&st, 100000, 1000);
        for (int i = 0; i < 12; i++) {
            char from = (char)('a' + gad_rng_below(&rng, 26));
            char to = (char)(from + (char)gad_rng_below(&rng, (uint32_t)('z' - from + 1)));
            give(&st, from, to, 0);
        }
        give(&st, 'a', 'm', 0);
        give(&st, 'n', 'z', 0);
        assert_string_equal(fake.text, "rabcdefghijklmnopqrstuvwxyz");
        stream_deinit(&st);
    }
}

enum { MODEL_LEN = 64 };

/* One view, byte by byte. */
struct byte_model {
    char byte[MODEL_LEN + 1]; /* by offset; NUL: none yet */
    int next;
    char text[4 * MODEL_LEN];
};

static void model_write(struct byte_model *b, const char *text, size_t len)
{
    size_t used = strlen(b->text);

    if (used == 0)
        b->text[used++] = 'o';
    memcpy(b->text + used, text, len);
    b->text[used + len] = '\0';
}

static void model_acked(struct byte_model *b, int acked)
{
    for (;;) {
        int at = b->next;
        while (at < acked && !b->byte[at])
            at++;
        if (at >= acked)
            return;
        if (at > b->next) {
            char gap[16];
            int n = snprintf(gap, sizeof(gap), "<%d>", at - b->next);
            model_write(b, gap, (size_t)n);
        }
        model_write(b, &b->byte[at], 1);
        b->next = at + 1;
    }
}

static void model_give(struct byte_model *b, int offset, const char *text, int len, bool last)
{
    for (int i = 0; i < len; i++)
        if (offset + i >= b->next && (last || !b->byte[offset + i]))
            b->byte[offset + i] = text[i];
}

/* Random segments, some with other bytes: the first view sees the first copies, the last one the
 * last copies, as two models that do it byte by byte. */
static void copies_reach_the_views_as_in_a_slow_model(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(3, 4);
    int n_ambiguous = 0;

    for (int round = 0; round < 2000; round++) {
        struct stream st;
        struct byte_model first = {.next = 1}, last = {.next = 1};
        int acked = 1;
        stream_init(&st, 1 << 20, 1 << 20);
        for (int i = 0; i < 20; i++) {
            char text[MODEL_LEN];
            int offset = 1 + (int)gad_rng_below(&rng, MODEL_LEN - 12);
            int len = 1 + (int)gad_rng_below(&rng, 12);
            memset(text, 0, sizeof(text));
            for (int k = 0; k < len; k++)
                text[k] = (char)(gad_rng_below(&rng, 40) == 0 ? 'X' : 'a' + (offset + k) % 26);
            give_text(&st, 0, offset, text, (uint64_t)acked);
            model_give(&first, offset, text, len, false);
            model_give(&last, offset, text, len, true);
            if (gad_rng_below(&rng, 2) == 0)
                acked += (int)gad_rng_below(&rng, (uint32_t)(MODEL_LEN - acked) / 4 + 1);
            gad_stream_acked(st.s, &st.m, 0, (uint64_t)acked);
            model_acked(&first, acked);
            model_acked(&last, acked);
        }
        gad_stream_finish(st.s, &st.m);
        model_acked(&first, MODEL_LEN + 1);
        model_acked(&last, MODEL_LEN + 1);
        assert_string_equal(text_of(&st, 0), first.text);
        assert_string_equal((const char *)gad_view_last(st.s)->packed +
                                offsetof(struct gad_inspect, text),
                            last.text);
        n_ambiguous += st.s->n_views > 1;
        stream_deinit(&st);
    }
    assert_in_range(n_ambiguous, 500, 1990);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_made),
        cmocka_unit_test(nothing_comes_twice),
        cmocka_unit_test(a_hole_is_a_gap_when_its_end_is_acknowledged),
        cmocka_unit_test(the_end_releases_what_is_held),
        cmocka_unit_test(what_was_not_captured_is_a_gap),
        cmocka_unit_test(bytes_of_the_originator_wait_for_their_acknowledgement),
        cmocka_unit_test(copies_that_differ_are_both_inspected),
        cmocka_unit_test(a_copy_between_two_others_has_a_view),
        cmocka_unit_test(a_long_copy_hides_no_short_ones),
        cmocka_unit_test(a_flood_of_first_copies_hides_nothing),
        cmocka_unit_test(an_upload_beyond_what_is_held_has_one_view),
        cmocka_unit_test(views_that_are_alike_become_one),
        cmocka_unit_test(a_late_copy_changes_nothing_and_is_counted),
        cmocka_unit_test(a_responders_other_copy_has_a_view),
        cmocka_unit_test(too_much_to_hold_gives_up_the_hole),
        cmocka_unit_test(one_stream_holds_no_more_than_its_share),
        cmocka_unit_test(segments_that_cannot_belong_to_it_are_ignored),
        cmocka_unit_test(beyond_the_limit_the_newest_bytes_are_inspected),
        cmocka_unit_test(what_an_inspector_skips_costs_nothing),
        cmocka_unit_test(an_inspector_that_has_seen_enough_ends),
        cmocka_unit_test(memory_below_one_stream_is_refused),
        cmocka_unit_test(any_order_gives_the_text),
        cmocka_unit_test(copies_reach_the_views_as_in_a_slow_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
