/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Streaming reader of labelled connection records in text, plain or gzip, from a path or from
 * standard input. The formats are KDD99 (41 columns, or 42 with a label that ends in a dot) and
 * NSL-KDD (43: label without dot, difficulty). If the first line is a head (lib/dataset/line.h), it
 * names further columns; it can be repeated later, where files were concatenated.
 *
 * Other formats (a capture, xz, UTF-16, ...; lib/dataset/foreign.h) are named and refused whatever
 * the policy. A UTF-8 mark (BOM) before a line is skipped.
 *
 * Every byte is checked: number of columns (the same on every line), kind and range of each value,
 * length of a line, bytes outside printable ASCII. A line ends in LF or CR LF (a CR anywhere else
 * is an error); the last one can end with the file. A bad line is reported as "FILE:LINE: column 5
 * 'src_bytes': why" and, by policy, ends the reading or is skipped and counted. A name that is in
 * no list is not an error: it becomes GAD_NAME_UNKNOWN and is counted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/record/record.h"

struct gad_diag;
struct gad_file_begun;
struct gad_head;
struct gad_dataset;

enum {
    GAD_LABEL_TEXT = 32, /* longest label and NUL; the longest real one is "buffer_overflow" */
    GAD_DATASET_LINE_MAX = 4096, /* bytes; real lines have under 200 */
    GAD_FEATURE_TEXT = 32        /* bytes of one value; the longest name has 13 */
};

struct gad_row {
    struct gad_record rec;      /* features; with_connection also the data of the connection */
    char label[GAD_LABEL_TEXT]; /* without the dot; "" if the file has no labels */
    uint8_t difficulty;         /* NSL-KDD 0..21; 0 elsewhere */
    bool is_timed;              /* the file has its time, in seconds since 1970 */
    struct gad_time time;       /* if is_timed; after 1684 and before 2255 */
    uint64_t line;              /* 1-based, in the uncompressed text */
};

struct gad_dataset_options {
    bool skip_bad;      /* skip and count bad lines instead of stopping at the first */
    bool sha256;        /* hash the stored bytes of the file during reading */
    bool ignore_labels; /* ignore a column that the head calls a label, whatever it contains */
    /* read the columns of lib/dataset/connection.h; else tuple and times are zero */
    bool with_connection;
};

struct gad_dataset_stats {
    uint64_t rows, bad_lines, unknown_names, bytes; /* bytes: uncompressed text read */
    uint64_t bad_connections; /* rows with an invalid value of the connection, which was left out */
};

/**
 * gad_dataset_open() - opens a file
 * @path:  a file, gzip by its magic bytes or plain; "-" is standard input
 * @opt:   NULL: all options off
 */
int gad_dataset_open(const char *path, const struct gad_dataset_options *opt,
                     struct gad_dataset **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* The same for an open file. */
int gad_dataset_open_begun(const struct gad_file_begun *f, const struct gad_dataset_options *opt,
                           struct gad_dataset **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* The same for bytes in memory (not compressed), which must stay valid until the close; @name is
 * used in messages. For tests, fuzzing and self-tests. */
int gad_dataset_open_memory(const char *name, const void *p, size_t len,
                            const struct gad_dataset_options *opt, struct gad_dataset **ret,
                            struct gad_diag *d) GAD_MUST_CHECK;

void gad_dataset_close(struct gad_dataset *s);
GAD_DEFINE_CLEANUP(struct gad_dataset, gad_dataset_close);

/**
 * gad_dataset_next() - reads the next good row
 * @row:  overwritten in every case
 * Return: 0; GAD_END at the end; GAD_EFORMAT, GAD_ELIMIT or GAD_ETRUNC (a broken gzip stream) with
 * place and reason in @d. After an error every further call returns the same error.
 */
int gad_dataset_next(struct gad_dataset *s, struct gad_row *row, struct gad_diag *d) GAD_MUST_CHECK;

const struct gad_dataset_stats *gad_dataset_stats(const struct gad_dataset *s);

/* Returns the head, as far as the file was read; n_columns 0: no head. */
const struct gad_head *gad_dataset_head(const struct gad_dataset *s);

/* Returns place and reason of the first skipped bad line; "": no line was skipped. */
const char *gad_dataset_first_bad(const struct gad_dataset *s);

/* Returns the SHA-256 of the stored bytes (compressed or not), once, after GAD_END; GAD_EINVAL if
 * it was not requested. */
int gad_dataset_sha256(struct gad_dataset *s, uint8_t sum[static 32]) GAD_MUST_CHECK;

/**
 * gad_row_write() - writes one line in the form of the KDD99 files, ending in LF
 * @buf:   at least GAD_DATASET_LINE_MAX bytes
 * @label: 1 .. 31 printable ASCII bytes without a comma, appended with a dot as column 42; NULL: 41
 *         columns
 *
 * Reading the line back gives the same record if gad_record_check() accepts it. Names and whole
 * numbers are identical bit for bit (an unknown name is written "?" and remains unknown). Rates
 * have the fewest decimals, 2 to 15, that restore the same double, which exist for all rates from
 * text; otherwise those that restore the same float32, which exist from 2e-8 up. So a model sees
 * the same bits. A value that is not legal is written "?".
 * Return: bytes written, without a NUL.
 */
size_t gad_row_write(const struct gad_record *r, const char *label, char *buf);

/* Writes one value of a line, at most GAD_FEATURE_TEXT bytes without a NUL. */
size_t gad_feature_write(enum gad_column c, double v, char *buf);
