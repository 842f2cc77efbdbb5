/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Threads of the daemon. Signals are the main loop's: all of them are blocked in the others. */

#include <pthread.h>

#include "lib/base/err.h"

/**
 * thread_start() - a thread that runs @run(@arg)
 * @name: of the thread, for top and gdb, at most 15 bytes
 * Return: 0 with *ret, which the caller joins or detaches; -errno.
 */
int thread_start(pthread_t *ret, const char *name, void *(*run)(void *arg),
                 void *arg) GAD_MUST_CHECK;
