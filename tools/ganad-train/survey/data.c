/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/survey/data.h"

#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/dataset/table.h"
#include "tools/ganad-train/data.h"
#include "tools/ganad-train/eval_protocol.h"

void survey_data_deinit(struct survey_data *s)
{
    rows_deinit(&s->rows);
    for (size_t i = 0; i < SURVEY_N_SAMPLES; i++) {
        gad_free(s->sample[i].at);
        gad_free(s->sample[i].positive);
    }
    gad_free(s->distinct);
    gad_split_deinit(&s->split);
    gad_table_free(s->table);
    *s = (struct survey_data){0};
}

/* Numbers of distinct rows. */
struct numbering {
    uint32_t *first;  /* gad_table_first() */
    uint32_t *number; /* by first row: 0 until numbered, then index + 1 */
};

static void numbering_deinit(struct numbering *n)
{
    gad_free(n->first);
    gad_free(n->number);
}

/* Sets the sample @row; numbers its rows that have no number yet. */
static int add_sample(struct survey_data *s, struct numbering *m, size_t n, const uint32_t *row,
                      struct survey_rows *ret)
{
    ret->at = gad_calloc(n ? n : 1, sizeof(*ret->at));
    ret->positive = gad_calloc(n ? n : 1, sizeof(*ret->positive));
    if (!ret->at || !ret->positive)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        uint32_t *number = &m->number[m->first[row[i]]];
        if (*number == 0) {
            s->distinct[s->n_distinct++] = row[i];
            *number = (uint32_t)s->n_distinct;
        }
        ret->at[i] = *number - 1;
        ret->positive[i] = gad_table_is_normal(s->table, row[i]) == s->split.positive_is_normal;
        ret->positives += ret->positive[i];
    }
    ret->n = n;
    ret->n_scored = s->n_distinct;
    return 0;
}

static int number_rows(struct survey_data *s, size_t some)
{
    gad_cleanup(numbering_deinit) struct numbering m = {0};
    size_t n = gad_table_n_rows(s->table), n_test = s->split.n_test;
    gad_cleanup(gad_freep) uint32_t *thin = gad_calloc(n_test, sizeof(*thin));

    m.first = gad_calloc(n, sizeof(*m.first));
    m.number = gad_calloc(n, sizeof(*m.number));
    s->distinct = gad_calloc(n_test, sizeof(*s->distinct));
    if (!thin || !m.first || !m.number || !s->distinct)
        return GAD_ENOMEM;
    int err = gad_table_first(s->table, m.first);
    if (err != 0)
        return err;

    /* SURVEY_SOME first, so that its distinct rows are contiguous. */
    memcpy(thin, s->split.test, n_test * sizeof(*thin));
    err = add_sample(s, &m, gad_split_thin(thin, n_test, some), thin, &s->sample[SURVEY_SOME]);
    return err != 0 ? err : add_sample(s, &m, n_test, s->split.test, &s->sample[SURVEY_ALL]);
}

int survey_data_load(struct survey_data *s, const struct data_request *data,
                     const struct eval_protocol *protocol, size_t some, struct gad_diag *d)
{
    int err = data_load(data, &s->table, d);
    if (err != 0)
        return err;
    if (!gad_table_is_labelled(s->table))
        return gad_fail(d, GAD_EINVAL,
                        "the rows have no labels, so there is nothing to compare "
                        "with");
    err =
        eval_protocol_choose(protocol, s->table, protocol->calibration_share, false, &s->split, d);
    if (err == 0)
        err = number_rows(s, some);
    if (err != 0)
        return err;
    for (size_t i = 0; i < SURVEY_N_SAMPLES; i++)
        if (s->sample[i].positives == 0 || s->sample[i].positives == s->sample[i].n)
            return gad_fail(d, GAD_EINVAL,
                            "of %zu rows that test %zu are normal connections: without both "
                            "classes there is nothing to measure",
                            s->sample[i].n, s->sample[i].positives);
    s->split.n_calibration = 0; /* a survey does not calibrate */
    return 0;
}

int survey_data_scale(struct survey_data *s, enum gad_scaler_kind kind, struct gad_diag *d)
{
    if (s->rows.x && s->scaler == kind)
        return 0;
    rows_deinit(&s->rows); /* before the next rows: they are most of the memory */
    s->scaler = kind;
    int err = rows_init(&s->rows);
    if (err == 0)
        err = rows_read(&s->rows, s->table, &s->split, kind, d);
    if (err != 0)
        return err;
    rows_scale(&s->rows, &s->split);
    return rows_test(&s->rows, s->table, s->n_distinct, s->distinct, d);
}
