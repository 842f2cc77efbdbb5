/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The severity of an incident, from points. Each row of the table adds; more of anything never
 * takes points away, so a sender cannot lower an incident with more packets.
 *
 *     nature      probe, icmp 0; malformed, traffic 10; login 20; content, host 30
 *     rarity      5 for each factor of ten by which the lowest p-value is below the budget, up to
 *                 15; without a budget, below 0.001
 *     size        5 from 10 records, 10 from 100, 15 from 1,000; 25 from 100,000
 *     reach       5 from 10 targets or ports, 10 from 100
 *     many        10 from 32 source addresses
 *     answered    10 if a target answered
 *     bytes out   20 from 1 MiB, 35 from 10 MiB
 *
 *     at most 40  a lone scan: nature probe, icmp or malformed, fewer than 32 source addresses
 *     at most 24  nature host whose source address can be forged
 *     at least 70 100 MiB out
 *     at least 80 a login succeeded after failed ones
 *     at least 90 a root shell
 *
 * High from 60 points, medium from 25, else low. A lone scan is thus never high. Root shells,
 * guessed passwords and 100 MiB out are always above it; 1 MiB out with an answer is not below it.
 * ganad-events(5) has the same table.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/event/incident.h"

/* Of the anomalous records of the incident. */
struct severity_facts {
    double p_value; /* the lowest, above 0 */
    double budget;  /* fpr_budget of the model; 0: a configured threshold */
    enum gad_nature nature;
    uint64_t records;
    uint64_t sources, targets, ports; /* distinct */
    uint64_t bytes_out;               /* of payload from the monitored network to outside */
    bool answered;                    /* a target sent payload, or accepted a connection */
    bool logged_in;                   /* a login succeeded from a source whose logins had failed */
    bool may_be_forged;               /* nature host: its source completed no handshake for a day */
    bool root_shell;                  /* a record has root_shell 1 */
};

/* 0 .. 100: sorts incidents; a higher one is graver. */
unsigned severity_points(const struct severity_facts *f);

/* enum gad_severity (lib/event/event.h) of these points */
unsigned severity_of(unsigned points);
