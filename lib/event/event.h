/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Events that ganadd reports to a SIEM: alerts, heartbeats, counters, changes of models, traffic
 * that it could not see, alerts beyond the rate, and losses on the way. An event is a value:
 * copying it copies everything. In the spool it is a protobuf message (proto/event.proto), at an
 * output a line of one of the formats (format.h).
 *
 * Sensor, run and sequence number identify an event. The spool numbers events 1, 2, ... for as long
 * as it exists, so a receiver detects missing events and duplicates. A loss has no number: each
 * output reports its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/time.h"
#include "lib/event/incident.h"
#include "lib/record/record.h"

struct gad_buf;
struct gad_diag;

/* Kinds of records in the spool; 0 is not a kind. */
enum gad_event_kind {
    GAD_EVENT_ALERT = 1,
    GAD_EVENT_HEARTBEAT = 2,
    GAD_EVENT_STATS = 3,
    GAD_EVENT_LOSS = 4, /* never in the spool */
    /* 5 is not used */
    GAD_EVENT_MODEL = 6,
    GAD_EVENT_BLIND = 7,
    GAD_EVENT_LIMIT = 8,
    GAD_N_EVENTS
};

enum {
    GAD_EVENT_NAME =
        72, /* bytes of the name of a sensor, model, capture, interface or output, with its NUL */
    GAD_EVENT_SHA256 = 65, /* in hex, with its NUL */
    GAD_EVENT_REASON = 400,
    GAD_EVENT_PATH = 256, /* bytes of a path, with its NUL; longer ones lose their beginning */
    GAD_EVENT_COUNTERS = 176,
    GAD_EVENT_COUNTER_NAME = 40,
    GAD_BLIND_COUNTERS = 16,
    GAD_EVENT_ID_TEXT = GAD_EVENT_NAME + 64,
    GAD_EVENT_PACKED_MAX = 12 << 10, /* bytes of a message in the spool */
};

enum gad_severity { GAD_SEVERITY_HIGH = 1, GAD_SEVERITY_MEDIUM = 2, GAD_SEVERITY_LOW = 3 };

/* What an operator says of an alert or its incident: expected traffic, or an attack. */
enum gad_feedback_state { GAD_FEEDBACK_NONE, GAD_FEEDBACK_FALSE, GAD_FEEDBACK_TRUE };

struct gad_alert {
    /* of the records that it reports, the one with the highest score */
    struct gad_record record;
    char source[GAD_EVENT_NAME];    /* the capture's name; "": a client sent the record */
    char interface[GAD_EVENT_NAME]; /* the capture's; "": not an interface */
    char client[GAD_EVENT_NAME];    /* that sent the record; "": it has no name, or a capture */
    char file[GAD_EVENT_PATH];      /* capture file of the connection's first packet; "": none */
    uint64_t packet;                /* number of that packet in the file, from 1; 0: not known */
    char evidence[GAD_EVENT_PATH];  /* file with the connection's packets; "": none */

    char model[GAD_EVENT_NAME];
    char model_sha256[GAD_EVENT_SHA256];
    float score, threshold; /* anomalous: score > threshold */
    double p_value;         /* share of held-out normal records that score at least as high */
    bool p_extrapolated;    /* fewer than one of these records would score as high */
    double fpr_budget;      /* 0: the operator configured the threshold */
    unsigned risk;          /* 0 .. 100 */
    unsigned severity;      /* enum gad_severity */
    size_t n_top;
    struct gad_reason top[GAD_N_COLUMNS]; /* (n_top), largest share first */

    /* anomalous records that this alert reports; 0: it closes an incident, or one succeeded */
    uint64_t count;
    /* times of the first and the last of them: packet time, or wall clock for a client's records */
    struct gad_time first, last;
    struct gad_incident incident;
    enum gad_feedback_state feedback; /* what an operator says of it */
};

enum { GAD_LIMIT_TOP = 5 };

/* Anomalous records that no alert reports, because alerts.rate was reached. */
struct gad_limit_event {
    struct gad_time period; /* since the first of them, or since the last such event */
    uint64_t high, medium, low;
    size_t n_cause, n_source;
    struct {
        enum gad_hint hint;
        uint64_t count;
    } cause[GAD_LIMIT_TOP];
    struct gad_host_count source[GAD_LIMIT_TOP];
};

/* Events first .. last were lost, in the spool or before it. If unused, no event ever had these
 * numbers. */
struct gad_loss {
    uint64_t first, last;
    bool at_most; /* power failed: some of these numbers may never have been given to an event */
    char output[GAD_EVENT_NAME]; /* the output that reports it */
    bool unused;                 /* the numbers were skipped after a crash: nothing was lost */
};

struct gad_heartbeat {
    char version[GAD_EVENT_NAME];
    struct gad_time uptime, interval; /* interval: time until the next heartbeat */
    uint64_t records, alerts;         /* scored and raised in this run */
};

/* Names are unique within an event. None is "uptime", "seq" or "prev_seq", which formats add. */
struct gad_counter {
    char name[GAD_EVENT_COUNTER_NAME];
    uint64_t value;
};

struct gad_stats_event {
    struct gad_time uptime;
    size_t n;
    struct gad_counter counter[GAD_EVENT_COUNTERS]; /* (n) */
};

/* Models were changed, a change was refused, or records drifted from the training data. */
struct gad_model_event {
    /* "loaded" (another checkpoint), "rolled-back", "added", "removed", "refused"; "drifted",
     * "settled"; "over_budget", "adapted" (the threshold) */
    char action[16];
    char model[GAD_EVENT_NAME]; /* its name in the configuration; "": all models were refused */
    /* of the checkpoint that scores now; "": unknown or not scoring */
    char model_sha256[GAD_EVENT_SHA256];
    char previous_sha256[GAD_EVENT_SHA256]; /* of the checkpoint before; "": no such checkpoint */
    /* why it was refused, what drifted how far, or the false alarms and the threshold; else "" */
    char reason[GAD_EVENT_REASON];
};

/* A capture could not see traffic, or can again. */
struct gad_blind_event {
    char action[16];             /* "blind", "cleared" */
    char source[GAD_EVENT_NAME]; /* the capture's name */
    /* of "blind": since the last such event, 0 if it is the first; of "cleared": since the first */
    struct gad_time period;
    size_t n;
    struct gad_counter counter[GAD_BLIND_COUNTERS]; /* (n), those that rose in this period */
};

struct gad_event {
    enum gad_event_kind kind;
    /* printable, as all texts here; formats escape any bytes nevertheless */
    char sensor[GAD_EVENT_NAME];
    uint64_t run;  /* random number of the daemon's run */
    uint64_t seq;  /* 0: a loss, which has no number */
    bool filtered; /* the output filters events, so that formats write prev_seq; not in the spool */
    uint64_t prev_seq;    /* of the event that the output sent before this one; 0: unknown */
    struct gad_time time; /* wall clock */
    union {
        struct gad_alert alert;
        struct gad_loss loss;
        struct gad_heartbeat heartbeat;
        struct gad_stats_event stats;
        struct gad_model_event model;
        struct gad_blind_event blind;
        struct gad_limit_event limit;
    };
};

/* "alert", "heartbeat", "stats", "loss", "model", "blind", "limit" */
const char *gad_event_kind_name(enum gad_event_kind k);
/* number of lost events; 0 if the numbers were unused */
uint64_t gad_loss_count(const struct gad_loss *l);
bool gad_model_refused(const struct gad_event *e); /* whether the event reports a refused model */
bool gad_model_warns(const struct gad_event *e);   /* a refused model, drift, a budget */
bool gad_capture_is_blind(const struct gad_event *e); /* whether it reports blindness */
bool gad_event_warns(const struct gad_event *e);      /* that, lost events, blindness or a limit */
const char *gad_feedback_name(enum gad_feedback_state s);          /* "", "false", "true" */
const char *gad_severity_name(unsigned severity);                  /* "high", "medium", "low" */
const char *gad_ip_proto_name(uint8_t proto, char text[static 8]); /* "TCP", "IPv6-ICMP", "47" */

/* ATT&CK technique of the alert's hint, "T1046"; "": none. */
const char *gad_alert_technique(const struct gad_alert *a);
const char *gad_technique_name(const char *id); /* "Network Service Discovery" */

/* "SENSOR-RUN-iNUMBER": the id of the alert's incident; "": none. */
void gad_incident_id(const struct gad_event *e, char text[static GAD_EVENT_ID_TEXT]);

/* "SENSOR-RUN-SEQ", for a loss "SENSOR-RUN-loss-FIRST-LAST". An event has the same id at every
 * output, permanently. */
void gad_event_id(const struct gad_event *e, char text[static GAD_EVENT_ID_TEXT]);

/* syslog severity: 1 alert .. 6 informational */
unsigned gad_event_priority(const struct gad_event *e);

/* MESSAGE_ID of each kind of event in the journal: 128 bits in hex, which never change.
 * systemd/ganad.catalog has a text for each. */
#define GAD_MESSAGE_ID_ALERT     "5b0a3f2c7d9e4c1e8f64a1d2b37c9e01"
#define GAD_MESSAGE_ID_HEARTBEAT "5b0a3f2c7d9e4c1e8f64a1d2b37c9e02"
#define GAD_MESSAGE_ID_STATS     "5b0a3f2c7d9e4c1e8f64a1d2b37c9e03"
#define GAD_MESSAGE_ID_LOSS      "5b0a3f2c7d9e4c1e8f64a1d2b37c9e04"
#define GAD_MESSAGE_ID_MODEL     "5b0a3f2c7d9e4c1e8f64a1d2b37c9e06"
#define GAD_MESSAGE_ID_BLIND     "5b0a3f2c7d9e4c1e8f64a1d2b37c9e07"
#define GAD_MESSAGE_ID_LIMIT     "5b0a3f2c7d9e4c1e8f64a1d2b37c9e08"

/* One sentence for people, of at most 35 words if it is about an alert: "203.0.113.7 tried 134
 * hosts on port 445; 2 answered; looks like a sweep". The words of other events can hold any
 * byte. */
enum { GAD_EVENT_SENTENCE = 512 };
void gad_event_sentence(const struct gad_event *e, char text[static GAD_EVENT_SENTENCE]);

/**
 * gad_alert_risk() - returns how rare a p-value is among normal records, in 0 .. 100
 * @n_calibration: held-out normal records behind the p-value
 *
 * 100 * log(p) / log(1 / (n + 1)): 0 if every normal record scores higher, 100 if none scores as
 * high, and so for every extrapolated p-value. It never falls as p falls. With 100,000 records, 20
 * points are a factor of ten.
 */
unsigned gad_alert_risk(double p_value, uint64_t n_calibration);
unsigned gad_alert_severity(unsigned risk);

/* Appends the message to @out, without the sequence number. The caller never packs a loss. */
void gad_event_pack(const struct gad_event *e, struct gad_buf *out);

/**
 * gad_event_unpack() - reads the message of a record of the spool
 * @kind, @seq: the record's
 *
 * Checks lengths, ranges and features. No count may exceed INT64_MAX, the limit of many JSON
 * readers.
 * Returns 0; GAD_EFORMAT with a reason in @d (may be NULL); GAD_EUNKNOWN: a kind of a later
 * version; GAD_ENOMEM.
 */
int gad_event_unpack(unsigned kind, uint64_t seq, const uint8_t *p, size_t len,
                     struct gad_event *ret, struct gad_diag *d) GAD_MUST_CHECK;
