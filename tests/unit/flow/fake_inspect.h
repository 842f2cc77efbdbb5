/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An inspector that writes down what it gets: "o" or "r" and the bytes, or <n> for a gap. */

#include "lib/inspect/inspect.h"

enum { FAKE_TEXT = 4096, FAKE_LEN = 1000 };

struct fake_inspections {
    char text[FAKE_TEXT];
    int alive;
    size_t enough; /* bytes after which an inspector says that it has seen enough; 0: never */
    uint8_t logged_in;
    bool announces; /* endpoint, once */
    struct gad_ftp_endpoint endpoint;
};

extern struct fake_inspections fake;
