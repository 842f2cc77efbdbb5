/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/ftp_endpoint.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/base/text.h"

enum { TEXT_MAX = 46 }; /* the longest IPv6 address and a NUL */

/* Returns the part up to the separator, which is skipped; without one, the whole rest. */
static struct gad_span part(struct gad_span *s, char separator)
{
    const char *end = s->len > 0 ? memchr(s->p, separator, s->len) : NULL;
    struct gad_span r = {.p = s->p, .len = end ? (size_t)(end - s->p) : s->len};
    size_t used = r.len + (end != NULL);
    s->p += used;
    s->len -= used;
    return r;
}

static bool number(struct gad_span s, uint64_t max, unsigned *ret)
{
    uint64_t v;
    if (gad_text_u64(s.p, s.len, max, &v) != 0)
        return false;
    *ret = (unsigned)v;
    return true;
}

/* Six numbers; text after the last one is ignored. */
static bool read_plain(struct gad_span s, struct gad_ftp_endpoint *e)
{
    unsigned v[6];

    for (size_t i = 0; i < 6; i++) {
        struct gad_span n = part(&s, ',');
        if (i == 5) {
            size_t len = 0;
            while (len < n.len && n.p[len] >= '0' && n.p[len] <= '9')
                len++;
            n.len = len;
        }
        if (!number(n, 255, &v[i]))
            return false;
    }
    for (size_t i = 0; i < 4; i++)
        e->addr[i] = (uint8_t)v[i];
    e->addr_len = 4;
    e->port = (uint16_t)(v[4] << 8 | v[5]);
    return true;
}

static bool read_address(struct gad_span s, unsigned family, struct gad_ftp_endpoint *e)
{
    char text[TEXT_MAX];

    if (s.len >= sizeof(text))
        return false;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    e->addr_len = family == 1 ? 4 : 16;
    return inet_pton(family == 1 ? AF_INET : AF_INET6, text, e->addr) == 1;
}

/* The first character is the separator; in a reply, family and address are empty. */
static bool read_extended(struct gad_span s, bool reply, struct gad_ftp_endpoint *e)
{
    unsigned family, port;

    if (s.len == 0)
        return false;
    char separator = *s.p;
    (void)part(&s, separator);
    struct gad_span f = part(&s, separator), a = part(&s, separator), p = part(&s, separator);
    if (!reply && (!number(f, 2, &family) || family == 0 || !read_address(a, family, e)))
        return false;
    if (!number(p, UINT16_MAX, &port))
        return false;
    e->port = (uint16_t)port;
    return true;
}

void gad_ftp_endpoint_of_command(bool extended, struct gad_span arg, struct gad_ftp_endpoint *ret)
{
    struct gad_ftp_endpoint e = {.at_originator = true};
    bool good = extended ? read_extended(arg, false, &e) : read_plain(arg, &e);
    *ret = good ? e : (struct gad_ftp_endpoint){0};
}

/* 227 Entering Passive Mode (192,0,2,1,4,2). Not every server writes the brackets, so reading
 * starts at the first digit. */
void gad_ftp_endpoint_of_reply(unsigned code, struct gad_span line, struct gad_ftp_endpoint *ret)
{
    struct gad_ftp_endpoint e = {0};
    struct gad_span s = {.p = line.p + 3, .len = line.len - 3};
    bool good = false;

    if (code == 227) {
        while (s.len > 0 && (*s.p < '0' || *s.p > '9')) {
            s.p++;
            s.len--;
        }
        good = read_plain(s, &e);
    } else if (code == 229) {
        (void)part(&s, '(');
        good = read_extended(s, true, &e);
    }
    *ret = good ? e : (struct gad_ftp_endpoint){0};
}
