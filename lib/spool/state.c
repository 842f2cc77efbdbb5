/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/state.h"

#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/base/cursor.h"
#include "lib/spool/format.h"

static const uint8_t magic[8] = {'G', 'A', 'D', 'S', 'T', 'A', 'T', 'E'};

enum { VERSION = 1, CLEAN = 1, GUESSED = 2, SUM_AT = GAD_SPOOL_SLOT - 4, N_TOTALS = 8 };

/* The counters in the order of the file. */
static void totals_to(const struct gad_spool_totals *t, uint64_t v[static N_TOTALS])
{
    const uint64_t all[N_TOTALS] = {t->committed,     t->committed_bytes, t->dropped,  t->evicted,
                                    t->evicted_bytes, t->damaged,         t->failures, t->removed};
    memcpy(v, all, sizeof(all));
}

static struct gad_spool_totals totals_from(const uint64_t v[static N_TOTALS])
{
    return (struct gad_spool_totals){.committed = v[0],
                                     .committed_bytes = v[1],
                                     .dropped = v[2],
                                     .evicted = v[3],
                                     .evicted_bytes = v[4],
                                     .damaged = v[5],
                                     .failures = v[6],
                                     .removed = v[7]};
}

static uint8_t *put64(uint8_t *p, uint64_t v)
{
    gad_put_u64le(p, v);
    return p + 8;
}

static void put_gaps(const struct gad_spool_gaps *g, uint8_t *p)
{
    p = put64(p, g->unsure);
    p = put64(p, g->n);
    for (size_t i = 0; i < g->n; i++) {
        p = put64(p, g->gap[i].first);
        p = put64(p, g->gap[i].end);
        p = put64(p, g->gap[i].kind);
    }
}

static void take_gaps(struct gad_cursor *c, struct gad_spool_gaps *g)
{
    g->unsure = gad_cursor_u64le(c);
    uint64_t n = gad_cursor_u64le(c);
    g->n = n < GAD_SPOOL_GAPS ? (size_t)n : GAD_SPOOL_GAPS + (n > GAD_SPOOL_GAPS);
    for (size_t i = 0; i < g->n && i < GAD_SPOOL_GAPS; i++) {
        g->gap[i].first = gad_cursor_u64le(c);
        g->gap[i].end = gad_cursor_u64le(c);
        uint64_t kind = gad_cursor_u64le(c);
        g->gap[i].kind =
            (enum gad_spool_gap_kind)(kind < GAD_SPOOL_GAP_KINDS ? kind : GAD_SPOOL_GAP_KINDS);
    }
}

void gad_spool_slot_write(const struct gad_spool_state *s, uint8_t out[static GAD_SPOOL_SLOT])
{
    uint64_t total[N_TOTALS];
    uint8_t *p = out;

    memset(out, 0, GAD_SPOOL_SLOT);
    memcpy(p, magic, sizeof(magic));
    gad_put_u32le(p + 8, VERSION);
    gad_put_u32le(p + 12, s->sync);
    p = put64(p + 16, s->generation);
    p = put64(p, s->boot);
    p = put64(p, s->next);
    p = put64(p, s->reserved);
    p = put64(p, (s->clean ? CLEAN : 0) | (s->guessed ? GUESSED : 0));
    p = put64(p, s->unused_from);
    p = put64(p, s->unused_to);
    totals_to(&s->totals, total);
    for (int i = 0; i < N_TOTALS; i++)
        p = put64(p, total[i]);
    for (int i = 0; i < GAD_SPOOL_CURSORS; i++) {
        memcpy(p, s->cursor[i].name, GAD_SPOOL_NAME);
        p = put64(p + GAD_SPOOL_NAME, s->cursor[i].next);
        p = put64(p, s->cursor[i].lost);
    }
    put_gaps(&s->gaps, p);
    gad_put_u32le(out + SUM_AT, gad_crc32c(0, out, SUM_AT));
}

static bool is_sane(const struct gad_spool_state *s, uint32_t sync)
{
    bool sane = s->next >= 1 && s->next <= s->reserved && s->reserved <= GAD_SPOOL_SEQ_MAX &&
                s->unused_from <= s->unused_to && s->unused_to <= s->next &&
                (s->unused_from > 0 || s->unused_to == 0) && /* 0 is not a valid number */
                sync <= GAD_SPOOL_NEVER && gad_spool_gaps_are_sane(&s->gaps, s->reserved);

    for (int i = 0; sane && i < GAD_SPOOL_CURSORS; i++) {
        const struct gad_spool_cursor *c = &s->cursor[i];
        sane = c->name[GAD_SPOOL_NAME - 1] == '\0' && c->next <= s->reserved;
    }
    return sane;
}

/* Returns 0; GAD_EFORMAT: no magic; GAD_EMISMATCH: damaged or contradictory; GAD_EVERSION. */
static int read_slot(const uint8_t p[static GAD_SPOOL_SLOT], struct gad_spool_state *ret)
{
    struct gad_cursor c = gad_cursor_init(p, SUM_AT), sum = gad_cursor_init(p + SUM_AT, 4);
    struct gad_spool_state s = {0};
    uint64_t total[N_TOTALS];

    if (memcmp(gad_cursor_take(&c, sizeof(magic)), magic, sizeof(magic)) != 0)
        return GAD_EFORMAT;
    if (gad_cursor_u32le(&sum) != gad_crc32c(0, p, SUM_AT))
        return GAD_EMISMATCH;
    if (gad_cursor_u32le(&c) != VERSION)
        return GAD_EVERSION;
    uint32_t sync = gad_cursor_u32le(&c);
    s.generation = gad_cursor_u64le(&c);
    s.boot = gad_cursor_u64le(&c);
    s.next = gad_cursor_u64le(&c);
    s.reserved = gad_cursor_u64le(&c);
    uint64_t flags = gad_cursor_u64le(&c);
    s.clean = (flags & CLEAN) != 0;
    s.guessed = (flags & GUESSED) != 0;
    s.unused_from = gad_cursor_u64le(&c);
    s.unused_to = gad_cursor_u64le(&c);
    for (int i = 0; i < N_TOTALS; i++)
        total[i] = gad_cursor_u64le(&c);
    s.totals = totals_from(total);
    for (int i = 0; i < GAD_SPOOL_CURSORS; i++) {
        memcpy(s.cursor[i].name, gad_cursor_take(&c, GAD_SPOOL_NAME), GAD_SPOOL_NAME);
        s.cursor[i].next = gad_cursor_u64le(&c);
        s.cursor[i].lost = gad_cursor_u64le(&c);
    }
    take_gaps(&c, &s.gaps);
    gad_assert(!c.bad); /* all of it is within SUM_AT */
    if (!is_sane(&s, sync))
        return GAD_EMISMATCH;
    s.sync = (enum gad_spool_sync)sync;
    *ret = s;
    return 0;
}

static bool is_empty(const uint8_t *p, size_t len)
{
    size_t i = 0;

    while (i < len && p[i] == 0)
        i++;
    return i == len;
}

int gad_spool_state_read(const uint8_t *p, size_t len, struct gad_spool_state *ret,
                         unsigned *ret_slot, unsigned *ret_whole)
{
    struct gad_spool_state s, best = {0};
    bool ours = is_empty(p, len); /* power failed when it was created */
    unsigned whole = 0, slot = 0;

    for (unsigned i = 0; i < 2 && len >= (i + 1) * (size_t)GAD_SPOOL_SLOT; i++) {
        int r = read_slot(p + i * (size_t)GAD_SPOOL_SLOT, &s);
        if (r == GAD_EVERSION)
            return r;
        ours = ours || r != GAD_EFORMAT;
        if (r != 0 || (whole++ > 0 && s.generation <= best.generation))
            continue;
        best = s;
        slot = i;
    }
    if (whole == 0)
        return ours || len <= GAD_SPOOL_STATE ? GAD_EMISMATCH : GAD_EFORMAT;
    *ret = best;
    *ret_slot = slot;
    *ret_whole = whole;
    return 0;
}
