/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The whole daemon in a thread of the test, on sockets in a private directory, and a client of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/ganad.pb-c.h"

/* What every test of this kind can rely on; "%s" in the text is the directory. */
extern char daemon_dir[64];

/* Cmocka's set-up and tear-down; each test calls daemon_start() itself. */
int daemon_make(void **state);
int daemon_unmake(void **state);

/* Runs with [scoring] and [control] sockets and a model with threshold 1000, and this besides. */
void daemon_start(const char *more);

/* To the thread of the loop, as if the whole process got it. */
void daemon_signal(int signal);

/* SIGTERM, without waiting. */
void daemon_tell(void);

/* SIGTERM and wait; the loop must have ended well. Unless the test did it, tear-down does. */
void daemon_stop(void);

int client_open(
    const char *socket); /* "s": scoring, "c": control; blocking, gives up after seconds */

/* A frame; false if the daemon closed the connection. */
bool client_send(int fd, uint8_t kind, const ProtobufCMessage *m);
bool client_send_bytes(int fd, const void *p, size_t len);

/* The next frame's message without its kind; NULL: closed. Valid until the next call. */
const uint8_t *client_receive(int fd, uint8_t *ret_kind, size_t *ret_len);

/* The next frame is an ErrorReply with that code, and its text. */
void client_expect_error(int fd, uint64_t id, int code, const char *text);
void client_expect_end(int fd);

/* One record with src_bytes = score; negative: a record that is refused. */
bool client_ask(int fd, uint64_t id, double score);
void client_expect_score(int fd, uint64_t id, double score);

/* A counter or a model's or output's field by STATUS. */
uint64_t status_counter(const char *name);

/* Asks until the counter has that value; fails the test after seconds. */
void status_wait(const char *name, uint64_t value);
