/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/inspect/dialogue.h"

#define OPTIONS_C "\xff\xfb%\xff\xfd\x03\xff\xfa\x18\x00SUN-CMD\xff\xf0"
#define OPTIONS_S "\xff\xfd\x18\xff\xfa'\x01\xff\xf0"
#define BANNER    "\r\n\r\nUNIX(r) System V Release 4.0 (host)\r\n\r\0\r\n\r\0\xff\xfb\x01login: "
#define WELCOME   "\r\nLast login: Fri Jan 23 14:39:42 from desk\r\nYou have mail.\r\njane% "
#define LOGIN                                                                                      \
    C(OPTIONS_C), S(OPTIONS_S), S(BANNER), C("ja"), S("ja"), C("ne\r\0"), S("ne\r\nPassword: "),   \
        C("secret\r\0"), S(WELCOME)

static void a_login_and_ordinary_work_is_only_a_login(void **state)
{
    (void)state;
    static const struct turn t[] = {
        LOGIN,
        C("ls -l\r\0"),
        S("ls -l\r\n-rw-r--r--  1 root  other 512 notes\r\njane% "),
        C("mail\r\0"),
        S("mail\r\n2 letters found in /var/mail/jane\r\n? "),
        C("q\r\0"),
        S("q\r\njane% "),
        C("more news; man sh | vi -\r\0"),
        S("\r\njane% "),
        C("cd work\r\0"),
        S("\r\njane% "),
        C("exit\r\0"),
        S("\r\njane% logout\r\n"),
    };
    RUN(GAD_APP_TELNET, t, .logged_in = 1);
}

/* As the sessions of guess_passwd: no login, and a try at the guest's account is hot. */
static void failed_logins_are_counted_and_a_guests_are_hot(void **state)
{
    (void)state;
    static const struct turn t[] = {
        S("login: "),
        C("guest\r\0"),
        S("guest\r\nPassword: "),
        C("a\r\0"),
        S("\r\nLogin incorrect\r\nlogin: "),
        C("Guest\r\0"),
        S("\r\nPassword: "),
        C("b\r\0"),
        S("\r\nLogin incorrect\r\nlogin: "),
        C("jane\r\0"),
        S("\r\nPassword: "),
        C("c\r\0"),
        S("\r\nLogin incorrect\r\n"),
    };
    RUN(GAD_APP_TELNET, t, .num_failed_logins = 3, .hot = 2);
}

static void a_failure_may_be_worded_otherwise_while_logging_in(void **state)
{
    (void)state;
    static const struct turn t[] = {
        S("Username: "),
        C("jane\r\0"),
        S("\r\nPassword: "),
        C("a\r\0"),
        S("\r\nAccess denied\r\nUsername: "),
        C("jane\r\0"),
        S("\r\nPassword: "),
        C("b\r\0"),
        S("\r\nWelcome.\r\nhost> "),
        C("show x\r\0"),
        S("\r\n% Invalid input\r\nhost> "),
    };
    RUN(GAD_APP_TELNET, t, .num_failed_logins = 1, .logged_in = 1);
}

static void a_guests_session_is_a_guests(void **state)
{
    (void)state;
    static const struct turn t[] = {
        S("login: "), C("guest\r\n"), S("\r\nPassword: "), C("guest\r\n"), S(WELCOME), C("w\r\n"),
    };
    RUN(GAD_APP_TELNET, t, .hot = 1, .logged_in = 1, .is_guest_login = 1);
}

static void a_login_without_a_password_shows_by_what_follows(void **state)
{
    (void)state;
    static const struct turn silent[] = {S("login: "), C("nopass\r\0"), S("\r\n")};
    static const struct turn greeted[] = {S("login: "), C("nopass\r\0"),
                                          S("\r\nLast login: x\r\n")};
    static const struct turn typing[] = {S("login: "), C("nopass\r\0"), S("\r\n$ "), C("l")};
    static const struct turn question[] = {S("login: "), C("nopass\r\0"), S("\r\nPassword: "),
                                           C("l")};
    static const struct turn unasked[] = {S("hello> "), C("./x\r\0"), S("\r\n# "), C("y\r\0")};
    static const struct turn failed[] = {S("login: "), C("x\r\0"),  S("Login incorrect\r\nagain> "),
                                         C("./x\r\0"), S("\r\n$ "), C("y\r\0")};

    RUN(GAD_APP_TELNET, unasked, .logged_in = 0);
    RUN(GAD_APP_TELNET, failed, .num_failed_logins = 1);
    RUN(GAD_APP_TELNET, silent, .logged_in = 0);
    RUN(GAD_APP_TELNET, greeted, .logged_in = 1);
    RUN(GAD_APP_TELNET, typing, .logged_in = 1);
    RUN(GAD_APP_TELNET, question, .logged_in = 0);
}

static void su_that_is_granted_is_a_root_shell(void **state)
{
    (void)state;
    static const struct turn t[] = {
        LOGIN,
        C("su root\r\0"),
        S("su root\r\nPassword: "),
        C("./secret\r\0"),
        S("\r\n# "),
        C("cd /x\r\0"),
        S("cd /x\r\n# "),
        C("id\r\0"),
        S("id\r\n# "),
        C("exit\r\0"),
        S("\r\njane% "),
        C("id\r\0"),
    };
    RUN(GAD_APP_TELNET, t, .logged_in = 1, .su_attempted = 2, .root_shell = 1, .num_root = 3);
}

static void su_that_is_refused_is_an_attempt(void **state)
{
    (void)state;
    static const struct turn t[] = {
        LOGIN,
        C("su -\r\0"),
        S("\r\nPassword: "),
        C("x\r\0"),
        S("\r\nsu: Sorry\r\njane% "),
        C("su bob\r\0"),
        S("\r\nPassword: "),
        C("x\r\0"),
        S("\r\nbob% "),
        C("id\r\0"),
    };
    RUN(GAD_APP_TELNET, t, .logged_in = 1, .su_attempted = 1);
}

static void su_is_to_root_by_name_or_by_none(void **state)
{
    (void)state;
    static const char *const root[] = {"su\r", "su -\r", "su root\r", "/bin/su - root\r",
                                       "ls; su\r"};
    static const char *const other[] = {"su bob\r", "su - bob\r", "sum\r", "man su\r"};
    for (size_t i = 0; i < 5 + 4; i++) {
        const char *line = i < 5 ? root[i] : other[i - 5];
        const struct turn t[] = {LOGIN, {.client = true, .p = line, .len = strlen(line)}};
        RUN(GAD_APP_TELNET, t, .logged_in = 1, .su_attempted = i < 5);
    }
}

/* The prompt becomes root's without su; a comment that is shown is not a prompt. */
static void an_overflow_to_a_root_shell(void **state)
{
    (void)state;
    static const struct turn t[] = {
        LOGIN,
        C("head x.sh\r\0"),
        S("\r\n# a comment\r\n#\r\njane% "),
        C("cat > eject.c\r\0"),
        S("\r\n"),
        C("main() { }\r\0\x04"),
        S("\r\njane% "),
        C("gcc -o eject eject.c\r\0"),
        S("\r\njane% "),
        C("./eject\r\0"),
        S("\r\nJumping to address 0xeffff630 B[364] E[400]\r\n# "),
        C("whoami\r\0"),
        S("\r\nroot\r\n# "),
        C("/bin/ksh\r\0"),
        S("\r\n# "),
    };
    RUN(GAD_APP_TELNET, t, .logged_in = 1, .hot = 3, .num_compromised = 1, .root_shell = 1,
        .num_root = 2, .num_file_creations = 2, .num_shells = 1);
}

static void root_prompts_of_many_forms(void **state)
{
    (void)state;
    static const char *const prompts[] = {"# ",
                                          "#",
                                          "root@host# ",
                                          "root@host:~ # ",
                                          "[root@host /root]# ",
                                          "bash-2.03# ",
                                          "\033[1mhost#\033[m "};
    static const char *const others[] = {"$ ", "% ", "item # ", "[jane@host a]# b ", "> "};

    for (size_t i = 0; i < 7 + 5; i++) {
        const char *prompt = i < 7 ? prompts[i] : others[i - 7];
        const struct turn t[] = {
            LOGIN, C("x\r\0"), S("\r\n"), {.p = prompt, .len = strlen(prompt)}, C("id\r\0")};
        RUN(GAD_APP_TELNET, t, .logged_in = 1, .root_shell = i < 7, .num_root = i < 7);
    }
}

static void files_made_and_looked_at(void **state)
{
    (void)state;
    static const struct turn t[] = {
        LOGIN,
        C("cp\ta b; mv b c\r\0"),
        S("\r\njane% "),
        C("cat /etc/passwd | grep cp\r\0"),
        S("\r\nroot:x:0:1:Super-User:/:/sbin/sh\r\njane% "),
        C("vi new\r\0"),
        S("\r\n\033[H\"new\" [New file] \r\n~\r\n~\r\n\"new\" [New file]\r\n"),
        C("ihello\r\0"),
        S("\r\njane% "),
        C("echo + + > .rhosts\r\0"),
        S("\r\nemacs: Command not found\r\njane% "),
        C("cd /etc\r\0"),
        S("\r\njane% "),
        C("cd /etcetera\r\0"),
    };
    RUN(GAD_APP_TELNET, t, .logged_in = 1, .num_file_creations = 3, .num_access_files = 2,
        .num_compromised = 1, .hot = 1);
}

static void only_ones_own_programs_are_hot(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned hot, created, shells;
    } t[] = {
        {"./x\r", 1, 0, 0},
        {"/tmp/1\r", 1, 0, 0},
        {"/tmp/9x\r", 1, 0, 0},
        {"/tmp/\r", 0, 0, 0},
        {"/tmp/x\r", 0, 0, 0},
        {"/tmp/:\r", 0, 0, 0},
        {"ls ./x\r", 0, 0, 0},
        {"a.out\r", 1, 0, 0},
        {"d/a.out x\r", 1, 0, 0},
        {"ls & ./x\r", 1, 0, 0},
        {"./x | ./y; ./z\r", 1, 0, 0},
        {"/usr/bin/gcc\r", 1, 1, 0},
        {"g++ a\r", 1, 1, 0},
        {"cc a\r", 1, 1, 0},
        {"gccx a\r", 0, 0, 0},
        {"echo gcc\r", 0, 0, 0},
        {"cat >x\r", 0, 1, 0},
        {"cat > x\r", 0, 1, 0},
        {"cat x > y\r", 0, 0, 0},
        {"cat\r", 0, 0, 0},
        {"cp\r", 0, 1, 0},
        {"sh\r", 0, 0, 1},
        {"/bin/csh -i\r", 0, 0, 1},
        {"man sh\r", 0, 0, 0},
        {"unset HISTFILE\r", 1, 0, 0},
        {"cd /usr/bin/\r", 1, 0, 0},
        {"cd /usr\r", 0, 0, 0},
        {"cd\r", 0, 0, 0},
        {"\r", 0, 0, 0},
        {" ; & | \r", 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        const struct turn turn[] = {LOGIN,
                                    {.client = true, .p = t[i].line, .len = strlen(t[i].line)}};
        RUN(GAD_APP_TELNET, turn, .logged_in = 1, .hot = (uint16_t)t[i].hot,
            .num_file_creations = (uint16_t)t[i].created, .num_shells = (uint16_t)t[i].shells);
    }
}

static void typing_errors_are_undone_before_a_line_is_judged(void **state)
{
    (void)state;
    static const struct turn t[] = {
        LOGIN,
        C("gxcc\b\b\bcc a.c\r\0"),
        S("\r\njane% "),
        C("./xterm\x7f\x7f\x7f\x7f\x7f\x7f\x7fls\r\0"),
        S("\r\njane% "),
        C("gcc\x15ls\r\0"),
        S("\r\njane% "),
        C("echo gcc\x17\x17gcc b.c\r\0"),
        S("\r\njane% "),
        C("l\033[Ds\r\0"),
        S("\r\njane% "),
        C("g\xff\xf1"
          "c\xff\xfb\x01"
          "c c.c\r\0"),
    };
    RUN(GAD_APP_TELNET, t, .logged_in = 1, .hot = 3, .num_file_creations = 3);
}

static void a_sequence_without_an_end_hides_only_its_line(void **state)
{
    (void)state;
    static const struct turn t[] = {LOGIN, C("\033]2;x\r\0"), S("\r\njane% "), C("./x\r\0")};
    RUN(GAD_APP_TELNET, t, .logged_in = 1, .hot = 1);
}

static void what_a_gap_falls_into_is_not_judged(void **state)
{
    (void)state;
    static const char in[] = "login: ", secret[] = "\r\nPassword: ",
                      ok[] = "\r\nLast login: x\r\n% ";
    for (int lost = 0; lost < 2; lost++) {
        gad_cleanup(gad_inspect_freep) struct gad_inspect *i = NULL;
        struct gad_content c;
        assert_int_equal(gad_inspect_new(GAD_APP_TELNET, &i), 0);
        feed(i, false, in, strlen(in));
        feed(i, true, "guest\r", 6);
        feed(i, false, secret, strlen(secret));
        feed(i, true, "x\r", 2);
        feed(i, false, ok, strlen(ok));
        feed(i, true, "./a", 3);
        if (lost)
            gad_inspect_gap(i, true, 5);
        feed(i, true, "b\r./c\r", 6);
        gad_inspect_gap(i, true, 0);
        gad_inspect_result(i, &c);
        expect_content(
            &c, &(struct gad_content){.logged_in = 1, .is_guest_login = 1, .hot = lost ? 2 : 3});
    }
}

/* After a gap in the server's output it is not known what the client answers. */
static void a_prompt_behind_a_gap_decides_nothing(void **state)
{
    (void)state;
    gad_cleanup(gad_inspect_freep) struct gad_inspect *i = NULL;
    struct gad_content c;

    assert_int_equal(gad_inspect_new(GAD_APP_TELNET, &i), 0);
    feed(i, false, "login: ", 7);
    feed(i, true, "jane\r", 5);
    gad_inspect_gap(i, false, 100);
    feed(i, false, "x", 1);
    feed(i, true, "y", 1);
    gad_inspect_result(i, &c);
    expect_content(&c, &(struct gad_content){0});
}

static void counts_saturate(void **state)
{
    (void)state;
    gad_cleanup(gad_inspect_freep) struct gad_inspect *i = NULL;
    struct gad_content c;

    assert_int_equal(gad_inspect_new(GAD_APP_TELNET, &i), 0);
    feed(i, false, "login: ", 7);
    for (unsigned k = 1; k <= UINT16_MAX + 2u; k++) {
        assert_true(feed(i, false, "Login incorrect\r\n", 17));
        gad_inspect_result(i, &c);
        assert_int_equal(c.num_failed_logins, k < UINT16_MAX ? k : UINT16_MAX);
    }
}

static void rlogin_knows_its_user_from_the_start(void **state)
{
    (void)state;
    static const struct turn refused[] = {
        C("\0joe\0guest\0sun/9600\0"),
        S("\0\x80"),
        C("\xff\xffss\x00\x1d\x00^\x00!\x00\x00"),
        S("Password: "),
        C("x\r"),
        S("\r\nLogin incorrect\r\nlogin: "),
    };
    static const struct turn trusted[] = {
        C("\0joe\0jane\0sun/9600\0"),
        S("\0"),
        S("\r\nLast login: x\r\n$ "),
        C("./x\r"),
    };
    static const struct turn no_guest[] = {C("\0guest\0\0sun/9600\0"), S("\0Password: "), C("x\r")};
    static const struct turn denied[] = {C("\0a\0b\0c\0"),
                                         S("\001rlogind: Permission denied.\r\n")};

    RUN(GAD_APP_RLOGIN, refused, .hot = 1, .num_failed_logins = 1);
    RUN(GAD_APP_RLOGIN, trusted, .hot = 1, .logged_in = 1);
    RUN(GAD_APP_RLOGIN, no_guest, .hot = 0);
    RUN(GAD_APP_RLOGIN, denied, .num_failed_logins = 1);
}

static void rsh_counts_a_command_that_runs(void **state)
{
    (void)state;
    static const struct turn refused[] = {
        C("1021\0joe\0joe\0cat /etc/passwd\0"),
        S("\001permission denied\n"),
        C("x"),
    };
    static const struct turn run_it[] = {
        C("0\0joe\0root\0cp /etc/passwd x; ./y\0"),
        S("\0"),
        S("root:x:0:\n"),
        C("./z\n"),
    };
    static const struct turn answer_first[] = {S("\0"), C("0\0a\0b\0./y\0")};

    RUN(GAD_APP_RSH, refused, .num_failed_logins = 1);
    RUN(GAD_APP_RSH, run_it, .num_file_creations = 1, .num_access_files = 1, .hot = 1,
        .num_root = 1);
    RUN(GAD_APP_RSH, answer_first, .hot = 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_and_ordinary_work_is_only_a_login),
        cmocka_unit_test(failed_logins_are_counted_and_a_guests_are_hot),
        cmocka_unit_test(a_failure_may_be_worded_otherwise_while_logging_in),
        cmocka_unit_test(a_guests_session_is_a_guests),
        cmocka_unit_test(a_login_without_a_password_shows_by_what_follows),
        cmocka_unit_test(su_that_is_granted_is_a_root_shell),
        cmocka_unit_test(su_that_is_refused_is_an_attempt),
        cmocka_unit_test(su_is_to_root_by_name_or_by_none),
        cmocka_unit_test(an_overflow_to_a_root_shell),
        cmocka_unit_test(root_prompts_of_many_forms),
        cmocka_unit_test(files_made_and_looked_at),
        cmocka_unit_test(only_ones_own_programs_are_hot),
        cmocka_unit_test(typing_errors_are_undone_before_a_line_is_judged),
        cmocka_unit_test(a_sequence_without_an_end_hides_only_its_line),
        cmocka_unit_test(what_a_gap_falls_into_is_not_judged),
        cmocka_unit_test(a_prompt_behind_a_gap_decides_nothing),
        cmocka_unit_test(counts_saturate),
        cmocka_unit_test(rlogin_knows_its_user_from_the_start),
        cmocka_unit_test(rsh_counts_a_command_that_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
