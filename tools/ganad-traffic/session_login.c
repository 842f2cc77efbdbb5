/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include <stdio.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/telnet_script.h"
#include "tools/ganad-traffic/users.h"
#include "tools/ganad-traffic/world.h"

/* People at terminals: telnet, rlogin, rsh, and SSH, of which only the beginning can be read. */

void session_telnet(struct session *s)
{
    static const uint8_t interrupt[] = {255, 244, 255, 242}; /* RFC 854: IAC IP, IAC DM */
    struct endpoint client, server;
    struct telnet t;
    const struct user *u = user_any(&s->rng);

    world_pair(s, 23, WORLD_ANY_FAMILY, &client, &server);
    telnet_open(&t, s, &client, &server);
    if (draw_chance(&s->rng, 1, 8))
        telnet_login(&t, u->name, "wonder21", false);
    telnet_login(&t, u->name, u->password, true);
    if (draw_chance(&s->rng, 1, 12))
        telnet_su(&t, draw_chance(&s->rng, 2, 3));
    for (uint32_t n = draw_between(&s->rng, 1, 12); n > 0; n--)
        telnet_any_command(&t);
    if (draw_chance(&s->rng, 1, 10)) {
        telnet_command(&t, "cp plan plan.old", "", 0);
        telnet_counts(&t, TRUTH_FILE_CREATIONS, 1);
    }
    if (draw_chance(&s->rng, 1, 10)) {
        telnet_command(&t, "mail2 bob", "mail2: not found\r\n", 0);
        telnet_counts(&t, TRUTH_COMPROMISED, 1);
    }
    if (draw_chance(&s->rng, 1, 10)) {
        tcp_urgent(s, t.c, ORIG, interrupt, sizeof(interrupt));
        tcp_say(s, t.c, RESP, "\r\n%s", t.at_root ? "# " : "unix$ ");
    }
    telnet_exit(&t);
}

void session_rlogin(struct session *s)
{
    struct endpoint client, server;
    const struct user *u = user_any(&s->rng);
    char hello[64];

    world_pair(s, 513, WORLD_IPV4, &client, &server);
    client.port =
        (uint16_t)(1023 - client.port % 512); /* RFC 1282: a reserved port, and below that two */
    struct telnet t = {.s = s, .c = tcp_open(s, &client, &server)};
    int n = snprintf(hello, sizeof(hello), "%c%s%c%s%cxterm/38400%c", 0, u->name, 0, u->name, 0, 0);
    tcp_send(s, t.c, ORIG, hello, (size_t)n, 0, TCP_TEXT);
    tcp_send(s, t.c, RESP, "", 1, 0, TCP_TEXT);
    tcp_say(s, t.c, RESP, "Last login: Mon Jun  1 08:00:00 from pc%u\r\nunix$ ",
            gad_rng_below(&s->rng, 100));
    t.c->truth.content[TRUTH_LOGGED_IN] = 1;
    for (uint32_t k = draw_between(&s->rng, 1, 6); k > 0; k--)
        telnet_any_command(&t);
    telnet_exit(&t);
}

void session_rsh(struct session *s)
{
    struct endpoint client, server;
    const struct user *u = user_any(&s->rng);
    char hello[64];

    world_pair(s, 514, WORLD_IPV4, &client, &server);
    client.port = (uint16_t)(1023 - client.port % 512);
    struct conn *c = tcp_open(s, &client, &server);
    int n = snprintf(hello, sizeof(hello), "0%c%s%c%s%cuptime%c", 0, u->name, 0, u->name, 0, 0);
    tcp_send(s, c, ORIG, hello, (size_t)n, 0, TCP_TEXT);
    session_think(s, 20000);
    tcp_send(s, c, RESP, "", 1, 0, TCP_TEXT);
    tcp_send(s, c, RESP, "", 0, draw_between(&s->rng, 20, 400), TCP_TEXT);
    tcp_close(s, c, RESP);
}

void session_ssh(struct session *s)
{
    struct endpoint client, server;

    world_pair(s, 22, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_say(s, c, RESP, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    tcp_say(s, c, ORIG, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    tcp_send(s, c, ORIG, "", 0, 1504, TCP_BINARY);
    tcp_send(s, c, RESP, "", 0, 1080, TCP_BINARY);
    tcp_send(s, c, ORIG, "", 0, 48, TCP_BINARY);
    tcp_send(s, c, RESP, "", 0, 452, TCP_BINARY);
    for (uint32_t n = draw_between(&s->rng, 5, 80); n > 0;
         n--) { /* keys, then an output now and then */
        session_wait(s, draw_between(&s->rng, 60000, 400000));
        tcp_send(s, c, ORIG, "", 0, 36, TCP_BINARY);
        tcp_send(s, c, RESP, "", 0, n % 8 ? 36 : draw_between(&s->rng, 100, 4000), TCP_BINARY);
    }
    tcp_close(s, c, ORIG);
}
