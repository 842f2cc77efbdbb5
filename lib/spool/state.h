/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a spool remembers besides its records, in a file of two slots. Each write goes into one slot, and never into
 * the one that is the last known to be on the disk: a torn write leaves the other. The whole slot with the higher
 * generation counts. Magic, version and sum keep their places in all versions.
 *
 *     slot   magic "GADSTATE"  version u32 = 1  sync u32  generation u64  boot u64  next u64  reserved u64
 *            flags u64  unused_from u64  unused_to u64  counters 8 x u64  cursors 16 x (name 64, next u64, lost u64)
 *            gaps: unsure u64  n u64  64 x (first u64, end u64, kind u64)
 *            0 up to 4092  CRC-32C of the 4092 bytes before u32
 *
 * A state that was written before there were gaps has 0 there: none.
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
    /* For the head of the next segment, which is not there yet: numbers that are no record's. 0, 0: none. */
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
 * gad_spool_state_read() - the slot that counts
 * @p: len bytes of the file
 * @ret_slot:  its number
 * @ret_whole: how many of the two were whole
 *
 * Return: 0; GAD_EMISMATCH: neither is whole; GAD_EVERSION: one is of a later version; GAD_EFORMAT: it is a file of
 * somebody else.
 */
int gad_spool_state_read(const uint8_t *p, size_t len, struct gad_spool_state *ret,
                         unsigned *ret_slot, unsigned *ret_whole) GAD_MUST_CHECK;
