/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets, 16 bytes each, after 3 bytes of options. Connections leave in order, with legal states,
 * each packet in exactly one of them, and all memory is freed, also if an allocation fails. The
 * hash key changes nothing. After each packet, counters are bounded and have not become lower.
 */

#include <string.h>

#include "lib/base/cursor.h"
#include "lib/flow/table.h"
#include "lib/record/service.h"

enum { PACKET_LEN = 16, PACKETS_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t interims, conns, packets, evicted, digest;
    int64_t decided;
};

static void mix(struct seen *s, uint64_t x)
{
    s->digest = (s->digest ^ x) * UINT64_C(0x9e3779b97f4a7c15);
    s->digest ^= s->digest >> 29;
}

static bool is_tcp_only(enum gad_conn_state s)
{
    return s != GAD_CONN_SF;
}

static void on_conn(void *arg, const struct gad_conn *c)
{
    struct seen *s = arg;
    bool none = c->state == GAD_CONN_REJ || c->state == GAD_CONN_SH || c->state == GAD_CONN_SHR ||
                c->state == GAD_CONN_RSTOS0 || c->state == GAD_CONN_RSTRH ||
                c->state == GAD_CONN_OTH;

    gad_assert(c->decided.ns >= s->decided);
    gad_assert(c->state < GAD_N_CONN_STATES);
    gad_assert(c->tuple.proto == GAD_IP_TCP || !is_tcp_only(c->state));
    gad_assert(c->src_packets + c->dst_packets > 0);
    gad_assert(c->end.ns >= c->start.ns);
    gad_assert(c->duration.ns >= 0 && c->duration.ns <= c->end.ns - c->start.ns);
    gad_assert(!none || (c->src_bytes == 0 && c->dst_bytes == 0 && c->content.logged_in == 0));
    gad_assert(c->urgent <= c->src_packets + c->dst_packets);
    s->decided = c->decided.ns;
    if (c->notes & GAD_NOTE_INTERIM) {
        s->interims++;
        return;
    }
    s->conns++;
    s->packets += c->src_packets + c->dst_packets;
    s->evicted += c->evicted;
    mix(s, c->src_bytes);
    mix(s, c->dst_bytes ^ (uint64_t)c->state << 56);
    mix(s, (uint64_t)c->end.ns ^ c->src_packets << 32);
    mix(s, (uint64_t)c->tuple.src_port << 16 | c->tuple.dst_port);
    mix(s, c->notes);
    mix(s, c->content.hot | (uint64_t)c->content.logged_in << 32);
}

/* What a fuzzer seldom finds by itself. Addresses and ports are those of read_packet(). */
static const char *const phrases[] = {
    "",
    "220 ftp\r\n",
    "USER joe\r\n",
    "331 Password\r\n",
    "PASS x\r\n",
    "230 Logged in\r\n",
    "PORT 1,0,0,0,4,0\r\n",
    "PORT 1,0,0,0,4,1\r\nPORT 1,0,0,0,4,2\r\n",
    "200 PORT\r\n",
    "PASV\r\n",
    "227 Entering (2,0,0,0,39,15)\r\n",
    "EPSV\r\n",
    "229 Entering (|||9999|)\r\n",
    "530 Login incorrect\r\n",
    "GET /../../etc/passwd HTTP/1.0\r\n\r\n",
    "HTTP/1.0 200 OK\r\n\r\nroot:x:0:0:\r\n",
    "SSH-2.0-OpenSSH_9.0\r\n",
    "login: ",
    "root\r\n",
    "Password: ",
    "Last login\r\n# ",
    "su -\r\n",
    "EHLO me\r\n",
    "220 smtp ESMTP\r\n",
    "\xff\xfd\x18\xff\xfd\x20",
    "\xff\xfb\x18\xff\xfc\x20",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "\x16\x03\x03\x00\x5a\x02\x00\x00\x56\x03\x03",
    "\n",
    "\0",
    "250 OK\r\n",
    "500 Unknown\r\n",
};

/* The next sequence number of each side, as a real host counts them. */
struct talk {
    uint32_t next[256][2];
};

/* Flags of 64 and 128: its number, and that which it acknowledges, are what a real host sends. */
static void continue_talk(struct talk *talk, struct gad_packet *p, uint8_t who, uint8_t flags)
{
    uint32_t *next = talk->next[who & 0xfe];
    bool back = who & 1;

    if (flags & 0x80)
        p->ack += next[!back];
    if (!(flags & 0x40))
        return;
    p->seq += next[back];
    next[back] = p->seq + p->len + ((flags & GAD_TCP_SYN) != 0) + ((flags & GAD_TCP_FIN) != 0);
}

/* Few hosts and ports, so that packets belong together; close numbers, so that they fit. */
static struct gad_packet read_packet(struct gad_cursor *in, struct talk *talk, int64_t *now,
                                     const uint8_t *all, size_t len)
{
    static const uint8_t protos[4] = {GAD_IP_TCP, GAD_IP_TCP, GAD_IP_UDP, GAD_IP_ICMP};
    static const uint16_t ports[8] = {20, 21, 23, 25, 80, 53, 443, 9999};
    uint8_t who = gad_cursor_u8(in), what = gad_cursor_u8(in);
    struct gad_packet p = {.tuple.family = who & 0x80 ? 6 : 4, .tuple.proto = protos[what & 3]};
    bool back = who & 1;
    uint16_t server = ports[who >> 1 & 7], client = (uint16_t)(1024 + (who >> 4 & 7));

    p.tuple.src[0] = back ? 2 : 1;
    p.tuple.dst[0] = back ? 1 : 2;
    if (p.tuple.proto != GAD_IP_ICMP) {
        p.tuple.src_port = back ? server : client;
        p.tuple.dst_port = back ? client : server;
    }
    p.vlan = what >> 2 & 1;
    p.bad_checksum = what >> 3 == 31;
    uint8_t flags = gad_cursor_u8(in), more = gad_cursor_u8(in);
    p.tcp_flags = flags & 0x3f;
    p.wrong_fragments = more & 1;
    p.is_ambiguous = (more & 6) == 6;
    p.tunnels = (more & 24) == 24;
    p.icmp_type = more >> 5;
    p.seq = (uint32_t)(int16_t)gad_cursor_u16be(in);
    p.ack = (uint32_t)(int16_t)gad_cursor_u16be(in);
    uint16_t length = gad_cursor_u16be(in);
    const char *phrase = phrases[length >> 11];
    p.len = length & 0x7ff;
    if (length >> 11) {
        p.len = p.data_len = (uint32_t)strlen(phrase) + (length >> 11 == 29);
        p.data = (const uint8_t *)phrase;
    } else {
        size_t skip = p.seq % 3 < len ? p.seq % 3 : 0; /* copies of the same bytes can differ */
        p.data_len = (uint32_t)(p.len < len - skip ? p.len : len - skip);
        p.data = all + skip;
    }
    if (p.tuple.proto == GAD_IP_TCP)
        continue_talk(talk, &p, who, flags);
    uint16_t step = gad_cursor_u16be(in);
    int64_t unit = step & 1 ? INT64_C(100000000) : INT64_C(100000);
    *now += (int64_t)(step >> 1) * unit;
    p.time.ns = *now - (what & 16 ? (int64_t)gad_cursor_u32be(in) : gad_cursor_u32be(in) % 1000);
    return p;
}

/* After each packet. Counters but for those of what is in use only grow. */
static void check_counters(const struct gad_flow_counters *had, const struct gad_flow_counters *c,
                           const struct gad_flow_options *o)
{
    struct gad_flow_counters before = *had;
    const uint64_t *x = (const uint64_t *)&before, *y = (const uint64_t *)c;

    before.flows = before.inspect_memory = 0;
    for (size_t i = 0; i < GAD_FLOW_COUNTERS; i++)
        gad_assert(x[i] <= y[i]);
    gad_assert(c->flows <= o->max_flows && c->flows_most <= o->max_flows);
    gad_assert(c->begun == c->ended + c->flows && c->begun <= 2 * c->packets);
    gad_assert(c->evicted + c->reused <= c->ended && c->cut + c->answered <= c->ended);
    gad_assert(c->inspect_memory <= o->inspect_memory);
    gad_assert(c->guessed <= c->begun && c->found + c->ftp_data <= 2 * c->begun);
    gad_assert(c->resets_wrong + c->syns_wrong <= c->out_of_window);
    gad_assert(c->out_of_window <= c->packets && c->dropped <= c->packets);
    gad_assert(c->resets_revoked <= c->packets && c->late <= c->packets);
    gad_assert(c->inspected + c->inspect_refused <= c->packets);
    gad_assert(c->inspect_cut <= c->inspected && c->ambiguous <= c->packets);
    gad_assert(c->icmp_answers + c->icmp_unasked + c->background <= c->packets);
    gad_assert(c->gap_bytes <= c->packets << 33 && c->inspect_cut_bytes <= c->packets << 13);
}

static struct seen run(const uint8_t *data, size_t size, struct gad_flow_options *o)
{
    struct gad_cursor in = gad_cursor_init(data, size);
    struct seen s = {0};
    struct gad_flow_table *t = NULL;
    uint64_t dropped = 0;
    int64_t now = INT64_C(1000000000000);
    struct talk talk = {0};
    struct gad_flow_counters c = {0}, before = {0};
    uint8_t options = gad_cursor_u8(&in);

    o->max_flows = 1 + gad_cursor_u8(&in) % 32;
    o->by_vlan = options & 1;
    o->inspect_memory = options & 2 ? 4000 : options & 4 ? 0 : 1 << 20;
    o->by_content = options & 16;
    o->inspect_bytes = options & 8 ? 1000 : 1 << 20;
    o->interim.ns = options & 32 ? INT64_C(1000000000) : 0;
    gad_assert(gad_flow_table_new(o, &t) == 0);
    (void)gad_mem_fail_at(gad_cursor_u8(&in)); /* 0: none */
    for (int n = 0; in.left >= PACKET_LEN && n < PACKETS_MAX; n++) {
        struct gad_packet p = read_packet(&in, &talk, &now, data, size);
        dropped += p.bad_checksum;
        gad_flow_packet(t, &p, on_conn, &s);
        c = gad_flow_table_counters(t);
        check_counters(&before, &c, o);
        before = c;
    }
    gad_flow_flush(t, on_conn, &s);
    c = gad_flow_table_counters(t);
    check_counters(&before, &c, o);
    gad_assert(c.flows == 0 && c.ended == s.conns && c.begun == s.conns && c.evicted == s.evicted);
    gad_assert(c.interims == s.interims && c.cut + c.answered <= c.ended);
    gad_assert(c.packets == s.packets + c.not_counted + c.bad_checksums + c.late);
    gad_assert(c.bad_checksums == dropped && c.inspect_memory == 0);
    gad_flow_table_free(t);
    (void)gad_mem_fail_at(0);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gad_services *services;
    struct gad_flow_options o = gad_flow_defaults();

    if (!services && gad_services_new(&services) != 0)
        return 0;
    o.ports = gad_services_ports(services);
    struct seen x = run(data, size, &o);

    memset(o.hash_key, 0x5a, sizeof(o.hash_key));
    struct seen y = run(data, size, &o);
    gad_assert(memcmp(&x, &y, sizeof(x)) == 0);
    return 0;
}
