/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tests/unit/event/fixture.h"

static const struct gad_time now = {INT64_C(1795442709123456789)}; /* 2026-11-23T14:05:09 */

#define FILL(field, text) (void)snprintf((field), sizeof(field), "%s", (text))

struct gad_event fixture_incident(void)
{
    struct gad_event e = fixture_alert();
    struct gad_alert *a = &e.alert;

    a->p_extrapolated = true;
    a->packet = 4711;
    a->record.src_packets = 1;
    a->count = 500;
    FILL(a->client, "probe-3");
    FILL(a->file, "/var/lib/x.pcap");
    FILL(a->evidence, "/var/lib/7.pcapng");
    a->incident = (struct gad_incident){
        .number = 7,
        .state = GAD_INCIDENT_UPDATE,
        .line = GAD_LINE_TARGET,
        .nature = GAD_NATURE_PROBE,
        .hint = GAD_HINT_FLOOD,
        .first = {now.ns - INT64_C(24000000000)},
        .last = now,
        .records = 512820,
        .bystanders = 39,
        .sources = {256, true},
        .targets = {1, false},
        .ports = {1, false},
        .answered = {1, false},
        .src_bytes = 20512800,
        .n_source = 2,
        .n_target = 1,
        .n_port = 1,
        .source = {{4, {203, 0, 113, 7}, 2100}, {6, {0x20, 1, 0xd, 0xb8}, 1900}},
        .target = {{4, {198, 51, 100, 7}, 512820}},
        .port = {{80, 512820}}};
    return e;
}

struct gad_event fixture_limit(void)
{
    struct gad_event e = {
        .kind = GAD_EVENT_LIMIT, .sensor = "sensor-07", .run = 0xabc, .seq = 10, .time = now};

    e.limit = (struct gad_limit_event){.period = {INT64_C(60000000000)},
                                       .high = 12,
                                       .medium = 34567,
                                       .n_cause = 2,
                                       .cause = {{GAD_HINT_FLOOD, 34000}, {GAD_HINT_NONE, 579}},
                                       .n_source = 1,
                                       .source = {{4, {203, 0, 113, 7}, 30000}}};
    return e;
}
void fixture_long_incident(struct gad_incident *i)
{
    const struct gad_distinct many = {INT64_MAX, true};

    *i = (struct gad_incident){.number = INT64_MAX,
                               .state = GAD_INCIDENT_UPDATE,
                               .line = GAD_LINE_NETWORK,
                               .nature = GAD_NATURE_MALFORMED,
                               .hint = GAD_HINT_SWEEP,
                               .records = INT64_MAX,
                               .bystanders = INT64_MAX,
                               .logins = INT64_MAX,
                               .src_bytes = INT64_MAX,
                               .dst_bytes = INT64_MAX,
                               .sources = many,
                               .targets = many,
                               .ports = many,
                               .answered = many,
                               .n_source = GAD_INCIDENT_TOP,
                               .n_target = GAD_INCIDENT_TOP,
                               .n_port = GAD_INCIDENT_TOP};
    for (size_t k = 0; k < GAD_INCIDENT_TOP; k++) {
        i->source[k] = (struct gad_host_count){.family = 6, .count = INT64_MAX};
        memset(i->source[k].address, 0xf0 + (int)k, 16);
        i->target[k] = (struct gad_host_count){.family = 6, .count = INT64_MAX};
        memset(i->target[k].address, 0xe0 + (int)k, 16);
        i->port[k] = (struct gad_port_count){UINT16_MAX, INT64_MAX};
    }
}
