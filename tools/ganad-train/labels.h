/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the labels of a table mean: which are normal, by their names or by --normal, and what a reader of the figures
 * has to know of it. Nothing is guessed in silence.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct cli_list;
struct gad_buf;
struct gad_diag;
struct gad_table;

/* Some rows have labels and some have none, or a name after --normal is the label of no row: GAD_EINVAL, GAD_EFORMAT. */
int labels_check(const struct gad_table *t, const struct cli_list *normal,
                 struct gad_diag *d) GAD_MUST_CHECK;

/* GAD_EINVAL if there are labels and none of them is normal; the message lists them. */
int labels_need_normal(const struct gad_table *t, struct gad_diag *d) GAD_MUST_CHECK;

/* The same as a warning's text; false: there is nothing to warn of. */
bool labels_lack_normal(const struct gad_table *t, struct gad_diag *ret);

/* On stderr, which column has the labels and which of them are normal, if any is; @quiet: only if it was not to be expected. */
void labels_tell(const struct gad_table *t, bool quiet);

/* " --normal NAME ..." for the provenance: what --normal named, or else all that are normal if they are other than
 * just "normal". */
void labels_command(const struct gad_table *t, const struct cli_list *normal, struct gad_buf *b);
