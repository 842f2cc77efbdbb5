/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * KDD99's name of the service of a connection, from protocol and ports alone, never from its bytes.
 * Every name below 1024 is one port; the other ports there are `private`, those from 1024 up
 * `other`. The originator's port names nothing: any sender can choose it. ICMP has a name for the
 * type of message.
 *
 * ICMPv6, which KDD99 does not contain, has the name of the same message in ICMP.
 *
 * A model can lack some of the names; a record is the same for all models, and the schema handles
 * names outside the vocabulary (lib/feature/schema.h).
 *
 * Source: the 10 % set, where a flood over ports 1 .. 1024 has the named ones about 105 times each,
 * `private` for exactly the rest and `other` for 1024 alone.
 */

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/inspect/detect.h"
#include "lib/net/tuple.h"

struct gad_diag;
struct gad_ports;
struct gad_services;

/* Creates KDD99's table. */
int gad_services_new(struct gad_services **ret) GAD_MUST_CHECK;
void gad_services_free(struct gad_services *s);
GAD_DEFINE_CLEANUP(struct gad_services, gad_services_free);

/**
 * gad_services_map() - maps ports to names
 * @text: one or more of "tcp/8080 = http" or "udp/5300-5353 = domain_u", separated by commas;
 *        blanks are ignored. A later one replaces an earlier one.
 * Return: 0; GAD_EFORMAT, GAD_ELIMIT (a port) or GAD_EUNKNOWN (a name), with the reason in @d; the
 * table is then unchanged.
 */
int gad_services_map(struct gad_services *s, const char *text, struct gad_diag *d) GAD_MUST_CHECK;

/* Returns the same ports for the flow table: a connection is inspected as what its name says.
 * Valid until the next gad_services_map() or gad_services_free(). */
const struct gad_ports *gad_services_ports(const struct gad_services *s);

/* Returns the number of the name in the column service, by the responder's port. For ICMP, type and
 * code count instead of ports. */
int gad_services_of(const struct gad_services *s, const struct gad_tuple *t, uint8_t icmp_type,
                    uint8_t icmp_code);

/* Returns the name of what a connection was found to be, not GAD_FOUND_NOTHING. */
int gad_services_found(enum gad_found found);
