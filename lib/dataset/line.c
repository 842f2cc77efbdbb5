/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/line.h"

#include <endian.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/foreign.h"
#include "lib/record/column.h"

enum { DIGITS_MAX = 16 };     /* 10^16 < 2^64; 2^53 has 16 */
enum { SECONDS_DIGITS = 10 }; /* of a time */
#define SECONDS_MAX                                                                                \
    UINT64_C(9000000000) /* 9e18 ns < 2^63, with less than a second after the point */

static inline unsigned digit(char c)
{
    return (unsigned)(unsigned char)c - '0';
}

static inline bool is_printable(char c)
{
    return (unsigned char)c > 0x20 && (unsigned char)c < 0x7f;
}

static inline bool is_line_end(const char *p)
{
    return p[0] == '\n' || (p[0] == '\r' && p[1] == '\n');
}

/* Parses digits up to the first other character. */
static inline bool parse_whole(const char **p, uint64_t max, double *v)
{
    const char *s = *p;
    uint64_t n = digit(*s);

    if (n > 9)
        return false;
    for (unsigned d; (d = digit(*++s)) <= 9;) {
        if (s - *p >= DIGITS_MAX)
            return false;
        n = n * 10 + d;
    }
    if (n > max)
        return false;
    *v = (double)n;
    *p = s;
    return true;
}

static bool parse_long_rate(const char **p, double *v)
{
    static const double pow10[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *s = *p;
    uint64_t n = digit(*s++);
    unsigned decimals = 0;

    if (n > 1)
        return false;
    if (*s == '.') {
        for (unsigned d; (d = digit(*++s)) <= 9; decimals++) {
            if (decimals == GAD_RATE_DECIMALS_MAX)
                return false;
            n = n * 10 + d;
        }
        if (decimals == 0)
            return false;
    }
    *v = (double)n / pow10[decimals]; /* both exact: rounded once, as by strtod() */
    *p = s;
    return *v <= 1.0;
}

/* Nearly all rates have the form "d.dd": those four bytes are read as one number. */
static inline bool parse_rate(const char **p, double *v)
{
    uint32_t t;
    memcpy(&t, *p, sizeof(t));
    t = le32toh(t) ^ 0x30302e30; /* "0.00": a digit becomes its value, the point 0 */
    if ((t & 0xf0f0fff0) != 0 || ((t + 0x06060006) & 0xf0f000f0) != 0 || digit((*p)[4]) <= 9)
        return parse_long_rate(p, v);
    unsigned hundredths = (t & 0xf) * 100 + (t >> 16 & 0xf) * 10 + (t >> 24);
    *v = (double)hundredths / 100.0;
    *p += 4;
    return hundredths <= 100;
}

static inline bool parse_name(const char **p, enum gad_column c, double *v, unsigned *unknown)
{
    const char *s = *p;
    while (is_printable(*s) && *s != ',')
        s++;
    if (s == *p)
        return false;
    int number = gad_name_number(c, *p, (size_t)(s - *p));
    *unknown += number == GAD_NAME_UNKNOWN;
    *v = (double)number;
    *p = s;
    return true;
}

static inline bool parse_feature(const char **p, int c, double *v, unsigned *unknown)
{
    const struct gad_column_info *col = &gad_columns[c];

    if (col->kind == GAD_KIND_NAME)
        return parse_name(p, (enum gad_column)c, v, unknown);
    if (col->kind == GAD_KIND_RATE)
        return parse_rate(p, v);
    return parse_whole(p, (uint64_t)col->max, v);
}

static const char *stop(struct gad_line_fault *f, int column, const char *at)
{
    *f = (struct gad_line_fault){.column = column, .at = at};
    return NULL;
}

/* Parses the label and the columns after it; p is behind the comma. */
static const char *parse_label(const char *p, struct gad_row *row, int *ret_columns,
                               struct gad_line_fault *f)
{
    const char *field = p;
    double difficulty;

    while (is_printable(*p) && *p != ',')
        p++;
    bool dot = p > field && p[-1] == '.';
    size_t len = (size_t)(p - field) - dot;
    bool kdd = is_line_end(p);
    if (len == 0 || len >= GAD_LABEL_TEXT || dot != kdd || (!kdd && *p != ','))
        return stop(f, GAD_LINE_LABEL, field);
    memcpy(row->label, field, len);
    *ret_columns = GAD_LINE_LABEL + 1;
    if (kdd)
        return p;

    field = ++p;
    if (!parse_whole(&p, GAD_DIFFICULTY_MAX, &difficulty) || !is_line_end(p))
        return stop(f, GAD_LINE_DIFFICULTY, field);
    row->difficulty = (uint8_t)difficulty;
    *ret_columns = GAD_LINE_DIFFICULTY + 1;
    return p;
}

/* Another form is not an error, because the column can come from another program: then the row has
 * no time. */
bool gad_line_time(const char *s, const char *end, struct gad_time *ret)
{
    bool before = s < end && *s == '-';
    const char *first = s += before;
    uint64_t n = 0, unit = 1000000000;

    for (; s < end && s - first < SECONDS_DIGITS && digit(*s) <= 9; s++)
        n = n * 10 + digit(*s);
    if (s == first || n > SECONDS_MAX)
        return false;
    n *= unit;
    if (s < end && *s == '.')
        for (s++; s < end && unit > 1 && digit(*s) <= 9; s++)
            n += digit(*s) * (unit /= 10);
    if (s != end || s[-1] == '.')
        return false;
    ret->ns = before ? -(int64_t)n : (int64_t)n;
    return true;
}

/* Blanks that other programs write around a label. */
static const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

/* Parses the columns of the head after the features; p is at their end. A label can have its dot
 * or not, and blanks around it, which are ignored. */
static const char *parse_named(const char *p, const struct gad_head *head, struct gad_row *row,
                               struct gad_line_fault *f)
{
    for (int c = GAD_N_COLUMNS; c < head->n_columns; c++) {
        if (*p != ',')
            return stop(f, c, p);
        const char *field = ++p;
        if (c == head->label)
            field = p = skip_blanks(p);
        while (is_printable(*p) && *p != ',')
            p++;
        size_t len = (size_t)(p - field);
        if (c == head->label)
            p = skip_blanks(p);
        if (*p != ',' && !is_line_end(p))
            return stop(f, c, field);
        if (c == head->time)
            row->is_timed = gad_line_time(field, p, &row->time);
        if (c != head->label || head->ignores_label)
            continue;
        len -= len > 0 && field[len - 1] == '.';
        if (len == 0 || len >= GAD_LABEL_TEXT)
            return stop(f, c, field);
        memcpy(row->label, field, len);
    }
    return is_line_end(p) ? p : stop(f, head->n_columns, p + 1);
}

const char *gad_line_parse(const char *p, const struct gad_head *head, struct gad_row *row,
                           int *ret_columns, unsigned *unknown, struct gad_line_fault *f)
{
    double *v = row->rec.v;

    for (int c = 0; c < GAD_N_COLUMNS - 1; c++) {
        const char *field = p;
        if (!parse_feature(&p, c, &v[c], unknown) || *p != ',')
            return stop(f, c, field);
        p++;
    }
    const char *field = p;
    if (!parse_rate(&p, &v[GAD_N_COLUMNS - 1]) || (*p != ',' && !is_line_end(p)))
        return stop(f, GAD_N_COLUMNS - 1, field);

    memset(row->label, 0, sizeof(row->label));
    row->difficulty = 0;
    row->is_timed = false;
    row->time = (struct gad_time){0};
    *ret_columns = GAD_N_COLUMNS;
    if (head->n_columns > 0) {
        *ret_columns = head->n_columns;
        p = parse_named(p, head, row, f);
    } else if (*p == ',') {
        p = parse_label(p + 1, row, ret_columns, f);
    }
    if (!p)
        return NULL;
    return p + (*p == '\r' ? 2 : 1);
}

static const char *column_name(int c, const struct gad_head *head)
{
    if (head->n_columns > 0)
        return c < head->n_columns ? head->name[c] : "";
    return c == GAD_LINE_LABEL        ? "label"
           : c == GAD_LINE_DIFFICULTY ? "difficulty"
                                      : gad_columns[c].name;
}

static bool all_digits(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (digit(s[i]) > 9)
            return false;
    return true;
}

static const char *label_reason(const char *at, size_t len, bool last)
{
    bool dot = at[len - 1] == '.';
    if (len - dot == 0)
        return "nothing before the dot";
    if (len - dot >= GAD_LABEL_TEXT)
        return "longer than 31 bytes";
    return last ? "does not end in a dot, and no difficulty follows"
                : "ends in a dot, and another column follows";
}

/* The same for a column after the features in a file with a head; missing: the line ended before
 * it. */
static const char *reason_by_head(int c, const struct gad_head *head, size_t len, bool missing)
{
    if (c >= head->n_columns)
        return "more columns than the head has";
    if (missing)
        return "the line ends here, with fewer columns than the head has";
    return len >= GAD_LABEL_TEXT ? "longer than 31 bytes" : "not a label";
}

/* Returns why the field of len > 0 printable bytes is wrong; last: it is the last of the line. */
static const char *reason(int c, const char *at, size_t len, bool last, int *ret_err)
{
    enum gad_column_kind kind = c < GAD_N_COLUMNS ? gad_columns[c].kind : GAD_KIND_NUMBER;
    double max = c < GAD_N_COLUMNS ? gad_columns[c].max : GAD_DIFFICULTY_MAX, v;
    const char *p = at;

    if (c == GAD_LINE_LABEL)
        return label_reason(at, len, last);
    if (kind == GAD_KIND_RATE && !(parse_rate(&p, &v) && p == at + len))
        return "not a rate, 0 to 1 with at most 15 decimals";
    if (kind == GAD_KIND_BINARY && !(parse_whole(&p, 1, &v) && p == at + len))
        return "not 0 or 1";
    if (kind == GAD_KIND_NUMBER && !all_digits(at, len))
        return "not a whole number";
    if (kind == GAD_KIND_NUMBER && !parse_whole(&p, (uint64_t)max, &v)) {
        *ret_err = GAD_ELIMIT;
        return "over the largest legal value";
    }
    return last ? "the line ends here, with fewer than 41 columns" : "more than 43 columns";
}

int gad_line_explain(const struct gad_line_fault *f, const struct gad_head *head, const char *end,
                     struct gad_diag *d)
{
    char text[64];
    const char *e = f->at;
    int err = GAD_EFORMAT, n = f->column + 1;

    while (e < end && *e != ',')
        e++;
    bool last = e == end;
    if (last && e > f->at && e[-1] == '\r')
        e--;
    size_t len = (size_t)(e - f->at);
    for (size_t i = 0; i < len; i++)
        if (!is_printable(f->at[i])) {
            const char *more = gad_foreign_byte(f->at[i]);
            return gad_fail(d, err, "column %d '%s': byte 0x%02x%s%s", n,
                            column_name(f->column, head), (unsigned)(unsigned char)f->at[i],
                            more ? ": " : "", more ? more : "");
        }
    bool by_head = head->n_columns > 0 && f->column >= GAD_N_COLUMNS;
    bool missing = by_head && (f->at == end || *f->at == '\r');
    if (len == 0 && !missing)
        return gad_fail(d, err, "column %d '%s': empty", n, column_name(f->column, head));
    const char *why = by_head ? reason_by_head(f->column, head, len, missing)
                              : reason(f->column, f->at, len, last, &err);
    gad_text_escape(text, sizeof(text), f->at, len);
    return gad_fail(d, err, "column %d '%s': %s: '%s'", n, column_name(f->column, head), why, text);
}

bool gad_head_is_one(const char *line)
{
    size_t len = strlen(gad_columns[0].name);
    return strncmp(line, gad_columns[0].name, len) == 0 && line[len] == ',';
}

static int find_column(const struct gad_head *h, const char *name)
{
    for (int c = 0; c < h->n_columns; c++)
        if (strcmp(h->name[c], name) == 0)
            return c;
    return -1;
}

static int add_name(struct gad_head *h, const char *at, size_t len, struct gad_diag *d)
{
    char text[64];
    int c = h->n_columns;

    gad_text_escape(text, sizeof(text), at, len);
    if (c == GAD_HEAD_COLUMNS_MAX)
        return gad_fail(d, GAD_ELIMIT, "head: more than %d columns", GAD_HEAD_COLUMNS_MAX);
    for (size_t i = 0; i < len; i++)
        if (at[i] <= 0x20 || at[i] >= 0x7f) {
            const char *why = gad_foreign_byte(at[i]);
            return gad_fail(d, GAD_EFORMAT, "head: column %d: byte 0x%02x%s%s", c + 1,
                            (unsigned)(unsigned char)at[i], why ? ": " : "", why ? why : "");
        }
    if (len == 0 || len >= GAD_HEAD_NAME)
        return gad_fail(d, GAD_EFORMAT, "head: column %d: not a name of 1 to %d bytes: '%s'", c + 1,
                        GAD_HEAD_NAME - 1, text);
    memcpy(h->name[c], at, len);
    h->name[c][len] = '\0';
    if (c < GAD_N_COLUMNS && strcmp(h->name[c], gad_columns[c].name) != 0)
        return gad_fail(d, GAD_EFORMAT, "head: column %d is '%s', but should be '%s'", c + 1, text,
                        gad_columns[c].name);
    if (find_column(h, h->name[c]) >= 0)
        return gad_fail(d, GAD_EFORMAT, "head: column %d: '%s' occurs twice", c + 1, text);
    h->n_columns++;
    return 0;
}

static int find_label(const struct gad_head *h)
{
    static const char *const labels[] = {"label",      "labels",      "class",  "attack",
                                         "attack_cat", "attack_type", "target", "outcome"};

    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        for (int c = GAD_N_COLUMNS; c < h->n_columns; c++)
            if (gad_text_casecmp(h->name[c], labels[i]) == 0)
                return c;
    return -1;
}

int gad_head_parse(const char *line, const char *end, struct gad_head *ret, struct gad_diag *d)
{
    /* Windows and files use the time at which a connection is decided. */
    static const char *const times[] = {"decided", "end", "start"};
    struct gad_head h = {.n_columns = 0, .time = -1};

    if (end > line && end[-1] == '\r')
        end--;
    for (const char *at = line;; at++) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        int r = add_name(&h, at, (size_t)((comma ? comma : end) - at), d);
        if (r != 0)
            return r;
        if (!comma)
            break;
        at = comma;
    }
    if (h.n_columns < GAD_N_COLUMNS)
        return gad_fail(d, GAD_EFORMAT, "head: %d columns, fewer than the %d of a record",
                        h.n_columns, GAD_N_COLUMNS);
    h.label = find_label(&h);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]) && h.time < 0; i++)
        h.time = find_column(&h, times[i]);
    *ret = h;
    return 0;
}

bool gad_head_is_passed_over(const struct gad_head *h, int column)
{
    static const char *const ours[] = {
        "src_ip",  "src_port",     "dest_ip", "dest_port", "start",       "end",
        "decided", "community_id", "orient",  "notes",     "src_packets", "dest_packets",
        "source",  "model",        "score",   "p_value",   "anomalous"};

    if (column < GAD_N_COLUMNS || column == h->label || column == h->time)
        return false;
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        if (strcmp(h->name[column], ours[i]) == 0)
            return false;
    return true;
}

bool gad_head_is_same(const struct gad_head *a, const struct gad_head *b)
{
    if (a->n_columns != b->n_columns)
        return false;
    for (int c = 0; c < a->n_columns; c++)
        if (strcmp(a->name[c], b->name[c]) != 0)
            return false;
    return true;
}
