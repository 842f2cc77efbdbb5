/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The highest version of each model that was in use, so that an old checkpoint, whose signature
 * stays good for ever, does not replace a newer one after a restart. The file has a line for each
 * model, in the form of lib/sign/claim.h.
 *
 * Thread: any for versions_find(), the main thread for versions_store().
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/sign/claim.h"

struct gad_diag;

enum { VERSIONS_MAX = 256, VERSIONS_FILE_MAX = 32 << 10 };

/* Sets *ret to 0 for a model without a line, without a file, and with the path "". A file that is
 * not valid is an error: it must not be taken for one without a line. */
int versions_find(const char *path, const char *model, uint64_t *ret,
                  struct gad_diag *d) GAD_MUST_CHECK;

/* Stores the versions of these models, also lower ones than before; those of others stay. Does not
 * write if nothing changes. GAD_ELIMIT: more than VERSIONS_MAX models. */
int versions_store(const char *path, const struct gad_claim *model, size_t n,
                   struct gad_diag *d) GAD_MUST_CHECK;
