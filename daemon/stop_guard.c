/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/stop_guard.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define WHAT                                                                                       \
    "loop: stop_timeout is over, and a thread still waits, for a disk or a file system that does " \
    "not answer: the process ends as after a crash\n"

static void end(int signal)
{
    static const char plain[] = WHAT, journal[] = "<3>" WHAT;
    const char *line = getenv("JOURNAL_STREAM") ? journal : plain;
    (void)signal;

    (void)!write(STDERR_FILENO, line, strlen(line));
    _exit(EXIT_FAILURE);
}

void stop_guard_arm(struct gad_time left)
{
    const struct sigaction action = {.sa_handler = end};
    const struct itimerval timer = {
        .it_value = {left.ns / 1000000000, left.ns % 1000000000 / 1000 + 1}};
    sigset_t alarm;

    (void)sigemptyset(&alarm);
    (void)sigaddset(&alarm, SIGALRM);
    (void)sigaction(SIGALRM, &action, NULL);
    (void)pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}
