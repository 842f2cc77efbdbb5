/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include <stdio.h>
#include <string.h>

#include "tools/ganad-traffic/dialogue.h"
#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/frame.h"
#include "tools/ganad-traffic/tcp.h"
#include "tools/ganad-traffic/world.h"

enum { ECHO_REPLY = 0, ECHO = 8 }; /* types of ICMP */

/* --- floods, and datagrams that made old systems fail --- */

enum { TRIES = 1023 };

/* SYNs with forged addresses over ports 1 to 1023, as in the KDD99 rows: S0, and one REJ in
 * five. */
static void attack_neptune(struct session *s, struct campaign *a)
{
    struct endpoint forged;

    if (a->step == 0)
        world_inside_server(s, 80, &a->victim);
    world_forged(s->world, &forged);
    a->victim.port = (uint16_t)(1 + (a->mood + a->step) % TRIES);
    struct conn *c = tcp_new(s, &forged, &a->victim);
    if (draw_chance(&s->rng, 1, 5))
        tcp_refused(s, c);
    else
        tcp_unanswered(s, c, 0);
}

/* Replies to pings that the victim did not send, from many hosts of a network; 1032 or 520
 * bytes. */
static void attack_smurf(struct session *s, struct campaign *a)
{
    struct endpoint helper;

    if (a->step == 0)
        world_inside_server(s, 80, &a->victim);
    world_helper(a->mood + a->step, &helper);
    icmp_echo(s, &helper, &a->victim, ECHO_REPLY, a->mood << 16 | (a->step & 0xffff),
              a->mood % 5 ? 1024 : 512);
}

/*
 * A fragment of 36 bytes and one of 4 bytes inside its range, twice with the same id: three of the
 * four overlap earlier data. Of a single pair one overlaps. The 28 bytes of payload are those of
 * the first fragment.
 */
static void attack_teardrop(struct session *s, struct campaign *a)
{
    uint8_t first[36] = {0};
    uint16_t id = (uint16_t)gad_rng_u64(&s->rng);
    bool once = draw_chance(&s->rng, 1, 20);

    if (a->step == 0)
        world_inside_server(s, 0, &a->victim);
    a->attacker.port = world_port(s->world, &a->attacker);
    a->victim.port = (uint16_t)draw_between(&s->rng, 600, 1023);
    struct conn *c = udp_new(s, &a->attacker, &a->victim);
    (void)frame_put16(first, a->attacker.port);
    (void)frame_put16(first + 2, a->victim.port);
    (void)frame_put16(first + 4, sizeof(first));
    uint32_t at = session_text(s, first, sizeof(first));
    for (int i = 0; i < (once ? 1 : 2); i++) {
        fragment(s, c, ORIG, id, at, 0, sizeof(first), true);
        s->now += 20;
        fragment(s, c, ORIG, id, at, 24, 4, false);
        s->now += 20;
    }
    c->truth.bytes[ORIG] = 28;
    c->truth.wrong_fragment = once ? 1 : 3;
}

/* An echo whose last fragment ends beyond 65,535 bytes. KDD99: ecr_i, 1480 bytes, one wrong
 * fragment. */
static void attack_pod(struct session *s, struct campaign *a)
{
    enum { LAST = 44 * FRAME_FRAGMENT };
    uint8_t part[FRAME_FRAGMENT] = {ECHO_REPLY};
    struct endpoint from = a->attacker, to;
    uint16_t id = (uint16_t)gad_rng_u64(&s->rng);

    if (a->step == 0)
        world_inside_server(s, 0, &a->victim);
    to = a->victim;
    from.port = to.port = 0; /* type and code */
    struct conn *c = session_conn(s, PROTO_ICMP, &from, &to);
    (void)frame_put32(part + 4, gad_rng_below(&s->rng, 65536));
    uint32_t at = session_text(s, part, sizeof(part));
    for (uint32_t offset = 0; offset <= LAST; offset += FRAME_FRAGMENT) {
        fragment(s, c, ORIG, id, at, offset, FRAME_FRAGMENT, offset < LAST);
        s->now += 15;
    }
    c->truth.bytes[ORIG] = FRAME_FRAGMENT;
    c->truth.wrong_fragment = 1;
}

/* A SYN from the victim's own address and port. */
static void attack_land(struct session *s, struct campaign *a)
{
    if (a->step == 0)
        world_inside_server(s, 79, &a->victim);
    a->victim.port = a->step % 8 == 7 ? 23 : 79;
    session_wait(s, (int64_t)a->step * 6000000); /* after the timeout of the previous one */
    struct endpoint forged = a->victim;
    memcpy(forged.mac, a->attacker.mac, sizeof(forged.mac));
    tcp_unanswered(s, tcp_new(s, &forged, &a->victim), 0);
}

/* --- accounts: intrusion, and escalation of privileges --- */

/* Sets the addresses and ports of this step. */
static void aim(struct session *s, struct campaign *a, uint16_t port)
{
    if (a->step == 0)
        world_inside_server(s, port, &a->victim);
    a->victim.port = port;
    a->attacker.port = world_port(s->world, &a->attacker);
}

/* KDD99 rows: telnet, one or five wrong passwords, mostly reset by the attacker; one over FTP. */
static void attack_guess_passwd(struct session *s, struct campaign *a)
{
    static const char *const guesses[] = {"guest", "secret", "12345", "password", "letmein"};
    struct telnet t;
    struct ftp f;

    const char *guess = draw_pick(&s->rng, guesses);
    const struct user *u = user_any(&s->rng);
    if (a->step % 8 == 7) {
        aim(s, a, 21);
        ftp_open(&f, s, &a->attacker, &a->victim);
        ftp_login(&f, u->name, guess, false);
        ftp_quit(&f);
        return;
    }
    aim(s, a, 23);
    telnet_open(&t, s, &a->attacker, &a->victim);
    bool patient = draw_chance(&s->rng, 1, 8);
    for (uint32_t i = 0; i < (patient ? 5u : 1u); i++)
        telnet_login(&t, patient ? u->name : "guest", guess, false);
    if (patient)
        tcp_close(s, t.c, RESP);
    else
        tcp_reset(s, t.c, ORIG);
}

/* An anonymous user downloads files that others uploaded. */
static void attack_warezclient(struct session *s, struct campaign *a)
{
    static const uint32_t sizes[] = {334, 334, 334, 246, 832, 7045, 5133876};
    struct ftp f;
    char name[32];

    aim(s, a, 21);
    ftp_open(&f, s, &a->attacker, &a->victim);
    f.passive = false;
    ftp_login(&f, "anonymous", "x@x.com", true);
    ftp_command(&f, "CWD incoming", "250 CWD command successful.");
    ftp_transfer(&f, FTP_LIST, "-al", 1180);
    for (uint32_t n = draw_between(&s->rng, 20, 28), i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "part%02u.zip", i);
        uint32_t size = draw_pick(&s->rng, sizes);
        ftp_transfer(&f, FTP_FETCH, name, i == 0 || size < 1000000 ? size : 334);
    }
    ftp_quit(&f);
}

/* A guest uploads a .rhosts, and logs in through it by rlogin. */
static void attack_ftp_write(struct session *s, struct campaign *a)
{
    static const char hello[] = "\0ftp\0ftp\0xterm/38400";
    struct ftp f;

    aim(s, a, 21);
    ftp_open(&f, s, &a->attacker, &a->victim);
    ftp_login(&f, "anonymous", "x@x.com", true);
    ftp_transfer(&f, FTP_STORE, ".rhosts", 8);
    f.control->truth.content[TRUTH_ACCESS_FILES] = 1;
    ftp_quit(&f);

    session_think(s, 5000000);
    aim(s, a, 513);
    a->attacker.port = (uint16_t)(1023 - a->attacker.port % 512);
    struct telnet t = {.s = s, .c = tcp_open(s, &a->attacker, &a->victim)};
    tcp_send(s, t.c, ORIG, hello, sizeof(hello), 0, TCP_TEXT);
    tcp_send(s, t.c, RESP, "", 1, 0, TCP_TEXT);
    tcp_say(s, t.c, RESP, "Last login: Mon Jun  1 08:00:00 from pc7\r\nunix$ ");
    t.c->truth.content[TRUTH_LOGGED_IN] = 1;
    telnet_any_command(&t);
    telnet_exit(&t);
}

/* A user compiles a program, runs it, and becomes root. */
static void attack_buffer_overflow(struct session *s, struct campaign *a)
{
    const struct user *u = user_any(&s->rng);
    struct telnet t;

    aim(s, a, 23);
    telnet_open(&t, s, &a->attacker, &a->victim);
    telnet_login(&t, u->name, u->password, true);
    telnet_command(&t, "gcc -o lp lp.c", "", 0);
    telnet_counts(&t, TRUTH_HOT, 1);
    telnet_counts(&t, TRUTH_FILE_CREATIONS, 1);
    telnet_become_root(&t, "./lp");
    telnet_counts(&t, TRUTH_HOT, 1);
    telnet_command(&t, "id", "uid=0 gid=10\r\n", 0);
    telnet_command(&t, "cat /etc/shadow", "", 700);
    telnet_counts(&t, TRUTH_ACCESS_FILES, 1);
    telnet_exit(&t);
}

/* --- scans: flags and sizes have the frequencies of the KDD99 rows with the same label --- */

static struct conn *probe(struct session *s, struct campaign *a, uint16_t port)
{
    a->attacker.port = world_port(s->world, &a->attacker);
    a->victim.port = port;
    return tcp_new(s, &a->attacker, &a->victim);
}

/* One host, one port after the other. KDD99 rows: RSTR 737, REJ 214, S0 16, RSTOS0 11. */
static void attack_portsweep(struct session *s, struct campaign *a)
{
    uint32_t x = gad_rng_below(&s->rng, 100);

    if (a->step == 0)
        world_inside_server(s, 0, &a->victim);
    uint16_t port = (uint16_t)(1 + (a->mood + a->step * 7) % 2000);
    if (x >= 70) {
        struct conn *c = probe(s, a, port);
        if (x < 96)
            tcp_refused(s, c);
        else if (x < 98)
            tcp_unanswered(s, c, 0);
        else
            tcp_given_up(s, c, TCP_RST);
        return;
    }
    a->attacker.port = world_port(s->world, &a->attacker);
    a->victim.port = port;
    struct conn *c = tcp_open(s, &a->attacker, &a->victim);
    if (x < 8)
        tcp_send(s, c, ORIG, "x", 1, 0, TCP_TEXT);
    tcp_reset(s, c, RESP);
}

/* KDD99 rows: SYN then FIN to ports without a name, 8-byte pings, 207 bytes by UDP. */
static void attack_nmap(struct session *s, struct campaign *a)
{
    uint32_t x = gad_rng_below(&s->rng, 10);

    if (a->step == 0)
        world_inside_server(s, 0, &a->victim);
    if (x < 2) {
        world_server_number(a->mood + a->step, &a->victim);
        icmp_echo(s, &a->attacker, &a->victim, ECHO, a->step, 0);
    } else if (x < 3) {
        a->attacker.port = world_port(s->world, &a->attacker);
        a->victim.port = (uint16_t)draw_between(&s->rng, 600, 1023);
        udp_send(s, udp_new(s, &a->attacker, &a->victim), ORIG, "", 0, 207);
    } else {
        tcp_given_up(s, probe(s, a, (uint16_t)draw_between(&s->rng, 1, 1023)), TCP_FIN);
    }
}

/* KDD99 rows: REJ and S0 over all services, one byte by UDP, and a request to a service that
 * answers. */
static void attack_satan(struct session *s, struct campaign *a)
{
    uint32_t x = gad_rng_below(&s->rng, 100);

    if (a->step == 0)
        world_inside_server(s, 0, &a->victim);
    if (x < 74) {
        tcp_refused(s, probe(s, a, (uint16_t)(1 + (a->mood + a->step * 13) % 9000)));
    } else if (x < 85) {
        tcp_unanswered(s, probe(s, a, (uint16_t)(1 + (a->mood + a->step * 13) % 9000)), 0);
    } else if (x < 96) {
        a->attacker.port = world_port(s->world, &a->attacker);
        a->victim.port = (uint16_t)draw_between(&s->rng, 1, 4000);
        udp_send(s, udp_new(s, &a->attacker, &a->victim), ORIG, "\n", 1, 0);
    } else {
        a->attacker.port = world_port(s->world, &a->attacker);
        a->victim.port = 79;
        struct conn *c = tcp_open(s, &a->attacker, &a->victim);
        tcp_say(s, c, ORIG, "@\r\n");
        tcp_say(s, c, RESP, "No one logged on.\r\n");
        tcp_close(s, c, RESP);
    }
}

/* Pings of 8 and 18 bytes to one address after the other, unused ones too; sometimes a closed
 * port. */
static void attack_ipsweep(struct session *s, struct campaign *a)
{
    uint32_t x = gad_rng_below(&s->rng, 100);

    if (a->step % 5 == 4)
        world_unused(s, &a->victim);
    else
        world_server_number(a->mood + a->step, &a->victim);
    if (x < 6)
        tcp_refused(s, probe(s, a, (uint16_t)draw_between(&s->rng, 600, 1023)));
    else
        icmp_echo(s, &a->attacker, &a->victim, ECHO, a->step, x < 70 ? 0 : 10);
}

/* --- old web servers: the content columns are those of the KDD99 rows with the same label --- */

static struct conn *web_open(struct session *s, struct campaign *a)
{
    if (a->step == 0)
        world_inside_server(s, 80, &a->victim);
    a->attacker.port = world_port(s->world, &a->attacker);
    return tcp_open(s, &a->attacker, &a->victim);
}

/* A request of 54,540 bytes whose path is slashes only; the server returns 8,192 bytes of it. */
static void attack_back(struct session *s, struct campaign *a)
{
    enum { REQUEST = 54540, RETURNED = 8192 };
    static const char get[] = "GET ", behind[] = " HTTP/1.0\r\n\r\n";
    gad_cleanup(gad_freep) char *text = gad_calloc(1, REQUEST);
    struct conn *c = web_open(s, a);

    if (!text) {
        s->bad = true;
        return;
    }
    memset(text, '/', REQUEST);
    memcpy(text, get, sizeof(get) - 1);
    memcpy(text + REQUEST - (sizeof(behind) - 1), behind, sizeof(behind) - 1);
    tcp_send(s, c, ORIG, text, REQUEST, 0, TCP_TEXT);
    session_think(s, 400000);
    tcp_say(s, c, RESP, "HTTP/1.0 404 Not Found\r\n\r\n<TITLE>404</TITLE>\r\nThe requested URL ");
    tcp_send(s, c, RESP, text + 4, RETURNED, 0, TCP_TEXT);
    c->truth.content[TRUTH_HOT] = 1;
    if (draw_chance(&s->rng, 1, 16)) { /* some servers crash */
        tcp_reset(s, c, RESP);
        return;
    }
    tcp_say(s, c, RESP, " was not found on this server.<P>\r\n");
    c->truth.content[TRUTH_HOT] = 2;
    c->truth.content[TRUTH_COMPROMISED] = 1;
    tcp_close(s, c, RESP);
}

/* A script that passes its argument to a shell. */
static void attack_phf(struct session *s, struct campaign *a)
{
    struct conn *c = web_open(s, a);

    tcp_say(s, c, ORIG, "GET /cgi-bin/phf?Qalias=x%%0a/bin/cat%%20/etc/passwd\r\n\r\n");
    session_think(s, 50000);
    tcp_say(s, c, RESP,
            "<H1>Query Results</H1>\r\n<PRE>\r\nroot:x:0:1:root:/:/sbin/sh\r\n"
            "daemon:x:1:1::/:\r\nbin:x:2:2::/usr/bin:\r\nalice:x:2051:10::/users/alice:\r\n");
    tcp_send(s, c, RESP, "", 0, 7900, TCP_TEXT);
    c->truth.content[TRUTH_HOT] = 2; /* the script, and the path that it reads */
    c->truth.content[TRUTH_ACCESS_FILES] = 1;
    c->truth.content[TRUTH_ROOT_SHELL] = 1;
    tcp_close(s, c, RESP);
}

/* --- the table --- */

const struct attack attacks[] = {
    {"back", 12, 1500000, "a request of 54,540 slashes", attack_back},
    {"buffer_overflow", 4, 20000000, "a telnet session that gains root", attack_buffer_overflow},
    {"ftp_write", 3, 15000000, "a guest's .rhosts, then rlogin", attack_ftp_write},
    {"guess_passwd", 24, 3000000, "a telnet or FTP connection with wrong passwords",
     attack_guess_passwd},
    {"ipsweep", 60, 300000, "a ping of 8 bytes to another address", attack_ipsweep},
    {"land", 6, 1, "a SYN from itself", attack_land},
    {"mailbomb", 60, 100000, "the same mail again", attack_mailbomb},
    {"neptune", 600, 2500, "a SYN from a forged address", attack_neptune},
    {"nmap", 60, 150000, "a SYN and FIN, a ping or a datagram", attack_nmap},
    {"phf", 4, 20000000, "a request that reads /etc/passwd", attack_phf},
    {"pod", 12, 800000, "an echo beyond 65,535 bytes", attack_pod},
    {"portsweep", 120, 200000, "a connection to another port", attack_portsweep},
    {"satan", 150, 60000, "a connection to another service", attack_satan},
    {"smurf", 800, 1200, "an echo reply of 1,032 bytes", attack_smurf},
    {"teardrop", 24, 80000, "overlapping fragments", attack_teardrop},
    {"warezclient", 5, 12000000, "a guest's FTP session of many downloads", attack_warezclient},
};
const size_t n_attacks = sizeof(attacks) / sizeof(attacks[0]);
