/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The correct KDD99 record of one connection, known because the connection is synthetic: one line
 * of the truth table. ganad-traffic.1 documents the columns.
 *
 * This file uses nothing from lib/, so that an error in its table of services cannot hide by being
 * in both places.
 */

#include <stdint.h>

enum truth_content {
    TRUTH_HOT,
    TRUTH_FAILED_LOGINS,
    TRUTH_LOGGED_IN,
    TRUTH_COMPROMISED,
    TRUTH_ROOT_SHELL,
    TRUTH_SU_ATTEMPTED,
    TRUTH_ROOT,
    TRUTH_FILE_CREATIONS,
    TRUTH_SHELLS,
    TRUTH_ACCESS_FILES,
    TRUTH_GUEST,
    N_TRUTH_CONTENT,
};

enum { TRUTH_UNKNOWN = -1 }; /* value of a content column; written as "-" */

struct truth {
    int64_t start, end;                        /* us since the epoch, first and last packet */
    const char *service, *flag, *label, *kind; /* static strings */
    uint64_t bytes[2];                         /* of the originator, of the responder */
    uint32_t wrong_fragment, urgent, land;
    int16_t content[N_TRUTH_CONTENT];
};

struct out;
struct conn;

/* KDD99's name of a service. ICMP: type and code in place of the ports. */
const char *truth_service(uint8_t ip_proto, uint16_t orig_port, uint16_t resp_port);

/* Derives columns from the others: duration 0 for the flags without a duration in KDD99, and
 * logged_in from protocol, service and bytes unless the script set it. Other content columns are 0
 * unless the script set them: the filler contains nothing that they count. */
void truth_complete(struct conn *c);

void truth_header(struct out *o);
void truth_line(struct out *o, const struct conn *c);
