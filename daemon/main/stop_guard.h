/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Ends the process within stop_timeout, even if a thread hangs. A thread that waits for a disk or a
 * network file system can neither be cancelled nor joined; if it is the main thread, no signal
 * handler runs either. Therefore a separate thread waits until stop_timeout expires. It then logs
 * an error and ends the process with code 1. The files are then as after a crash, and the next
 * start recovers from them.
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
/* after everything has ended; also if it was never armed */
void stop_guard_disarm(struct stop_guard *g);
