/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command extract, which ganadctl and ganad-train both have and which writes the same bytes in
 * both: captures to connection records.
 */

#include "tools/common/cli.h"

extern const struct cli_command command_extract;
