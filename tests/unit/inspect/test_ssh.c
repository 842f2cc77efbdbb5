/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/inspect/dialogue.h"

/*
 * Exchanges as turns behind the key exchange: "C44" is 44 bytes of the client. The sizes are those
 * of OpenSSH, Dropbear, Paramiko and AsyncSSH with the named cipher and MAC.
 */
enum { TURN_MAX = 9000, TURNS_MAX = 96 };

#define ENCRYPTED "\x7f\x01\x33\x70" /* as a length: none */
#define CLEAR     "\x00\x00\x00\x20"

static const char plain_client[] = "SSH-2.0-x\r\n\0\0\0\x0c\x04\x14"
                                   "0123456789"
                                   "\0\0\0\x0c\x0a\x15"
                                   "0123456789";
static const char plain_server[] = "Welcome\r\nSSH-2.0-y z\r\n\0\0\0\x0c\x04\x14"
                                   "0123456789"
                                   "\0\0\0\x0c\x0a\x15"
                                   "0123456789";

static size_t turns_of(const char *text, const char *bytes, struct turn t[TURNS_MAX])
{
    size_t n = 0;

    t[n++] = (struct turn){.client = true, .p = plain_client, .len = sizeof(plain_client) - 1};
    t[n++] = (struct turn){.client = false, .p = plain_server, .len = sizeof(plain_server) - 1};
    for (const char *at = text; *at;) {
        bool client = *at == 'C';
        size_t len = 0;
        for (at++; *at >= '0' && *at <= '9'; at++)
            len = len * 10 + (size_t)(*at - '0');
        assert_in_range(len, 1, TURN_MAX);
        assert_in_range(n, 0, TURNS_MAX - 1);
        t[n++] = (struct turn){.client = client, .p = bytes, .len = len};
        at += *at == ' ';
    }
    return n;
}

static void expect(const char *text, const char *head, unsigned failed, bool in)
{
    static char bytes[TURN_MAX];
    struct turn t[TURNS_MAX];
    size_t n = turns_of(text, bytes, t);
    struct gad_content want = {.num_failed_logins = (uint16_t)failed, .logged_in = in};

    memset(bytes, 0x5a, sizeof(bytes));
    memcpy(bytes, head, 4);
    run_cut(GAD_APP_SSH, t, n, n, 0, SIZE_MAX, &want);
    run_cut(GAD_APP_SSH, t, n, n, 0, 1, &want);
    run_cut(GAD_APP_SSH, t, n, n, 0, 7, &want);
}

static void refused_passwords_are_counted(void **state)
{
    (void)state;
    /* chacha20-poly1305, with a list of methods of three lengths */
    expect("S316 C44 S44 C68 S76 C148 S76", ENCRYPTED, 1, false);
    expect("S316 C44 S44 C60 S76 C84 S76", ENCRYPTED, 1, false);
    expect("C44 S44 C68 S52 C148 S52 C148 S52 C148 S52", ENCRYPTED, 3, false);
    expect("C44 S44 C68 S44 C148 S44 C148 S44 C148 S44", ENCRYPTED, 3, false);
    expect("C44 S44 C68 S52 C148 S52 C148 S52 C148 S28 C112 S524 C36", ENCRYPTED, 2, true);
    /* AES-GCM; AES-CTR with hmac-sha2-512-etm, umac-64-etm, hmac-sha2-256, umac-64 */
    expect("S324 C52 S52 C68 S52 C148 S52", CLEAR, 1, false);
    expect("S372 C100 S100 C116 S100 C196 S100 C196 S100 C196 S84 C216", CLEAR, 2, true);
    expect("S316 C44 S44 C60 S44 C140 S44 C140 S44", CLEAR, 2, false);
    expect("S336 C64 S64 C80 S80 C160 S80 C160 S80 C160 S80", ENCRYPTED, 3, false);
    expect("S312 C40 S40 C56 S56 C136 S56", ENCRYPTED, 1, false);
    /* the server ends it */
    expect("C44 S44 C68 S52 C148 S52 C148 S52 C148 S52 C148 S52 C148 S52 C148 S76", ENCRYPTED, 6,
           false);
}

static void a_session_is_a_login(void **state)
{
    (void)state;
    expect("S316 C44 S44 C68 S76 C148 S28 C112 S672 C120 S72 C36 S8204 C96", ENCRYPTED, 0, true);
    expect("S324 C52 S52 C68 S84 C148 S36 C120 S680 C120 S72 C36 S124", CLEAR, 0, true);
    expect("C40 S40 C56 S40 C136 S24 C112 S560", ENCRYPTED, 0, true);
    /* in the session, sizes mean nothing */
    expect("C44 S44 C68 S52 C148 S28 C112 S52 C84 S52 C84 S52", ENCRYPTED, 0, true);
    /* SUCCESS and the server's keys in one turn */
    expect("C44 S44 C68 S76 C148 S656 C112 S76 C84 S76", ENCRYPTED, 0, true);
}

static void keys_of_a_client_that_logs_in_are_no_failures(void **state)
{
    (void)state;
    static const char keys[] = "C44 S44 C68 S76 C140 S76 C500 S76 C204 S76 C140 S100 C308 S28 C112";
    expect(keys, ENCRYPTED, 0, true);
    expect("C44 S44 C68 S76 C500 S460 C988 S28 C112 S968", ENCRYPTED, 0, true);
    expect("C52 S52 C68 S84 C148 S84 C148 S84 C148 S100 C308 S36 C120 S976", CLEAR, 0, true);
    /* a key and a password of the same size */
    expect("C52 S52 C68 S84 C148 S84 C148 S36 C120 S680", CLEAR, 0, true);
    /* no key was accepted */
    expect("C44 S44 C68 S76 C140 S76", ENCRYPTED, 1, false);
    /* nothing was offered */
    expect("C44 S44 C68 S76", ENCRYPTED, 1, false);
}

static void prompts_are_no_refusals(void **state)
{
    (void)state;
    expect("C44 S44 C68 S68 C92 S60 C84 S68", ENCRYPTED, 1, false);
    expect("C44 S44 C68 S68 C92 S60 C84 S44 C84 S28 C112 S160", ENCRYPTED, 0, true);
    /* of the same size */
    expect("C52 S52 C68 S68 C100 S68 C84 S52 C84 S36 C120 S168", CLEAR, 0, true);
}

static void a_message_for_the_user_comes_with_the_first_refusal(void **state)
{
    (void)state;
    expect("C44 S44 C68 S136 C148 S52 C148 S52 C148 S76", ENCRYPTED, 3, false);
    expect("C52 S52 C68 S136 C148 S52 C148 S52 C148 S52", CLEAR, 3, false);
    expect("C44 S44 C68 S2136 C148 S52", ENCRYPTED, 1, false);
    expect("C44 S44 C68 S2136 C148 S28 C112 S672", ENCRYPTED, 0, true);
}

static void other_clients(void **state)
{
    (void)state;
    /* Dropbear: the service and `none` in one turn; its server has a longer SUCCESS */
    expect("S220 C112 S96 C84 S52", ENCRYPTED, 1, false);
    expect("S220 C112 S96 C84 S36 C52 S44 C88 S104", ENCRYPTED, 0, true);
    expect("S228 C120 S120 C84 S68", CLEAR, 1, false);
    expect("S228 C120 S120 C148 S100 C244 S36 C68 S52", CLEAR, 0, true);
    /* Paramiko: no `none`, and a service request before each attempt */
    expect("C64 S64 C96 S80", ENCRYPTED, 1, false);
    expect("C64 S64 C96 S80 C64 S64 C96 S80 C64 S64 C96 S80", ENCRYPTED, 3, false);
    expect("C64 S64 C112 S48 C80 S608 C64 S400", ENCRYPTED, 0, true);
    /* AsyncSSH: 36 bytes more in each turn. PuTTY: a password in 272 bytes */
    expect("C80 S44 C104 S52 C120 S52", ENCRYPTED, 1, false);
    expect("C80 S44 C104 S52 C120 S28 C96 S568", ENCRYPTED, 0, true);
    expect("C64 S64 C80 S80 C272 S80", ENCRYPTED, 1, false);
}

/* Then logged_in is that of KDD99: payload both ways. */
static void what_cannot_be_decided(void **state)
{
    (void)state;
    static const struct turn text[] = {C("GET / HTTP/1.0\r\n\r\n"), S("SSH-2.0-x\r\n")};
    static const struct turn old[] = {S("SSH-1.5-x\r\n"), C("SSH-1.5-x\r\n")};
    static const struct turn one[] = {S("SSH-2.0-x\r\n")};
    static const struct turn bad[] = {S("SSH-2.0-x\r\n"), C("SSH-2.0-x\r\n\0\1\0\0\4\x14zzz")};

    RUN(GAD_APP_SSH, text, .logged_in = 1);
    RUN(GAD_APP_SSH, old, .logged_in = 1);
    RUN(GAD_APP_SSH, one, .logged_in = 0);
    RUN(GAD_APP_SSH, bad, .logged_in = 1);
    expect("S316 C44", ENCRYPTED, 0, true);
    expect("C44 S44", ENCRYPTED, 0, true);
    expect("C44 S44 C68", ENCRYPTED, 0, true);
    expect("C9000 S9000 C9000 S9000", ENCRYPTED, 0, true);
}

static void a_gap_ends_it(void **state)
{
    (void)state;
    static char bytes[TURN_MAX];
    struct turn t[TURNS_MAX];
    size_t n = turns_of("C44 S44 C68 S52 C148 S52 C148 S52", bytes, t);
    gad_cleanup(gad_inspect_freep) struct gad_inspect *in = NULL;
    struct gad_content c;

    bytes[0] = 1;
    assert_int_equal(gad_inspect_new(GAD_APP_SSH, &in), 0);
    for (size_t i = 0; i < n; i++)
        (void)feed(in, t[i].client, t[i].p, t[i].len);
    gad_inspect_result(in, &c);
    assert_int_equal(c.logged_in, 0);
    gad_inspect_gap(in, false, 100);
    assert_false(feed(in, true, "x", 1));
    gad_inspect_result(in, &c);
    assert_int_equal(c.logged_in, 1);
    assert_int_equal(c.num_failed_logins, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_passwords_are_counted),
        cmocka_unit_test(a_session_is_a_login),
        cmocka_unit_test(keys_of_a_client_that_logs_in_are_no_failures),
        cmocka_unit_test(prompts_are_no_refusals),
        cmocka_unit_test(a_message_for_the_user_comes_with_the_first_refusal),
        cmocka_unit_test(other_clients),
        cmocka_unit_test(what_cannot_be_decided),
        cmocka_unit_test(a_gap_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
