/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a spool's state: an accepted one is within its limits and is the same after writing
 * and reading it. Sums of ff ff ff ff are corrected.
 */

#include "lib/spool/state.h"

#include "tests/fuzz/spool_sums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct gad_spool_state *s)
{
    struct gad_spool_state again;
    unsigned n, whole;
    static uint8_t slot[GAD_SPOOL_SLOT], second[GAD_SPOOL_SLOT];

    require(s->next >= 1 && s->next <= s->reserved && s->reserved <= GAD_SPOOL_SEQ_MAX);
    require(s->unused_from <= s->unused_to && s->unused_to <= s->next);
    require(s->sync <= GAD_SPOOL_NEVER);
    for (int i = 0; i < GAD_SPOOL_CURSORS; i++) {
        require(s->cursor[i].next <= s->reserved);
        require(memchr(s->cursor[i].name, 0, GAD_SPOOL_NAME) != NULL);
    }
    require(gad_spool_gaps_are_sane(&s->gaps, s->reserved));
    gad_spool_slot_write(s, slot);
    require(gad_spool_state_read(slot, sizeof(slot), &again, &n, &whole) == 0);
    gad_spool_slot_write(&again, second);
    require(memcmp(slot, second, sizeof(slot)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t p[GAD_SPOOL_STATE + 1];
    struct gad_spool_state s;
    unsigned slot = 2, whole = 0;
    size_t len = size < sizeof(p) ? size : sizeof(p);

    if (size > 0)
        memcpy(p, data, len);
    for (size_t at = 0; at + GAD_SPOOL_SLOT <= len; at += GAD_SPOOL_SLOT)
        put_sum_right(p + at + GAD_SPOOL_SLOT - 4, 0, p + at, GAD_SPOOL_SLOT - 4);
    int r = gad_spool_state_read(p, len, &s, &slot, &whole);
    require(r == 0 || r == GAD_EMISMATCH || r == GAD_EVERSION || r == GAD_EFORMAT);
    if (r == 0) {
        require(slot < 2 && whole >= 1 && whole <= 2);
        check(&s);
    }
    return 0;
}
