/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Numbers for people, under the names that ganad-train gives them. */

#include "tools/common/show.h"

enum { PRINT_COUNT = SHOW_TEXT, PRINT_TIME = SHOW_TEXT };

#define print_count show_count
#define print_time  show_clock
