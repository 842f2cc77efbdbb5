/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/pcapng_write.h"

#include <string.h>

#include "lib/base/buf.h"

enum block { INTERFACE = 1, PACKET = 6, SECTION = 0x0a0d0d0a };
enum option { END = 0, COMMENT = 1, APPLICATION = 4, NAME = 2, RESOLUTION = 9 };

static void add_u16(struct gad_buf *out, unsigned v)
{
    const uint8_t b[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
    gad_buf_add(out, b, sizeof(b));
}

static void pad(struct gad_buf *out, size_t len)
{
    gad_buf_add(out, "\0\0", (4 - len % 4) % 4);
}

static size_t padded(size_t len)
{
    return (len + 3) / 4 * 4;
}

static size_t text_len(const char *text)
{
    return strnlen(text, GAD_PCAPNG_COMMENT_MAX);
}

/* Returns the bytes of an option, 0 without a text. */
static size_t option_size(const char *text)
{
    return *text ? 4 + padded(text_len(text)) : 0;
}

static void add_option(struct gad_buf *out, enum option code, const void *p, size_t len)
{
    add_u16(out, code);
    add_u16(out, (unsigned)len); /* at most GAD_PCAPNG_COMMENT_MAX */
    gad_buf_add(out, p, len);
    pad(out, len);
}

static void add_text(struct gad_buf *out, enum option code, const char *text)
{
    if (*text)
        add_option(out, code, text, text_len(text));
}

enum { FRAME = 12 /* type and the two lengths */, END_SIZE = 4 };

static void begin(struct gad_buf *out, enum block type, size_t body)
{
    gad_buf_add_u32le(out, (uint32_t)type);
    gad_buf_add_u32le(out, (uint32_t)(FRAME + body));
}

static void end(struct gad_buf *out, size_t body)
{
    gad_buf_add_u32le(out, (uint32_t)(FRAME + body));
}

void gad_pcapng_section(struct gad_buf *out, const char *application, const char *comment)
{
    size_t body = 16 + option_size(comment) + option_size(application) + END_SIZE;

    begin(out, SECTION, body);
    gad_buf_add_u32le(out, 0x1a2b3c4d);
    add_u16(out, 1); /* version 1.0 */
    add_u16(out, 0);
    gad_buf_add_u64le(out, UINT64_MAX); /* length of the section: not given */
    add_text(out, COMMENT, comment);
    add_text(out, APPLICATION, application);
    gad_buf_add_u32le(out, END);
    end(out, body);
}

/* The number in files of a link type that has another one in libpcap on Linux, and so here:
 * https://www.tcpdump.org/linktypes.html. */
static unsigned in_files(int link_type)
{
    static const int others[][2] = {{11, 100}, {12, 101}, {15, 102}, {16, 103}, {19, 106}};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i][0] == link_type)
            return (unsigned)others[i][1];
    return (unsigned)link_type;
}

void gad_pcapng_interface(struct gad_buf *out, int link_type, uint32_t snaplen, const char *name)
{
    const uint8_t nanoseconds = 9;
    size_t body = 8 + option_size(name) + 4 + 4 + END_SIZE;

    begin(out, INTERFACE, body);
    add_u16(out, in_files(link_type));
    add_u16(out, 0);
    gad_buf_add_u32le(out, snaplen);
    add_text(out, NAME, name);
    add_option(out, RESOLUTION, &nanoseconds, 1);
    gad_buf_add_u32le(out, END);
    end(out, body);
}

void gad_pcapng_packet(struct gad_buf *out, const struct gad_pcapng_packet *p)
{
    size_t options = *p->comment ? option_size(p->comment) + END_SIZE : 0;
    size_t body = 20 + padded(p->caplen) + options;
    uint64_t time = (uint64_t)p->time.ns;

    begin(out, PACKET, body);
    gad_buf_add_u32le(out, p->interface);
    gad_buf_add_u32le(out, (uint32_t)(time >> 32));
    gad_buf_add_u32le(out, (uint32_t)time);
    gad_buf_add_u32le(out, p->caplen);
    gad_buf_add_u32le(out, p->len);
    gad_buf_add(out, p->data, p->caplen);
    pad(out, p->caplen);
    if (options > 0) {
        add_text(out, COMMENT, p->comment);
        gad_buf_add_u32le(out, END);
    }
    end(out, body);
}
