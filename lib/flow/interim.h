/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * When an open flow gives an interim record, so that a connection is scored while it lasts. The
 * ages, with `span` as the unit:
 *
 *     0.1                      only an open TCP connection (decide.h) whose responder has sent no
 *                              payload: a request that never ends, or a connection without use
 *     1, 2, 4, 8, 16           any open TCP connection, any UDP exchange
 *     28, 40, ...              every 12 from here on
 *
 * At each of them a flow without a packet since the age before gives none: its last record says
 * everything, or its final one follows soon. So a peer gets few records from one connection: eleven
 * in the first six hours with the default of 5 min.
 */

#include <stdbool.h>
#include <stdint.h>

struct gad_flow;

struct gad_interims {
    int64_t span; /* ns; 0: no interim records */
    int64_t skew; /* of the table's clock: table time = packet time + skew */
};

/* Returns the time on the table's clock of the flow's next interim record; INT64_MAX: none. */
int64_t gad_interim_due(const struct gad_interims *i, const struct gad_flow *f);

/* Whether the flow's interim record that is due now says anything. */
bool gad_interim_is_worth(const struct gad_interims *i, const struct gad_flow *f);

/* Moves the flow to the first age after the table's time. */
void gad_interim_next(const struct gad_interims *i, struct gad_flow *f, int64_t now);
