/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * ganadctl score: reads the records of a file and writes one result per record in the order of the
 * file. Either a ganadd or a checkpoint in this process computes the scores.
 *
 *     input -> batches -> score_by_socket() or score_local() -> score_put() -> a format -> stdout
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/dataset/dataset.h"
#include "tools/common/bar.h"
#include "tools/common/capture_options.h"
#include "tools/ganadctl/input.h"

enum {
    SCORE_BATCH = INPUT_BATCH,
    /* bytes of pending output: at HIGH no more input is read; answers in flight can add up to
     * MAX */
    SCORE_OUTPUT_HIGH = 1 << 20,
    SCORE_OUTPUT_MAX = 64 << 20,
    SCORE_HEX = 65,
};

/* What the output needs of a record when the record itself is freed. */
struct score_item {
    uint64_t line; /* in the file */
    int16_t protocol, service, flag;
};

struct score_batch {
    uint64_t id;
    size_t n;
    struct score_item item[SCORE_BATCH];
};

/* The contribution of one feature. */
struct score_reason {
    const char *feature, *value, *expected; /* foreign text if they arrived by socket */
    float share;
};

struct score_result {
    const struct score_item *item;
    const char *model, *sha256; /* hex */
    float score, p_value, threshold;
    bool anomalous, unscored; /* unscored: beyond the search_rate of the model, without a score */
    bool extrapolated;        /* the p-value is below 1 / (n + 1) */
    size_t n_reasons;
    struct score_reason reason[GAD_N_COLUMNS];
};

struct score_look {
    bool colour;
    unsigned top;
};

struct score_format {
    const char *name;
    unsigned top; /* reasons per record without --top */
    void (*head)(struct gad_buf *out, const struct score_look *look); /* or NULL */
    void (*row)(struct gad_buf *out, const struct score_look *look, const struct score_result *r);
};

extern const struct score_format score_format_table, score_format_csv, score_format_json;

struct score_run {
    const char *file, *local;
    char *model; /* a message's strings are not const */
    const struct score_format *format;
    double fpr_budget; /* for --local */
    bool no_alerts, skip_bad;
    struct capture_options capture;
    struct score_look look;

    struct input *in;
    int read_err; /* of the input: reported after the rows before it */
    bool at_end;
    struct gad_buf out;
    size_t out_chunk; /* bytes that stdout accepts without blocking once poll() says so */
    struct bar bar;
    uint64_t input_size; /* bytes of text in the file; 0: unknown */
    uint64_t n, n_anomalous, n_unscored, next_id;
    struct gad_row row[SCORE_BATCH]; /* score_take()'s */
    char shown_model[96];            /* of the last answer, for the summary */
    float shown_threshold;
    struct gad_diag diag;
};

/**
 * score_take() - the next batch of the input
 * @whole: only a full one, or the last
 * b->n is 0 if no row has arrived, and at the end, which sets run->at_end and run->read_err.
 */
void score_take(struct score_run *run, bool whole, struct gad_record rec[static SCORE_BATCH],
                struct score_batch *b);

/* Formats and counts one result. */
void score_put(struct score_run *run, const struct score_result *r);

/* Writes pending output to stdout: a chunk, or all of it. Returns 0 or -errno. */
int score_write(struct score_run *run, bool all);

/* Updates the progress bar. */
void score_progress(struct score_run *run);

/* Scores by the scoring socket of ganadd. Returns an exit code, after any message. */
int score_by_socket(struct score_run *run);
