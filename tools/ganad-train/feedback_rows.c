/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/feedback_rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/table.h"
#include "lib/feedback/list.h"
#include "tools/ganad-train/cli.h"

enum { NAMED = 10 /* verdicts without a row that are named */ };

/* Above the grace of gad_verdict_meets(). */
#define MARGIN_NS INT64_C(10000000000)

struct feedback_range {
    const struct gad_verdict *verdict;
    int64_t latest; /* end of this and of all ranges before it */
    uint64_t rows;  /* that it met */
};

/* --- reading --- */

struct reading {
    const char *path;
    size_t n_bad;
    struct gad_diag first; /* the first damaged line */
};

static void bad_line(void *arg, unsigned line, const char *why)
{
    struct reading *r = arg;

    if (r->n_bad++ == 0)
        (void)gad_fail(&r->first, 0, "%s: line %u: %s", r->path, line, why);
}

static int earliest_first(const void *pa, const void *pb)
{
    const struct feedback_range *a = pa, *b = pb;
    int64_t x = a->verdict->first.ns, y = b->verdict->first.ns;

    return x != y ? (x > y) - (x < y) : (a->verdict > b->verdict) - (a->verdict < b->verdict);
}

static int make_ranges(struct feedback_rows *f)
{
    size_t n = gad_feedback_count(f->list);

    f->range = gad_calloc(n ? n : 1, sizeof(*f->range));
    if (!f->range)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct gad_verdict *v = gad_feedback_at(f->list, i);
        if (v->undone.id != 0) {
            f->n_undone++;
            continue;
        }
        f->n_true += v->is_true;
        f->n_false += !v->is_true;
        f->range[f->n++].verdict = v;
    }
    qsort(f->range, f->n, sizeof(*f->range), earliest_first);
    for (size_t i = 0; i < f->n; i++) {
        int64_t last = f->range[i].verdict->last.ns, before = i > 0 ? f->range[i - 1].latest : 0;
        f->range[i].latest = last > before ? last : before;
    }
    return 0;
}

static int read_list(const char *path, bool skip_bad, struct feedback_rows *f, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *text = NULL;
    struct reading reading = {.path = path};
    size_t len;

    int err = gad_file_read(path, GAD_FEEDBACK_FILE_MAX, &text, &len, d);
    if (err == 0)
        err = gad_feedback_new(&f->list);
    if (err != 0)
        return err;
    err = gad_feedback_read(f->list, (const char *)text, len, bad_line, &reading, d);
    if (err != 0) {
        gad_diag_prefix(d, "--feedback: %s", path);
        return err;
    }
    f->n_bad = reading.n_bad;
    if (f->n_bad > 0 && !skip_bad)
        return gad_fail(d, GAD_EFORMAT, "--feedback: %s; --skip-bad leaves such lines out",
                        reading.first.text);
    if (f->n_bad > 0)
        cli_say("warning: %zu damaged verdicts skipped; the first: %s", f->n_bad,
                reading.first.text);
    return 0;
}

int feedback_rows_read(const char *path, bool skip_bad, struct feedback_rows *ret,
                       struct gad_diag *d)
{
    struct feedback_rows f = {0};

    *ret = f;
    if (!path)
        return 0;
    int err = read_list(path, skip_bad, &f, d);
    if (err == 0)
        err = make_ranges(&f);
    if (err != 0)
        feedback_rows_deinit(&f);
    *ret = f;
    return err;
}

void feedback_rows_deinit(struct feedback_rows *f)
{
    gad_feedback_free(f->list);
    gad_free(f->range);
    *f = (struct feedback_rows){0};
}

/* --- marking --- */

/* The number of ranges that begin before @ns. */
static size_t begun(const struct feedback_rows *f, int64_t ns)
{
    size_t low = 0, n = f->n;

    while (low < n) {
        size_t mid = low + (n - low) / 2;
        if (f->range[mid].verdict->first.ns > ns)
            n = mid;
        else
            low = mid + 1;
    }
    return low;
}

uint8_t feedback_rows_mark(void *arg, const struct gad_row *row)
{
    struct feedback_rows *f = arg;
    int64_t ns = row->time.ns;
    unsigned mark = 0;

    for (size_t i = row->is_timed ? begun(f, ns + MARGIN_NS) : f->n; i-- > 0;) {
        struct feedback_range *r = &f->range[i];
        if (row->is_timed && r->latest < ns - MARGIN_NS)
            break;
        if (!gad_verdict_meets(r->verdict, &row->rec, row->is_timed, row->time))
            continue;
        r->rows++;
        mark |= r->verdict->is_true ? FEEDBACK_ROWS_DROP : FEEDBACK_ROWS_KEEP;
    }
    return mark & FEEDBACK_ROWS_DROP ? FEEDBACK_ROWS_DROP : (uint8_t)mark;
}

void feedback_rows_count(struct feedback_rows *f, const struct gad_table *t)
{
    f->dropped = f->kept = 0;
    for (size_t i = 0; f->list && i < gad_table_n_rows(t); i++) {
        f->dropped += gad_table_mark(t, i) == FEEDBACK_ROWS_DROP;
        f->kept += gad_table_mark(t, i) == FEEDBACK_ROWS_KEEP;
    }
}

/* --- rows --- */

static size_t without_attacks(const struct gad_table *t, uint32_t *row, size_t n)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++)
        if (gad_table_mark(t, row[i]) != FEEDBACK_ROWS_DROP)
            row[left++] = row[i];
    return left;
}

void feedback_rows_drop(const struct gad_table *t, struct gad_split *s)
{
    s->n_train = without_attacks(t, s->train, s->n_train);
    s->n_calibration = without_attacks(t, s->calibration, s->n_calibration);
}

int feedback_rows_hold(const struct gad_table *t, const struct gad_split *s,
                       struct feedback_kept *ret)
{
    ret->n = 0;
    ret->row = gad_calloc(s->n_train ? s->n_train : 1, sizeof(*ret->row));
    if (!ret->row)
        return GAD_ENOMEM;
    for (size_t i = 0; i < s->n_train; i++)
        if (gad_table_mark(t, s->train[i]) == FEEDBACK_ROWS_KEEP)
            ret->row[ret->n++] = s->train[i];
    return 0;
}

void feedback_rows_restore(const struct feedback_kept *k, const struct gad_table *t,
                           struct gad_split *s)
{
    size_t left = 0;

    for (size_t i = 0; i < s->n_train; i++)
        left += gad_table_mark(t, s->train[i]) == FEEDBACK_ROWS_KEEP;
    if (left == k->n)
        return; /* the search removed none of them */
    size_t others = 0;
    for (size_t i = 0; i < s->n_train; i++)
        if (gad_table_mark(t, s->train[i]) != FEEDBACK_ROWS_KEEP)
            s->train[others++] = s->train[i];
    memcpy(s->train + others, k->row, k->n * sizeof(*k->row));
    s->n_train = others + k->n;
}

/* --- reporting --- */

void feedback_rows_print(const struct feedback_rows *f, FILE *to)
{
    size_t unmet = 0;

    if (!f->list)
        return;
    (void)fprintf(
        to,
        "Feedback: %zu verdicts 'true' leave out %zu rows, %zu 'false' keep %zu rows; %zu "
        "are undone\n",
        f->n_true, f->dropped, f->n_false, f->kept, f->n_undone);
    for (size_t i = 0; i < f->n; i++)
        if (f->range[i].rows == 0 && unmet++ < NAMED)
            (void)fprintf(to, "  verdict %" PRIu64 " meets no row of these files\n",
                          f->range[i].verdict->by.id);
    if (unmet > NAMED)
        (void)fprintf(to, "  and %zu more meet no row\n", unmet - NAMED);
}

size_t feedback_rows_metrics(const struct feedback_rows *f,
                             struct feedback_metric m[static FEEDBACK_ROWS_METRICS])
{
    const struct feedback_metric all[FEEDBACK_ROWS_METRICS] = {
        {"feedback_true", (double)f->n_true},
        {"feedback_false", (double)f->n_false},
        {"feedback_rows_left_out", (double)f->dropped},
        {"feedback_rows_kept", (double)f->kept}};

    memcpy(m, all, sizeof(all));
    return f->list ? FEEDBACK_ROWS_METRICS : 0;
}
