/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/read.h"

#include <ini.h>
#include <string.h>

#include "lib/base/diag.h"

enum { SECTION_MAX = 48 }; /* libinih cuts a section at 49 bytes without a word */

struct reading {
    const char *p, *end;
    unsigned line; /* of what libinih was given last */
    const struct config_sink *sink;
    void *arg;
    struct gad_diag *d;
    int err; /* the first error; nothing is read or told after it */
};

static void wrong(struct reading *r, const char *why)
{
    r->err = gad_fail(r->d, GAD_EFORMAT, "%s", why);
}

/* [section] with nothing but a comment behind it. Tells of it at once: libinih would only with the first key. */
static int take_section(struct reading *r, const char *s, size_t len)
{
    char section[SECTION_MAX + 1];
    const char *close = memchr(s, ']', len), *end = s + len;

    if (!close)
        return gad_fail(r->d, GAD_EFORMAT, "a section begins with [ but has no ]");
    size_t n = (size_t)(close - s) - 1;
    const char *rest = close + 1;
    while (rest < end && (*rest == ' ' || *rest == '\t'))
        rest++;
    if (rest < end && *rest != ';' && *rest != '#')
        return gad_fail(r->d, GAD_EFORMAT, "something follows the ] of a section");
    if (n == 0 || n > SECTION_MAX)
        return gad_fail(r->d, GAD_EFORMAT,
                        n == 0 ? "a section without a name" : "a section's name is over 48 bytes");
    memcpy(section, s + 1, n);
    section[n] = '\0';
    return r->sink->section(r->arg, section, r->line, r->d);
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Where the text before a comment ends: at a ; behind a blank, as libinih has it. */
static const char *comment_at(const char *s, const char *end)
{
    for (; s + 1 < end; s++)
        if (is_blank(s[0]) && s[1] == ';')
            return s;
    return end;
}

/*
 * libinih's fgets(): one line without its indentation (which would continue the value before it) and
 * without comments (which may be longer than its lines).
 */
static char *next_line(char *buf, int size, void *arg)
{
    struct reading *r = arg;

    if (r->err || r->p == r->end)
        return NULL;
    const char *s = r->p, *lf = memchr(s, '\n', (size_t)(r->end - s));
    const char *e = lf ? lf : r->end;
    r->p = lf ? lf + 1 : r->end;
    r->line++;
    while (s < e && is_blank(*s))
        s++;
    e = comment_at(s, e);
    while (e > s && is_blank(e[-1]))
        e--;

    size_t len = (size_t)(e - s);
    if (memchr(s, '\0', len))
        wrong(r, "a NUL byte");
    else if (len > 0 && (*s == ';' || *s == '#'))
        len = 0;
    else if (len + 2 > (size_t)size)
        r->err = gad_fail(r->d, GAD_ELIMIT, "a line of %zu bytes, the limit is %d", len, size - 2);
    else if (len > 0 && *s == '[')
        r->err = take_section(r, s, len);
    else if (len > 0 && !memchr(s, '=', len) && !memchr(s, ':', len))
        wrong(r, "neither [section], key = value nor a comment");
    if (r->err)
        return NULL;
    memcpy(buf, s, len);
    buf[len] = '\n';
    buf[len + 1] = '\0';
    return buf;
}

static int take_key(void *arg, const char *section, const char *key, const char *value)
{
    struct reading *r = arg;

    if (r->err)
        return 0;
    if (*section == '\0')
        r->err = gad_fail(r->d, GAD_EFORMAT, "key '%s': stands before the first [section]", key);
    else
        r->err = r->sink->key(r->arg, section, key, value, r->line, r->d);
    return r->err == 0;
}

int config_read(const char *name, const char *text, size_t len, const struct config_sink *sink,
                void *arg, struct gad_diag *d)
{
    struct reading r = {.p = text, .end = text + len, .sink = sink, .arg = arg, .d = d, .line = 0};

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r.p += 3; /* a byte order mark */
    int parsed = ini_parse_stream(next_line, &r, take_key, &r);
    if (r.err == 0 && parsed != 0) {
        r.line = parsed > 0 ? (unsigned)parsed : r.line;
        wrong(&r, "cannot be understood");
    }
    if (r.err != 0)
        gad_diag_prefix(d, "%s:%u", name, r.line);
    return r.err;
}
