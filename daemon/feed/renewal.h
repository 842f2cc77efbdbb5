/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Certificates, keys and authorities of outputs that were renewed in place. A reload reads them again if the files have
 * changed since they were read last, and each output uses them from its next connection on; one that waits for its
 * next attempt makes it at once. Files that cannot be used change nothing.
 *
 * Thread: any, one call at a time.
 */

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct output_thread;
struct gad_diag;
struct renewal;

/* Notes which files there are; before they are read. @c is borrowed. */
int renewal_new(const struct config *c, struct renewal **ret) GAD_MUST_CHECK;
void renewal_free(struct renewal *r);
GAD_DEFINE_CLEANUP(struct renewal, renewal_free);

/* Reads what has changed. An error says which file cannot be used, and nothing has changed. */
int renewal_read(struct renewal *r, struct gad_diag *d) GAD_MUST_CHECK;

/* @text: "[output NAME] certificate FILE", or what has changed that only root can read. */
typedef void renewal_fn(void *arg, bool is_applied, const char *text);

/* Hands what was read to the outputs. */
void renewal_put(struct renewal *r, struct output_thread *output_thread, renewal_fn *fn, void *arg);
