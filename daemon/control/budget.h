/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The commands of the control socket for false-positive budgets, and their part of the status.
 * Thread: main. */

#include <stdbool.h>

#include "daemon/score/budget.h"
#include "lib/base/err.h"
#include "lib/base/time.h"
#include "proto/ganad.pb-c.h"

struct control_options;
struct gad_buf;
struct model;

/* A message and everything that it points to. */
struct status_budget {
    Ganad__V1__StatusReply__Budget m;
    Ganad__V1__StatusReply__BudgetRate verdict, day;
    Ganad__V1__StatusReply__BudgetRate hour[BUDGET_HOURS], *hour_list[BUDGET_HOURS];
    Ganad__V1__StatusReply__BudgetRate whole_day[BUDGET_DAYS], *day_list[BUDGET_DAYS];
};

/* @from: a model with a budget. Returns the message in @s. */
Ganad__V1__StatusReply__Budget *control_budget_fill(struct status_budget *s,
                                                    const struct model *from,
                                                    const struct budget_options *keys);

bool control_budget_is(const Ganad__V1__ControlRequest *m);

/* Does what @m asks and appends the answer: a status, or why nothing changed. GAD_ENOMEM. */
int control_budget(const struct control_options *o, struct gad_time started,
                   const Ganad__V1__ControlRequest *m, struct gad_buf *out) GAD_MUST_CHECK;
