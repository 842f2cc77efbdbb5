/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the commands of ganad-train share beyond the common command line: their names, and paths and
 * lists. */

#include <stdbool.h>
#include <stddef.h>

#include "tools/common/cli.h"

extern const struct cli_command command_calibrate, command_export, command_fit, command_eval,
    command_inspect, command_learn, command_report, command_survey, command_verify;

/* Checks before a training that a file can be created at this path, or replaced there. */
int cli_check_out(const char *out, struct gad_diag *d) GAD_MUST_CHECK;

/* Returns true if both exist and are the same file. */
bool cli_is_same_file(const char *a, const char *b);

/* A growing list of borrowed strings: the files after --data and the bare arguments. */
struct cli_list {
    const char **item;
    size_t n;
};

int cli_list_add(struct cli_list *l, const char *s) GAD_MUST_CHECK;
void cli_list_deinit(struct cli_list *l);
