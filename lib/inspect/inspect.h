/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inspection of one connection: the bytes of its two directions in order in, content features out.
 * It has no access to flows, packets or windows. Memory is fixed at creation; no other call
 * allocates; the time per byte is constant. At rest an inspection can be packed into the few bytes
 * that it uses, so that one inspector serves many connections.
 *
 * The caller reports lost bytes as a gap: the line that contains a gap is not inspected.
 *
 * The header comment of each scanner and shell.h document what counts, and the evidence for it. The
 * division of the bytes into calls does not matter. The order of the two directions does: a reply
 * follows its command.
 *
 * The caller, which has the connections, handles:
 *     - logged_in is decided from the payload. KDD99 has 0 in every row whose state is S0, REJ, SH,
 *       RSTOS0 or OTH.
 *     - logged_in of ftp_data is that of its control connection. gad_inspect_take_endpoint()
 *       returns the expected endpoints, gad_inspect_result() whether that session is logged in.
 *     - num_outbound_cmds and is_host_login stay 0: no row of KDD99 has them, although users logged
 *       in as root.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/inspect/content.h"
#include "lib/inspect/detect.h"

/* The protocol that a connection is scanned for. */
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
    GAD_APP_SSH,
    GAD_APP_REDIS,
    GAD_APP_POSTGRESQL,
    GAD_APP_TEXT, /* any other TCP service: what KDD99 counts in every payload */
    GAD_N_APPS,
};

/* Flags that gad_inspect_new() and gad_inspect_begin() take with an app. */
enum {
    GAD_APP_WITHOUT_FLAGS = 0x3f,
    GAD_APP_DETECT = 0x40, /* find out by the first bytes what it is; inspect it as that instead */
    GAD_APP_KEEP = 0x80,   /* with DETECT: inspect it as both, and take the higher counts */
};

/* What a protocol that was found is inspected as: as a connection to its port is. */
enum gad_app gad_app_found(enum gad_found found);

struct gad_inspect;

/* The expected endpoint of an FTP data connection: from PORT, EPRT, or the replies 227 and 229. */
struct gad_ftp_endpoint {
    bool at_originator; /* the session's originator listens there; else its responder */
    uint8_t addr_len;   /* 4, 16; 0: the listener's own address (229) */
    uint8_t addr[16];
    uint16_t port;
};

int gad_inspect_new(enum gad_app app, struct gad_inspect **ret) GAD_MUST_CHECK;
void gad_inspect_free(struct gad_inspect *in);
GAD_DEFINE_CLEANUP(struct gad_inspect, gad_inspect_free);

/* Begins another inspection in the same memory. @before: the features of an earlier part of the
 * connection, between which and the next byte any number of bytes can be missing; or NULL. */
void gad_inspect_begin(struct gad_inspect *in, enum gad_app app, const struct gad_content *before);

/* Returns the bytes that gad_inspect_pack() writes, at most GAD_INSPECT_PACKED_MAX. */
size_t gad_inspect_packed_len(const struct gad_inspect *in);

enum { GAD_INSPECT_PACKED_MAX = 4096 };

/* Stores the state; gad_inspect_unpack() continues with it, in any inspector. */
void gad_inspect_pack(const struct gad_inspect *in, uint8_t *ret);
void gad_inspect_unpack(struct gad_inspect *in, const uint8_t *packed);

/* Do the next bytes of this direction change nothing, whatever they are, until the other direction
 * has more bytes? They need not be given, nor reported as a gap. */
bool gad_inspect_skips(const struct gad_inspect *in, bool from_originator);

/* Takes the next bytes of one direction. False: no later bytes of this connection can change the
 * result, so the caller can stop. */
bool gad_inspect_bytes(struct gad_inspect *in, bool from_originator, const uint8_t *p, size_t len);

/* Reports len bytes of a direction that were not captured. */
void gad_inspect_gap(struct gad_inspect *in, bool from_originator, uint64_t len);

/* Returns the newest endpoint that was agreed on and not yet taken. False: there is no such
 * endpoint. */
bool gad_inspect_take_endpoint(struct gad_inspect *in, struct gad_ftp_endpoint *ret);

/* Stores the features counted so far; can be called at any time. */
void gad_inspect_result(const struct gad_inspect *in, struct gad_content *ret);
