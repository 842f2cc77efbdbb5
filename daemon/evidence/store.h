/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The directory of the evidence: files NAME.pcapng, written once, the oldest deleted at the limits.
 * A file appears whole: it is written as .NAME.pcapng.tmp, synced and renamed. What a crash left of
 * such names is deleted at the start.
 *
 * The directory is opened once, never through a symbolic link, and all files by that descriptor.
 *
 * Thread: any, for all functions after the opening.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct evidence_store;
struct gad_diag;

enum { EVIDENCE_NAME = 192 }; /* bytes of a file's name, with its NUL */
#define EVIDENCE_SUFFIX ".pcapng"

struct evidence_file {
    char name[EVIDENCE_NAME];
    uint64_t size;
    struct gad_time time; /* of its last change */
};

/* Whether evidence_store_open() would succeed; creates nothing. */
int evidence_store_check(const char *directory, struct gad_diag *d) GAD_MUST_CHECK;

/* Creates the directory with mode 0750 if it is missing, and counts the files that it has.
 * @files: most of them; @quota: most bytes of them together. */
int evidence_store_open(const char *directory, uint64_t quota, size_t files,
                        struct evidence_store **ret, struct gad_diag *d) GAD_MUST_CHECK;
void evidence_store_free(struct evidence_store *s);
GAD_DEFINE_CLEANUP(struct evidence_store, evidence_store_free);

/* An unlinked file of @len bytes on the directory's disk, mapped; the caller unmaps it. */
int evidence_store_map(const struct evidence_store *s, size_t len, void **ret) GAD_MUST_CHECK;

/**
 * evidence_store_put() - writes a file
 * @name: with its suffix. @ret_deleted: files deleted to make room; also set after an error
 * Return: 0; GAD_ELIMIT: larger than the quota; a system error. There is then no such file.
 */
int evidence_store_put(struct evidence_store *s, const char *name, const void *p, size_t len,
                       size_t *ret_deleted) GAD_MUST_CHECK;

/* The i-th file, oldest first. False: there are no more. */
bool evidence_store_file(struct evidence_store *s, size_t i, struct evidence_file *ret);

/* Reads up to @room bytes of a file at @at. Returns their number; -ENOENT: it is not one of the
 * store's. */
ssize_t evidence_store_read(struct evidence_store *s, const char *name, uint64_t at, void *to,
                            size_t room, uint64_t *ret_size);
