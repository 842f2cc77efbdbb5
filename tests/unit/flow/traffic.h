/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scripted packets for tests of the flow table, and a place for the connections that come out.
 *
 * A script is a string, a letter a packet, in upper case from host A, in lower case from host B:
 *   S SYN   H SYN+ACK   A ACK   D 100 bytes with ACK   F FIN+ACK   R RST+ACK   Q RST   N FIN
 *   U as D, with URG   X nothing: the next 100 bytes of this host are lost
 *   . 1 ms later (between packets no time passes)   , 1 s later
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/flow/table.h"

enum { CONNS_MAX = 64 };

struct traffic {
    struct gad_flow_table *t;
    struct gad_packet next; /* a template: time, tuple (A to B), vlan, data */
    uint32_t seq[2];        /* of A and B */
    struct gad_conn conns[CONNS_MAX];
    size_t n;
};

#define MS     INT64_C(1000000)
#define SECOND (1000 * MS)
#define START  (INT64_C(1780000000) * SECOND)
#define TICK   (INT64_C(1) << 23)

/* The end of the tick in which a deadline lies. */
int64_t tick_end(int64_t due);

/* Named: tcp 20 and 21 (FTP), 80, 443 (not inspected); udp 53. */
const struct gad_ports *traffic_ports(void);

/* A, B are 10.0.0.1 port 1025 and 10.0.0.2 port 80; their sequence numbers 1000 and 5000. */
void traffic_init(struct traffic *tr, const struct gad_flow_options *o);
void traffic_deinit(struct traffic *tr);

struct gad_tuple tuple4(uint8_t proto, uint32_t src, uint16_t src_port, uint32_t dst,
                        uint16_t dst_port);

void keep_conn(void *tr, const struct gad_conn *c);
void send(struct traffic *tr, bool from_a, uint8_t flags, uint32_t len);
void send_packet(struct traffic *tr, const struct gad_packet *p);
void play(struct traffic *tr, const char *script);
void wait_until(struct traffic *tr, int64_t ns);
void flush(struct traffic *tr);
