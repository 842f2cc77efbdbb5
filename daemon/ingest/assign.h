/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Assigns models to the records of a job, and counts what they found. Thread: main. */

#include <stdbool.h>
#include <stdint.h>

struct job;
struct models;

/*
 * To be called before job_reserve(). @j->model is the model that the request named, or the default.
 * If the request named none, records are routed by the networks of the models. Returns the number
 * of features to keep per record that raises an alert: the maximum over the models that can get
 * one.
 */
uint32_t assign_begin(const struct models *m, struct job *j, bool names_model);

/* Assigns models to the records, once they are filled in. Holds every model that it assigns. */
void assign_models(const struct models *m, struct job *j);

/* Adds the scorer's results to the counters of the models. */
void assign_count(const struct job *j);
