/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/terminal.h"

enum {
    IAC = 255,
    SB = 250,
    WILL = 251,
    SE = 240,
    ESC = 27,
    BEL = 7,
    WINDOW_SIZE = 10, /* bytes behind the two 0xff: 's' 's' and four numbers */
};

enum state {
    DATA,
    AFTER_IAC,
    OPTION,
    SUBNEGOTIATION,
    SUBNEGOTIATION_IAC,
    AFTER_FF,
    AFTER_ESC,
    CSI,   /* ESC [ ... letter */
    TITLE, /* ESC ] ... BEL or ESC \ */
    TITLE_ESC,
};

/* Telnet's commands; 255 twice means a byte 255. */
static bool telnet(struct gad_terminal *t, uint8_t b)
{
    switch (t->state) {
    case AFTER_IAC:
        t->state = b == SB ? SUBNEGOTIATION : b >= WILL && b < IAC ? OPTION : DATA;
        return b == IAC;
    case SUBNEGOTIATION:
        t->state = b == IAC ? SUBNEGOTIATION_IAC : SUBNEGOTIATION;
        return false;
    case SUBNEGOTIATION_IAC:
        t->state = b == SE ? DATA : SUBNEGOTIATION;
        return false;
    default: /* OPTION */
        t->state = DATA;
        return false;
    }
}

static bool rlogin(struct gad_terminal *t, uint8_t b)
{
    if (t->skip > 0) {
        t->skip--;
        return false;
    }
    t->state = DATA;
    if (b == IAC)
        t->skip = WINDOW_SIZE;
    return b != IAC;
}

/* A line end also ends an escape sequence; otherwise an endless sequence would hide all that
 * follows. */
static bool escape(struct gad_terminal *t, uint8_t b)
{
    if (b == '\r' || b == '\n') {
        t->state = DATA;
        return true;
    }
    switch (t->state) {
    case AFTER_ESC:
        t->state = b == '[' ? CSI : b == ']' ? TITLE : DATA;
        break;
    case CSI:
        t->state = b >= 0x40 && b <= 0x7e ? DATA : CSI;
        break;
    case TITLE:
        t->state = b == BEL ? DATA : b == ESC ? TITLE_ESC : TITLE;
        break;
    default: /* TITLE_ESC */
        t->state = DATA;
    }
    return false;
}

bool gad_terminal_byte(struct gad_terminal *t, enum gad_terminal_kind kind, uint8_t b)
{
    if (t->state >= AFTER_ESC)
        return escape(t, b);
    if (t->state == AFTER_FF || t->skip > 0)
        return rlogin(t, b);
    if (t->state != DATA)
        return telnet(t, b);
    if (b == ESC) {
        t->state = AFTER_ESC;
        return false;
    }
    if (b != IAC)
        return true;
    t->state = kind == GAD_TERMINAL_TELNET ? AFTER_IAC : AFTER_FF;
    return false;
}
