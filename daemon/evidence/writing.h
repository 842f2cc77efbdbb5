/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The frames of one connection, from a ring to the bytes of a pcapng file. Thread: one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct evidence_source;
struct gad_buf;

struct evidence_writing;

struct evidence_piece {
    struct evidence_source *from;
    uint64_t last;           /* reference of the connection's last frame */
    uint64_t packets;        /* that the connection has; 0: not known */
    uint64_t max_packets;    /* most that may be written */
    const char *comment;     /* of the section and of the first packet */
    const char *application; /* that writes */
    uint32_t snaplen;
};

struct evidence_written {
    uint64_t packets; /* 0: all were overwritten */
    bool is_cut;      /* some of the connection's are missing */
    bool is_limited;  /* ... because of max_packets or the buffer */
};

/* @frames: most of one connection that are looked at. */
int evidence_writing_new(size_t frames, struct evidence_writing **ret) GAD_MUST_CHECK;
void evidence_writing_free(struct evidence_writing *w);
GAD_DEFINE_CLEANUP(struct evidence_writing, evidence_writing_free);

/* Appends the file to @out, up to its limit, the connection's first packets first. Holds the ring
 * of the capture meanwhile. */
void evidence_write(struct evidence_writing *w, const struct evidence_piece *p, struct gad_buf *out,
                    struct evidence_written *ret);
