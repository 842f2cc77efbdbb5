/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A checkpoint in memory with the published shapes and random weights, for tests and benchmarks
 * that need a model but not a trained one: Xavier weights, the EGBAD schema, a scaler that divides
 * by round numbers, a calibration of 0, 1 and 2. It has no self-test vectors.
 */

#include <stdint.h>

struct gad_checkpoint;
struct random_model;

/**
 * random_model_new() - egbad, ganomaly or anogan (with a search of 20 steps)
 * @score:  the score's kind, "fm", "cross-e", "residual"; "enc", "rec"; "fm", "cross-e"
 * @degree: of the norm, 1 or 2
 * Aborts when out of memory.
 */
struct random_model *random_model_new(const char *model, const char *score, unsigned degree,
                                      uint64_t seed);

/* The same with nets that take @condition, the column of a group, as a second input: egbad and
 * anogan. "": without a condition. */
struct random_model *random_model_new_conditional(const char *model, const char *score,
                                                  unsigned degree, uint64_t seed,
                                                  const char *condition);
void random_model_free(struct random_model *m);

struct gad_checkpoint *
random_model_checkpoint(struct random_model *m); /* lives as long as the model */
