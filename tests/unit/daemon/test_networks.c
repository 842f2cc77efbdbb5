/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/networks.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/net/tuple.h"
#include "tests/unit/test.h"

static struct networks *parse(const char *text)
{
    struct networks *n = NULL;
    struct gad_diag d = {""};

    if (networks_new(text, &n, &d) != 0)
        fail_msg("%s", d.text);
    return n;
}

static int match(const struct networks *n, const char *src, const char *dst)
{
    struct gad_tuple t = {.family = strchr(src, ':') ? 6 : 4};
    int af = t.family == 6 ? AF_INET6 : AF_INET;

    assert_int_equal(inet_pton(af, src, t.src), 1);
    assert_int_equal(inet_pton(af, dst, t.dst), 1);
    return networks_match(n, &t);
}

static void the_longest_prefix_of_either_end_is_found(void **state)
{
    (void)state;
    struct networks *n = parse("10.0.0.0/8,192.0.2.0/25 , 10.1.2.3, 10.1.0.0/16 2001:db8::/33");

    assert_int_equal(match(n, "10.2.0.1", "203.0.113.1"), 8);
    assert_int_equal(match(n, "203.0.113.1", "10.2.0.1"), 8);
    assert_int_equal(match(n, "10.1.2.3", "10.2.0.1"), 32);
    assert_int_equal(match(n, "10.2.0.1", "10.1.2.4"), 16);
    assert_int_equal(match(n, "192.0.2.127", "203.0.113.1"), 25);
    assert_int_equal(match(n, "192.0.2.128", "203.0.113.1"), -1);
    assert_int_equal(match(n, "2001:db8:7fff:ffff::1", "::1"), 33);
    assert_int_equal(match(n, "2001:db8:8000::1", "::1"), -1);
    assert_int_equal(match(n, "a00::", "::"),
                     -1); /* the first bytes of 10.0.0.0, of another family */
    networks_free(n);
}

static void every_length_of_a_prefix_holds_what_it_should(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 128; bits++) {
        struct in6_addr addr, other;
        char text[INET6_ADDRSTRLEN], line[INET6_ADDRSTRLEN + 8];
        struct gad_tuple t = {.family = 6};
        memset(&addr, 0, sizeof(addr));
        for (unsigned i = 0; i < bits; i += 3)
            addr.s6_addr[i / 8] |= (uint8_t)(0x80 >> i % 8);
        assert_non_null(inet_ntop(AF_INET6, &addr, text, sizeof(text)));
        (void)snprintf(line, sizeof(line), "%s/%u", text, bits);
        struct networks *n = parse(line);
        for (unsigned i = 0; i < 128; i++) { /* one bit is another one */
            other = addr;
            other.s6_addr[i / 8] ^= (uint8_t)(0x80 >> i % 8);
            memcpy(t.src, &other, 16);
            assert_int_equal(networks_match(n, &t), i < bits && bits > 0 ? -1 : (int)bits);
        }
        networks_free(n);
    }
}

static void nothing_is_in_no_network(void **state)
{
    (void)state;
    struct networks *n = parse(" , ");
    struct gad_tuple t = {0};

    assert_null(n);
    assert_int_equal(match(n, "10.0.0.1", "10.0.0.2"), -1);
    n = parse("0.0.0.0/0, ::/0");
    assert_int_equal(networks_match(n, &t), -1); /* no address is known */
    assert_int_equal(match(n, "10.0.0.1", "10.0.0.2"), 0);
    networks_free(n);
}

static void what_is_no_network_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "10.0.0.0/33",
        "10.0.0.1/8",
        "10.0.0/8",
        "2001:db8::/129",
        "x",
        "10.0.0.0/",
        "10.0.0.0/8;",
        "1111111111111111111111111111111111111111111111111111111111111111111111111111111"};
    struct networks *n = NULL;
    struct gad_diag d;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        d.text[0] = '\0';
        assert_int_equal(networks_new(bad[i], &n, &d), GAD_EINVAL);
        assert_non_null(strstr(d.text, "not a network such as"));
    }
    assert_null(n);
}

static void there_may_be_so_many(void **state)
{
    (void)state;
    static const char one[] = "10.1.2.0/24,";
    char text[(NETWORKS_MAX + 1) * (sizeof(one) - 1) + 1] = "";
    struct networks *n = NULL;
    struct gad_diag d;

    for (size_t i = 0; i < NETWORKS_MAX; i++)
        memcpy(text + i * (sizeof(one) - 1), one, sizeof(one));
    networks_free(parse(text));
    memcpy(text + NETWORKS_MAX * (sizeof(one) - 1), one, sizeof(one));
    assert_int_equal(networks_new(text, &n, &d), GAD_EINVAL);
    assert_string_equal(d.text, "more than 64 networks");
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    struct networks *n = NULL;

    (void)gad_mem_fail_at(1);
    assert_int_equal(networks_new("10.0.0.0/8", &n, NULL), GAD_ENOMEM);
    (void)gad_mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_prefix_of_either_end_is_found),
        cmocka_unit_test(every_length_of_a_prefix_holds_what_it_should),
        cmocka_unit_test(nothing_is_in_no_network),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(there_may_be_so_many),
        cmocka_unit_test(no_memory_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
