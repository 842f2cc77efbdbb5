/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Pieces of the sentences about events: a text that grows by whole clauses, and numbers as people
 * write them. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/time.h"
#include "lib/event/event.h"

enum { GAD_SENTENCE_WORDS = 35, GAD_SHOWN_TEXT = 64 };

struct gad_words {
    size_t len, n; /* bytes without the NUL, words */
    char text[GAD_EVENT_SENTENCE];
};

/* Appends a piece. One with which the sentence would have more than GAD_SENTENCE_WORDS words or not
 * fit is left out as a whole. */
__attribute__((format(printf, 2, 3))) void gad_words_add(struct gad_words *w, const char *form,
                                                         ...);

/* These return @text. */
const char *gad_shown_count(uint64_t n, char text[static GAD_SHOWN_TEXT]); /* "512,820" */
/* "134 hosts", "1 host" or "256 sources (estimated, +-3 %)" */
const char *gad_shown_distinct(const struct gad_distinct *d, const char *one,
                               char text[static GAD_SHOWN_TEXT]);
const char *gad_shown_bytes(double n,
                            char text[static GAD_SHOWN_TEXT]); /* "5 kB", powers of 1000 */
const char *gad_shown_span(struct gad_time t,
                           char text[static GAD_SHOWN_TEXT]); /* "24 s", "5 min" */
const char *gad_shown_address(uint8_t family, const uint8_t address[static 16],
                              char text[static GAD_SHOWN_TEXT]);
