/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/record/record.h"
#include "lib/wire/socket.h"
#include "proto/ganad.pb-c.h"
#include "tools/ganadctl/client_tls.h"

enum { READ_LEN = 256 << 10 };

int client_open(struct client *c, const char *address, struct gad_diag *d)
{
    int fd = -1;

    if (client_tls_target(address))
        return gad_fail(d, GAD_EFORMAT,
                        "%s: ganadd's control socket does not speak TLS; only 'score' does",
                        address);
    int err = gad_socket_connect(address, CLIENT_CONNECT_MS, &fd, d);
    if (err)
        return err;
    *c = (struct client){
        .fd = fd,
        .address = address,
        .in = GAD_BUF_INIT(CLIENT_REPLY_MAX + GAD_FRAME_HEAD + READ_LEN),
        .out = GAD_BUF_INIT(CLIENT_REQUESTS_MAX),
    };
    return 0;
}

int client_open_scoring(struct client *c, const char *address, const struct client_tls_choice *tls,
                        struct gad_diag *d)
{
    const char *target = client_tls_target(address);

    if (!target)
        return client_open(c, address, d);
    if (gad_socket_is_unix(target))
        return gad_fail(d, GAD_EFORMAT, "'%s': tls:// needs HOST:PORT", address);
    int err = client_open(c, target, d);
    if (err)
        return err;
    c->address = address;
    err = client_tls_open(c->fd, target, tls, CLIENT_CONNECT_MS, &c->tls, d);
    if (err) {
        client_close(c);
        gad_diag_prefix(d, "%s", address);
    }
    return err;
}

void client_close(struct client *c)
{
    client_tls_free(c->tls);
    if (c->fd >= 0)
        close(c->fd);
    gad_buf_deinit(&c->in);
    gad_buf_deinit(&c->out);
    *c = CLIENT_INIT;
}

int client_queue(struct client *c, uint8_t kind, const ProtobufCMessage *m, struct gad_diag *d)
{
    size_t len = protobuf_c_message_get_packed_size(m);

    c->asked = kind;
    gad_frame_add_head(&c->out, kind, len);
    uint8_t *room = gad_buf_room(&c->out, len);
    if (!room)
        return gad_fail(d, GAD_ENOMEM, "no memory for a request of %zu bytes", len);
    c->out.len += protobuf_c_message_pack(m, room);
    return 0;
}

static int failed(const struct client *c, int err, struct gad_diag *d)
{
    if (c->tls && *client_tls_error(c->tls))
        return gad_fail(d, GAD_EMISMATCH, "%s: %s", c->address, client_tls_error(c->tls));
    if (err == -EPIPE || err == -ECONNRESET)
        return gad_fail(d, GAD_ECLOSED, "%s: the server closed the connection", c->address);
    return gad_fail(d, err, "%s: %s", c->address, gad_strerror(err));
}

/* A peer that closed the connection can have sent the reason before, which is read first: this is
 * not an error here. */
static int write_some(struct client *c, struct gad_diag *d)
{
    while (gad_buf_left(&c->out) > 0) {
        const uint8_t *p = c->out.p + c->out.pos;
        size_t len = gad_buf_left(&c->out);
        ssize_t n = c->tls ? client_tls_write(c->tls, p, len) : send(c->fd, p, len, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            gad_buf_consume(&c->out, gad_buf_left(&c->out));
            return 0;
        }
        if (n < 0)
            return failed(c, -errno, d);
        gad_buf_consume(&c->out, (size_t)n);
    }
    return 0;
}

static int read_some(struct client *c, struct gad_diag *d)
{
    uint8_t *room = gad_buf_room(&c->in, READ_LEN);

    if (!room)
        return gad_fail(d, GAD_ENOMEM, "%s: no memory for the answer", c->address);
    ssize_t n = c->tls ? client_tls_read(c->tls, room, READ_LEN) : recv(c->fd, room, READ_LEN, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return failed(c, n == 0 ? -EPIPE : -errno, d);
    c->in.len += (size_t)n;
    return 0;
}

int client_move(struct client *c, struct pollfd *more, size_t n_more, int timeout_ms,
                struct gad_diag *d)
{
    struct pollfd p[4] = {{.fd = c->fd, .events = POLLIN}};

    gad_assert(n_more < 4);
    if (gad_buf_left(&c->out) > 0)
        p[0].events |= POLLOUT;
    for (size_t i = 0; i < n_more; i++)
        p[1 + i] = more[i];

    bool has_more = c->tls && client_tls_has_more(c->tls);
    int n = poll(p, 1 + n_more, has_more ? 0 : timeout_ms);
    if (n < 0)
        return errno == EINTR ? 0 : failed(c, -errno, d);
    if (n == 0 && !has_more)
        return gad_fail(d, -ETIMEDOUT, "%s: no answer for %d s", c->address, timeout_ms / 1000);
    for (size_t i = 0; i < n_more; i++)
        more[i].revents = p[1 + i].revents;

    int err = 0;
    if (p[0].revents & POLLOUT)
        err = write_some(c, d);
    if (!err && (has_more || p[0].revents & (POLLIN | POLLHUP | POLLERR)))
        err = read_some(c, d);
    return err;
}

static size_t reply_cap(uint8_t kind, const void *arg)
{
    (void)arg;
    return kind >= GANAD__V1__KIND__SCORE_REPLY && kind <= GANAD__V1__KIND__FEEDBACK_REPLY
               ? CLIENT_REPLY_MAX
               : 0;
}

int client_next(struct client *c, struct gad_frame *ret_frame, struct gad_diag *d)
{
    struct gad_frame f = {0};
    size_t used = 0;
    const uint8_t *p = c->in.p ? c->in.p + c->in.pos : NULL;
    int err = gad_frame_next(p, gad_buf_left(&c->in), reply_cap, NULL, &f, &used);

    if (err < 0)
        return gad_fail(d, err, "%s: not a ganadd: frame of kind %u, %zu bytes", c->address, f.kind,
                        f.len);
    if (err == 0) {
        gad_buf_consume(&c->in, used);
        *ret_frame = f;
    }
    return err;
}

/* ganadd refuses a frame by its header, so its answer to a request at the wrong socket names only
 * numbers. */
static int wrong_socket(const struct client *c, struct gad_diag *d)
{
    bool control = c->asked == GANAD__V1__KIND__CONTROL_REQUEST;

    return gad_fail(
        d, GAD_EINVAL,
        "%s is ganadd's %s socket, and this command needs its %s socket, by default %s: "
        "name it with -s or $%s",
        c->address, control ? "scoring" : "control", control ? "control" : "scoring",
        control ? GAD_CONTROL_SOCKET : GAD_SCORING_SOCKET,
        control ? "GANAD_CONTROL_SOCKET" : "GANAD_SCORING_SOCKET");
}

int client_error(struct client *c, const struct gad_frame *f, struct gad_diag *d)
{
    Ganad__V1__ErrorReply *m = ganad__v1__error_reply__unpack(NULL, f->len, f->p);
    char text[GAD_DIAG_MAX];

    if (!m)
        return gad_fail(d, GAD_EFORMAT, "%s: an unreadable error answer", c->address);
    gad_text_escape(text, sizeof(text), m->message, strlen(m->message));
    bool goodbye = m->code == GANAD__V1__ERROR_REPLY__CODE__TIMEOUT ||
                   m->code == GANAD__V1__ERROR_REPLY__CODE__BUSY ||
                   m->code == GANAD__V1__ERROR_REPLY__CODE__SHUTTING_DOWN;
    c->refused = (int)m->code;
    ganad__v1__error_reply__free_unpacked(m, NULL);
    if (c->refused == GANAD__V1__ERROR_REPLY__CODE__BAD_FRAME && strstr(text, "is not taken here"))
        return wrong_socket(c, d);
    if (c->refused == GANAD__V1__ERROR_REPLY__CODE__UNKNOWN_MODEL)
        return gad_fail(d, GAD_EINVAL, "%s: %s; 'ganadctl model list' shows the models", c->address,
                        text);
    return gad_fail(d, goodbye ? GAD_ECLOSED : GAD_EINVAL, "%s: %s", c->address, text);
}

int client_ask(struct client *c, uint8_t kind, const ProtobufCMessage *m, uint8_t want,
               struct gad_frame *ret_frame, struct gad_diag *d)
{
    int err = client_queue(c, kind, m, d);

    while (!err && (err = client_next(c, ret_frame, d)) == GAD_MORE)
        err = client_move(c, NULL, 0, CLIENT_ANSWER_MS, d);
    if (err)
        return err;
    if (ret_frame->kind == GANAD__V1__KIND__ERROR_REPLY)
        return client_error(c, ret_frame, d);
    if (ret_frame->kind != want)
        return gad_fail(d, GAD_EFORMAT, "%s: an answer of kind %u, expected %u", c->address,
                        ret_frame->kind, want);
    return 0;
}

/* --- records as requests --- */

enum { N_NUMBERS = 38, NAME_UNKNOWN = 255 };

struct request {
    uint8_t name[3][REQUEST_PACKED_MAX];
    float number[N_NUMBERS * REQUEST_PACKED_MAX];
    Ganad__V1__Record record[REQUEST_RECORDS_MAX], *list[REQUEST_RECORDS_MAX];
    Ganad__V1__Connection connection[REQUEST_RECORDS_MAX];
};

struct request *request_new(void)
{
    return gad_calloc(1, sizeof(struct request));
}

void request_free(struct request *r)
{
    gad_free(r);
}

static bool has_connection(const struct gad_record *rec)
{
    return rec->tuple.family != 0 || rec->start.ns != 0 || rec->end.ns != 0 ||
           rec->community_id[0] != '\0' || rec->notes != 0;
}

bool request_has_connection(const struct gad_record *rec, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (has_connection(&rec[i]))
            return true;
    return false;
}

/* By column. */
static void pack(struct request *r, const struct gad_record *rec, size_t n)
{
    size_t name = 0, at = 0;

    for (int col = 0; col < GAD_N_COLUMNS; col++) {
        if (gad_columns[col].kind == GAD_KIND_NAME) {
            for (size_t i = 0; i < n; i++) {
                double v = rec[i].v[col];
                r->name[name][i] = v < 0 ? NAME_UNKNOWN : (uint8_t)v;
            }
            name++;
        } else {
            for (size_t i = 0; i < n; i++)
                r->number[at++] = (float)rec[i].v[col];
        }
    }
}

static int queue_packed(struct request *r, struct client *c, uint64_t id,
                        Ganad__V1__ScoreOptions *opt, const struct gad_record *rec, size_t n,
                        struct gad_diag *d)
{
    Ganad__V1__PackedRequest m = GANAD__V1__PACKED_REQUEST__INIT;

    gad_assert(n <= REQUEST_PACKED_MAX);
    pack(r, rec, n);
    m.id = id;
    m.options = opt;
    m.n = (uint32_t)n;
    m.protocol_type = (ProtobufCBinaryData){n, r->name[0]};
    m.service = (ProtobufCBinaryData){n, r->name[1]};
    m.flag = (ProtobufCBinaryData){n, r->name[2]};
    m.n_number = N_NUMBERS * n;
    m.number = r->number;
    return client_queue(c, GANAD__V1__KIND__PACKED_REQUEST, &m.base, d);
}

/* Field c + 1 of the message is column c. */
static void set_feature(Ganad__V1__Record *m, enum gad_column c, double v)
{
    const ProtobufCFieldDescriptor *f = &ganad__v1__record__descriptor.fields[c];
    char *at = (char *)m + f->offset;
    const char *name = v < 0 ? "" : gad_columns[c].names ? gad_columns[c].names[(size_t)v] : "";

    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        memcpy(at, &name, sizeof(name));
        return;
    case PROTOBUF_C_TYPE_FLOAT:
        memcpy(at, &(float){(float)v}, sizeof(float));
        return;
    case PROTOBUF_C_TYPE_UINT64:
        memcpy(at, &(uint64_t){(uint64_t)v}, sizeof(uint64_t));
        return;
    default:
        memcpy(at, &(uint32_t){(uint32_t)v}, sizeof(uint32_t));
    }
}

static void set_connection(Ganad__V1__Connection *m, struct gad_record *rec)
{
    struct gad_tuple *t = &rec->tuple;
    size_t len = t->family == 0 ? 0 : t->family == 4 ? 4 : 16;

    ganad__v1__connection__init(m);
    m->src_ip = (ProtobufCBinaryData){len, t->src};
    m->dst_ip = (ProtobufCBinaryData){len, t->dst};
    m->src_port = t->src_port;
    m->dst_port = t->dst_port;
    m->ip_proto = t->proto;
    m->start_ns = rec->start.ns;
    m->end_ns = rec->end.ns;
    m->community_id = rec->community_id;
    m->notes = rec->notes;
    m->src_packets = rec->src_packets;
    m->dst_packets = rec->dst_packets;
}

static int queue_records(struct request *r, struct client *c, uint64_t id,
                         Ganad__V1__ScoreOptions *opt, struct gad_record *rec, size_t n,
                         struct gad_diag *d)
{
    Ganad__V1__ScoreRequest m = GANAD__V1__SCORE_REQUEST__INIT;

    gad_assert(n <= REQUEST_RECORDS_MAX);
    for (size_t i = 0; i < n; i++) {
        r->list[i] = &r->record[i];
        ganad__v1__record__init(r->list[i]);
        for (enum gad_column col = 0; col < GAD_N_COLUMNS; col++)
            set_feature(r->list[i], col, rec[i].v[col]);
        if (has_connection(&rec[i])) {
            set_connection(&r->connection[i], &rec[i]);
            r->list[i]->connection = &r->connection[i];
        }
    }
    m.id = id;
    m.options = opt;
    m.n_record = n;
    m.record = r->list;
    return client_queue(c, GANAD__V1__KIND__SCORE_REQUEST, &m.base, d);
}

int request_queue(struct request *r, struct client *c, uint64_t id, Ganad__V1__ScoreOptions *opt,
                  struct gad_record *rec, size_t n, bool connections, struct gad_diag *d)
{
    return connections ? queue_records(r, c, id, opt, rec, n, d)
                       : queue_packed(r, c, id, opt, rec, n, d);
}
