/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/dataset.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/dataset/connection.h"
#include "lib/dataset/foreign.h"
#include "lib/dataset/input.h"
#include "lib/dataset/line.h"

enum { BUF_LEN = 256 * 1024 }; /* fits the second-level cache; many times GAD_DATASET_LINE_MAX */

struct gad_dataset {
    struct gad_input *in;
    struct gad_dataset_options opt;
    struct gad_dataset_stats stats;
    struct gad_diag first_bad;
    uint64_t line; /* lines begun */
    int n_columns; /* of every line; 0: no good line yet */
    struct gad_head head;
    struct gad_connection_columns connection;
    bool checked;   /* the format of the file was checked */
    bool resyncing; /* skipping the rest of a line that is too long */
    int err;        /* negative: returned by every further call, with the text in why */
    struct gad_diag why;
    /* 0 .. pos  read    pos .. whole  lines with their LF    whole .. end  start of a line */
    size_t pos, whole, end;
    char buf[BUF_LEN + 1 + GAD_LINE_PAD]; /* 1: an LF for a last line without one */
};

/* NULL: no memory, and @d says so. */
static struct gad_dataset *dataset_new(const struct gad_dataset_options *opt, const char *name,
                                       struct gad_diag *d)
{
    struct gad_dataset *s = gad_calloc(1, sizeof(*s));

    if (!s)
        (void)gad_fail(d, GAD_ENOMEM, "%s: no memory", name);
    else if (opt)
        s->opt = *opt;
    return s;
}

int gad_dataset_open(const char *path, const struct gad_dataset_options *opt,
                     struct gad_dataset **ret, struct gad_diag *d)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = dataset_new(opt, path, d);

    if (!s)
        return GAD_ENOMEM;
    int r = gad_input_open(path, s->opt.sha256, &s->in, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&s);
    return 0;
}

int gad_dataset_open_begun(const struct gad_file_begun *f, const struct gad_dataset_options *opt,
                           struct gad_dataset **ret, struct gad_diag *d)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = dataset_new(opt, f->name, d);

    if (!s) {
        if (f->fd != STDIN_FILENO)
            close(f->fd);
        return GAD_ENOMEM;
    }
    int r = gad_input_open_begun(f, s->opt.sha256, &s->in, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&s);
    return 0;
}

int gad_dataset_open_memory(const char *name, const void *p, size_t len,
                            const struct gad_dataset_options *opt, struct gad_dataset **ret,
                            struct gad_diag *d)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = dataset_new(opt, name, d);

    if (!s)
        return GAD_ENOMEM;
    int r = gad_input_open_memory(name, p, len, s->opt.sha256, &s->in, d);
    if (r != 0)
        return r;
    *ret = gad_steal(&s);
    return 0;
}

void gad_dataset_close(struct gad_dataset *s)
{
    if (!s)
        return;
    gad_input_close(s->in);
    gad_free(s);
}

/* Skips up to the LF of a line that is too long; false: the LF is not in the buffer yet. */
static bool resync(struct gad_dataset *s)
{
    const char *lf = memchr(s->buf + s->pos, '\n', s->end - s->pos);

    s->pos = lf ? (size_t)(lf + 1 - s->buf) : s->end;
    s->resyncing = !lf;
    return lf != NULL;
}

/* Reads the next available bytes; 0 of them at the end. */
static int read_some(struct gad_dataset *s, size_t *ret_n, struct gad_diag *d)
{
    int r = gad_input_read(s->in, s->buf + s->end, BUF_LEN - s->end, ret_n, d);

    if (r != 0)
        return r;
    s->stats.bytes += *ret_n;
    s->end += *ret_n;
    return 0;
}

/* Called once, before the first line. Another format is refused, also if bad lines are skipped. */
static int check_format(struct gad_dataset *s, struct gad_diag *d)
{
    for (size_t n = 1; n > 0 && s->end < GAD_FOREIGN_LEN;) {
        int r = read_some(s, &n, d);
        if (r != 0)
            return r;
    }
    s->checked = true;
    const char *what = gad_foreign_file(s->buf, s->end);
    if (what)
        return gad_fail(d, GAD_EFORMAT, "%s: %s", gad_input_name(s->in), what);
    const char *lf = memrchr(s->buf, '\n', s->end);
    s->whole = lf ? (size_t)(lf + 1 - s->buf) : 0;
    return 0;
}

/*
 * Reads until the buffer has a whole line, or more bytes than a line can have without an LF. The
 * last line of a file can lack its LF, and is completed with one.
 * Return: 0; GAD_END; negative with @d.
 */
static int refill(struct gad_dataset *s, struct gad_diag *d)
{
    size_t n;

    s->end -= s->pos;
    memmove(s->buf, s->buf + s->pos, s->end);
    s->pos = s->whole = 0;
    while (s->whole == 0 && s->end <= GAD_DATASET_LINE_MAX) {
        int r = read_some(s, &n, d);
        if (r != 0)
            return r;
        if (n == 0 && s->end == 0)
            return GAD_END;
        if (n == 0)
            s->buf[s->end++] = '\n';
        if (s->resyncing && !resync(s))
            s->pos = s->end = 0;
        const char *lf = memrchr(s->buf + s->pos, '\n', s->end - s->pos);
        s->whole = lf ? (size_t)(lf + 1 - s->buf) : s->pos;
        if (s->pos == s->end)
            s->pos = s->whole = s->end = 0;
    }
    return 0;
}

/* Stores an error that every further call returns. */
static int give_up(struct gad_dataset *s, int err, const struct gad_diag *why, struct gad_diag *d)
{
    s->err = err;
    s->why = *why;
    if (d)
        *d = *why;
    return err;
}

/* Applies the policy: returns 0 if the line is skipped, else the error. @why has no place yet. */
static int bad_line(struct gad_dataset *s, int err, struct gad_diag *why, struct gad_diag *d)
{
    gad_diag_prefix(why, "%s:%llu", gad_input_name(s->in), (unsigned long long)s->line);
    s->stats.bad_lines++;
    if (!s->opt.skip_bad)
        return give_up(s, err, why, d);
    if (s->first_bad.text[0] == '\0')
        s->first_bad = *why;
    return 0;
}

/* The line at @p has more than GAD_DATASET_LINE_MAX bytes. */
static int too_long(struct gad_dataset *s, const char *p, struct gad_diag *d)
{
    struct gad_diag why;
    const char *cr = memchr(p, '\r', GAD_DATASET_LINE_MAX);
    const char *more = cr ? gad_foreign_byte('\r') : NULL;

    (void)gad_fail(&why, GAD_ELIMIT, "line longer than %d bytes%s%s", GAD_DATASET_LINE_MAX,
                   more ? ": " : "", more ? more : "");
    return bad_line(s, GAD_ELIMIT, &why, d);
}

/* Takes a head; an error if this file cannot have this head here. */
static int take_head(struct gad_dataset *s, const char *p, const char *lf, struct gad_diag *why)
{
    struct gad_head head;

    int r = gad_head_parse(p, lf, &head, why);
    if (r != 0)
        return r;
    if (s->head.n_columns > 0 ? !gad_head_is_same(&s->head, &head) : s->n_columns > 0)
        return gad_fail(why, GAD_EFORMAT, "head: the lines before have %s",
                        s->head.n_columns > 0 ? "a different head" : "no head");
    head.ignores_label = s->opt.ignore_labels;
    s->head = head;
    s->n_columns = head.n_columns;
    gad_connection_find(&s->head, &s->connection);
    return 0;
}

/* Handles a line at pos that is not a row. */
static int explain_line(struct gad_dataset *s, const struct gad_line_fault *f, struct gad_diag *d)
{
    struct gad_diag why;
    const char *p = s->buf + s->pos;
    const char *lf = memchr(p, '\n', s->whole - s->pos);

    s->pos = (size_t)(lf + 1 - s->buf);
    if (lf - p > GAD_DATASET_LINE_MAX)
        return too_long(s, p, d);
    const char *foreign = f->column == 0 ? gad_foreign_line(p, lf, s->line == 1) : NULL;
    bool is_head = f->column == 0 && gad_head_is_one(p);
    int err = is_head   ? take_head(s, p, lf, &why)
              : foreign ? gad_fail(&why, GAD_EFORMAT, "%s", foreign)
                        : gad_line_explain(f, &s->head, lf, &why);
    return err != 0 ? bad_line(s, err, &why, d) : 0;
}

static int other_width(struct gad_dataset *s, int n_columns, struct gad_diag *d)
{
    struct gad_diag why;
    (void)gad_fail(&why, GAD_EFORMAT, "%d columns, but the lines before have %d", n_columns,
                   s->n_columns);
    return bad_line(s, GAD_EFORMAT, &why, d);
}

static void take_connection(struct gad_dataset *s, const char *line, struct gad_row *row)
{
    if (s->opt.with_connection && s->connection.any) {
        s->stats.bad_connections += !gad_connection_parse(&s->connection, line, &row->rec);
        return;
    }
    memset(&row->rec.tuple, 0, sizeof(row->rec.tuple));
    row->rec.start = row->rec.end = (struct gad_time){0};
    memset(row->rec.community_id, 0, sizeof(row->rec.community_id));
    row->rec.notes = 0;
    row->rec.src_packets = row->rec.dst_packets = 0;
}

/* Skips the mark of UTF-8 at the start of a file, or of one of several concatenated files; the line
 * follows it. */
static bool skip_bom(struct gad_dataset *s)
{
    static const char bom[] = {'\xef', '\xbb', '\xbf'};

    if (s->whole - s->pos <= sizeof(bom) || memcmp(s->buf + s->pos, bom, sizeof(bom)) != 0)
        return false;
    s->pos += sizeof(bom);
    s->line--;
    return true;
}

/* Reads the line at pos. Returns 0; GAD_MORE: it was bad and skipped; or the error. */
static int take_line(struct gad_dataset *s, struct gad_row *row, struct gad_diag *d)
{
    struct gad_line_fault f;
    int n_columns, r;
    unsigned unknown = 0;
    const char *p = s->buf + s->pos;

    s->line++;
    const char *next = gad_line_parse(p, &s->head, row, &n_columns, &unknown, &f);
    if (!next && skip_bom(s))
        return GAD_MORE;
    if (!next) {
        r = explain_line(s, &f, d);
        return r != 0 ? r : GAD_MORE;
    }
    s->pos = (size_t)(next - s->buf);
    if (next - p - 1 > GAD_DATASET_LINE_MAX) {
        r = too_long(s, p, d);
        return r != 0 ? r : GAD_MORE;
    }
    if (n_columns != s->n_columns && s->n_columns != 0) {
        r = other_width(s, n_columns, d);
        return r != 0 ? r : GAD_MORE;
    }
    s->n_columns = n_columns;
    s->stats.rows++;
    s->stats.unknown_names += unknown;
    row->line = s->line;
    take_connection(s, p, row);
    return 0;
}

/* Reads more when no whole line is left. Returns GAD_MORE to try again, GAD_END, or the error. */
static int more(struct gad_dataset *s, struct gad_diag *d)
{
    struct gad_diag why = {.text = ""};

    int r = s->checked ? refill(s, &why) : check_format(s, &why);
    if (r < 0)
        return give_up(s, r, &why, d);
    if (r == 0 && s->checked && s->whole == s->pos && s->end - s->pos > GAD_DATASET_LINE_MAX) {
        s->line++;
        r = too_long(s, s->buf + s->pos, d);
        s->resyncing = true;
        s->pos = s->whole = s->end = 0;
    }
    return r == 0 ? GAD_MORE : r;
}

int gad_dataset_next(struct gad_dataset *s, struct gad_row *row, struct gad_diag *d)
{
    int r;

    if (s->err != 0)
        return give_up(s, s->err, &s->why, d);
    do
        r = s->pos < s->whole ? take_line(s, row, d) : more(s, d);
    while (r == GAD_MORE);
    return r;
}

const struct gad_dataset_stats *gad_dataset_stats(const struct gad_dataset *s)
{
    return &s->stats;
}

const struct gad_head *gad_dataset_head(const struct gad_dataset *s)
{
    return &s->head;
}

const char *gad_dataset_first_bad(const struct gad_dataset *s)
{
    return s->first_bad.text;
}

int gad_dataset_sha256(struct gad_dataset *s, uint8_t sum[static 32])
{
    return gad_input_sha256(s->in, sum);
}
