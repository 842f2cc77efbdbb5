/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lib/event/codec.h"

static bool take_number(uint64_t *to, uint64_t from)
{
    *to = from;
    return from <= INT64_MAX;
}

static bool take_distinct(struct gad_distinct *to, const Ganad__Event__V1__Distinct *m)
{
    if (!m)
        return true; /* not known */
    to->is_estimate = m->is_estimate;
    return take_number(&to->n, m->n);
}

static bool take_hosts(struct gad_host_count *to, size_t *ret_n, size_t max,
                       Ganad__Event__V1__HostCount *const *from, size_t n)
{
    if (n > max)
        return false;
    for (size_t i = 0; i < n; i++) {
        if ((from[i]->ip.len != 4 && from[i]->ip.len != 16) ||
            !take_number(&to[i].count, from[i]->count))
            return false;
        to[i].family = from[i]->ip.len == 4 ? 4 : 6;
        memcpy(to[i].address, from[i]->ip.data, from[i]->ip.len);
    }
    *ret_n = n;
    return true;
}

static bool take_ports(struct gad_incident *to, const Ganad__Event__V1__Incident *m)
{
    if (m->n_port > GAD_INCIDENT_TOP)
        return false;
    for (size_t i = 0; i < m->n_port; i++) {
        if (m->port[i]->port > 65535 || !take_number(&to->port[i].count, m->port[i]->count))
            return false;
        to->port[i].port = (uint16_t)m->port[i]->port;
    }
    to->n_port = m->n_port;
    return true;
}

static bool is_number(double v)
{
    return isfinite(v) && v >= 0;
}

static bool take_unusual(struct gad_incident *to, const Ganad__Event__V1__Incident *m)
{
    if (m->n_unusual > GAD_UNUSUAL_MAX)
        return false;
    for (size_t i = 0; i < m->n_unusual; i++) {
        const Ganad__Event__V1__Unusual *u = m->unusual[i];
        if (u->sign == GAD_SIGN_NONE || u->sign >= GAD_N_SIGNS || !is_number(u->value) ||
            !is_number(u->usual) || !is_number(u->p_value) || u->p_value > 1)
            return false;
        to->unusual[i] =
            (struct gad_unusual){(enum gad_sign)u->sign, u->value, u->usual, u->p_value};
    }
    to->n_unusual = m->n_unusual;
    to->may_be_forged = m->may_be_forged;
    return true;
}

static bool take_numbers(struct gad_incident *to, const Ganad__Event__V1__Incident *m)
{
    to->first.ns = m->first_ns;
    to->last.ns = m->last_ns;
    to->succeeded = m->succeeded;
    return take_number(&to->number, m->number) && take_number(&to->records, m->records) &&
           take_number(&to->bystanders, m->bystanders) && take_number(&to->logins, m->logins) &&
           take_number(&to->src_bytes, m->src_bytes) && take_number(&to->dst_bytes, m->dst_bytes);
}

bool gad_incident_take(struct gad_incident *i, const Ganad__Event__V1__Incident *m)
{
    if (m->number == 0 || m->state == GAD_INCIDENT_NONE || m->state >= GAD_N_INCIDENT_STATES ||
        m->line >= GAD_N_LINES || m->nature >= GAD_N_NATURES || m->hint >= GAD_N_HINTS)
        return false;
    i->state = (enum gad_incident_state)m->state;
    i->line = (enum gad_line)m->line;
    i->nature = (enum gad_nature)m->nature;
    i->hint = (enum gad_hint)m->hint;
    return take_numbers(i, m) && take_distinct(&i->sources, m->sources) &&
           take_distinct(&i->targets, m->targets) && take_distinct(&i->ports, m->ports) &&
           take_distinct(&i->answered, m->answered) &&
           take_hosts(i->source, &i->n_source, GAD_INCIDENT_TOP, m->source, m->n_source) &&
           take_hosts(i->target, &i->n_target, GAD_INCIDENT_TOP, m->target, m->n_target) &&
           take_ports(i, m) && take_unusual(i, m);
}

bool gad_limit_take(struct gad_limit_event *l, const Ganad__Event__V1__Limit *m)
{
    l->period.ns = m->period_ns;
    if (m->n_cause > GAD_LIMIT_TOP)
        return false;
    for (size_t i = 0; i < m->n_cause; i++) {
        if (m->cause[i]->hint >= GAD_N_HINTS ||
            !take_number(&l->cause[i].count, m->cause[i]->count))
            return false;
        l->cause[i].hint = (enum gad_hint)m->cause[i]->hint;
    }
    l->n_cause = m->n_cause;
    return take_number(&l->high, m->high) && take_number(&l->medium, m->medium) &&
           take_number(&l->low, m->low) &&
           take_hosts(l->source, &l->n_source, GAD_LIMIT_TOP, m->source, m->n_source);
}
