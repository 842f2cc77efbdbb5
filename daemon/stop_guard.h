/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The end of the process within stop_timeout, whatever hangs. A thread that waits for a disk or a network file system
 * can neither be cancelled nor joined, and if it is the main thread, no handler of a signal runs either. So a thread of
 * its own waits until the time is over, and ends the process with code 1 and a line in the log. What is on disk by then
 * is as after a crash, and the next start goes on from there.
 *
 * Thread: main.
 */

#include <semaphore.h>
#include <time.h>

#include "daemon/thread.h"
#include "lib/base/time.h"

struct stop_guard {
    struct thread thread;
    sem_t end;
    struct timespec until; /* monotonic */
};

void stop_guard_arm(struct stop_guard *g, struct gad_time left);
void stop_guard_disarm(struct stop_guard *g); /* everything has ended; also if it was never armed */
