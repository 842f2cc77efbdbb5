/* SPDX-License-Identifier: Apache-2.0 */
/* The contents of /metrics. Names: prometheus.io, "Metric and label naming". */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/feed.h"
#include "daemon/feed/output.h"
#include "daemon/ingest/capture.h"
#include "daemon/ingest/capture_merge.h"
#include "daemon/ingest/peers.h"
#include "daemon/ingest/server.h"
#include "daemon/metrics/metrics.h"
#include "daemon/metrics/text.h"
#include "daemon/score/budgets.h"
#include "daemon/score/drift.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/spool/spool.h"
#include "models/detector.h"

static const struct text_label NONE = {NULL, NULL};

/* "ganad_X" for a gauge, "ganad_X_total" for a counter. */
static void name_of(const struct gad_counter_item *item, const char *prefix, char *name,
                    size_t size)
{
    (void)snprintf(name, size, "%s%s%s", prefix, item->name,
                   item->kind == GAD_COUNTER_GAUGE ? "" : "_total");
}

static enum text_kind kind_of(const struct gad_counter_item *item)
{
    return item->kind == GAD_COUNTER_GAUGE ? TEXT_GAUGE : TEXT_COUNTER;
}

static void add_counters(const struct stats *st, struct gad_buf *b)
{
    char name[96];

    for (size_t i = 0; i < STATS_N_ITEMS; i++) {
        name_of(&stats_items[i], "ganad_", name, sizeof(name));
        text_family(b, name, kind_of(&stats_items[i]), stats_items[i].help);
        text_count(b, name, NONE, gad_counter_get(st, &stats_items[i]));
    }
    text_family(b, "ganad_request_duration_seconds", TEXT_HISTOGRAM,
                "from a request being decoded until its answer is written");
    text_histogram(b, "ganad_request_duration_seconds", NONE, &st->latency);
}

/* --- models --- */

struct model_metric {
    const char *name, *help;
    enum text_kind kind;
    double (*value)(const struct model *m);
};

static double scored(const struct model *m)
{
    return (double)m->counts->scored;
}

static double anomalous(const struct model *m)
{
    return (double)m->counts->anomalous;
}

static double unscored(const struct model *m)
{
    return (double)m->counts->unscored;
}

static double disagreed(const struct model *m)
{
    return (double)m->counts->disagreed;
}

static double threshold(const struct model *m)
{
    return (double)m->threshold;
}

static double fpr_budget(const struct model *m)
{
    return m->fpr_budget;
}

/* Of the hours behind a verdict, else of the last 24. */
static struct budget_rate rate_of(const struct model *m, const struct budget_options *keys)
{
    struct budget_rate r = {.high = 1};

    if (m->budget && keys)
        r = budget_of_verdict(m->budget, keys);
    return r.n == 0 && m->budget ? budget_of_day(m->budget) : r;
}

static double loaded(const struct model *m)
{
    return (double)m->loaded.ns / 1e9;
}

static const struct model_metric model_metrics[] = {
    {"ganad_model_records_scored_total", "records that the model scored", TEXT_COUNTER, scored},
    {"ganad_model_records_anomalous_total", "of these, above its threshold", TEXT_COUNTER,
     anomalous},
    {"ganad_model_records_unscored_total", "records beyond its search_rate", TEXT_COUNTER,
     unscored},
    {"ganad_model_records_disagreed_total",
     "of a shadow: verdicts that differ from those of the model in use", TEXT_COUNTER, disagreed},
    {"ganad_model_threshold", "records with a higher score are anomalous", TEXT_GAUGE, threshold},
    {"ganad_model_fpr_budget", "false-positive rate of its threshold; 0: unknown", TEXT_GAUGE,
     fpr_budget},
    {"ganad_model_loaded_timestamp_seconds",
     "when its checkpoint was loaded, in seconds since 1970", TEXT_GAUGE, loaded}};

static void add_drift(const struct models *m, struct gad_buf *b)
{
    struct drift_column c;

    text_family(b, "ganad_drift_psi", TEXT_GAUGE,
                "population stability index of the last records against those of "
                "training");
    for (size_t i = 0; i < m->n; i++) {
        for (size_t k = 0; drift_column(m->model[i]->drift, k, &c); k++) {
            text_begin(b, "ganad_drift_psi");
            text_label(b, "model", m->model[i]->name);
            text_label(b, "feature", c.name);
            text_end(b, c.psi);
        }
    }
}

enum { RATE, LOW, HIGH, OVER, FACTOR, N_BUDGETS };

static double budget_value(const struct model *m, const struct budget_rate *r, int which)
{
    switch (which) {
    case RATE:
        return r->rate;
    case LOW:
        return r->low;
    case HIGH:
        return r->high;
    case OVER:
        return m->budget->is.over_since > 0;
    default:
        return budget_factor(m->budget->is.level);
    }
}

static void add_budgets(const struct models *m, const struct budget_options *keys,
                        struct gad_buf *b)
{
    static const char *const text[N_BUDGETS][2] = {
        [RATE] = {"ganad_model_false_alarm_rate",
                  "share of recent records that were false alarms: [budget] after and least"},
        [LOW] = {"ganad_model_false_alarm_rate_low", "lower end of its 95 % interval"},
        [HIGH] = {"ganad_model_false_alarm_rate_high", "upper end of its 95 % interval"},
        [OVER] = {"ganad_model_over_budget", "1 if it exceeds the budget beyond chance"},
        [FACTOR] = {"ganad_model_threshold_factor",
                    "factor in p-value between the calibrated threshold and the one in use"}};

    for (int k = 0; k < N_BUDGETS; k++) {
        text_family(b, text[k][0], TEXT_GAUGE, text[k][1]);
        for (size_t i = 0; i < m->n; i++) {
            const struct budget_rate r = rate_of(m->model[i], keys);
            if (m->model[i]->budget)
                text_number(b, text[k][0], (struct text_label){"model", m->model[i]->name},
                            budget_value(m->model[i], &r, k));
        }
    }
}

static void add_models(const struct models *m, const struct budget_options *keys, struct gad_buf *b)
{
    for (size_t k = 0; k < sizeof(model_metrics) / sizeof(model_metrics[0]); k++) {
        const struct model_metric *one = &model_metrics[k];
        text_family(b, one->name, one->kind, one->help);
        for (size_t i = 0; i < m->n; i++)
            text_number(b, one->name, (struct text_label){"model", m->model[i]->name},
                        one->value(m->model[i]));
    }
    text_family(b, "ganad_model_info", TEXT_GAUGE, "1; the labels describe the model");
    for (size_t i = 0; i < m->n; i++) {
        const struct gad_detector *det = m->model[i]->detector;
        text_begin(b, "ganad_model_info");
        text_label(b, "model", m->model[i]->name);
        text_label(b, "kind", gad_detector_model(det));
        text_label(b, "sha256", gad_detector_sha256_hex(det));
        text_label(b, "shadow", m->model[i]->is_shadow ? "yes" : "no");
        text_end(b, 1);
    }
    add_drift(m, b);
    add_budgets(m, keys, b);
    text_family(b, "ganad_score", TEXT_HISTOGRAM,
                "scores of records; comparable only within one model");
    for (size_t i = 0; i < m->n; i++)
        text_histogram(b, "ganad_score", (struct text_label){"model", m->model[i]->name},
                       &m->model[i]->counts->score);
}

/* --- outputs and spool --- */

struct field {
    const char *name, *help;
    enum text_kind kind;
    size_t at; /* of a uint64_t */
};

static void add_field(struct gad_buf *b, const struct field *f, struct text_label l, const void *p)
{
    uint64_t v;

    memcpy(&v, (const char *)p + f->at, sizeof(v));
    text_count(b, f->name, l, v);
}

static void add_outputs(struct feed *feed, struct gad_buf *b)
{
#define AT(field) offsetof(struct output_status, field)
    static const struct field fields[] = {
        {"ganad_output_events_sent_total", "events written, including resent ones", TEXT_COUNTER,
         AT(sent)},
        {"ganad_output_events_replayed_total", "of these, resent events", TEXT_COUNTER,
         AT(replayed)},
        {"ganad_output_events_skipped_total", "events of kinds that it does not take", TEXT_COUNTER,
         AT(skipped)},
        {"ganad_output_events_lost_total", "events that it missed", TEXT_COUNTER, AT(lost)},
        {"ganad_output_events_lost_at_most_total",
         "of these, numbers that may not have been events: after a power loss", TEXT_COUNTER,
         AT(lost_at_most)},
        {"ganad_output_bytes_total", "bytes written", TEXT_COUNTER, AT(bytes)},
        {"ganad_output_connects_total", "connections made", TEXT_COUNTER, AT(connects)},
        {"ganad_output_reopened_total",
         "times that its file was renamed, deleted, or reopened on request", TEXT_COUNTER,
         AT(reopened)},
        {"ganad_output_deleted_total", "of these, the file had been deleted", TEXT_COUNTER,
         AT(deleted)}};
#undef AT
    struct output_status s;

    for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++) {
        text_family(b, fields[k].name, fields[k].kind, fields[k].help);
        for (size_t i = 0; feed_output(feed, i, &s); i++)
            add_field(b, &fields[k], (struct text_label){"output", s.config->name}, &s);
    }
    text_family(b, "ganad_output_events_waiting", TEXT_GAUGE, "events that it has not sent yet");
    for (size_t i = 0; feed_output(feed, i, &s); i++)
        text_count(b, "ganad_output_events_waiting", (struct text_label){"output", s.config->name},
                   s.waiting);
    text_family(b, "ganad_output_up", TEXT_GAUGE, "1 if it is connected, or its file is open");
    for (size_t i = 0; feed_output(feed, i, &s); i++)
        text_count(b, "ganad_output_up", (struct text_label){"output", s.config->name},
                   s.state == OUTPUT_OPEN);
}

static void add_spool(const struct gad_spool_status *s, uint64_t quota, struct gad_buf *b)
{
#define AT(field) offsetof(struct gad_spool_status, field)
    static const struct field fields[] = {
        {"ganad_spool_bytes", "bytes of the spool's files", TEXT_GAUGE, AT(bytes)},
        {"ganad_spool_events_committed_total", "events written since the spool was created",
         TEXT_COUNTER, AT(totals.committed)},
        {"ganad_spool_events_dropped_total", "events that it dropped", TEXT_COUNTER,
         AT(totals.dropped)},
        {"ganad_spool_evicted_bytes_total", "bytes evicted for the quota", TEXT_COUNTER,
         AT(totals.evicted_bytes)},
        {"ganad_spool_write_failures_total", "write failures", TEXT_COUNTER, AT(totals.failures)},
        {"ganad_spool_mended_total", "times that someone deleted or replaced files of the spool",
         TEXT_COUNTER, AT(mended)},
        {"ganad_spool_segments_removed_total", "segments that someone deleted", TEXT_COUNTER,
         AT(totals.removed)}};
#undef AT

    for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++) {
        text_family(b, fields[k].name, fields[k].kind, fields[k].help);
        add_field(b, &fields[k], NONE, s);
    }
    text_family(b, "ganad_spool_failing", TEXT_GAUGE, "1 if writing fails now");
    text_count(b, "ganad_spool_failing", NONE, s->failure != 0);
    text_family(b, "ganad_spool_quota_bytes", TEXT_GAUGE, "limit of the spool's size");
    text_count(b, "ganad_spool_quota_bytes", NONE, quota);
}

/* --- captures --- */

static void add_capture_counters(const struct capture_merge *captures, struct gad_buf *b)
{
    struct capture_merge_source s;
    char name[96];

    for (size_t k = 0; k < CAPTURE_COUNTERS; k++) {
        const struct gad_counter_item *item = capture_counter(k);
        name_of(item, "ganad_capture_", name, sizeof(name));
        text_family(b, name, kind_of(item), item->help);
        for (size_t i = 0; captures && capture_merge_source(captures, i, &s); i++)
            text_count(b, name, (struct text_label){"capture", s.name},
                       capture_count(&s.stats.counts, k));
    }
}

static void add_unread(const struct capture_merge *captures, struct gad_buf *b)
{
    static const char NAME[] = "ganad_capture_unread";
    struct gad_unread_item item[GAD_UNREAD_ITEMS];
    struct capture_merge_source s;
    char number[16];

    text_family(b, NAME, TEXT_GAUGE, "packets of the commonest numbers that are not read");
    for (size_t i = 0; captures && capture_merge_source(captures, i, &s); i++) {
        const struct gad_net_stats *net = &s.stats.counts.net;
        size_t n = gad_unread_list(&net->ether_types, &net->ip_protocols, GAD_UNREAD_SHOWN, item);
        for (size_t k = 0; k < n; k++) {
            const struct gad_unread_item *u = &item[k];
            (void)snprintf(number, sizeof(number), u->is_ip ? "%u" : "0x%04x", u->number);
            text_begin(b, NAME);
            text_label(b, "capture", s.name);
            text_label(b, "kind", u->is_ip ? "ip_protocol" : "ethertype");
            text_label(b, "number", u->is_other ? "other" : number);
            text_label(b, "name", u->name);
            text_end(b, (double)u->count);
        }
    }
}

static void add_sources(const struct capture_merge *captures, struct gad_buf *b)
{
#define AT(field) offsetof(struct capture_stats, field)
    static const struct field fields[] = {
        {"ganad_capture_packets_total", "packets", TEXT_COUNTER, AT(counts.net.frames)},
        {"ganad_capture_bytes_total", "bytes on the wire", TEXT_COUNTER, AT(counts.net.bytes)},
        {"ganad_capture_flows", "open connections", TEXT_GAUGE, AT(counts.flow.flows)},
        {"ganad_capture_connections_total", "finished connections", TEXT_COUNTER,
         AT(counts.flow.ended)},
        {"ganad_capture_evicted_total", "of these, ended early by max_flows", TEXT_COUNTER,
         AT(counts.flow.evicted)},
        {"ganad_capture_reopened_total", "times its interface was reopened", TEXT_COUNTER,
         AT(reopened)},
        {"ganad_capture_link_changes_total", "link changes of its interface", TEXT_COUNTER,
         AT(link_changes)}};
#undef AT
    struct capture_merge_source s;

    for (size_t k = 0; captures && k < sizeof(fields) / sizeof(fields[0]); k++) {
        text_family(b, fields[k].name, fields[k].kind, fields[k].help);
        for (size_t i = 0; capture_merge_source(captures, i, &s); i++)
            add_field(b, &fields[k], (struct text_label){"capture", s.name}, &s.stats);
    }
    text_family(b, "ganad_capture_refused_total", TEXT_COUNTER,
                "packets without a connection, or damaged");
    for (size_t i = 0; captures && capture_merge_source(captures, i, &s); i++)
        text_count(b, "ganad_capture_refused_total", (struct text_label){"capture", s.name},
                   gad_net_refused(&s.stats.counts.net));
    text_family(b, "ganad_capture_up", TEXT_GAUGE,
                "1 if it is being read and, for an interface, its link is up");
    for (size_t i = 0; captures && capture_merge_source(captures, i, &s); i++)
        text_count(b, "ganad_capture_up", (struct text_label){"capture", s.name},
                   strcmp(s.state, "reading") == 0 || strcmp(s.state, "waiting") == 0);
    text_family(b, "ganad_capture_link_up", TEXT_GAUGE, "1 if the link of its interface is up");
    for (size_t i = 0; captures && capture_merge_source(captures, i, &s); i++)
        if (*s.link)
            text_count(b, "ganad_capture_link_up", (struct text_label){"capture", s.name},
                       strcmp(s.link, "up") == 0);
}

/* --- clients --- */

static void add_clients(const struct server *server, struct gad_buf *b)
{
#define AT(field) offsetof(struct peer, field)
    static const struct field fields[] = {
        {"ganad_client_connections", "connections of a client by TLS", TEXT_GAUGE, AT(connections)},
        {"ganad_client_accepted_total", "connections accepted", TEXT_COUNTER, AT(accepted)},
        {"ganad_client_refused_total", "connections beyond its limit", TEXT_COUNTER, AT(refused)},
        {"ganad_client_requests_total", "requests", TEXT_COUNTER, AT(requests)},
        {"ganad_client_records_total", "records", TEXT_COUNTER, AT(records)},
        {"ganad_client_records_in_flight", "records of unanswered requests", TEXT_GAUGE,
         AT(records_in_flight)},
        {"ganad_client_waits_total", "times it was not read because of its limits", TEXT_COUNTER,
         AT(waits)}};
#undef AT
    const struct peer *p;

    for (size_t k = 0; server_peer(server, 0) && k < sizeof(fields) / sizeof(fields[0]); k++) {
        text_family(b, fields[k].name, fields[k].kind, fields[k].help);
        for (size_t i = 0; (p = server_peer(server, i)) != NULL; i++)
            add_field(b, &fields[k], (struct text_label){"client", p->name}, p);
    }
}

/* --- the process --- */

static size_t open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t n = 0;

    while (dir && readdir(dir) != NULL)
        n++;
    if (dir)
        (void)closedir(dir);
    return n > 3 ? n - 3 : 0; /* ".", ".." and the directory itself */
}

/* The second number of statm, in pages: proc(5). */
static uint64_t resident_bytes(void)
{
    char text[128] = "";
    uint64_t pages = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;

    if (fd >= 0)
        (void)close(fd);
    const char *second = n > 0 ? strchr(text, ' ') : NULL;
    if (!second || gad_text_u64(second + 1, strcspn(second + 1, " "), UINT32_MAX, &pages) != 0)
        return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double cpu_seconds(void)
{
    struct rusage u = {0};

    (void)getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void add_process(const struct stats *st, struct gad_buf *b)
{
    struct rlimit limit = {0};

    text_family(b, "process_cpu_seconds_total", TEXT_COUNTER, "processor time, user and system");
    text_number(b, "process_cpu_seconds_total", NONE, cpu_seconds());
    text_family(b, "process_resident_memory_bytes", TEXT_GAUGE, "resident memory");
    text_count(b, "process_resident_memory_bytes", NONE, resident_bytes());
    text_family(b, "process_open_fds", TEXT_GAUGE, "open descriptors");
    text_count(b, "process_open_fds", NONE, open_files());
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    text_family(b, "process_max_fds", TEXT_GAUGE, "limit of open descriptors");
    text_count(b, "process_max_fds", NONE, limit.rlim_cur);
    text_family(b, "process_start_time_seconds", TEXT_GAUGE,
                "start of the process, in seconds since 1970");
    text_number(b, "process_start_time_seconds", NONE, (double)st->started.ns / 1e9);
    text_family(b, "ganad_build_info", TEXT_GAUGE, "1; the label is the version");
    text_count(b, "ganad_build_info", (struct text_label){"version", GANAD_VERSION}, 1);
}

void metrics_page(const struct metrics_options *o, struct gad_buf *b)
{
    add_counters(o->stats, b);
    add_models(o->models, o->budgets ? budgets_keys(o->budgets) : NULL, b);
    add_outputs(o->feed, b);
    add_spool(feed_spool(o->feed), o->config->spool.quota, b);
    add_clients(o->server, b);
    add_sources(o->captures, b);
    add_capture_counters(o->captures, b);
    add_unread(o->captures, b);
    add_process(o->stats, b);
}
