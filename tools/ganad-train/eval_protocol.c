/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/eval_protocol.h"

#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/dataset/table.h"
#include "tools/ganad-train/by_time.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/labels.h"

static const struct eval_protocol protocols[] = {
    {
        .name = "normal",
        .kind = GAD_NORMAL,
        .calibration_share = GAD_SPLIT_CALIBRATION,
        .labels = "choose the normal rows of the training half; measure on the held-out half. "
                  "The threshold comes from held-out training rows and sees no test label.",
    },
    {
        .name = "normal-unique",
        .kind = GAD_NORMAL_UNIQUE,
        .calibration_share = GAD_SPLIT_CALIBRATION,
        .labels = "choose the normal rows of the training half, each record once; measure on the "
                  "rows of the held-out half, each once, that are equal to none of those. The "
                  "threshold comes from held-out training rows and sees no test label.",
    },
    {
        .name = "baseline",
        .kind = GAD_NORMAL,
        .by_time = true,
        .calibration_share = GAD_SPLIT_CALIBRATION,
        .labels = "leave attacks out, if there are labels; the last day is held out and measures "
                  "false alarms. The threshold comes from the days before it.",
    },
    {
        .name = "survey",
        .kind = GAD_SURVEY,
        .trains_on_attacks = true,
        .percentile = 80.0,
        .labels = "choose the attack rows of the training half; measure on the test half, where "
                  "NORMAL connections are the positives. WARNING: the threshold is the 80th "
                  "percentile of the test scores, as published: it knows the share of positives "
                  "in the test set, so precision, recall and F1 are not what a sensor would see.",
    },
};

int eval_protocol_parse(const char *text, const struct eval_protocol **ret, struct gad_diag *d)
{
    enum { N = sizeof(protocols) / sizeof(protocols[0]) };
    const char *names[N];
    size_t at;

    for (size_t i = 0; i < N; i++)
        names[i] = protocols[i].name;
    int err = cli_choice("--protocol", text, names, N, &at, d);
    if (err == 0)
        *ret = &protocols[at];
    return err;
}

/* Stream of the random numbers that pick rows. */
enum { STREAM_HOLD_OUT = 0x686f6c64 };

static void shuffle(size_t n, uint32_t *row)
{
    struct gad_rng rng = gad_rng_init(GAD_SPLIT_SEED, STREAM_HOLD_OUT);
    gad_rng_shuffle(&rng, n, row);
}

/* The rows of the class that the protocol trains on, in the order of @row (NULL: of the table). */
static int of_the_class(const struct eval_protocol *p, const bool *is_normal, size_t n,
                        const uint32_t *row, uint32_t **ret, size_t *ret_n)
{
    uint32_t *kept = gad_calloc(n ? n : 1, sizeof(*kept));
    size_t n_kept = 0;

    if (!kept)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        uint32_t r = row ? row[i] : (uint32_t)i;
        if (is_normal[r] != p->trains_on_attacks)
            kept[n_kept++] = r;
    }
    *ret = kept;
    *ret_n = n_kept;
    return 0;
}

/* Keeps rows that have no equal row before them in the whole table; @row is in the order of the
 * table. */
static size_t each_once(const uint32_t *first, uint32_t *row, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (first[row[i]] == row[i])
            row[kept++] = row[i];
    return kept;
}

static int take_all(const struct eval_protocol *p, const bool *is_normal, const uint32_t *first,
                    size_t n, double share, struct gad_split *ret, struct gad_diag *d)
{
    gad_cleanup(gad_split_deinit) struct gad_split s = {.positive_is_normal = p->trains_on_attacks};

    int err = of_the_class(p, is_normal, n, NULL, &s.train, &s.n_train);
    if (err != 0)
        return err;
    if (p->kind == GAD_NORMAL_UNIQUE)
        s.n_train = each_once(first, s.train, s.n_train);
    shuffle(s.n_train, s.train);
    s.n_calibration = (size_t)(share * (double)s.n_train);
    s.n_train -= s.n_calibration;
    if (s.n_train == 0 || s.n_calibration == 0)
        return gad_fail(d, GAD_EINVAL, "too few rows of the class to train on and to calibrate");
    s.calibration = gad_calloc(s.n_calibration, sizeof(*s.calibration));
    if (!s.calibration)
        return GAD_ENOMEM;
    memcpy(s.calibration, s.train + s.n_train, s.n_calibration * sizeof(*s.calibration));
    *ret = s;
    s = (struct gad_split){0};
    return 0;
}

static int take_halves(const struct eval_protocol *p, const bool *is_normal, const uint32_t *first,
                       size_t n, double share, struct gad_split *ret, struct gad_diag *d)
{
    const struct gad_split_options opt = {
        .protocol = p->kind, .seed = GAD_SPLIT_SEED, .calibration = share};
    gad_cleanup(gad_split_deinit) struct gad_split s = {0};

    int err = gad_split_make(&opt, n, is_normal, first, &s, d);
    if (err == 0 && s.n_calibration == 0) {
        gad_free(gad_steal(&s.calibration));
        err = of_the_class(p, is_normal, s.n_test, s.test, &s.calibration, &s.n_calibration);
        shuffle(s.n_calibration, s.calibration);
    }
    if (err == 0 && s.n_calibration == 0)
        err = gad_fail(d, GAD_EINVAL, "too few rows of the class to calibrate");
    if (err != 0)
        return err;
    *ret = s;
    s = (struct gad_split){0};
    return 0;
}

int eval_protocol_choose(const struct eval_protocol *p, const struct gad_table *t, double share,
                         bool all, struct gad_split *ret, struct gad_diag *d)
{
    size_t n = gad_table_n_rows(t);
    bool labelled = gad_table_is_labelled(t);
    struct time_slices slices;

    int err = labels_need_normal(t, d);
    if (err != 0)
        return err;
    if (p->by_time)
        return by_time_split(t, &(struct time_choice){.budget = EVAL_PROTOCOL_BUDGET}, ret, &slices,
                             d);
    gad_cleanup(gad_freep) bool *is_normal = gad_calloc(n ? n : 1, sizeof(*is_normal));

    gad_cleanup(gad_freep) uint32_t *first = gad_calloc(n ? n : 1, sizeof(*first));

    if (!is_normal || !first || (p->kind == GAD_NORMAL_UNIQUE && gad_table_first(t, first) != 0))
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++)
        is_normal[i] = !labelled || gad_table_is_normal(t, i);
    return all ? take_all(p, is_normal, first, n, share, ret, d)
               : take_halves(p, is_normal, first, n, share, ret, d);
}
