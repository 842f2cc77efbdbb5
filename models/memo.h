/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Memo: the scores of the feature vectors that a detector scored lately. In a flood most records
 * have the values of an earlier one, and a score takes fifty times as long as finding it here.
 *
 * A score depends on nothing but the record's 41 values, as float32. The memo keeps those values,
 * packed without loss, and compares all of them. So an equal record gets the same bits as if it
 * were scored. Equal values give equal scaled vectors, so the scaling is saved, too.
 *
 * The memory is fixed: sets of eight entries of 64 bytes. SipHash with a random key chooses the
 * set, so a sender cannot aim at one. In a set, the entry that was not found for the longest time
 * leaves first, a new one earlier than one that was found again. Records that do not fit an entry
 * are scored each time.
 *
 * Thread: the caller's, one at a time. After gad_memo_new() nothing is allocated.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_detector;
struct gad_memo;
struct gad_record;
struct gad_workspace;

/* A record and its score. The caller sets @rec, which is borrowed until the call returns. */
struct gad_memo_row {
    const struct gad_record *rec;
    float score;
};

/* Of some rows, added to what the caller has set: */
struct gad_memo_use {
    uint64_t found;   /* records whose score was known, here or from an earlier row of the call */
    uint64_t scored;  /* records that the detector scored */
    uint64_t unknown; /* categorical values outside the model's vocabulary */
};

/* @bytes: for entries, in whole sets of 536; at least one set. Unused ones are not resident. */
int gad_memo_new(size_t bytes, struct gad_memo **ret) GAD_MUST_CHECK;
void gad_memo_free(struct gad_memo *m);
GAD_DEFINE_CLEANUP(struct gad_memo, gad_memo_free);

/**
 * gad_memo_score() - scores of rows, each the same bits as of gad_detector_score()
 * @m:    of this detector only; NULL: each row is scored
 * @most: rows that the detector may score: the first rows that need no more get a score
 * Returns the number of rows that have a score. Does not allocate.
 */
size_t gad_memo_score(struct gad_memo *m, const struct gad_detector *det, struct gad_workspace *ws,
                      size_t n, struct gad_memo_row *row, size_t most, struct gad_memo_use *use);
