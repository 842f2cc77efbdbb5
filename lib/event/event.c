/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/event.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HIGH_FROM = 90, MEDIUM_FROM = 70 }; /* risk */

const char *gad_event_kind_name(enum gad_event_kind k)
{
    static const char *const names[GAD_N_EVENTS] = {
        [GAD_EVENT_ALERT] = "alert", [GAD_EVENT_HEARTBEAT] = "heartbeat",
        [GAD_EVENT_STATS] = "stats", [GAD_EVENT_LOSS] = "loss",
        [GAD_EVENT_MODEL] = "model", [GAD_EVENT_BLIND] = "blind",
        [GAD_EVENT_LIMIT] = "limit"};

    return k < GAD_N_EVENTS && names[k] ? names[k] : "";
}

uint64_t gad_loss_count(const struct gad_loss *l)
{
    return l->unused ? 0 : l->last - l->first + 1;
}

static bool loss_is_real(const struct gad_event *e)
{
    return e->kind == GAD_EVENT_LOSS && !e->loss.unused;
}

bool gad_model_refused(const struct gad_event *e)
{
    return e->kind == GAD_EVENT_MODEL && strcmp(e->model.action, "refused") == 0;
}

bool gad_model_warns(const struct gad_event *e)
{
    return gad_model_refused(e) ||
           (e->kind == GAD_EVENT_MODEL && (strcmp(e->model.action, "drifted") == 0 ||
                                           strcmp(e->model.action, "over_budget") == 0));
}

bool gad_capture_is_blind(const struct gad_event *e)
{
    return e->kind == GAD_EVENT_BLIND && strcmp(e->blind.action, "cleared") != 0;
}

bool gad_event_warns(const struct gad_event *e)
{
    return loss_is_real(e) || gad_model_warns(e) || gad_capture_is_blind(e) ||
           e->kind == GAD_EVENT_LIMIT;
}

const char *gad_feedback_name(enum gad_feedback_state s)
{
    return s == GAD_FEEDBACK_FALSE ? "false" : s == GAD_FEEDBACK_TRUE ? "true" : "";
}

const char *gad_severity_name(unsigned severity)
{
    return severity <= GAD_SEVERITY_HIGH     ? "high"
           : severity == GAD_SEVERITY_MEDIUM ? "medium"
                                             : "low";
}

const char *gad_ip_proto_name(uint8_t proto, char text[static 8])
{
    switch (proto) {
    case GAD_IP_TCP:
        return "TCP";
    case GAD_IP_UDP:
        return "UDP";
    case GAD_IP_ICMP:
        return "ICMP";
    case GAD_IP_ICMP6:
        return "IPv6-ICMP";
    default:
        (void)snprintf(text, 8, "%u", (unsigned)proto);
        return text;
    }
}

void gad_incident_id(const struct gad_event *e, char text[static GAD_EVENT_ID_TEXT])
{
    *text = '\0';
    if (e->kind == GAD_EVENT_ALERT && e->alert.incident.number != 0)
        (void)snprintf(text, GAD_EVENT_ID_TEXT, "%s-%016" PRIx64 "-i%" PRIu64, e->sensor, e->run,
                       e->alert.incident.number);
}

void gad_event_id(const struct gad_event *e, char text[static GAD_EVENT_ID_TEXT])
{
    if (e->kind == GAD_EVENT_LOSS)
        (void)snprintf(text, GAD_EVENT_ID_TEXT, "%s-%016" PRIx64 "-loss-%" PRIu64 "-%" PRIu64,
                       e->sensor, e->run, e->loss.first, e->loss.last);
    else
        (void)snprintf(text, GAD_EVENT_ID_TEXT, "%s-%016" PRIx64 "-%" PRIu64, e->sensor, e->run,
                       e->seq);
}

unsigned gad_alert_risk(double p_value, uint64_t n_calibration)
{
    double least = 1.0 / ((double)n_calibration + 1.0);

    if (!(p_value < 1.0) || n_calibration == 0)
        return 0;
    if (p_value <= least)
        return 100;
    return (unsigned)lround(100.0 * log(p_value) / log(least));
}

unsigned gad_alert_severity(unsigned risk)
{
    return risk >= HIGH_FROM     ? GAD_SEVERITY_HIGH
           : risk >= MEDIUM_FROM ? GAD_SEVERITY_MEDIUM
                                 : GAD_SEVERITY_LOW;
}
