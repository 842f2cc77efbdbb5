/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The readable half of an error. Loaders that can say more than a code take a struct gad_diag *
 * (NULL allowed) and leave one line in it: "FILE:LINE: column 5 'src_bytes': not a number: 'x'".
 * The code is for the program, the text for the operator; the function that turns the error into
 * behaviour prints it once.
 */

#include <stdarg.h>
#include <stddef.h>

enum { GAD_DIAG_MAX = 512 };

struct gad_diag {
    /* NUL-terminated, valid UTF-8 without control characters; "" if there is no text */
    char text[GAD_DIAG_MAX];
};

/**
 * gad_fail() - stores the reason and returns the code: `return gad_fail(d, GAD_EFORMAT, "...")`
 * @d:   receives the text; may be NULL. Bytes of an argument that are not printable become '?'
 * Return: @err, unchanged.
 */
int gad_fail(struct gad_diag *d, int err, const char *fmt, ...)
    __attribute__((__format__(__printf__, 3, 4)));
/* The analyzer checks one file at a time and cannot see that the code is returned unchanged */
#ifdef __clang_analyzer__
#define gad_fail(d, err, ...) ((void)gad_fail(d, err, __VA_ARGS__), (err))
#endif

/**
 * gad_diag_prefix() - prepends "what: " to the text, as an error is passed up
 */
void gad_diag_prefix(struct gad_diag *d, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));
