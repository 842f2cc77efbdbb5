/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Addresses in FTP's notation: h1,h2,h3,h4,p1,p2 (RFC 959) and |family|address|port| (RFC 2428). */

#include "lib/inspect/inspect.h"
#include "lib/inspect/match.h"

/* Parses the argument of PORT, or of EPRT if extended; port 0: not readable. */
void gad_ftp_endpoint_of_command(bool extended, struct gad_span arg, struct gad_ftp_endpoint *ret);

/* Parses a whole reply line, 227 or 229; port 0: not readable, or another reply. */
void gad_ftp_endpoint_of_reply(unsigned code, struct gad_span line, struct gad_ftp_endpoint *ret);
