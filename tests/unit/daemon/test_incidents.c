/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "daemon/alert/attacks.h"
#include "daemon/alert/host.h"
#include "daemon/alert/incidents.h"
#include "daemon/score/models.h"
#include "lib/record/column.h"
#include "tests/unit/test.h"

enum { N = 16 };

static struct incidents *t;
static struct attacks *attacks;
static struct model_label label = {.holders = 1};
static struct model model = {.holders = 1, .id = 1, .label = &label};
static uint64_t number;
static struct gad_time now;

static int make(void **state)
{
    (void)state;
    number = 0;
    now.ns = INT64_C(1000000000);
    return attacks_new(&attacks) != 0 || incidents_new(N, &t) != 0;
}

static int unmake(void **state)
{
    (void)state;
    incidents_free(t);
    attacks_free(attacks);
    return model.holders == 1 && label.holders == 1 ? 0 : -1;
}

static struct incident_key key(enum gad_nature nature, uint8_t source, uint8_t target)
{
    const uint8_t s[16] = {203, 0, 113, source}, d[16] = {10, 0, 0, target};

    return (struct incident_key){.model = &model,
                                 .nature = nature,
                                 .is_known = true,
                                 .cause = GAD_N_COLUMNS,
                                 .source = host_thing(4, s),
                                 .target = host_thing(4, d)};
}

/* What the decider does with a record. */
static struct incident *add(struct incident_key k)
{
    struct incident *i = incidents_join(t, &k);

    if (!i)
        i = incidents_join_network(t, &k, now);
    if (!i) {
        if (incidents_is_full(t))
            incidents_end(t, incidents_victim(t));
        i = incidents_begin(t, &k, ++number, now);
    }
    i->records++;
    i->pending++;
    (void)distinct_add(&i->sources, incidents_secret(t), k.source);
    (void)distinct_add(&i->targets, incidents_secret(t), k.target);
    incidents_touch(t, i, now);
    return i;
}

static void a_second_target_makes_it_one_of_its_source(void **state)
{
    (void)state;
    struct incident *i = add(key(GAD_NATURE_PROBE, 1, 1));

    assert_int_equal(i->line, GAD_LINE_PAIR);
    assert_ptr_equal(add(key(GAD_NATURE_PROBE, 1, 1)), i);
    assert_ptr_equal(add(key(GAD_NATURE_PROBE, 1, 2)), i);
    assert_int_equal(i->line, GAD_LINE_SOURCE);
    now.ns += INT64_C(120000000000);                           /* no incident of the network */
    assert_ptr_not_equal(add(key(GAD_NATURE_PROBE, 9, 1)), i); /* its first target is released */
}

static void a_second_source_makes_it_one_of_its_target(void **state)
{
    (void)state;
    struct incident *i = add(key(GAD_NATURE_PROBE, 1, 1));

    assert_ptr_equal(add(key(GAD_NATURE_PROBE, 2, 1)), i);
    assert_int_equal(i->line, GAD_LINE_TARGET);
    now.ns += INT64_C(120000000000);
    /* what a host does elsewhere whose address was forged */
    assert_ptr_not_equal(add(key(GAD_NATURE_PROBE, 1, 7)), i);
}

static void a_strong_pair_refuses_three_strangers(void **state)
{
    (void)state;
    struct incident *i = NULL;

    for (int n = 0; n < 100; n++)
        i = add(key(GAD_NATURE_PROBE, 1, 1));
    for (uint8_t s = 2; s < 5; s++)
        assert_ptr_not_equal(add(key(GAD_NATURE_PROBE, s, 1)), i);
    assert_int_equal(i->line, GAD_LINE_PAIR);
    assert_ptr_equal(add(key(GAD_NATURE_PROBE, 5, 1)), i);
    assert_int_equal(i->line, GAD_LINE_TARGET);
}

static void natures_and_services_stay_apart(void **state)
{
    (void)state;
    struct incident_key http = key(GAD_NATURE_TRAFFIC, 1, 1), smtp = http;
    struct incident *i = add(key(GAD_NATURE_ICMP, 1, 1));

    smtp.service = 7;
    assert_ptr_not_equal(add(key(GAD_NATURE_PROBE, 1, 1)), i);
    assert_ptr_not_equal(add(http), i);
    assert_ptr_not_equal(add(smtp), add(http));
    assert_ptr_equal(add(key(GAD_NATURE_ICMP, 1, 1)), i);
}

/* Content names each victim, whatever else its source does. */
static void content_is_filed_by_source_and_target(void **state)
{
    (void)state;
    struct incident *noise = add(key(GAD_NATURE_CONTENT, 1, 77));

    for (int n = 0; n < 100; n++)
        assert_ptr_equal(add(key(GAD_NATURE_CONTENT, 1, 77)), noise);
    struct incident *victim = add(key(GAD_NATURE_CONTENT, 1, 4));
    assert_ptr_not_equal(victim, noise);
    assert_int_equal(victim->line, GAD_LINE_PAIR);
    assert_ptr_not_equal(add(key(GAD_NATURE_CONTENT, 2, 4)), victim);
}

static void forged_sources_and_targets_are_one_of_the_network(void **state)
{
    (void)state;
    struct incident *i = NULL;

    for (int n = 0; n < 250; n++)
        i = add(key(GAD_NATURE_PROBE, (uint8_t)n, (uint8_t)(n * 7)));
    assert_int_equal(incidents_count(t), 1);
    assert_int_equal(i->line, GAD_LINE_NETWORK);
    assert_int_equal(i->records, 250);
}

/* A flood of forged pairs does not hide a source that goes on. */
static void a_frequent_source_gets_its_own(void **state)
{
    (void)state;
    struct incident *i = NULL;

    for (int n = 0; n < 400; n++) {
        (void)add(key(GAD_NATURE_PROBE, (uint8_t)(1 + n % 200), (uint8_t)(n * 7)));
        i = n % 4 == 0 ? add(key(GAD_NATURE_PROBE, 250, (uint8_t)(n / 4))) : i;
    }
    assert_int_equal(i->line, GAD_LINE_SOURCE);
    assert_true(i->records > 70);
    assert_true(distinct_has(&i->sources, key(GAD_NATURE_PROBE, 250, 1).source));
    assert_true(incidents_count(t) <= 6);
}

/* Addresses whose halves cancel each other out. */
static void content_at_another_network_is_another_incident(void **state)
{
    (void)state;
    struct incident_key decoy = key(GAD_NATURE_CONTENT, 1, 1), victim = decoy;

    decoy.target = (struct thing){UINT64_C(0x20010db800000001), 0};
    victim.target = (struct thing){UINT64_C(0x20010db800000000), 1};
    struct incident *i = add(decoy);
    assert_ptr_not_equal(add(victim), i);
}

/* Sources that are forged to use up the incidents of frequent sources. */
static void few_packets_do_not_keep_a_source_from_its_own(void **state)
{
    (void)state;
    struct incident *i = NULL;

    (void)add(key(GAD_NATURE_PROBE, 100, 100));
    (void)add(key(GAD_NATURE_PROBE, 101, 101));
    for (unsigned n = 0; n < 10 * 6; n++)
        (void)add(key(GAD_NATURE_PROBE, (uint8_t)(1 + n % 6), (uint8_t)(n * 7)));
    for (unsigned n = 0; n < 200; n++)
        i = add(key(GAD_NATURE_PROBE, 250, (uint8_t)n));
    assert_int_equal(i->line, GAD_LINE_SOURCE);
    assert_true(distinct_has(&i->sources, key(GAD_NATURE_PROBE, 250, 1).source));
    assert_int_equal(distinct_n(&i->sources), 1);
}

static void a_login_is_found_in_an_incident_of_the_network(void **state)
{
    (void)state;
    struct incident *i = NULL;
    struct incident_key in = key(GAD_NATURE_TRAFFIC, 4, 4);

    for (uint8_t n = 1; n < 5; n++)
        i = add(key(GAD_NATURE_LOGIN, n, n));
    assert_int_equal(i->line, GAD_LINE_NETWORK);
    in.cause = 5;
    in.kind = 1;
    assert_ptr_equal(incidents_login(t, &in), i);
    in.service = 1;
    assert_null(incidents_login(t, &in));
    in = key(GAD_NATURE_TRAFFIC, 5, 4);
    assert_null(incidents_login(t, &in)); /* who never failed */
}

/* A password that is tried at many hosts. */
static void a_login_is_found_at_one_of_many_targets(void **state)
{
    (void)state;
    struct incident_key in = key(GAD_NATURE_TRAFFIC, 1, 3);
    struct incident *i = NULL;

    for (uint8_t n = 1; n < 200; n++)
        i = add(key(GAD_NATURE_LOGIN, 1, n));
    assert_ptr_equal(incidents_login(t, &in), i);
}

static void the_least_severe_is_evicted_first(void **state)
{
    (void)state;
    struct incident *of[N];

    for (uint8_t n = 0; n < N; n++) {
        of[n] = add(key(GAD_NATURE_CONTENT, n, n));
        of[n]->severity = n % 3 == 0 ? GAD_SEVERITY_HIGH : GAD_SEVERITY_LOW;
        of[n]->pending = n != 7;
        incidents_touch(t, of[n], now);
    }
    assert_true(incidents_is_full(t));
    assert_ptr_equal(incidents_victim(t), of[7]); /* low, and all of it is reported */
    incidents_end(t, of[7]);
    assert_ptr_equal(incidents_victim(t), of[1]); /* low, the oldest */
    for (int n = 0; n < 9; n++)
        incidents_end(t, incidents_victim(t));
    for (size_t n = 0; n < N; n += 3)
        assert_int_not_equal(of[n]->number, 0); /* all high ones are open */
}

static void due_incidents_come_in_order(void **state)
{
    (void)state;
    static const int64_t due[] = {5, 3, 9, 1, 7, 2, 8, 4};
    int64_t last = 0;

    for (uint8_t n = 0; n < 8; n++)
        incidents_set_due(t, add(key(GAD_NATURE_CONTENT, n, n)), (struct gad_time){due[n]});
    assert_null(incidents_due(t, (struct gad_time){0}));
    for (struct incident *i; (i = incidents_due(t, (struct gad_time){8})) != NULL;) {
        assert_true(i->due.ns > last);
        last = i->due.ns;
        incidents_end(t, i);
    }
    assert_int_equal(last, 8);
    assert_int_equal(incidents_count(t), 1);
    assert_int_equal(incidents_next(t).ns, 9);
}

static void an_attack_is_known_by_target_until_it_ends(void **state)
{
    (void)state;
    struct incident_key k = key(GAD_NATURE_PROBE, 1, 1), other = key(GAD_NATURE_PROBE, 1, 2);
    struct incident *i = add(k);

    assert_null(attacks_on_target(attacks, &k));
    attacks_mark(attacks, &k, i);
    assert_ptr_equal(attacks_on_target(attacks, &k), i);
    assert_null(attacks_on_target(attacks, &other));
    incidents_end(t, i);
    assert_null(attacks_on_target(attacks, &k));
}

static void few_records_of_a_source_are_few(void **state)
{
    (void)state;
    struct incident_key attacker = key(GAD_NATURE_PROBE, 1, 1),
                        busy = key(GAD_NATURE_TRAFFIC, 2, 1);
    struct incident *i = add(attacker);

    assert_null(attacks_on_network(attacks));
    for (int n = 0; n < 100; n++) {
        attacks_saw(attacks, attacker.source, i);
        if (n % 2 == 0)
            attacks_saw(attacks, busy.source, NULL);
    }
    assert_ptr_equal(attacks_on_network(attacks), i);
    assert_false(attacks_are_few_of(attacks, busy.source));
    assert_true(attacks_are_few_of(attacks, key(GAD_NATURE_TRAFFIC, 3, 1).source));
    for (int n = 0; n < 300; n++)
        attacks_saw(attacks, busy.source, NULL);
    assert_null(attacks_on_network(attacks)); /* its records have left the windows */
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, make, unmake)
    const struct CMUnitTest tests[] = {
        WITH(a_second_target_makes_it_one_of_its_source),
        WITH(a_second_source_makes_it_one_of_its_target),
        WITH(a_strong_pair_refuses_three_strangers),
        WITH(natures_and_services_stay_apart),
        WITH(content_is_filed_by_source_and_target),
        WITH(forged_sources_and_targets_are_one_of_the_network),
        WITH(a_frequent_source_gets_its_own),
        WITH(content_at_another_network_is_another_incident),
        WITH(few_packets_do_not_keep_a_source_from_its_own),
        WITH(a_login_is_found_in_an_incident_of_the_network),
        WITH(a_login_is_found_at_one_of_many_targets),
        WITH(the_least_severe_is_evicted_first),
        WITH(due_incidents_come_in_order),
        WITH(an_attack_is_known_by_target_until_it_ends),
        WITH(few_records_of_a_source_are_few),
    };
    return cmocka_run_group_tests_name("incidents", tests, NULL, NULL);
}
