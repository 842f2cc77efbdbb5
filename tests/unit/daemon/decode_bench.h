/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of decoding share: what a server has, and one request on its way in. */

#include "daemon/ingest/arena.h"
#include "daemon/ingest/decode.h"
#include "daemon/score/job.h"
#include "lib/base/buf.h"

struct config;
struct models;

enum { ARENA = 4 << 20, PACKED_MAX = 1 << 20, N_NUMBERS = 38 };

struct bench {
    struct config *config;
    struct models *models;
    struct job_pool *pool;
    struct arena arena;
    struct decoder decoder;
    struct gad_buf bytes;
};

extern struct bench bench;

/* Set up and tear down: two models, "one" and "two", of which the second gives 7 reasons. */
int bench_make(void **state);
int bench_unmake(void **state);

/* The message, into bench.bytes. */
void pack(const ProtobufCMessage *m);

/* bench.bytes as a frame of that kind, decoded as expected. The job is the caller's to put back. */
struct job *decoded(enum decode_result want, uint8_t kind);

/* bench.bytes is refused with that code and text. */
void refused(enum decode_result how, uint8_t kind, int code, const char *why);
