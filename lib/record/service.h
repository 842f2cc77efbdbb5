/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * KDD99's name for what a connection talks to, from protocol and ports alone, never from its bytes. Every name
 * below 1024 is one port; the other ports there are `private`, those from 1024 up `other`. An originator's port
 * 20 makes ftp_data too, for that is who opens the data connection of active FTP. ICMP has a name for the type
 * of message.
 *
 * ICMPv6, which KDD99 never saw, gets the name of the same message in ICMP.
 *
 * A model may not know all the names there are; a record is the same for all of them, and what a name outside a
 * vocabulary means is its schema's affair (lib/feature/schema.h).
 *
 * Source: the 10 % set, where a flood over ports 1 .. 1024 has the named ones about 105 times each, `private`
 * for exactly the rest and `other` for 1024 alone.
 */

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/tuple.h"

struct gad_diag;
struct gad_services;

/* KDD99's table. */
int gad_services_new(struct gad_services **ret) GAD_MUST_CHECK;
void gad_services_free(struct gad_services *s);
GAD_DEFINE_CLEANUP(struct gad_services, gad_services_free);

/**
 * gad_services_map() - more ports for the names there are, or other names for ports
 * @text: one or more of "tcp/8080 = http" or "udp/5300-5353 = domain_u", with commas between; blanks do not
 *        count. A later one wins.
 * Return: 0; GAD_EFORMAT, GAD_ELIMIT (a port) or GAD_EUNKNOWN (a name), with @d saying which and why; the table is
 * then as it was.
 */
int gad_services_map(struct gad_services *s, const char *text, struct gad_diag *d) GAD_MUST_CHECK;

/* Number of the name in the column service. ICMP looks at type and code, not at ports. */
int gad_services_of(const struct gad_services *s, const struct gad_tuple *t, uint8_t icmp_type,
                    uint8_t icmp_code);
