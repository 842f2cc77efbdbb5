/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The records of all captures, appended to a file as ganadctl extract writes them: what a model can be trained
 * with later. Before a file becomes longer than it may it is moved away: FILE.1 is the last one, FILE.2 the one
 * before. It goes the way of the alerts' outputs: what a disk does not take waits in a bounded queue, and is
 * lost and counted beyond it.
 *
 * Thread: main.
 */

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct event_base;
struct gad_diag;
struct gad_record;
struct stats;
struct tap;

/* *ret is NULL if no file is asked for; all functions here take that. */
int tap_new(struct event_base *base, const struct config *c, struct stats *st, struct tap **ret,
            struct gad_diag *d) GAD_MUST_CHECK;
void tap_free(struct tap *t);
GAD_DEFINE_CLEANUP(struct tap, tap_free);

void tap_add(struct tap *t, const struct gad_record *r);
void tap_flush(struct tap *t);
void tap_reopen(struct tap *t); /* for somebody moved the file away */
