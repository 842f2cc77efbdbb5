/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/tally.h"

#include "daemon/alert/bystander.h"
#include "lib/record/record.h"

enum {
    GUESSED_FROM = 5, /* failed logins before a login counts as guessed */
    FEW_NAMES = 4,    /* names between updates while the sources are few */
    NAMED_FROM = 8,   /* records of a source among many after which an alert names it */
    MARK_EVERY = 16,  /* records between two marks of the target as attacked */
};

/* Whether an incident has changed the windows of others. One of ordinary exchanges must be that of
 * a few sources: else its sources could be bystanders themselves. */
bool tally_fills_windows(const struct incident *i)
{
    bool has_few = i->line == GAD_LINE_PAIR || i->line == GAD_LINE_SOURCE;

    return i->nature != GAD_NATURE_HOST && i->records >= BYSTANDER_ATTACKERS &&
           (i->nature != GAD_NATURE_TRAFFIC || has_few);
}

/* Whether the target took part: a TCP connection was established. */
static bool has_accepted(const struct gad_record *r)
{
    int f = (int)r->v[GAD_FLAG];

    return f == GAD_FLAG_SF || f == GAD_FLAG_S1 || f == GAD_FLAG_S2 || f == GAD_FLAG_S3 ||
           f == GAD_FLAG_RSTO;
}

static void count_ends(struct incident *i, struct attacks *a, const uint64_t *secret,
                       const struct incident_key *k, const struct gad_record *r)
{
    if (!k->is_known)
        return;
    (void)distinct_add(&i->sources, secret, k->source);
    bool is_new = distinct_add(&i->targets, secret, k->target);
    if (k->nature != GAD_NATURE_ICMP)
        (void)distinct_add(&i->ports, secret, (struct thing){0, k->port});
    if (r->v[GAD_DST_BYTES] > 0 || has_accepted(r))
        (void)distinct_add(&i->answered, secret, k->target);
    if (tally_fills_windows(i) && (is_new || i->records % MARK_EVERY == 0))
        attacks_mark(a, k, i);
}

/* Whether this source alone failed often enough before. */
bool tally_has_guessed(const struct incident *i, const struct incident_key *k)
{
    return i->failed >= GUESSED_FROM && distinct_count(&i->sources, k->source) >= GUESSED_FROM;
}

static void count_login(struct incident *i, const struct incident_key *k,
                        const struct gad_record *r)
{
    i->failed += (uint64_t)r->v[GAD_NUM_FAILED_LOGINS];
    i->logins += r->v[GAD_LOGGED_IN] > 0;
    bool is_guessed =
        i->nature == GAD_NATURE_LOGIN && r->v[GAD_LOGGED_IN] > 0 && tally_has_guessed(i, k);
    i->has_root_shell |= r->v[GAD_ROOT_SHELL] > 0;
    bool has_succeeded = is_guessed || i->has_root_shell;
    i->is_urgent |= has_succeeded && !i->succeeded;
    i->succeeded |= has_succeeded;
}

void tally_add(struct incident *i, struct attacks *a, const uint64_t secret[static 2],
               const struct incident_key *k, const struct gad_record *r)
{
    i->src_bytes += (uint64_t)r->v[GAD_SRC_BYTES];
    i->dst_bytes += (uint64_t)r->v[GAD_DST_BYTES];
    count_ends(i, a, secret, k, r);
    count_login(i, k, r);
}

/* 1, 2, 3 at NAMED_FROM records, and at 16 and 256 times as many; else 0. */
static unsigned name_step(uint64_t records)
{
    return records == NAMED_FROM                   ? 1
           : records == NAMED_FROM * UINT64_C(16)  ? 2
           : records == NAMED_FROM * UINT64_C(256) ? 3
                                                   : 0;
}

bool tally_is_new_name(struct incident *i, const struct incident_key *k)
{
    bool of_many = i->line == GAD_LINE_TARGET || i->line == GAD_LINE_NETWORK;
    bool can_be = k->nature == GAD_NATURE_PROBE || k->nature == GAD_NATURE_LOGIN;

    if (!of_many || !can_be || !i->is_reported)
        return false;
    uint64_t records = distinct_count(&i->sources, k->source);
    if (!i->sources.is_over && records == NAMED_FROM && i->few_names < FEW_NAMES) {
        i->few_names++;
        return true;
    }
    unsigned step = name_step(records);
    bool is_named = i->named.high == k->source.high && i->named.low == k->source.low;
    if (step <= i->names || is_named)
        return false;
    i->names = step;
    i->named = k->source;
    return true;
}
