/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A connection to ganadd: messages out, frames in, driven by poll() in both directions at once, so that it
 * goes on whichever side's buffers are full.
 */

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/wire/frame.h"

struct gad_diag;

enum {
    CLIENT_CONNECT_MS = 5000,
    CLIENT_ANSWER_MS = 60000, /* as long as a loaded server may need */
    CLIENT_REPLY_MAX =
        64 << 20, /* bytes; the longest answer a server of ours can give is far below */
    CLIENT_REQUESTS_MAX = 16 << 20, /* bytes of requests waiting to be written */
};

struct client {
    int fd;
    const char *address; /* borrowed; for messages */
    uint8_t asked;       /* kind of the last request */
    int refused;         /* code of the last ErrorReply; 0: none came */
    struct gad_buf in, out;
};

#define CLIENT_INIT ((struct client){.fd = -1})

int client_open(struct client *c, const char *address, struct gad_diag *d) GAD_MUST_CHECK;
void client_close(struct client *c); /* may be opened again */

/* Appends a message; it is written by client_move(). */
int client_queue(struct client *c, uint8_t kind, const ProtobufCMessage *m,
                 struct gad_diag *d) GAD_MUST_CHECK;

/**
 * client_move() - wait until something can be moved, and move it
 * @more:       further descriptors to wait for in the same poll(), or NULL; their revents are set
 * @timeout_ms: -1 for ever
 *
 * Return: 0; GAD_ECLOSED if the peer has closed and nothing is left to read; -ETIMEDOUT if nothing happened.
 */
int client_move(struct client *c, struct pollfd *more, size_t n_more, int timeout_ms,
                struct gad_diag *d) GAD_MUST_CHECK;

/**
 * client_next() - the next whole frame that has come
 * @ret_frame: its bytes are borrowed until the next call of any client function
 *
 * Return: 0; GAD_MORE if none is whole; GAD_EFORMAT, GAD_EUNKNOWN or GAD_ELIMIT if this is no server of ours.
 */
int client_next(struct client *c, struct gad_frame *ret_frame, struct gad_diag *d) GAD_MUST_CHECK;

/**
 * client_ask() - one question, one answer, for commands that do no more
 * Return: 0 with a frame of kind @want; an error that the server sent is GAD_EINVAL with its text in @d.
 */
int client_ask(struct client *c, uint8_t kind, const ProtobufCMessage *m, uint8_t want,
               struct gad_frame *ret_frame, struct gad_diag *d) GAD_MUST_CHECK;

/* Puts the text of an ERROR_REPLY into d; GAD_EINVAL, or GAD_ECLOSED for one that only says goodbye (TIMEOUT,
 * SHUTTING_DOWN, BUSY). */
int client_error(struct client *c, const struct gad_frame *f, struct gad_diag *d);
