/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The human half of an error: loaders that can say more than a code take a struct gad_diag * (NULL
 * allowed) and leave one line in it, "FILE:LINE: column 5 'src_bytes': not a number: 'x'". The code is
 * for the program, the text for the person; whoever turns the error into behaviour prints it once.
 */

#include <stdarg.h>
#include <stddef.h>

enum { GAD_DIAG_MAX = 512 };

struct gad_diag {
    char text
        [GAD_DIAG_MAX]; /* NUL-terminated, valid UTF-8 without control characters; "" if nothing was said */
};

/**
 * gad_fail() - say why and return the code, for `return gad_fail(d, GAD_EFORMAT, "...", ...)`
 * @d:   where to put the text, or NULL; a byte of an argument that may not be there becomes '?'
 * Return: @err, unchanged.
 */
int gad_fail(struct gad_diag *d, int err, const char *fmt, ...)
    __attribute__((__format__(__printf__, 3, 4)));
#ifdef __clang_analyzer__ /* which sees one file and cannot know that the code comes back as it went in */
#define gad_fail(d, err, ...) ((void)gad_fail(d, err, __VA_ARGS__), (err))
#endif

/**
 * gad_diag_prefix() - put "what: " before the text that is there, as an error climbs
 */
void gad_diag_prefix(struct gad_diag *d, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));
