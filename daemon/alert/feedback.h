/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The verdicts of operators on alerts (lib/feedback), and their file. A verdict is in the file and
 * on the disk before it has an effect. The daemon only appends; a damaged line is logged, counted,
 * and left out. Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/feedback/list.h"

struct feedback;
struct gad_diag;
struct stats;

/* Reads the file, if it exists. @path: "": no verdicts are accepted; must outlive it. */
int feedback_new(const char *path, struct stats *stats, struct feedback **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;
/* Whether the file, if it exists, could be read now. Logs damaged lines. */
int feedback_check(const char *path, struct gad_diag *d) GAD_MUST_CHECK;
void feedback_free(struct feedback *f);
GAD_DEFINE_CLEANUP(struct feedback, feedback_free);

/**
 * feedback_add() - appends a verdict
 * @v:      with all but the mark, which this sets
 * @uid:    of the operator, as the kernel states it
 * @number: of its incident in this run; 0: none, or of an earlier run
 * Returns 0; GAD_EINVAL, GAD_ELIMIT or an error of the file with @d, and nothing has changed.
 */
int feedback_add(struct feedback *f, struct gad_verdict *v, uint32_t uid, uint64_t number,
                 struct gad_diag *d) GAD_MUST_CHECK;

/* Appends a line that undoes verdict @id, and copies that verdict to @ret. Fails as above. */
int feedback_undo(struct feedback *f, uint64_t id, uint32_t uid, struct gad_verdict *ret,
                  struct gad_diag *d) GAD_MUST_CHECK;

/* What an operator says of an incident of this run. @f may be NULL. */
enum gad_feedback_state feedback_of_incident(const struct feedback *f, uint64_t number);

const struct gad_feedback *feedback_list(const struct feedback *f);
