/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/json_parts.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/record/notes.h"
#include "lib/record/reason.h"

void gad_json_text(struct gad_buf *b, const char *s)
{
    gad_json_string(b, s, strlen(s));
}

void gad_json_time(struct gad_buf *b, struct gad_time t)
{
    char text[GAD_TIME_TEXT];
    gad_time_text(t, text);
    gad_json_text(b, text);
}

void gad_json_address(struct gad_buf *b, uint8_t family, const uint8_t addr[static 16])
{
    char text[INET6_ADDRSTRLEN] = "";
    (void)inet_ntop(family == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text));
    gad_json_text(b, text);
}

/* A name or a number. */
static void add_value(struct gad_buf *b, enum gad_column c, double v)
{
    if (gad_columns[c].kind == GAD_KIND_NAME)
        gad_json_text(b, gad_name_text(c, (int)v));
    else
        gad_json_real(b, v, GAD_JSON_SHOWN_DIGITS);
}

void gad_json_id(struct gad_buf *b, const struct gad_event *e)
{
    char id[GAD_EVENT_ID_TEXT];
    gad_event_id(e, id);
    gad_json_text(b, id);
}

void gad_json_prev_seq(struct gad_buf *b, const struct gad_event *e)
{
    if (!e->filtered || e->kind == GAD_EVENT_LOSS)
        return;
    gad_json_key(b, "prev_seq");
    gad_json_u64(b, e->prev_seq);
}

void gad_json_sentence(struct gad_buf *b, const struct gad_event *e)
{
    char text[GAD_EVENT_SENTENCE];
    gad_event_sentence(e, text);
    gad_json_text(b, text);
}

/* [{"name":..,"value":..,"expected":..,"share":..}], those of gad_alert_reasons() */
static void json_top(struct gad_buf *b, const struct gad_alert *a, size_t most)
{
    const struct gad_reason *list[GAD_N_COLUMNS];
    size_t n = gad_alert_reasons(a, most, list);

    gad_json_raw(b, "[");
    for (size_t i = 0; i < n; i++) {
        const struct gad_reason *r = list[i];
        if (i > 0)
            gad_json_raw(b, ",");
        gad_json_raw(b, "{\"name\":");
        gad_json_text(b, gad_columns[r->column].name);
        gad_json_key(b, "value");
        add_value(b, r->column, r->value);
        gad_json_key(b, "expected");
        add_value(b, r->column, r->expected);
        gad_json_key(b, "share");
        gad_json_real(b, r->share, 4);
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, "]");
}

static void add_known(struct gad_buf *b, const char *key, const char *value)
{
    if (*value) {
        gad_buf_printf(b, ",\"%s\":", key);
        gad_json_text(b, value);
    }
}

void gad_json_packets(struct gad_buf *b, const struct gad_record *r)
{
    if (r->src_packets == 0 && r->dst_packets == 0)
        return;
    gad_json_key(b, "pkts_toserver");
    gad_json_u64(b, r->src_packets);
    gad_json_key(b, "pkts_toclient");
    gad_json_u64(b, r->dst_packets);
}

void gad_json_client(struct gad_buf *b, const struct gad_alert *a)
{
    add_known(b, "client", a->client);
}

void gad_json_pcap(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail)
{
    if (detail >= GAD_DETAIL_LEAST)
        return;
    add_known(b, "pcap_filename", a->file);
    if (a->packet > 0) {
        gad_json_key(b, "pcap_cnt");
        gad_json_u64(b, a->packet);
    }
}

void gad_json_evidence(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail)
{
    if (detail < GAD_DETAIL_LEAST)
        add_known(b, "evidence", a->evidence);
}

void gad_json_marks(struct gad_buf *b, const struct gad_record *r)
{
    if (r->tunnels > 0) {
        gad_json_key(b, "tunnels");
        gad_json_u64(b, r->tunnels);
    }
    gad_json_notes(b, r);
}

void gad_json_notes(struct gad_buf *b, const struct gad_record *r)
{
    char notes[GAD_NOTES_TEXT];

    gad_notes_text(r->notes, notes);
    if (*notes) {
        gad_json_key(b, "notes");
        gad_json_text(b, notes);
    }
}

void gad_json_features(struct gad_buf *b, const struct gad_record *r)
{
    gad_json_raw(b, "{");
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++) {
        if (c > 0)
            gad_json_raw(b, ",");
        gad_json_text(b, gad_columns[c].name);
        gad_json_raw(b, ":");
        add_value(b, c, r->v[c]);
    }
    gad_json_raw(b, "}");
}

void gad_json_counters(struct gad_buf *b, const struct gad_counter *c, size_t n)
{
    gad_json_raw(b, "{");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            gad_json_raw(b, ",");
        gad_json_text(b, c[i].name);
        gad_json_raw(b, ":");
        gad_json_u64(b, c[i].value);
    }
    gad_json_raw(b, "}");
}

void gad_json_tuple(struct gad_buf *b, const struct gad_tuple *t)
{
    char proto[8];

    gad_json_key(b, "src_ip");
    gad_json_address(b, t->family, t->src);
    gad_json_key(b, "src_port");
    gad_json_u64(b, t->src_port);
    gad_json_key(b, "dest_ip");
    gad_json_address(b, t->family, t->dst);
    gad_json_key(b, "dest_port");
    gad_json_u64(b, t->dst_port);
    gad_json_key(b, "proto");
    gad_json_text(b, gad_ip_proto_name(t->proto, proto));
}

void gad_json_verdict(struct gad_buf *b, const struct gad_alert *a, bool with_zero_budget)
{
    gad_json_key(b, "p_value");
    gad_json_real(b, a->p_value, GAD_JSON_SHOWN_DIGITS);
    if (a->p_extrapolated)
        gad_json_raw(b, ",\"p_extrapolated\":true");
    gad_json_key(b, "threshold");
    gad_json_real(b, (double)a->threshold, GAD_JSON_SCORE_DIGITS);
    if (a->fpr_budget > 0 || with_zero_budget) {
        gad_json_key(b, "fpr_budget");
        gad_json_real(b, a->fpr_budget, GAD_JSON_SHOWN_DIGITS);
    }
}

void gad_json_checkpoint(struct gad_buf *b, const struct gad_alert *a)
{
    gad_json_key(b, "model");
    gad_json_text(b, a->model);
    gad_json_key(b, "model_sha256");
    gad_json_text(b, a->model_sha256);
}

void gad_json_rollup(struct gad_buf *b, const struct gad_alert *a)
{
    gad_json_raw(b, ",\"rollup\":{\"count\":");
    gad_json_u64(b, a->count);
    gad_json_key(b, "first");
    gad_json_time(b, a->first);
    gad_json_key(b, "last");
    gad_json_time(b, a->last);
    gad_json_raw(b, "}");
}

size_t gad_detail_n_top(const struct gad_alert *a, enum gad_detail detail)
{
    return detail >= GAD_DETAIL_ONE_REASON && a->n_top > 1 ? 1 : a->n_top;
}

size_t gad_alert_reasons(const struct gad_alert *a, size_t most,
                         const struct gad_reason *list[static GAD_N_COLUMNS])
{
    size_t n = 0;

    for (size_t i = 0; i < a->n_top && n < most; i++)
        if (gad_reason_says(&a->top[i]))
            list[n++] = &a->top[i];
    return n;
}

void gad_json_explanation(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail)
{
    gad_json_key(b, "top_features");
    json_top(b, a, gad_detail_n_top(a, detail));
    if (detail < GAD_DETAIL_NO_FEATURES) {
        gad_json_key(b, "features");
        gad_json_features(b, &a->record);
    }
}

void gad_json_model(struct gad_buf *b, const struct gad_model_event *m, bool is_behind_another)
{
    if (is_behind_another)
        gad_json_raw(b, ",");
    gad_json_raw(b, "\"action\":");
    gad_json_text(b, m->action);
    gad_json_key(b, "model");
    gad_json_text(b, m->model);
    if (*m->model_sha256) {
        gad_json_key(b, "model_sha256");
        gad_json_text(b, m->model_sha256);
    }
    if (*m->previous_sha256) {
        gad_json_key(b, "previous_sha256");
        gad_json_text(b, m->previous_sha256);
    }
    if (*m->reason) {
        gad_json_key(b, "reason");
        gad_json_text(b, m->reason);
    }
}

static void add(struct gad_counter *c, size_t *n, const char *name, uint64_t value)
{
    (void)snprintf(c[*n].name, sizeof(c[*n].name), "%s", name);
    c[(*n)++].value = value;
}

void gad_json_blind(struct gad_buf *b, const struct gad_event *e, bool is_behind_another)
{
    if (e->kind != GAD_EVENT_BLIND)
        return;
    if (is_behind_another)
        gad_json_raw(b, ",");
    gad_json_raw(b, "\"action\":");
    gad_json_text(b, e->blind.action);
    gad_json_key(b, "source");
    gad_json_text(b, e->blind.source);
}

static uint64_t seconds(struct gad_time t)
{
    return t.ns > 0 ? (uint64_t)(t.ns / 1000000000) : 0;
}

size_t gad_event_numbers(const struct gad_event *e, enum gad_detail detail,
                         struct gad_counter c[static GAD_EVENT_COUNTERS + 4])
{
    size_t n = 0;

    if (e->kind == GAD_EVENT_HEARTBEAT) {
        add(c, &n, "uptime", seconds(e->heartbeat.uptime));
        add(c, &n, "interval", seconds(e->heartbeat.interval));
        add(c, &n, "records", e->heartbeat.records);
        add(c, &n, "alerts", e->heartbeat.alerts);
    } else if (e->kind == GAD_EVENT_STATS) {
        add(c, &n, "uptime", seconds(e->stats.uptime));
        if (detail < GAD_DETAIL_ONE_REASON) {
            memcpy(c + n, e->stats.counter, e->stats.n * sizeof(*c));
            n += e->stats.n;
        }
    } else if (e->kind == GAD_EVENT_LOSS) {
        add(c, &n, "lost", gad_loss_count(&e->loss));
        add(c, &n, "first_seq", e->loss.first);
        add(c, &n, "last_seq", e->loss.last);
        add(c, &n, "at_most", e->loss.at_most);
    } else if (e->kind == GAD_EVENT_BLIND) {
        add(c, &n, "period", seconds(e->blind.period));
        memcpy(c + n, e->blind.counter, e->blind.n * sizeof(*c));
        n += e->blind.n;
    } else if (e->kind == GAD_EVENT_LIMIT) {
        add(c, &n, "period", seconds(e->limit.period));
        add(c, &n, "high", e->limit.high);
        add(c, &n, "medium", e->limit.medium);
        add(c, &n, "low", e->limit.low);
    }
    return n;
}

const char *gad_app_protocol(int service)
{
    static const struct {
        const char *kdd, *usual;
    } rows[] = {
        {"http", "http"},       {"http_443", "tls"},  {"http_8001", "http"},
        {"http_2784", "http"},  {"ftp", "ftp"},       {"ftp_data", "ftp-data"},
        {"smtp", "smtp"},       {"telnet", "telnet"}, {"ssh", "ssh"},
        {"pop_2", "pop2"},      {"pop_3", "pop3"},    {"imap4", "imap"},
        {"domain", "dns"},      {"domain_u", "dns"},  {"ntp_u", "ntp"},
        {"ldap", "ldap"},       {"IRC", "irc"},       {"tftp_u", "tftp"},
        {"nntp", "nntp"},       {"finger", "finger"}, {"whois", "whois"},
        {"sql_net", "oracle"},  {"X11", "x11"},       {"bgp", "bgp"},
        {"gopher", "gopher"},   {"printer", "lpd"},   {"sunrpc", "rpc"},
        {"netbios_ssn", "smb"}, {"login", "rlogin"},  {"shell", "rsh"},
        {"exec", "rexec"},      {"auth", "ident"},
    };
    const char *name = gad_name_text(GAD_SERVICE, service);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].kdd, name) == 0)
            return rows[i].usual;
    return NULL;
}
