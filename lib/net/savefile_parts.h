/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The inside of a savefile. savefile.c opens it and reports damage; savefile_pcap.c and
 * savefile_pcapng.c read one format each. */

#include "lib/base/diag.h"
#include "lib/net/savefile.h"
#include "lib/net/source_bytes.h"

enum { SAVEFILE_NAME_MAX = 200 }; /* of a diagnostic's 511, so that the reason is not truncated */

struct savefile_interface {
    int link_type;
    uint32_t snaplen; /* 0: none */
    bool is_unusable; /* its description is damaged */
    bool is_binary;   /* units of a second: 2^exponent, else 10^exponent */
    uint8_t exponent;
    int64_t offset_s; /* added to its times */
};

struct gad_savefile {
    struct gad_bytes *bytes;
    int (*next)(struct gad_savefile *s, struct gad_savefile_frame *ret);
    bool is_big; /* byte order of the file, or of the section */
    bool has_ended;
    int link_type;
    uint64_t frames; /* given so far */
    enum gad_savefile_state state;
    uint64_t damages; /* places, the first of which `damage` describes */
    struct gad_diag damage;
    struct gad_savefile_frame first; /* only link_type and snaplen are used; of the first frame */
    struct gad_diag change;          /* where a frame has others; empty: no frame has */
    char name[SAVEFILE_NAME_MAX + 1];

    /* pcap */
    bool is_ns;
    size_t record_len;
    enum { LENGTHS_IN_ORDER, LENGTHS_MAYBE_SWAPPED, LENGTHS_SWAPPED } lengths;

    /* pcapng */
    struct gad_time last; /* time of the frame before */
    uint32_t block_len;   /* of the block whose rest is not read yet, as it says; 0: none */
    size_t block_rest;    /* its trailer included */
    size_t n_interfaces, room;
    struct savefile_interface *interface;
};

/* Reads of the first bytes, at least enough for the header of the format. */
int gad_savefile_open_pcap(struct gad_savefile *s, struct gad_diag *d) GAD_MUST_CHECK;
int gad_savefile_open_pcapng(struct gad_savefile *s, struct gad_diag *d) GAD_MUST_CHECK;

/* Notes damage at the current place. */
void gad_savefile_note_damage(struct gad_savefile *s, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* The bytes ended too early, within what @in names. Notes why. Returns GAD_END, or GAD_ENOMEM. */
int gad_savefile_cut_within(struct gad_savefile *s, const char *in);
/* The bytes ended where they can. */
int gad_savefile_end(struct gad_savefile *s);

/* Fails for an unsupported link type. */
int gad_savefile_check_link(const struct gad_savefile *s, struct gad_diag *d) GAD_MUST_CHECK;

/* libpcap's number for a link type of a file, as lib/net/link.c has it. */
int gad_savefile_map_link(uint32_t in_file);

static inline uint32_t savefile_u32(const struct gad_savefile *s, const uint8_t *p)
{
    return s->is_big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                     : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static inline uint16_t savefile_u16(const struct gad_savefile *s, const uint8_t *p)
{
    unsigned v = s->is_big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
    return (uint16_t)v;
}
