/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/by_time.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/dataset/dataset.h"
#include "lib/dataset/table.h"
#include "lib/record/window.h"
#include "tools/ganad-train/cli.h"

/* From this many days, less an hour, the last day tests, if it has a hundredth to a half of the
 * rows. */
enum { DAYS_MIN = 3, SHARE_MIN = 100, SHARE_MAX = 2 };
enum { FIFTH = 5, GAP_SHARE = 20, STREAM_ORDER = 0x74696d65 };

static const int64_t day_ns = INT64_C(86400) * 1000000000;

struct timed {
    int64_t ns;
    uint32_t row;
};

bool by_time_fits(const struct cli_list *files)
{
    gad_cleanup(gad_dataset_closep) struct gad_dataset *s = NULL;
    struct stat st;
    struct gad_row row;

    /* Only a regular file can be read twice. */
    if (files->n == 0 || stat(files->item[0], &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    return gad_dataset_open(files->item[0], NULL, &s, NULL) == 0 &&
           gad_dataset_next(s, &row, NULL) == 0 && row.is_timed && row.label[0] == '\0';
}

/* By time, then by features, so that the order of the files does not matter. */
static int earliest_first(const void *pa, const void *pb, void *arg)
{
    const struct gad_table *const *table = arg;
    const struct timed *a = pa, *b = pb;

    if (a->ns != b->ns)
        return a->ns > b->ns ? 1 : -1;
    /* NOLINTNEXTLINE(*-memory-comparison,cert-exp42-c,cert-flp37-c): bits decide */
    return memcmp(gad_table_features(*table, a->row), gad_table_features(*table, b->row),
                  GAD_N_COLUMNS * sizeof(float));
}

static bool is_left_out(const struct time_choice *c, struct gad_time time)
{
    for (size_t i = 0; i < c->n_left_out; i++)
        if (time.ns >= c->left_out[i].from.ns && time.ns <= c->left_out[i].to.ns)
            return true;
    return false;
}

/* Collects the normal rows that have a time, sorted by it; returns their number. */
static size_t collect(const struct gad_table *t, const struct time_choice *choice,
                      struct timed *ret, struct time_slices *s)
{
    bool labelled = gad_table_is_labelled(t);
    size_t n = 0;

    for (size_t i = 0; i < gad_table_n_rows(t); i++) {
        struct gad_time time;
        if (!gad_table_time(t, i, &time))
            s->untimed++;
        else if (labelled && !gad_table_is_normal(t, i))
            s->attacks++;
        else if (is_left_out(choice, time))
            s->ranges++;
        else
            ret[n++] = (struct timed){time.ns, (uint32_t)i};
    }
    qsort_r(ret, n, sizeof(*ret), earliest_first, &t);
    return n;
}

/* Index of the first of n rows that is later than @ns. */
static size_t first_after(const struct timed *row, size_t n, int64_t ns)
{
    size_t low = 0;

    while (low < n) {
        size_t mid = low + (n - low) / 2;
        if (row[mid].ns > ns)
            n = mid;
        else
            low = mid + 1;
    }
    return low;
}

/* Clocks can be wrong by centuries; the difference saturates. */
static int64_t span(int64_t from, int64_t to)
{
    return gad_time_sub((struct gad_time){to}, (struct gad_time){from}).ns;
}

/* Start of the calibration rows, which end at row @end and time @until: whole days until there are
 * @wanted rows, provided that two fifths of the rows before @end are left to train. */
static size_t whole_days(const struct timed *row, size_t end, int64_t until, double wanted)
{
    size_t begin = end;

    int64_t days = span(row[0].ns, until) / day_ns;

    for (int64_t day = 1; day <= days; day++) {
        size_t at = first_after(row, end, until - day * day_ns);
        if (at < 2 * (end / FIFTH))
            break;
        begin = at;
        if ((double)(end - begin) >= wanted)
            break;
    }
    return begin < end ? begin : end - end / 3;
}

/* Chooses the first rows of calibration and test. */
static void choose_days(const struct timed *row, size_t n, double budget, size_t *calibration,
                        size_t *test, struct time_slices *s)
{
    int64_t last = row[n - 1].ns;

    *test = n - n / FIFTH;
    *calibration = *test - n / FIFTH;
    if (span(row[0].ns, last) < DAYS_MIN * day_ns - day_ns / 24)
        return;
    size_t at = first_after(row, n, last - day_ns);
    if (n - at < n / SHARE_MIN || n - at > n / SHARE_MAX)
        return;
    s->by_day = true;
    *test = at;
    *calibration = whole_days(row, at, last - day_ns, 10.0 / budget);
}

static void describe(const struct timed *row, size_t begin, size_t end, struct time_slice *ret)
{
    *ret = (struct time_slice){.n = end - begin};
    if (begin == end)
        return;
    ret->from.ns = row[begin].ns;
    ret->to.ns = row[end - 1].ns;
}

/* Lists the rows of a slice; @drawn: only those, which changes its n. */
static int take(const struct gad_table *t, const struct timed *row, struct time_slice *s,
                bool drawn, uint32_t **ret, size_t *ret_n)
{
    uint32_t *list = gad_calloc(s->n ? s->n : 1, sizeof(*list));
    size_t n = 0;

    if (!list)
        return GAD_ENOMEM;
    for (size_t i = 0; i < s->n; i++)
        if (!drawn || gad_table_is_drawn(t, row[i].row))
            list[n++] = row[i].row;
    s->n = n;
    *ret = list;
    *ret_n = n;
    return 0;
}

static size_t gap_of(size_t n)
{
    return n / GAP_SHARE < GAD_WINDOW_T_MAX ? n / GAP_SHARE : GAD_WINDOW_T_MAX;
}

int by_time_split(const struct gad_table *t, const struct time_choice *choice,
                  struct gad_split *ret, struct time_slices *ret_slices, struct gad_diag *d)
{
    gad_cleanup(gad_split_deinit) struct gad_split split = {0};
    struct time_slices s = {0};
    size_t n = gad_table_n_rows(t), calibration, test;
    gad_cleanup(gad_freep) struct timed *row = gad_calloc(n ? n : 1, sizeof(*row));

    if (!row)
        return GAD_ENOMEM;
    if (gad_table_n_timed(t) == 0)
        return gad_fail(d, GAD_EINVAL,
                        "no record has a time: give files whose first line names the columns, with "
                        "decided, end or start in seconds among them, as 'ganadctl extract "
                        "--with-connection --head' and ganadd with 'connection = yes' write them");
    n = collect(t, choice, row, &s);
    if (n < FIFTH)
        return gad_fail(d, GAD_EINVAL, "%zu records of normal traffic with a time are too few", n);
    choose_days(row, n, choice->budget, &calibration, &test, &s);

    size_t gap[2] = {gap_of(test - calibration), gap_of(n - test)};
    s.together = n <= choice->together;
    if (s.together)
        calibration = gap[0] = 0;
    s.gap = gap[0] + gap[1];
    s.share = gad_table_share(t);
    describe(row, 0, s.together ? n : calibration, &s.train);
    describe(row, calibration + gap[0], test, &s.calibration);
    describe(row, test + gap[1], n, &s.test);
    int err = take(t, row, &s.train, false, &split.train, &split.n_train);
    if (err == 0 && !s.together)
        err = take(t, row + calibration + gap[0], &s.calibration, true, &split.calibration,
                   &split.n_calibration);
    if (err == 0)
        err = take(t, row + test + gap[1], &s.test, true, &split.test, &split.n_test);
    if (err != 0)
        return err;
    struct gad_rng rng = gad_rng_init(GAD_SPLIT_SEED, STREAM_ORDER);
    if (!s.together) {
        gad_rng_shuffle(&rng, split.n_train, split.train);
        gad_rng_shuffle(&rng, split.n_calibration, split.calibration);
    }
    *ret = split;
    split = (struct gad_split){0};
    *ret_slices = s;
    return 0;
}
