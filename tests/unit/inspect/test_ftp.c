/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "tests/unit/inspect/dialogue.h"

#define GREETING S("220 host FTP server ready.\r\n")
#define GUEST                                                                                      \
    GREETING, C("USER anonymous\r\n"), S("331 Guest login ok, send ident as password.\r\n"),       \
        C("PASS a@b\r\n"), S("230-Welcome\r\n 530 no code\r\n230-\r\n230 Guest login ok.\r\n")
#define USER                                                                                       \
    GREETING, C("user jane\r\n"), S("331 Password required for jane.\r\n"), C("PASS x\r\n"),       \
        S("230 User jane logged in.\r\n")
#define TRANSFER(command)                                                                          \
    C("PORT 192,0,2,1,6,226\r\n"), S("200 PORT command successful.\r\n"), C(command "\r\n"),       \
        S("150 ASCII data connection.\r\n"), S("226 Transfer complete.\r\n")

/* As the sessions of normal guests: hot is the number of transfers. */
static void each_transfer_is_hot(void **state)
{
    (void)state;
    static const struct turn t[] = {
        GUEST,
        C("SYST\r\n"),
        S("500 'SYST': command not understood.\r\n"),
        TRANSFER("LIST -l"),
        C("CWD pub\r\n"),
        S("250 CWD command successful.\r\n"),
        TRANSFER("RETR a"),
        TRANSFER("nlst"),
        TRANSFER("RETR b"),
        C("QUIT\r\n"),
        S("221 Goodbye.\r\n"),
    };
    RUN(GAD_APP_FTP, t, .logged_in = 1, .is_guest_login = 1, .hot = 4);
}

/* As warezmaster and, with a directory alone, its shortest session. */
static void uploads_and_directories_make_files(void **state)
{
    (void)state;
    static const struct turn many[] = {
        GUEST,
        C("MKD warez\r\n"),
        S("257 MKD command successful.\r\n"),
        TRANSFER("STOR a"),
        TRANSFER("STOU b"),
        TRANSFER("APPE c"),
        TRANSFER("LIST"),
    };
    static const struct turn one[] = {GREETING,
                                      C("USER ftp\r\n"),
                                      S("331 Guest login ok\r\n"),
                                      C("PASS w@w\r\n"),
                                      S("230 Guest login ok\r\n"),
                                      C("MKD abcd\r\n"),
                                      S("257 MKD command successful.\r\n")};
    static const struct turn refused[] = {
        GUEST,
        C("MKD a\r\n"),
        S("550 a: Permission denied.\r\n"),
        C("PORT 1,2,3,4,5,6\r\n"),
        S("200 ok\r\n"),
        C("STOR a\r\n"),
        S("553 a: Permission denied.\r\n"),
    };
    RUN(GAD_APP_FTP, many, .logged_in = 1, .is_guest_login = 1, .hot = 4, .num_file_creations = 4);
    RUN(GAD_APP_FTP, one, .logged_in = 1, .is_guest_login = 1, .num_file_creations = 1);
    RUN(GAD_APP_FTP, refused, .logged_in = 1, .is_guest_login = 1);
}

/* As ftp_write: hot 2, one file made, one of access control. */
static void a_file_of_access_control_is_counted(void **state)
{
    (void)state;
    static const struct turn t[] = {GUEST, TRANSFER("LIST"), TRANSFER("STOR .rhosts")};
    static const struct turn path[] = {USER, TRANSFER("RETR /etc/passwd"),
                                       TRANSFER("RETR passwd.c")};

    RUN(GAD_APP_FTP, t, .logged_in = 1, .is_guest_login = 1, .hot = 2, .num_file_creations = 1,
        .num_access_files = 1);
    RUN(GAD_APP_FTP, path, .logged_in = 1, .hot = 2, .num_access_files = 1);
}

static void failed_logins_are_530(void **state)
{
    (void)state;
    static const struct turn t[] = {
        GREETING,
        C("USER jane\r\n"),
        S("331 Password required\r\n"),
        C("PASS x\r\n"),
        S("530 Login incorrect.\r\n"),
        C("USER ftp\r\n"),
        S("530-User ftp\r\n530 access denied.\r\n"),
        C("LIST\r\n"),
        S("530 Please login with USER and PASS.\r\n"),
        C("QUIT\r\n"),
        S("221 x\r\n"),
    };
    RUN(GAD_APP_FTP, t, .num_failed_logins = 2);
}

static void a_name_of_a_guest_is_not_one_in_a_name(void **state)
{
    (void)state;
    static const char *const guests[] = {"ftp",       "FTP",   "guest", "visitor1",
                                         "Anonymous", "a@b.c", "0@A.9", "z@Z.9"};
    static const char *const others[] = {"ftpd",  "jane", "a@b",  "@b.c",
                                         "-@b.c", "a@b.", "a@.c", "root"};
    for (size_t i = 0; i < 8 + 8; i++) {
        char line[64];
        int n = snprintf(line, sizeof(line), "USER %s\r\n", i < 8 ? guests[i] : others[i - 8]);
        const struct turn t[] = {
            GREETING, {.client = true, .p = line, .len = (size_t)n}, S("230 ok\r\n")};
        RUN(GAD_APP_FTP, t, .logged_in = 1, .is_guest_login = i < 8);
    }
}

/* More commands at once than are remembered: those behind are counted, not known. */
static void replies_find_their_commands_in_a_pipeline(void **state)
{
    (void)state;
    static const struct turn t[] = {
        USER,
        C("PORT 1,2,3,4,5,6\r\nRETR a\r\nNOOP\r\nMKD x\r\n"),
        S("200 ok\r\n150 a\r\n226 a\r\n200 NOOP\r\n257 x\r\n"),
        C("NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nMKD 8\r\nMKD 9\r\n"),
        S("200 1\r\n200 2\r\n"),
        C("MKD 10\r\n"),
        S("200 3\r\n200 4\r\n200 5\r\n200 6\r\n200 7\r\n257 8\r\n257 9\r\n257 10\r\n"),
        C("MKD y\r\n"),
        S("257 y\r\n"),
    };
    RUN(GAD_APP_FTP, t, .logged_in = 1, .hot = 1, .num_file_creations = 3);
}

static void a_gap_forgets_which_reply_is_whose(void **state)
{
    (void)state;
    gad_cleanup(gad_inspect_freep) struct gad_inspect *i = NULL;
    struct gad_content c;

    assert_int_equal(gad_inspect_new(GAD_APP_FTP, &i), 0);
    feed(i, false, "220 x\r\n", 7);
    feed(i, true, "NOOP\r\nMKD a\r\n", 13);
    gad_inspect_gap(i, false, 1);
    feed(i, false, "00 x\r\n257 a\r\n257 b\r\n", 20);
    feed(i, true, "MKD b\r\n", 7);
    feed(i, false, "257 b\r\n", 7);
    gad_inspect_result(i, &c);
    expect_content(&c, &(struct gad_content){.num_file_creations = 1});
}

static void behind_tls_nothing_is_looked_for(void **state)
{
    (void)state;
    static const struct turn t[] = {GREETING, C("AUTH TLS\r\n"), S("234 ok\r\n"),
                                    C("USER jane\r\n"), S("230 ok\r\n")};
    RUN(GAD_APP_FTP, t, .logged_in = 0);
}

static bool endpoint(const char *command, const char *reply, struct gad_ftp_endpoint *e)
{
    gad_cleanup(gad_inspect_freep) struct gad_inspect *i = NULL;
    assert_int_equal(gad_inspect_new(GAD_APP_FTP, &i), 0);
    feed(i, true, command, strlen(command));
    assert_false(gad_inspect_take_endpoint(i, e));
    feed(i, false, reply, strlen(reply));
    bool has = gad_inspect_take_endpoint(i, e);
    struct gad_ftp_endpoint again;
    assert_false(gad_inspect_take_endpoint(i, &again));
    return has;
}

static void an_endpoint_is_known_once_it_is_agreed_on(void **state)
{
    (void)state;
    static const uint8_t v4[4] = {192, 0, 2, 255}, v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
    static const struct {
        const char *command, *reply;
        bool at_originator;
        uint8_t addr_len;
        uint16_t port;
    } t[] = {
        {"PORT 192,0,2,255,6,226\r\n", "200 ok\r\n", true, 4, 1762},
        {"EPRT |1|192.0.2.255|65535|\r\n", "200 ok\r\n", true, 4, 65535},
        {"eprt !2!2001:db8::1!21!\r\n", "200 ok\r\n", true, 16, 21},
        {"PASV\r\n", "227 Entering Passive Mode (192,0,2,255,4,1)\r\n", false, 4, 1025},
        {"PASV\r\n", "227 Entering Passive Mode. 192,0,2,255,0,1.\r\n", false, 4, 1},
        {"EPSV\r\n", "229 Entering Extended Passive Mode (|||6446|)\r\n", false, 0, 6446},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct gad_ftp_endpoint e;
        assert_true(endpoint(t[i].command, t[i].reply, &e));
        assert_int_equal(e.at_originator, t[i].at_originator);
        assert_int_equal(e.addr_len, t[i].addr_len);
        assert_int_equal(e.port, t[i].port);
        assert_memory_equal(e.addr, e.addr_len == 16 ? v6 : v4, e.addr_len);
        for (size_t k = e.addr_len; k < sizeof(e.addr); k++)
            assert_int_equal(e.addr[k], 0);
    }
}

static void a_bad_or_refused_endpoint_is_none(void **state)
{
    (void)state;
    static const char *const t[][2] = {
        {"PORT 192,0,2,1,6,226\r\n", "500 no\r\n"},
        {"PORT 192,0,2,256,6,226\r\n", "200 ok\r\n"},
        {"PORT 192,0,2,1,6\r\n", "200 ok\r\n"},
        {"PORT 192,0,2,1,,6\r\n", "200 ok\r\n"},
        {"PORT\r\n", "200 ok\r\n"},
        {"PORT 192,0,2,1,0,0\r\n", "200 ok\r\n"},
        {"EPRT |0|192.0.2.1|1|\r\n", "200 ok\r\n"},
        {"EPRT |3|192.0.2.1|1|\r\n", "200 ok\r\n"},
        {"EPRT |1|192.0.2|1|\r\n", "200 ok\r\n"},
        {"EPRT |2|192.0.2.1|1|\r\n", "200 ok\r\n"},
        {"EPRT |1|192.0.2.1|65536|\r\n", "200 ok\r\n"},
        {"EPRT |2|1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa|1|\r\n", "200 ok\r\n"},
        {"EPRT\r\n", "200 ok\r\n"},
        {"PASV\r\n", "227\r\n"},
        {"PASV\r\n", "227 (1,2,3,4,5)\r\n"},
        {"PASV\r\n", "200 (1,2,3,4,5,6)\r\n"},
        {"EPSV\r\n", "229 (|||x|)\r\n"},
        {"EPSV\r\n", "229 (\r\n"},
        {"NOOP\r\n", "227 (1,2,3,4,5,6)\r\n"},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct gad_ftp_endpoint e;
        assert_false(endpoint(t[i][0], t[i][1], &e));
    }
    gad_cleanup(gad_inspect_freep) struct gad_inspect *http = NULL;
    struct gad_ftp_endpoint e;
    assert_int_equal(gad_inspect_new(GAD_APP_HTTP, &http), 0);
    assert_false(gad_inspect_take_endpoint(http, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_transfer_is_hot),
        cmocka_unit_test(uploads_and_directories_make_files),
        cmocka_unit_test(a_file_of_access_control_is_counted),
        cmocka_unit_test(failed_logins_are_530),
        cmocka_unit_test(a_name_of_a_guest_is_not_one_in_a_name),
        cmocka_unit_test(replies_find_their_commands_in_a_pipeline),
        cmocka_unit_test(a_gap_forgets_which_reply_is_whose),
        cmocka_unit_test(behind_tls_nothing_is_looked_for),
        cmocka_unit_test(an_endpoint_is_known_once_it_is_agreed_on),
        cmocka_unit_test(a_bad_or_refused_endpoint_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
