/* SPDX-License-Identifier: Apache-2.0 */
/* pcap: a header, then records without any mark by which to find the next one after damage. */
#include <string.h>

#include "lib/net/savefile_parts.h"

enum {
    HEADER_LEN = 24,
    RECORD_LEN = 16,
    RECORD_LONG_LEN = 24, /* of the magic number a1b2cd34: interface, protocol and packet type */
};

static int next(struct gad_savefile *s, struct gad_savefile_frame *ret)
{
    static const uint8_t zeros[RECORD_LEN];
    size_t n;
    const uint8_t *p = gad_bytes_need(s->bytes, s->record_len, &n);

    if (n == 0)
        return gad_savefile_end(s);
    if (n < s->record_len)
        return gad_savefile_cut_within(s, "the header of a packet");
    uint32_t sec = savefile_u32(s, p), fraction = savefile_u32(s, p + 4);
    uint32_t caplen = savefile_u32(s, p + 8), len = savefile_u32(s, p + 12);
    if (s->lengths == LENGTHS_SWAPPED || (s->lengths == LENGTHS_MAYBE_SWAPPED && caplen > len)) {
        uint32_t other = caplen;
        caplen = len;
        len = other;
    }
    if (memcmp(p, zeros, RECORD_LEN) == 0) /* as of a writer that crashed; no frame is empty */
        return gad_savefile_cut_within(s, "zeros, which are not packets");
    if (caplen > GAD_SAVEFILE_FRAME_MAX) {
        gad_savefile_note_damage(s, "a packet of %u captured bytes, above %d; the rest is not read",
                                 caplen, GAD_SAVEFILE_FRAME_MAX);
        s->has_ended = true;
        return GAD_END;
    }
    p = gad_bytes_need(s->bytes, s->record_len + caplen, &n);
    if (n < s->record_len + caplen)
        return gad_savefile_cut_within(s, "a packet");
    gad_bytes_take(s->bytes, s->record_len + caplen);
    /* More than a second of nanoseconds is no time; then only the seconds count. */
    uint64_t ns = (uint64_t)fraction * (s->is_ns ? 1 : 1000);
    ns = (uint64_t)sec * 1000000000 + (ns < 1000000000 ? ns : 0);
    *ret = (struct gad_savefile_frame){.time = {(int64_t)ns}, /* < 2^62 */
                                       .link_type = s->link_type,
                                       .p = p + s->record_len,
                                       .caplen = caplen,
                                       .len = len};
    return 0;
}

int gad_savefile_open_pcap(struct gad_savefile *s, struct gad_diag *d)
{
    size_t n;
    const uint8_t *p = gad_bytes_need(s->bytes, HEADER_LEN, &n);

    if (n < HEADER_LEN)
        return gad_savefile_cut_within(s, "its header");
    uint32_t magic = savefile_u32(s, p);
    uint16_t major = savefile_u16(s, p + 4), minor = savefile_u16(s, p + 6);
    if (major < 2)
        return gad_fail(d, GAD_EFORMAT, "%s: a pcap file of version %u.%u", s->name, major, minor);
    s->is_ns = magic == 0xa1b23c4d;
    s->record_len = magic == 0xa1b2cd34 ? RECORD_LONG_LEN : RECORD_LEN;
    /* Writers of versions before 2.3 swapped both lengths, those of 2.3 in part; version 543 is of
     * DG/UX. Source: pcap-savefile(5) and the comments of libpcap. */
    if (major == 543 || (major == 2 && minor < 3))
        s->lengths = LENGTHS_SWAPPED;
    else if (major == 2 && minor == 3)
        s->lengths = LENGTHS_MAYBE_SWAPPED;
    s->link_type = gad_savefile_map_link(savefile_u32(s, p + 20));
    s->next = next;
    gad_bytes_take(s->bytes, HEADER_LEN);
    return gad_savefile_check_link(s, d);
}
