/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An alert in each format, and the same JSON object built and dumped by jansson. Usage:
 * bench_alert. ganadd does the first; the last shows why it does not use a library for it.
 */

#include <arpa/inet.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/buf.h"
#include "lib/event/event.h"
#include "lib/event/format.h"
#include "lib/record/record.h"

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

static void set_connection(json_t *j, const struct gad_tuple *t)
{
    char address[INET6_ADDRSTRLEN] = "", proto[8];

    (void)inet_ntop(AF_INET, t->src, address, sizeof(address));
    (void)json_object_set_new(j, "src_ip", json_string(address));
    (void)json_object_set_new(j, "src_port", json_integer(t->src_port));
    (void)inet_ntop(AF_INET, t->dst, address, sizeof(address));
    (void)json_object_set_new(j, "dest_ip", json_string(address));
    (void)json_object_set_new(j, "dest_port", json_integer(t->dst_port));
    (void)json_object_set_new(j, "proto", json_string(gad_ip_proto_name(t->proto, proto)));
}

static size_t by_library(const struct gad_format *f, const struct gad_event *e)
{
    (void)f;
    const struct gad_alert *a = &e->alert;
    char time[GAD_TIME_TEXT], id[GAD_EVENT_ID_TEXT];
    json_t *j = json_object(), *top = json_array(), *features = json_object(),
           *rollup = json_object();

    gad_time_text(e->time, time);
    gad_event_id(e, id);
    (void)json_object_set_new(j, "schema", json_integer(1));
    (void)json_object_set_new(j, "event_type", json_string("alert"));
    (void)json_object_set_new(j, "timestamp", json_string(time));
    (void)json_object_set_new(j, "host", json_string(e->sensor));
    (void)json_object_set_new(j, "event_id", json_string(id));
    (void)json_object_set_new(j, "seq", json_integer((json_int_t)e->seq));
    (void)json_object_set_new(j, "severity", json_integer(a->severity));
    (void)json_object_set_new(j, "risk", json_integer(a->risk));
    (void)json_object_set_new(j, "score", json_real((double)a->score));
    (void)json_object_set_new(j, "p_value", json_real(a->p_value));
    (void)json_object_set_new(j, "threshold", json_real((double)a->threshold));
    (void)json_object_set_new(j, "fpr_budget", json_real(a->fpr_budget));
    (void)json_object_set_new(j, "model", json_string(a->model));
    (void)json_object_set_new(j, "model_sha256", json_string(a->model_sha256));
    set_connection(j, &a->record.tuple);
    (void)json_object_set_new(rollup, "count", json_integer((json_int_t)a->count));
    gad_time_text(a->first, time);
    (void)json_object_set_new(rollup, "first", json_string(time));
    gad_time_text(a->last, time);
    (void)json_object_set_new(rollup, "last", json_string(time));
    (void)json_object_set_new(j, "rollup", rollup);
    for (size_t i = 0; i < a->n_top; i++) {
        json_t *t = json_object();
        (void)json_object_set_new(t, "name", json_string(gad_columns[a->top[i].column].name));
        (void)json_object_set_new(t, "value", value(a->top[i].column, a->top[i].value));
        (void)json_object_set_new(t, "expected", json_real(a->top[i].expected));
        (void)json_object_set_new(t, "share", json_real(a->top[i].share));
        (void)json_array_append_new(top, t);
    }
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++)
        (void)json_object_set_new(features, gad_columns[c].name, value(c, a->record.v[c]));
    (void)json_object_set_new(j, "top_features", top);
    (void)json_object_set_new(j, "features", features);
    char *text = json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(9));
    size_t len = strlen(text);
    free(text);
    json_decref(j);
    return len;
}

static size_t by_hand(const struct gad_format *f, const struct gad_event *e)
{
    static const struct gad_format_options o = {
        .pid = 4242, .enterprise = 32473, .facility = 16, .max = LINE, .version = "1.0.0"};
    static struct gad_buf b = {.max = LINE};
    b.len = 0;
    return gad_format_write(f, e, &o, &b) == 0 ? b.len : 0;
}

static void bench(const char *what, const struct gad_format *f,
                  size_t (*format)(const struct gad_format *, const struct gad_event *),
                  struct gad_event *e)
{
    double t[RUNS];
    size_t len = 0;

    for (int run = 0; run < RUNS; run++) {
        double from = now();
        for (int i = 0; i < N; i++) {
            e->seq++;
            len = format(f, e);
        }
        t[run] = (now() - from) / N;
    }
    qsort(t, RUNS, sizeof(t[0]), by_value);
    printf("%-10s %8.0f ns an alert of %zu bytes, %9.0f alerts/s (median of %d; best %.0f ns)\n",
           what, 1e9 * t[RUNS / 2], len, 1 / t[RUNS / 2], RUNS, 1e9 * t[0]);
}

int main(void)
{
    struct gad_event e = {.kind = GAD_EVENT_ALERT,
                          .sensor = "sensor-07",
                          .run = 0x0123456789abcdefu,
                          .time = gad_time_wall()};
    struct gad_alert *a = &e.alert;
    double *v = a->record.v;

    *a = (struct gad_alert){.model = "kdd99-egbad",
                            .model_sha256 =
                                "02138183797b26e656b20abf869a37993362d0eca181568ff60111d872ac95a4",
                            .score = 20.7661676f,
                            .threshold = 10.4188337f,
                            .p_value = 0.000199964,
                            .fpr_budget = 0.001,
                            .risk = 100,
                            .severity = GAD_SEVERITY_HIGH,
                            .n_top = TOP,
                            .count = 1,
                            .first = e.time,
                            .last = e.time};
    a->record.tuple =
        (struct gad_tuple){4, GAD_IP_TCP, 51873, 80, {192, 0, 2, 44}, {198, 51, 100, 7}};
    v[GAD_SRC_BYTES] = 1032;
    v[GAD_COUNT] = v[GAD_SRV_COUNT] = 511;
    for (enum gad_column c = GAD_SERROR_RATE; c < GAD_N_COLUMNS; c++)
        if (gad_columns[c].kind == GAD_KIND_RATE)
            v[c] = c % 3 == 0 ? 1 : c % 3 == 1 ? 0 : 0.06;
    for (int i = 0; i < TOP; i++)
        a->top[i] = (struct gad_reason){(enum gad_column)(GAD_COUNT + i), v[GAD_COUNT + i],
                                        8.1234567 + i, 0.2345678 / (i + 1)};
    const struct gad_format *f;
    for (size_t i = 0; (f = gad_format_at(i)) != NULL; i++)
        bench(f->name, f, by_hand, &e);
    bench("jansson", NULL, by_library, &e);
    return 0;
}
