/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Properties of ports for the flow table: which have the name of a service, and what a TCP
 * connection to them is inspected as. lib/record makes it from KDD99's services and the operator's
 * map (gad_services_ports()), so that a name and its inspection never differ.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/inspect/inspect.h"
#include "lib/net/tuple.h"

enum { GAD_PORTS = 65536 };

struct gad_ports {
    uint8_t app[GAD_PORTS];            /* enum gad_app, of TCP */
    uint64_t named[2][GAD_PORTS / 64]; /* a bit a port: TCP, UDP */
};

/* No port has a name; every TCP connection is inspected as text. */
void gad_ports_init(struct gad_ports *p);

/* Sets the ports first .. last of TCP or UDP. @app: ignored for UDP. */
void gad_ports_set(struct gad_ports *p, uint8_t proto, uint16_t first, uint16_t last, bool named,
                   enum gad_app app);

/* Does a port of TCP or UDP have the name of a service, other than `private` and `other`? */
static inline bool gad_ports_is_named(const struct gad_ports *p, uint8_t proto, uint16_t port)
{
    return p->named[proto == GAD_IP_UDP][port / 64] >> (port % 64) & 1;
}

/* What a TCP connection to this port is inspected as. */
static inline enum gad_app gad_ports_app(const struct gad_ports *p, uint16_t port)
{
    return (enum gad_app)p->app[port];
}
