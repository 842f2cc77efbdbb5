/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/parts.h"

static enum gad_app app_of(const struct gad_flow_table *t, const struct gad_flow *f)
{
    struct gad_tuple tuple = gad_flow_key_tuple(&f->key, f->orig_is_b);

    return tuple.src_port == 20 ? GAD_APP_FTP_DATA : gad_ports_app(&t->ports, tuple.dst_port);
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
    struct gad_ftp_session *s = gad_ftp_get(&t->ftp, &t->flows[flow].key);

    if (s->flow != 0)
        s->logged_in |= is_logged_in(t->flows[s->flow].stream);
    s->flow = flow;
}

static void begin(struct gad_flow_table *t, uint32_t flow)
{
    struct gad_flow *f = &t->flows[flow];
    enum gad_app app = app_of(t, f);

    if (app != GAD_APP_NONE && t->streams.max > 0) {
        f->stream = gad_stream_new(&t->streams, f, app, t->options.inspect_bytes);
        t->n.inspected += f->stream != NULL;
        if (!f->stream) {
            t->n.inspect_refused++;
            f->notes |= GAD_NOTE_BLIND;
        }
    }
    f->not_inspected = !f->stream;
    if (f->stream && app == GAD_APP_FTP)
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

    if (!f->stream && f->packets[1] == 0)
        return; /* most floods and scans return here: nothing was inspected */
    enum gad_app app = app_of(t, f);
    if (f->stream) {
        gad_stream_finish(f->stream, &t->streams);
        if (was_connection)
            gad_stream_result(f->stream, ret);
    }
    if (app == GAD_APP_FTP || (app == GAD_APP_FTP_DATA && was_connection)) {
        struct gad_ftp_session *s = gad_ftp_find(&t->ftp, &f->key);
        if (s && app == GAD_APP_FTP && s->flow == flow) {
            s->logged_in |= is_logged_in(f->stream);
            s->flow = 0;
        } else if (s && app == GAD_APP_FTP_DATA) {
            ret->logged_in |= s->logged_in || (s->flow && is_logged_in(t->flows[s->flow].stream));
        }
    }
    gad_stream_free(f->stream, &t->streams);
    f->stream = NULL;
}
