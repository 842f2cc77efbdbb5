/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Streaming reader of labelled connection records in text: KDD99 (41 columns, or 42 with a label that ends
 * in a dot) and NSL-KDD (43: label without dot, difficulty), plain or gzip, from a path or from stdin. A first
 * line that is a head, as lib/dataset/line.h has it, says what else there is; it may stand again further on,
 * where files were put together.
 *
 * What is no text of records (a capture, xz, UTF-16, ...; lib/dataset/foreign.h) is named and refused whatever the
 * policy. The mark of UTF-8 (BOM) before a line is passed over.
 *
 * Every byte is checked: number of columns (the same on every line), kind and range of each value, length
 * of a line, bytes outside printable ASCII. A line ends in LF or CR LF (a CR anywhere else is an error); the
 * last one may end with the file. A bad line is named as "FILE:LINE: column 5 'src_bytes': why"
 * and, by policy, ends the reading or is skipped and counted. A name that is in no list is not an error: it
 * becomes GAD_NAME_UNKNOWN and is counted.
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
    GAD_DATASET_LINE_MAX = 4096, /* bytes; real lines are under 200 */
    GAD_FEATURE_TEXT = 32        /* bytes of one value; the longest name has 13 */
};

struct gad_row {
    struct gad_record rec; /* features, and with_connection what the file has of the connection */
    char label[GAD_LABEL_TEXT]; /* without the dot; "" if the file has none */
    uint8_t difficulty;         /* NSL-KDD 0..21; 0 elsewhere */
    bool is_timed;              /* the file says when it was, in seconds since 1970 */
    struct gad_time time;       /* if so; after 1684 and before 2255 */
    uint64_t line;              /* 1-based, in the uncompressed text */
};

struct gad_dataset_options {
    bool skip_bad;      /* skip and count bad lines instead of stopping at the first */
    bool sha256;        /* hash the file as it is stored while it is read */
    bool ignore_labels; /* a column that a head calls a label is passed over, whatever it holds */
    /* read its columns, see lib/dataset/connection.h; else tuple and times are zero */
    bool with_connection;
};

struct gad_dataset_stats {
    uint64_t rows, bad_lines, unknown_names, bytes; /* bytes: uncompressed text read */
    uint64_t bad_connections; /* rows of whose connection a value was not one, and was left out */
};

/**
 * gad_dataset_open() - start reading
 * @path:  a file, gzip by its magic bytes and plain otherwise; "-" is stdin
 * @opt:   NULL for all off
 */
int gad_dataset_open(const char *path, const struct gad_dataset_options *opt,
                     struct gad_dataset **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* The same of a file that is open. */
int gad_dataset_open_begun(const struct gad_file_begun *f, const struct gad_dataset_options *opt,
                           struct gad_dataset **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* As above, from bytes in memory (not compressed), which must live until the close; @name stands in messages. For
 * tests, fuzzing, self-tests. */
int gad_dataset_open_memory(const char *name, const void *p, size_t len,
                            const struct gad_dataset_options *opt, struct gad_dataset **ret,
                            struct gad_diag *d) GAD_MUST_CHECK;

void gad_dataset_close(struct gad_dataset *s);
GAD_DEFINE_CLEANUP(struct gad_dataset, gad_dataset_close);

/**
 * gad_dataset_next() - the next good row
 * @row:  overwritten even if there is none
 * Return: 0; GAD_END at the end; GAD_EFORMAT, GAD_ELIMIT or GAD_ETRUNC (a broken gzip stream) with @d saying
 * where and why. After an error every further call returns the same error.
 */
int gad_dataset_next(struct gad_dataset *s, struct gad_row *row, struct gad_diag *d) GAD_MUST_CHECK;

const struct gad_dataset_stats *gad_dataset_stats(const struct gad_dataset *s);

/* The head, as far as the file was read; n_columns 0: none. */
const struct gad_head *gad_dataset_head(const struct gad_dataset *s);

/* The text of the first bad line that was skipped, with its place and reason; "" if none. */
const char *gad_dataset_first_bad(const struct gad_dataset *s);

/* SHA-256 of the file as it is stored (compressed or not), once, after GAD_END; GAD_EINVAL if not asked for. */
int gad_dataset_sha256(struct gad_dataset *s, uint8_t sum[static 32]) GAD_MUST_CHECK;

/**
 * gad_row_write() - one line in the form of the KDD99 files, ending in LF
 * @buf:   at least GAD_DATASET_LINE_MAX bytes
 * @label: 1 .. 31 printable ASCII bytes without a comma, appended with a dot as column 42; NULL: 41 columns
 *
 * Reading the line back gives the same record, if gad_record_check() likes it: names and whole numbers bit for
 * bit (an unknown name is written "?" and comes back unknown), and rates with the fewest decimals, 2 to 15, that
 * bring back the same double, which are there for all that came from text, or else the same float32, which are
 * there from 2e-8 up. So a model sees the same bits. A value that is not legal is written "?".
 * Return: bytes written, without a NUL.
 */
size_t gad_row_write(const struct gad_record *r, const char *label, char *buf);

/* One value of it, at most GAD_FEATURE_TEXT bytes without a NUL. */
size_t gad_feature_write(enum gad_column c, double v, char *buf);
