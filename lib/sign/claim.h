/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a signature states about a model, in its trusted comment, which is signed, too:
 *
 *     ganad model=lan version=7 Alice, 2026-12-01
 *
 * The first word is "ganad". Each of "model=" and "version=" can occur once; other words are for
 * people.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_diag;

enum { GAD_CLAIM_NAME = 41 }; /* bytes of a name, with its NUL */
#define GAD_CLAIM_VERSION_MAX UINT64_C(4294967295)

struct gad_claim {
    char model[GAD_CLAIM_NAME]; /* letters, digits, '.', '_' and '-'; "": not stated */
    uint64_t version;           /* 1 .. GAD_CLAIM_VERSION_MAX; 0: not stated */
};

/**
 * gad_claim_parse() - reads a claim; @text: (len), without a line end
 * Returns 0; GAD_END: the text begins with another word, *ret is empty; GAD_EFORMAT with a reason
 * in @d: a word that could be read in two ways is refused.
 */
int gad_claim_parse(const char *text, size_t len, struct gad_claim *ret,
                    struct gad_diag *d) GAD_MUST_CHECK;
