/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Opens a checkpoint, with the signature that the configuration requires. Thread: any. */

#include "lib/base/err.h"

struct config_trust;
struct gad_detector;
struct gad_diag;
struct gad_signed;

/**
 * checkpoint_open() - reads, verifies, checks and self-tests a checkpoint
 *
 * The signature is checked first: a file without the required signature is not parsed at all, and
 * the parsed bytes are those that were verified, even if the file changes meanwhile. A bad
 * signature by a trusted key is always refused.
 */
int checkpoint_open(const char *file, const struct config_trust *t, struct gad_detector **ret,
                    struct gad_signed *ret_signed, struct gad_diag *d) GAD_MUST_CHECK;
