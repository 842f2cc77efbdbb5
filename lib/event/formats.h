/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All formats there are, for the table in format.c. */

#include "lib/event/format.h"

extern const struct gad_format gad_format_json, gad_format_syslog;
