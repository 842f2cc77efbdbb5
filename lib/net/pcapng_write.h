/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writes pcapng (draft-ietf-opsawg-pcapng): a section header, interfaces, packets. Times have
 * nanoseconds, numbers are little-endian. A failed append sets @out->bad.
 */

#include <stdint.h>

#include "lib/base/time.h"

struct gad_buf;

enum { GAD_PCAPNG_COMMENT_MAX = 4096 }; /* bytes; a longer comment loses its end */

/* A section; every file begins with one. @comment: "": none. */
void gad_pcapng_section(struct gad_buf *out, const char *application, const char *comment);

/* The next interface of the section, from 0. @link_type: as gad_source_link_type() returns it. */
void gad_pcapng_interface(struct gad_buf *out, int link_type, uint32_t snaplen, const char *name);

struct gad_pcapng_packet {
    uint32_t interface;
    struct gad_time time;
    const uint8_t *data; /* (caplen) */
    uint32_t caplen, len;
    const char *comment; /* "": none */
};

void gad_pcapng_packet(struct gad_buf *out, const struct gad_pcapng_packet *p);
