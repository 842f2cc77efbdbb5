/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Concurrent tasks in the order of time: a heap, in which each task sets the time of its next
 * action. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct task {
    int64_t time;   /* us since the epoch; never decreases */
    uint64_t order; /* breaks ties of time by insertion; set by schedule_add() */
    /* Acts once and sets the next time. GAD_END: done. Can add tasks that are not before its own
     * time. */
    int (*act)(struct task *t);
    void (*free)(struct task *t);
};

struct schedule {
    struct task **heap;
    size_t n, cap;
    uint64_t n_added;
};

/* Takes the task, also on failure. */
int schedule_add(struct schedule *s, struct task *t) GAD_MUST_CHECK;

/* Runs the earliest task once. GAD_END: no task is left. */
int schedule_act(struct schedule *s) GAD_MUST_CHECK;

void schedule_deinit(struct schedule *s);
