/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One reason of a score, as a person reads it. */

enum { REASON_TEXT = 256 };

/**
 * reason_text() - "count 511 (expected 2.1) 8%"
 *
 * A text column that the model did expect, but only weakly, still has a share: "service http (expected
 * weakly) 21%". The texts come from elsewhere and are escaped; the result is always NUL-terminated.
 */
void reason_text(const char *feature, const char *value, const char *expected, double share,
                 char text[static REASON_TEXT]);
