/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the service manager is told; nothing without systemd. */

/* @state: as sd_notify(3): "READY=1", "STOPPING=1" */
void notify_state(const char *state);
