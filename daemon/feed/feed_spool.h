/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Opens the spool of the feed as configured, with a cursor for each output, found by the output's
 * name. Without a configured directory the spool is in a temporary one, which is deleted at the end
 * of the run. Thread: main. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct feed_spool;
struct gad_diag;
struct spool_writer;

int feed_spool_open(const struct config *c, struct feed_spool **ret,
                    struct gad_diag *d) GAD_MUST_CHECK;
/* Checks whether it could be opened now. Changes nothing. */
int feed_spool_check(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;
void feed_spool_close(struct feed_spool *s); /* the caller has stopped the writer */
GAD_DEFINE_CLEANUP(struct feed_spool, feed_spool_close);

struct spool_writer *feed_spool_writer(struct feed_spool *s);
const char *feed_spool_directory(const struct feed_spool *s);
bool feed_spool_is_kept(const struct feed_spool *s); /* the next run continues with it */

unsigned feed_spool_cursor(const struct feed_spool *s, size_t output); /* of the i-th output */
/* where the cursor was when the spool was opened */
uint64_t feed_spool_next(const struct feed_spool *s, size_t output);
