/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A small file of lines "name = value", by which two programs exchange a state. A reader ignores
 * names that it does not know. Names are lower-case letters and '_'. Values are printable ASCII.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_diag;

enum {
    GAD_FIELDS_MAX = 32,
    GAD_FIELD_NAME = 32,   /* bytes, with the NUL */
    GAD_FIELD_VALUE = 256, /* bytes, with the NUL; gad_fields_set() cuts a longer value */
    GAD_FIELDS_FILE_MAX = GAD_FIELDS_MAX * (GAD_FIELD_NAME + GAD_FIELD_VALUE + 4),
};

struct gad_fields {
    size_t n;
    struct {
        char name[GAD_FIELD_NAME], value[GAD_FIELD_VALUE];
    } field[GAD_FIELDS_MAX];
};

/* GAD_EFORMAT or GAD_ELIMIT with @d, which names @file and the line. On failure @ret is
 * undefined. */
int gad_fields_parse(const char *file, const char *text, size_t len, struct gad_fields *ret,
                     struct gad_diag *d) GAD_MUST_CHECK;

/* Reads a file; also an error of gad_file_read(), such as -ENOENT. */
int gad_fields_read(const char *path, struct gad_fields *ret, struct gad_diag *d) GAD_MUST_CHECK;

/* Replaces the file atomically. */
int gad_fields_write(const char *path, const struct gad_fields *f,
                     struct gad_diag *d) GAD_MUST_CHECK;

/* Adds or replaces a field. More than GAD_FIELDS_MAX are a bug of the caller. */
void gad_fields_set(struct gad_fields *f, const char *name, const char *format, ...)
    __attribute__((__format__(__printf__, 3, 4)));

const char *gad_fields_get(const struct gad_fields *f, const char *name); /* "": not there */
/* @otherwise also if the value is no number up to @max. */
uint64_t gad_fields_u64(const struct gad_fields *f, const char *name, uint64_t max,
                        uint64_t otherwise);
