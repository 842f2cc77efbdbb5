/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng, draft-ietf-opsawg-pcapng: blocks that say their length at both ends. */
#include <string.h>

#include "lib/base/cursor.h"
#include "lib/net/decode.h"
#include "lib/net/savefile_parts.h"

enum {
    SECTION = 0x0a0d0d0a,
    INTERFACE = 1,
    PACKET = 2, /* obsolete */
    SIMPLE_PACKET = 3,
    ENHANCED_PACKET = 6,
    HEAD_LEN = 8,
    TRAILER_LEN = 4,
    BLOCK_MIN = HEAD_LEN + TRAILER_LEN,
    SECTION_LEN = 24, /* up to its options, like the following */
    INTERFACE_LEN = 16,
    PACKET_LEN = 28,
    SIMPLE_LEN = 12,
    BYTE_ORDER = 0x1a2b3c4d,
    RESOLUTION = 9, /* options of an interface */
    TIME_OFFSET = 14,
};

static int64_t clamp_time(int64_t sec, uint64_t ns)
{
    int64_t t;

    if (sec < 0)
        return 0;
    if (__builtin_mul_overflow(sec, INT64_C(1000000000), &t) ||
        __builtin_add_overflow(t, (int64_t)ns, &t))
        return INT64_MAX;
    return t;
}

static struct gad_time time_of(const struct savefile_interface *i, uint64_t t)
{
    uint64_t units = 1, fraction;
    unsigned e = i->exponent;
    int64_t sec;

    if (i->is_binary) { /* e <= 63; 32 bits of a fraction are finer than a nanosecond */
        sec = (int64_t)(e > 0 ? t >> e : t & INT64_MAX);
        fraction = t & ((UINT64_C(1) << e) - 1);
        fraction = e > 32 ? fraction >> (e - 32) : fraction << (32 - e);
        fraction = (fraction & UINT32_MAX) * 1000000000 >> 32;
    } else { /* e <= 19 */
        for (unsigned k = 0; k < e; k++)
            units *= 10;
        sec = (int64_t)(t / units & INT64_MAX);
        fraction = t % units;
        for (; e < 9; e++)
            fraction *= 10;
        for (; e > 9; e--)
            fraction /= 10;
    }
    if (__builtin_add_overflow(sec, i->offset_s, &sec))
        sec = i->offset_s < 0 ? 0 : INT64_MAX;
    return (struct gad_time){clamp_time(sec, fraction)};
}

/* Ends the file here: nothing says where the next block begins. */
static int lost(struct gad_savefile *s, const char *why)
{
    gad_savefile_note_damage(s, "%s; the rest is not read", why);
    s->has_ended = true;
    return GAD_END;
}

/* Do the (n) bytes hold the head of a packet that fits into its block of @len bytes? */
static bool is_sound_packet(const struct gad_savefile *s, const uint8_t *p, size_t n, uint32_t len)
{
    return n >= PACKET_LEN && savefile_u32(s, p) == ENHANCED_PACKET &&
           savefile_u32(s, p + 8) < s->n_interfaces && len >= PACKET_LEN + TRAILER_LEN &&
           savefile_u32(s, p + 20) <= len - PACKET_LEN - TRAILER_LEN;
}

/*
 * After damage: is there a block, or the end? More is asked of it than of others: two equal
 * lengths, or a packet that fits.
 */
static bool is_plausible(struct gad_savefile *s)
{
    size_t n;
    const uint8_t *p = gad_bytes_need(s->bytes, BLOCK_MIN, &n);

    if (n < BLOCK_MIN)
        return n == 0;
    uint32_t type = savefile_u32(s, p), len = savefile_u32(s, p + 4);
    if (type == SECTION)
        return savefile_u32(s, p + 8) == BYTE_ORDER ||
               savefile_u32(s, p + 8) == __builtin_bswap32(BYTE_ORDER);
    /* 4 to 10: names, statistics, journal, secrets; bad: custom, with its upper bit or not */
    bool is_known = (type >= 1 && type <= 10) || (type & 0xbfffffff) == 0xbad;
    if (!is_known || len < BLOCK_MIN || len > GAD_BYTES_WINDOW - 3)
        return false;
    size_t padded = ((size_t)len + 3) & ~(size_t)3;
    p = gad_bytes_need(s->bytes, padded, &n);
    return (n >= padded && savefile_u32(s, p + padded - TRAILER_LEN) == len) ||
           is_sound_packet(s, p, n, len);
}

/* Moves to the end of the block that is being read. GAD_MORE: a next one can begin there. */
static int finish_block(struct gad_savefile *s)
{
    size_t n;

    while (s->block_rest > TRAILER_LEN) {
        size_t want = s->block_rest - TRAILER_LEN;
        want = want < GAD_BYTES_WINDOW ? want : GAD_BYTES_WINDOW;
        (void)gad_bytes_need(s->bytes, want, &n);
        if (n < want)
            return gad_savefile_cut_within(s, "a block");
        gad_bytes_take(s->bytes, want);
        s->block_rest -= want;
    }
    const uint8_t *p = gad_bytes_need(s->bytes, TRAILER_LEN, &n);
    if (n < TRAILER_LEN)
        return gad_savefile_cut_within(s, "a block");
    uint32_t trailer = savefile_u32(s, p);
    bool is_same = trailer == s->block_len;
    if (!is_same)
        gad_savefile_note_damage(s, "the block's two lengths differ: %u and %u", s->block_len,
                                 trailer);
    gad_bytes_take(s->bytes, TRAILER_LEN);
    s->block_len = 0;
    if (!is_same && !is_plausible(s))
        return lost(s, "no block begins there");
    return GAD_MORE;
}

/* The block's first @n bytes are read; finish_block() reads the others. */
static void take(struct gad_savefile *s, uint32_t block_len, size_t n)
{
    gad_bytes_take(s->bytes, n);
    s->block_len = block_len;
    s->block_rest = (((size_t)block_len + 3) & ~(size_t)3) - n;
}

/* Byte order and version. The type reads the same in both byte orders. */
static int section(struct gad_savefile *s)
{
    size_t n;
    const uint8_t *p = gad_bytes_need(s->bytes, SECTION_LEN, &n);

    if (n < SECTION_LEN)
        return gad_savefile_cut_within(s, "the header of a section");
    s->is_big = true;
    if (savefile_u32(s, p + 8) != BYTE_ORDER) {
        s->is_big = false;
        if (savefile_u32(s, p + 8) != BYTE_ORDER)
            return lost(s, "a section without a byte order");
    }
    uint32_t len = savefile_u32(s, p + 4);
    if (len < SECTION_LEN + TRAILER_LEN || len > GAD_SAVEFILE_BLOCK_MAX)
        return lost(s, "a section whose length is out of range");
    if (savefile_u16(s, p + 12) != 1)
        return lost(s, "a section of an unknown version");
    s->n_interfaces = 0;
    take(s, len, SECTION_LEN);
    return GAD_MORE;
}

/* Reads the options of an interface; false: they are damaged. */
static bool options(const struct gad_savefile *s, struct gad_cursor c, struct savefile_interface *i)
{
    while (c.left >= 4) {
        const uint8_t *p = gad_cursor_take(&c, 4);
        uint16_t code = savefile_u16(s, p), len = savefile_u16(s, p + 2);
        const uint8_t *v = gad_cursor_take(&c, len);
        if (code == 0)
            return true;
        if (!v)
            return false;
        if (code == RESOLUTION && len == 1) {
            i->is_binary = (v[0] & 0x80) != 0;
            i->exponent = v[0] & 0x7f;
            if (i->exponent > (i->is_binary ? 63 : 19)) /* units of 64 bits */
                return false;
        } else if (code == TIME_OFFSET && len == 8) {
            uint64_t hi = savefile_u32(s, s->is_big ? v : v + 4);
            uint64_t lo = savefile_u32(s, s->is_big ? v + 4 : v);
            i->offset_s = (int64_t)(hi << 32 | lo);
        }
        gad_cursor_skip(&c, (size_t)(-len & 3));
    }
    return true;
}

static int interface(struct gad_savefile *s, uint32_t len)
{
    struct savefile_interface i = {.exponent = 6};
    size_t want = len < GAD_BYTES_WINDOW ? len : GAD_BYTES_WINDOW, n;
    const uint8_t *p = gad_bytes_need(s->bytes, want, &n);

    if (n < want)
        return gad_savefile_cut_within(s, "the description of an interface");
    if (s->n_interfaces == GAD_SAVEFILE_INTERFACES_MAX) {
        gad_savefile_note_damage(s, "more than %d interfaces", GAD_SAVEFILE_INTERFACES_MAX);
        take(s, len, HEAD_LEN);
        return GAD_MORE;
    }
    if (s->n_interfaces == s->room) {
        size_t room = s->room > 0 ? 2 * s->room : 4;
        struct savefile_interface *more = gad_realloc_array(s->interface, room, sizeof(*more));
        if (!more)
            return GAD_ENOMEM;
        s->interface = more;
        s->room = room;
    }
    i.is_unusable = len < INTERFACE_LEN + TRAILER_LEN;
    if (!i.is_unusable) {
        size_t end = want < len ? want : want - TRAILER_LEN;
        i.link_type = gad_savefile_map_link(savefile_u16(s, p + 8));
        i.snaplen = savefile_u32(s, p + 12);
        i.is_unusable = !options(s, gad_cursor_init(p + INTERFACE_LEN, end - INTERFACE_LEN), &i);
    }
    if (i.is_unusable)
        gad_savefile_note_damage(s, "the description of interface %zu", s->n_interfaces);
    s->interface[s->n_interfaces++] = i; /* also then: the next ones keep their numbers */
    take(s, len, HEAD_LEN);
    return GAD_MORE;
}

/* A packet that cannot be read is passed over by its block's length. */
static int pass_over(struct gad_savefile *s, uint32_t len, const char *why, uint32_t number)
{
    gad_savefile_note_damage(s, "%s (%u)", why, number);
    take(s, len, HEAD_LEN);
    return GAD_MORE;
}

/* Simple packets have neither an interface, which is the first one, nor a time or a captured
 * length. */
static int packet(struct gad_savefile *s, uint32_t type, uint32_t len,
                  struct gad_savefile_frame *ret)
{
    size_t head = type == SIMPLE_PACKET ? SIMPLE_LEN : PACKET_LEN, n;
    uint32_t number = 0, caplen;

    if (len < head + TRAILER_LEN)
        return pass_over(s, len, "a packet whose block is too short", len);
    const uint8_t *p = gad_bytes_need(s->bytes, head, &n);
    if (n < head)
        return gad_savefile_cut_within(s, "the header of a packet");
    if (type != SIMPLE_PACKET)
        number = type == PACKET ? savefile_u16(s, p + 8) : savefile_u32(s, p + 8);
    if (number >= s->n_interfaces || s->interface[number].is_unusable)
        return pass_over(s, len, "a packet of an unknown interface", number);
    const struct savefile_interface *i = &s->interface[number];
    size_t room = len - head - TRAILER_LEN;
    *ret = (struct gad_savefile_frame){
        .link_type = i->link_type, .snaplen = i->snaplen, .time = s->last};
    if (type == SIMPLE_PACKET) {
        ret->len = savefile_u32(s, p + 8);
        size_t most = i->snaplen > 0 && i->snaplen < room ? i->snaplen : room;
        caplen = (uint32_t)(ret->len < most ? ret->len : most);
    } else {
        uint64_t t = (uint64_t)savefile_u32(s, p + 12) << 32 | savefile_u32(s, p + 16);
        ret->time = time_of(i, t);
        caplen = savefile_u32(s, p + 20);
        ret->len = savefile_u32(s, p + 24);
    }
    if (caplen > room || caplen > GAD_SAVEFILE_FRAME_MAX)
        return pass_over(s, len, "a packet whose captured length is out of range", caplen);
    p = gad_bytes_need(s->bytes, head + caplen, &n);
    if (n < head + caplen)
        return gad_savefile_cut_within(s, "a packet");
    ret->p = p + head;
    ret->caplen = caplen;
    s->last = ret->time;
    take(s, len, head + caplen);
    return 0;
}

static bool is_packet(uint32_t type)
{
    return type == ENHANCED_PACKET || type == PACKET || type == SIMPLE_PACKET;
}

/* Reads one block that has no packet. GAD_MORE: it did; 0: a packet's block begins here, of
 * (*ret_len) bytes. */
static int other_block(struct gad_savefile *s, uint32_t *ret_type, uint32_t *ret_len)
{
    size_t n;
    int r = s->block_len > 0 ? finish_block(s) : GAD_MORE;

    if (r != GAD_MORE)
        return r;
    const uint8_t *p = gad_bytes_need(s->bytes, HEAD_LEN, &n);
    if (n == 0)
        return gad_savefile_end(s);
    if (n < HEAD_LEN)
        return gad_savefile_cut_within(s, "the header of a block");
    uint32_t type = savefile_u32(s, p), len = savefile_u32(s, p + 4);
    if (type == SECTION)
        return section(s);
    if (len < BLOCK_MIN || len > GAD_SAVEFILE_BLOCK_MAX)
        return lost(s, "a block whose length is out of range");
    if (type == INTERFACE)
        return interface(s, len);
    if (!is_packet(type)) {
        take(s, len, HEAD_LEN);
        return GAD_MORE;
    }
    *ret_type = type;
    *ret_len = len;
    return 0;
}

static int next(struct gad_savefile *s, struct gad_savefile_frame *ret)
{
    uint32_t type = 0, len = 0;
    int r = GAD_MORE;

    while (r == GAD_MORE) {
        r = other_block(s, &type, &len);
        if (r == 0)
            r = packet(s, type, len, ret);
    }
    return r;
}

/* Reads up to the first packet, so that the link types are known: the first one that is supported
 * stands for all. */
int gad_savefile_open_pcapng(struct gad_savefile *s, struct gad_diag *d)
{
    uint32_t type, len;
    int r;

    s->next = next;
    do
        r = other_block(s, &type, &len);
    while (r == GAD_MORE);
    if (r < 0)
        return gad_fail(d, r, "%s: no memory", s->name);
    if (s->n_interfaces == 0 && s->damages == 0)
        return gad_fail(d, r == GAD_END ? GAD_ETRUNC : GAD_EFORMAT,
                        "%s: truncated, or without the description of an interface", s->name);
    if (s->n_interfaces == 0)
        return GAD_END;
    s->link_type = s->interface[0].link_type;
    for (size_t i = 0; i < s->n_interfaces && !gad_link_type_known(s->link_type); i++)
        s->link_type = s->interface[i].link_type;
    return gad_savefile_check_link(s, d);
}
