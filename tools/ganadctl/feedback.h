/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Parts of the command feedback. */

#include <jansson.h>

#include "lib/feedback/verdict.h"

struct gad_diag;

/* Reads an alert of format json from a file, "-" for the standard input. Returns 0 or an error with
 * @d. */
int feedback_alert_read(const char *path, json_t **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* The facts and ids of an alert of format json. Returns 0; GAD_EFORMAT with the key in @d. */
int feedback_alert_facts(const json_t *alert, struct gad_verdict *ret,
                         struct gad_diag *d) GAD_MUST_CHECK;
