/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which models score the records of a job, and what they have counted. Thread: main. */

#include <stdbool.h>
#include <stdint.h>

struct job;
struct models;

/* Before job_reserve(): @j->model is the one that was named, or the default, and if none was the records go where their
 * networks say. Returns how many reasons are kept of a record that raises an alert: the most of any of those models. */
uint32_t assign_begin(const struct models *m, struct job *j, bool names_model);

/* When the records are there: who scores them. Holds all that it assigns. */
void assign_models(const struct models *m, struct job *j);

/* Adds what the scorer found to the counters of the models. */
void assign_count(const struct job *j);
