/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/main/stop_guard.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/log.h"

static void run(void *arg)
{
    struct stop_guard *g = arg;
    int r;

    do
        r = sem_clockwait(&g->end, CLOCK_MONOTONIC, &g->until);
    while (r != 0 && errno == EINTR);
    if (r == 0)
        return;
    struct pollfd log = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&log, 1, 0) == 1) /* the standard error may itself be what blocks */
        log_error("loop", "stop_timeout has expired and a thread still waits for a disk or a file "
                          "system that does not answer: the process exits as after a crash");
    _exit(EXIT_FAILURE);
}

void stop_guard_arm(struct stop_guard *g, struct gad_time left)
{
    int64_t end = gad_time_monotonic().ns + left.ns;
    if (g->thread.runs)
        return;
    g->until = (struct timespec){end / 1000000000, end % 1000000000};
    (void)sem_init(&g->end, 0, 0);
    if (thread_run(&g->thread, "ganadd-stop", run, g) != 0)
        log_warn("loop", "cannot start the thread that enforces stop_timeout");
}

void stop_guard_disarm(struct stop_guard *g)
{
    if (!g->thread.runs)
        return;
    (void)sem_post(&g->end);
    thread_join(&g->thread);
    (void)sem_destroy(&g->end);
}
