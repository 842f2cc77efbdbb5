/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/session.h"

#include <string.h>

#include "tools/ganad-traffic/draw.h"

enum { TEXT_MAX = 16 << 20, PACKETS_MAX = 1 << 24 };

/* Returned after memory ran out: written to, never read. */
static _Thread_local struct conn spare_conn;
static _Thread_local struct packet spare_packet;

int session_new(struct world *w, struct gad_rng rng, int64_t start, const char *kind,
                const char *label, struct session **ret)
{
    struct session *s = gad_calloc(1, sizeof(*s));

    if (!s)
        return GAD_ENOMEM;
    s->world = w;
    s->rng = rng;
    s->now = start;
    s->kind = kind;
    s->label = label;
    s->text = GAD_BUF_INIT(TEXT_MAX);
    *ret = s;
    return 0;
}

void session_free(struct session *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_conns; i++)
        gad_free(s->conn[i]);
    gad_free(s->conn);
    gad_free(s->packet);
    gad_buf_deinit(&s->text);
    gad_free(s);
}

static struct conn *new_conn(struct session *s)
{
    struct conn **grown = gad_realloc_array(s->conn, s->n_conns + 1, sizeof(struct conn *));

    if (!grown)
        return NULL;
    s->conn = grown;
    struct conn *c = gad_calloc(1, sizeof(*c));
    if (c)
        s->conn[s->n_conns++] = c;
    return c;
}

struct conn *session_conn(struct session *s, uint8_t proto, const struct endpoint *orig,
                          const struct endpoint *resp)
{
    struct conn *c = new_conn(s);

    if (!c) {
        s->bad = true;
        c = &spare_conn;
    }
    *c = (struct conn){.end = {*orig, *resp}, .proto = proto};
    memcpy(c->vlan, orig->vlan[0] ? orig->vlan : resp->vlan, sizeof(c->vlan));
    c->ip_id[ORIG] = (uint16_t)gad_rng_u64(&s->rng);
    c->ip_id[RESP] = (uint16_t)gad_rng_u64(&s->rng);
    c->truth.label = s->label;
    c->truth.kind = s->kind;
    c->truth.flag = "SF";
    c->truth.service = truth_service(proto, orig->port, resp->port);
    c->truth.land = orig->port == resp->port && memcmp(orig->addr, resp->addr, 16) == 0;
    c->truth.content[TRUTH_LOGGED_IN] = TRUTH_UNKNOWN;
    return c;
}

struct packet *session_packet(struct session *s, const struct conn *c, enum side from, int64_t t)
{
    if (s->n_packets == s->cap_packets) {
        size_t cap = s->cap_packets ? s->cap_packets * 2 : 8;
        struct packet *grown =
            cap > PACKETS_MAX ? NULL : gad_realloc_array(s->packet, cap, sizeof(*grown));
        if (!grown) {
            s->bad = true;
            return &spare_packet;
        }
        s->packet = grown;
        s->cap_packets = cap;
    }
    uint32_t number = 0;
    for (size_t i = s->n_conns; i-- > 0;) /* nearly always the newest */
        if (s->conn[i] == c) {
            number = (uint32_t)i;
            break;
        }
    struct packet *p = &s->packet[s->n_packets++];
    *p = (struct packet){.time = t, .conn = number, .bits = from == RESP ? PACKET_FROM_RESP : 0};
    return p;
}

uint32_t session_text(struct session *s, const void *p, size_t len)
{
    size_t at = s->text.len;
    gad_buf_add(&s->text, p, len);
    return (uint32_t)at; /* below TEXT_MAX */
}

void session_wait(struct session *s, int64_t us)
{
    s->now += us;
}

void session_think(struct session *s, uint64_t mean_us)
{
    s->now += (int64_t)draw_exp(&s->rng, mean_us);
}

/* Insertion sort, because scripts are nearly in order; stable for packets of the same time. */
static void sort(struct packet *a, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct packet p = a[i];
        size_t at = i;
        for (; at > 0 && a[at - 1].time > p.time; at--)
            a[at] = a[at - 1];
        a[at] = p;
    }
}

/* Returns true for a fragment but the last of its datagram: a tracker sees the datagram with the
 * last. */
static bool is_part(const struct session *s, size_t i)
{
    const struct packet *p = &s->packet[i], *next = p + 1;

    return p->bits & PACKET_FRAGMENT && i + 1 < s->n_packets && next->bits & PACKET_FRAGMENT &&
           next->conn == p->conn && next->ack == p->ack;
}

int session_finish(struct session *s)
{
    if (s->bad || s->text.bad)
        return GAD_ENOMEM;
    sort(s->packet, s->n_packets);
    for (size_t i = 0; i < s->n_packets; i++) {
        struct truth *t = &s->conn[s->packet[i].conn]->truth;
        if (is_part(s, i))
            continue;
        if (t->start == 0)
            t->start = s->packet[i].time;
        t->end = s->packet[i].time;
    }
    for (size_t i = 0; i < s->n_conns; i++)
        truth_complete(s->conn[i]);
    return 0;
}
