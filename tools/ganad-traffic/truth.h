/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a tracker that obeys KDD99 has to say of one connection, known because the connection was made up. One line of
 * the truth table; ganad-traffic.1 says what the columns are.
 *
 * Nothing here is taken from lib/: a table of services that is wrong there must not agree with itself here.
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

enum { TRUTH_UNKNOWN = -1 }; /* of a content column; written as "-" */

struct truth {
    int64_t start, end;                        /* us since the epoch, first and last packet */
    const char *service, *flag, *label, *kind; /* static strings */
    uint64_t bytes[2];                         /* of the originator, of the responder */
    uint32_t wrong_fragment, urgent, land;
    int16_t content[N_TRUTH_CONTENT];
};

struct out;
struct conn;

/* KDD99's name of a service. ICMP: by type and code, in place of the ports. */
const char *truth_service(uint8_t ip_proto, uint16_t orig_port, uint16_t resp_port);

/* What follows from the rest: no duration where KDD99 has none; whether it is logged in, where nobody said and it follows from protocol, service and bytes. Other content columns
 * are 0 unless the script of the session says otherwise: the filler holds nothing that counts. */
void truth_complete(struct conn *c);

void truth_header(struct out *o);
void truth_line(struct out *o, const struct conn *c);
