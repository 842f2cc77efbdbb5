/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/unread.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/feed/output.h"
#include "daemon/log.h"
#include "lib/spool/spool.h"

enum { EVERY_SECONDS = 60 }; /* between two lines about one output */

void unread_add(struct output_status *s, const struct gad_spool_status *spool)
{
    const struct gad_spool_place place = {.next = s->next, .gone = s->gone, .known = s->known};
    const struct gad_spool_share share =
        gad_spool_gaps_share(&spool->gaps, spool->oldest, spool->end, &place);

    s->waiting = share.waiting;
    s->lost += share.lost;
    s->lost_at_most += share.at_most;
}

uint64_t unread_passed(struct unread_pass *p, const struct output_status *s)
{
    if (p->seen == p->done && s->lost != p->seen) {
        p->seen = s->lost;
        p->next = s->next;
    }
    if (s->released < p->next)
        return 0;
    uint64_t more = p->seen - p->done;
    p->done = p->seen;
    return more;
}

void unread_report(struct unread_log *u, uint64_t own, const struct output_status *s,
                   const struct gad_spool_status *spool)
{
    struct gad_time now = gad_time_monotonic();

    if (s->lost == own) { /* what it meets the output logs */
        u->lost = own;
        return;
    }
    if (s->lost <= u->lost)
        return;
    if (u->was_logged && gad_time_sub(now, u->logged).ns < EVERY_SECONDS * INT64_C(1000000000))
        return;
    log_warn("spool",
             "output '%s' loses events before it comes to them: %" PRIu64 " more, %" PRIu64
             " in all (since the spool exists: %" PRIu64 " segments evicted for the quota, %" PRIu64
             " deleted by someone else, %" PRIu64 " events not taken by the disk)",
             s->config->name, s->lost - u->lost, s->lost, spool->totals.evicted,
             spool->totals.removed, spool->totals.dropped);
    *u = (struct unread_log){.lost = s->lost, .logged = now, .was_logged = true};
}

void unread_report_end(const struct output_status *s, bool kept)
{
    if (s->waiting > 0)
        log_warn("feed", "output '%s': %" PRIu64 " events could not be delivered%s",
                 s->config->name, s->waiting, kept ? "; they are kept" : "");
    if (s->released < s->next && strcmp(s->config->type, "file") == 0)
        log_warn("feed",
                 "output '%s': the disk has not confirmed events %" PRIu64 " to %" PRIu64 "%s",
                 s->config->name, s->released, s->next - 1,
                 kept ? "; the next start writes them again" : "");
}
