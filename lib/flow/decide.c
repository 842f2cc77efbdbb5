/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/decide.h"

enum { DNS = 53, NTP = 123 };

static uint16_t responder_port(const struct gad_flow *f)
{
    return (uint16_t)(f->orig_is_b ? f->key.rest : f->key.rest >> 16);
}

bool gad_flow_is_answered(const struct gad_flow *f)
{
    uint16_t port = responder_port(f);

    return (port == DNS || port == NTP) && f->packets[0] > 0 && f->packets[1] >= f->packets[0];
}

bool gad_flow_is_open(const struct gad_flow *f)
{
    return gad_flow_is_tcp(f) && f->timing == GAD_FLOW_IDLE && f->packets[0] > 1 &&
           f->packets[1] > 0;
}
