/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/budget_file.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

enum { FIELDS_MAX = 9, DIGITS = 15 /* those that gad_text_real() rounds correctly */ };

#define HEAD      "ganad-budget 1"
#define COUNT_MAX (UINT64_C(1) << 53) /* exact as a double */

static const char hex_digits[] = "0123456789abcdef";

struct parser {
    const char *file;
    size_t line; /* from 1 */
    struct gad_diag *d;
    struct budget_table *t;
    struct budget_entry *now; /* between model and end; NULL: outside */
    bool has_state;
    size_t n; /* fields of the line */
    struct {
        const char *p;
        size_t len;
    } field[FIELDS_MAX];
};

static int __attribute__((__format__(__printf__, 2, 3)))
bad(const struct parser *p, const char *fmt, ...)
{
    char why[128];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    return gad_fail(p->d, GAD_EFORMAT, "%s:%zu: %s", p->file, p->line, why);
}

/* Splits a line at single spaces; what follows the last field that @most allows belongs to it. */
static void split(struct parser *p, const char *line, size_t len, size_t most)
{
    p->n = 0;
    for (const char *end = line + len;;) {
        const char *gap = p->n + 1 < most ? memchr(line, ' ', (size_t)(end - line)) : NULL;
        p->field[p->n].p = line;
        p->field[p->n++].len = (size_t)((gap ? gap : end) - line);
        if (!gap)
            return;
        line = gap + 1;
    }
}

static bool is_word(const struct parser *p, size_t i, const char *word)
{
    return p->field[i].len == strlen(word) && memcmp(p->field[i].p, word, p->field[i].len) == 0;
}

static int take_count(const struct parser *p, size_t i, uint64_t most, uint64_t *ret)
{
    if (gad_text_u64(p->field[i].p, p->field[i].len, most, ret) != 0)
        return bad(p, "field %zu is not a number up to %" PRIu64, i + 1, most);
    return 0;
}

static int take_hour(const struct parser *p, size_t i, int64_t *ret)
{
    uint64_t v = 0;
    int r = take_count(p, i, BUDGET_TIME_MAX, &v);

    *ret = (int64_t)v;
    return r;
}

static int take_level(const struct parser *p, size_t i, uint32_t *ret)
{
    uint64_t v = 0;
    int r = take_count(p, i, BUDGET_LEVELS, &v);

    *ret = (uint32_t)v;
    return r;
}

static int take_real(const struct parser *p, size_t i, double most, double *ret)
{
    if (gad_text_real(p->field[i].p, p->field[i].len, ret) != 0 || !(*ret >= 0) || *ret > most)
        return bad(p, "field %zu is not a number from 0 to %g", i + 1, most);
    return 0;
}

static int take_model(struct parser *p)
{
    struct budget_table *t = p->t;
    double budget = 0;

    if (p->now || t->n == BUDGET_ENTRIES_MAX)
        return bad(p, p->now ? "the entry before has no end" : "too many entries");
    if (p->field[1].len != 64 || p->field[3].len == 0 || p->field[3].len > CONFIG_NAME_MAX ||
        memchr(p->field[3].p, '\0', p->field[3].len))
        return bad(p, "not 'model SHA256 BUDGET NAME'");
    for (size_t i = 0; i < 64; i++)
        if (!strchr(hex_digits, p->field[1].p[i]) || !p->field[1].p[i])
            return bad(p, "the checkpoint is not 64 hexadecimal digits");
    int r = take_real(p, 2, 1, &budget);
    if (r != 0)
        return r;
    if (!(budget > 0) || budget >= 1)
        return bad(p, "a budget is above 0 and below 1");
    p->now = &t->of[t->n];
    *p->now = (struct budget_entry){0};
    memcpy(p->now->sha256, p->field[1].p, 64);
    memcpy(p->now->name, p->field[3].p, p->field[3].len);
    budget_clear(&p->now->is, budget);
    p->has_state = false;
    return 0;
}

static int take_state(struct parser *p)
{
    struct budget_state *s = &p->now->is;
    uint64_t exact = 0;
    int r = take_hour(p, 1, &s->hour);

    if (r == 0)
        r = take_level(p, 2, &s->level);
    if (r == 0)
        r = take_hour(p, 3, &s->changed);
    if (r == 0)
        r = take_hour(p, 4, &s->since);
    if (r == 0)
        r = take_hour(p, 5, &s->over_since);
    if (r == 0)
        r = take_real(p, 6, 1, &s->alpha);
    if (r == 0)
        r = take_count(p, 7, 1, &exact);
    if (r == 0)
        r = take_real(p, 8, (double)COUNT_MAX, &s->recent);
    s->is_exact = exact == 1;
    if (r == 0 && (p->has_state || s->hour < 1))
        return bad(p, p->has_state ? "a second line 'state'" : "no hour is counted");
    p->has_state = true;
    return r;
}

static int take_counts(const struct parser *p, uint64_t *n, uint64_t *k, uint64_t *apart)
{
    int r = take_count(p, 2, COUNT_MAX, n);

    if (r == 0)
        r = take_count(p, 3, *n, k);
    return r == 0 ? take_count(p, 4, COUNT_MAX, apart) : r;
}

static int take_an_hour(const struct parser *p)
{
    struct budget_hour h = {0};
    int r = take_hour(p, 1, &h.hour);

    if (r == 0)
        r = take_counts(p, &h.n, &h.k, &h.apart);
    if (r == 0 && (h.hour < 1 || h.hour > p->now->is.hour))
        return bad(p, "an hour after the last one");
    if (r == 0)
        p->now->is.hours[h.hour % BUDGET_HOURS] = h;
    return r;
}

static int take_day(const struct parser *p)
{
    struct budget_day y = {0};
    int r = take_hour(p, 1, &y.day);

    if (r == 0)
        r = take_counts(p, &y.n, &y.k, &y.apart);
    if (r == 0)
        r = take_real(p, 5, 1, &y.low);
    if (r == 0)
        r = take_real(p, 6, 1, &y.high);
    if (r == 0)
        r = take_level(p, 7, &y.level);
    if (r == 0 && y.day < 1)
        return bad(p, "a day without a number");
    if (r == 0)
        p->now->is.days[y.day % BUDGET_DAYS] = y;
    return r;
}

static int take_above(const struct parser *p)
{
    uint32_t level = 0;
    double n = 0;
    int r = take_level(p, 1, &level);

    if (r == 0)
        r = take_real(p, 2, (double)COUNT_MAX, &n);
    if (r == 0)
        p->now->is.above[level] = n;
    return r;
}

static int take_end(struct parser *p)
{
    struct budget_state *s = &p->now->is;

    /* the slots of the hours are found by the clock */
    if (s->hours[s->hour % BUDGET_HOURS].hour != s->hour)
        s->hours[s->hour % BUDGET_HOURS] = (struct budget_hour){.hour = s->hour};
    p->t->n++;
    p->now = NULL;
    return 0;
}

static int take_line(struct parser *p, const char *line, size_t len)
{
    static const struct {
        const char *word;
        size_t n; /* fields */
    } kinds[] = {{"model", 4}, {"state", 9}, {"hour", 5}, {"day", 8}, {"above", 3}, {"end", 1}};
    const char *gap = memchr(line, ' ', len);
    size_t k = 0, head = gap ? (size_t)(gap - line) : len;

    while (k < 6 && (strlen(kinds[k].word) != head || memcmp(kinds[k].word, line, head) != 0))
        k++;
    if (k == 6)
        return bad(p, "an unknown line");
    split(p, line, len, kinds[k].n);
    if (p->n != kinds[k].n || !is_word(p, 0, kinds[k].word))
        return bad(p, "a line '%s' has %zu fields", kinds[k].word, kinds[k].n);
    if (k > 0 && !p->now)
        return bad(p, "a line '%s' without a model", kinds[k].word);
    if (k > 1 && !p->has_state)
        return bad(p, "a line '%s' before 'state'", kinds[k].word);
    switch (k) {
    case 0:
        return take_model(p);
    case 1:
        return take_state(p);
    case 2:
        return take_an_hour(p);
    case 3:
        return take_day(p);
    case 4:
        return take_above(p);
    default:
        return take_end(p);
    }
}

int budget_parse(const char *file, const char *text, size_t len, struct budget_table *ret,
                 struct gad_diag *d)
{
    struct parser p = {.file = file, .d = d, .t = ret};
    size_t at = 0;
    int r = 0;

    ret->n = 0;
    while (r == 0 && at < len) {
        const char *line = text + at, *end = memchr(line, '\n', len - at);
        p.line++;
        if (!end)
            r = bad(&p, "the last line has no end");
        else if (p.line > 1)
            r = take_line(&p, line, (size_t)(end - line));
        else if ((size_t)(end - line) != strlen(HEAD) || memcmp(line, HEAD, strlen(HEAD)) != 0)
            r = bad(&p, "does not begin with '" HEAD "'");
        at += end ? (size_t)(end - line) + 1 : 0;
    }
    if (r == 0 && (p.line == 0 || p.now))
        r = bad(&p, "the file ends too early");
    ret->n = r == 0 ? ret->n : 0;
    return r;
}

static void print_entry(const struct budget_entry *e, struct gad_buf *out)
{
    const struct budget_state *s = &e->is;

    gad_buf_printf(out, "model %s %.*g %s\n", e->sha256, DIGITS, s->fpr_budget, e->name);
    gad_buf_printf(out, "state %" PRId64 " %u %" PRId64 " %" PRId64 " %" PRId64 " %.*g %d %.*g\n",
                   s->hour, s->level, s->changed, s->since, s->over_since, DIGITS, s->alpha,
                   s->is_exact, DIGITS, s->recent);
    for (size_t i = 0; i < BUDGET_HOURS; i++) {
        const struct budget_hour *h = &s->hours[i];
        if (h->hour > 0 && h->hour + BUDGET_HOURS > s->hour)
            gad_buf_printf(out, "hour %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", h->hour,
                           h->n, h->k, h->apart);
    }
    for (size_t i = 0; i < BUDGET_DAYS; i++) {
        const struct budget_day *d = &s->days[i];
        if (d->day > 0)
            gad_buf_printf(out,
                           "day %" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %.*g %.*g %u\n",
                           d->day, d->n, d->k, d->apart, DIGITS, d->low, DIGITS, d->high, d->level);
    }
    for (size_t i = 0; i <= BUDGET_LEVELS; i++)
        if (s->above[i] > 0)
            gad_buf_printf(out, "above %zu %.*g\n", i, DIGITS, s->above[i]);
    gad_buf_printf(out, "end\n");
}

void budget_print(const struct budget_table *t, struct gad_buf *out)
{
    gad_buf_printf(out, HEAD "\n");
    for (size_t i = 0; i < t->n; i++)
        if (t->of[i].is.hour > 0)
            print_entry(&t->of[i], out);
}

int budget_read(const char *path, struct budget_table *ret, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *text = NULL;
    size_t len = 0;

    ret->n = 0;
    int r = gad_file_read(path, BUDGET_FILE_MAX, &text, &len, d);
    if (r == -ENOENT)
        return 0;
    return r == 0 ? budget_parse(path, (const char *)text, len, ret, d) : r;
}

int budget_write(const char *path, const struct budget_table *t, struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(BUDGET_FILE_MAX);

    budget_print(t, &b);
    return b.bad ? gad_fail(d, GAD_ENOMEM, "%s: no memory", path)
                 : gad_file_write_atomic(path, b.p, b.len, d);
}

struct budget_entry *budget_find(struct budget_table *t, const char *name, const char *sha256,
                                 double fpr_budget)
{
    for (size_t i = t->n; i-- > 0;) {
        struct budget_entry *e = &t->of[i];
        double was = e->is.fpr_budget;
        if (strcmp(e->name, name) == 0 && strcmp(e->sha256, sha256) == 0 && !(was < fpr_budget) &&
            !(was > fpr_budget))
            return e;
    }
    return NULL;
}

void budget_put(struct budget_table *t, const char *name, const char *sha256,
                const struct budget_state *s)
{
    struct budget_entry *e = budget_find(t, name, sha256, s->fpr_budget);

    if (!e && t->n == BUDGET_ENTRIES_MAX) {
        memmove(&t->of[0], &t->of[1], (BUDGET_ENTRIES_MAX - 1) * sizeof(t->of[0]));
        t->n--;
    }
    if (!e) {
        e = &t->of[t->n++];
        (void)snprintf(e->name, sizeof(e->name), "%s", name);
        (void)snprintf(e->sha256, sizeof(e->sha256), "%s", sha256);
    }
    e->is = *s;
}
