/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The parts of pack.c and unpack.c that deal with incidents. Messages point into the values and
 * into the caller's memory; both must outlive them.
 */

#include <stdbool.h>

#include "lib/event/event.h"
#include "proto/event.pb-c.h"

struct gad_packed_hosts {
    Ganad__Event__V1__HostCount host[GAD_INCIDENT_TOP], *list[GAD_INCIDENT_TOP];
};

struct gad_packed_incident {
    Ganad__Event__V1__Incident message;
    Ganad__Event__V1__Distinct sources, targets, ports, answered;
    struct gad_packed_hosts source, target;
    Ganad__Event__V1__PortCount port[GAD_INCIDENT_TOP], *ports_list[GAD_INCIDENT_TOP];
    Ganad__Event__V1__Unusual unusual[GAD_UNUSUAL_MAX], *unusual_list[GAD_UNUSUAL_MAX];
};

struct gad_packed_limit {
    Ganad__Event__V1__Limit message;
    Ganad__Event__V1__HintCount cause[GAD_LIMIT_TOP], *causes[GAD_LIMIT_TOP];
    struct gad_packed_hosts source;
};

Ganad__Event__V1__Incident *gad_incident_message(const struct gad_incident *i,
                                                 struct gad_packed_incident *memory);
Ganad__Event__V1__Limit *gad_limit_message(const struct gad_limit_event *l,
                                           struct gad_packed_limit *memory);

/* False: an impossible value. */
bool gad_incident_take(struct gad_incident *i, const Ganad__Event__V1__Incident *m);
bool gad_limit_take(struct gad_limit_event *l, const Ganad__Event__V1__Limit *m);
