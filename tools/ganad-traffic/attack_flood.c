/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include <string.h>

#include "tools/ganad-traffic/datagram.h"
#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/frame.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/world.h"

/* Floods, and datagrams that old systems fell over. */

enum { ECHO_REPLY = 0, TRIES = 1023 };

/* SYNs with forged addresses over ports 1 to 1023, as in the KDD99 rows: S0, and one REJ in five. */
void attack_neptune(struct session *s, struct campaign *a)
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

/* Replies to pings that the victim never sent, from all over a network; 1032 or 520 bytes. */
void attack_smurf(struct session *s, struct campaign *a)
{
    struct endpoint helper;

    if (a->step == 0)
        world_inside_server(s, 80, &a->victim);
    world_helper(a->mood + a->step, &helper);
    icmp_echo(s, &helper, &a->victim, ECHO_REPLY, a->mood << 16 | (a->step & 0xffff),
              a->mood % 5 ? 1024 : 512);
}

/*
 * A fragment of 36 bytes and one of 4 that lies inside it, twice with the same id: three of the four overlap what was
 * there. One pair alone: one does. The 28 bytes of payload are those of the first.
 */
void attack_teardrop(struct session *s, struct campaign *a)
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

/* An echo whose last fragment ends beyond 65,535 bytes. KDD99: ecr_i, 1480 bytes, one wrong fragment. */
void attack_pod(struct session *s, struct campaign *a)
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

/* From its own address and port to itself. */
void attack_land(struct session *s, struct campaign *a)
{
    if (a->step == 0)
        world_inside_server(s, 79, &a->victim);
    a->victim.port = a->step % 8 == 7 ? 23 : 79;
    session_wait(s, (int64_t)a->step * 6000000); /* each after the one before is given up */
    struct endpoint forged = a->victim;
    memcpy(forged.mac, a->attacker.mac, sizeof(forged.mac));
    tcp_unanswered(s, tcp_new(s, &forged, &a->victim), 0);
}
