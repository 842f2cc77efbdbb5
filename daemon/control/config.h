/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The answer to CONFIG: the values in use. */

#include <stdint.h>

#include "lib/base/err.h"

struct control_options;
struct gad_buf;

/* Appends the values from number @from on to @out. Returns 0 or GAD_ENOMEM. */
int control_config_reply(const struct control_options *o, uint64_t from,
                         struct gad_buf *out) GAD_MUST_CHECK;
