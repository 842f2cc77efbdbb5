/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Frames by hand: headers are written one after the other, outermost first, and the lengths and
 * sums of those that enclose others are put in by frame_end_...(). What the decoder makes of a
 * frame is caught.
 */

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/net/checksum.h"
#include "lib/net/decode.h"

enum { FRAME_MAX = 70000, CAUGHT_MAX = 8, LINK_EN10MB = 1 };
/* Bytes of headers of L4 that a packet needs, of 20 and 8. */
enum { TCP_NEEDED = 14, UDP_NEEDED = 4 };

struct frame {
    uint8_t p[FRAME_MAX];
    size_t len;
};

static inline void put_bytes(struct frame *f, const void *p, size_t n)
{
    assert(f->len + n <= FRAME_MAX);
    if (n > 0)
        memcpy(f->p + f->len, p, n);
    f->len += n;
}

static inline void put8(struct frame *f, unsigned v)
{
    const uint8_t b = (uint8_t)v;
    put_bytes(f, &b, 1);
}

static inline void put16(struct frame *f, unsigned v)
{
    put8(f, v >> 8);
    put8(f, v);
}

static inline void put32(struct frame *f, uint32_t v)
{
    put16(f, v >> 16);
    put16(f, v);
}

static inline void put_zeros(struct frame *f, size_t n)
{
    while (n-- > 0)
        put8(f, 0);
}

static inline void set16(struct frame *f, size_t at, size_t v)
{
    f->p[at] = (uint8_t)(v >> 8);
    f->p[at + 1] = (uint8_t)v;
}

static inline void put_ether(struct frame *f, unsigned type)
{
    put_bytes(f, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
    put16(f, type);
}

/* An IPv4 header of 20 bytes, 10.0.0.1 to 10.0.0.2; returns where it starts. */
static inline size_t put_ip4(struct frame *f, unsigned proto, unsigned id, unsigned fragment)
{
    size_t at = f->len;

    put16(f, 0x4500);
    put16(f, 0); /* length: end_ip4() */
    put16(f, id);
    put16(f, fragment);
    put8(f, 64);
    put8(f, proto);
    put16(f, 0);
    put_bytes(f, "\12\0\0\1\12\0\0\2", 8);
    return at;
}

static inline void end_ip4(struct frame *f, size_t at)
{
    size_t header = (size_t)(f->p[at] & 15) * 4;

    set16(f, at + 2, f->len - at);
    set16(f, at + 10, 0);
    uint16_t sum = (uint16_t)~gad_checksum_fold(gad_checksum_add(0, f->p + at, header));
    memcpy(f->p + at + 10, &sum, 2); /* of sums, the order of bytes is the machine's */
}

/* 2001:db8::1 to 2001:db8::2 */
static inline size_t put_ip6(struct frame *f, unsigned next)
{
    size_t at = f->len;

    put32(f, 0x60000000);
    put16(f, 0); /* length: end_ip6() */
    put8(f, next);
    put8(f, 64);
    for (unsigned i = 1; i <= 2; i++) {
        put32(f, 0x20010db8);
        put_zeros(f, 11);
        put8(f, i);
    }
    return at;
}

static inline void end_ip6(struct frame *f, size_t at)
{
    set16(f, at + 4, f->len - at - 40);
}

static inline void put_tcp(struct frame *f, unsigned src, unsigned dst, unsigned flags,
                           const char *payload)
{
    put16(f, src);
    put16(f, dst);
    put32(f, 1000);
    put32(f, 2000);
    put8(f, 0x50);
    put8(f, flags);
    put16(f, 512);
    put32(f, 0); /* checksum, urgent pointer */
    put_bytes(f, payload, strlen(payload));
}

static inline void put_udp(struct frame *f, unsigned src, unsigned dst, size_t payload)
{
    put16(f, src);
    put16(f, dst);
    put16(f, (unsigned)(8 + payload));
    put16(f, 0);
    for (size_t i = 0; i < payload; i++)
        put8(f, (unsigned)i);
}

static inline void put_icmp(struct frame *f, unsigned type, unsigned code, size_t payload)
{
    put8(f, type);
    put8(f, code);
    put16(f, 0);
    put32(f, 0x00010001);
    for (size_t i = 0; i < payload; i++)
        put8(f, (unsigned)i);
}

/* Ethernet, IPv4, TCP with five bytes of payload; the L4 header is at byte 34. */
static inline void put_plain(struct frame *f)
{
    put_ether(f, 0x0800);
    size_t ip = put_ip4(f, GAD_IP_TCP, 1, 0);
    put_tcp(f, 40000, 80, GAD_TCP_PSH | GAD_TCP_ACK, "hello");
    end_ip4(f, ip);
}

struct caught {
    size_t n;
    struct gad_packet p[CAUGHT_MAX];
    uint8_t data[CAUGHT_MAX][64]; /* its start */
};

static inline void catch (void *arg, const struct gad_packet *p)
{
    struct caught *c = arg;

    assert(c->n < CAUGHT_MAX && p->data_len <= p->len);
    c->p[c->n] = *p;
    if (p->data_len > 0)
        memcpy(c->data[c->n], p->data, p->data_len < 64 ? p->data_len : 64);
    c->n++;
}

static inline void catch_none(void *arg, const struct gad_packet *p)
{
    (void)arg;
    (void)p;
}

static inline struct gad_time at_ms(int64_t ms)
{
    return (struct gad_time){INT64_C(1000000000000000000) + ms * 1000000};
}

/* Decodes a frame whose capture is cut at caplen, from an exact copy on the heap, so that
 * AddressSanitizer watches it. */
static inline void feed_cut(struct gad_decoder *dec, int link_type, int64_t ms,
                            const struct frame *f, size_t caplen, size_t len, struct caught *c)
{
    uint8_t *copy = gad_calloc(1, caplen);

    assert(copy || caplen == 0);
    if (caplen > 0)
        memcpy(copy, f->p, caplen);
    gad_decode(dec, link_type, at_ms(ms), copy, caplen, len, catch, c);
    gad_free(copy);
}

static inline void feed(struct gad_decoder *dec, int64_t ms, const struct frame *f,
                        struct caught *c)
{
    feed_cut(dec, LINK_EN10MB, ms, f, f->len, f->len, c);
}

/* What a test of the decoder works with: set up by start(), or start_with() other options. */
static struct gad_decoder *dec;
static struct frame f;
static struct caught got;

static inline int start(void **state)
{
    (void)state;
    f.len = 0;
    got.n = 0;
    return gad_decoder_new(NULL, &dec);
}

static inline void start_with(struct gad_decoder_options opt)
{
    gad_decoder_free(dec);
    dec = NULL;
    int r = gad_decoder_new(&opt, &dec);
    assert(r == 0);
    (void)r;
}

static inline const struct gad_net_stats *stats(void)
{
    return gad_decoder_stats(dec);
}

static inline uint64_t fate(enum gad_net_fate x)
{
    return stats()->fate[x];
}

static inline int stop(void **state)
{
    (void)state;
    got.n = 0;
    gad_decoder_flush(dec, catch_none, NULL);
    const struct gad_net_stats *s = stats();
    bool adds_up = s->frames == fate(GAD_NET_PACKET) + fate(GAD_NET_JOINED) + gad_net_refused(s);
    bool none_held = fate(GAD_NET_HELD) == 0;
    gad_decoder_free(dec);
    dec = NULL;
    return adds_up && none_held ? 0 : -1;
}

/*
 * A frame with one packet at every length. Cut by the capture, it is a packet of the same length as
 * long as the first `head` bytes are there, and else a cut. Cut on the wire, it
 * is refused.
 */
static inline bool every_truncation_holds(int link_type, size_t head)
{
    for (size_t n = 0; n <= f.len; n++) {
        uint64_t cuts = fate(GAD_NET_CUT);
        got.n = 0;
        feed_cut(dec, link_type, 0, &f, n, f.len, &got);
        if (got.n != (n >= head) || fate(GAD_NET_CUT) != cuts + (n < head))
            return false;
        if (got.n == 1 && got.p[0].data_len > n)
            return false;
    }
    for (size_t n = 0; n < f.len; n++) {
        uint64_t cuts = fate(GAD_NET_CUT);
        got.n = 0;
        feed_cut(dec, link_type, 0, &f, n, n, &got);
        if (got.n != 0 || fate(GAD_NET_CUT) != cuts)
            return false;
    }
    return true;
}
