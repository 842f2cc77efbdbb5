/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/inspect/dialogue.h"

static void redis_names_a_wrong_password(void **state)
{
    (void)state;
    static const struct turn wrong[] = {
        C("*2\r\n$4\r\nAUTH\r\n$1\r\na\r\n"),
        S("-WRONGPASS invalid username-password pair\r\n"),
        C("auth b\r\n"),
        S("-ERR invalid password\r\n"),
        C("PING\r\n"),
        S("-NOAUTH Authentication required.\r\n"),
    };
    static const struct turn then_in[] = {C("AUTH a\r\nAUTH b\r\nAUTH c\r\n"),
                                          S("-WRONGPASS x\r\n-WRONGPASS x\r\n+OK\r\n")};
    static const struct turn open[] = {C("AUTH a\r\n"),
                                       S("-ERR Client sent AUTH, but no password is set\r\n")};
    static const struct turn data[] = {C("GET a\r\n"), S("$10\r\n-WRONGPASS\r\n")};
    static const struct turn text[] = {C("SET a \r\ncp a b\r\n"), S("+OK\r\n")};

    RUN(GAD_APP_REDIS, wrong, .num_failed_logins = 2);
    RUN(GAD_APP_REDIS, then_in, .num_failed_logins = 2, .logged_in = 1);
    RUN(GAD_APP_REDIS, open, .logged_in = 1);
    RUN(GAD_APP_REDIS, data, .logged_in = 1);
    RUN(GAD_APP_REDIS, text, .logged_in = 1, .num_file_creations = 1);
}

#define STARTUP "\0\0\0\x14\0\3\0\0user\0bob\0\0"
#define ASK     "R\0\0\0\x08\0\0\0\3"
#define DONE    "R\0\0\0\x08\0\0\0\0"
#define PASSWORD                                                                                   \
    "p\0\0\0\x09"                                                                                  \
    "pass\0"
#define ERROR(code) "E\0\0\0\x15SFATAL\0C" code "\0M28\0\0"

static void postgresql_refuses_a_role(void **state)
{
    (void)state;
    static const struct turn wrong[] = {C("\0\0\0\x08\x04\xd2\x16\x2f"),
                                        S("N"),
                                        C(STARTUP),
                                        S(ASK),
                                        C(PASSWORD),
                                        S(ERROR("28P01"))};
    static const struct turn role[] = {C(STARTUP), S(ERROR("28000"))};
    static const struct turn other[] = {C(STARTUP), S(ERROR("53300"))};
    static const struct turn in[] = {C(STARTUP), S(ASK), C(PASSWORD),
                                     S(DONE "S\0\0\0\x08"
                                            "a\0b\0"
                                            "Z\0\0\0\x05I" ERROR("28000"))};
    static const struct turn missing[] = {C(STARTUP), S(DONE ERROR("28000"))};
    static const struct turn tls[] = {C("\0\0\0\x08\x04\xd2\x16\x2f"), S("S"), C("x"),
                                      S(ERROR("28P01"))};
    static const struct turn http[] = {C("GET / HTTP/1.0\r\n\r\n"), S("HTTP/1.0 200 E\r\n")};

    RUN(GAD_APP_POSTGRESQL, wrong, .num_failed_logins = 1);
    RUN(GAD_APP_POSTGRESQL, role, .num_failed_logins = 1);
    RUN(GAD_APP_POSTGRESQL, other, .logged_in = 1);
    RUN(GAD_APP_POSTGRESQL, in, .logged_in = 1);
    RUN(GAD_APP_POSTGRESQL, missing, .num_failed_logins = 1);
    RUN(GAD_APP_POSTGRESQL, tls, .logged_in = 1);
    RUN(GAD_APP_POSTGRESQL, http, .logged_in = 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redis_names_a_wrong_password),
        cmocka_unit_test(postgresql_refuses_a_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
