/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which feature contributions people are shown, and in which words. All places that show them use
 * this: formats, ganadctl, replies on the scoring socket, the explanation itself.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/record/record.h"

/*
 * Whether a contribution says something: its share is above 0, and its value and the expected value
 * differ as gad_value_text() shows them. A text column can contribute although the model expects its
 * name: it expects other names, too. "service smtp (expected smtp)" would say the opposite.
 */
bool gad_reason_says(const struct gad_reason *r);

/* Moves those that say something to the front, in their order. Returns how many they are. */
size_t gad_reasons_order(struct gad_reason *r, size_t n);

/* "count 511 (expected 2.1)": the words of a contribution. The texts are not escaped. Always
 * NUL-terminated. */
enum { GAD_REASON_TEXT = 160 };
void gad_reason_words(const char *feature, const char *value, const char *expected,
                      char text[static GAD_REASON_TEXT]);
void gad_reason_text(const struct gad_reason *r, char text[static GAD_REASON_TEXT]);
