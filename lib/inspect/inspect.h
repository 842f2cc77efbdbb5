/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inspection of one connection: the bytes of its two directions in order, content features out. Knows no flow,
 * no packet, no window. Memory is fixed when it is made; no call allocates; the time per byte is constant.
 *
 * Bytes that were lost are told as a gap: the line they fall into is not looked at.
 *
 * What counts, and on what evidence, is said at the head of each scanner and in shell.h. How the bytes are cut into
 * calls does not matter, the order of the two directions does: a reply comes after its command.
 *
 * Left to the caller, who knows connections:
 *  - logged_in is what the payload says. KDD99 has 0 in every row whose state is S0, REJ, SH, RSTOS0 or OTH.
 *  - logged_in of ftp_data is that of its control connection. The endpoints to expect come from
 *    gad_inspect_take_endpoint(), whether that session is logged in from gad_inspect_result().
 *  - num_outbound_cmds and is_host_login stay 0: no row of KDD99 has them, though people logged in as root.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/inspect/content.h"

/* What a connection is scanned as; from the ports alone, as KDD99 has its services. */
enum gad_app {
    GAD_APP_NONE, /* not inspected */
    GAD_APP_TELNET,
    GAD_APP_RLOGIN,
    GAD_APP_RSH,
    GAD_APP_FTP,
    GAD_APP_FTP_DATA,
    GAD_APP_SMTP,
    GAD_APP_HTTP,
    GAD_APP_POP3,
    GAD_APP_IMAP,
    GAD_APP_IRC,
    GAD_APP_FINGER,
    GAD_APP_AUTH,
    GAD_APP_TEXT, /* any other TCP service: what KDD99 counts in every payload */
    GAD_N_APPS,
};

struct gad_inspect;

/* Where a data connection of an FTP session will be accepted: by PORT, EPRT, or the replies 227 and 229. */
struct gad_ftp_endpoint {
    bool at_originator; /* the session's originator listens there; else its responder */
    uint8_t addr_len;   /* 4, 16; 0: the listener's own address (229) */
    uint8_t addr[16];
    uint16_t port;
};

/* @orig_port: 20 makes ftp_data, as its server opens that connection. TCP only. */
enum gad_app gad_app_of(uint16_t orig_port, uint16_t resp_port);

/* Bytes that one inspection takes from the heap, for a budget. */
size_t gad_inspect_size(enum gad_app app);

int gad_inspect_new(enum gad_app app, struct gad_inspect **ret) GAD_MUST_CHECK;
void gad_inspect_free(struct gad_inspect *in);
GAD_DEFINE_CLEANUP(struct gad_inspect, gad_inspect_free);

/* The next bytes of one direction. False: nothing that follows in this connection can change the result, so the
 * caller may stop. */
bool gad_inspect_bytes(struct gad_inspect *in, bool from_originator, const uint8_t *p, size_t len);

/* So many bytes of a direction that nobody saw. */
void gad_inspect_gap(struct gad_inspect *in, bool from_originator, uint64_t len);

/* The newest endpoint that was agreed on and not yet taken. False: none. */
bool gad_inspect_take_endpoint(struct gad_inspect *in, struct gad_ftp_endpoint *ret);

/* What is known so far; may be asked at any time. */
void gad_inspect_result(const struct gad_inspect *in, struct gad_content *ret);
