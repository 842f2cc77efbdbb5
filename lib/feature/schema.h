/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Schema: which columns of a record become which elements of the feature vector. First the numeric
 * columns in order, then a group of one-hot elements for each categorical column. The EGBAD layout
 * of KDD99 has 34 + 3 + 66 + 11 + 2 + 2 + 1 + 2 = 121 elements.
 *
 * Each checkpoint contains its schema as names, so that a change of our tables cannot shift the
 * inputs of an old model. Immutable after creation; threads can share it.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/record/column.h"

struct gad_diag;
struct gad_record;
struct gad_schema;

enum { GAD_SCHEMA_DIM_MAX = 4096 };

/* A group in a checkpoint: columns by name. Borrowed during the call. */
struct gad_schema_group {
    const char *column; /* a text column, or a binary one with the categories "0" and "1" */
    const char *const *categories; /* n_categories distinct names, in vector order */
    size_t n_categories;
};

/**
 * gad_schema_new() - creates a schema from names
 * Return: 0; GAD_EUNKNOWN for an unknown column; GAD_ELIMIT over GAD_SCHEMA_DIM_MAX; GAD_ENOMEM.
 * GAD_EFORMAT if a column is used twice, a numeric one is a text column, or a category repeats or
 * cannot occur in its column. @d names the column. A category of a text column can be missing
 * in our list (it then never matches).
 */
int gad_schema_new(const char *const *numeric, size_t n_numeric,
                   const struct gad_schema_group *groups, size_t n_groups, struct gad_schema **ret,
                   struct gad_diag *d) GAD_MUST_CHECK;

/* The 121 elements of EGBAD's KDD99 code, index by index. Source:
 * houssamzenati/Efficient-GAN-Anomaly-Detection. */
int gad_schema_new_egbad(struct gad_schema **ret) GAD_MUST_CHECK;

void gad_schema_free(struct gad_schema *s);
GAD_DEFINE_CLEANUP(struct gad_schema, gad_schema_free);

size_t gad_schema_dim(const struct gad_schema *s);
size_t gad_schema_n_numeric(const struct gad_schema *s);
size_t gad_schema_n_groups(const struct gad_schema *s);

enum gad_column gad_schema_numeric(const struct gad_schema *s,
                                   size_t i); /* column of element i < n_numeric */

/* Returns the column of group g of the one-hot part, its first element and number of elements. */
enum gad_column gad_schema_group_column(const struct gad_schema *s, size_t g, size_t *ret_first,
                                        size_t *ret_n);

/* Returns the name of element j: "src_bytes", or the category "http" of its group. Valid as long as
 * the schema. */
const char *gad_schema_element_name(const struct gad_schema *s, size_t j);

/* Returns the element for value v of a group's column (a name's number, or 0/1); -1: outside the
 * vocabulary. */
int gad_schema_element(const struct gad_schema *s, size_t g, double v);

/**
 * gad_vectorize() - converts records to unscaled feature vectors: numeric columns as float32,
 * categories one-hot
 * @rec:  n legal records (gad_record_check())
 * @x:    (n, ld) row-major, ld >= dim of the schema; elements dim .. ld become 0
 *
 * A value outside the vocabulary leaves its group all zeros.
 * Return: number of categorical values outside the vocabulary. No allocation.
 */
uint64_t gad_vectorize(const struct gad_schema *s, size_t n, const struct gad_record *rec, float *x,
                       size_t ld);
