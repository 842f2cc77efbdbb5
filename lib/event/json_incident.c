/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/json_parts.h"

static void add_hosts(struct gad_buf *b, const struct gad_host_count *h, size_t n)
{
    gad_json_raw(b, "[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            gad_json_raw(b, ",");
        gad_json_raw(b, "{\"ip\":");
        gad_json_address(b, h[i].family, h[i].address);
        gad_json_key(b, "n");
        gad_json_u64(b, h[i].count);
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, "]");
}

static void add_ports(struct gad_buf *b, const struct gad_port_count *p, size_t n)
{
    gad_json_raw(b, "[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            gad_json_raw(b, ",");
        gad_json_raw(b, "{\"port\":");
        gad_json_u64(b, p[i].port);
        gad_json_key(b, "n");
        gad_json_u64(b, p[i].count);
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, "]");
}

/* Opens an object. */
static void add_distinct(struct gad_buf *b, const struct gad_distinct *d)
{
    gad_json_raw(b, "{\"n\":");
    gad_json_u64(b, d->n);
    gad_json_key(b, "estimate");
    gad_buf_printf(b, "%s", d->is_estimate ? "true" : "false");
}

static void add_name(struct gad_buf *b, const char *key, const char *name)
{
    if (*name)
        gad_buf_printf(b, ",\"%s\":\"%s\"", key, name);
}

static void add_number(struct gad_buf *b, const char *key, uint64_t v)
{
    gad_buf_printf(b, ",\"%s\":", key);
    gad_json_u64(b, v);
}

static void add_sets(struct gad_buf *b, const struct gad_incident *i, bool with_top)
{
    gad_json_key(b, "sources");
    add_distinct(b, &i->sources);
    gad_json_key(b, "top");
    add_hosts(b, i->source, with_top ? i->n_source : 0);
    gad_json_raw(b, "},\"targets\":");
    add_distinct(b, &i->targets);
    gad_json_key(b, "top");
    add_hosts(b, i->target, with_top ? i->n_target : 0);
    add_number(b, "answered", i->answered.n);
    gad_json_raw(b, "},\"ports\":");
    add_distinct(b, &i->ports);
    gad_json_key(b, "top");
    add_ports(b, i->port, with_top ? i->n_port : 0);
    gad_json_raw(b, "}");
}

static void add_unusual(struct gad_buf *b, const struct gad_incident *i)
{
    gad_buf_printf(b, ",\"forgeable\":%s,\"unusual\":[", i->may_be_forged ? "true" : "false");
    for (size_t k = 0; k < i->n_unusual; k++) {
        const struct gad_unusual *u = &i->unusual[k];
        gad_buf_printf(b, "%s{\"sign\":\"%s\"", k > 0 ? "," : "", gad_sign_name(u->sign));
        gad_json_key(b, "value");
        gad_json_real(b, u->value, 6);
        if (u->usual > 0) {
            gad_json_key(b, "usual");
            gad_json_real(b, u->usual, 6);
        }
        gad_json_key(b, "p_value");
        gad_json_real(b, u->p_value, 6);
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, "]");
}

static void add_rest(struct gad_buf *b, const struct gad_incident *i, bool with_top)
{
    add_name(b, "line", gad_line_name(i->line));
    add_name(b, "nature", gad_nature_name(i->nature));
    gad_json_key(b, "first");
    gad_json_time(b, i->first);
    gad_json_key(b, "last");
    gad_json_time(b, i->last);
    add_number(b, "bystanders", i->bystanders);
    add_number(b, "logins", i->logins);
    gad_json_key(b, "succeeded");
    gad_buf_printf(b, "%s", i->succeeded ? "true" : "false");
    add_number(b, "bytes_toserver", i->src_bytes);
    add_number(b, "bytes_toclient", i->dst_bytes);
    add_sets(b, i, with_top);
    if (i->nature == GAD_NATURE_HOST)
        add_unusual(b, i);
}

void gad_json_hint(struct gad_buf *b, const struct gad_alert *a, enum gad_detail detail)
{
    add_name(b, "hint", gad_hint_name(a->incident.hint));
    if (detail < GAD_DETAIL_LEAST)
        add_name(b, "technique", gad_alert_technique(a));
}

void gad_json_incident(struct gad_buf *b, const struct gad_event *e, enum gad_detail detail)
{
    const struct gad_incident *i = &e->alert.incident;
    char id[GAD_EVENT_ID_TEXT];

    if (i->number == 0)
        return;
    gad_incident_id(e, id);
    gad_json_raw(b, ",\"incident\":{\"id\":");
    gad_json_text(b, id);
    add_name(b, "state", gad_incident_state_name(i->state));
    add_number(b, "records", i->records);
    if (detail < GAD_DETAIL_LEAST)
        add_rest(b, i, detail < GAD_DETAIL_ONE_REASON);
    gad_json_raw(b, "}");
}

void gad_json_limit(struct gad_buf *b, const struct gad_limit_event *l)
{
    gad_json_raw(b, ",\"causes\":[");
    for (size_t i = 0; i < l->n_cause; i++) {
        const char *hint = gad_hint_name(l->cause[i].hint);
        if (i > 0)
            gad_json_raw(b, ",");
        gad_json_raw(b, "{\"n\":");
        gad_json_u64(b, l->cause[i].count);
        add_name(b, "hint", hint);
        gad_json_raw(b, "}");
    }
    gad_json_raw(b, "],\"sources\":");
    add_hosts(b, l->source, l->n_source);
}
