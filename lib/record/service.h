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
 * Source: the 10 % set, where a flood over ports 1 .. 1024 has the named ones about 105 times each, `private`
 * for exactly the rest and `other` for 1024 alone.
 */

#include <stdbool.h>
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

/**
 * gad_services_limit() - only names that a model's vocabulary has
 * @has: by a name's number, one for each name of the column; copied
 *
 * Another name becomes the nearest the model has: `private` or `other` by the port, for an ICMP message an echo
 * request or reply if it asks or answers, else urh_i, then urp_i. If it does not have that either, unknown.
 */
void gad_services_limit(struct gad_services *s, const bool *has);

/* Number of the name in the column service, or GAD_NAME_UNKNOWN. ICMP looks at type and code, not at ports. */
int gad_services_of(const struct gad_services *s, const struct gad_tuple *t, uint8_t icmp_type,
                    uint8_t icmp_code);
