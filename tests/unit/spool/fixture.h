/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A spool in a temporary directory, records that can be distinguished, and files that fail on
 * request. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/spool/reader.h"
#include "lib/spool/spool.h"

enum { SPOOL_PATH = 64, SPOOL_PAYLOAD_MAX = 256, SPOOL_KIND = 7 };

/* setup() and teardown() of cmocka: *state is the directory's path. */
int spool_directory_new(void **state);
int spool_directory_remove(void **state);
void spool_empty(const char *directory);

/* Smallest segments, four of them within the quota; an interval of 200 ms. */
struct gad_spool_options spool_options(enum gad_spool_sync sync);

/* Opens it, or fails the test with the reason. */
struct gad_spool *spool_open(const char *directory, const struct gad_spool_options *o,
                             struct gad_spool_recovery *found);
void spool_end(struct gad_spool *s); /* finish and close */

/* The payload of a record by its number; returns its length. */
size_t spool_payload(uint64_t seq, uint8_t out[static SPOOL_PAYLOAD_MAX]);

/* Appends n records and commits at time @now. */
void spool_add(struct gad_spool *s, size_t n, int64_t now);
uint64_t spool_limit(const struct gad_spool *s);

struct spool_tally {
    uint64_t records, lost, first, last;
    uint64_t guessed; /* of those lost: an upper limit */
    uint64_t unused;  /* numbers that no record had */
};

/* Reads up to the limit, checks each record's payload, kind and order. */
struct spool_tally spool_read(struct gad_spool_reader *r, uint64_t limit);
struct spool_tally spool_read_from(const char *directory, uint64_t from, uint64_t limit);

/* A file of the directory: how long it is, byte @at flipped by @mask, cut. */
size_t spool_file_size(const char *directory, const char *name);
void spool_flip(const char *directory, const char *name, size_t at, uint8_t mask);
void spool_cut(const char *directory, const char *name, size_t len);
void spool_put(const char *directory, const char *name, const void *p, size_t len);
bool spool_has(const char *directory, const char *name);

/* Operations that fail: the k-th from now, or all while @error is set. */
struct spool_faults {
    long at;       /* the k-th operation fails, once; 0: none */
    int error;     /* with this; */
    bool for_ever; /* all operations fail that @only lets */
    bool and_on;   /* all after the k-th fail, too */
    bool is_short; /* a write that fails has written half before */
    char only;     /* 'o'pen, 'w'rite, 's'ync, 't'runcate, 'u'nlink; 0: any */
    long n;        /* operations so far */
    long n_failed;
};

struct gad_spool_io spool_faulty(struct spool_faults *f);
