/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The state of a spool, in a file of two slots. Each write goes to one slot, never to the one that
 * is known to be on the disk, so a torn write leaves the other slot intact. The whole slot with the
 * higher generation is valid. Magic, version and sum keep their offsets in all versions.
 *
 *     slot   magic "GADSTATE"  version u32 = 1  sync u32  generation u64  boot u64  next u64
 *            reserved u64  flags u64  unused_from u64  unused_to u64  counters 8 x u64
 *            cursors 16 x (name 64, next u64, lost u64)
 *            gaps: unsure u64  n u64  64 x (first u64, end u64, kind u64)
 *            0 up to 4092  CRC-32C of the 4092 bytes before u32
 *
 * A state of a version without gaps has zeros there: no gaps.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/spool/gaps.h"
#include "lib/spool/spool.h"

enum {
    GAD_SPOOL_SLOT = 4096, /* bytes */
    GAD_SPOOL_STATE = 2 * GAD_SPOOL_SLOT,
};

#define GAD_SPOOL_STATE_NAME "ganad-spool.state"

struct gad_spool_state {
    uint64_t generation;
    uint64_t boot;     /* of gad_spool_options */
    uint64_t next;     /* no number below is given out again */
    uint64_t reserved; /* >= next; no number from here on was given out */
    /* Unused numbers for the head of the next segment, which does not exist yet. 0, 0: no such
     * numbers. */
    uint64_t unused_from, unused_to;
    bool guessed;
    enum gad_spool_sync sync;
    bool clean; /* everything was committed, and next is exact */
    struct gad_spool_totals totals;
    struct gad_spool_cursor cursor[GAD_SPOOL_CURSORS];
    struct gad_spool_gaps gaps;
};

void gad_spool_slot_write(const struct gad_spool_state *s, uint8_t out[static GAD_SPOOL_SLOT]);

/**
 * gad_spool_state_read() - reads the valid slot
 * @p: len bytes of the file
 * @ret_slot: number of the slot
 * @ret_whole: how many of the two slots were whole
 *
 * Returns 0; GAD_EMISMATCH: neither slot is whole; GAD_EVERSION: one is of a later version;
 * GAD_EFORMAT: not a state file.
 */
int gad_spool_state_read(const uint8_t *p, size_t len, struct gad_spool_state *ret,
                         unsigned *ret_slot, unsigned *ret_whole) GAD_MUST_CHECK;
