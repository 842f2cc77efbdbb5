/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Interrupts: the first SIGINT or SIGTERM is recorded, the second ends the process at once. */

#include <stdbool.h>

void interrupt_watch(void);
bool interrupt_seen(void);
