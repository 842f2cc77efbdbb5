/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The verdicts of operators, as a file: a first line, then a line for each verdict and for each
 * one that was undone (verdict.h). Lines are only appended. An alert or an incident has at most one
 * verdict that stands.
 *
 * Thread: one at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/feedback/verdict.h"

struct gad_buf;
struct gad_diag;
struct gad_feedback;

enum {
    GAD_FEEDBACK_MAX = 10000,         /* verdicts, undone ones included; 1.3 KB of memory each */
    GAD_FEEDBACK_FILE_MAX = 32 << 20, /* bytes */
};

extern const char gad_feedback_head[]; /* the first line, with its LF */

int gad_feedback_new(struct gad_feedback **ret) GAD_MUST_CHECK;
void gad_feedback_free(struct gad_feedback *f);
GAD_DEFINE_CLEANUP(struct gad_feedback, gad_feedback_free);

/**
 * gad_feedback_read() - reads a text into an empty list
 * @bad: called with each damaged line and the reason; that line is left out
 * Returns 0; GAD_EFORMAT: the first line is another one; GAD_ELIMIT: too many lines; GAD_ENOMEM. An
 * empty text is an empty list.
 */
int gad_feedback_read(struct gad_feedback *f, const char *text, size_t len,
                      void (*bad)(void *arg, unsigned line, const char *why), void *arg,
                      struct gad_diag *d) GAD_MUST_CHECK;

/* Verdicts, undone ones included, in the order of their ids. */
size_t gad_feedback_count(const struct gad_feedback *f);
const struct gad_verdict *gad_feedback_at(const struct gad_feedback *f, size_t i);

/* The id that the next line gets. */
uint64_t gad_feedback_next(const struct gad_feedback *f);

/**
 * gad_feedback_check() - whether gad_feedback_add() would accept the verdict
 * Returns 0; GAD_EINVAL: another one stands on its event or incident, or its id is not above all
 * others; GAD_ELIMIT: the list is full.
 */
int gad_feedback_check(const struct gad_feedback *f, const struct gad_verdict *v,
                       struct gad_diag *d) GAD_MUST_CHECK;
int gad_feedback_add(struct gad_feedback *f, const struct gad_verdict *v,
                     struct gad_diag *d) GAD_MUST_CHECK;

/* Likewise for undoing verdict @of. GAD_EUNKNOWN: there is no such verdict; GAD_EINVAL: it does not
 * stand. */
int gad_feedback_check_undo(const struct gad_feedback *f, uint64_t of,
                            const struct gad_verdict_mark *m, struct gad_diag *d) GAD_MUST_CHECK;
int gad_feedback_undo(struct gad_feedback *f, uint64_t of, const struct gad_verdict_mark *m,
                      struct gad_diag *d) GAD_MUST_CHECK;
