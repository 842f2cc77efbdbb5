/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A detector: schema, scaler, model and calibration of a checkpoint together. It turns records into
 * scores, p-values, thresholds and feature contributions. The daemon, ganadctl score --local and
 * ganad-train all use it, so a score is the same in all three.
 *
 * Immutable after it is made. Threads may share it; each needs a separate workspace.
 */

#include <stdbool.h>
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
 * gad_detector_open() - reads, checks and self-tests a checkpoint
 *
 * The self-test records must get the scores in the file, else the checkpoint is refused with
 * GAD_EMISMATCH. The tolerance is relative 1e-4, because other processors round differently; for a
 * model that searches it is wider (detector.c).
 */
int gad_detector_open(const char *path, struct gad_detector **ret,
                      struct gad_diag *d) GAD_MUST_CHECK;

/* The same from a checkpoint in memory, which remains the caller's and may be freed after. Messages
 * begin with @name. */
int gad_detector_new(const char *name, const struct gad_checkpoint *c, struct gad_detector **ret,
                     struct gad_diag *d) GAD_MUST_CHECK;

void gad_detector_free(struct gad_detector *det);
GAD_DEFINE_CLEANUP(struct gad_detector, gad_detector_free);

const char *gad_detector_name(const struct gad_detector *det);  /* the checkpoint's */
const char *gad_detector_model(const struct gad_detector *det); /* "egbad" */
/* 32 bytes, of the checkpoint's message. */
const uint8_t *gad_detector_sha256(const struct gad_detector *det);
const char *gad_detector_sha256_hex(const struct gad_detector *det);
/* Number of held-out rows that the p-values are based on. */
uint64_t gad_detector_n_calibration(const struct gad_detector *det);

/* Histograms of normal records (models/reference.h); NULL: the checkpoint has no reference.
 * Valid as long as the detector, as is its schema. */
const struct gad_reference *gad_detector_reference(const struct gad_detector *det);
const struct gad_schema *gad_detector_schema(const struct gad_detector *det);

/* Times that a record passes the networks for its score: 1 unless the model searches (anogan). A
 * score takes that many times as long. gad_detector_explain() then takes as long as one more
 * score. */
uint32_t gad_detector_steps(const struct gad_detector *det);

/* Scratch memory for batches of up to n_max rows. */
int gad_workspace_new(const struct gad_detector *det, size_t n_max,
                      struct gad_workspace **ret) GAD_MUST_CHECK;
void gad_workspace_free(struct gad_workspace *ws);
GAD_DEFINE_CLEANUP(struct gad_workspace, gad_workspace_free);

/**
 * gad_detector_score() - scores of records
 * @n:      any; scored in tiles of the workspace's size
 * @rec:    legal records (gad_record_check())
 * @score:  (n), finite, higher is more anomalous; comparable only between scores of one checkpoint
 * Returns the number of categorical values outside the model's vocabulary. Does not allocate.
 */
uint64_t gad_detector_score(const struct gad_detector *det, struct gad_workspace *ws, size_t n,
                            const struct gad_record *rec, float *score);

/* Whether p-values continue beyond the held-out rows (models/tail.h). */
bool gad_detector_has_tail(const struct gad_detector *det);
/* A record, borrowed, and what its score is. */
struct gad_detector_row {
    const struct gad_record *rec;
    float score;
    uint32_t n_unknown; /* its categorical values outside the model's vocabulary */
};

/* As gad_detector_score(), for records in any place. */
void gad_detector_score_rows(const struct gad_detector *det, struct gad_workspace *ws, size_t n,
                             struct gad_detector_row *row);

/**
 * gad_detector_p_value() - share of normal rows that score at least this high, in (0, 1]
 *
 * (k + 1) / (n + 1) of the n held-out rows, with k interpolated between the stored quantiles. n
 * rows cannot show a rate below 1 / (n + 1). Beyond the highest of them a tail extrapolates, down
 * to 1e-12; without a tail the p-value stays at 1 / (n + 1). It never rises with the score.
 */
double gad_detector_p_value(const struct gad_detector *det, float score);

/* Whether a p-value, also one that was a float, is below 1 / (n + 1): it comes from the tail. */
bool gad_detector_p_is_extrapolated(const struct gad_detector *det, double p);

/* The 95 % interval of the share of normal rows that score at least this high. It holds for rows
 * like those that calibrated. If these depend on each other, fewer count: calibration.worth of
 * the checkpoint. */
struct gad_interval gad_detector_p_interval(const struct gad_detector *det, float score);

/* Smallest threshold t such that at most fpr of the held-out normal rows score above t; 0 < fpr <
 * 1. For fpr below 1 / (n + 1) it comes from the tail; without a tail it is the highest score. */
float gad_detector_threshold(const struct gad_detector *det, double fpr);

/* The 95 % interval of the false-positive rate that this threshold will have on rows like those
 * that calibrated. It follows from the number of independent ones, and below 1 / (n + 1) from the
 * tail. */
struct gad_interval gad_detector_fpr_interval(const struct gad_detector *det, double fpr);

/**
 * gad_detector_explain() - feature contributions: the share of each column in the score of a record
 * @reason: (GAD_N_COLUMNS); columns outside the schema have share 0
 *
 * Returns the number of contributions that say something (lib/record/reason.h). They come first,
 * then the others, both sorted by share, largest first.
 *
 * For each column the model scores the record again with that column alone as it expects it: the
 * elements of xhat in place of those of x. The column's share is the fall of the score, over the
 * sum of all falls; a column that does not lower the score has share 0. So every part of a score is
 * attributed, also those in a latent space or in a discriminator's features, which have no columns.
 * Only the 15 columns with the largest |x - xhat| (one-hot elements summed) are tried, which costs
 * the scoring of 16 rows. For a model that searches, and where no column alone lowers the score,
 * the share is the column's part of |x - xhat|. The shares of all 41 sum to 1. Does not allocate.
 *
 * In a conditional model, generator and discriminator also read the elements of the conditioned
 * column. With that column changed, the record is scored as a connection of the expected kind: the
 * elements of xhat are the condition.
 */
size_t gad_detector_explain(const struct gad_detector *det, struct gad_workspace *ws,
                            const struct gad_record *rec,
                            struct gad_reason reason[static GAD_N_COLUMNS]);

/**
 * gad_detector_score_without() - the score that a record would have without some columns
 * @columns: set of 1 << enum gad_column
 *
 * These columns have the values that the model expects there, as in gad_detector_explain(). If the
 * record is then not anomalous, these columns alone made it so. The cost is that of two rows, or of
 * two searches. Does not allocate.
 */
float gad_detector_score_without(const struct gad_detector *det, struct gad_workspace *ws,
                                 const struct gad_record *rec, uint64_t columns);

/**
 * gad_detector_cause() - the column that is farthest from its reconstruction
 *
 * Of the columns that say something, that with the largest |x - xhat|, at the cost of scoring one
 * row (for a model that searches, of one search). Its share is its part of the sum of |x - xhat|.
 * Anomalies with the same top feature can be aggregated. Does not allocate.
 */
struct gad_reason gad_detector_cause(const struct gad_detector *det, struct gad_workspace *ws,
                                     const struct gad_record *rec);
