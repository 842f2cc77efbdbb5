/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a TCP connection is, by its first bytes in both directions. A protocol counts as found only
 * if both sides speak it: the request and its answer. One side alone, or one byte, finds nothing.
 *
 *     HTTP     a method in capitals and a blank; HTTP/1.
 *     SSH      the identification of both sides (RFC 4253, 4.2)
 *     SMTP     reply 220 and EHLO, HELO or LHLO
 *     FTP      reply 220 and a command with which clients of FTP begin
 *     TLS      a client's hello; a server's hello, or an alert (RFC 8446, 5.1)
 *     telnet   two or more options, and at least one from the other side (RFC 854)
 *     DNS      a query of one question; a reply with its id (RFC 1035, 4.2.2)
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a connection was found to be by more than the port of its responder. */
enum gad_found {
    GAD_FOUND_NOTHING,  /* it is what the port says */
    GAD_FOUND_FTP_DATA, /* by the FTP session of its hosts */
    GAD_FOUND_HTTP,     /* these by their first bytes */
    GAD_FOUND_SSH,
    GAD_FOUND_SMTP,
    GAD_FOUND_FTP,
    GAD_FOUND_TLS,
    GAD_FOUND_TELNET,
    GAD_FOUND_DNS,
    GAD_N_FOUND,
};

/* Whether the first bytes of a direction fit; GAD_FIT_MORE: they do so far. */
enum gad_fit { GAD_FIT_NO, GAD_FIT_MORE, GAD_FIT_YES };

/* The first bytes of a direction. */
struct gad_first {
    const uint8_t *p;
    size_t len;
};

enum { GAD_FIRST_MAX = 288 }; /* bytes that decide: a query of DNS with the longest name */

/* Do the first bytes of client and server fit a protocol found by them? GAD_FIT_YES: both sides
 * do. *ret_one: one side does, and the other does not contradict. More bytes of a side cannot
 * change YES or NO of that side. */
enum gad_fit gad_detect(enum gad_found what, struct gad_first client, struct gad_first server,
                        bool *ret_one);
