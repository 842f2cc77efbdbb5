/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Lines that the tests of this directory share, and files to put them in. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

#define FEATURES                                                                                   \
    "0,tcp,http,SF,181,5450,0,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,8,8,0.00,0.00,0.00,0.00,1.00,0.00,"    \
    "0.00,9,9,1.00,0.00,0.11,0.00,0.00,0.00,0.00,0.00"
#define KDD(label) FEATURES "," label ".\n"
#define NSL(label) FEATURES "," label ",21\n"

enum { TEMP_PATH = 64 };

/* A file with these bytes; the caller unlinks it. */
static inline void write_temp(const void *p, size_t len, char path[static TEMP_PATH])
{
    int fd = mkstemp(scratch_path(path, TEMP_PATH, "text-XXXXXX"));
    assert_true(fd >= 0);
    assert_true(write(fd, p, len) == (ssize_t)len);
    assert_int_equal(close(fd), 0);
}
