/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/status.h"

#include <string.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/control/budget.h"
#include "daemon/control/control.h"
#include "daemon/feed/feed.h"
#include "daemon/feed/output.h"
#include "daemon/feed/record_log.h"
#include "daemon/ingest/capture_merge.h"
#include "daemon/ingest/peers.h"
#include "daemon/ingest/server.h"
#include "daemon/metrics/warnings.h"
#include "daemon/reload/reload.h"
#include "daemon/score/budgets.h"
#include "daemon/score/drift.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "lib/base/buf.h"
#include "lib/spool/spool.h"
#include "lib/wire/frame.h"
#include "models/detector.h"
#include "models/reference.h"
#include "proto/ganad.pb-c.h"

enum {
    MODELS_MAX = CONFIG_MODELS_MAX,
    OUTPUTS_MAX = CONFIG_OUTPUTS_MAX,
    SOURCES_MAX = CONFIG_CAPTURES_MAX
};

/* A message and everything that it points to. */
struct status_drift {
    Ganad__V1__StatusReply__Drift column[GAD_REFERENCE_COLUMNS_MAX],
        *list[GAD_REFERENCE_COLUMNS_MAX];
};

struct status_counts {
    Ganad__V1__StatusReply__Counter counter[CAPTURE_COUNTERS], *list[CAPTURE_COUNTERS];
};

struct status_unread {
    struct gad_unread_item from[GAD_UNREAD_ITEMS];
    Ganad__V1__StatusReply__Unread unread[GAD_UNREAD_ITEMS], *list[GAD_UNREAD_ITEMS];
};

struct status {
    struct status_drift drift[MODELS_MAX];
    struct status_budget budget[MODELS_MAX];
    Ganad__V1__StatusReply m;
    Ganad__V1__StatusReply__Model model[MODELS_MAX], *model_list[MODELS_MAX];
    Ganad__V1__StatusReply__Role role[MODELS_MAX];
    Ganad__V1__StatusReply__Counter counter[STATS_N_ITEMS], *counter_list[STATS_N_ITEMS];
    Ganad__V1__StatusReply__Output output[OUTPUTS_MAX], *output_list[OUTPUTS_MAX];
    struct output_status from[OUTPUTS_MAX];
    Ganad__V1__StatusReply__Latency latency;
    double limit[HISTOGRAM_BUCKETS];
    uint64_t count[HISTOGRAM_BUCKETS + 1];
    Ganad__V1__StatusReply__Spool spool;
    Ganad__V1__StatusReply__Records records;
    Ganad__V1__StatusReply__Lately lately;
    struct warnings_list warnings;
    char *warning_list[WARNINGS_MAX];
    Ganad__V1__StatusReply__Source source[SOURCES_MAX], *source_list[SOURCES_MAX];
    struct status_counts counts[SOURCES_MAX];
    struct status_unread unread[SOURCES_MAX];
    Ganad__V1__StatusReply__Client client[CONFIG_CLIENTS_MAX], *client_list[CONFIG_CLIENTS_MAX];
};

/* Strings of messages are not const, but packing only reads them. */
static char *unconst(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void fill_previous(Ganad__V1__StatusReply__Model *to, const struct model *previous)
{
    if (!previous)
        return;
    to->previous_sha256 = unconst(gad_detector_sha256_hex(previous->detector));
    to->previous_file = unconst(previous->file);
}

static void fill_role(Ganad__V1__StatusReply__Role *to, const struct model *from)
{
    ganad__v1__status_reply__role__init(to);
    to->networks = unconst(from->networks_text);
    to->shadow = from->is_shadow;
    to->disagreed = from->counts->disagreed;
}

static void fill_drift(struct status_drift *s, const struct model *from,
                       Ganad__V1__StatusReply__Model *to)
{
    struct drift_column c;

    for (; to->n_drift < GAD_REFERENCE_COLUMNS_MAX && drift_column(from->drift, to->n_drift, &c);
         to->n_drift++) {
        Ganad__V1__StatusReply__Drift *d = &s->column[to->n_drift];
        ganad__v1__status_reply__drift__init(d);
        d->feature = unconst(c.name);
        d->psi = c.psi;
        d->drifting = c.is_drifting;
        s->list[to->n_drift] = d;
    }
    to->drift = s->list;
}

static void fill_models(struct status *s, const struct models *models, const struct reload *reload,
                        const struct budgets *budgets)
{
    for (size_t i = 0; i < models->n && i < MODELS_MAX; i++) {
        const struct model *from = models->model[i];
        Ganad__V1__StatusReply__Model *to = &s->model[i];
        ganad__v1__status_reply__model__init(to);
        to->name = unconst(from->name);
        to->alert_name = unconst(gad_detector_name(from->detector));
        to->kind = unconst(gad_detector_model(from->detector));
        to->sha256 = unconst(gad_detector_sha256_hex(from->detector));
        to->file = unconst(from->file);
        to->fpr_budget = from->fpr_budget;
        to->threshold = from->threshold;
        to->scored = from->counts->scored;
        to->anomalous = from->counts->anomalous;
        to->steps = from->steps;
        to->search_rate = from->search_rate;
        to->unscored = from->counts->unscored;
        to->loaded_ns = from->loaded.ns;
        to->signed_by = unconst(from->signed_by);
        to->role = &s->role[i];
        fill_role(to->role, from);
        fill_drift(&s->drift[i], from, to);
        if (budgets && from->budget)
            to->budget = control_budget_fill(&s->budget[i], from, budgets_keys(budgets));
        if (reload)
            fill_previous(to, reload_previous(reload, from->name));
        s->model_list[s->m.n_model++] = to;
    }
    s->m.model = s->model_list;
}

static void fill_counters(struct status *s, const struct stats *stats)
{
    for (size_t i = 0; i < STATS_N_ITEMS; i++) {
        Ganad__V1__StatusReply__Counter *to = &s->counter[i];
        ganad__v1__status_reply__counter__init(to);
        to->name = unconst(stats_items[i].name);
        to->value = gad_counter_get(stats, &stats_items[i]);
        s->counter_list[s->m.n_counter++] = to;
    }
    s->m.counter = s->counter_list;
}

static void fill_latency(struct status *s, const struct histogram *from)
{
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
        s->limit[i] = histogram_limit(from, i);
    memcpy(s->count, from->count, sizeof(s->count));
    ganad__v1__status_reply__latency__init(&s->latency);
    s->latency.n_limit = HISTOGRAM_BUCKETS;
    s->latency.limit = s->limit;
    s->latency.n_count = HISTOGRAM_BUCKETS + 1;
    s->latency.count = s->count;
    s->m.latency = &s->latency;
}

static void fill_outputs(struct status *s, struct feed *feed)
{
    for (size_t i = 0; i < OUTPUTS_MAX && feed_output(feed, i, &s->from[i]); i++) {
        const struct output_status *from = &s->from[i];
        Ganad__V1__StatusReply__Output *to = &s->output[i];
        ganad__v1__status_reply__output__init(to);
        to->name = unconst(from->config->name);
        to->type = unconst(from->config->type);
        to->target = unconst(from->config->to);
        to->format = unconst(from->config->format);
        to->state = unconst(output_state_name(from->state));
        to->error = unconst(from->error);
        to->address = unconst(from->address);
        to->sent = from->sent;
        to->bytes = from->bytes;
        to->replayed = from->replayed;
        to->skipped = from->skipped;
        to->lost = from->lost;
        to->connects = from->connects;
        to->next = from->next;
        to->released = from->released;
        to->waiting = from->waiting;
        to->lost_at_most = from->lost_at_most;
        to->reopened = from->reopened;
        to->deleted = from->deleted;
        s->output_list[s->m.n_output++] = to;
    }
    s->m.output = s->output_list;
}

static void fill_spool(struct status *s, const struct feed *feed, uint64_t incidents)
{
    const struct gad_spool_status *from = feed_spool(feed);
    Ganad__V1__StatusReply__Spool *to = &s->spool;

    ganad__v1__status_reply__spool__init(to);
    to->folder = unconst(feed_directory(feed));
    to->bytes = from->bytes;
    to->segments = from->n_segments;
    to->oldest = from->oldest;
    to->end = from->end;
    to->committed = from->totals.committed;
    to->dropped = from->totals.dropped;
    to->evicted_bytes = from->totals.evicted_bytes;
    to->failures = from->totals.failures;
    to->error = from->failure ? unconst(gad_strerror(from->failure)) : unconst("");
    to->rolled_up = incidents;
    to->mended = from->mended;
    to->removed = from->totals.removed;
    s->m.spool = to;
}

static void fill_records(struct status *s, const struct record_log *record_log)
{
    struct record_log_state from;

    if (!record_log_state(record_log, &from))
        return;
    ganad__v1__status_reply__records__init(&s->records);
    s->records.file = unconst(from.file);
    s->records.format = unconst(from.format);
    s->records.state = unconst(from.state);
    s->records.error = unconst(from.error);
    s->records.written = from.written;
    s->records.bytes = from.bytes;
    s->records.lost = from.lost;
    s->records.queued = from.queued;
    s->records.rotations = from.rotations;
    s->records.reopened = from.reopened;
    s->records.deleted = from.deleted;
    s->m.records = &s->records;
}

static void fill_counts(struct status_counts *s, const struct capture_counts *from,
                        Ganad__V1__StatusReply__Source *to)
{
    for (; to->n_counter < CAPTURE_COUNTERS; to->n_counter++) {
        Ganad__V1__StatusReply__Counter *c = &s->counter[to->n_counter];
        ganad__v1__status_reply__counter__init(c);
        c->name = unconst(capture_counter(to->n_counter)->name);
        c->value = capture_count(from, to->n_counter);
        s->list[to->n_counter] = c;
    }
    to->counter = s->list;
}

static void fill_unread(struct status_unread *s, const struct gad_net_stats *from,
                        Ganad__V1__StatusReply__Source *to)
{
    to->n_unread =
        gad_unread_list(&from->ether_types, &from->ip_protocols, GAD_UNREAD_MAX, s->from);
    for (size_t i = 0; i < to->n_unread; i++) {
        Ganad__V1__StatusReply__Unread *u = &s->unread[i];
        ganad__v1__status_reply__unread__init(u);
        u->kind = unconst(s->from[i].is_ip ? "ip_protocol" : "ethertype");
        u->number = s->from[i].number;
        u->name = unconst(s->from[i].name);
        u->count = s->from[i].count;
        u->other = s->from[i].is_other;
        s->list[i] = u;
    }
    to->unread = s->list;
}

static void fill_sources(struct status *s, const struct capture_merge *captures)
{
    struct capture_merge_source from;

    for (size_t i = 0; i < SOURCES_MAX && capture_merge_source(captures, i, &from); i++) {
        Ganad__V1__StatusReply__Source *to = &s->source[i];
        ganad__v1__status_reply__source__init(to);
        to->name = unconst(from.name);
        to->target = unconst(from.target);
        to->state = unconst(from.state);
        to->packets = from.stats.counts.net.frames;
        to->bytes = from.stats.counts.net.bytes;
        to->kernel_dropped = from.stats.counts.kernel_dropped;
        to->interface_dropped = from.stats.counts.interface_dropped;
        to->refused = gad_net_refused(&from.stats.counts.net);
        to->flows = from.stats.counts.flow.flows;
        to->connections = from.stats.counts.flow.ended;
        to->evicted = from.stats.counts.flow.evicted;
        to->lost = from.stats.counts.lost;
        to->records = from.records;
        to->reopened = from.stats.reopened;
        to->files = from.stats.files;
        to->files_broken = from.stats.files_broken;
        to->link = unconst(from.link);
        to->link_changes = from.stats.link_changes;
        fill_counts(&s->counts[i], &from.stats.counts, to);
        fill_unread(&s->unread[i], &from.stats.counts.net, to);
        s->source_list[s->m.n_source++] = to;
    }
    s->m.source = s->source_list;
}

static void fill_clients(struct status *s, const struct server *server)
{
    const struct peer *from;

    for (size_t i = 0; i < CONFIG_CLIENTS_MAX && (from = server_peer(server, i)) != NULL; i++) {
        Ganad__V1__StatusReply__Client *to = &s->client[i];
        ganad__v1__status_reply__client__init(to);
        to->name = unconst(from->name);
        to->connections = from->connections;
        to->accepted = from->accepted;
        to->refused = from->refused;
        to->requests = from->requests;
        to->records = from->records;
        to->in_flight = from->records_in_flight;
        to->waits = from->waits;
        s->client_list[s->m.n_client++] = to;
    }
    s->m.client = s->client_list;
}

static void fill_warnings(struct status *s, struct warnings *w)
{
    struct warnings_lately from;

    if (!w)
        return;
    warnings_get(w, &s->warnings);
    for (size_t i = 0; i < s->warnings.n; i++)
        s->warning_list[s->m.n_warning++] = s->warnings.warning[i].text;
    s->m.warning = s->warning_list;
    warnings_lately(w, &from);
    ganad__v1__status_reply__lately__init(&s->lately);
    s->lately.seconds = gad_time_seconds(from.period);
    s->lately.records = from.records;
    s->lately.anomalous = from.anomalous;
    s->lately.alerts = from.alerts;
    s->m.lately = &s->lately;
}

int status_reply(const struct control_options *o, struct gad_time started, struct gad_buf *out)
{
    gad_cleanup(gad_freep) struct status *s = gad_calloc(1, sizeof(*s));

    if (!s)
        return GAD_ENOMEM;
    ganad__v1__status_reply__init(&s->m);
    s->m.version = unconst(GANAD_VERSION);
    s->m.pid = (uint32_t)getpid();
    s->m.uptime = gad_time_seconds(gad_time_sub(gad_time_monotonic(), started));
    s->m.config_file = o->config->file;
    fill_models(s, o->models, o->reload, o->budgets);
    fill_counters(s, o->stats);
    fill_latency(s, &o->stats->latency);
    fill_outputs(s, o->feed);
    fill_spool(s, o->feed, o->stats->incidents);
    fill_records(s, o->record_log);
    fill_warnings(s, o->warnings);
    if (o->captures)
        fill_sources(s, o->captures);
    if (o->server)
        fill_clients(s, o->server);

    size_t len = ganad__v1__status_reply__get_packed_size(&s->m);
    if (!gad_buf_room(out, GAD_FRAME_HEAD + len))
        return GAD_ENOMEM;
    gad_frame_add_head(out, GANAD__V1__KIND__STATUS_REPLY, len);
    out->len += ganad__v1__status_reply__pack(&s->m, out->p + out->len);
    return 0;
}
