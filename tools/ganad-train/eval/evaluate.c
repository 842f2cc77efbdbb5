/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/eval/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/diag.h"
#include "lib/dataset/attack.h"
#include "lib/dataset/table.h"
#include "models/interval.h"
#include "tools/common/show.h"

void evaluation_deinit(struct evaluation *e)
{
    gad_free(e->class);
    gad_free(e->category);
    gad_free(e->positive);
    gad_ranking_free(e->ranking);
    *e = (struct evaluation){0};
}

static int largest_first(const void *pa, const void *pb)
{
    const struct tally *a = pa, *b = pb;
    int by_n = (a->n < b->n) - (a->n > b->n);
    return by_n != 0 ? by_n : strcmp(a->name, b->name);
}

static void add_to_category(struct evaluation *e, const struct tally *class)
{
    size_t i = 0;

    while (i < e->n_categories && strcmp(e->category[i].name, class->category) != 0)
        i++;
    if (i == e->n_categories)
        e->category[e->n_categories++] =
            (struct tally){.name = class->category, .category = class->category};
    e->category[i].n += class->n;
    e->category[i].flagged += class->flagged;
}

static size_t label_of(const struct gad_table *t, const uint32_t *row, size_t i)
{
    return gad_table_label(t, row ? row[i] : i);
}

static void make_tallies(struct evaluation *e)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_classes; i++)
        if (e->class[i].n > 0)
            e->class[n++] = e->class[i];
    e->n_classes = n;
    for (size_t i = 0; i < n; i++)
        add_to_category(e, &e->class[i]);
    qsort(e->class, n, sizeof(*e->class), largest_first);
    qsort(e->category, e->n_categories, sizeof(*e->category), largest_first);
}

static int make_classes(const struct gad_table *t, struct evaluation *e)
{
    size_t n = gad_table_n_labels(t);

    e->class = gad_calloc(n ? n : 1, sizeof(*e->class));
    e->category = gad_calloc(GAD_N_CLASSES, sizeof(*e->category));
    if (!e->class || !e->category)
        return GAD_ENOMEM;
    e->n_classes = n;
    for (size_t i = 0; i < n; i++) {
        const char *name = gad_table_label_name(t, i);
        e->class[i] =
            (struct tally){name, gad_attack_class_name(gad_table_label_class(t, i)), 0, 0};
    }
    return 0;
}

static void rank(const struct gad_ranking *r, struct evaluation *e)
{
    e->n = gad_ranking_n(r);
    e->positives = gad_ranking_positives(r);
    e->auroc = gad_ranking_auroc(r);
    e->auprc = gad_ranking_auprc(r);
    e->average_precision = gad_ranking_average_precision(r);
    e->tpr_at_1_percent = gad_ranking_tpr_at_fpr(r, 0.01);
    e->tpr_at_0_1_percent = gad_ranking_tpr_at_fpr(r, 0.001);
}

/* NaN if all scores are equal. */
static double scale(size_t n, const float *score, double s)
{
    double low = (double)INFINITY, high = -(double)INFINITY;

    /* No fmin() and fmax(): vectorising them here crashes Debian 12's gcc for arm64. */
    for (size_t i = 0; i < n; i++) {
        double v = (double)score[i];
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    return high > low ? (s - low) / (high - low) : (double)NAN;
}

int evaluate(const struct gad_table *t, size_t n, const uint32_t *row, const float *score,
             bool normal_is_positive, double percentile, double threshold, struct evaluation *ret,
             struct gad_diag *d)
{
    gad_cleanup(evaluation_deinit) struct evaluation e = {.threshold = threshold};

    e.positive = gad_calloc(n ? n : 1, sizeof(*e.positive));
    if (!e.positive || make_classes(t, &e) != 0)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++)
        e.positive[i] = gad_table_is_normal(t, row ? row[i] : i) == normal_is_positive;
    int err = gad_ranking_new(n, score, e.positive, &e.ranking, d);
    if (err != 0)
        return err;

    rank(e.ranking, &e);
    if (percentile > 0.0) {
        e.threshold = gad_ranking_percentile(e.ranking, percentile);
        e.inclusive = true;
    }
    e.scaled_threshold = scale(n, score, e.threshold);
    for (size_t i = 0; i < n; i++) {
        double s = (double)score[i];
        bool flagged = e.inclusive ? s >= e.threshold : s > e.threshold;
        struct tally *class = &e.class[label_of(t, row, i)];
        gad_confusion_add(&e.confusion, e.positive[i], flagged);
        e.flagged += flagged;
        class->n++;
        class->flagged += flagged;
    }
    make_tallies(&e);
    *ret = e;
    e = (struct evaluation){0};
    return 0;
}

void evaluate_unlabelled(size_t n, const float *score, double threshold, struct evaluation *ret)
{
    const double none = (double)NAN;
    struct evaluation e = {.n = n, .threshold = threshold};

    e.auroc = e.auprc = e.average_precision = e.tpr_at_1_percent = e.tpr_at_0_1_percent = none;
    for (size_t i = 0; i < n; i++)
        e.flagged += (double)score[i] > threshold;
    *ret = e;
}

struct gad_confusion evaluation_at(const struct evaluation *e, const float *score, double threshold)
{
    struct gad_confusion c = {0};

    for (size_t i = 0; i < e->n; i++)
        gad_confusion_add(&c, e->positive && e->positive[i], (double)score[i] > threshold);
    return c;
}

static void tally_text(const struct tally *t, FILE *f)
{
    char n[SHOW_TEXT], flagged[SHOW_TEXT];

    (void)fprintf(f, "  %-16s %-8s %12s %12s   %8.4f %%\n", t->name,
                  t->name == t->category ? "" : t->category, show_count(t->n, n),
                  show_count(t->flagged, flagged), 100.0 * (double)t->flagged / (double)t->n);
}

static void figure_text(const char *name, double v, FILE *f)
{
    if (isnan(v))
        (void)fprintf(f, "%-24s -\n", name);
    else
        (void)fprintf(f, "%-24s %.6g\n", name, v);
}

void evaluation_text(const struct evaluation *e, FILE *f)
{
    char text[SHOW_TEXT];

    (void)fprintf(f, "%-24s %s\n", "rows", show_count(e->n, text));
    (void)fprintf(f, "%-24s %s\n", "positives", show_count(e->positives, text));
    figure_text("AUROC", e->auroc, f);
    figure_text("AUPRC (trapezoid)", e->auprc, f);
    figure_text("average precision", e->average_precision, f);
    figure_text("TPR at 1 % FPR", e->tpr_at_1_percent, f);
    figure_text("TPR at 0.1 % FPR", e->tpr_at_0_1_percent, f);
    (void)fprintf(f, "%-24s score %s %.9g\n", "flagged if", e->inclusive ? ">=" : ">",
                  e->threshold);
    figure_text("  scaled to 0 .. 1", e->scaled_threshold, f);
    figure_text("  precision", gad_confusion_precision(&e->confusion), f);
    figure_text("  recall", gad_confusion_recall(&e->confusion), f);
    figure_text("  F1", gad_confusion_f1(&e->confusion), f);
    figure_text("  false-positive rate", gad_confusion_fpr(&e->confusion), f);
    if (e->confusion.fp + e->confusion.tn > 0) {
        struct gad_interval i =
            gad_binomial_interval(e->confusion.fp, e->confusion.fp + e->confusion.tn);
        (void)fprintf(f, "%-24s %.6g to %.6g\n", "    95 % interval", i.low, i.high);
    }
    (void)fprintf(f, "\n  %-16s %-8s %12s %12s   %10s\n", "class", "category", "rows", "flagged",
                  "rate");
    for (size_t i = 0; i < e->n_categories; i++)
        tally_text(&e->category[i], f);
    (void)fputc('\n', f);
    for (size_t i = 0; i < e->n_classes; i++)
        if (strcmp(e->class[i].category, "normal") != 0)
            tally_text(&e->class[i], f);
}

/* JSON has no NaN: null is "not defined". */
static json_t *figure(double v)
{
    return isnan(v) ? json_null() : json_real(v);
}

static json_t *tallies_json(const struct tally *t, size_t n, bool with_category)
{
    json_t *all = json_object();

    for (size_t i = 0; i < n; i++) {
        json_t *one =
            json_pack("{s:I, s:I, s:f}", "n", (json_int_t)t[i].n, "detected",
                      (json_int_t)t[i].flagged, "rate", (double)t[i].flagged / (double)t[i].n);
        if (with_category)
            (void)json_object_set_new(one, "category", json_string(t[i].category));
        (void)json_object_set_new(all, t[i].name, one);
    }
    return all;
}

int evaluation_json(const struct evaluation *e, json_t *object)
{
    const struct gad_confusion *c = &e->confusion;
    json_t *more = json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:f, s:o, s:s, s:o, s:o}", "n",
        (json_int_t)e->n, "positives", (json_int_t)e->positives, "precision",
        figure(gad_confusion_precision(c)), "recall", figure(gad_confusion_recall(c)), "f1",
        figure(gad_confusion_f1(c)), "fpr", figure(gad_confusion_fpr(c)), "auroc", figure(e->auroc),
        "auprc", figure(e->auprc), "average_precision", figure(e->average_precision),
        "tpr_at_fpr_0.01", figure(e->tpr_at_1_percent), "tpr_at_fpr_0.001",
        figure(e->tpr_at_0_1_percent), "threshold", e->threshold, "threshold_scaled",
        figure(e->scaled_threshold), "flagged_if",
        e->inclusive ? "score >= threshold" : "score > threshold", "per_class",
        tallies_json(e->class, e->n_classes, true), "per_category",
        tallies_json(e->category, e->n_categories, false));
    int err = more ? json_object_update(object, more) : -1;

    json_decref(more);
    return err;
}
