/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An alert as JSON: our writer, and the same object built and dumped by jansson. Usage: bench_alert
 * The first is what ganadd does; the second is why it does not leave that to a library.
 */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/feed/alert.h"
#include "daemon/feed/format_json.h"
#include "lib/base/buf.h"
#include "lib/record/record.h"
#include "models/detector.h"

enum { RUNS = 7, N = 20000, TOP = 5, LINE = 16 << 10 };

/* Processor time: other processes do not count. */
static double now(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static json_t *value(enum gad_column c, double v)
{
    if (gad_columns[c].kind == GAD_KIND_NAME)
        return json_string(gad_name_text(c, (int)v));
    return gad_columns[c].kind == GAD_KIND_RATE ? json_real(v) : json_integer((json_int_t)v);
}

static size_t by_library(const struct alert *a)
{
    char time[GAD_TIME_TEXT], id[128];
    json_t *j = json_object(), *top = json_array(), *features = json_object();

    gad_time_text(a->wall, time);
    (void)snprintf(id, sizeof(id), "%s-%016llx-%llu", a->sensor, (unsigned long long)a->run,
                   (unsigned long long)a->seq);
    (void)json_object_set_new(j, "schema", json_integer(1));
    (void)json_object_set_new(j, "event_type", json_string("alert"));
    (void)json_object_set_new(j, "timestamp", json_string(time));
    (void)json_object_set_new(j, "host", json_string(a->sensor));
    (void)json_object_set_new(j, "event_id", json_string(id));
    (void)json_object_set_new(j, "seq", json_integer((json_int_t)a->seq));
    (void)json_object_set_new(j, "severity", json_integer(a->severity));
    (void)json_object_set_new(j, "risk", json_integer(a->risk));
    (void)json_object_set_new(j, "score", json_real((double)a->score));
    (void)json_object_set_new(j, "p_value", json_real(a->p_value));
    (void)json_object_set_new(j, "threshold", json_real((double)a->threshold));
    (void)json_object_set_new(j, "fpr_budget", json_real(a->fpr_budget));
    (void)json_object_set_new(j, "model", json_string(a->model));
    (void)json_object_set_new(j, "model_sha256", json_string(a->model_sha256));
    for (size_t i = 0; i < a->n_top; i++) {
        json_t *t = json_object();
        (void)json_object_set_new(t, "name", json_string(gad_columns[a->top[i].column].name));
        (void)json_object_set_new(t, "value", value(a->top[i].column, a->top[i].value));
        (void)json_object_set_new(t, "expected", json_real(a->top[i].expected));
        (void)json_object_set_new(t, "share", json_real(a->top[i].share));
        (void)json_array_append_new(top, t);
    }
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++)
        (void)json_object_set_new(features, gad_columns[c].name, value(c, a->record->v[c]));
    (void)json_object_set_new(j, "top_features", top);
    (void)json_object_set_new(j, "features", features);
    char *text = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(9));
    size_t len = strlen(text);
    free(text);
    json_decref(j);
    return len;
}

static size_t by_hand(const struct alert *a)
{
    static struct gad_buf b = {.max = LINE};
    b.len = 0;
    format_json_alert(a, &b);
    return b.len;
}

static void bench(const char *what, size_t (*format)(const struct alert *), struct alert *a)
{
    double t[RUNS];
    size_t len = 0;

    for (int run = 0; run < RUNS; run++) {
        double from = now();
        for (int i = 0; i < N; i++) {
            a->seq++;
            len = format(a);
        }
        t[run] = (now() - from) / N;
    }
    qsort(t, RUNS, sizeof(t[0]), by_value);
    printf("%-10s %8.0f ns an alert of %zu bytes, %9.0f alerts/s (median of %d; best %.0f ns)\n",
           what, 1e9 * t[RUNS / 2], len, 1 / t[RUNS / 2], RUNS, 1e9 * t[0]);
}

int main(void)
{
    struct gad_record rec = {
        .v = {[GAD_SRC_BYTES] = 1032, [GAD_COUNT] = 511, [GAD_SRV_COUNT] = 511}};
    struct gad_reason top[TOP];
    struct alert a = {.sensor = "sensor-07",
                      .run = 0x0123456789abcdefu,
                      .wall = gad_time_wall(),
                      .record = &rec,
                      .model = "kdd99-egbad",
                      .model_sha256 =
                          "02138183797b26e656b20abf869a37993362d0eca181568ff60111d872ac95a4",
                      .score = 20.7661676f,
                      .threshold = 10.4188337f,
                      .p_value = 0.000199964,
                      .fpr_budget = 0.001,
                      .risk = 100,
                      .severity = 1,
                      .n_top = TOP,
                      .top = top};

    for (enum gad_column c = GAD_SERROR_RATE; c < GAD_N_COLUMNS; c++)
        if (gad_columns[c].kind == GAD_KIND_RATE)
            rec.v[c] = c % 3 == 0 ? 1 : c % 3 == 1 ? 0 : 0.06;
    for (int i = 0; i < TOP; i++)
        top[i] = (struct gad_reason){(enum gad_column)(GAD_COUNT + i), rec.v[GAD_COUNT + i],
                                     8.1234567 + i, 0.2345678 / (i + 1)};
    bench("by hand", by_hand, &a);
    bench("jansson", by_library, &a);
    return 0;
}
