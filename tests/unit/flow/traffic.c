/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/flow/traffic.h"

#include <ctype.h>
#include <string.h>

#include "lib/flow/ports.h"
#include "tests/unit/test.h"

int64_t tick_end(int64_t due)
{
    return (due + TICK - 1) / TICK * TICK;
}

struct gad_tuple tuple4(uint8_t proto, uint32_t src, uint16_t src_port, uint32_t dst,
                        uint16_t dst_port)
{
    struct gad_tuple t = {.family = 4, .proto = proto, .src_port = src_port, .dst_port = dst_port};

    for (int i = 0; i < 4; i++) {
        t.src[i] = (uint8_t)(src >> (24 - 8 * i));
        t.dst[i] = (uint8_t)(dst >> (24 - 8 * i));
    }
    return t;
}

const struct gad_ports *traffic_ports(void)
{
    static struct gad_ports p;

    gad_ports_init(&p);
    gad_ports_set(&p, GAD_IP_TCP, 20, 20, true, GAD_APP_FTP_DATA);
    gad_ports_set(&p, GAD_IP_TCP, 21, 21, true, GAD_APP_FTP);
    gad_ports_set(&p, GAD_IP_TCP, 80, 80, true, GAD_APP_HTTP);
    gad_ports_set(&p, GAD_IP_TCP, 443, 443, true, GAD_APP_NONE);
    gad_ports_set(&p, GAD_IP_UDP, 53, 53, true, GAD_APP_NONE);
    return &p;
}

void traffic_init(struct traffic *tr, const struct gad_flow_options *o)
{
    struct gad_flow_options defaults = gad_flow_defaults();

    defaults.max_flows = 1000;
    defaults.ports = traffic_ports();
    *tr = (struct traffic){.seq = {1000, 5000}};
    tr->next.time.ns = START;
    tr->next.tuple = tuple4(GAD_IP_TCP, 0x0a000001, 1025, 0x0a000002, 80);
    assert_int_equal(gad_flow_table_new(o ? o : &defaults, &tr->t), 0);
}

void traffic_deinit(struct traffic *tr)
{
    gad_flow_table_free(tr->t);
}

void keep_conn(void *arg, const struct gad_conn *c)
{
    struct traffic *tr = arg;

    assert_true(tr->n < CONNS_MAX);
    if (tr->n > 0)
        assert_true(c->decided.ns >= tr->conns[tr->n - 1].decided.ns);
    tr->conns[tr->n++] = *c;
}

static struct gad_tuple reversed(const struct gad_tuple *t)
{
    struct gad_tuple r = *t;

    memcpy(r.src, t->dst, sizeof(r.src));
    memcpy(r.dst, t->src, sizeof(r.dst));
    r.src_port = t->dst_port;
    r.dst_port = t->src_port;
    return r;
}

void send_packet(struct traffic *tr, const struct gad_packet *p)
{
    gad_flow_packet(tr->t, p, keep_conn, tr);
}

void send(struct traffic *tr, bool from_a, uint8_t flags, uint32_t len)
{
    struct gad_packet p = tr->next;
    uint32_t *seq = &tr->seq[from_a ? 0 : 1];

    p.tuple = from_a ? tr->next.tuple : reversed(&tr->next.tuple);
    p.tcp_flags = flags;
    p.seq = *seq;
    p.ack = flags & GAD_TCP_ACK ? tr->seq[from_a ? 1 : 0] : 0;
    p.len = len;
    p.data_len = p.data ? len : 0;
    *seq += len + ((flags & GAD_TCP_SYN) != 0) + ((flags & GAD_TCP_FIN) != 0);
    send_packet(tr, &p);
}

static uint8_t flags_of(char letter)
{
    switch (letter) {
    case 'S':
        return GAD_TCP_SYN;
    case 'H':
        return GAD_TCP_SYN | GAD_TCP_ACK;
    case 'F':
        return GAD_TCP_FIN | GAD_TCP_ACK;
    case 'N':
        return GAD_TCP_FIN;
    case 'R':
        return GAD_TCP_RST | GAD_TCP_ACK;
    case 'Q':
        return GAD_TCP_RST;
    case 'U':
        return GAD_TCP_ACK | GAD_TCP_URG;
    default:
        return GAD_TCP_ACK;
    }
}

void play(struct traffic *tr, const char *script)
{
    for (; *script; script++) {
        char letter = (char)toupper(*script);
        bool from_a = isupper(*script);
        if (*script == '.')
            tr->next.time.ns += MS;
        else if (*script == ',')
            tr->next.time.ns += SECOND;
        else if (letter == 'X')
            tr->seq[from_a ? 0 : 1] += 100;
        else
            send(tr, from_a, flags_of(letter), letter == 'D' || letter == 'U' ? 100 : 0);
    }
}

void wait_until(struct traffic *tr, int64_t ns)
{
    tr->next.time.ns = ns;
    gad_flow_advance(tr->t, tr->next.time, keep_conn, tr);
}

void flush(struct traffic *tr)
{
    gad_flow_flush(tr->t, keep_conn, tr);
}
