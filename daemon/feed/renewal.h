/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Certificates, keys and authorities of outputs that were renewed in place. A reload reads files
 * again that have changed since they were last read. Each output uses them from its next connection
 * on; an output that waits for its next attempt makes it at once. Files that cannot be used change
 * nothing.
 *
 * Thread: any, one call at a time.
 */

#include "daemon/tls_files.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct output_thread;
struct gad_diag;
struct renewal;

/* Notes the identity of each file, before they are read. @c is borrowed. */
int renewal_new(const struct config *c, struct renewal **ret) GAD_MUST_CHECK;
void renewal_free(struct renewal *r);
GAD_DEFINE_CLEANUP(struct renewal, renewal_free);

/* Reads files that have changed. On an error @d names the file that cannot be used, and nothing is
 * applied. */
int renewal_read(struct renewal *r, struct gad_diag *d) GAD_MUST_CHECK;

/* Passes what was read to the outputs. */
void renewal_put(struct renewal *r, struct output_thread *output_thread, tls_renewal_fn *fn,
                 void *arg);
