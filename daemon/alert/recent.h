/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The latest alert of each of the last incidents, for the live page and ganadctl. An alert without
 * an incident is an entry of its own. Each alert that is put in gets the next change number, so
 * that a reader can request what is new.
 *
 * A full list gives up, in this order: what is closed before what is open, low before medium before
 * high, and of these the entry that changed first. An entry without a change for a day counts as
 * low. So a sender of many cheap alerts displaces no open incident of a higher severity.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/event/event.h"

struct recent;

enum {
    RECENT_MAX = 256,     /* entries, of about 4 KiB each */
    RECENT_EVENTS = 4096, /* latest alerts whose incident is known by their event id */
};

struct recent_entry {
    uint64_t change;               /* number of the change, from 1 */
    uint64_t alerts;               /* of this incident, since it is in the list */
    const struct gad_event *event; /* the latest alert; valid until the next call */
};

int recent_new(struct recent **ret) GAD_MUST_CHECK;
void recent_free(struct recent *r);
GAD_DEFINE_CLEANUP(struct recent, recent_free);

/* Takes an alert. Returns true if the list gave up an open incident for it. */
bool recent_put(struct recent *r, const struct gad_event *e);

/* The entry with the lowest change number above @change. Returns false at the end. */
bool recent_after(struct recent *r, uint64_t change, struct recent_entry *ret);

/**
 * recent_find() - the latest alert of an incident or of an alert's incident
 * @id: of an incident or an event; or what follows the last '-' in it, "i12" or "4711"
 * Returns an event that is valid until the next call; NULL: it is of another run, or not listed.
 */
const struct gad_event *recent_find(struct recent *r, const char *id);

/* Notes what an operator says of what recent_find() returns, as a change. Ignores other ids. */
void recent_judge(struct recent *r, const char *id, enum gad_feedback_state says);

/* The number of the last change; 0: none yet. */
uint64_t recent_last(const struct recent *r);
