/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/line.h"

#include <string.h>

enum {
    CTRL_C = 0x03,
    BACKSPACE = 0x08,
    CTRL_U = 0x15,
    CTRL_W = 0x17,
    DELETE = 0x7f,
};

static void begin(struct gad_inspect_line *l)
{
    l->len = 0;
    l->lost = false;
    l->cut = false;
    l->taken = false;
    l->has_binary = false;
}

static void keep(struct gad_inspect_line *l, const uint8_t *p, size_t len)
{
    size_t room = GAD_INSPECT_LINE - l->len;
    size_t n = len < room ? len : room;

    l->cut |= n < len;
    if (n == 0 || l->lost)
        return;
    memcpy(l->buf + l->len, p, n);
    l->len = (uint16_t)(l->len + n);
}

/* Drops the CR before the LF. In a longer line the last byte kept is not the last of the line. */
static struct gad_span finish(struct gad_inspect_line *l, const uint8_t *p, size_t len)
{
    if (len > GAD_INSPECT_LINE) {
        len = GAD_INSPECT_LINE;
        l->cut = true;
    }
    if (!l->cut && len > 0 && p[len - 1] == '\r')
        len--;
    l->has_binary = len > 0 && memchr(p, 0, len) != NULL;
    l->taken = true;
    return (struct gad_span){.p = (const char *)p, .len = len};
}

bool gad_inspect_line_next(struct gad_inspect_line *l, const uint8_t **p, size_t *len,
                           struct gad_span *ret)
{
    if (*len == 0)
        return false;
    if (l->taken)
        begin(l);
    const uint8_t *lf = memchr(*p, '\n', *len);
    size_t n = lf ? (size_t)(lf - *p) : *len;

    if (lf && l->len == 0 && !l->cut && !l->lost) {
        *ret = finish(l, *p, n);
    } else {
        keep(l, *p, n);
        if (lf)
            *ret = finish(l, l->buf, l->len);
    }
    *p += n + (lf != NULL);
    *len -= n + (lf != NULL);
    return lf != NULL;
}

static void erase_word(struct gad_inspect_line *l)
{
    while (l->len > 0 && l->buf[l->len - 1] == ' ')
        l->len--;
    while (l->len > 0 && l->buf[l->len - 1] != ' ')
        l->len--;
}

static void edit(struct gad_inspect_line *l, uint8_t b)
{
    switch (b) {
    case BACKSPACE:
    case DELETE:
        l->len = (uint16_t)(l->len - (l->len > 0));
        break;
    case CTRL_W:
        erase_word(l);
        break;
    case CTRL_C:
    case CTRL_U:
        l->len = 0;
        l->cut = false;
        break;
    default:
        if (b < 0x20 && b != '\t')
            break;
        keep(l, &b, 1);
    }
}

bool gad_inspect_line_typed(struct gad_inspect_line *l, uint8_t b)
{
    bool after_cr = l->cr;
    l->cr = b == '\r';
    if (after_cr && (b == '\n' || b == 0))
        return false;
    if (l->taken)
        begin(l);
    if (b != '\r' && b != '\n') {
        edit(l, b);
        return false;
    }
    l->taken = true;
    return true;
}

void gad_inspect_line_gap(struct gad_inspect_line *l)
{
    if (l->taken)
        begin(l);
    l->len = 0;
    l->lost = true;
    l->cr = false;
}
