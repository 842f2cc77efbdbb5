/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Errors
 *
 * Every fallible function returns int: 0 on success, a negative gad_err on failure. System errors keep
 * their -errno value, the library's own start at -1000, so one switch can tell them apart. Positive
 * values are outcomes, not errors; a header that returns one says so.
 *
 * A negative code that comes back from one of our own functions is passed up, not matched: what it
 * means is known only where it was born. An outcome is handled on the spot.
 */

#include <errno.h>

enum gad_err {
    GAD_OK = 0,
    GAD_ENOMEM = -ENOMEM,
    GAD_EINVAL = -EINVAL,
    GAD_ETRUNC = -1001,    /* input ended before the format did */
    GAD_EFORMAT = -1002,   /* bytes break a rule of the format */
    GAD_ELIMIT = -1003,    /* well formed, but over a limit we set */
    GAD_EVERSION = -1004,  /* a version we do not read */
    GAD_EMISMATCH = -1005, /* a sum, a shape or a self-test does not agree */
    GAD_EUNKNOWN = -1006,  /* a name nobody registered */
    GAD_ECLOSED = -1007,   /* the peer went away */
};

enum gad_outcome {
    GAD_MORE = 1, /* feed more bytes and call again */
    GAD_END = 2,  /* no more items; nothing was stored */
};

#define GAD_MUST_CHECK __attribute__((__warn_unused_result__))

/* A short phrase for a code, never NULL; system codes by strerror(). Thread-safe. */
const char *gad_strerror(int err);
