/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Matching in a line, without regular expressions: a line has at most a few hundred bytes, a table
 * a dozen words. "nocase" ignores the case of ASCII letters only; everything else matches exactly.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gad_span {
    const char *p;
    size_t len;
};

bool gad_span_is(struct gad_span s, const char *word);         /* nocase */
bool gad_span_starts(struct gad_span s, const char *word);     /* nocase */
bool gad_span_ends(struct gad_span s, const char *word);       /* nocase */
bool gad_span_has(struct gad_span s, const char *word);        /* exact */
bool gad_span_has_nocase(struct gad_span s, const char *word); /* the word in lower case */

/* The same for a table of words, ended by NULL. */
bool gad_span_is_any(struct gad_span s, const char *const *words);
bool gad_span_starts_any(struct gad_span s, const char *const *words);
bool gad_span_ends_any(struct gad_span s, const char *const *words);
bool gad_span_has_any(struct gad_span s, const char *const *words);
bool gad_span_has_any_nocase(struct gad_span s, const char *const *words);

/* Removes the first token of non-blanks from s; empty at the end. */
struct gad_span gad_span_token(struct gad_span *s);

struct gad_span gad_span_trim(struct gad_span s);     /* without blanks and CRs around it */
struct gad_span gad_span_basename(struct gad_span s); /* behind the last slash */

/* Features saturate. */
static inline void gad_count(uint16_t *feature)
{
    *feature = (uint16_t)(*feature + (*feature < UINT16_MAX));
}
