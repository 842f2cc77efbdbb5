/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * TLS connections whose handshake is not complete yet. A peer that is not known costs little: there
 * are a limited number of them at once, of which one address has a quarter at most, each for a
 * limited time. When all are in use, the oldest makes room, so that slow peers cannot keep others
 * out; the listener's rate gives each some time before that.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct event_base;
struct handshakes;
struct ssl_ctx_st;
struct stats;
struct tls_stream;

struct handshakes_options {
    struct event_base *base;
    struct stats *stats;
    uint64_t most; /* at once, at least 4 */
    struct gad_time timeout;
    /* A handshake is complete; the callee owns both. */
    void (*done)(void *arg, int fd, struct tls_stream *tls);
    void *arg;
};

int handshakes_new(const struct handshakes_options *o, struct handshakes **ret) GAD_MUST_CHECK;
void handshakes_free(struct handshakes *h); /* closes the connections */
GAD_DEFINE_CLEANUP(struct handshakes, handshakes_free);

/* @fd: non-blocking, connected by TCP; is owned by the callee. */
void handshakes_begin(struct handshakes *h, struct ssl_ctx_st *context, int fd);
