/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/suppress/list.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/suppress/index.h"

struct gad_suppress {
    size_t n, room;
    struct gad_suppressed *rule; /* (n), by number */
    uint64_t next_id, hits;
    struct gad_suppress_index index;
};

int gad_suppress_new(struct gad_suppress **ret)
{
    gad_cleanup(gad_suppress_freep) struct gad_suppress *s = gad_calloc(1, sizeof(*s));

    if (!s)
        return GAD_ENOMEM;
    s->next_id = 1;
    s->index.is_stale = true;
    *ret = gad_steal(&s);
    return 0;
}

void gad_suppress_free(struct gad_suppress *s)
{
    if (!s)
        return;
    gad_suppress_index_deinit(&s->index);
    gad_free(s->rule);
    gad_free(s);
}

static int put(struct gad_suppress *s, const struct gad_suppressed *one, struct gad_diag *d)
{
    if (s->n == GAD_SUPPRESS_MAX)
        return gad_fail(d, GAD_ELIMIT, "the list has %d rules, which is the maximum",
                        GAD_SUPPRESS_MAX);
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        struct gad_suppressed *more = gad_realloc_array(s->rule, room, sizeof(*more));
        if (!more)
            return gad_fail(d, GAD_ENOMEM, "no memory");
        s->rule = more;
        s->room = room;
    }
    s->rule[s->n++] = *one;
    s->next_id = one->id + 1;
    s->index.is_stale = true;
    return 0;
}

int gad_suppress_add(struct gad_suppress *s, const struct gad_rule *r, struct gad_time now,
                     uint64_t *ret_id, struct gad_diag *d)
{
    const struct gad_suppressed one = {.id = s->next_id, .rule = *r, .created = now};

    if (gad_suppress_is_over(&one, now))
        return gad_fail(d, GAD_EINVAL, "field 'expires': is in the past");
    if (s->next_id >= GAD_SUPPRESS_ID_MAX)
        return gad_fail(d, GAD_ELIMIT, "no rule numbers are left: remove the file of rules");
    for (size_t i = 0; i < s->n; i++)
        if (gad_rule_same(&s->rule[i].rule, r)) {
            *ret_id = s->rule[i].id;
            return gad_fail(d, GAD_EINVAL, "rule %llu has the same conditions",
                            (unsigned long long)*ret_id);
        }
    *ret_id = one.id;
    return put(s, &one, d);
}

/* Returns the index of the first rule with a number of at least @id, or n. */
static size_t find(const struct gad_suppress *s, uint64_t id)
{
    size_t from = 0, n = s->n;

    while (n > 0) {
        bool is_before = s->rule[from + n / 2].id < id;
        from += is_before ? n / 2 + 1 : 0;
        n = is_before ? n - n / 2 - 1 : n / 2;
    }
    return from;
}

bool gad_suppress_remove(struct gad_suppress *s, uint64_t id)
{
    size_t i = find(s, id);

    if (i == s->n || s->rule[i].id != id)
        return false;
    memmove(&s->rule[i], &s->rule[i + 1], (s->n - i - 1) * sizeof(s->rule[0]));
    s->n--;
    s->index.is_stale = true;
    return true;
}

size_t gad_suppress_expire(struct gad_suppress *s, struct gad_time now)
{
    size_t before = s->n, n = 0;

    for (size_t i = 0; i < before; i++) {
        if (gad_suppress_is_over(&s->rule[i], now))
            continue;
        if (n != i)
            s->rule[n] = s->rule[i];
        n++;
    }
    s->n = n;
    s->index.is_stale |= n != before;
    return before - n;
}

size_t gad_suppress_count(const struct gad_suppress *s)
{
    return s->n;
}

uint64_t gad_suppress_hits(const struct gad_suppress *s)
{
    return s->hits;
}

const struct gad_suppressed *gad_suppress_from(const struct gad_suppress *s, uint64_t from)
{
    size_t i = find(s, from);
    return i < s->n ? &s->rule[i] : NULL;
}

uint64_t gad_suppress_match(struct gad_suppress *s, const struct gad_record *rec, const char *model,
                            float score, struct gad_time now)
{
    if (s->n == 0)
        return 0;
    if (s->index.is_stale && gad_suppress_index_build(&s->index, s->rule, s->n) != 0)
        /* no memory: each rule is tried until a later call can build it */
        gad_suppress_index_deinit(&s->index);
    const struct gad_suppress_question q = {rec, model, score, now};
    size_t i = s->index.is_stale ? gad_suppress_ask_each(s->rule, s->n, &q)
                                 : gad_suppress_index_ask(&s->index, s->rule, &q);
    if (i == GAD_SUPPRESS_NONE)
        return 0;
    s->rule[i].hits += s->rule[i].hits < INT64_MAX; /* the limit that gad_suppress_read() has */
    s->rule[i].last_hit = now;
    s->hits++;
    return s->rule[i].id;
}

size_t gad_suppress_test(const struct gad_suppress *s, const struct gad_record *rec,
                         const char *model, float score, struct gad_time now, uint64_t *id,
                         size_t max)
{
    const struct gad_suppress_question q = {rec, model, score, now};
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        if (!gad_suppress_meets(&s->rule[i], &q))
            continue;
        if (n < max)
            id[n] = s->rule[i].id;
        n++;
    }
    return n;
}

/*
 * --- the file ---
 *
 *     # ganad suppress 1 next=8
 *     id=7 created=1795442709 hits=12 last=1795449999 | src=192.0.2.0/24 comment="nightly backup"
 */
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

/* Takes "KEY=DIGITS" at *p and the character behind it. Returns false if the text differs. */
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
        return gad_fail(d, GAD_EFORMAT,
                        "expected id=, created=, hits=, last= and a rule after '|'");
    if (one.id == 0 || (s->n > 0 && one.id <= s->rule[s->n - 1].id))
        return gad_fail(d, GAD_EFORMAT, "id=%" PRIu64 ": rule numbers must rise", one.id);
    one.created.ns = (int64_t)created * SECOND;
    one.last_hit.ns = (int64_t)last * SECOND;
    int r = gad_rule_parse(p + 2, (size_t)(end - p - 2), (struct gad_time){0}, &one.rule, d);
    return r != 0 ? r : put(s, &one, d);
}

int gad_suppress_read(struct gad_suppress *s, const char *text, size_t len, struct gad_diag *d)
{
    const char *p = text, *end = text + len;
    uint64_t next;

    if (!take_number(&p, end, magic, '\n', GAD_SUPPRESS_ID_MAX, &next) || next == 0)
        return gad_fail(d, GAD_EFORMAT, "line 1: not a list of rules: it must begin with '%sN'",
                        magic);
    for (unsigned line = 2; p < end; line++) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        int r = lf ? read_line(s, p, lf, d)
                   : gad_fail(d, GAD_ETRUNC, "no line end: the file is truncated");
        if (r != 0) {
            gad_diag_prefix(d, "line %u", line);
            return r;
        }
        p = lf + 1;
    }
    if (next < s->next_id)
        return gad_fail(d, GAD_EFORMAT, "line 1: next=%" PRIu64 " is a rule number in use", next);
    s->next_id = next;
    return 0;
}
