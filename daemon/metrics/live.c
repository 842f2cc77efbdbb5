/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics/live.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "daemon/alert/recent.h"
#include "daemon/config/config.h"
#include "daemon/feed/feed.h"
#include "daemon/feed/output.h"
#include "daemon/histogram.h"
#include "daemon/ingest/capture_merge.h"
#include "daemon/metrics/metrics.h"
#include "daemon/metrics/warnings.h"
#include "daemon/score/budgets.h"
#include "daemon/score/drift.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/text.h"
#include "lib/event/event.h"
#include "lib/event/format.h"
#include "lib/event/json_parts.h"
#include "lib/spool/spool.h"
#include "models/detector.h"

enum {
    ENTRIES = 64,         /* of one answer; the page requests the next ones */
    EVENT_MAX = 16 << 10, /* bytes of one event */
};

bool live_host_is_ours(const char *host)
{
    char name[64], address[16];
    size_t len = host ? strlen(host) : 0;

    if (len == 0 || len >= sizeof(name))
        return false;
    memcpy(name, host, len + 1);
    if (*name == '[') {
        char *end = strchr(name, ']');
        if (!end || (end[1] != '\0' && end[1] != ':'))
            return false;
        *end = '\0';
        return inet_pton(AF_INET6, name + 1, address) == 1;
    }
    name[strcspn(name, ":")] = '\0';
    return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, address) == 1;
}

static void key(struct gad_buf *b, const char *name, bool is_first)
{
    if (!is_first)
        gad_json_raw(b, ",");
    gad_json_text(b, name);
    gad_json_raw(b, ":");
}

static void number(struct gad_buf *b, const char *name, uint64_t v)
{
    key(b, name, false);
    gad_json_u64(b, v);
}

static void text(struct gad_buf *b, const char *name, const char *v)
{
    key(b, name, false);
    gad_json_text(b, v);
}

static void real(struct gad_buf *b, const char *name, double v)
{
    key(b, name, false);
    gad_json_real(b, v, GAD_JSON_SCORE_DIGITS);
}

/* {"limits":[...],"counts":[...]}: counts has one element more than limits. */
static void add_histogram(struct gad_buf *b, const struct histogram *h)
{
    gad_json_raw(b, "{\"limits\":[");
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (i > 0)
            gad_json_raw(b, ",");
        gad_json_real(b, histogram_limit(h, i), GAD_JSON_SCORE_DIGITS);
    }
    gad_json_raw(b, "],\"counts\":[");
    for (int i = 0; i <= HISTOGRAM_BUCKETS; i++) {
        if (i > 0)
            gad_json_raw(b, ",");
        gad_json_u64(b, h->count[i]);
    }
    gad_json_raw(b, "]}");
}

static void add_counters(struct gad_buf *b, const struct stats *st)
{
    gad_json_raw(b, ",\"counters\":{");
    for (size_t i = 0; i < STATS_N_ITEMS; i++) {
        key(b, stats_items[i].name, i == 0);
        gad_json_u64(b, gad_counter_get(st, &stats_items[i]));
    }
    gad_json_raw(b, "},\"latency\":");
    add_histogram(b, &st->latency);
}

static void add_drift(struct gad_buf *b, const struct drift *d)
{
    struct drift_column c;

    gad_json_raw(b, ",\"drift\":[");
    for (size_t i = 0; drift_column(d, i, &c); i++) {
        gad_buf_printf(b, "%s{\"feature\":", i > 0 ? "," : "");
        gad_json_text(b, c.name);
        real(b, "psi", c.psi);
        gad_buf_printf(b, ",\"drifting\":%s}", c.is_drifting ? "true" : "false");
    }
    gad_json_raw(b, "]");
}

static void add_budget(struct gad_buf *b, const struct model *m, const struct budget_options *keys)
{
    struct budget_rate r = budget_of_verdict(m->budget, keys);

    if (r.n == 0)
        r = budget_of_day(m->budget);
    gad_buf_printf(b, ",\"budget\":{\"over\":%s", m->budget->is.over_since > 0 ? "true" : "false");
    number(b, "records", r.n);
    number(b, "false_alarms", r.k);
    number(b, "apart", r.apart);
    real(b, "rate", r.rate);
    real(b, "low", r.low);
    real(b, "high", r.high);
    real(b, "calibrated", (double)m->calibrated);
    real(b, "factor", budget_factor(m->budget->is.level));
    gad_json_raw(b, "}");
}

static void add_models(struct gad_buf *b, const struct models *models,
                       const struct budget_options *keys)
{
    gad_json_raw(b, ",\"models\":[");
    for (size_t i = 0; i < models->n; i++) {
        const struct model *m = models->model[i];
        gad_buf_printf(b, "%s{\"name\":", i > 0 ? "," : "");
        gad_json_text(b, m->name);
        text(b, "kind", gad_detector_model(m->detector));
        text(b, "sha256", gad_detector_sha256_hex(m->detector));
        real(b, "threshold", (double)m->threshold);
        real(b, "fpr_budget", m->fpr_budget);
        number(b, "scored", m->counts->scored);
        number(b, "anomalous", m->counts->anomalous);
        number(b, "unscored", m->counts->unscored);
        gad_buf_printf(b, ",\"shadow\":%s,\"score\":", m->is_shadow ? "true" : "false");
        add_histogram(b, &m->counts->score);
        add_drift(b, m->drift);
        if (m->budget && keys)
            add_budget(b, m, keys);
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, "]");
}

static void add_outputs(struct gad_buf *b, struct feed *feed)
{
    const struct gad_spool_status *spool = feed_spool(feed);
    struct output_status s;

    gad_json_raw(b, ",\"outputs\":[");
    for (size_t i = 0; feed_output(feed, i, &s); i++) {
        gad_buf_printf(b, "%s{\"name\":", i > 0 ? "," : "");
        gad_json_text(b, s.config->name);
        text(b, "type", s.config->type);
        text(b, "state", output_state_name(s.state));
        text(b, "error", s.error);
        number(b, "sent", s.sent);
        number(b, "lost", s.lost);
        number(b, "waiting", s.waiting);
        gad_json_raw(b, "}");
    }
    gad_buf_printf(b, "],\"spool_bytes\":");
    gad_json_u64(b, spool->bytes);
}

static void add_sources(struct gad_buf *b, const struct capture_merge *captures)
{
    struct capture_merge_source s;

    gad_json_raw(b, ",\"sources\":[");
    for (size_t i = 0; captures && capture_merge_source(captures, i, &s); i++) {
        gad_buf_printf(b, "%s{\"name\":", i > 0 ? "," : "");
        gad_json_text(b, s.name);
        text(b, "state", s.state);
        number(b, "packets", s.stats.counts.net.frames);
        number(b, "dropped", s.stats.counts.kernel_dropped + s.stats.counts.interface_dropped);
        number(b, "lost", s.stats.counts.lost);
        number(b, "flows", s.stats.counts.flow.flows);
        number(b, "records", s.records);
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, "]");
}

/* Texts, most important first. */
static void add_warnings(struct gad_buf *b, struct warnings *w)
{
    struct warnings_list list = {0};

    warnings_get(w, &list);
    gad_json_raw(b, ",\"warnings\":[");
    for (size_t i = 0; i < list.n; i++) {
        if (i > 0)
            gad_json_raw(b, ",");
        gad_json_text(b, list.warning[i].text);
    }
    gad_json_raw(b, "]");
}

/* The entries that changed after @since, each event as outputs of format json receive it. */
static void add_incidents(struct gad_buf *b, struct recent *r, uint64_t since)
{
    static const struct gad_format_options options = {.max = EVENT_MAX};
    struct recent_entry e = {.change = since};
    size_t n = 0;

    gad_json_raw(b, ",\"incidents\":[");
    for (; n < ENTRIES && recent_after(r, e.change, &e); n++) {
        gad_buf_printf(b, "%s{\"change\":", n > 0 ? "," : "");
        gad_json_u64(b, e.change);
        number(b, "alerts", e.alerts);
        gad_json_key(b, "event");
        if (gad_format_write(&gad_format_json, e.event, &options, b) != 0)
            b->bad = true;
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, "]");
    number(b, "change", n > 0 ? e.change : since);
    number(b, "last_change", recent_last(r));
}

/* "since=N"; anything else: 0. */
static uint64_t since_of(const char *query)
{
    uint64_t n = 0;

    if (!query || strncmp(query, "since=", 6) != 0 ||
        gad_text_u64(query + 6, strlen(query + 6), UINT64_MAX - 1, &n) != 0)
        return 0;
    return n;
}

void live_json(const struct metrics_options *o, const char *query, struct gad_buf *b)
{
    gad_json_raw(b, "{\"version\":\"" GANAD_VERSION "\"");
    gad_json_key(b, "time");
    gad_json_time(b, gad_time_wall());
    gad_json_key(b, "started");
    gad_json_time(b, o->stats->started);
    real(b, "uptime", gad_time_seconds(gad_time_sub(gad_time_wall(), o->stats->started)));
    add_warnings(b, o->warnings);
    add_incidents(b, feed_recent(o->feed), since_of(query));
    add_counters(b, o->stats);
    add_models(b, o->models, o->budgets ? budgets_keys(o->budgets) : NULL);
    add_outputs(b, o->feed);
    number(b, "spool_quota", o->config->spool.quota);
    add_sources(b, o->captures);
    gad_json_raw(b, "}");
}
