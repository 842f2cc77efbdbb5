/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/notify.h"

#include <systemd/sd-daemon.h>

void notify_state(const char *state)
{
    (void)sd_notify(0, state); /* nobody listens: fine */
}
