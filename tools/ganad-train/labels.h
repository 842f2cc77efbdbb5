/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The labels of a table: which are normal, by their names or by --normal, and messages about it.
 * Every assumption about a label is reported.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct cli_list;
struct gad_buf;
struct gad_diag;
struct gad_table;

/* GAD_EFORMAT if only some rows have labels, GAD_EINVAL if a name after --normal is the label of
 * no row. */
int labels_check(const struct gad_table *t, const struct cli_list *normal,
                 struct gad_diag *d) GAD_MUST_CHECK;

/* GAD_EINVAL if there are labels and none of them is normal; the message lists them. */
int labels_need_normal(const struct gad_table *t, struct gad_diag *d) GAD_MUST_CHECK;

/* The same as the text of a warning; false: no warning. */
bool labels_lack_normal(const struct gad_table *t, struct gad_diag *ret);

/* Prints the label column and the normal labels to standard error, if there are any. @quiet:
 * only if they are not the usual ones. */
void labels_print(const struct gad_table *t, bool quiet);

/* " --normal NAME ..." for the provenance: the names after --normal, else all normal labels
 * unless that is only "normal". */
void labels_command(const struct gad_table *t, const struct cli_list *normal, struct gad_buf *b);
