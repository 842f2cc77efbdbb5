/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/ports.h"

#include <string.h>

void gad_ports_init(struct gad_ports *p)
{
    *p = (struct gad_ports){0};
    memset(p->app, GAD_APP_TEXT, sizeof(p->app));
}

void gad_ports_set(struct gad_ports *p, uint8_t proto, uint16_t first, uint16_t last, bool named,
                   enum gad_app app)
{
    uint64_t *bits = p->named[proto == GAD_IP_UDP];

    for (uint32_t port = first; port <= last; port++) {
        uint64_t bit = UINT64_C(1) << (port % 64);
        bits[port / 64] = named ? bits[port / 64] | bit : bits[port / 64] & ~bit;
    }
    if (proto == GAD_IP_TCP)
        memset(p->app + first, (int)app, (size_t)last - first + 1);
}
