/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What goes on at the same time, in the order of time: a heap of tasks, each of which says when it acts next. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct task {
    int64_t time;   /* us since the epoch; may only grow */
    uint64_t order; /* among tasks of one time, who was added first; set by schedule_add() */
    /* Acts once and sets its next time. GAD_END: it is done. May add tasks that are not before its own time. */
    int (*act)(struct task *t);
    void (*free)(struct task *t);
};

struct schedule {
    struct task **heap;
    size_t n, cap;
    uint64_t n_added;
};

/* Takes the task, also when it fails. */
int schedule_add(struct schedule *s, struct task *t) GAD_MUST_CHECK;

/* Lets the earliest task act. GAD_END: there is none left. */
int schedule_act(struct schedule *s) GAD_MUST_CHECK;

void schedule_deinit(struct schedule *s);
