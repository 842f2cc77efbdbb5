/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/inspect/dialogue.h"

#define SMTP_HEAD                                                                                  \
    S("220 host ESMTP\r\n"), C("HELO a\r\n"), S("250 Hello\r\n"), C("MAIL From:<root@a>\r\n"),     \
        S("250 ok\r\n"), C("RCPT To:<b@c>\r\n"), S("250 ok\r\n"), C("DATA\r\n"),                   \
        S("354 Enter mail\r\n")

static void a_mail_is_scanned_behind_its_headers(void **state)
{
    (void)state;
    static const struct turn t[] = {
        SMTP_HEAD,
        C("Received: (from root@localhost)\r\nSubject: cp a b, /etc/passwd\r\n\r\n"
          "the root of the matter, or root again\r\nrooted, uproot, root2\r\n"
          "then cp a b and mv b c\r\ncat >x\r\ncpu mvc cat <x\r\n"
          "have a look at /etc/passwd and .rhosts\r\n.\r\n"),
        S("250 accepted\r\n"),
        C("QUIT root cp a b\r\n"),
        S("221 root cp a b /etc/passwd\r\n"),
    };
    RUN(GAD_APP_SMTP, t, .logged_in = 1, .num_root = 1, .num_file_creations = 2,
        .num_access_files = 1);
}

static void su_root_in_a_mail_is_an_attempt(void **state)
{
    (void)state;
    static const struct turn t[] = {SMTP_HEAD, C("\r\nplease su root\r\nor su - root\r\n.\r\n")};
    static const struct turn second[] = {SMTP_HEAD,       C("\r\n.\r\n"),
                                         S("250 ok\r\n"), C("DATA\r\n"),
                                         S("354 go\r\n"), C("cp a b\r\n\r\nmv a b\r\n")};
    RUN(GAD_APP_SMTP, t, .logged_in = 1, .su_attempted = 1, .num_root = 2);
    RUN(GAD_APP_SMTP, second, .logged_in = 1, .num_file_creations = 1);
}

static void without_data_there_is_no_mail(void **state)
{
    (void)state;
    static const struct turn refused[] = {C("DATA\r\n"), S("503 no\r\n"), C("\r\ncp a b\r\n")};
    static const struct turn unasked[] = {C("NOOP\r\n"), S("354 what\r\n"), C("\r\ncp a b\r\n")};
    static const struct turn tls[] = {C("STARTTLS\r\n"), S("220 go\r\n"), C("DATA\r\n"),
                                      S("354 go\r\n"), C("\r\ncp a b\r\n")};
    static const struct turn late[] = {C("DATA\r\n"), S("503 no\r\n354 go\r\n"),
                                       C("\r\ncp a b\r\n")};

    RUN(GAD_APP_SMTP, late, .logged_in = 1);
    RUN(GAD_APP_SMTP, refused, .logged_in = 1);
    RUN(GAD_APP_SMTP, unasked, .logged_in = 1);
    RUN(GAD_APP_SMTP, tls, .logged_in = 1);
}

static void pop3_is_over_with_its_login(void **state)
{
    (void)state;
    static const struct turn t[] = {
        S("+OK ready\r\n"),      C("USER jane\r\n"), S("+OK\r\n"),       C("PASS x\r\n"),
        S("-ERR no\r\n"),        C("USER jane\r\n"), S("+OK\r\n"),       C("PASS y\r\n"),
        S("+OK 2 messages\r\n"), C("PASS z\r\n"),    S("-ERR what\r\n"),
    };
    static const struct turn apop[] = {S("+OK <1@a>\r\n"), C("APOP jane 0123\r\n"), S("+OK\r\n")};
    static const struct turn root[] = {C("USER Root\r\n"), S("+OK\r\n"), C("PASS x\r\n"),
                                       S("+OK\r\n")};
    static const struct turn tls[] = {C("STLS\r\n"), S("+OK\r\n"), C("USER j\r\n"), C("PASS x\r\n"),
                                      S("+OK\r\n")};
    static const struct turn no_tls[] = {C("STLS\r\n"), S("-ERR\r\n"), C("PASS x\r\n"),
                                         S("+OK\r\n")};

    RUN(GAD_APP_POP3, t, .logged_in = 1, .num_failed_logins = 1);
    RUN(GAD_APP_POP3, apop, .logged_in = 1);
    RUN(GAD_APP_POP3, root, .logged_in = 1, .num_root = 1, .num_compromised = 1);
    RUN(GAD_APP_POP3, tls, .logged_in = 0);
    RUN(GAD_APP_POP3, no_tls, .logged_in = 1);
}

static void imap_answers_by_tag(void **state)
{
    (void)state;
    static const struct turn t[] = {
        S("* OK ready\r\n"),
        C("a1 LOGIN jane x\r\n"),
        S("* OK wait\r\na0 OK no\r\na1 NO wrong\r\n"),
        C("a2 login jane y\r\n"),
        S("* x\r\na2 OK done\r\n"),
        C("a3 LOGIN x y\r\n"),
        S("a3 NO z\r\n"),
    };
    static const struct turn bad[] = {C("a LOGIN x y\r\n"), S("a BAD z\r\na OK z\r\n")};
    static const struct turn tls[] = {C("a STARTTLS\r\n"), S("a OK z\r\n"), C("b LOGIN x y\r\n"),
                                      S("b OK z\r\n")};
    static const struct turn tags[] = {C("1234567890123456 LOGIN x y\r\n"),
                                       S("1234567890123456 OK z\r\n")};
    static const struct turn long_tag[] = {C("12345678901234567 LOGIN x y\r\n"),
                                           S("12345678901234567 OK z\r\n")};
    static const struct turn early[] = {S("OK\r\n OK\r\n")};

    RUN(GAD_APP_IMAP, t, .logged_in = 1, .num_failed_logins = 1);
    RUN(GAD_APP_IMAP, bad, .logged_in = 0);
    RUN(GAD_APP_IMAP, tls, .logged_in = 0);
    RUN(GAD_APP_IMAP, tags, .logged_in = 1);
    RUN(GAD_APP_IMAP, long_tag, .logged_in = 0);
    RUN(GAD_APP_IMAP, early, .logged_in = 0);
}

static void a_gap_forgets_what_was_asked(void **state)
{
    (void)state;
    gad_cleanup(gad_inspect_freep) struct gad_inspect *i = NULL;
    struct gad_content c;

    assert_int_equal(gad_inspect_new(GAD_APP_POP3, &i), 0);
    feed(i, true, "PASS x\r\n", 8);
    gad_inspect_gap(i, true, 10);
    feed(i, false, "+OK\r\n", 5);
    gad_inspect_result(i, &c);
    expect_content(&c, &(struct gad_content){0});
}

/* As the rows of auth: 14 bytes asked, 37 answered, if the user is root. */
static void ident_names_a_user(void **state)
{
    (void)state;
    static const struct turn root[] = {C("43493 , 25\r\n"),
                                       S("43493 , 25 : USERID : UNIX : root\r\n")};
    static const struct turn jane[] = {C("43493 , 25\r\n"),
                                       S("43493 , 25 : USERID : UNIX :roots\r\n")};
    static const struct turn error[] = {C("43493 , 25\r\n"), S("43493 , 25 : ERROR : NO-USER\r\n")};

    RUN(GAD_APP_AUTH, root, .logged_in = 1, .num_root = 1, .num_compromised = 1);
    RUN(GAD_APP_AUTH, jane, .logged_in = 1);
    RUN(GAD_APP_AUTH, error, .logged_in = 0);
}

static void smtp_refuses_credentials(void **state)
{
    (void)state;
    static const struct turn plain[] = {
        S("220 h ESMTP\r\n"),
        C("EHLO a\r\n"),
        S("250-h\r\n250 AUTH PLAIN\r\n"),
        C("AUTH PLAIN AGEAYg==\r\n"),
        S("535-5.7.8 no\r\n535 5.7.8 no\r\n"),
        C("AUTH LOGIN\r\n"),
        S("334 VXNlcm5hbWU6\r\n"),
        C("DATA\r\n"),
        S("334 UGFzc3dvcmQ6\r\n"),
        C("YQ==\r\n"),
        S("535 no\r\n"),
        C("QUIT\r\n"),
        S("221 bye\r\n"),
    };
    static const struct turn then_in[] = {S("220 h\r\n"), C("AUTH PLAIN AA\r\n"), S("535 no\r\n"),
                                          C("AUTH PLAIN AB\r\n"), S("235 ok\r\n")};
    static const struct turn mail[] = {S("220 h\r\n"),  C("AUTH PLAIN AA\r\n"),
                                       S("535 no\r\n"), C("DATA\r\n"),
                                       S("354 go\r\n"), C("\r\ncp a b\r\n.\r\n")};
    static const struct turn other[] = {S("220 h\r\n"), C("AUTH X\r\n"), S("504 no\r\n"),
                                        C("MAIL\r\n"), S("535 no\r\n")};

    RUN(GAD_APP_SMTP, plain, .num_failed_logins = 2);
    RUN(GAD_APP_SMTP, then_in, .num_failed_logins = 1, .logged_in = 1);
    RUN(GAD_APP_SMTP, mail, .num_failed_logins = 1, .logged_in = 1, .num_file_creations = 1);
    RUN(GAD_APP_SMTP, other, .logged_in = 1);
}

static void pop3_has_challenges(void **state)
{
    (void)state;
    static const struct turn t[] = {
        S("+OK\r\n"),
        C("AUTH\r\n"),
        S("+OK\r\nPLAIN\r\n.\r\n"),
        C("AUTH PLAIN\r\n"),
        S("+ \r\n"),
        C("QUIT\r\n"),
        S("-ERR no\r\n"),
        C("AUTH PLAIN AA\r\n"),
        S("-ERR no\r\n"),
        C("AUTH X\r\n"),
        S("+ a\r\n"),
        C("*\r\n"),
        S("-ERR left\r\n"),
    };
    static const struct turn in[] = {C("AUTH PLAIN\r\n"), S("+\r\n"), C("AGEA\r\n"), S("+OK\r\n")};
    RUN(GAD_APP_POP3, t, .num_failed_logins = 2);
    RUN(GAD_APP_POP3, in, .logged_in = 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smtp_refuses_credentials),
        cmocka_unit_test(pop3_has_challenges),
        cmocka_unit_test(a_mail_is_scanned_behind_its_headers),
        cmocka_unit_test(su_root_in_a_mail_is_an_attempt),
        cmocka_unit_test(without_data_there_is_no_mail),
        cmocka_unit_test(pop3_is_over_with_its_login),
        cmocka_unit_test(imap_answers_by_tag),
        cmocka_unit_test(a_gap_forgets_what_was_asked),
        cmocka_unit_test(ident_names_a_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
