/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list as a file, which a person may read:
 *
 *     # ganad suppress 1 next=8
 *     id=7 created=1795442709 hits=12 last=1795449999 | src=192.0.2.0/24 comment="nightly backup"
 */
#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/suppress/index.h"

static const char magic[] = "# ganad suppress 1 next=";
enum { SECOND = 1000000000 };

void gad_suppress_write(const struct gad_suppress *s, struct gad_buf *out)
{
    gad_buf_printf(out, "%s%" PRIu64 "\n", magic, s->next_id);
    for (size_t i = 0; i < s->n; i++) {
        const struct gad_suppressed *r = &s->rule[i];
        gad_buf_printf(out,
                       "id=%" PRIu64 " created=%" PRId64 " hits=%" PRIu64 " last=%" PRId64 " | ",
                       r->id, r->created.ns / SECOND, r->hits, r->last_hit.ns / SECOND);
        gad_rule_write(&r->rule, out);
        gad_buf_add(out, "\n", 1);
    }
}

/* "KEY=DIGITS" at *p, and what ends it; false if it is not that. */
static bool take_number(const char **p, const char *end, const char *key, char after, uint64_t max,
                        uint64_t *ret)
{
    size_t len = strlen(key);

    if ((size_t)(end - *p) <= len || memcmp(*p, key, len) != 0)
        return false;
    const char *from = *p + len, *to = memchr(from, after, (size_t)(end - from));
    if (!to || gad_text_u64(from, (size_t)(to - from), max, ret) != 0)
        return false;
    *p = to + 1;
    return true;
}

static int read_line(struct gad_suppress *s, const char *p, const char *end, struct gad_diag *d)
{
    struct gad_suppressed one = {0};
    const uint64_t seconds = INT64_MAX / SECOND;
    uint64_t created, last;

    if (!take_number(&p, end, "id=", ' ', GAD_SUPPRESS_ID_MAX - 1, &one.id) ||
        !take_number(&p, end, "created=", ' ', seconds, &created) ||
        !take_number(&p, end, "hits=", ' ', INT64_MAX, &one.hits) ||
        !take_number(&p, end, "last=", ' ', seconds, &last) || end - p < 2 ||
        memcmp(p, "| ", 2) != 0)
        return gad_fail(d, GAD_EFORMAT, "not id=, created=, hits=, last= and a rule behind '|'");
    if (one.id == 0 || (s->n > 0 && one.id <= s->rule[s->n - 1].id))
        return gad_fail(d, GAD_EFORMAT, "id=%" PRIu64 ": numbers rise", one.id);
    one.created.ns = (int64_t)created * SECOND;
    one.last_hit.ns = (int64_t)last * SECOND;
    int r = gad_rule_parse(p + 2, (size_t)(end - p - 2), (struct gad_time){0}, &one.rule, d);
    return r != 0 ? r : gad_suppress_put(s, &one, d);
}

int gad_suppress_read(struct gad_suppress *s, const char *text, size_t len, struct gad_diag *d)
{
    const char *p = text, *end = text + len;
    uint64_t next;

    if (!take_number(&p, end, magic, '\n', GAD_SUPPRESS_ID_MAX, &next) || next == 0)
        return gad_fail(d, GAD_EFORMAT, "line 1: not a list of rules, which begins '%sN'", magic);
    for (unsigned line = 2; p < end; line++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        int r = lf ? read_line(s, p, lf, d) : gad_fail(d, GAD_ETRUNC, "has no line end: cut off");
        if (r != 0) {
            gad_diag_prefix(d, "line %u", line);
            return r;
        }
        p = lf + 1;
    }
    if (next < s->next_id)
        return gad_fail(d, GAD_EFORMAT, "line 1: next=%" PRIu64 " is the number of a rule", next);
    s->next_id = next;
    return 0;
}
