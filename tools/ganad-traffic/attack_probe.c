/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include "tools/ganad-traffic/datagram.h"
#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/world.h"

/* Looking around. Flags and sizes come as often as the KDD99 rows of the same label have them. */

enum { ECHO = 8 };

static struct conn *probe(struct session *s, struct campaign *a, uint16_t port)
{
    a->attacker.port = world_port(s->world, &a->attacker);
    a->victim.port = port;
    return tcp_new(s, &a->attacker, &a->victim);
}

/* One host, one port after the other. Rows: RSTR 737, REJ 214, S0 16, RSTOS0 11. */
void attack_portsweep(struct session *s, struct campaign *a)
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

/* Rows: SYN then FIN to ports without a name, 8-byte pings, 207 bytes by UDP. */
void attack_nmap(struct session *s, struct campaign *a)
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

/* Rows: REJ and S0 over all services, one byte by UDP, and a word with what answers. */
void attack_satan(struct session *s, struct campaign *a)
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

/* Pings of 8 and 18 bytes to one address after the other, that of nobody too; now and then a closed port. */
void attack_ipsweep(struct session *s, struct campaign *a)
{
    uint32_t x = gad_rng_below(&s->rng, 100);

    if (a->step % 5 == 4)
        world_nobody(s, &a->victim);
    else
        world_server_number(a->mood + a->step, &a->victim);
    if (x < 6)
        tcp_refused(s, probe(s, a, (uint16_t)draw_between(&s->rng, 600, 1023)));
    else
        icmp_echo(s, &a->attacker, &a->victim, ECHO, a->step, x < 70 ? 0 : 10);
}
