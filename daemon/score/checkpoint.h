/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A checkpoint as the daemon takes one: with the signature that the configuration asks for. Thread: any. */

#include "lib/base/err.h"

struct config_trust;
struct gad_detector;
struct gad_diag;
struct gad_signed;

/**
 * checkpoint_open() - read, verify, check and self-test
 *
 * The signature comes first: of what is not signed as it must be not a byte is parsed, and what is parsed are the bytes
 * that were verified, whatever the file has become since. A bad signature by a trusted key is refused in any case.
 */
int checkpoint_open(const char *file, const struct config_trust *t, struct gad_detector **ret,
                    struct gad_signed *ret_signed, struct gad_diag *d) GAD_MUST_CHECK;
