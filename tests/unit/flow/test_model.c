/* SPDX-License-Identifier: Apache-2.0 */
/* The table and a slow model of it agree on random packets of UDP, ICMP and TCP attempts, whatever
 * the hash key. test_endpoints.c has whole TCP connections. */

#include <stddef.h>
#include <string.h>

#include "tests/unit/flow/model.h"
#include "tests/unit/flow/random_packets.h"
#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

enum { SEQUENCES = 60, PACKETS = 4000 };

struct log {
    struct gad_conn *conns;
    size_t n, room;
};

static void keep(void *arg, const struct gad_conn *c)
{
    struct log *l = arg;

    assert_true(l->n < l->room);
    l->conns[l->n++] = *c;
}

static struct log log_new(void)
{
    return (struct log){.conns = test_calloc(PACKETS + 1, sizeof(struct gad_conn)),
                        .room = PACKETS + 1};
}

static void run_table(const struct gad_flow_options *o, uint64_t seed, bool plain, struct log *l)
{
    struct random_packets r = {gad_rng_init(seed, 0), INT64_C(1000000000000), {100, 200}, plain};
    struct gad_flow_table *t = NULL;

    assert_int_equal(gad_flow_table_new(o, &t), 0);
    for (int i = 0; i < PACKETS; i++) {
        struct gad_packet p = random_packet(&r);
        gad_flow_packet(t, &p, keep, l);
    }
    gad_flow_flush(t, keep, l);
    struct gad_flow_counters n = gad_flow_table_counters(t);
    assert_int_equal(n.begun, n.ended);
    assert_int_equal(n.ended + n.interims, l->n);
    gad_flow_table_free(t);
}

static void run_model(uint64_t seed, struct log *l)
{
    struct random_packets r = {gad_rng_init(seed, 0), INT64_C(1000000000000), {100, 200}, true};
    struct gad_flow_options o = gad_flow_defaults();
    struct model *m = model_new(&o.timeouts);

    for (int i = 0; i < PACKETS; i++) {
        struct gad_packet p = random_packet(&r);
        model_packet(m, &p, keep, l);
    }
    model_flush(m, keep, l);
    model_free(m);
}

static void assert_same(const struct gad_conn *x, const struct gad_conn *y)
{
    assert_memory_equal(&x->tuple, &y->tuple, sizeof(x->tuple));
    assert_int_equal(x->start.ns, y->start.ns);
    assert_int_equal(x->end.ns, y->end.ns);
    assert_int_equal(x->decided.ns, y->decided.ns);
    assert_int_equal(x->state, y->state);
    assert_int_equal(x->src_bytes, y->src_bytes);
    assert_int_equal(x->dst_bytes, y->dst_bytes);
    assert_int_equal(x->src_packets, y->src_packets);
    assert_int_equal(x->dst_packets, y->dst_packets);
    assert_int_equal(x->duration.ns, y->duration.ns);
    assert_int_equal(x->urgent, y->urgent);
    if (x->tuple.proto != GAD_IP_ICMP)
        assert_int_equal(x->wrong_fragment, y->wrong_fragment);
}

/* All of it, field by field, for the bytes between fields are anybody's. */
static void assert_equal(const struct gad_conn *x, const struct gad_conn *y)
{
    const struct gad_content *c = &x->content, *d = &y->content;

    assert_same(x, y);
    assert_int_equal(x->wrong_fragment, y->wrong_fragment);
    assert_int_equal(x->vlan, y->vlan);
    assert_int_equal(x->icmp_type, y->icmp_type);
    assert_int_equal(x->icmp_code, y->icmp_code);
    assert_int_equal(x->tunnels, y->tunnels);
    assert_int_equal(x->evicted, y->evicted);
    assert_memory_equal(c, d, offsetof(struct gad_content, logged_in));
    assert_int_equal(c->logged_in, d->logged_in);
    assert_int_equal(c->root_shell, d->root_shell);
    assert_int_equal(c->su_attempted, d->su_attempted);
    assert_int_equal(c->is_host_login, d->is_host_login);
    assert_int_equal(c->is_guest_login, d->is_guest_login);
}

static void the_table_does_what_the_model_does(void **state)
{
    (void)state;
    struct gad_flow_options o = gad_flow_defaults();

    o.max_flows = 1000;
    o.inspect_memory = 0;
    for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
        struct log table = log_new(), model = log_new();
        memset(o.hash_key, (int)seed, sizeof(o.hash_key));
        run_table(&o, seed, true, &table);
        run_model(seed, &model);
        assert_int_equal(table.n, model.n);
        for (size_t i = 0; i < table.n; i++)
            assert_same(&table.conns[i], &model.conns[i]);
        test_free(table.conns);
        test_free(model.conns);
    }
}

static void interim_records_change_no_other(void **state)
{
    (void)state;
    struct gad_flow_options o = gad_flow_defaults();
    size_t interims = 0;

    o.max_flows = 1000;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct log without = log_new(), with = {.room = 3 * PACKETS};
        with.conns = test_calloc(with.room, sizeof(struct gad_conn));
        o.interim.ns = 0;
        run_table(&o, seed, false, &without);
        o.interim.ns = SECOND;
        run_table(&o, seed, false, &with);
        size_t n = 0;
        for (size_t i = 0; i < with.n; i++)
            if (!(with.conns[i].notes & GAD_NOTE_INTERIM))
                assert_equal(&with.conns[i], &without.conns[n++]);
        assert_int_equal(n, without.n);
        interims += with.n - n;
        test_free(without.conns);
        test_free(with.conns);
    }
    assert_true(interims > 1000);
}

static void the_hash_key_changes_nothing(void **state)
{
    (void)state;
    struct gad_flow_options o = gad_flow_defaults();

    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct log logs[3];
        o.max_flows = seed % 2 ? 5 : 1000; /* with evictions, and without */
        for (int k = 0; k < 3; k++) {
            memset(o.hash_key, k * 77, sizeof(o.hash_key));
            logs[k] = log_new();
            run_table(&o, seed, false, &logs[k]);
            assert_int_equal(logs[k].n, logs[0].n);
            for (size_t i = 0; i < logs[k].n; i++)
                assert_equal(&logs[k].conns[i], &logs[0].conns[i]);
        }
        for (int k = 0; k < 3; k++)
            test_free(logs[k].conns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_does_what_the_model_does),
        cmocka_unit_test(interim_records_change_no_other),
        cmocka_unit_test(the_hash_key_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
