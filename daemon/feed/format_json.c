/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/format_json.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#include "daemon/feed/alert.h"
#include "daemon/feed/json.h"
#include "lib/base/buf.h"
#include "lib/record/record.h"
#include "models/detector.h"

enum { SCORE_DIGITS = 9 /* brings back a float32 */, SHOWN_DIGITS = 6 };

static void add_text(struct gad_buf *b, const char *s)
{
    json_add_string(b, s, strlen(s));
}

static void add_time(struct gad_buf *b, struct gad_time t)
{
    char text[GAD_TIME_TEXT];
    gad_time_text(t, text);
    add_text(b, text);
}

static void add_value(struct gad_buf *b, enum gad_column c, double v)
{
    if (gad_columns[c].kind == GAD_KIND_NAME)
        add_text(b, gad_name_text(c, (int)v));
    else
        json_add_real(b, v, SHOWN_DIGITS);
}

static void add_protocol(struct gad_buf *b, uint8_t proto)
{
    switch (proto) {
    case IPPROTO_TCP:
        json_add_raw(b, "\"TCP\"");
        break;
    case IPPROTO_UDP:
        json_add_raw(b, "\"UDP\"");
        break;
    case IPPROTO_ICMP:
        json_add_raw(b, "\"ICMP\"");
        break;
    case IPPROTO_ICMPV6:
        json_add_raw(b, "\"IPv6-ICMP\"");
        break;
    default:
        gad_buf_printf(b, "\"%u\"", proto);
    }
}

static void add_address(struct gad_buf *b, uint8_t family, const uint8_t addr[16])
{
    char text[INET6_ADDRSTRLEN] = "";
    (void)inet_ntop(family == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text));
    add_text(b, text);
}

static void add_connection(struct gad_buf *b, const struct gad_record *r)
{
    if (r->tuple.family != 0) {
        json_add_raw(b, ",\"src_ip\":");
        add_address(b, r->tuple.family, r->tuple.src);
        json_add_raw(b, ",\"src_port\":");
        json_add_u64(b, r->tuple.src_port);
        json_add_raw(b, ",\"dest_ip\":");
        add_address(b, r->tuple.family, r->tuple.dst);
        json_add_raw(b, ",\"dest_port\":");
        json_add_u64(b, r->tuple.dst_port);
        json_add_raw(b, ",\"proto\":");
        add_protocol(b, r->tuple.proto);
    }
    if (r->community_id[0]) {
        json_add_raw(b, ",\"community_id\":");
        add_text(b, r->community_id);
    }
    if (r->tunnels > 0) {
        json_add_raw(b, ",\"tunnels\":");
        json_add_u64(b, r->tunnels);
    }
    if (r->start.ns != 0) {
        json_add_raw(b, ",\"flow\":{\"start\":");
        add_time(b, r->start);
        if (r->end.ns != 0) {
            json_add_raw(b, ",\"end\":");
            add_time(b, r->end);
        }
        json_add_raw(b, "}");
    }
}

static void add_top(struct gad_buf *b, const struct alert *a)
{
    json_add_raw(b, ",\"top_features\":[");
    for (size_t i = 0; i < a->n_top; i++) {
        const struct gad_reason *r = &a->top[i];
        if (i > 0)
            json_add_raw(b, ",");
        json_add_raw(b, "{\"name\":");
        add_text(b, gad_columns[r->column].name);
        json_add_raw(b, ",\"value\":");
        add_value(b, r->column, r->value);
        json_add_raw(b, ",\"expected\":");
        add_value(b, r->column, r->expected);
        json_add_raw(b, ",\"share\":");
        json_add_real(b, r->share, 4);
        json_add_raw(b, "}");
    }
    json_add_raw(b, "]");
}

static void add_features(struct gad_buf *b, const struct gad_record *r)
{
    json_add_raw(b, ",\"features\":{");
    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++) {
        if (c > 0)
            json_add_raw(b, ",");
        add_text(b, gad_columns[c].name);
        json_add_raw(b, ":");
        add_value(b, c, r->v[c]);
    }
    json_add_raw(b, "}");
}

static void add_verdict(struct gad_buf *b, const struct alert *a)
{
    json_add_raw(b, ",\"severity\":");
    json_add_u64(b, a->severity);
    json_add_raw(b, ",\"risk\":");
    json_add_u64(b, a->risk);
    json_add_raw(b, ",\"score\":");
    json_add_real(b, (double)a->score, SCORE_DIGITS);
    json_add_raw(b, ",\"p_value\":");
    json_add_real(b, a->p_value, SHOWN_DIGITS);
    json_add_raw(b, ",\"threshold\":");
    json_add_real(b, (double)a->threshold, SCORE_DIGITS);
    if (a->fpr_budget > 0) {
        json_add_raw(b, ",\"fpr_budget\":");
        json_add_real(b, a->fpr_budget, SHOWN_DIGITS);
    }
    json_add_raw(b, ",\"model\":");
    add_text(b, a->model);
    json_add_raw(b, ",\"model_sha256\":");
    add_text(b, a->model_sha256);
}

void format_json_alert(const struct alert *a, struct gad_buf *b)
{
    json_add_raw(b, "{\"schema\":1,\"event_type\":\"alert\",\"timestamp\":");
    add_time(b, a->wall);
    json_add_raw(b, ",\"host\":");
    add_text(b, a->sensor);
    json_add_raw(b, ",\"event_id\":");
    add_text(b, a->sensor);
    b->len -= !b->bad; /* the id goes on inside the quotes */
    gad_buf_printf(b, "-%016" PRIx64 "-%" PRIu64 "\",\"seq\":", a->run, a->seq);
    json_add_u64(b, a->seq);
    add_verdict(b, a);
    add_connection(b, a->record);
    add_top(b, a);
    add_features(b, a->record);
    json_add_raw(b, "}");
}

void format_json_loss(uint64_t lost, struct gad_buf *b)
{
    json_add_raw(b, "{\"schema\":1,\"event_type\":\"loss\",\"lost\":");
    json_add_u64(b, lost);
    json_add_raw(b, "}");
}
