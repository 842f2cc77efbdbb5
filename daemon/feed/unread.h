/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an output that is behind has lost and still has to read, at once and not only when its reader comes there: a
 * receiver may be away for days. Lost are events that the quota evicted, that the disk did not take, and of segments
 * that someone deleted.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/time.h"

struct gad_spool_status;
struct output_status;

/* Sets s->waiting, and adds what the output has not come to to s->lost and s->lost_at_most. */
void unread_add(struct output_status *s, const struct gad_spool_status *spool);

/* Of one output: losses that its cursor in the spool has. */
struct unread_pass {
    uint64_t done;       /* losses acknowledged so far */
    uint64_t seen, next; /* losses that it had met when it came to this number */
};

/* Losses to be acknowledged now. Not before the output is done with everything up to them: a start after a crash meets
 * the same gap again, and would count it twice. */
uint64_t unread_passed(struct unread_pass *p, const struct output_status *s);

/* What was logged of one output. */
struct unread_log {
    uint64_t lost; /* of the output, when it was logged last */
    struct gad_time logged;
    bool was_logged;
};

/**
 * unread_report() - log what the output lost of events that it has not come to: the first time at once, then once a minute
 * @own: what it reported itself, of all that it lost
 */
void unread_report(struct unread_log *u, uint64_t own, const struct output_status *s,
                   const struct gad_spool_status *spool);

/* At the end: log what was not delivered; @kept: the next start goes on with it. */
void unread_report_end(const struct output_status *s, bool kept);
