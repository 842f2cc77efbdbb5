/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A checkpoint in memory: everything of proto/checkpoint.proto as plain C, so that other modules do
 * not need protobuf. The reader verifies everything:
 *
 *     - header: magic, version, reserved bytes zero, 56 + length equals the file's size, SHA-256
 *       matches;
 *     - sizes in 64 bits with overflow checks; limits below; no unknown fields (a newer writer
 *       raises the version), only the canonical encoding; unpacking uses at most twice the file's
 *       size and a megabyte;
 *     - text: printable ASCII, within the limits; names of nets and tensors distinct;
 *     - each layer's in equals the out before it; its two tensors exist with exactly its shape, in
 *       the order of the layers, and there are no other tensors;
 *     - all numbers finite; ranges positive; levels and values of the calibration ascend, level
 *       from 0 to 1;
 *     - a tail is fitted and complete, with all its points in range and its end point above the
 *       highest score, or it has only the reason why it is not;
 *     - a search has steps, and phases that ascend from 0 with positive rates;
 *     - a history of training, if present, has four finite figures for each epoch;
 *     - a condition is the column of a group of the schema;
 *     - a reference has a histogram for each column of the schema: edges ascend, the counts of each
 *       sum to its n;
 *     - self-test vectors present. models/detector.h, which can score, checks their results.
 *
 * Each refusal names the file and the reason in the diagnostic; the out-parameter is then
 * untouched.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;

enum {
    GAD_CKPT_VERSION = 1,
    GAD_CKPT_NETS_MAX = 16,
    GAD_CKPT_LAYERS_MAX = 64, /* over all nets */
    GAD_CKPT_DIM_MAX = 4096,
    GAD_CKPT_PARAMS_MAX = 16 << 20,
    GAD_CKPT_LEVELS_MAX = 1 << 16,
    GAD_CKPT_FOLDS_MAX = 64,
    GAD_CKPT_SELF_TESTS_MAX = 256,
    GAD_CKPT_LIST_MAX = 1024,   /* sources; metrics */
    GAD_CKPT_NAME_MAX = 63,     /* characters of the name of a checkpoint, model, net or kind */
    GAD_CKPT_STRING_MAX = 4096, /* bytes of any string */
    GAD_CKPT_FILE_MAX = 80 << 20,
    GAD_CKPT_SEARCH_STEPS_MAX = 100000,
    GAD_CKPT_SEARCH_PHASES_MAX = 16,
    GAD_CKPT_HISTORY_MAX = 100000, /* epochs */
    GAD_CKPT_EDGES_MAX = 64,       /* of a histogram */
    GAD_CKPT_TAIL_CURVE = 32,      /* points around the fit of a tail */
};

enum gad_ckpt_layer_kind { GAD_CKPT_DENSE = 1 };
enum gad_ckpt_act {
    GAD_CKPT_LINEAR,
    GAD_CKPT_RELU,
    GAD_CKPT_LEAKY_RELU,
    GAD_CKPT_SIGMOID,
    GAD_CKPT_TANH,
    GAD_CKPT_N_ACTS
};

struct gad_ckpt_layer {
    enum gad_ckpt_layer_kind kind;
    enum gad_ckpt_act act;
    uint32_t in, out;
    float slope, dropout;
    const float *weight; /* (in, out) row-major */
    const float *bias;   /* (out) */
};

struct gad_ckpt_net {
    const char *name;
    size_t n_layers;
    struct gad_ckpt_layer *layers;
};

struct gad_ckpt_group {
    const char *column;
    const char **categories;
    size_t n_categories;
};

struct gad_ckpt_source {
    const char *name, *sha256;
    uint64_t rows;
};

struct gad_ckpt_metric {
    const char *name;
    double value;
};

struct gad_ckpt_self_test {
    const char *record; /* a line of 41 columns, no line end */
    float score;
};

struct gad_ckpt_phase {
    uint32_t from; /* steps before this phase */
    float rate;
};

struct gad_ckpt_search {
    uint32_t steps; /* 0: no search */
    float tolerance;
    uint64_t seed;
    size_t n_phases;
    const struct gad_ckpt_phase *phases;
};

/* Figures of each epoch in order, see the .proto. */
struct gad_ckpt_history {
    size_t n;                                          /* epochs; 0: not recorded */
    const double *loss_d, *loss_g, *loss_e, *held_out; /* each (n) */
};

/* For a column of the schema: bin i is edge[i - 1] <= value < edge[i]. For a group: no edges,
 * and a bin for each category, then one for all other values. */
struct gad_ckpt_histogram {
    size_t n_edges, n_bins;
    const double *edge;    /* (n_edges) */
    const uint64_t *count; /* (n_bins) */
};

enum gad_ckpt_tail_state {
    GAD_CKPT_TAIL_NONE, /* not in the checkpoint */
    GAD_CKPT_TAIL_FITTED,
    GAD_CKPT_TAIL_FEW,
    GAD_CKPT_TAIL_TIES,
    GAD_CKPT_TAIL_POOR,
    GAD_CKPT_TAIL_CUT,
    GAD_CKPT_TAIL_N_STATES
};

/* A generalised Pareto distribution of the scores above a level; models/tail.h. */
struct gad_ckpt_tail {
    unsigned state; /* enum gad_ckpt_tail_state; all else is 0 unless fitted */
    float level;
    uint64_t n_peaks;
    double shape, scale;
    double goodness; /* of fit, 0 .. 1 */
    double curve_shape[GAD_CKPT_TAIL_CURVE], curve_scale[GAD_CKPT_TAIL_CURVE];
};

/* Strings are never NULL. In a checkpoint from the reader everything is valid as long as the
 * checkpoint; a writer's checkpoint can point anywhere. */
struct gad_checkpoint {
    const char *name, *model;
    const char *condition; /* column of the group that conditions the model; "": unconditional */

    size_t n_nets;
    struct gad_ckpt_net *nets;

    struct {
        size_t n_numeric, n_groups;
        const char **numeric;
        struct gad_ckpt_group *groups;
    } schema;

    struct {
        const char *kind;
        size_t dim;
        const bool *log;
        const float *offset, *range;  /* each (dim) */
        size_t n_knots;               /* of all elements; 0: no element has knots */
        const uint32_t *knots;        /* (dim), or NULL */
        const float *knot_x, *knot_y; /* each (n_knots) */
    } scaler;

    struct {
        const char *kind;
        float weight;
        uint32_t degree;
        struct gad_ckpt_search search;
    } score;

    struct {
        uint64_t n;
        size_t n_levels;
        const double *level;
        const float *value; /* each (n_levels) */
        struct gad_ckpt_tail tail;
        uint32_t folds; /* that scored the rows, at most GAD_CKPT_FOLDS_MAX; 0: held-out rows */
        uint64_t worth; /* independent rows that say as much as the n, at most n; 0: n */
    } calibration;

    struct {
        const char *created, *software, *command, *protocol;
        uint64_t seed;
        uint32_t epochs, epoch;
        size_t n_data, n_metrics;
        struct gad_ckpt_source *data;
        struct gad_ckpt_metric *metrics;
        struct gad_ckpt_history history;
    } provenance;

    struct {
        uint64_t n;       /* records; 0: no reference */
        size_t n_columns; /* the numeric columns of the schema, then its groups */
        struct gad_ckpt_histogram *column;
    } reference;

    size_t n_self_tests;
    struct gad_ckpt_self_test *self_tests;

    uint8_t sha256[32]; /* of the message; set by reader and writer */
    void *arena;        /* of the reader; NULL in a checkpoint that a writer built */
};

/* Reads a whole file; every message contains @path. */
int gad_checkpoint_read(const char *path, struct gad_checkpoint **ret,
                        struct gad_diag *d) GAD_MUST_CHECK;

/* The same from bytes, with @name in messages. */
int gad_checkpoint_parse(const char *name, const void *p, size_t len, struct gad_checkpoint **ret,
                         struct gad_diag *d) GAD_MUST_CHECK;

/* Frees a checkpoint of gad_checkpoint_read() or gad_checkpoint_parse(). */
void gad_checkpoint_free(struct gad_checkpoint *c);
GAD_DEFINE_CLEANUP(struct gad_checkpoint, gad_checkpoint_free);

/**
 * gad_checkpoint_write() - writes atomically (lib/base/file.h), the same bytes for the same content
 *
 * The result is first parsed with the reader's checks, so a file that the reader would refuse is
 * never created. Sets c->sha256.
 */
int gad_checkpoint_write(struct gad_checkpoint *c, const char *path,
                         struct gad_diag *d) GAD_MUST_CHECK;

/* The same to memory: *ret is owned by the caller (gad_free()). For tests. */
int gad_checkpoint_pack(struct gad_checkpoint *c, uint8_t **ret, size_t *ret_len,
                        struct gad_diag *d) GAD_MUST_CHECK;

const struct gad_ckpt_net *gad_checkpoint_net(const struct gad_checkpoint *c,
                                              const char *name); /* or NULL */

/* Returns the elements of the feature vector for the condition, first .. first + n; n 0: no
 * condition. GAD_EMISMATCH with @d if it is not the column of a group. */
int gad_checkpoint_condition(const struct gad_checkpoint *c, size_t *ret_first, size_t *ret_n,
                             struct gad_diag *d) GAD_MUST_CHECK;
