/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One direction of a terminal session, byte by byte, without the options of telnet (RFC 854), the
 * window sizes of rlogin (RFC 1282) and the escape sequences of terminals.
 */

#include <stdbool.h>
#include <stdint.h>

enum gad_terminal_kind { GAD_TERMINAL_TELNET, GAD_TERMINAL_RLOGIN };

struct gad_terminal {
    uint8_t state;
    uint8_t skip; /* bytes of a window size still expected */
};

/* Returns whether b is data. */
bool gad_terminal_byte(struct gad_terminal *t, enum gad_terminal_kind kind, uint8_t b);
