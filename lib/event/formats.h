/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All formats there are, for the table in format.c. */

#include "lib/event/format.h"

extern const struct gad_format gad_format_json, gad_format_eve, gad_format_ecs, gad_format_ocsf,
    gad_format_cef, gad_format_leef, gad_format_syslog, gad_format_journal;
