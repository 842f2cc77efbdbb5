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
static struct gad_ports random_ports(struct gad_rng *rng)
{
    uint16_t first = (uint16_t)gad_rng_below(rng, 6);

    switch (gad_rng_below(rng, 8)) {
    case 0:
        return (struct gad_ports){true, first, (uint16_t)(first + gad_rng_below(rng, 3))};
    case 1:
        return (struct gad_ports){true, first, 65535};
    case 2:
        return (struct gad_ports){true, 0, (uint16_t)gad_rng_u64(rng)};
    case 3:
        return (struct gad_ports){true, first, first};
    default:
        return (struct gad_ports){0};
    }
}

static void random_network(struct gad_rng *rng, struct gad_network *n)
{
    n->family = gad_rng_below(rng, 3) ? 4 : 6;
    n->bits = (uint8_t)gad_rng_below(rng, n->family == 4 ? 33 : 129);
    for (unsigned bit = 6; bit < n->bits; bit++)
        if (gad_rng_below(rng, 30) == 0)
            n->addr[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

static void random_rule(struct gad_rng *rng, bool has_networks, struct gad_rule *r)
{
    struct gad_network *networks[] = {&r->src, &r->dst, &r->host};

    *r = (struct gad_rule){.proto = -1, .service = GAD_RULE_ANY, .score_below = (double)NAN};
    for (size_t i = 0; i < 3; i++)
        if (has_networks && gad_rng_below(rng, 3) == 0)
            random_network(rng, networks[i]);
    r->dport = random_ports(rng);
    r->sport = random_ports(rng);
    if (gad_rng_below(rng, 4) == 0 ||
        !(r->src.family || r->dst.family || r->host.family || r->dport.is_set || r->sport.is_set))
        r->proto = gad_rng_below(rng, 2) ? 6 : 17; /* a condition at least */
    if (gad_rng_below(rng, 3) == 0)
        r->service = (int)gad_rng_below(rng, 4);
    if (gad_rng_below(rng, 4) == 0)
        r->score_below = (double)gad_rng_below(rng, 10);
    if (gad_rng_below(rng, 6) == 0)
        r->expires.ns = now.ns + (int64_t)(1 + gad_rng_below(rng, 3)) * 1000000000;
    if (gad_rng_below(rng, 8) == 0)
        r->model[0] = gad_rng_below(rng, 2) ? 'm' : 'n';
}

static void random_record(struct gad_rng *rng, struct gad_record *r)
{
    uint8_t *ends[] = {r->tuple.src, r->tuple.dst};
    unsigned bits;

    *r = (struct gad_record){0};
    r->tuple.family = gad_rng_below(rng, 8) == 0 ? 0 : gad_rng_below(rng, 3) ? 4 : 6;
    bits = r->tuple.family == 4 ? 32 : r->tuple.family == 6 ? 128 : 0;
    for (size_t i = 0; i < 2; i++)
        for (unsigned bit = 0; bit < bits; bit++)
            if (gad_rng_below(rng, 40) == 0)
                ends[i][bit / 8] |= (uint8_t)(0x80 >> bit % 8);
    r->tuple.src_port =
        (uint16_t)(gad_rng_below(rng, 2) ? gad_rng_below(rng, 8) : gad_rng_u64(rng));
    r->tuple.dst_port =
        (uint16_t)(gad_rng_below(rng, 2) ? gad_rng_below(rng, 8) : gad_rng_u64(rng));
    r->tuple.proto = gad_rng_below(rng, 2) ? 6 : 17;
    r->v[GAD_SERVICE] = (double)gad_rng_below(rng, 5) - 1;
}

/* The slow matcher: as the header says it, and with nothing of the library. */
static bool lies_in(const struct gad_network *n, unsigned family, const uint8_t *addr)
{
    if (n->family != family)
        return false;
    for (unsigned bit = 0; bit < n->bits; bit++)
        if (((addr[bit / 8] ^ n->addr[bit / 8]) >> (7 - bit % 8) & 1) != 0)
            return false;
    return true;
}

static bool should_meet(const struct gad_suppressed *s, const struct gad_record *rec,
                        const char *model, float score, struct gad_time at)
{
    const struct gad_rule *r = &s->rule;
    const struct gad_tuple *t = &rec->tuple;
    bool is_known = t->family != 0, src = lies_in(&r->src, t->family, t->src),
         dst = lies_in(&r->dst, t->family, t->dst),
         host = lies_in(&r->host, t->family, t->src) || lies_in(&r->host, t->family, t->dst);

    if (r->expires.ns != 0 && at.ns >= r->expires.ns)
        return false;
    if ((r->src.family && !(is_known && src)) || (r->dst.family && !(is_known && dst)) ||
        (r->host.family && !(is_known && host)))
        return false;
    if (r->sport.is_set &&
        !(is_known && r->sport.first <= t->src_port && t->src_port <= r->sport.last))
        return false;
    if (r->dport.is_set &&
        !(is_known && r->dport.first <= t->dst_port && t->dst_port <= r->dport.last))
        return false;
    if (r->proto >= 0 && !(is_known && r->proto == t->proto))
        return false;
    if (r->service != GAD_RULE_ANY && (double)r->service != rec->v[GAD_SERVICE])
        return false;
    if (!isnan(r->score_below) && !((double)score < r->score_below))
        return false;
    return !*r->model || strcmp(r->model, model) == 0;
}

/* All that should be met; returns how many. */
static size_t all_that_should(const struct gad_suppress *s, const struct gad_record *rec,
                              const char *model, float score, struct gad_time at, uint64_t *id)
{
    const struct gad_suppressed *one;
    size_t n = 0;

    for (uint64_t from = 1; (one = gad_suppress_from(s, from)) != NULL; from = one->id + 1)
        if (should_meet(one, rec, model, score, at))
            id[n++] = one->id;
    return n;
}

/* A list of up to @n_max random rules and a thousand records; returns how many met one. */
static size_t compare_round(struct gad_rng *rng, unsigned n_max, bool has_networks)
{
    struct gad_suppress *s = make();
    uint64_t id, n = gad_rng_below(rng, n_max);
    static uint64_t want[3000], got[3000];
    size_t met = 0;

    for (uint64_t i = 0; i < n; i++) {
        struct gad_rule r;
        random_rule(rng, has_networks, &r);
        (void)!gad_suppress_add(s, &r, now, &id, NULL); /* some are there already */
    }
    for (int i = 0; i < 1000; i++) {
        struct gad_record rec;
        float score = (float)gad_rng_below(rng, 12);
        const char *model = gad_rng_below(rng, 2) ? "m" : "n";
        const struct gad_time at = {now.ns + (int64_t)gad_rng_below(rng, 4) * 1000000000};
        random_record(rng, &rec);
        size_t n_want = all_that_should(s, &rec, model, score, at, want);
        assert_int_equal(gad_suppress_test(s, &rec, model, score, at, got, 3000), n_want);
        assert_memory_equal(got, want, n_want * sizeof(want[0]));
        assert_int_equal(gad_suppress_match(s, &rec, model, score, at), n_want ? want[0] : 0);
        met += n_want != 0;
        if (i % 100 == 50 && n_want != 0)
            assert_true(gad_suppress_remove(s, want[0]));
    }
    gad_suppress_free(s);
    return met;
}

static void the_index_finds_what_asking_each_finds(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(21, 0);
    size_t met = 0;

    for (int round = 0; round < 100; round++)
        met += compare_round(&rng, round % 10 == 9 ? 3000 : 1u << (1 + round % 9), round % 3 != 0);
    assert_in_range(met, 10000, 99000); /* both happen */
}

/* More ranges than are cut into blocks, each port of which is asked for. */
static void ranges_of_ports_are_found_at_each_port(void **state)
{
    (void)state;
    struct gad_suppress *s = make();
    char text[40];

    for (unsigned i = 0; i < 200; i++) {
        (void)snprintf(text, sizeof(text), "dport=%u-%u", i * 327, i * 327 + i);
        assert_int_equal(add(s, text), i + 1);
    }
    (void)add(s, "dport=65535-65535 proto=tcp");
    for (unsigned port = 0; port <= 65535; port++) {
        struct gad_record r = {.tuple = {4, 6, 1, (uint16_t)port, {10, 0, 0, 1}, {10, 0, 0, 2}}};
        unsigned i = port / 327;
        uint64_t want = port == 65535 ? 201 : i < 200 && port - i * 327 <= i ? i + 1 : 0;
        assert_int_equal(gad_suppress_match(s, &r, "m", 1, now), want);
    }
    gad_suppress_free(s);
}

/* Rules that differ in their scores only: the lowest number that is met has the hit, wherever it
 * is. */
static void the_first_of_many_scores_is_met(void **state)
{
    (void)state;
    struct gad_suppress *s = make();
    const struct gad_record r = {.tuple = {4, 6, 1, 80, {10, 0, 0, 1}, {10, 0, 0, 2}}};
    char text[40];

    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof(text), "score<%u", i + 1);
        assert_int_equal(add(s, text), i + 1);
    }
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(gad_suppress_match(s, &r, "m", (float)i + 0.5f, now), i + 1);
        assert_int_equal(gad_suppress_match(s, &r, "m", (float)i, now), i + 1);
    }
    assert_int_equal(gad_suppress_match(s, &r, "m", 1000, now), 0);
    gad_suppress_free(s);
}

static void only_what_is_over_goes(void **state)
{
    (void)state;
    struct gad_suppress *s = make();
    char text[60];

    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof(text), "dport=%u%s", i, i % 3 == 0 ? " expires=+10s" : "");
        assert_int_equal(add(s, text), i + 1);
    }
    assert_int_equal(gad_suppress_expire(s, (struct gad_time){now.ns + 20000000000}), 34);
    assert_int_equal(gad_suppress_count(s), 66);
    for (uint64_t i = 0; i < 100; i++) {
        const struct gad_suppressed *one = gad_suppress_from(s, i + 1);
        assert_true(!one ? i == 99 : one->id == i + 1 + (i % 3 == 0));
        assert_true(!one || one->rule.dport.first == one->id - 1);
    }
    gad_suppress_free(s);
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
        random_rule(&rng, true, &rule);
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

static void read_fails(const char *text, const char *why)
{
    struct gad_suppress *s = make();
    struct gad_diag d = {""};

    assert_true(gad_suppress_read(s, text, strlen(text), &d) < 0);
    if (!strstr(d.text, why))
        fail_msg("'%s' is not in '%s'", why, d.text);
    gad_suppress_free(s);
}

/* A list that was read can be written and read again, whatever came to it. */
static void numbers_of_a_file_stay_within_what_is_read(void **state)
{
    (void)state;
    const struct gad_record r = {.tuple = {4, 6, 1, 80, {10, 0, 0, 1}, {10, 0, 0, 2}}};
    static const char last[] = "# ganad suppress 1 next=9223372036854775806\n"
                               "id=9223372036854775805 created=9223372036 "
                               "hits=9223372036854775807 last=9223372036 | dport=80\n";
    struct gad_suppress *s = make(), *back = make();
    struct gad_rule rule;
    uint64_t id = 0;

    assert_int_equal(gad_suppress_read(s, last, strlen(last), NULL), 0);
    assert_true(gad_suppress_match(s, &r, "m", 1, now) == INT64_MAX - 2);
    assert_true(add(s, "dport=81") == INT64_MAX - 1);
    assert_int_equal(gad_rule_parse("dport=82", 8, now, &rule, NULL), 0);
    assert_int_equal(gad_suppress_add(s, &rule, now, &id, NULL), GAD_ELIMIT);
    struct gad_buf b = written(s);
    assert_int_equal(gad_suppress_read(back, (char *)b.p, b.len, NULL), 0);
    assert_int_equal(gad_suppress_count(back), 2);
    gad_buf_deinit(&b);
    gad_suppress_free(s);
    gad_suppress_free(back);
    read_fails("# ganad suppress 1 next=9223372036854775808\n", "line 1");
    read_fails(
        "# ganad suppress 1 next=3\nid=9223372036854775807 created=0 hits=0 last=0 | dport=80\n",
        "line 2");
    read_fails("# ganad suppress 1 next=3\nid=1 created=0 hits=0 last=0 | dport=80 expires=+2h\n",
               "line 2: field 'expires'");
    read_fails("# ganad suppress 1 next=3\nid=1 created=0 hits=0 last=0 | dport=80\n"
               "id=1 created=0 hits=0 last=0 | dport=81\n",
               "line 3: id=1: rule numbers must rise");
}

static void a_rule_that_is_over_is_not_added(void **state)
{
    (void)state;
    struct gad_suppress *s = make();
    struct gad_rule r;
    struct gad_diag d = {""};
    uint64_t id = 0;
    static const char text[] = "dport=80 expires=2026-01-01T00:00:00Z";

    assert_int_equal(gad_rule_parse(text, strlen(text), now, &r, NULL), 0);
    assert_int_equal(gad_suppress_add(s, &r, now, &id, &d), GAD_EINVAL);
    assert_string_equal(d.text, "field 'expires': is in the past");
    assert_int_equal(gad_suppress_count(s), 0);
    gad_suppress_free(s);
}

/* What was made is found, with the index or, without memory for one, by asking each. */
static void every_failed_allocation_is_an_error_or_slower(void **state)
{
    (void)state;
    const struct gad_record r = {.tuple = {4, 6, 1, 80, {10, 0, 0, 1}, {10, 0, 0, 2}}};
    struct gad_suppress *full = make();
    char text[40];

    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(text, sizeof(text), "src=10.0.%u.0/24 dport=%u-%u", i % 3, 80 - i % 7,
                       80 + i);
        (void)add(full, text);
    }
    struct gad_buf b = written(full);
    for (long k = 1;; k++) {
        struct gad_suppress *s = NULL;
        struct gad_rule rule;
        uint64_t id = 0;
        assert_int_equal(gad_rule_parse("host=::/0", 9, now, &rule, NULL), 0);
        (void)gad_mem_fail_at(k);
        int e = gad_suppress_new(&s);
        e = e ? e : gad_suppress_read(s, (char *)b.p, b.len, NULL);
        e = e ? e : gad_suppress_add(s, &rule, now, &id, NULL);
        if (e == 0)
            assert_int_equal(gad_suppress_match(s, &r, "m", 1, now), 1);
        struct gad_buf again = GAD_BUF_INIT(GAD_SUPPRESS_FILE_MAX);
        if (e == 0)
            gad_suppress_write(s, &again);
        long used = gad_mem_fail_at(0);
        assert_true(e == 0 || e == GAD_ENOMEM);
        assert_true(e != 0 || again.bad || again.len > b.len);
        gad_buf_deinit(&again);
        gad_suppress_free(s);
        if (used < k)
            break;
        assert_true(k < 1000);
    }
    gad_buf_deinit(&b);
    gad_suppress_free(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_finds_what_asking_each_finds),
        cmocka_unit_test(ranges_of_ports_are_found_at_each_port),
        cmocka_unit_test(the_first_of_many_scores_is_met),
        cmocka_unit_test(only_what_is_over_goes),
        cmocka_unit_test(hits_are_counted_and_numbers_never_used_again),
        cmocka_unit_test(a_rule_ends_at_its_time),
        cmocka_unit_test(a_file_gives_the_same_list),
        cmocka_unit_test(damage_is_refused_or_harmless),
        cmocka_unit_test(numbers_of_a_file_stay_within_what_is_read),
        cmocka_unit_test(a_rule_that_is_over_is_not_added),
        cmocka_unit_test(every_failed_allocation_is_an_error_or_slower),
    };
    return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
