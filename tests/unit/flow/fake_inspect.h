/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An inspector that writes down what it gets: "o" or "r" and the bytes, or <n> for a gap. */

#include "lib/inspect/inspect.h"

enum { FAKE_TEXT = 4096, FAKE_LEN = 100 };

struct gad_inspect {
    size_t seen, len;
    char way;
    char text[FAKE_TEXT]; /* (len), then a NUL; packed to len, and FAKE_LEN more */
};

struct fake_inspections {
    char text[FAKE_TEXT]; /* of the one that was packed last */
    bool skips[2];        /* an inspector skips the bytes of way 0, 1 */
    size_t enough; /* bytes after which an inspector says that it has seen enough; 0: never */
    uint8_t logged_in;
    bool announces; /* endpoint, once */
    struct gad_ftp_endpoint endpoint;
};

extern struct fake_inspections fake;
