/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/wire/socket.h"
#include "proto/ganad.pb-c.h"

enum { READ_LEN = 256 << 10 };

int client_open(struct client *c, const char *address, struct gad_diag *d)
{
    int fd = -1;
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

void client_close(struct client *c)
{
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
    if (err == -EPIPE || err == -ECONNRESET)
        return gad_fail(d, GAD_ECLOSED, "%s: the server closed the connection", c->address);
    return gad_fail(d, err, "%s: %s", c->address, gad_strerror(err));
}

/* A peer that has closed may have said why before: what it sent is read first, so this is no error here. */
static int write_some(struct client *c, struct gad_diag *d)
{
    while (gad_buf_left(&c->out) > 0) {
        ssize_t n = send(c->fd, c->out.p + c->out.pos, gad_buf_left(&c->out), MSG_NOSIGNAL);
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
    ssize_t n = recv(c->fd, room, READ_LEN, 0);
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

    int n = poll(p, 1 + n_more, timeout_ms);
    if (n < 0)
        return errno == EINTR ? 0 : failed(c, -errno, d);
    if (n == 0)
        return gad_fail(d, -ETIMEDOUT, "%s: no answer for %d s", c->address, timeout_ms / 1000);
    for (size_t i = 0; i < n_more; i++)
        more[i].revents = p[1 + i].revents;

    int err = 0;
    if (p[0].revents & POLLOUT)
        err = write_some(c, d);
    if (!err && p[0].revents & (POLLIN | POLLHUP | POLLERR))
        err = read_some(c, d);
    return err;
}

static size_t reply_cap(uint8_t kind, const void *arg)
{
    (void)arg;
    return kind >= GANAD__V1__KIND__SCORE_REPLY && kind <= GANAD__V1__KIND__CONFIG_REPLY
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
        return gad_fail(d, err, "%s: this is no ganadd: frame of kind %u, %zu bytes", c->address,
                        f.kind, f.len);
    if (err == 0) {
        gad_buf_consume(&c->in, used);
        *ret_frame = f;
    }
    return err;
}

/* ganadd judges a frame by its head, so what it says to a request at the wrong socket is about numbers. */
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
        return gad_fail(d, GAD_EFORMAT, "%s: an error answer that cannot be read", c->address);
    gad_text_escape(text, sizeof(text), m->message, strlen(m->message));
    bool goodbye = m->code == GANAD__V1__ERROR_REPLY__CODE__TIMEOUT ||
                   m->code == GANAD__V1__ERROR_REPLY__CODE__BUSY ||
                   m->code == GANAD__V1__ERROR_REPLY__CODE__SHUTTING_DOWN;
    c->refused = (int)m->code;
    ganad__v1__error_reply__free_unpacked(m, NULL);
    if (c->refused == GANAD__V1__ERROR_REPLY__CODE__BAD_FRAME && strstr(text, "is not taken here"))
        return wrong_socket(c, d);
    if (c->refused == GANAD__V1__ERROR_REPLY__CODE__UNKNOWN_MODEL)
        return gad_fail(d, GAD_EINVAL, "%s: %s; 'ganadctl model list' names those that are",
                        c->address, text);
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
