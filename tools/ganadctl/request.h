/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records as a request to the scoring socket: packed by column, or one message a record if anything is known of their
 * connections, for which the packed form has no place.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "proto/ganad.pb-c.h"

struct client;
struct gad_diag;
struct gad_record;
struct request; /* memory for one at a time */

enum {
    REQUEST_PACKED_MAX = 256,
    REQUEST_RECORDS_MAX =
        128, /* messages of at most 430 bytes: below the limit of a SCORE_REQUEST, 64 KiB */
};

struct request *request_new(void); /* NULL: no memory */
void request_free(struct request *r);
GAD_DEFINE_CLEANUP(struct request, request_free);

/* Does any of n records have addresses, ports, times or a Community ID? */
bool request_has_connection(const struct gad_record *rec, size_t n);

/**
 * request_queue() - the request for n records, to be sent by @c
 * @connections: as messages, n <= REQUEST_RECORDS_MAX; else packed, n <= REQUEST_PACKED_MAX
 */
int request_queue(struct request *r, struct client *c, uint64_t id, Ganad__V1__ScoreOptions *opt,
                  struct gad_record *rec, size_t n, bool connections,
                  struct gad_diag *d) GAD_MUST_CHECK;
