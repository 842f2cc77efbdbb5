/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/data.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/table.h"
#include "lib/dataset/thin.h"
#include "lib/record/record.h"
#include "models/detector.h"
#include "models/reference.h"
#include "tools/common/show.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/labels.h"

enum { TILE = 48 };

/* Warns of a file that is given twice, or under two names: no figure would show this mistake. */
static void warn_of_doubles(const struct gad_table *t)
{
    for (size_t i = 0; i < gad_table_n_sources(t); i++)
        for (size_t k = 0; k < i; k++) {
            const struct gad_table_source *a = gad_table_source(t, k), *b = gad_table_source(t, i);
            if (a->rows > 0 && strcmp(a->sha256, b->sha256) == 0)
                cli_say("warning: %s and %s are the same, byte for byte: these rows count twice",
                        a->name, b->name);
        }
}

/* Warns of the parts of a file that were not used. */
static void warn_of_source(const struct gad_table_source *s)
{
    char count[SHOW_TEXT];

    if (s->bad_lines > 0)
        cli_say("warning: %s: %s bad lines skipped; the first: %s", s->name,
                show_count(s->bad_lines, count), s->first_bad);
    if (s->passed_over[0] != '\0')
        cli_say("warning: %s: ignored columns: %s%s", s->name, s->passed_over,
                s->label_column[0] ? "" : "; none is the label: name it 'label' or 'class'");
    if (s->unknown_names > 0)
        cli_say("warning: %s: %s names of protocols, services or flags are not names of KDD99",
                s->name, show_count(s->unknown_names, count));
    if (s->rows == 0)
        cli_say("warning: %s: %s", s->name, s->bytes == 0 ? "an empty file" : "no rows");
}

static void say_sample(const struct gad_table *t)
{
    char n[SHOW_TEXT], of[SHOW_TEXT];

    if (gad_table_share(t) < 1.0)
        cli_say("%s of %s rows are used: one in %.0f, and up to %d of each rare service",
                show_count(gad_table_n_rows(t), n), show_count(gad_table_n_seen(t), of),
                1.0 / gad_table_share(t), GAD_THIN_RARE);
}

int data_load(const struct data_request *r, struct gad_table **ret, struct gad_diag *d)
{
    const struct cli_list *files = r->files;
    const struct gad_table_options opt = {.skip_bad = r->skip_bad,
                                          .sample = r->sample,
                                          .normal = r->normal->item,
                                          .n_normal = r->normal->n};
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;

    int err = gad_table_load(files->item, files->n, &opt, &t, d);
    if (err != 0)
        return err;
    for (size_t i = 0; i < gad_table_n_sources(t); i++)
        warn_of_source(gad_table_source(t, i));
    warn_of_doubles(t);
    say_sample(t);
    if (gad_table_n_rows(t) == 0)
        return gad_fail(d, GAD_EINVAL, "%s: no rows", files->item[0]);
    err = labels_check(t, r->normal, d);
    if (err != 0)
        return err;
    labels_print(t, r->quiet);
    *ret = gad_steal(&t);
    return 0;
}

int data_score(const struct gad_detector *det, const struct gad_table *t, size_t n,
               const uint32_t *row, float *score)
{
    gad_cleanup(gad_workspace_freep) struct gad_workspace *ws = NULL;
    gad_cleanup(gad_freep) struct gad_record *tile = gad_calloc(TILE, sizeof(*tile));

    int err = tile ? gad_workspace_new(det, TILE, &ws) : GAD_ENOMEM;
    for (size_t i = 0; err == 0 && i < n; i += TILE) {
        size_t m = n - i < TILE ? n - i : TILE;
        for (size_t k = 0; k < m; k++)
            gad_table_record(t, row ? row[i + k] : i + k, &tile[k]);
        (void)gad_detector_score(det, ws, m, tile, score + i);
    }
    return err;
}

struct chosen {
    const struct gad_table *t;
    const uint32_t *row;
};

static void get(void *arg, size_t i, struct gad_record *ret)
{
    const struct chosen *c = arg;
    gad_table_record(c->t, c->row ? c->row[i] : i, ret);
}

int data_reference(const struct gad_schema *s, const struct gad_table *t, size_t n,
                   const uint32_t *row, struct data_reference *ret, struct gad_checkpoint *c)
{
    struct chosen chosen = {t, row};

    data_reference_deinit(ret);
    int err = gad_reference_fit(s, n, get, &chosen, &ret->made);
    if (err != 0)
        return err;
    const struct gad_reference *r = ret->made;
    ret->column = gad_calloc(r->n_columns ? r->n_columns : 1, sizeof(*ret->column));
    if (!ret->column)
        return GAD_ENOMEM;
    for (size_t i = 0; i < r->n_columns; i++)
        ret->column[i] = (struct gad_ckpt_histogram){.n_edges = r->column[i].n_edges,
                                                     .n_bins = r->column[i].n_bins,
                                                     .edge = r->column[i].edge,
                                                     .count = r->column[i].count};
    c->reference.n = r->n;
    c->reference.n_columns = r->n_columns;
    c->reference.column = ret->column;
    return 0;
}

void data_reference_deinit(struct data_reference *r)
{
    gad_reference_free(r->made);
    gad_free(r->column);
    *r = (struct data_reference){0};
}
