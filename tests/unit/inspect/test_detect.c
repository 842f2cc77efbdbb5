/* SPDX-License-Identifier: Apache-2.0 */
/* What is found by first bytes, what is not, and that a lie takes nothing from a named port. */
#include <string.h>

#include "tests/unit/inspect/dialogue.h"

#define HELLO_C "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03rest of it"
#define HELLO_S "\x16\x03\x03\x00\x4a\x02\x00\x00\x46\x03\x03rest of it"
#define QUESTION                                                                                   \
    "\x07"                                                                                         \
    "example\x03"                                                                                  \
    "com\x00\x00\x01\x00\x01"
#define QUERY "\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" QUESTION
#define REPLY "\x00\x2d\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" QUESTION

enum { TURNS = 4, BOTH = GAD_APP_DETECT | GAD_APP_KEEP };

static struct gad_content content_of(int app, const struct turn *t, size_t n, size_t step)
{
    gad_cleanup(gad_inspect_freep) struct gad_inspect *in = NULL;
    struct gad_content c;

    assert_int_equal(gad_inspect_new((enum gad_app)app, &in), 0);
    for (size_t i = 0; i < n; i++)
        for (size_t at = 0; at < t[i].len; at += step)
            feed(in, t[i].client, t[i].p + at, t[i].len - at < step ? t[i].len - at : step);
    gad_inspect_result(in, &c);
    return c;
}

/* Whatever the division into segments. */
static enum gad_found find(const struct turn *t, size_t n)
{
    struct gad_content whole = content_of(GAD_APP_TEXT | GAD_APP_DETECT, t, n, SIZE_MAX / 2);

    for (size_t step = 1; step < 8; step += 2) {
        struct gad_content c = content_of(GAD_APP_TEXT | GAD_APP_DETECT, t, n, step);
        assert_memory_equal(&c, &whole, sizeof(c));
    }
    return (enum gad_found)whole.found;
}

static void both_sides_say_what_it_is(void **state)
{
    (void)state;
    static const struct {
        enum gad_found found;
        struct turn t[TURNS];
    } t[] = {
        {GAD_FOUND_HTTP, {C("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), S("HTTP/1.1 200 OK\r\n\r\n")}},
        {GAD_FOUND_HTTP, {C("CONNECT a:443 HTTP/1.1\r\n\r\n"), S("HTTP/1.0 200 OK\r\n\r\n")}},
        {GAD_FOUND_HTTP, {C("POST http://a/b HTTP/1.1\r\n\r\n"), S("HTTP/1.1 100 Continue\r\n")}},
        {GAD_FOUND_HTTP, {C("QUERY  /b HTTP/1.1\r\n\r\n"), S("HTTP/1.1 200 OK\r\n")}},
        {GAD_FOUND_SSH, {S("SSH-2.0-x\r\n"), C("SSH-2.0-y\r\n")}},
        {GAD_FOUND_SSH, {C("SSH-2.0-y\r\n"), S("SSH-1.99-x\r\n")}},
        {GAD_FOUND_SMTP, {S("220 mx ESMTP\r\n"), C("EHLO me\r\n"), S("250 ok\r\n")}},
        {GAD_FOUND_SMTP, {S("220-mx\r\n220 go\r\n"), C("helo me\r\n")}},
        {GAD_FOUND_FTP, {S("220 ftp\r\n"), C("USER a\r\n"), S("331 pass\r\n")}},
        {GAD_FOUND_FTP, {S("220 ftp\r\n"), C("AUTH TLS\r\n")}},
        {GAD_FOUND_TLS, {C(HELLO_C), S(HELLO_S)}},
        {GAD_FOUND_TLS, {C(HELLO_C), S("\x15\x03\x01\x00\x02\x02\x28")}},
        {GAD_FOUND_TELNET, {S("\xff\xfd\x18\xff\xfd\x20login: "), C("\xff\xfb\x18")}},
        {GAD_FOUND_TELNET, {C("\xff\xfb\x18\xff\xfb\x1f"), S("\xff\xfd\x18\xff\xfb\x03")}},
        {GAD_FOUND_DNS, {C(QUERY), S(REPLY)}},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        assert_int_equal(find(t[i].t, TURNS), t[i].found);
}

static void one_side_or_a_contradiction_finds_nothing(void **state)
{
    (void)state;
    static const struct turn t[][TURNS] = {
        {C("GET / HTTP/1.0\r\n\r\n")},
        {C("GET / HTTP/1.0\r\n\r\n"), S("sh: GET: not found\n")},
        {S("HTTP/1.1 200 OK\r\n"), C("hello\r\n")},
        {C("GETTING"), S("HTTP/1.1 200 OK\r\n")},
        {C("get / HTTP/1.0\r\n"), S("HTTP/1.1 200 OK\r\n")},
        {C("EHLO a\r\n"), S("250 ok\r\n")},
        {S("login: "), C("GET / HTTP/1.0\r\n"), S("HTTP/1.1 200 OK\r\n")},
        {S("SSH-2.0-x\r\n"), C("hello\r\n")},
        {S("SSH-2.0-x\r\n")},
        {S("220 mx ESMTP\r\n")},
        {S("220 mx ESMTP\r\n"), C("QUIT\r\n")},
        {S("500 mx\r\n"), C("EHLO a\r\n")},
        {C("USER a\r\n"), S("331 pass\r\n")},
        {C(HELLO_C), S("HTTP/1.1 400 Bad Request\r\n")},
        {C(HELLO_C)},
        {S(HELLO_S), C(HELLO_S)},
        {S("\xff\xfd\x18login: "), C("joe\r\n")},
        {S("\xff\xfd\x18\xff\xfd\x20"), C("joe\r\n")},
        {S("\xff"), C("\xff")},
        {S("\xff\xff\xff\xff\xff\xff"), C("\xff\xff\xff\xff\xff\xff")},
        {C(QUERY), S("\x00\x2d\x12\x35\x81\x80\x00\x01")}, /* another id */
        {C(QUERY), S(QUERY)},
        {C("\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\xff"), S(REPLY)},
        {S("\x16"), C("\x16")},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        assert_int_equal(find(t[i], TURNS), GAD_FOUND_NOTHING);
}

/* On a port without a name the counts are those of the protocol's own port. */
static void what_was_found_is_inspected_from_its_first_byte(void **state)
{
    (void)state;
    static char banner[2000] = "220-";
    memset(banner + 4, 'x', sizeof(banner) - 5);
    struct turn ftp[] = {{.p = banner, .len = sizeof(banner) - 1},
                         S("\r\n220 ready\r\n"),
                         C("USER ftp\r\n"),
                         S("331 pass\r\n"),
                         C("PASS a@b\r\n"),
                         S("230 in\r\n"),
                         C("RETR .rhosts\r\n"),
                         S("150 ok\r\n")};
    static const struct turn http[] = {C("GET /cgi-bin/phf?/etc/passwd HTTP/1.0\r\n\r\n"),
                                       S("HTTP/1.0 200 OK\r\n\r\nroot:x:0:0:root\nroot\n")};
    static const struct turn telnet[] = {S("\xff\xfd\x18\xff\xfd\x20"),
                                         C("\xff\xfc\x18\xff\xfc\x20"),
                                         S("login: "),
                                         C("joe\r\n"),
                                         S("Password: "),
                                         C("x\r\n"),
                                         S("Login incorrect\r\n")};
    static const struct {
        const struct turn *t;
        size_t n;
        enum gad_app app;
        enum gad_found found;
    } all[] = {{http, 2, GAD_APP_HTTP, GAD_FOUND_HTTP},
               {telnet, 7, GAD_APP_TELNET, GAD_FOUND_TELNET}};

    for (size_t i = 0; i < 2; i++) {
        struct gad_content known = content_of((int)all[i].app, all[i].t, all[i].n, 100);
        for (size_t step = 1; step < 100; step += 9) {
            struct gad_content c =
                content_of(GAD_APP_TEXT | GAD_APP_DETECT, all[i].t, all[i].n, step);
            assert_int_equal(c.found, all[i].found);
            c.found = 0;
            assert_memory_equal(&c, &known, sizeof(c));
        }
    }
    struct gad_content c = content_of(GAD_APP_TEXT | GAD_APP_DETECT, ftp, 8, 7);
    assert_int_equal(c.found, GAD_FOUND_FTP);
    assert_int_equal(c.is_guest_login, 1);
    assert_int_equal(c.hot, 1);
    assert_int_equal(c.num_access_files, 1);
}

/* A named port keeps all that its inspection finds; the second finds no login. */
static void a_lie_takes_nothing_from_a_named_port(void **state)
{
    (void)state;
    static const struct turn t[] = {
        C("GET /cgi-bin/phf HTTP/1.0\r\n"),
        S("HTTP/1.0 200 OK\r\nlogin: "),
        C("guest\r\n"),
        S("Password: "),
        C("x\r\n"),
        S("Login incorrect\r\nlogin: "),
    };
    static const int apps[] = {GAD_APP_TELNET, GAD_APP_TEXT, GAD_APP_NONE, GAD_APP_FTP};

    for (size_t i = 0; i < 4; i++) {
        struct gad_content alone = content_of(apps[i], t, 6, 100),
                           both = content_of(apps[i] | BOTH, t, 6, 100);
        assert_int_equal(both.found, GAD_FOUND_HTTP);
        assert_true(both.hot >= alone.hot && both.hot >= 1);
        assert_true(both.num_failed_logins >= alone.num_failed_logins);
        assert_int_equal(both.logged_in, alone.logged_in);
    }
    struct gad_content telnet = content_of(GAD_APP_TELNET | BOTH, t, 6, 100);
    assert_int_equal(telnet.num_failed_logins, 1);
}

static void a_gap_ends_the_search_but_not_what_was_found(void **state)
{
    (void)state;
    struct gad_content c;

    for (int before = 0; before < 2; before++) {
        gad_cleanup(gad_inspect_freep) struct gad_inspect *in = NULL;
        assert_int_equal(gad_inspect_new(GAD_APP_TEXT | GAD_APP_DETECT, &in), 0);
        feed(in, true, "GET / HTTP/1.1\r\n\r\n", 18);
        if (before)
            gad_inspect_gap(in, false, 10);
        feed(in, false, "HTTP/1.1 200 OK\r\n\r\n", 19);
        gad_inspect_gap(in, false, 10);
        gad_inspect_result(in, &c);
        assert_int_equal(c.found, before ? GAD_FOUND_NOTHING : GAD_FOUND_HTTP);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_say_what_it_is),
        cmocka_unit_test(one_side_or_a_contradiction_finds_nothing),
        cmocka_unit_test(what_was_found_is_inspected_from_its_first_byte),
        cmocka_unit_test(a_lie_takes_nothing_from_a_named_port),
        cmocka_unit_test(a_gap_ends_the_search_but_not_what_was_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
