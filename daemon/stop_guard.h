/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The end of the process within stop_timeout, whatever hangs. A thread that waits for a disk or a network file system
 * can neither be cancelled nor joined; when the time is over this ends the process under it, with code 1 and a line on
 * the standard error. What is on disk by then is as after a crash, and the next start goes on from there.
 *
 * Uses SIGALRM and the real-time interval timer. Thread: main.
 */

#include "lib/base/time.h"

void stop_guard_arm(struct gad_time left);
