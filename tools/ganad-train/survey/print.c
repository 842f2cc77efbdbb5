/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/survey/report.h"

#include <math.h>
#include <string.h>

#include "lib/base/mem.h"
#include "tools/common/show.h"
#include "tools/ganad-train/eval_protocol.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/survey/data.h"

void survey_title(const struct survey_plan *p, char text[static SURVEY_TITLE])
{
    const char *residual = strcmp(p->model, "egbad") != 0 ? ""
                           : p->residual > 0.0            ? ", residual term on E"
                                                          : ", no residual term";

    (void)snprintf(text, SURVEY_TITLE, "%s, loss %s%s", p->model, fit_loss_names[p->loss],
                   residual);
}

enum { CELL = 32 };

static const char *cell(double mean, double sd, char text[static CELL])
{
    if (isnan(mean))
        (void)snprintf(text, CELL, "-");
    else if (isnan(sd))
        (void)snprintf(text, CELL, "%.4f", mean);
    else
        (void)snprintf(text, CELL, "%.4f +- %.4f", mean, sd);
    return text;
}

static void line(FILE *f, const char *score, const char *what, const char *const cells[5])
{
    (void)fprintf(f, "  %-20s  %-26s  %-16s  %-16s  %-16s  %-6s  %s\n", score, what, cells[0],
                  cells[1], cells[2], cells[3], cells[4]);
}

static void print_pick(const struct survey_result *r, enum survey_pick pick, size_t view,
                       const char *score, FILE *f)
{
    static const size_t offset[] = {
        offsetof(struct survey_figure, precision), offsetof(struct survey_figure, recall),
        offsetof(struct survey_figure, f1), offsetof(struct survey_figure, auroc)};
    double value[SURVEY_SEEDS_MAX];
    char text[5][CELL];
    struct spread s[4];

    for (size_t i = 0; i < 4; i++)
        s[i] = survey_spread(r, pick, view, offset[i], value);
    line(f, score, survey_pick_phrases[pick],
         (const char *[]){cell(s[0].mean, s[0].sd, text[0]), cell(s[1].mean, s[1].sd, text[1]),
                          cell(s[2].mean, s[2].sd, text[2]), cell(s[2].least, (double)NAN, text[3]),
                          cell(s[3].mean, (double)NAN, text[4])});
}

/* The published figures of this score; NULL: those whose score is unknown. */
static void print_published(const struct survey_plan *p, const char *score, FILE *f)
{
    const struct survey_published *o;

    for (size_t i = 0; (o = survey_published_at(i)) != NULL; i++) {
        char text[3][CELL], what[64];
        if (!survey_is_published_for(o, p) || !o->score != !score ||
            (score && strcmp(o->score, score) != 0))
            continue;
        (void)snprintf(what, sizeof(what), "published, %s", o->source);
        line(f, score ? "" : "score not stated", what,
             (const char *[]){cell(o->precision, o->precision_sd, text[0]),
                              cell(o->recall, o->recall_sd, text[1]),
                              cell(o->f1, o->f1_sd, text[2]), "-", "-"});
    }
}

static void print_view(const struct survey_result *r, size_t v, const struct survey_data *data,
                       FILE *f)
{
    const struct survey_view *view = &r->plan->view[v];
    char score[64], n[SHOW_TEXT];

    (void)snprintf(score, sizeof(score), "%s", view->score);
    if (view->sample == SURVEY_SOME)
        (void)snprintf(score, sizeof(score), "%s, %s rows", view->score,
                       show_count(data->sample[SURVEY_SOME].n, n));
    for (int pick = 0; pick < SURVEY_N_PICKS; pick++)
        print_pick(r, (enum survey_pick)pick, v, pick == 0 ? score : "", f);
    if (v == 0 || strcmp(r->plan->view[v - 1].score, view->score) != 0)
        print_published(r->plan, view->score, f);
}

void survey_print(const struct survey_result *r, const struct survey_data *data, FILE *f)
{
    char title[SURVEY_TITLE], train[SHOW_TEXT], looks[SHOW_TEXT];
    double train_s = 0.0, look_s = 0.0;

    if (r->n == 0)
        return;
    for (size_t i = 0; i < r->n; i++) {
        train_s += r->training[i].train_s / (double)r->n;
        look_s += r->training[i].look_s / (double)r->n;
    }
    survey_title(r->plan, title);
    (void)fprintf(f,
                  "%s; scaler %s, %u epochs, %zu seed%s; training took %s, its scores %s (mean)\n",
                  title, gad_scaler_kind_name(r->plan->scaler), r->epochs, r->n,
                  r->n == 1 ? "" : "s", show_clock(train_s, train), show_clock(look_s, looks));
    line(f, "SCORE", "EPOCH", (const char *[]){"PRECISION", "RECALL", "F1", "WORST", "AUROC"});
    for (size_t v = 0; v < r->plan->n_views; v++)
        print_view(r, v, data, f);
    print_published(r->plan, NULL, f);
    if (!r->plan->published)
        line(f, "", "published", (const char *[]){"-", "-", "-", "-", "-"});
    (void)fputc('\n', f);
    (void)fflush(f);
}

void survey_print_labels(const struct eval_protocol *p, FILE *f)
{
    (void)fprintf(
        f,
        "Protocol %s. Labels: %s\n"
        "\"best by test labels\" also chooses the epoch by the F1 on these test rows, as the "
        "survey did: too good a figure. \"last epoch\" chooses nothing; \"least residual\" takes "
        "the epoch with the lowest |x - x'| on rows that train, and uses no test row.\n"
        "+- is the standard deviation over seeds (n - 1), WORST the lowest F1 of any seed.\n",
        p->name, p->labels);
}
