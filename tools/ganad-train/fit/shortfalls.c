/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/shortfalls.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dataset/split.h"
#include "lib/dataset/table.h"
#include "lib/feature/schema.h"
#include "lib/record/column.h"
#include "tools/common/show.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/fit/folds.h"
#include "tools/ganad-train/rows.h"

enum { COLUMNS_NAMED = 4, SERVICES_MAX = 256 };

#define DAYS_LEAST 3.0 /* as in by_time.h, and the next */
static const double share_calibrating = 0.6;

static const double one_service =
    0.99; /* share of the records from which hardly any other service can be learned */

/* Counts columns that never vary in the training rows. */
static size_t constant_columns(const struct rows *r, size_t n, bool constant[static GAD_N_COLUMNS])
{
    size_t n_numeric = gad_schema_n_numeric(r->schema), count = 0;

    for (size_t j = 0; j < n_numeric; j++) {
        size_t i = 1;
        while (i < n && r->x[i * r->ld + j] == r->x[j])
            i++;
        constant[j] = i >= n;
        count += constant[j];
    }
    return count;
}

/* Warns of those that vary in the calibration rows. */
static void warn_of_new(const struct rows *r, size_t n, const bool *constant)
{
    size_t n_numeric = gad_schema_n_numeric(r->schema), named = 0;
    char count[SHOW_TEXT];

    for (size_t j = 0; j < n_numeric; j++) {
        size_t other = 0;
        for (size_t i = 0; constant[j] && i < n; i++)
            other += r->held_out[i * r->ld + j] != r->x[j];
        if (other > 0 && named++ < COLUMNS_NAMED)
            cli_say("warning: %s is %g in every row that trains, and not in %s rows that "
                    "calibrate: these count as anomalous",
                    gad_schema_element_name(r->schema, j), (double)r->x[j],
                    show_count(other, count));
    }
}

static void warn_of_service(const struct gad_table *t, const struct gad_split *split)
{
    size_t of[SERVICES_MAX] = {0}, most = 0, distinct = 0;

    for (size_t i = 0; i < split->n_train; i++) {
        float v = gad_table_features(t, split->train[i])[GAD_SERVICE];
        if (v >= 0.0f && v < (float)SERVICES_MAX)
            of[(size_t)v]++;
    }
    for (size_t s = 0; s < SERVICES_MAX; s++) {
        distinct += of[s] > 0;
        most = of[s] > of[most] ? s : most;
    }
    if ((double)of[most] >= one_service * (double)split->n_train)
        cli_say("warning: %.4g %% of the rows that train are of the service '%s', and there are "
                "%zu others: records of other services will count as anomalous. Does the sensor "
                "see the whole network?",
                100.0 * (double)of[most] / (double)split->n_train,
                gad_name_text(GAD_SERVICE, (int)most), distinct - 1);
}

void shortfalls_warn(const struct rows *r, const struct gad_table *t, const struct gad_split *split,
                     bool own, bool folds)
{
    bool constant[GAD_N_COLUMNS] = {false};
    size_t n_numeric = gad_schema_n_numeric(r->schema);
    size_t n_constant = constant_columns(r, split->n_train, constant);
    char n[SHOW_TEXT];

    if (4 * n_constant > 3 * n_numeric)
        cli_say("warning: %zu of %zu numeric columns never vary in the rows that train: records "
                "that differ there will count as anomalous",
                n_constant, n_numeric);
    else if (own)
        warn_of_new(r, split->n_calibration, constant);
    if (own)
        warn_of_service(t, split);
    size_t n_calibration = folds ? split->n_train : split->n_calibration;
    if (n_calibration < 1000)
        cli_say("warning: %s rows calibrate: budgets of false alarms below %.2g cannot be "
                "distinguished",
                show_count(n_calibration, n), 1.0 / (double)n_calibration);
}

double shortfalls_days(double budget, double daily)
{
    double rows = SHORTFALLS_ENOUGH / budget, days = ceil(rows / daily * (1.0 - 1e-9));

    if (days * daily > FOLDS_ROWS_MAX)
        days = 1.0 + ceil(ceil(rows / daily) / share_calibrating * (1.0 - 1e-9));
    return fmax(days, DAYS_LEAST);
}
