/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/gaps.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/spool/format.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void remove_at(struct gad_spool_gaps *g, size_t at)
{
    g->n--;
    memmove(&g->gap[at], &g->gap[at + 1], (g->n - at) * sizeof(g->gap[0]));
}

static void make_room(struct gad_spool_gaps *g)
{
    size_t at = 0;

    if (g->n < GAD_SPOOL_GAPS)
        return;
    while (at < g->n && g->gap[at].kind != GAD_SPOOL_LOST)
        at++;
    if (at == g->n) {
        at = 0;
        g->unsure = larger(g->unsure, g->gap[0].end);
    }
    remove_at(g, at);
}

/* @add overlaps no range. */
static void insert(struct gad_spool_gaps *g, const struct gad_spool_gap *add)
{
    for (size_t i = 0; i < g->n; i++)
        if (g->gap[i].end == add->first && g->gap[i].kind == add->kind) {
            g->gap[i].end = add->end;
            return;
        }
    make_room(g);
    size_t at = g->n;
    while (at > 0 && g->gap[at - 1].first > add->first)
        at--;
    memmove(&g->gap[at + 1], &g->gap[at], (g->n - at) * sizeof(g->gap[0]));
    g->gap[at] = *add;
    g->n++;
}

void gad_spool_gaps_add(struct gad_spool_gaps *g, uint64_t first, uint64_t end,
                        enum gad_spool_gap_kind kind)
{
    const struct gad_spool_gaps before = *g;

    for (size_t i = 0; i <= before.n && first < end; i++) {
        uint64_t to = i < before.n ? smaller(before.gap[i].first, end) : end;
        if (first < to)
            insert(g, &(struct gad_spool_gap){first, to, kind});
        if (i < before.n)
            first = larger(first, before.gap[i].end);
    }
}

void gad_spool_gaps_forget(struct gad_spool_gaps *g, uint64_t seq)
{
    while (g->n > 0 && g->gap[0].end <= seq)
        remove_at(g, 0);
    if (g->n > 0 && g->gap[0].first < seq)
        g->gap[0].first = seq;
    if (g->unsure <= seq)
        g->unsure = 0;
}

uint64_t gad_spool_gaps_count(const struct gad_spool_gaps *g, uint64_t first, uint64_t end,
                              enum gad_spool_gap_kind kind)
{
    uint64_t n = 0;

    for (size_t i = 0; i < g->n; i++) {
        uint64_t from = larger(first, g->gap[i].first), to = smaller(end, g->gap[i].end);
        if (g->gap[i].kind == kind && from < to)
            n += to - from;
    }
    return n;
}

uint64_t gad_spool_gaps_part(const struct gad_spool_gaps *g, uint64_t first, uint64_t end,
                             enum gad_spool_gap_kind *ret_kind)
{
    gad_assert(first < end);
    for (size_t i = 0; i < g->n; i++) {
        const struct gad_spool_gap *gap = &g->gap[i];
        if (gap->end <= first)
            continue;
        if (gap->first <= first) {
            *ret_kind = gap->kind;
            return smaller(end, gap->end);
        }
        end = smaller(end, gap->first);
        break;
    }
    *ret_kind = first < g->unsure ? GAD_SPOOL_MAYBE : GAD_SPOOL_LOST;
    return end;
}

bool gad_spool_gaps_are_sane(const struct gad_spool_gaps *g, uint64_t limit)
{
    uint64_t behind = 1; /* 0 is not a valid number */

    if (g->n > GAD_SPOOL_GAPS || g->unsure > limit || limit > GAD_SPOOL_SEQ_MAX)
        return false;
    for (size_t i = 0; i < g->n; i++) {
        const struct gad_spool_gap *gap = &g->gap[i];
        if (gap->first < behind || gap->end <= gap->first || gap->end > limit ||
            gap->kind >= GAD_SPOOL_GAP_KINDS)
            return false;
        behind = gap->end;
    }
    return true;
}

/* Counts the numbers first .. end - 1 that a record has or had. */
static uint64_t used(const struct gad_spool_gaps *g, uint64_t first, uint64_t end)
{
    return first < end ? end - first - gad_spool_gaps_count(g, first, end, GAD_SPOOL_UNUSED) : 0;
}

static uint64_t there(const struct gad_spool_gaps *g, uint64_t first, uint64_t end)
{
    return used(g, first, end) - gad_spool_gaps_count(g, first, end, GAD_SPOOL_LOST) -
           gad_spool_gaps_count(g, first, end, GAD_SPOOL_MAYBE);
}

/* Adds the numbers first .. end - 1, which can no longer be read. */
static void add_gone(struct gad_spool_share *s, const struct gad_spool_gaps *g, uint64_t first,
                     uint64_t end)
{
    uint64_t sure = larger(first, smaller(end, g->unsure));

    s->lost += used(g, first, end);
    s->at_most += used(g, first, sure) + gad_spool_gaps_count(g, sure, end, GAD_SPOOL_MAYBE);
}

/* Adds the numbers first .. end - 1, which can be read except for those in the list. @end
 * UINT64_MAX: no record beyond @first is committed yet. */
static void add_readable(struct gad_spool_share *s, const struct gad_spool_gaps *g, uint64_t first,
                         uint64_t end, uint64_t known)
{
    uint64_t news = larger(first, known);

    s->waiting += end < UINT64_MAX ? there(g, first, end) : 0;
    uint64_t maybe = gad_spool_gaps_count(g, news, end, GAD_SPOOL_MAYBE);
    s->lost += gad_spool_gaps_count(g, news, end, GAD_SPOOL_LOST) + maybe;
    s->at_most += maybe;
}

struct gad_spool_share gad_spool_gaps_share(const struct gad_spool_gaps *g, uint64_t oldest,
                                            uint64_t end, const struct gad_spool_place *p)
{
    struct gad_spool_share s = {0};
    uint64_t from = smaller(oldest, end), gone = smaller(larger(p->gone, p->next), from);

    add_readable(&s, g, p->next, gone, p->known); /* in a segment that the reader holds open */
    add_gone(&s, g, larger(gone, p->known), from);
    add_readable(&s, g, larger(from, p->next), end, p->known);
    add_readable(&s, g, larger(end, p->next), UINT64_MAX, p->known);
    return s;
}
