/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/peers.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "tests/unit/test.h"

#define HEAD                                                                                       \
    "[model m]\ncheckpoint = /m\n[scoring]\ntls = 127.0.0.1:1\nca = /a\ncertificate = /c\nkey = "  \
    "/k\n"

static const int64_t second = 1000000000;

static struct config *parse(const char *clients)
{
    struct config *c = NULL;
    struct gad_diag d = {""};
    char text[1024];
    int len = snprintf(text, sizeof(text), HEAD "%s", clients);

    if (config_parse("t", text, (size_t)len, &c, &d) != 0)
        fail_msg("%s", d.text);
    return c;
}

static struct peers *peers_of(const char *clients)
{
    struct config *c = parse(clients);
    struct peers *p = NULL;

    assert_int_equal(peers_new(c, &p, NULL), 0);
    config_free(c); /* nothing of it is kept */
    return p;
}

static struct peer *at(const struct peers *p, size_t i)
{
    return (struct peer *)(uintptr_t)peers_at(p, i);
}

static void configure(struct peers *p, const char *clients)
{
    struct config *c = parse(clients);

    assert_int_equal(peers_configure(p, c, NULL), 0);
    config_free(c);
}

static void a_second_of_the_rate_can_be_saved_up(void **state)
{
    (void)state;
    struct peers *p =
        peers_of("[client a]\nnames = DNS:a\nrate = 100\n[client b]\nnames = DNS:b\n");
    struct peer *a = at(p, 0), *b = at(p, 1);
    struct gad_time now = {1000 * second};

    assert_int_equal(peer_wait(a, now).ns, 0);
    peer_take(a, 100, now);
    assert_int_equal(peer_wait(a, now).ns, 0);
    peer_take(a, 1, now);
    assert_int_equal(peer_wait(a, now).ns, second / 100);
    peer_take(a, 8192, now); /* a request that was decoded before the limit was known */
    assert_int_equal(peer_wait(a, (struct gad_time){now.ns + 81 * second}).ns, 93 * (second / 100));
    assert_int_equal(peer_wait(a, (struct gad_time){now.ns + 82 * second}).ns, 0);
    peer_take(b, 8192, now);
    peer_take(b, 8192, now);
    assert_int_equal(peer_wait(b, now).ns, 0);
    peers_free(p);
}

static void room_is_of_requests_and_of_records(void **state)
{
    (void)state;
    struct peers *p = peers_of("[client a]\nnames = DNS:a\nin_flight = 2\nrecords = 10\n");
    struct peer *a = at(p, 0);

    assert_true(peer_has_room(a));
    peer_take(a, 9, (struct gad_time){1});
    assert_true(peer_has_room(a));
    peer_take(a, 0, (struct gad_time){1});
    assert_false(peer_has_room(a)); /* two requests */
    peer_give_back(a, 9);
    assert_true(peer_has_room(a));
    peer_take(a, 10, (struct gad_time){1});
    peer_give_back(a, 0);
    assert_false(peer_has_room(a)); /* ten records */
    peer_give_back(a, 10);
    assert_true(peer_has_room(a));
    assert_int_equal(a->requests, 3);
    assert_int_equal(a->records, 19);
    peers_free(p);
}

static void another_configuration_keeps_those_of_the_same_name(void **state)
{
    (void)state;
    struct peers *p = peers_of("[client a]\nnames = DNS:a\n[client b]\nnames = DNS:b\n");
    struct peer *a = at(p, 0), *b = at(p, 1);

    peer_hold(a);
    peer_hold(b);
    peer_take(b, 7, (struct gad_time){1});
    configure(p, "[client c]\nnames = DNS:a\n[client b]\nnames = DNS:x\nconnections = 3\n");
    assert_string_equal(peers_at(p, 0)->name, "c");
    assert_ptr_equal(peers_at(p, 1), b);
    assert_null(peers_at(p, 2));
    assert_int_equal(b->max_connections, 3);
    assert_int_equal(b->records, 7);
    assert_true(b->is_configured);
    assert_false(a->is_configured);
    assert_string_equal(a->name, "a"); /* a connection holds it */
    peer_drop(a);
    configure(p, "[client c]\nnames = DNS:a\n");
    assert_false(b->is_configured);
    peer_drop(b);
    peers_free(p);
}

static void without_memory_nothing_has_changed(void **state)
{
    (void)state;
    struct peers *p = peers_of("[client a]\nnames = DNS:a\n");
    struct config *c = parse("[client b]\nnames = DNS:b\n[client a]\nnames = DNS:c\n");
    int r = GAD_ENOMEM;

    for (long k = 1; r != 0; k++) {
        gad_mem_fail_at(k);
        r = peers_configure(p, c, NULL);
        gad_mem_fail_at(0);
        assert_string_equal(peers_at(p, 0)->name, r == 0 ? "b" : "a");
        assert_true((peers_at(p, 1) != NULL) == (r == 0));
    }
    config_free(c);
    peers_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_of_the_rate_can_be_saved_up),
        cmocka_unit_test(room_is_of_requests_and_of_records),
        cmocka_unit_test(another_configuration_keeps_those_of_the_same_name),
        cmocka_unit_test(without_memory_nothing_has_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
