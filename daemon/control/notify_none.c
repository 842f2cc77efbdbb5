/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/notify.h"

void notify_state(const char *state)
{
    (void)state;
}
