/* SPDX-License-Identifier: Apache-2.0 */
/* Which connections an FTP session names ftp_data, and which an attacker cannot have so named. */

#include <string.h>

#include "lib/flow/ftp.h"
#include "lib/flow/ports.h"
#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

#define LOGIN "<220 ok\r\n>USER joe\r\n<331 pass\r\n>PASS x\r\n<230 in\r\n"

enum { CLIENT = 0x0a000001, SERVER = 0x0a000002, OTHER = 0x0a000003, CONTROL = 40000 };

static void aim(struct traffic *tr, uint32_t src, uint16_t src_port, uint32_t dst,
                uint16_t dst_port)
{
    tr->next.tuple = tuple4(GAD_IP_TCP, src, src_port, dst, dst_port);
}

/* Lines of the client begin with >, of the server with <. */
static void say(struct traffic *tr, const char *text)
{
    while (*text) {
        const char *end = strchr(text, '\n') + 1;
        tr->next.data = (const uint8_t *)text + 1;
        send(tr, *text == '>', GAD_TCP_ACK, (uint32_t)(end - text - 1));
        tr->next.data = NULL;
        text = end;
    }
}

static void control(struct traffic *tr, uint16_t port, const char *text)
{
    aim(tr, CLIENT, port, SERVER, 21);
    play(tr, "ShA");
    say(tr, text);
}

static const struct gad_conn *connect_data(struct traffic *tr, uint32_t src, uint16_t src_port,
                                           uint32_t dst, uint16_t dst_port)
{
    size_t n = tr->n;

    aim(tr, src, src_port, dst, dst_port);
    play(tr, "ShADaFfA");
    wait_until(tr, tr->next.time.ns + 6 * SECOND);
    for (; n < tr->n; n++)
        if (tr->conns[n].tuple.src_port == src_port && tr->conns[n].tuple.dst_port == dst_port)
            return &tr->conns[n];
    return NULL;
}

static void check(struct traffic *tr, uint32_t src, uint16_t src_port, uint32_t dst,
                  uint16_t dst_port, bool is_data, bool logged_in)
{
    const struct gad_conn *c = connect_data(tr, src, src_port, dst, dst_port);

    assert_non_null(c);
    assert_int_equal(c->found, is_data ? GAD_FOUND_FTP_DATA : GAD_FOUND_NOTHING);
    if (is_data)
        assert_int_equal(c->content.logged_in, logged_in);
}

static void an_announced_connection_is_ftp_data_once(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool active, logged_in;
    } t[] = {
        {LOGIN ">PORT 10,0,0,1,200,1\r\n<200 ok\r\n", true, true},
        {LOGIN ">EPRT |1|10.0.0.1|51201|\r\n<200 ok\r\n", true, true},
        {LOGIN ">PASV\r\n<227 Entering Passive Mode (10,0,0,2,200,1)\r\n", false, true},
        {LOGIN ">PASV\r\n<227 =192,168,7,7,200,1\r\n", false, true}, /* behind NAT */
        {LOGIN ">EPSV\r\n<229 Entering Extended Passive Mode (|||51201|)\r\n", false, true},
        {"<220 ok\r\n>PASV\r\n<227 (10,0,0,2,200,1)\r\n", false, false},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct traffic tr;
        uint32_t src = t[i].active ? SERVER : CLIENT, dst = t[i].active ? CLIENT : SERVER;
        traffic_init(&tr, NULL);
        control(&tr, CONTROL, t[i].text);
        check(&tr, dst, 42000, src, 51201, false, false); /* the other host listens there */
        check(&tr, src, 42000, OTHER, 51201, false, false);
        check(&tr, OTHER, 42000, dst, 51201, false, false);
        check(&tr, src, 42000, dst, 51202, false, false);
        check(&tr, src, 42000, dst, 51201, true, t[i].logged_in);
        check(&tr, src, 42001, dst, 51201, false, false);
        struct gad_flow_counters n = gad_flow_table_counters(tr.t);
        assert_int_equal(n.ftp_announced, 1);
        assert_int_equal(n.ftp_data, 1);
        assert_int_equal(n.ftp_refused, 0);
        traffic_deinit(&tr);
    }
}

/* The bounce attack, and ports whose service must stay inspected. */
static void an_endpoint_of_others_is_not_believed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t dst;
        uint16_t port;
    } t[] = {
        {LOGIN ">PORT 10,0,0,3,200,1\r\n<200 ok\r\n", OTHER, 51201},
        {LOGIN ">PORT 10,0,0,2,200,1\r\n<200 ok\r\n", SERVER, 51201},
        {LOGIN ">PORT 10,0,0,3,0,23\r\n<200 ok\r\n", OTHER, 23},
        {LOGIN ">PORT 10,0,0,1,0,23\r\n<200 ok\r\n", CLIENT, 23},
        {LOGIN ">PORT 10,0,0,1,3,255\r\n<200 ok\r\n", CLIENT, 1023},
        {LOGIN ">PORT 10,0,0,1,31,65\r\n<200 ok\r\n", CLIENT, 8001},
        {LOGIN ">EPRT |2|::1|51201|\r\n<200 ok\r\n", CLIENT, 51201},
        {LOGIN ">PASV\r\n<227 (10,0,0,2,0,80)\r\n", SERVER, 80},
        {LOGIN ">EPSV\r\n<229 (|||22|)\r\n", SERVER, 22},
    };
    static struct gad_ports ports; /* too large for the stack */
    struct gad_flow_options o = gad_flow_defaults();

    ports = *traffic_ports();
    gad_ports_set(&ports, GAD_IP_TCP, 8001, 8001, true, GAD_APP_HTTP);
    o.ports = &ports;
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct traffic tr;
        traffic_init(&tr, &o);
        control(&tr, CONTROL, t[i].text);
        check(&tr, CLIENT, 42000, t[i].dst, t[i].port, false, false);
        check(&tr, SERVER, 42001, t[i].dst, t[i].port, false, false);
        check(&tr, SERVER, 20, t[i].dst, t[i].port, t[i].dst == CLIENT && t[i].port == 51201, true);
        assert_int_equal(gad_flow_table_counters(tr.t).ftp_refused, 1);
        traffic_deinit(&tr);
    }
}

static void an_endpoint_expires_and_the_next_replaces_it(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    control(&tr, CONTROL, LOGIN ">EPSV\r\n<229 (|||51201|)\r\n");
    wait_until(&tr, tr.next.time.ns + (GAD_FTP_WAIT_S + 1) * SECOND);
    check(&tr, CLIENT, 42000, SERVER, 51201, false, false);
    control(&tr, CONTROL + 1, LOGIN ">EPSV\r\n<229 (|||51202|)\r\n>EPSV\r\n<229 (|||51203|)\r\n");
    check(&tr, CLIENT, 42000, SERVER, 51202, false, false);
    check(&tr, CLIENT, 42000, SERVER, 51203, true, true);
    for (uint16_t i = 2; i < 5; i++) /* several sessions of the same hosts */
        control(&tr, CONTROL + i,
                i == 2   ? ">EPSV\r\n<229 (|||60002|)\r\n"
                : i == 3 ? ">EPSV\r\n<229 (|||60003|)\r\n"
                         : ">EPSV\r\n<229 (|||60004|)\r\n");
    for (uint16_t port = 60002; port <= 60004; port++)
        check(&tr, CLIENT, 42000, SERVER, port, true, true);
    traffic_deinit(&tr);
}

/* Port 20 of the server, to the client of a session that is open. */
static void port_20_needs_a_session_of_its_hosts(void **state)
{
    (void)state;
    struct traffic tr;

    traffic_init(&tr, NULL);
    check(&tr, SERVER, 20, CLIENT, 51201, false, false);
    control(&tr, CONTROL, LOGIN);
    check(&tr, SERVER, 20, CLIENT, 51201, true, true);
    check(&tr, SERVER, 20, CLIENT, 51202, true, true);
    check(&tr, SERVER, 20, CLIENT, 23, false, false);
    check(&tr, SERVER, 20, CLIENT, 80, false, false);
    check(&tr, SERVER, 20, CLIENT, 1023, false, false);
    check(&tr, CLIENT, 20, SERVER, 51201, false, false); /* the client is no server */
    check(&tr, SERVER, 20, OTHER, 51201, false, false);
    aim(&tr, CLIENT, CONTROL, SERVER, 21);
    tr.seq[0] = tr.seq[1] = 900000;
    control(&tr, CONTROL + 1, LOGIN ">QUIT\r\n<221 bye\r\n");
    play(&tr, "FfA");
    wait_until(&tr, tr.next.time.ns + 10 * SECOND);
    check(&tr, SERVER, 20, CLIENT, 51201, true, true); /* the first session is open */
    wait_until(&tr, tr.next.time.ns + 400 * SECOND);
    check(&tr, SERVER, 20, CLIENT, 51201, false, false);
    traffic_deinit(&tr);
}

/* Without memory for inspection a session is known, its login is not. */
static void a_session_counts_without_inspection(void **state)
{
    (void)state;
    struct gad_flow_options o = gad_flow_defaults();
    struct traffic tr;

    o.ports = traffic_ports();
    o.inspect_memory = 0;
    traffic_init(&tr, &o);
    control(&tr, CONTROL, LOGIN);
    check(&tr, SERVER, 20, CLIENT, 51201, true, false);
    traffic_deinit(&tr);
}

/* A port that the operator named ftp_data, and an answer whose command was lost. */
static void names_and_losses(void **state)
{
    (void)state;
    static struct gad_ports ports; /* too large for the stack */
    struct gad_flow_options o = gad_flow_defaults();
    struct traffic tr;

    ports = *traffic_ports();
    gad_ports_set(&ports, GAD_IP_TCP, 51201, 51210, true, GAD_APP_FTP_DATA);
    o.ports = &ports;
    traffic_init(&tr, &o);
    control(&tr, CONTROL, LOGIN);
    const struct gad_conn *c = connect_data(&tr, CLIENT, 42000, SERVER, 51205);
    assert_int_equal(c->found, GAD_FOUND_NOTHING); /* its port says it */
    assert_int_equal(c->content.logged_in, 1);
    aim(&tr, CLIENT, CONTROL + 1, SERVER, 21);
    play(&tr, "ShA");
    say(&tr, LOGIN);
    tr.seq[0] += 6; /* PASV and its line end */
    say(&tr, "<227 (10,0,0,2,250,1)\r\n");
    check(&tr, CLIENT, 42000, SERVER, 64001, true, true);
    traffic_deinit(&tr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_announced_connection_is_ftp_data_once),
        cmocka_unit_test(an_endpoint_of_others_is_not_believed),
        cmocka_unit_test(an_endpoint_expires_and_the_next_replaces_it),
        cmocka_unit_test(port_20_needs_a_session_of_its_hosts),
        cmocka_unit_test(a_session_counts_without_inspection),
        cmocka_unit_test(names_and_losses),
    };
    return cmocka_run_group_tests_name("ftp_data", tests, NULL, NULL);
}
