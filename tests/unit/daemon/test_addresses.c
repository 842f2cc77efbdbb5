/* SPDX-License-Identifier: Apache-2.0 */
/* In which order the addresses of a name are tried. */
#include "daemon/feed/addresses.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

enum { PORT = 514, MANY = ADDRESSES_MAX + 8 };

/* What a resolver would have found, of texts. */
struct answer {
    struct addrinfo info[MANY];
    struct address address[MANY];
};

static struct address address_of(const char *text)
{
    struct address a = {.len = 0};

    if (strchr(text, ':')) {
        a.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
        assert_int_equal(inet_pton(AF_INET6, text, &a.v6.sin6_addr), 1);
        a.len = sizeof(a.v6);
    } else {
        a.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(PORT)};
        assert_int_equal(inet_pton(AF_INET, text, &a.v4.sin_addr), 1);
        a.len = sizeof(a.v4);
    }
    return a;
}

static void put(struct answer *answer, size_t i, const char *text)
{
    answer->address[i] = address_of(text);
    answer->info[i] = (struct addrinfo){.ai_family = answer->address[i].any.sa_family,
                                        .ai_addr = &answer->address[i].any,
                                        .ai_addrlen = answer->address[i].len};
    if (i > 0)
        answer->info[i - 1].ai_next = &answer->info[i];
}

/* @texts: separated by blanks. */
static const struct addrinfo *resolve(struct answer *answer, const char *texts)
{
    char copy[512], *rest = NULL;
    size_t n = 0;

    (void)snprintf(copy, sizeof(copy), "%s", texts);
    for (char *t = strtok_r(copy, " ", &rest); t; t = strtok_r(NULL, " ", &rest))
        put(answer, n++, t);
    return answer->info;
}

static void expect(const struct addresses *known, const char *found, const char *order)
{
    struct answer answer;
    struct address ret[ADDRESSES_MAX];
    char text[512] = "", host[ADDRESS_TEXT];

    size_t n = addresses_order(known, resolve(&answer, found), ret);
    for (size_t i = 0; i < n; i++) {
        struct address a = address_of("127.0.0.1");
        address_text(&ret[i], host);
        assert_true(ret[i].len > 0 && !address_is(&ret[i], &a));
        char *end = strrchr(host, ':'), *from = host[0] == '[' ? host + 1 : host;
        end -= host[0] == '[';
        *end = '\0';
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i > 0 ? " " : "",
                       from);
    }
    assert_string_equal(text, order);
}

static void failed(struct addresses *known, const char *text)
{
    struct address a = address_of(text);
    addresses_failed(known, &a);
}

static void worked(struct addresses *known, const char *text)
{
    struct address a = address_of(text);
    addresses_worked(known, &a);
}

static void families_take_turns(void **state)
{
    const struct addresses none = {.n_failed = 0};
    (void)state;

    expect(&none, "10.0.0.1", "10.0.0.1");
    expect(&none, "10.0.0.1 10.0.0.2 10.0.0.3", "10.0.0.1 10.0.0.2 10.0.0.3");
    expect(&none, "fd00::1 fd00::2 fd00::3 10.0.0.1", "fd00::1 10.0.0.1 fd00::2 fd00::3");
    expect(&none, "10.0.0.1 fd00::1 fd00::2", "10.0.0.1 fd00::1 fd00::2");
}

static void each_is_taken_once(void **state)
{
    const struct addresses none = {.n_failed = 0};
    (void)state;

    expect(&none, "10.0.0.1 10.0.0.1 fd00::1 10.0.0.2 fd00::1", "10.0.0.1 fd00::1 10.0.0.2");
}

static void the_one_that_worked_is_first_and_those_that_failed_are_last(void **state)
{
    const char *all = "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4";
    struct addresses known = {.n_failed = 0};
    (void)state;

    failed(&known, "10.0.0.1");
    expect(&known, all, "10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.1");
    failed(&known, "10.0.0.2");
    expect(&known, all, "10.0.0.3 10.0.0.4 10.0.0.1 10.0.0.2");
    failed(&known, "10.0.0.1"); /* again: it is the last one to have failed */
    expect(&known, all, "10.0.0.3 10.0.0.4 10.0.0.2 10.0.0.1");
    worked(&known, "10.0.0.4");
    expect(&known, all, "10.0.0.4 10.0.0.3 10.0.0.2 10.0.0.1");
    worked(&known, "10.0.0.1");
    expect(&known, all, "10.0.0.1 10.0.0.3 10.0.0.4 10.0.0.2");
    failed(&known, "10.0.0.1"); /* what worked once is not first for ever */
    expect(&known, all, "10.0.0.3 10.0.0.4 10.0.0.2 10.0.0.1");
}

/* Whatever fails: within N turns for N addresses, each is first once. */
static void each_gets_its_turn(void **state)
{
    const char *all = "10.0.0.1 10.0.0.2 10.0.0.3 fd00::1 fd00::2";
    struct addresses known = {.n_failed = 0};
    struct answer answer;
    const struct addrinfo *found = resolve(&answer, all);
    unsigned first[5] = {0};
    (void)state;

    for (int turn = 0; turn < 50; turn++) {
        struct address ret[ADDRESSES_MAX];
        assert_int_equal(addresses_order(&known, found, ret), 5);
        for (size_t i = 0; i < 5; i++)
            first[i] += address_is(&ret[0], &answer.address[i]);
        addresses_failed(&known, &ret[0]);
    }
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(first[i], 10);
}

static void what_is_remembered_has_a_limit(void **state)
{
    struct addresses known = {.n_failed = 0};
    struct answer answer;
    struct address ret[ADDRESSES_MAX];
    char text[32];
    (void)state;

    for (size_t i = 0; i < MANY; i++) {
        (void)snprintf(text, sizeof(text), "10.0.1.%zu", i);
        put(&answer, i, text);
        failed(&known, text);
    }
    assert_int_equal(known.n_failed, ADDRESSES_MAX);
    assert_true(address_is(&known.failed[ADDRESSES_MAX - 1], &answer.address[MANY - 1]));
    assert_int_equal(addresses_order(&known, answer.info, ret), ADDRESSES_MAX);
    assert_true(address_is(&ret[0], &answer.address[0])); /* its failure was forgotten */
}

static void texts_of_addresses(void **state)
{
    struct address a = address_of("fe80::1"), none = {.len = 0};
    char text[ADDRESS_TEXT];
    (void)state;

    address_text(&none, text);
    assert_string_equal(text, "");
    a.v6.sin6_scope_id = UINT32_MAX;
    address_text(&a, text);
    assert_string_equal(text, "[fe80::1%4294967295]:514");
    assert_int_equal(
        inet_pton(AF_INET6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &a.v6.sin6_addr), 1);
    a.v6.sin6_port = UINT16_MAX;
    address_text(&a, text);
    assert_string_equal(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
    struct address b = a;
    b.v6.sin6_scope_id = 1;
    assert_false(address_is(&a, &b));
    assert_false(address_is(&none, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_take_turns),
        cmocka_unit_test(each_is_taken_once),
        cmocka_unit_test(the_one_that_worked_is_first_and_those_that_failed_are_last),
        cmocka_unit_test(each_gets_its_turn),
        cmocka_unit_test(what_is_remembered_has_a_limit),
        cmocka_unit_test(texts_of_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
