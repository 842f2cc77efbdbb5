/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganadctl/ctl.h"
#include "tools/ganadctl/status.h"

typedef Ganad__V1__StatusReply status_message;

/* Two statuses of one daemon. */
struct interval {
    const status_message *a, *b;
    double seconds;
};

struct stats_options {
    bool json;
    double seconds; /* between two statuses */
    uint64_t count; /* of intervals; 0: until interrupted */
};

/* Rates of every daemon: the key in JSON, the name in the table, and the counter. */
static const struct {
    const char *key, *words, *counter;
} rates[] = {
    {"records_per_second", "records", "records_in"},
    {"scored_per_second", "scored", "records_scored"},
    {"unscored_per_second", "unscored", "records_unscored"},
    {"anomalous_per_second", "anomalous", "records_anomalous"},
    {"alerts_per_second", "alerts", "alerts"},
    {"events_dropped_per_second", "events dropped", "events_dropped"},
};
enum { N_RATES = sizeof(rates) / sizeof(rates[0]) };

static double per_second(const struct interval *v, uint64_t was, uint64_t is)
{
    return is > was ? (double)(is - was) / v->seconds : 0;
}

static uint64_t counter(const status_message *s, const char *name)
{
    for (size_t i = 0; i < s->n_counter; i++)
        if (strcmp(s->counter[i]->name, name) == 0)
            return s->counter[i]->value;
    return 0;
}

static double rate(const struct interval *v, size_t i)
{
    return per_second(v, counter(v->a, rates[i].counter), counter(v->b, rates[i].counter));
}

/* The latency that @share of the requests in the interval did not exceed, rounded up to the limit
 * of a bucket; NaN without a request. */
static double percentile(const struct interval *v, double share)
{
    const Ganad__V1__StatusReply__Latency *a = v->a->latency, *b = v->b->latency;
    double n = 0, seen = 0;

    if (!a || !b || b->n_limit == 0 || b->n_count != b->n_limit + 1 || a->n_count != b->n_count)
        return (double)NAN;
    for (size_t i = 0; i < b->n_count; i++)
        n += (double)(b->count[i] - a->count[i]);
    for (size_t i = 0; n > 0 && i < b->n_limit; i++) {
        seen += (double)(b->count[i] - a->count[i]);
        if (seen >= share * n)
            return b->limit[i];
    }
    return n > 0 ? b->limit[b->n_limit - 1] : (double)NAN;
}

static const Ganad__V1__StatusReply__Output *output_before(const struct interval *v, size_t i)
{
    for (size_t k = 0; k < v->a->n_output; k++)
        if (strcmp(v->a->output[k]->name, v->b->output[i]->name) == 0)
            return v->a->output[k];
    return v->b->output[i];
}

static const Ganad__V1__StatusReply__Source *source_before(const struct interval *v, size_t i)
{
    for (size_t k = 0; k < v->a->n_source; k++)
        if (strcmp(v->a->source[k]->name, v->b->source[i]->name) == 0)
            return v->a->source[k];
    return v->b->source[i];
}

static void print_latency(const char *words, double seconds)
{
    if (isnan(seconds))
        printf("%-16s %14s\n", words, "-");
    else
        printf("%-16s %11.3f ms\n", words, seconds * 1e3);
}

static void print(const struct interval *v)
{
    char name[CTL_TEXT], n[SHOW_TEXT];

    printf("%-16s %14.2f s\n", "interval", v->seconds);
    for (size_t i = 0; i < N_RATES; i++)
        printf("%-16s %14.1f /s\n", rates[i].words, rate(v, i));
    print_latency("latency p50", percentile(v, 0.5));
    print_latency("latency p99", percentile(v, 0.99));
    if (v->b->n_output > 0)
        printf("\n%-16s %14s %14s %14s\n", "OUTPUT", "DELIVERED/S", "LOST/S", "WAITING");
    for (size_t i = 0; i < v->b->n_output; i++) {
        const Ganad__V1__StatusReply__Output *is = v->b->output[i], *was = output_before(v, i);
        ctl_safe(is->name, name);
        printf("%-16s %14.1f %14.1f %14s\n", name, per_second(v, was->sent, is->sent),
               per_second(v, was->lost, is->lost), show_count(is->waiting, n));
    }
    if (v->b->n_source > 0)
        printf("\n%-16s %14s %14s %14s %14s\n", "SOURCE", "FRAMES/S", "BYTES/S", "DROPPED/S",
               "CONNS LOST/S");
    for (size_t i = 0; i < v->b->n_source; i++) {
        const Ganad__V1__StatusReply__Source *is = v->b->source[i], *was = source_before(v, i);
        ctl_safe(is->name, name);
        printf("%-16s %14.1f %14.1f %14.1f %14.1f\n", name,
               per_second(v, was->packets, is->packets), per_second(v, was->bytes, is->bytes),
               per_second(v, was->kernel_dropped + was->interface_dropped,
                          is->kernel_dropped + is->interface_dropped),
               per_second(v, was->lost + was->evicted, is->lost + is->evicted));
    }
}

static json_t *seconds_or_null(double s)
{
    return isnan(s) ? json_null() : json_real(s);
}

static int print_json(const struct interval *v)
{
    json_t *o = json_object(), *outputs = json_array(), *sources = json_array();

    (void)json_object_set_new(o, "seconds", json_real(v->seconds));
    for (size_t i = 0; i < N_RATES; i++)
        (void)json_object_set_new(o, rates[i].key, json_real(rate(v, i)));
    (void)json_object_set_new(o, "latency_p50", seconds_or_null(percentile(v, 0.5)));
    (void)json_object_set_new(o, "latency_p99", seconds_or_null(percentile(v, 0.99)));
    for (size_t i = 0; i < v->b->n_output; i++) {
        const Ganad__V1__StatusReply__Output *is = v->b->output[i], *was = output_before(v, i);
        (void)json_array_append_new(
            outputs,
            json_pack("{s:s, s:f, s:f, s:I}", "name", is->name, "delivered_per_second",
                      per_second(v, was->sent, is->sent), "lost_per_second",
                      per_second(v, was->lost, is->lost), "waiting", (json_int_t)is->waiting));
    }
    for (size_t i = 0; i < v->b->n_source; i++) {
        const Ganad__V1__StatusReply__Source *is = v->b->source[i], *was = source_before(v, i);
        (void)json_array_append_new(
            sources, json_pack("{s:s, s:f, s:f, s:f, s:f}", "name", is->name, "frames_per_second",
                               per_second(v, was->packets, is->packets), "bytes_per_second",
                               per_second(v, was->bytes, is->bytes), "dropped_per_second",
                               per_second(v, was->kernel_dropped + was->interface_dropped,
                                          is->kernel_dropped + is->interface_dropped),
                               "connections_lost_per_second",
                               per_second(v, was->lost + was->evicted, is->lost + is->evicted)));
    }
    (void)json_object_set_new(o, "outputs", outputs);
    (void)json_object_set_new(o, "sources", sources);
    int err = json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(o);
    putchar('\n');
    return err;
}

/* The length of the interval is by the daemon's clock. */
static int report(const struct stats_options *o, const status_message *a, const status_message *b)
{
    struct interval v = {a, b, b->uptime - a->uptime};

    if (a->pid != b->pid || !(v.seconds > 0)) {
        cli_say("ganadd was restarted meanwhile, so its counters were reset");
        return CLI_FAILED;
    }
    if (!o->json)
        print(&v);
    else if (print_json(&v) != 0)
        return CLI_FAILED;
    return CLI_OK;
}

static int watch(const struct stats_options *o)
{
    status_message *was = NULL, *is = NULL;
    struct timespec pause = {.tv_sec = (time_t)o->seconds};
    int code = status_get(&was);

    pause.tv_nsec = (long)((o->seconds - (double)pause.tv_sec) * 1e9);
    for (uint64_t i = 0; code == CLI_OK && (o->count == 0 || i < o->count); i++) {
        (void)nanosleep(&pause, NULL);
        code = status_get(&is);
        if (code != CLI_OK)
            break;
        if (i > 0 && !o->json)
            printf("\n");
        code = report(o, was, is);
        (void)fflush(stdout);
        ganad__v1__status_reply__free_unpacked(was, NULL);
        was = is;
    }
    ganad__v1__status_reply__free_unpacked(was, NULL);
    return code;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option longs[] = {CTL_LONG_OPTIONS,
                                          {"json", no_argument, NULL, 'J'},
                                          {"watch", required_argument, NULL, 'w'},
                                          {"count", required_argument, NULL, 'n'},
                                          {NULL, 0, NULL, 0}};
    struct stats_options o = {.seconds = 1, .count = 1};
    struct gad_diag d = {""};
    bool is_counted = false;
    int c;

    while ((c = option_next(argc, argv, CTL_OPTIONS "Jw:n:", longs, NULL)) != -1) {
        if (c == 'J') {
            o.json = true;
        } else if (c == 'w') {
            if (cli_real("--watch", optarg, 0.1, 86400, &o.seconds, &d) != 0)
                return cli_usage(self, "%s", d.text);
            o.count = is_counted ? o.count : 0;
        } else if (c == 'n') {
            if (cli_u64("--count", optarg, 1, UINT64_MAX, &o.count, &d) != 0)
                return cli_usage(self, "%s", d.text);
            is_counted = true;
        } else if (ctl_option(self, c, optarg) != CLI_OK) {
            return CLI_USAGE;
        }
    }
    if (argc > optind)
        return cli_usage(self, "takes no '%s'", argv[optind]);
    return watch(&o);
}

const struct cli_command command_stats = {
    .name = "stats",
    .usage = "[--json] [--watch SECONDS] [--count N]",
    .summary = "show rates per second: records, alerts, latency, outputs and captures",
    .help =
        "  -w, --watch SECONDS   repeat at this interval until interrupted; without it once, over\n"
        "                        one second\n"
        "  -n, --count N         repeat N times\n"
        "  -J, --json            one object per line\n",
    .run = run,
};
