/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/codec.h"

_Static_assert((int)GAD_LIMIT_TOP <= (int)GAD_INCIDENT_TOP, "a limit's sources fit");

static Ganad__Event__V1__Distinct *distinct_message(const struct gad_distinct *d,
                                                    Ganad__Event__V1__Distinct *m)
{
    ganad__event__v1__distinct__init(m);
    m->n = d->n;
    m->is_estimate = d->is_estimate;
    return m;
}

static Ganad__Event__V1__HostCount **hosts_message(const struct gad_host_count *host, size_t n,
                                                   struct gad_packed_hosts *to)
{
    for (size_t i = 0; i < n; i++) {
        ganad__event__v1__host_count__init(&to->host[i]);
        to->host[i].ip =
            (ProtobufCBinaryData){host[i].family == 4 ? 4 : 16, (void *)(uintptr_t)host[i].address};
        to->host[i].count = host[i].count;
        to->list[i] = &to->host[i];
    }
    return to->list;
}

static void set_ports(struct gad_packed_incident *to, const struct gad_incident *i)
{
    for (size_t k = 0; k < i->n_port; k++) {
        ganad__event__v1__port_count__init(&to->port[k]);
        to->port[k].port = i->port[k].port;
        to->port[k].count = i->port[k].count;
        to->ports_list[k] = &to->port[k];
    }
    to->message.n_port = i->n_port;
    to->message.port = to->ports_list;
}

static void set_unusual(struct gad_packed_incident *to, const struct gad_incident *i)
{
    for (size_t k = 0; k < i->n_unusual; k++) {
        Ganad__Event__V1__Unusual *m = &to->unusual[k];
        ganad__event__v1__unusual__init(m);
        m->sign = i->unusual[k].sign;
        m->value = i->unusual[k].value;
        m->usual = i->unusual[k].usual;
        m->p_value = i->unusual[k].p_value;
        to->unusual_list[k] = m;
    }
    to->message.n_unusual = i->n_unusual;
    to->message.unusual = to->unusual_list;
    to->message.may_be_forged = i->may_be_forged;
}

Ganad__Event__V1__Incident *gad_incident_message(const struct gad_incident *i,
                                                 struct gad_packed_incident *memory)
{
    Ganad__Event__V1__Incident *m = &memory->message;

    ganad__event__v1__incident__init(m);
    m->number = i->number;
    m->state = i->state;
    m->line = i->line;
    m->nature = i->nature;
    m->hint = i->hint;
    m->first_ns = i->first.ns;
    m->last_ns = i->last.ns;
    m->records = i->records;
    m->bystanders = i->bystanders;
    m->logins = i->logins;
    m->succeeded = i->succeeded;
    m->src_bytes = i->src_bytes;
    m->dst_bytes = i->dst_bytes;
    m->sources = distinct_message(&i->sources, &memory->sources);
    m->targets = distinct_message(&i->targets, &memory->targets);
    m->ports = distinct_message(&i->ports, &memory->ports);
    m->answered = distinct_message(&i->answered, &memory->answered);
    m->n_source = i->n_source;
    m->source = hosts_message(i->source, i->n_source, &memory->source);
    m->n_target = i->n_target;
    m->target = hosts_message(i->target, i->n_target, &memory->target);
    set_ports(memory, i);
    set_unusual(memory, i);
    return m;
}

Ganad__Event__V1__Limit *gad_limit_message(const struct gad_limit_event *l,
                                           struct gad_packed_limit *memory)
{
    Ganad__Event__V1__Limit *m = &memory->message;

    ganad__event__v1__limit__init(m);
    m->period_ns = l->period.ns;
    m->high = l->high;
    m->medium = l->medium;
    m->low = l->low;
    for (size_t i = 0; i < l->n_cause; i++) {
        ganad__event__v1__hint_count__init(&memory->cause[i]);
        memory->cause[i].hint = l->cause[i].hint;
        memory->cause[i].count = l->cause[i].count;
        memory->causes[i] = &memory->cause[i];
    }
    m->n_cause = l->n_cause;
    m->cause = memory->causes;
    m->n_source = l->n_source;
    m->source = hosts_message(l->source, l->n_source, &memory->source);
    return m;
}
