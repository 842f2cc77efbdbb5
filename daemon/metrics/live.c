/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics/live.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "daemon/config/config.h"
#include "daemon/feed/feed.h"
#include "daemon/feed/output.h"
#include "daemon/histogram.h"
#include "daemon/ingest/capture_merge.h"
#include "daemon/metrics/metrics.h"
#include "daemon/score/drift.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/event/event.h"
#include "lib/event/json_parts.h"
#include "lib/spool/spool.h"
#include "models/detector.h"

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

static void add_models(struct gad_buf *b, const struct models *models)
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

static void add_alert(struct gad_buf *b, const struct gad_event *e)
{
    const struct gad_alert *a = &e->alert;
    const struct gad_tuple *t = &a->record.tuple;

    gad_json_raw(b, "{\"seq\":");
    gad_json_u64(b, e->seq);
    gad_json_key(b, "time");
    gad_json_time(b, e->time);
    text(b, "model", a->model);
    real(b, "score", (double)a->score);
    real(b, "threshold", (double)a->threshold);
    gad_json_key(b, "p_value");
    gad_json_real(b, a->p_value, GAD_JSON_SHOWN_DIGITS);
    number(b, "risk", a->risk);
    text(b, "severity", gad_severity_name(a->severity));
    number(b, "count", a->count);
    text(b, "service", gad_name_text(GAD_SERVICE, (int)a->record.v[GAD_SERVICE]));
    text(b, "flag", gad_name_text(GAD_FLAG, (int)a->record.v[GAD_FLAG]));
    if (t->family != 0) {
        gad_json_key(b, "src_ip");
        gad_json_address(b, t->family, t->src);
        number(b, "src_port", t->src_port);
        gad_json_key(b, "dest_ip");
        gad_json_address(b, t->family, t->dst);
        number(b, "dest_port", t->dst_port);
    }
    gad_json_key(b, "top_features");
    gad_json_top(b, a, a->n_top);
    gad_json_raw(b, "}");
}

static void add_alerts(struct gad_buf *b, const struct feed *feed)
{
    const struct gad_event *e;

    gad_json_raw(b, ",\"alerts\":[");
    for (size_t i = 0; (e = feed_latest(feed, i)) != NULL; i++) {
        if (i > 0)
            gad_json_raw(b, ",");
        add_alert(b, e);
    }
    gad_json_raw(b, "]");
}

void live_json(const struct metrics_options *o, struct gad_buf *b)
{
    gad_json_raw(b, "{\"version\":\"" GANAD_VERSION "\"");
    gad_json_key(b, "time");
    gad_json_time(b, gad_time_wall());
    real(b, "uptime", gad_time_seconds(gad_time_sub(gad_time_wall(), o->stats->started)));
    add_counters(b, o->stats);
    add_models(b, o->models);
    add_outputs(b, o->feed);
    add_sources(b, o->captures);
    add_alerts(b, o->feed);
    gad_json_raw(b, "}");
}
