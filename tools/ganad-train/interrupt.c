/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/interrupt.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t seen;

static void record(int sig)
{
    (void)sig;
    seen = 1;
}

void interrupt_watch(void)
{
    /* SA_RESETHAND: the next signal takes the default action. */
    struct sigaction act = {.sa_handler = record, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};

    (void)sigemptyset(&act.sa_mask);
    (void)sigaction(SIGINT, &act, NULL);
    (void)sigaction(SIGTERM, &act, NULL);
}

bool interrupt_seen(void)
{
    return seen != 0;
}
