/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/service.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/flow/ports.h"
#include "lib/record/column.h"
#include "tests/unit/test.h"

static struct gad_services *new_services(void)
{
    struct gad_services *s = NULL;
    assert_int_equal(gad_services_new(&s), 0);
    return s;
}

static const char *name_of(const struct gad_services *s, uint8_t proto, uint16_t src, uint16_t dst)
{
    const struct gad_tuple t = {.family = 4, .proto = proto, .src_port = src, .dst_port = dst};
    return gad_name_text(GAD_SERVICE, gad_services_of(s, &t, 0, 0));
}

static const char *tcp(const struct gad_services *s, uint16_t dst)
{
    return name_of(s, GAD_IP_TCP, 33000, dst);
}

static const char *udp(const struct gad_services *s, uint16_t dst)
{
    return name_of(s, GAD_IP_UDP, 33000, dst);
}

static const char *icmp(const struct gad_services *s, uint8_t proto, uint8_t type, uint8_t code)
{
    const struct gad_tuple t = {.proto = proto};
    return gad_name_text(GAD_SERVICE, gad_services_of(s, &t, type, code));
}

/* Of a flood over TCP 1 .. 1024 the data have 53 names, one port each, 971 - 1 times `private`,
 * once `other`; but ftp_data and pm_dump, which is unknown, are in the data for other reasons
 * too. */
static void below_1024_each_name_is_one_port(void **state)
{
    (void)state;
    gad_cleanup(gad_services_freep) struct gad_services *s = new_services();
    unsigned n[128] = {0};

    for (unsigned port = 0; port < 1024; port++) {
        const struct gad_tuple t = {.proto = GAD_IP_TCP, .dst_port = (uint16_t)port};
        int name = gad_services_of(s, &t, 0, 0);
        assert_in_range(name, 0, 127);
        n[name]++;
    }
    unsigned names = 0, more = 0;
    for (int i = 0; i < 128; i++) {
        names += n[i] > 0;
        more += n[i] > 1;
    }
    assert_int_equal(more, 1); /* private */
    assert_int_equal(n[gad_name_number(GAD_SERVICE, "private", 7)], 1024 - (names - 1));
    assert_int_equal(n[gad_name_number(GAD_SERVICE, "other", 5)], 0);
    assert_int_equal(names - 1, 52);
}

static void ports_have_the_names_of_the_data(void **state)
{
    (void)state;
    gad_cleanup(gad_services_freep) struct gad_services *s = new_services();
    static const struct {
        uint16_t port;
        const char *name;
    } t[] = {{20, "ftp_data"},    {21, "ftp"},       {57, "mtp"},         {71, "remote_job"},
             {72, "private"},     {80, "http"},      {113, "auth"},       {194, "private"},
             {443, "http_443"},   {1023, "private"}, {1024, "other"},     {1911, "other"},
             {2784, "http_2784"}, {5999, "other"},   {6000, "X11"},       {6063, "X11"},
             {6064, "other"},     {6667, "IRC"},     {8001, "http_8001"}, {8080, "other"},
             {49151, "other"},    {49152, "other"},  {65535, "other"},    {0, "private"},
             {544, "kshell"}};

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        assert_string_equal(tcp(s, t[i].port), t[i].name);
    assert_string_equal(udp(s, 53), "domain_u");
    assert_string_equal(tcp(s, 53), "domain");
    assert_string_equal(udp(s, 69), "tftp_u");
    assert_string_equal(udp(s, 123), "ntp_u");
    assert_string_equal(udp(s, 80), "private");
    assert_string_equal(udp(s, 161), "private");
    assert_string_equal(udp(s, 33001), "other");
}

static void the_port_of_the_originator_names_nothing(void **state)
{
    (void)state;
    gad_cleanup(gad_services_freep) struct gad_services *s = new_services();

    assert_string_equal(name_of(s, GAD_IP_TCP, 20, 1500), "other");
    assert_string_equal(name_of(s, GAD_IP_TCP, 20, 23), "telnet");
    assert_string_equal(name_of(s, GAD_IP_TCP, 1500, 20), "ftp_data");
    assert_string_equal(name_of(s, GAD_IP_TCP, 21, 1500), "other");
    assert_string_equal(name_of(s, GAD_IP_UDP, 20, 1500), "other");
}

static void icmp_has_a_name_for_the_message(void **state)
{
    (void)state;
    gad_cleanup(gad_services_freep) struct gad_services *s = new_services();
    static const struct {
        uint8_t type, code;
        const char *name;
    } four[] = {{0, 0, "ecr_i"},  {8, 0, "eco_i"},  {3, 3, "urp_i"},
                {3, 1, "urh_i"},  {3, 0, "oth_i"},  {5, 1, "red_i"},
                {11, 0, "tim_i"}, {13, 0, "oth_i"}, {255, 0, "oth_i"}},
      six[] = {{129, 0, "ecr_i"}, {128, 0, "eco_i"}, {1, 4, "urp_i"},   {1, 3, "urh_i"},
               {1, 0, "oth_i"},   {3, 0, "tim_i"},   {137, 0, "red_i"}, {135, 0, "oth_i"}};

    for (size_t i = 0; i < sizeof(four) / sizeof(four[0]); i++)
        assert_string_equal(icmp(s, GAD_IP_ICMP, four[i].type, four[i].code), four[i].name);
    for (size_t i = 0; i < sizeof(six) / sizeof(six[0]); i++)
        assert_string_equal(icmp(s, GAD_IP_ICMP6, six[i].type, six[i].code), six[i].name);
}

static void mappings_add_and_replace(void **state)
{
    (void)state;
    gad_cleanup(gad_services_freep) struct gad_services *s = new_services();

    assert_int_equal(gad_services_map(s, "tcp/8080 = http", NULL), 0);
    assert_string_equal(tcp(s, 8080), "http");
    assert_string_equal(udp(s, 8080), "other");
    assert_int_equal(
        gad_services_map(s, " udp/5300-5302=domain_u ,\ttcp / 80 = other , tcp/65535=IRC", NULL),
        0);
    assert_string_equal(udp(s, 5299), "other");
    assert_string_equal(udp(s, 5300), "domain_u");
    assert_string_equal(udp(s, 5302), "domain_u");
    assert_string_equal(udp(s, 5303), "other");
    assert_string_equal(tcp(s, 80), "other");
    assert_string_equal(tcp(s, 65535), "IRC");
    assert_int_equal(gad_services_map(s, "tcp/0-65535=other,tcp/7=echo", NULL), 0);
    assert_string_equal(tcp(s, 7), "echo");
    assert_string_equal(tcp(s, 8080), "other");
}

static void a_bad_mapping_is_explained_and_changes_nothing(void **state)
{
    (void)state;
    gad_cleanup(gad_services_freep) struct gad_services *s = new_services();
    static const struct {
        const char *text;
        int err;
        const char *says;
    } t[] = {
        {"", GAD_EFORMAT, "'' is not of the form tcp/8080 = http"},
        {"tcp/80", GAD_EFORMAT, "'tcp/80' is not of the form tcp/8080 = http"},
        {"http=tcp/80", GAD_EFORMAT, "'http=tcp/80' is not of the form tcp/8080 = http"},
        {"tcp/80=ftp,", GAD_EFORMAT, "'' is not of the form tcp/8080 = http"},
        {"sctp/80=http", GAD_EFORMAT, "'sctp/80=http': protocol 'sctp' is neither tcp nor udp"},
        {"tcp/65536=http", GAD_ELIMIT,
         "'tcp/65536=http': '65536' is not a port: a number from 0 to 65535"},
        {"tcp/-1=http", GAD_EFORMAT, "'tcp/-1=http': '' is not a port: a number from 0 to 65535"},
        {"tcp/9-8=http", GAD_EFORMAT, "'tcp/9-8=http': the range of ports ends before it begins"},
        {"tcp/80=", GAD_EUNKNOWN, "'tcp/80=': '' is not a service of KDD99"},
        {"tcp/80=httpd", GAD_EUNKNOWN,
         "'tcp/80=httpd': 'httpd' is not a service of KDD99; did you mean 'http'?"},
        {"tcp/80=ftp, tcp/81=\x01", GAD_EUNKNOWN,
         "'tcp/81=\\x01': '\\x01' is not a service of KDD99"},
    };

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct gad_diag d = {.text = ""};
        assert_int_equal(gad_services_map(s, t[i].text, &d), t[i].err);
        assert_string_equal(d.text, t[i].says);
        assert_int_equal(gad_services_map(s, t[i].text, NULL), t[i].err);
        assert_string_equal(tcp(s, 80), "http");
    }
}

static void without_memory_there_is_no_table(void **state)
{
    (void)state;
    struct gad_services *s = NULL;

    (void)gad_mem_fail_at(1);
    assert_int_equal(gad_services_new(&s), GAD_ENOMEM);
    (void)gad_mem_fail_at(0);
    assert_null(s);
    gad_services_free(NULL);
}

static void a_port_is_inspected_as_its_name_says(void **state)
{
    (void)state;
    static const struct {
        uint16_t port;
        enum gad_app app;
    } t[] = {
        {20, GAD_APP_FTP_DATA}, {21, GAD_APP_FTP},     {23, GAD_APP_TELNET},  {25, GAD_APP_SMTP},
        {37, GAD_APP_NONE},     {79, GAD_APP_FINGER},  {80, GAD_APP_HTTP},    {110, GAD_APP_POP3},
        {113, GAD_APP_AUTH},    {143, GAD_APP_IMAP},   {513, GAD_APP_RLOGIN}, {514, GAD_APP_RSH},
        {2784, GAD_APP_HTTP},   {6667, GAD_APP_IRC},   {8001, GAD_APP_HTTP},  {8080, GAD_APP_TEXT},
        {0, GAD_APP_TEXT},      {65535, GAD_APP_TEXT},
    };
    gad_cleanup(gad_services_freep) struct gad_services *s = new_services();
    const struct gad_ports *p = gad_services_ports(s);

    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
        assert_int_equal(gad_ports_app(p, t[i].port), t[i].app);
}

/* Private and other are no names; TCP and UDP are apart. */
static void named_ports_are_those_with_a_name_of_their_own(void **state)
{
    (void)state;
    gad_cleanup(gad_services_freep) struct gad_services *s = new_services();
    const struct gad_ports *p = gad_services_ports(s);
    unsigned tcp_ports = 0, udp_ports = 0;

    for (unsigned port = 0; port < GAD_PORTS; port++) {
        tcp_ports += gad_ports_is_named(p, GAD_IP_TCP, (uint16_t)port);
        udp_ports += gad_ports_is_named(p, GAD_IP_UDP, (uint16_t)port);
    }
    assert_int_equal(tcp_ports, 52 + 4 + 64); /* below 1024; aol, IRC and two of HTTP; X11 */
    assert_int_equal(udp_ports, 3);
    assert_true(gad_ports_is_named(p, GAD_IP_TCP, 6063));
    assert_false(gad_ports_is_named(p, GAD_IP_TCP, 6064));
}

static void a_mapping_moves_name_and_inspection_both_ways(void **state)
{
    (void)state;
    gad_cleanup(gad_services_freep) struct gad_services *s = new_services();
    const struct gad_ports *p = gad_services_ports(s);

    assert_int_equal(
        gad_services_map(s, "tcp/2121=ftp, tcp/21=other, tcp/2323-2325 = telnet", NULL), 0);
    assert_int_equal(gad_ports_app(p, 2121), GAD_APP_FTP);
    assert_int_equal(gad_ports_app(p, 2325), GAD_APP_TELNET);
    assert_int_equal(gad_ports_app(p, 2326), GAD_APP_TEXT);
    assert_int_equal(gad_ports_app(p, 21), GAD_APP_TEXT);
    assert_true(gad_ports_is_named(p, GAD_IP_TCP, 2121));
    assert_false(gad_ports_is_named(p, GAD_IP_TCP, 21));
    assert_int_equal(gad_services_map(s, "udp/2121=domain_u, tcp/23=private", NULL), 0);
    assert_int_equal(gad_ports_app(p, 2121), GAD_APP_FTP); /* UDP is not inspected */
    assert_true(gad_ports_is_named(p, GAD_IP_UDP, 2121));
    assert_int_equal(gad_ports_app(p, 23), GAD_APP_TEXT);
    assert_int_equal(gad_services_map(s, "tcp/0-65535=http", NULL), 0);
    assert_true(gad_ports_is_named(p, GAD_IP_TCP, 65535));
    assert_int_equal(gad_ports_app(p, 0), GAD_APP_HTTP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(below_1024_each_name_is_one_port),
        cmocka_unit_test(ports_have_the_names_of_the_data),
        cmocka_unit_test(the_port_of_the_originator_names_nothing),
        cmocka_unit_test(icmp_has_a_name_for_the_message),
        cmocka_unit_test(mappings_add_and_replace),
        cmocka_unit_test(a_bad_mapping_is_explained_and_changes_nothing),
        cmocka_unit_test(without_memory_there_is_no_table),
        cmocka_unit_test(a_port_is_inspected_as_its_name_says),
        cmocka_unit_test(named_ports_are_those_with_a_name_of_their_own),
        cmocka_unit_test(a_mapping_moves_name_and_inspection_both_ways),
    };
    return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
