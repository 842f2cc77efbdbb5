/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Frames of a capture file, pcap or pcapng, as libpcap's pcap-savefile(5) and
 * draft-ietf-opsawg-pcapng define them. Unlike libpcap this reader continues after damage where
 * the lengths of pcapng's blocks allow it, and gives each frame the link type of its own interface.
 *
 * It never searches the bytes for a next frame: what a sender of packets writes into a payload
 * would then become frames.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_bytes;
struct gad_diag;
struct gad_savefile;

enum {
    GAD_SAVEFILE_FRAME_MAX = 262144,     /* captured bytes of a frame; as libpcap's */
    GAD_SAVEFILE_BLOCK_MAX = 16 << 20,   /* of pcapng; as libpcap's */
    GAD_SAVEFILE_INTERFACES_MAX = 65536, /* of one section of pcapng */
};

struct gad_savefile_frame {
    struct gad_time time;
    int link_type;
    const uint8_t *p; /* (caplen), borrowed until the next call of gad_savefile_next() */
    size_t caplen, len;
    uint32_t snaplen; /* of its interface in a pcapng file; 0: no limit, or not known */
};

/**
 * gad_savefile_open() - reads the header, and of pcapng all up to the first frame
 * @bytes: becomes the savefile's, also after an error
 * @name:  for messages; copied
 *
 * Return: 0; GAD_EFORMAT: not a capture, or only unsupported link types; GAD_ETRUNC: it ends before
 * its first interface; GAD_ENOMEM; an error of gad_bytes_end().
 */
int gad_savefile_open(struct gad_bytes *bytes, const char *name, struct gad_savefile **ret,
                      struct gad_diag *d) GAD_MUST_CHECK;
void gad_savefile_close(struct gad_savefile *s);
GAD_DEFINE_CLEANUP(struct gad_savefile, gad_savefile_close);

/* Returns 0; GAD_END: there is nothing more to read, see gad_savefile_damage(); GAD_ENOMEM. */
int gad_savefile_next(struct gad_savefile *s, struct gad_savefile_frame *ret) GAD_MUST_CHECK;

/* Of the first frame; before it, of the first interface. */
int gad_savefile_link_type(const struct gad_savefile *s);

enum gad_savefile_state {
    GAD_SAVEFILE_WHOLE,
    GAD_SAVEFILE_CUT,     /* it ends early, as does the file of a capture that was stopped */
    GAD_SAVEFILE_DAMAGED, /* some of it cannot be read */
};

/* With another value than GAD_SAVEFILE_WHOLE @d says where and why. Where the link type or the
 * snaplen first differs from that of the first frame, @d says so, too; that is no damage. Call it
 * at the end. */
enum gad_savefile_state gad_savefile_damage(const struct gad_savefile *s, struct gad_diag *d);
