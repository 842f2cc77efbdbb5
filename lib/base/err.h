/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Errors
 *
 * Every fallible function returns int: 0 on success, a negative gad_err on failure. System errors
 * keep their -errno value; the library's codes start at -1000, so one switch can distinguish both.
 * Positive values are outcomes, not errors; the header of a function that returns one documents it.
 *
 * A caller passes up a negative code of our own functions and does not match it: only the function
 * that created the code can interpret it. A caller handles an outcome on the spot.
 */

#include <errno.h>

enum gad_err {
    GAD_OK = 0,
    GAD_ENOMEM = -ENOMEM,
    GAD_EINVAL = -EINVAL,
    GAD_ETRUNC = -1001,    /* input ended before the format did */
    GAD_EFORMAT = -1002,   /* bytes break a rule of the format */
    GAD_ELIMIT = -1003,    /* well formed, but over a limit of ours */
    GAD_EVERSION = -1004,  /* an unsupported version */
    GAD_EMISMATCH = -1005, /* a checksum, a shape or a self-test does not match */
    GAD_EUNKNOWN = -1006,  /* an unknown name */
    GAD_ECLOSED = -1007,   /* the peer disconnected */
};

enum gad_outcome {
    GAD_MORE = 1, /* feed more bytes and call again */
    GAD_END = 2,  /* no more items; nothing was stored */
};

#define GAD_MUST_CHECK __attribute__((__warn_unused_result__))

/* Returns a short phrase for a code, never NULL; for system codes that of strerror().
 * Thread-safe. */
const char *gad_strerror(int err);
