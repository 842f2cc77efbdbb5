/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "lib/inspect/line.h"
#include "tests/unit/inspect/dialogue.h"

#define HEAD_C "Host: h\r\nUser-Agent: x\r\n\r\n"
#define NOT_FOUND(url)                                                                             \
    "HTTP/1.0 404 Not found\r\nContent-type: text/html\r\n\r\n<H1>File Not found</H1>\n"           \
    "The requested URL " url " was not found on this server.<P>\n"

static void an_ordinary_session_is_only_logged_in(void **state)
{
    (void)state;
    static const struct turn t[] = {
        C("GET /a.html HTTP/1.0\r\n" HEAD_C),
        S("HTTP/1.0 200 OK\r\n\r\nroot:x:0:0 cp a b /etc/passwd\n"),
        C("GET /missing.gif HTTP/1.0\r\n" HEAD_C),
        S(NOT_FOUND("/missing.gif")),
    };
    static const struct turn alone[] = {C("GET / HTTP/1.0\r\n" HEAD_C)};
    static const struct turn answer[] = {S("HTTP/1.0 408 x\r\n\r\n")};
    RUN(GAD_APP_HTTP, t, .logged_in = 1);
    RUN(GAD_APP_HTTP, alone, .logged_in = 0);
    RUN(GAD_APP_HTTP, answer, .logged_in = 0);
}

/* As the rows of phf: hot 2, root_shell and num_access_files 1. */
static void phf_that_works_shows_the_accounts(void **state)
{
    (void)state;
    static const struct turn t[] = {
        C("GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd\n"),
        S("<H1>Query Results</H1>\n<PRE>\nroot:x:0:1:Super-User:/:/sbin/sh\nbin:x:2:2::/:\n"),
    };
    RUN(GAD_APP_HTTP, t, .logged_in = 1, .hot = 2, .root_shell = 1, .num_access_files = 1);
}

/* Both marks must be in one line of one answer. */
static void what_only_looks_like_accounts_is_none(void **state)
{
    (void)state;
    static const struct turn lines[] = {C("GET /etc/passwd\n"), S("root: x\nx:0:1\n")};
    static const struct turn answers[] = {C("GET /etc/passwd\n"), S("root:"),
                                          C("GET /etc/passwd\n"), S(":0:\n")};
    RUN(GAD_APP_HTTP, lines, .logged_in = 1, .hot = 1, .num_access_files = 1);
    RUN(GAD_APP_HTTP, answers, .logged_in = 1, .hot = 2, .num_access_files = 2);
}

static void phf_that_is_not_there_compromises_no_more_than_that(void **state)
{
    (void)state;
    static const struct turn t[] = {
        C("GET /cgi-bin/phf?Qalias=x%0a/bin/cat%20/etc/passwd\n"),
        S("<TITLE>404 File Not Found</TITLE>\nThe requested URL /cgi-bin/phf was not found on this "
          "server.<P>\n"),
        C("GET /a HTTP/1.0\r\n\r\n"),
        S("root:x:0:1\n" NOT_FOUND("/a")),
    };
    RUN(GAD_APP_HTTP, t, .logged_in = 1, .hot = 3, .num_compromised = 1, .num_access_files = 1);
}

/* As the rows of back: hot 2 and num_compromised 1, and hot 1 where the answer was truncated. */
static void back_is_a_run_of_slashes(void **state)
{
    (void)state;
    enum { RUN_LEN = 7000 };
    gad_cleanup(gad_freep) char *request = gad_calloc(RUN_LEN + 64, 1);
    gad_cleanup(gad_freep) char *reply = gad_calloc(RUN_LEN + 128, 1);
    gad_cleanup(gad_freep) char *slashes = gad_calloc(RUN_LEN + 1, 1);
    assert_true(request && reply && slashes);
    memset(slashes, '/', RUN_LEN);
    int asked = snprintf(request, RUN_LEN + 64, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", slashes);
    int said =
        snprintf(reply, RUN_LEN + 128, "Not Found: %s was not found on this server\n", slashes);

    for (size_t step = 1; step < 3000; step = step * 3 + 1) {
        const struct turn whole[] = {{.client = true, .p = request, .len = (size_t)asked},
                                     {.p = reply, .len = (size_t)said}};
        const struct turn cut[] = {whole[0], {.p = reply, .len = RUN_LEN}};
        run_cut(GAD_APP_HTTP, whole, 2, 2, 0, step,
                &(struct gad_content){.logged_in = 1, .hot = 2, .num_compromised = 1});
        run_cut(GAD_APP_HTTP, cut, 2, 2, 0, step, &(struct gad_content){.logged_in = 1, .hot = 1});
    }
}

static void the_run_of_slashes_has_a_limit(void **state)
{
    (void)state;
    for (size_t n = 31; n <= 33; n++) {
        char line[128];
        int len = snprintf(line, sizeof(line), "GET /a%.*s HTTP/1.0\r\n\r\n", (int)n,
                           "////////////////////////////////////////");
        const struct turn t[] = {{.client = true, .p = line, .len = (size_t)len}};
        RUN(GAD_APP_HTTP, t, .hot = n >= 32);
    }
}

static void targets_are_judged_decoded_and_only_in_requests(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned hot, access;
    } t[] = {
        {"GET /x?f=/%65tc/passwd HTTP/1.0\r\n\r\n", 1, 1},
        {"GET /x?f=../../../etc/shadow%00 HTTP/1.0\r\n\r\n", 1, 1},
        {"POST /cgi-bin/test-cgi HTTP/1.0\r\n\r\n", 1, 0},
        {"GET /a/.htaccess HTTP/1.0\r\n\r\n", 0, 1},
        {"GET /x?%2Fetc%2fpasswd HTTP/1.0\r\n\r\n", 1, 1},
        {"GET /x?%0A/bin/ls HTTP/1.0\r\n\r\n", 1, 0},
        {"GET /x?%/etc/passwd HTTP/1.0\r\n\r\n", 1, 1},
        {"GET /x?%2/etc/passwd HTTP/1.0\r\n\r\n", 1, 1},
        {"GET\t/cgi-bin/phf\tx\n", 0, 0},
        {"GET /%2 HTTP/1.0\r\n\r\n", 0, 0},
        {"GET /%zz%4 HTTP/1.0\r\n\r\n", 0, 0},
        {"GET / HTTP/1.0\r\nReferer: /cgi-bin/phf\r\nGET /cgi-bin/phf x\r\n\r\n", 0, 0},
        {"GET / HTTP/1.0\r\n\r\nGET /cgi-bin/phf HTTP/1.0\r\n\r\n", 1, 0},
        {"GET /\nGET /cgi-bin/phf\n", 1, 0},
        {"EHLO /cgi-bin/phf\n", 0, 0},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        const struct turn turn[] = {{.client = true, .p = t[i].line, .len = strlen(t[i].line)}};
        RUN(GAD_APP_HTTP, turn, .hot = (uint16_t)t[i].hot,
            .num_access_files = (uint16_t)t[i].access);
    }
}

/* What stands behind the longest line kept is not seen. */
static void a_target_is_judged_by_what_is_kept_of_its_line(void **state)
{
    (void)state;
    static const char program[] = "/cgi-bin/phf";
    for (int over = -1; over <= 1; over++) {
        char line[GAD_INSPECT_LINE + 128];
        int pad = GAD_INSPECT_LINE + over - (int)strlen(program) - 4;
        memcpy(line, "GET ", 4);
        memset(line + 4, 'a', (size_t)pad);
        int len = 4 + pad;
        len += snprintf(line + len, sizeof(line) - (size_t)len,
                        "%s HTTP/1.0\r\nGET /cgi-bin/phf x\r\n\r\n", program);
        const struct turn t[] = {{.client = true, .p = line, .len = (size_t)len}};
        RUN(GAD_APP_HTTP, t, .hot = over <= 0);
    }
}

static void the_phrase_may_begin_again(void **state)
{
    (void)state;
    static const struct turn yes[] = {C("GET /cgi-bin/phf\n"), S("was not wwas not found")};
    static const struct turn no[] = {C("GET /cgi-bin/phf\n"), S("was xas not found")};
    RUN(GAD_APP_HTTP, yes, .logged_in = 1, .hot = 2, .num_compromised = 1);
    RUN(GAD_APP_HTTP, no, .logged_in = 1, .hot = 1);
}

static void a_gap_in_the_answer_breaks_the_phrase(void **state)
{
    (void)state;
    for (int lost = 0; lost < 2; lost++) {
        gad_cleanup(gad_inspect_freep) struct gad_inspect *i = NULL;
        struct gad_content c;
        assert_int_equal(gad_inspect_new(GAD_APP_HTTP, &i), 0);
        feed(i, true, "GET /cgi-bin/phf\n", 17);
        feed(i, false, "was not ", 8);
        if (lost)
            gad_inspect_gap(i, false, 1);
        feed(i, false, "found\n", 6);
        gad_inspect_result(i, &c);
        assert_int_equal(c.num_compromised, !lost);
        assert_int_equal(c.logged_in, 1);
    }
}

#define GET     "GET /admin HTTP/1.1\r\nHost: h\r\n"
#define BASIC   "authorization: Basic YTpi\r\n\r\n"
#define REFUSED "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n\r\n<html>HTTP/1.1 200"

static void refused_credentials_are_failed_logins(void **state)
{
    (void)state;
    static const struct turn two[] = {C(GET BASIC), S(REFUSED), C(GET BASIC),
                                      S("HTTP/1.0 403 x\r\n\r\n")};
    static const struct turn asked[] = {C(GET "\r\n"), S(REFUSED), C(GET BASIC), S(REFUSED)};
    static const struct turn then_in[] = {C(GET BASIC), S(REFUSED), C(GET BASIC),
                                          S("HTTP/1.1 200 OK\r\n\r\n")};
    static const struct turn post[] = {
        C("POST /api/Login HTTP/1.1\r\n\r\n{\"user\":\"a\"}"),
        S("HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 401 no\r\n\r\n"),
    };
    static const struct turn proxy[] = {
        C("GET http://a/ HTTP/1.1\r\nProxy-Authorization: Basic YTpi\r\n\r\n"),
        S("HTTP/1.1 407 no\r\n\r\n")};

    RUN(GAD_APP_HTTP, two, .num_failed_logins = 2);
    RUN(GAD_APP_HTTP, asked, .num_failed_logins = 1);
    RUN(GAD_APP_HTTP, then_in, .num_failed_logins = 1, .logged_in = 1);
    RUN(GAD_APP_HTTP, post, .num_failed_logins = 1);
    RUN(GAD_APP_HTTP, proxy, .num_failed_logins = 1);
}

static void without_credentials_nothing_fails(void **state)
{
    (void)state;
    static const struct turn challenge[] = {C(GET "\r\n"), S(REFUSED)};
    static const struct turn forbidden[] = {C("POST /upload HTTP/1.1\r\n\r\nx"),
                                            S("HTTP/1.1 403 x\r\n\r\n")};
    static const struct turn ntlm[] = {
        C(GET "Authorization: NTLM TlRMTVNTUAABAAAAB4I\r\n\r\n"), S(REFUSED),
        C(GET "Authorization: NTLM TlRMTVNTUAADAAAAGAA\r\n\r\n"), S("HTTP/1.1 200 OK\r\n\r\n")};
    static const struct turn in_body[] = {C("POST /a HTTP/1.1\r\n\r\n" BASIC),
                                          S("HTTP/1.1 401 x\r\n\r\n")};

    RUN(GAD_APP_HTTP, challenge, .logged_in = 1);
    RUN(GAD_APP_HTTP, forbidden, .logged_in = 1);
    RUN(GAD_APP_HTTP, ntlm, .logged_in = 1);
    RUN(GAD_APP_HTTP, in_body, .logged_in = 1);
}

/* Then a request can have been answered otherwise. */
static void unknown_answers_are_no_failures(void **state)
{
    (void)state;
    static const struct turn at_once[] = {C(GET BASIC GET BASIC), S(REFUSED REFUSED)};
    static const struct turn old[] = {C(GET BASIC), S("<html>"), C(GET BASIC), S(REFUSED)};
    static const struct turn upgraded[] = {C(GET BASIC), S(REFUSED), C(GET BASIC),
                                           S("HTTP/1.1 101 x\r\n\r\n")};

    RUN(GAD_APP_HTTP, at_once, .num_failed_logins = 1, .logged_in = 1);
    RUN(GAD_APP_HTTP, old, .num_failed_logins = 1, .logged_in = 1);
    RUN(GAD_APP_HTTP, upgraded, .num_failed_logins = 1, .logged_in = 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_credentials_are_failed_logins),
        cmocka_unit_test(without_credentials_nothing_fails),
        cmocka_unit_test(unknown_answers_are_no_failures),
        cmocka_unit_test(an_ordinary_session_is_only_logged_in),
        cmocka_unit_test(phf_that_works_shows_the_accounts),
        cmocka_unit_test(what_only_looks_like_accounts_is_none),
        cmocka_unit_test(phf_that_is_not_there_compromises_no_more_than_that),
        cmocka_unit_test(back_is_a_run_of_slashes),
        cmocka_unit_test(the_run_of_slashes_has_a_limit),
        cmocka_unit_test(targets_are_judged_decoded_and_only_in_requests),
        cmocka_unit_test(a_target_is_judged_by_what_is_kept_of_its_line),
        cmocka_unit_test(the_phrase_may_begin_again),
        cmocka_unit_test(a_gap_in_the_answer_breaks_the_phrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
