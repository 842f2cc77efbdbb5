/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/clients.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "tests/unit/test.h"

static int find(const struct client_names *n, enum client_name_kind kind, const char *name)
{
    return client_names_find(n, kind, name, strlen(name));
}

static int add(const char *text, struct gad_diag *d)
{
    struct client_names *n = NULL;

    assert_int_equal(client_names_new(&n), 0);
    int r = client_names_add(n, 0, text, d);
    client_names_free(n);
    return r;
}

static void names_are_compared_as_their_kind_says(void **state)
{
    (void)state;
    struct client_names *n = NULL;

    assert_int_equal(client_names_new(&n), 0);
    assert_int_equal(client_names_add(n, 5, "DNS:A.example,email:Bob@Example.org", NULL), 0);
    assert_int_equal(client_names_add(n, 6, " URI:spiffe://E/x  DNS:b.example", NULL), 0);
    assert_int_equal(find(n, CLIENT_NAME_DNS, "a.EXAMPLE"), 5);
    assert_int_equal(find(n, CLIENT_NAME_DNS, "b.example"), 6);
    assert_int_equal(find(n, CLIENT_NAME_EMAIL, "Bob@example.ORG"), 5);
    assert_int_equal(find(n, CLIENT_NAME_EMAIL, "bob@example.org"), -1);
    assert_int_equal(find(n, CLIENT_NAME_URI, "spiffe://E/x"), 6);
    assert_int_equal(find(n, CLIENT_NAME_URI, "spiffe://e/x"), -1);
    assert_int_equal(find(n, CLIENT_NAME_URI, "a.example"), -1); /* of another kind */
    assert_int_equal(find(n, CLIENT_NAME_DNS, "a.example."), -1);
    assert_int_equal(find(n, CLIENT_NAME_DNS, "x.a.example"), -1);
    assert_int_equal(find(n, CLIENT_NAME_DNS, ""), -1);
    client_names_free(n);
}

/* An authority that signs "a.example\0.attacker.example" must not make a client of it. */
static void a_name_with_a_nul_is_another_name(void **state)
{
    (void)state;
    struct client_names *n = NULL;

    assert_int_equal(client_names_new(&n), 0);
    assert_int_equal(client_names_add(n, 0, "DNS:a.example", NULL), 0);
    assert_int_equal(client_names_find(n, CLIENT_NAME_DNS, "a.example\0.x", 12), -1);
    assert_int_equal(client_names_find(n, CLIENT_NAME_DNS, "a.example\0", 10), -1);
    client_names_free(n);
}

static void what_no_certificate_can_have_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",          "CN:a",   "a.example", "DNS",         "DNS:",        "dns:a",    "DNS:*",
        "DNS:*.a",   "DNS:a.", "DNS:a/b",   "DNS:a:1",     "email:a",     "email:@b", "email:a@",
        "email:a@*", "URI:a",  "URI:",      "DNS:a DNS:A", "IP:127.0.0.1"};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct gad_diag d = {""};
        assert_true(add(wrong[i], &d) < 0);
        assert_true(*d.text != '\0');
    }
}

static void limits_of_length_and_number(void **state)
{
    (void)state;
    char text[4 + CLIENT_NAME_LEN + 2];
    struct client_names *n = NULL;

    memset(text, 'a', sizeof(text));
    memcpy(text, "DNS:", 4);
    text[4 + CLIENT_NAME_LEN] = '\0';
    assert_int_equal(add(text, NULL), 0);
    assert_int_equal(client_names_new(&n), 0);
    assert_int_equal(client_names_add(n, 0, text, NULL), 0);
    assert_int_equal(client_names_find(n, CLIENT_NAME_DNS, text + 4, CLIENT_NAME_LEN), 0);
    assert_int_equal(client_names_find(n, CLIENT_NAME_DNS, text + 4, CLIENT_NAME_LEN + 1), -1);
    text[4 + CLIENT_NAME_LEN] = 'a';
    text[4 + CLIENT_NAME_LEN + 1] = '\0';
    assert_int_equal(add(text, NULL), GAD_EINVAL);
    assert_int_equal(add("DNS:a DNS:b DNS:c DNS:d DNS:e DNS:f DNS:g DNS:h", NULL), 0);
    assert_int_equal(add("DNS:a DNS:b DNS:c DNS:d DNS:e DNS:f DNS:g DNS:h DNS:i", NULL),
                     GAD_ELIMIT);
    client_names_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_compared_as_their_kind_says),
        cmocka_unit_test(a_name_with_a_nul_is_another_name),
        cmocka_unit_test(what_no_certificate_can_have_is_refused),
        cmocka_unit_test(limits_of_length_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
