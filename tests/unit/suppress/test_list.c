/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/suppress/list.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/record/record.h"
#include "tests/unit/test.h"

static const struct gad_time now = {INT64_C(1795442709000000000)};

static struct gad_suppress *make(void)
{
    struct gad_suppress *s = NULL;
    assert_int_equal(gad_suppress_new(&s), 0);
    return s;
}

static uint64_t add(struct gad_suppress *s, const char *text)
{
    struct gad_rule r;
    struct gad_diag d = {""};
    uint64_t id = 0;

    if (gad_rule_parse(text, strlen(text), now, &r, &d) != 0 ||
        gad_suppress_add(s, &r, now, &id, &d) != 0)
        fail_msg("%s: %s", text, d.text);
    return id;
}

/* Few values, so that rules and records meet. */
static void random_rule(struct gad_rng *rng, struct gad_rule *r)
{
    struct gad_network *networks[] = {&r->src, &r->dst, &r->host};

    *r = (struct gad_rule){.proto = -1, .service = GAD_RULE_ANY, .score_below = (double)NAN};
    for (size_t i = 0; i < 3; i++) {
        struct gad_network *n = networks[i];
        if (gad_rng_below(rng, 3) != 0)
            continue;
        n->family = gad_rng_below(rng, 3) ? 4 : 6;
        n->bits = (uint8_t)gad_rng_below(rng, n->family == 4 ? 33 : 129);
        for (unsigned bit = 0; bit < n->bits; bit++)
            if (bit > 5 && gad_rng_below(rng, 30) == 0)
                n->addr[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    }
    if (gad_rng_below(rng, 2) == 0)
        r->dport = (struct gad_ports){true, (uint16_t)gad_rng_below(rng, 6), 0};
    r->dport.last =
        (uint16_t)(r->dport.first + (gad_rng_below(rng, 2) ? gad_rng_below(rng, 3) : 0));
    if (!r->dport.is_set)
        r->dport = (struct gad_ports){0};
    if (gad_rng_below(rng, 4) == 0 ||
        !(r->src.family || r->dst.family || r->host.family || r->dport.is_set))
        r->proto = gad_rng_below(rng, 2) ? 6 : 17; /* a condition at least */
    if (gad_rng_below(rng, 3) == 0)
        r->service = (int)gad_rng_below(rng, 4);
    if (gad_rng_below(rng, 4) == 0)
        r->score_below = (double)gad_rng_below(rng, 10);
    if (gad_rng_below(rng, 6) == 0)
        r->expires.ns = now.ns + (int64_t)gad_rng_below(rng, 3) * 1000000000 - 1000000000;
    if (gad_rng_below(rng, 8) == 0)
        r->model[0] = gad_rng_below(rng, 2) ? 'm' : 'n';
}

static void random_record(struct gad_rng *rng, struct gad_record *r)
{
    uint8_t *ends[] = {r->tuple.src, r->tuple.dst};

    *r = (struct gad_record){0};
    r->tuple.family = gad_rng_below(rng, 8) == 0 ? 0 : gad_rng_below(rng, 3) ? 4 : 6;
    for (size_t i = 0; i < 2; i++)
        for (unsigned bit = 0; bit < (r->tuple.family == 4   ? 32u
                                      : r->tuple.family == 6 ? 128u
                                                             : 0u);
             bit++)
            if (gad_rng_below(rng, 40) == 0)
                ends[i][bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    r->tuple.dst_port = (uint16_t)gad_rng_below(rng, 8);
    r->tuple.proto = gad_rng_below(rng, 2) ? 6 : 17;
    r->v[GAD_SERVICE] = (double)gad_rng_below(rng, 5) - 1;
}

/* The index against asking each rule, on random lists of many kinds. */
static void the_index_finds_what_asking_each_finds(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(21, 0);
    size_t met = 0;

    for (int round = 0; round < 100; round++) {
        struct gad_suppress *s = make();
        uint64_t id, n = gad_rng_below(&rng, 300);
        for (uint64_t i = 0; i < n; i++) {
            struct gad_rule r;
            random_rule(&rng, &r);
            (void)!gad_suppress_add(s, &r, now, &id, NULL); /* some are there already */
        }
        for (int i = 0; i < 1000; i++) {
            struct gad_record rec;
            uint64_t all[1] = {0};
            float score = (float)gad_rng_below(&rng, 12);
            const char *model = gad_rng_below(&rng, 2) ? "m" : "n";
            random_record(&rng, &rec);
            size_t want = gad_suppress_test(s, &rec, model, score, now, all, 1);
            uint64_t got = gad_suppress_match(s, &rec, model, score, now);
            assert_true(got == (want ? all[0] : 0));
            met += got != 0;
            if (i % 100 == 50 && got != 0)
                assert_true(gad_suppress_remove(s, got));
        }
        gad_suppress_free(s);
    }
    assert_in_range(met, 10000, 99000); /* both happen */
}

static void hits_are_counted_and_numbers_never_used_again(void **state)
{
    (void)state;
    struct gad_suppress *s = make();
    struct gad_record r = {.tuple = {4, 6, 1, 80, {10, 0, 0, 1}, {10, 0, 0, 2}}};
    struct gad_rule twice;
    uint64_t id = 0;

    assert_int_equal(add(s, "src=10.0.0.0/8"), 1);
    assert_int_equal(add(s, "dport=80"), 2);
    assert_int_equal(gad_suppress_match(s, &r, "m", 1, now), 1);
    assert_int_equal(gad_suppress_match(s, &r, "m", 1, (struct gad_time){now.ns + 7}), 1);
    assert_int_equal(gad_suppress_from(s, 1)->hits, 2);
    assert_true(gad_suppress_from(s, 1)->last_hit.ns == now.ns + 7);
    assert_int_equal(gad_suppress_hits(s), 2);
    assert_true(gad_suppress_remove(s, 1));
    assert_false(gad_suppress_remove(s, 1));
    assert_int_equal(gad_suppress_match(s, &r, "m", 1, now), 2);
    assert_int_equal(add(s, "src=10.0.0.0/8"), 3);
    assert_int_equal(gad_rule_parse("dport=80 comment=x", 18, now, &twice, NULL), 0);
    assert_int_equal(gad_suppress_add(s, &twice, now, &id, NULL), GAD_EINVAL);
    assert_int_equal(id, 2);
    gad_suppress_free(s);
}

static void a_rule_ends_at_its_time(void **state)
{
    (void)state;
    struct gad_suppress *s = make();
    const struct gad_record r = {.tuple = {4, 6, 1, 80, {10, 0, 0, 1}, {10, 0, 0, 2}}};

    (void)add(s, "dport=80 expires=+10s");
    assert_int_equal(gad_suppress_match(s, &r, "m", 1, (struct gad_time){now.ns + 9999999999}), 1);
    assert_int_equal(gad_suppress_match(s, &r, "m", 1, (struct gad_time){now.ns + 10000000000}), 0);
    assert_int_equal(gad_suppress_expire(s, (struct gad_time){now.ns + 5}), 0);
    assert_int_equal(gad_suppress_expire(s, (struct gad_time){now.ns + 10000000000}), 1);
    assert_int_equal(gad_suppress_count(s), 0);
    gad_suppress_free(s);
}

static struct gad_buf written(const struct gad_suppress *s)
{
    struct gad_buf b = GAD_BUF_INIT(GAD_SUPPRESS_FILE_MAX);
    gad_suppress_write(s, &b);
    assert_false(b.bad);
    return b;
}

static void a_file_gives_the_same_list(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(5, 0);
    struct gad_suppress *s = make(), *back = make();
    const struct gad_record r = {.tuple = {4, 6, 1, 80, {10, 0, 0, 1}, {10, 0, 0, 2}}};
    struct gad_diag d = {""};
    uint64_t id;

    (void)add(s, "dport=80 comment=\"a \\\\ \\\" | b\"");
    (void)gad_suppress_match(s, &r, "m", 1, now);
    for (int i = 0; i < 500; i++) {
        struct gad_rule rule;
        random_rule(&rng, &rule);
        (void)!gad_suppress_add(s, &rule, now, &id, NULL);
    }
    (void)gad_suppress_remove(s, 3);
    struct gad_buf one = written(s);
    if (gad_suppress_read(back, (char *)one.p, one.len, &d) != 0)
        fail_msg("%s", d.text);
    struct gad_buf two = written(back);
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.p, two.p, one.len);
    assert_int_equal(gad_suppress_from(back, 1)->hits, 1);
    gad_buf_deinit(&one);
    gad_buf_deinit(&two);
    gad_suppress_free(s);
    gad_suppress_free(back);
}

/* Every byte of a file changed, and every cut: an error with its line, or a list that is one. */
static void damage_is_refused_or_harmless(void **state)
{
    (void)state;
    struct gad_suppress *s = make();
    struct gad_rng rng = gad_rng_init(6, 0);
    size_t refused = 0;

    (void)add(s, "src=10.0.0.0/8 dport=80-90 comment=\"x\"");
    (void)add(s, "service=telnet score<5 expires=+2d");
    struct gad_buf b = written(s);
    for (size_t i = 0; i < 2 * b.len; i++) {
        struct gad_suppress *back = make();
        struct gad_buf copy = written(s);
        struct gad_diag d = {""};
        if (i < b.len)
            copy.p[i] = (uint8_t)gad_rng_u64(&rng);
        else
            copy.len = i - b.len;
        int r = gad_suppress_read(back, (char *)copy.p, copy.len, &d);
        refused += r != 0;
        assert_true(r == 0 || strncmp(d.text, "line ", 5) == 0 || strstr(d.text, "no memory"));
        gad_buf_deinit(&copy);
        gad_suppress_free(back);
    }
    assert_true(refused > b.len);
    gad_buf_deinit(&b);
    gad_suppress_free(s);
}

static void every_failed_allocation_is_an_error_or_slower(void **state)
{
    (void)state;
    const struct gad_record r = {.tuple = {4, 6, 1, 80, {10, 0, 0, 1}, {10, 0, 0, 2}}};
    struct gad_rule rule;

    assert_int_equal(gad_rule_parse("dport=80", 8, now, &rule, NULL), 0);
    for (long k = 1;; k++) {
        struct gad_suppress *s = NULL;
        uint64_t id;
        (void)gad_mem_fail_at(k);
        int e = gad_suppress_new(&s);
        if (e == 0)
            e = gad_suppress_add(s, &rule, now, &id, NULL);
        if (e == 0) /* without an index each rule is asked */
            assert_int_equal(gad_suppress_match(s, &r, "m", 1, now), 1);
        long used = gad_mem_fail_at(0);
        gad_suppress_free(s);
        if (used < k)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_finds_what_asking_each_finds),
        cmocka_unit_test(hits_are_counted_and_numbers_never_used_again),
        cmocka_unit_test(a_rule_ends_at_its_time),
        cmocka_unit_test(a_file_gives_the_same_list),
        cmocka_unit_test(damage_is_refused_or_harmless),
        cmocka_unit_test(every_failed_allocation_is_an_error_or_slower),
    };
    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
