/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A detector: checkpoint -> schema + scaler + model + calibration as one thing, from records to scores,
 * p-values, thresholds and reasons. This is what the daemon, ganadctl --local and ganad-train eval all use,
 * so a score is the same in all three.
 *
 * Immutable after it is made; threads may share it, each with a workspace of its own.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/record/column.h"
#include "lib/record/record.h"

struct gad_checkpoint;
struct gad_interval;
struct gad_diag;
struct gad_record;
struct gad_reference;
struct gad_schema;
struct gad_detector;
struct gad_workspace;

/**
 * gad_detector_open() - read, check and self-test a checkpoint
 *
 * The self-test vectors must come out with the scores in the file (relative 1e-4: other processors round
 * differently; for a model that searches looser, see detector.c), or the checkpoint is refused with GAD_EMISMATCH.
 */
int gad_detector_open(const char *path, struct gad_detector **ret,
                      struct gad_diag *d) GAD_MUST_CHECK;

/* As above, from a checkpoint in memory, which stays the caller's and may be freed after. @name in messages. */
int gad_detector_new(const char *name, const struct gad_checkpoint *c, struct gad_detector **ret,
                     struct gad_diag *d) GAD_MUST_CHECK;

void gad_detector_free(struct gad_detector *det);
GAD_DEFINE_CLEANUP(struct gad_detector, gad_detector_free);

const char *gad_detector_name(const struct gad_detector *det);  /* the checkpoint's */
const char *gad_detector_model(const struct gad_detector *det); /* "egbad" */
const uint8_t *
gad_detector_sha256(const struct gad_detector *det); /* 32 bytes, of the checkpoint's message */
const char *gad_detector_sha256_hex(const struct gad_detector *det);
uint64_t
gad_detector_n_calibration(const struct gad_detector *det); /* held-out rows behind p-values */

/* What normal records looked like (models/reference.h); NULL: the checkpoint does not say. Lives as long as the
 * detector, as its schema does. */
const struct gad_reference *gad_detector_reference(const struct gad_detector *det);
const struct gad_schema *gad_detector_schema(const struct gad_detector *det);

/* Times that a record passes the networks for its score; 1 unless the model searches (anogan), and then a score
 * takes so many times as long. Reasons of a record take it once more. */
uint32_t gad_detector_steps(const struct gad_detector *det);

/* Scratch memory for batches of up to n_max rows. */
int gad_workspace_new(const struct gad_detector *det, size_t n_max,
                      struct gad_workspace **ret) GAD_MUST_CHECK;
void gad_workspace_free(struct gad_workspace *ws);
GAD_DEFINE_CLEANUP(struct gad_workspace, gad_workspace_free);

/**
 * gad_detector_score() - records to scores
 * @n:      any; worked off in tiles of the workspace's size
 * @rec:    legal records (gad_record_check())
 * @score:  (n), finite, higher is stranger; comparable only between scores of one checkpoint
 * Return: how many categorical values were outside the model's vocabulary. Does not allocate.
 */
uint64_t gad_detector_score(const struct gad_detector *det, struct gad_workspace *ws, size_t n,
                            const struct gad_record *rec, float *score);

/**
 * gad_detector_p_value() - share of held-out normal rows that score at least this high, in (0, 1]
 *
 * (k + 1) / (n + 1) with k interpolated between the stored quantiles: never 0, because n rows cannot show a
 * rate below 1 / (n + 1).
 */
double gad_detector_p_value(const struct gad_detector *det, float score);

/* Smallest threshold t such that at most fpr of the held-out normal rows score above t. 0 < fpr < 1. */
float gad_detector_threshold(const struct gad_detector *det, double fpr);

/* The 95 % interval of the rate of false alarms that this threshold will have on rows like those held out: they were
 * so many and no more. */
struct gad_interval gad_detector_fpr_interval(const struct gad_detector *det, double fpr);

/**
 * gad_detector_explain() - which columns make up the score of one record
 * @reason: (GAD_N_COLUMNS), sorted by share, largest first; columns outside the schema have share 0
 *
 * A column's share is by how much the score would fall if that column alone were as the model expects it, xhat's
 * elements in place of x's, over the sum of these falls; a column that would not lower it has share 0. So every
 * part of a score is attributed, also those in a latent space or in a discriminator's features, which have no
 * columns. Asked for the 15 columns with the largest |x - xhat| (one-hot elements summed), which costs the scoring of
 * 16 rows. For a model that searches, and where no column alone lowers the score, the share is the column's part of
 * |x - xhat|. The shares sum to 1. Does not allocate.
 *
 * In a conditional model the elements of the conditioned column are also what generator and discriminator are told: to
 * change that column is to ask about the connection as one of the expected kind, xhat's elements being the condition.
 */
void gad_detector_explain(const struct gad_detector *det, struct gad_workspace *ws,
                          const struct gad_record *rec,
                          struct gad_reason reason[static GAD_N_COLUMNS]);

/**
 * gad_detector_cause() - the column that is farthest from its reconstruction
 *
 * The first of gad_detector_explain()'s columns before it asks how much each of them counts, at the cost of scoring one
 * row (for a model that searches, of a search). Its share is its part of |x - xhat|. Records that are anomalous for the
 * same cause can be told together. Does not allocate.
 */
struct gad_reason gad_detector_cause(const struct gad_detector *det, struct gad_workspace *ws,
                                     const struct gad_record *rec);
