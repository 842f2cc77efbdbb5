/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/savefile.h"

#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>

#include "lib/net/decode.h"
#include "lib/net/savefile_parts.h"

enum { MAGIC_LEN = 4, PLACE_LEN = 400 };

#define NEITHER "neither pcap nor pcapng, plain or gzip, zstd, xz or bzip2"

/* "FILE: damaged at byte 1234, after packet 5" */
static void place(const struct gad_savefile *s, const char *what, char text[static PLACE_LEN])
{
    const char *of = gad_bytes_packed(s->bytes) != GAD_PACKED_NONE ? " of the unpacked file" : "";

    (void)snprintf(text, PLACE_LEN, "%s: %s at byte %" PRIu64 "%s, after packet %" PRIu64, s->name,
                   what, gad_bytes_offset(s->bytes), of, s->frames);
}

void gad_savefile_note_damage(struct gad_savefile *s, const char *fmt, ...)
{
    char at[PLACE_LEN];
    va_list args;

    s->state = GAD_SAVEFILE_DAMAGED;
    if (s->damages++ > 0)
        return;
    place(s, "damaged", at);
    va_start(args, fmt);
    (void)vsnprintf(s->damage.text, sizeof(s->damage.text), fmt, args);
    va_end(args);
    gad_diag_prefix(&s->damage, "%s", at);
}

/* The bytes ended for a reason of their own, not of the capture. */
static int bytes_failed(struct gad_savefile *s, int err)
{
    const char *packed = gad_packed_name(gad_bytes_packed(s->bytes));
    uint64_t n = s->frames;

    if (err == GAD_ENOMEM)
        return GAD_ENOMEM;
    s->damages++;
    s->state = err == GAD_ETRUNC && s->damages == 1 ? GAD_SAVEFILE_CUT : GAD_SAVEFILE_DAMAGED;
    if (s->damages > 1)
        return GAD_END;
    if (err == GAD_ETRUNC)
        (void)gad_fail(&s->damage, 0, "%s: truncated %s stream, after packet %" PRIu64, s->name,
                       packed, n);
    else if (err == GAD_EFORMAT)
        (void)gad_fail(&s->damage, 0,
                       "%s: broken %s stream, or a wrong checksum in it, after packet %" PRIu64,
                       s->name, packed, n);
    else if (err == GAD_EMISMATCH)
        (void)gad_fail(&s->damage, 0,
                       "%s: other bytes behind the %s stream, which are ignored, after packet "
                       "%" PRIu64,
                       s->name, packed, n);
    else if (err == GAD_ELIMIT)
        (void)gad_fail(&s->damage, 0,
                       "%s: to unpack this %s stream takes more than %d MiB: use '%s FILE | ...' "
                       "with - as the file",
                       s->name, packed, GAD_UNPACK_MEMORY_MAX >> 20,
                       gad_packed_command(gad_bytes_packed(s->bytes)));
    else
        (void)gad_fail(&s->damage, 0, "%s: cannot read on, after packet %" PRIu64 ": %s", s->name,
                       n, gad_strerror(err));
    return GAD_END;
}

int gad_savefile_end(struct gad_savefile *s)
{
    int err = gad_bytes_end(s->bytes);

    s->has_ended = true;
    return err != 0 ? bytes_failed(s, err) : GAD_END;
}

int gad_savefile_cut_within(struct gad_savefile *s, const char *in)
{
    char at[PLACE_LEN];
    int err = gad_bytes_end(s->bytes);

    s->has_ended = true;
    if (err != 0)
        return bytes_failed(s, err);
    if (s->damages++ > 0)
        return GAD_END;
    s->state = GAD_SAVEFILE_CUT;
    place(s, "truncated", at);
    (void)gad_fail(&s->damage, 0, "%s: it ends within %s", at, in);
    return GAD_END;
}

/* https://www.tcpdump.org/linktypes.html: the numbers of which libpcap has others on Linux. */
int gad_savefile_map_link(uint32_t in_file)
{
    static const struct {
        uint32_t in_file;
        int here;
    } others[] = {{100, 11}, {101, 12}, {102, 15}, {103, 16}, {106, 19}};

    in_file &= 0xffff; /* above: the length of a frame check sequence, which IP's length excludes */
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i].in_file == in_file)
            return others[i].here;
    return (int)in_file;
}

static const char *link_name(int link_type)
{
    const char *name = pcap_datalink_val_to_name(link_type);

    return name ? name : "unknown";
}

int gad_savefile_check_link(const struct gad_savefile *s, struct gad_diag *d)
{
    if (gad_link_type_known(s->link_type))
        return 0;
    return gad_fail(d, GAD_EFORMAT, "%s: unsupported link type %s (%d)", s->name,
                    link_name(s->link_type), s->link_type);
}

/* It ended before there was a header. */
static int no_header(struct gad_savefile *s, size_t n, struct gad_diag *d)
{
    int err = gad_bytes_end(s->bytes);

    if (err == GAD_ENOMEM)
        return gad_fail(d, err, "%s: no memory to unpack it", s->name);
    if (err == -EISDIR || (err < 0 && gad_bytes_packed(s->bytes) == GAD_PACKED_NONE))
        return gad_fail(d, err, "%s: cannot read: %s", s->name, gad_strerror(err));
    if (err == GAD_EFORMAT)
        return gad_fail(d, err, "%s: not a capture: " NEITHER "; its %s stream is broken", s->name,
                        gad_packed_name(gad_bytes_packed(s->bytes)));
    if (err != 0) {
        (void)bytes_failed(s, err);
        return gad_fail(d, err, "%s", s->damage.text);
    }
    return gad_fail(d, GAD_ETRUNC, "%s: %s", s->name,
                    n == 0 ? "an empty file" : "truncated within its header");
}

static int not_a_capture(const struct gad_savefile *s, struct gad_diag *d)
{
    enum gad_packed kind = gad_bytes_packed(s->bytes);

    if (kind != GAD_PACKED_NONE && kind != GAD_PACKED_GZIP)
        return gad_fail(d, GAD_EFORMAT,
                        "%s: what is packed in it with %s is not a capture; for records use '%s "
                        "FILE | ...' with - as the file",
                        s->name, gad_packed_name(kind), gad_packed_command(kind));
    return gad_fail(d, GAD_EFORMAT, "%s: not a capture: " NEITHER, s->name);
}

static int open_format(struct gad_savefile *s, struct gad_diag *d)
{
    size_t n = 0;
    const uint8_t *p = gad_bytes_need(s->bytes, MAGIC_LEN, &n);

    if (n < MAGIC_LEN)
        return no_header(s, n, d);
    s->is_big = true;
    switch (savefile_u32(s, p)) {
    case 0x0a0d0d0a:
        return gad_savefile_open_pcapng(s, d);
    case 0xa1b2c3d4:
    case 0xa1b23c4d:
    case 0xa1b2cd34:
        return gad_savefile_open_pcap(s, d);
    default:
        break;
    }
    s->is_big = false;
    switch (savefile_u32(s, p)) {
    case 0xa1b2c3d4:
    case 0xa1b23c4d:
    case 0xa1b2cd34:
        return gad_savefile_open_pcap(s, d);
    default:
        return not_a_capture(s, d);
    }
}

int gad_savefile_open(struct gad_bytes *bytes, const char *name, struct gad_savefile **ret,
                      struct gad_diag *d)
{
    gad_cleanup(gad_savefile_closep) struct gad_savefile *s = gad_calloc(1, sizeof(*s));

    if (!s) {
        gad_bytes_close(bytes);
        return gad_fail(d, GAD_ENOMEM, "%.*s: no memory", SAVEFILE_NAME_MAX, name);
    }
    s->bytes = bytes;
    (void)snprintf(s->name, sizeof(s->name), "%s", name);
    int r = open_format(s, d);
    if (r == GAD_END) { /* within the header */
        (void)gad_fail(d, 0, "%s", s->damage.text);
        r = s->state == GAD_SAVEFILE_DAMAGED ? GAD_EFORMAT : GAD_ETRUNC;
    }
    if (r != 0)
        return r;
    *ret = gad_steal(&s);
    return 0;
}

void gad_savefile_close(struct gad_savefile *s)
{
    if (!s)
        return;
    gad_bytes_close(s->bytes);
    gad_free(s->interface);
    gad_free(s);
}

/* Notes the first frame that differs from those before it, for one warning. */
static void note_change(struct gad_savefile *s, const struct gad_savefile_frame *f)
{
    const struct gad_savefile_frame *first = &s->first;

    if (f->link_type != first->link_type)
        (void)gad_fail(&s->change, 0,
                       "from packet %" PRIu64 " on the link type is %s (%d), before it %s (%d)",
                       s->frames, link_name(f->link_type), f->link_type,
                       link_name(first->link_type), first->link_type);
    else
        (void)gad_fail(&s->change, 0, "from packet %" PRIu64 " on the snaplen is %u, before it %u",
                       s->frames, f->snaplen, first->snaplen);
}

int gad_savefile_next(struct gad_savefile *s, struct gad_savefile_frame *ret)
{
    if (s->has_ended)
        return GAD_END;
    int r = s->next(s, ret);
    if (r != 0)
        return r;
    if (s->frames++ == 0)
        s->first = *ret;
    bool is_same = ret->link_type == s->first.link_type && ret->snaplen == s->first.snaplen;
    if (!is_same && s->change.text[0] == '\0')
        note_change(s, ret);
    return 0;
}

int gad_savefile_link_type(const struct gad_savefile *s)
{
    return s->link_type;
}

enum gad_savefile_state gad_savefile_damage(const struct gad_savefile *s, struct gad_diag *d)
{
    const char *change = s->change.text, *between = *change ? "; " : "";

    if (s->damages > 1)
        (void)gad_fail(d, 0, "%s; %" PRIu64 " more places are damaged%s%s", s->damage.text,
                       s->damages - 1, between, change);
    else if (s->damages > 0)
        (void)gad_fail(d, 0, "%s%s%s", s->damage.text, between, change);
    else if (*change)
        (void)gad_fail(d, 0, "%s: %s", s->name, change);
    return s->state;
}
