/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A connection to ganadd: messages out, frames in. One poll() waits for both directions, so that
 * the connection does not stall while the buffers of one side are full; and records as requests to
 * the scoring socket.
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/wire/frame.h"
#include "proto/ganad.pb-c.h"

struct client_tls;
struct client_tls_choice;
struct gad_diag;
struct gad_record;

enum {
    CLIENT_CONNECT_MS = 5000,
    CLIENT_ANSWER_MS = 60000,       /* more than a loaded server needs */
    CLIENT_REPLY_MAX = 64 << 20,    /* bytes; far above the longest answer of ganadd */
    CLIENT_REQUESTS_MAX = 16 << 20, /* bytes of requests that are not yet written */
    REQUEST_PACKED_MAX = 256,       /* records */
    REQUEST_RECORDS_MAX =
        128, /* at most 430 bytes each: below the limit of a SCORE_REQUEST, 64 KiB */
};

struct client {
    int fd;
    struct client_tls *tls; /* owned; NULL: not encrypted */
    const char *address;    /* borrowed; for messages */
    uint8_t asked;          /* kind of the last request */
    int refused;            /* code of the last ErrorReply, or 0 */
    struct gad_buf in, out;
};

#define CLIENT_INIT ((struct client){.fd = -1})

int client_open(struct client *c, const char *address, struct gad_diag *d) GAD_MUST_CHECK;
/* The same with an address that can also be "tls://HOST:PORT", which only scoring sockets speak. */
int client_open_scoring(struct client *c, const char *address, const struct client_tls_choice *tls,
                        struct gad_diag *d) GAD_MUST_CHECK;
void client_close(struct client *c); /* can be opened again */

/* Appends a message, which client_move() writes. */
int client_queue(struct client *c, uint8_t kind, const ProtobufCMessage *m,
                 struct gad_diag *d) GAD_MUST_CHECK;

/**
 * client_move() - wait until bytes can be sent or received, and move them
 * @more:       further descriptors to wait for in the same poll(), or NULL; their revents are set
 * @timeout_ms: -1: no limit
 *
 * Return: 0; GAD_ECLOSED if the peer has closed and nothing is left to read; -ETIMEDOUT after the
 * timeout.
 */
int client_move(struct client *c, struct pollfd *more, size_t n_more, int timeout_ms,
                struct gad_diag *d) GAD_MUST_CHECK;

/**
 * client_next() - the next complete frame received
 * @ret_frame: its bytes are borrowed until the next call of any client function
 *
 * Return: 0; GAD_MORE if none is complete; GAD_EFORMAT, GAD_EUNKNOWN or GAD_ELIMIT if the peer is
 * not a ganadd.
 */
int client_next(struct client *c, struct gad_frame *ret_frame, struct gad_diag *d) GAD_MUST_CHECK;

/**
 * client_ask() - one request, one answer
 * Return: 0 with a frame of kind @want; an error that the server sent is GAD_EINVAL with its text
 * in @d.
 */
int client_ask(struct client *c, uint8_t kind, const ProtobufCMessage *m, uint8_t want,
               struct gad_frame *ret_frame, struct gad_diag *d) GAD_MUST_CHECK;

/* Puts the text of an ERROR_REPLY into d. Returns GAD_EINVAL, or GAD_ECLOSED if the server only
 * ends the connection (TIMEOUT, SHUTTING_DOWN, BUSY). */
int client_error(struct client *c, const struct gad_frame *f, struct gad_diag *d);

/* Memory to build one request at a time. */
struct request;
struct request *request_new(void); /* NULL: no memory */
void request_free(struct request *r);
GAD_DEFINE_CLEANUP(struct request, request_free);

/* Returns true if one of n records has addresses, ports, times or a Community ID. */
bool request_has_connection(const struct gad_record *rec, size_t n);

/**
 * request_queue() - queue the request for n records with @c
 * @connections: one message per record, n <= REQUEST_RECORDS_MAX; else packed by column, which has
 *               no fields for connections, n <= REQUEST_PACKED_MAX
 */
int request_queue(struct request *r, struct client *c, uint64_t id, Ganad__V1__ScoreOptions *opt,
                  struct gad_record *rec, size_t n, bool connections,
                  struct gad_diag *d) GAD_MUST_CHECK;
