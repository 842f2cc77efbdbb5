/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/flow/parts.h"

enum { PORT_FTP_DATA = 20, FIRST_CLIENT_PORT = 1024 };

static enum gad_app app_of(const struct gad_flow_table *t, const struct gad_flow *f)
{
    if (f->found != GAD_FOUND_NOTHING)
        return gad_app_found((enum gad_found)f->found);
    return gad_ports_app(&t->ports, gad_flow_key_tuple(&f->key, f->orig_is_b).dst_port);
}

static bool is_logged_in(const struct gad_stream *s)
{
    struct gad_content c = {0};

    if (s)
        gad_stream_result(s, &c);
    return c.logged_in;
}

/* A previous session between these hosts passes on whether it was logged in. */
static void register_ftp(struct gad_flow_table *t, uint32_t flow)
{
    struct gad_flow *f = &t->flows[flow];

    if (f->is_ftp) /* it lost its stream, and has another one now */
        return;
    f->is_ftp = true;
    struct gad_ftp_session *s = gad_ftp_get(&t->ftp, &f->key);
    if (s->flow != 0)
        s->logged_in |= is_logged_in(t->flows[s->flow].stream);
    s->flow = flow;
    s->n_live++;
    s->server_is_b = !f->orig_is_b;
}

static void unregister_ftp(struct gad_flow_table *t, uint32_t flow)
{
    struct gad_flow *f = &t->flows[flow];
    struct gad_ftp_session *s = gad_ftp_find(&t->ftp, &f->key);

    if (!s)
        return;
    s->logged_in |= is_logged_in(f->stream);
    s->n_live -= s->n_live > 0; /* 0: the pair was evicted meanwhile */
    if (s->flow == flow)
        s->flow = 0;
}

/* Can a port be the one of an FTP data connection that a client or server chose? */
static bool is_data_port(const struct gad_flow_table *t, uint16_t port)
{
    return port >= FIRST_CLIENT_PORT && (!gad_ports_is_named(&t->ports, GAD_IP_TCP, port) ||
                                         gad_ports_app(&t->ports, port) == GAD_APP_FTP_DATA);
}

/*
 * Who announces an endpoint can be an attacker who wants his next connection to be named ftp_data.
 * So the endpoint is believed only at the announcing host itself, and not at a port below 1024 or
 * with another name (RFC 2577: the bounce attack). The address in a reply 227 is not compared: it
 * can be one behind the server's NAT, and clients connect to the server's own address.
 */
static bool is_credible(const struct gad_flow_table *t, const struct gad_flow *f,
                        const struct gad_ftp_endpoint *e)
{
    struct gad_tuple tuple = gad_flow_key_tuple(&f->key, f->orig_is_b);
    bool same_family = e->addr_len == (tuple.family == 6 ? 16 : 4);

    if (!is_data_port(t, e->port))
        return false;
    return !e->at_originator || (same_family && memcmp(e->addr, tuple.src, e->addr_len) == 0);
}

static void take_endpoints(struct gad_flow_table *t, uint32_t flow)
{
    const struct gad_flow *f = &t->flows[flow];
    struct gad_ftp_endpoint e;

    while (f->stream && gad_stream_take_endpoint(f->stream, &t->streams, &e)) {
        if (!is_credible(t, f, &e)) {
            t->n.ftp_refused++;
            continue;
        }
        struct gad_ftp_session *s = gad_ftp_get(&t->ftp, &f->key);
        const struct gad_ftp_expected expected = {
            .control = f->id | UINT64_C(1) << 32, /* never 0 */
            .until = t->clock.now + GAD_FTP_WAIT_S * INT64_C(1000000000),
            .port = e.port,
            .at_b = e.at_originator == f->orig_is_b,
        };
        gad_ftp_expect(&t->ftp, s, &expected);
        s->logged_in |= is_logged_in(f->stream);
        t->n.ftp_announced++;
    }
}

/*
 * Port 20 of the originator names the data connection of active FTP only if the receiver is the
 * client of a session with this server that is open now: any sender can choose its port. The
 * session need not have announced the connection, because its bytes can be encrypted or missing.
 */
static bool is_from_server(struct gad_flow_table *t, const struct gad_flow *f,
                           const struct gad_tuple *tuple)
{
    if (tuple->src_port != PORT_FTP_DATA || !is_data_port(t, tuple->dst_port))
        return false;
    const struct gad_ftp_session *s = gad_ftp_find(&t->ftp, &f->key);
    return s && s->n_live > 0 && s->server_is_b == f->orig_is_b;
}

void gad_flow_look_up_ftp_data(struct gad_flow_table *t, uint32_t flow)
{
    struct gad_flow *f = &t->flows[flow];
    struct gad_tuple tuple = gad_flow_key_tuple(&f->key, f->orig_is_b);

    if (gad_ftp_take(&t->ftp, &f->key, tuple.dst_port, !f->orig_is_b, t->clock.now) ||
        is_from_server(t, f, &tuple)) {
        f->found = GAD_FOUND_FTP_DATA;
        t->n.ftp_data++;
    }
}

static bool has_named_port(const struct gad_flow_table *t, const struct gad_flow *f)
{
    uint16_t port = gad_flow_key_tuple(&f->key, f->orig_is_b).dst_port;

    return gad_ports_is_named(&t->ports, GAD_IP_TCP, port);
}

/* The first bytes name a connection whose port has no name. */
static void find_by_content(struct gad_flow_table *t, uint32_t flow)
{
    struct gad_flow *f = &t->flows[flow];
    struct gad_content c;

    if (!t->options.by_content || f->found != GAD_FOUND_NOTHING || !f->stream ||
        has_named_port(t, f))
        return;
    gad_stream_result(f->stream, &c);
    f->found = c.found;
    t->n.found += c.found != GAD_FOUND_NOTHING;
    if (c.found == GAD_FOUND_FTP)
        register_ftp(t, flow);
}

/* With what flags, and whether, a connection is inspected. */
static enum gad_app inspected_as(const struct gad_flow_table *t, const struct gad_flow *f)
{
    enum gad_app app = app_of(t, f);

    if (!t->options.by_content || f->found != GAD_FOUND_NOTHING)
        return app;
    return app | (has_named_port(t, f) ? GAD_APP_DETECT | GAD_APP_KEEP : GAD_APP_DETECT);
}

static void begin(struct gad_flow_table *t, uint32_t flow)
{
    struct gad_flow *f = &t->flows[flow];

    if (f->found == GAD_FOUND_NOTHING)
        gad_flow_find_ftp_data(t, flow); /* packets of several captures can be out of order */
    enum gad_app app = inspected_as(t, f);
    if (app != GAD_APP_NONE && t->streams.max > 0) {
        f->stream = gad_stream_new(&t->streams, f, app, t->options.inspect_bytes);
        t->n.inspected += f->stream != NULL;
        if (!f->stream) {
            t->n.inspect_refused++;
            f->notes |= GAD_NOTE_BLIND;
        }
    }
    f->not_inspected = !f->stream;
    if (app_of(t, f) == GAD_APP_FTP)
        register_ftp(t, flow);
}

/*
 * Starts with the first payload after the peer has answered, so that a client without a real
 * connection costs no memory. Earlier payload is then a gap. Data of a SYN (RFC 7413) starts it
 * too, and counts when the peer acknowledges it.
 */
void gad_flow_inspect(struct gad_flow_table *t, uint32_t flow, const struct gad_packet *p,
                      bool from_originator)
{
    struct gad_flow *f = &t->flows[flow];
    int way = from_originator ? 0 : 1;
    t->streams.now = t->clock.now;
    bool has_payload = p->len > 0 && !(p->tcp_flags & GAD_TCP_RST);

    if (!f->stream) {
        bool is_answered = f->side[1 - way].state != GAD_TCP_INACTIVE;
        if (f->not_inspected || !has_payload || !(is_answered || (p->tcp_flags & GAD_TCP_SYN)))
            return;
        begin(t, flow);
        if (!f->stream)
            return;
    }
    if (p->tcp_flags & GAD_TCP_ACK)
        gad_stream_acked(f->stream, &t->streams, 1 - way, gad_tcp_acked(&f->side[1 - way]));
    if (has_payload)
        gad_stream_data(f->stream, &t->streams, way, gad_tcp_offset(&f->side[way], p), p->data,
                        p->data_len, p->len, gad_tcp_acked(&f->side[way]));
    find_by_content(t, flow);
    take_endpoints(t, flow);
}

void gad_flow_inspect_so_far(struct gad_flow_table *t, uint32_t flow, struct gad_content *ret)
{
    const struct gad_flow *f = &t->flows[flow];

    if (f->stream)
        gad_stream_result(f->stream, ret);
    if (app_of(t, f) == GAD_APP_FTP_DATA) {
        const struct gad_ftp_session *s = gad_ftp_find(&t->ftp, &f->key);
        ret->logged_in |=
            s && (s->logged_in || (s->flow && is_logged_in(t->flows[s->flow].stream)));
    }
}

void gad_flow_inspect_end(struct gad_flow_table *t, uint32_t flow, bool was_connection,
                          struct gad_content *ret)
{
    struct gad_flow *f = &t->flows[flow];

    if (!f->stream && f->packets[1] == 0 && !f->is_ftp)
        return; /* most floods and scans return here: nothing was inspected */
    enum gad_app app = app_of(t, f);
    if (f->stream) {
        gad_stream_finish(f->stream, &t->streams);
        if (was_connection)
            gad_stream_result(f->stream, ret);
    }
    if (f->is_ftp) {
        unregister_ftp(t, flow);
    } else if (app == GAD_APP_FTP_DATA && was_connection) {
        struct gad_ftp_session *s = gad_ftp_find(&t->ftp, &f->key);
        ret->logged_in |=
            s && (s->logged_in || (s->flow && is_logged_in(t->flows[s->flow].stream)));
    }
    gad_stream_free(f->stream, &t->streams);
    f->stream = NULL;
}
