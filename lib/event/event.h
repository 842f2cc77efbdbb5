/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What ganadd tells a SIEM: alerts, and that it lives, what it counts, which models it uses, and what was lost on the way. An event is a
 * value; copying it copies everything. In the spool it is a protobuf message (proto/event.proto), on the way out a
 * line of one of the formats (format.h).
 *
 * An event has an identity: sensor, run and sequence number. Sequence numbers are the spool's: 1, 2, ..., rising for as
 * long as the spool exists, one an event; so a receiver sees by them that something is missing, and that something
 * comes a second time. A loss has no number of its own, it is told to each output by itself.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/time.h"
#include "lib/record/reason.h"
#include "lib/record/record.h"

struct gad_buf;
struct gad_diag;

/* Kinds of records in the spool; 0 is none. */
enum gad_event_kind {
    GAD_EVENT_ALERT = 1,
    GAD_EVENT_HEARTBEAT = 2,
    GAD_EVENT_STATS = 3,
    GAD_EVENT_LOSS = 4, /* never in the spool */
    /* 5 is not used */
    GAD_EVENT_MODEL = 6,
    GAD_N_EVENTS
};

enum {
    GAD_EVENT_NAME =
        72, /* bytes of a sensor's, model's, capture's, interface's or output's name, with its NUL */
    GAD_EVENT_SHA256 = 65, /* in hex, with its NUL */
    GAD_EVENT_REASON = 320,
    GAD_EVENT_COUNTERS = 64,
    GAD_EVENT_COUNTER_NAME = 40,
    GAD_EVENT_ID_TEXT = GAD_EVENT_NAME + 64,
    GAD_EVENT_PACKED_MAX = 8 << 10, /* bytes of a message in the spool */
};

enum gad_severity { GAD_SEVERITY_HIGH = 1, GAD_SEVERITY_MEDIUM = 2, GAD_SEVERITY_LOW = 3 };

struct gad_alert {
    struct gad_record record;       /* the first of those that it stands for */
    char source[GAD_EVENT_NAME];    /* the capture's name; "": a client sent the record */
    char interface[GAD_EVENT_NAME]; /* the capture's; "": none */

    char model[GAD_EVENT_NAME];
    char model_sha256[GAD_EVENT_SHA256];
    float score, threshold; /* anomalous: score > threshold */
    double p_value;         /* share of normal records that score at least as high */
    double fpr_budget;      /* 0: the threshold was given outright */
    unsigned risk;          /* 0 .. 100 */
    unsigned severity;      /* enum gad_severity */
    size_t n_top;
    struct gad_reason top[GAD_N_COLUMNS]; /* (n_top), largest share first */

    uint64_t count; /* anomalous records that this alert stands for, at least 1 */
    struct gad_time first,
        last; /* the first and the last of them: packet time, of clients' the wall clock */
};

/* Events first .. last were lost, in the spool or before it; or no event ever had these numbers (unused). */
struct gad_loss {
    uint64_t first, last;
    bool at_most; /* power went, and some of these numbers may never have been an event */
    char output[GAD_EVENT_NAME]; /* the output that it is reported to */
    bool unused;                 /* the numbers were skipped after a crash: nothing was lost */
};

struct gad_heartbeat {
    char version[GAD_EVENT_NAME];
    struct gad_time uptime, interval; /* interval: the next one is due then */
    uint64_t records, alerts;         /* scored and raised in this run */
};

/* In an event no two have the same name, and none is called "uptime", "seq" or "prev_seq", which formats add. */
struct gad_counter {
    char name[GAD_EVENT_COUNTER_NAME];
    uint64_t value;
};

struct gad_stats_event {
    struct gad_time uptime;
    size_t n;
    struct gad_counter counter[GAD_EVENT_COUNTERS]; /* (n) */
};

/* Models were changed, or were to be; or what they score is no longer like what they were trained on. */
struct gad_model_event {
    char action
        [16]; /* "loaded" (another checkpoint), "rolled-back", "added", "removed", "refused"; "drifted", "settled" */
    char model
        [GAD_EVENT_NAME]; /* its name in the configuration; refused: "" if it was all of them */
    char model_sha256[GAD_EVENT_SHA256];    /* that scores now; "": none, or not known */
    char previous_sha256[GAD_EVENT_SHA256]; /* that did before; "": none */
    char reason[GAD_EVENT_REASON]; /* why it was refused, or how far what has drifted; else "" */
};

struct gad_event {
    enum gad_event_kind kind;
    char sensor
        [GAD_EVENT_NAME]; /* printable, as all texts here; a format escapes whatever it is given */
    uint64_t run;         /* random, of the run of the daemon that made it */
    uint64_t seq;         /* 0: none (loss) */
    bool filtered; /* the output does not send every event: prev_seq is written; not in the spool */
    uint64_t prev_seq; /* of the event that the output had to send before this one; 0: not known */
    struct gad_time time; /* wall clock */
    union {
        struct gad_alert alert;
        struct gad_loss loss;
        struct gad_heartbeat heartbeat;
        struct gad_stats_event stats;
        struct gad_model_event model;
    };
};

const char *
gad_event_kind_name(enum gad_event_kind k); /* "alert", "heartbeat", "stats", "loss", "model" */
uint64_t
gad_loss_count(const struct gad_loss *l); /* events that were lost: 0 if the numbers were unused */
bool gad_loss_is_real(const struct gad_event *e);  /* an event that some were lost */
bool gad_model_refused(const struct gad_event *e); /* an event that a model was refused */
bool gad_model_warns(const struct gad_event *e);   /* that, or that it has drifted */
const char *gad_severity_name(unsigned severity);  /* "high", "medium", "low" */
const char *gad_ip_proto_name(uint8_t proto, char text[static 8]); /* "TCP", "IPv6-ICMP", "47" */

/* "SENSOR-RUN-SEQ", of a loss "SENSOR-RUN-loss-FIRST-LAST"; the same event has the same id at every output and for
 * ever. */
void gad_event_id(const struct gad_event *e, char text[static GAD_EVENT_ID_TEXT]);

unsigned gad_event_priority(const struct gad_event *e); /* of syslog: 1 alert .. 6 informational */

/* MESSAGE_ID of each kind of event in the journal: 128 bits in hex, which never change. systemd/ganad.catalog has a text
 * for each. */
#define GAD_MESSAGE_ID_ALERT     "5b0a3f2c7d9e4c1e8f64a1d2b37c9e01"
#define GAD_MESSAGE_ID_HEARTBEAT "5b0a3f2c7d9e4c1e8f64a1d2b37c9e02"
#define GAD_MESSAGE_ID_STATS     "5b0a3f2c7d9e4c1e8f64a1d2b37c9e03"
#define GAD_MESSAGE_ID_LOSS      "5b0a3f2c7d9e4c1e8f64a1d2b37c9e04"
#define GAD_MESSAGE_ID_MODEL     "5b0a3f2c7d9e4c1e8f64a1d2b37c9e06"

/* One sentence for people: "anomalous connection 192.0.2.4:51873 > 198.51.100.7:80 TCP http S0, risk 97: ...". */
enum { GAD_EVENT_SENTENCE = 512 };
void gad_event_sentence(const struct gad_event *e, char text[static GAD_EVENT_SENTENCE]);

/**
 * gad_alert_risk() - how rare among normal records, in 0 .. 100
 * @n_calibration: held-out normal rows behind the p-value, which is never below 1 / (n + 1)
 *
 * 100 * log(p) / log(1 / (n + 1)): 0 for what every normal record exceeds, 100 for what none of them
 * reached; with 100,000 rows each 20 points are a factor of ten.
 */
unsigned gad_alert_risk(double p_value, uint64_t n_calibration);
unsigned gad_alert_severity(unsigned risk);

/* The message, without the sequence number, at the end of @out. A loss is not packed. */
void gad_event_pack(const struct gad_event *e, struct gad_buf *out);

/**
 * gad_event_unpack() - the message of a record of the spool
 * @kind, @seq: the record's
 *
 * Everything is checked: lengths, ranges, legal features; no count is above INT64_MAX, which many readers of JSON hold. Return: 0; GAD_EFORMAT with a reason in @d (may be NULL);
 * GAD_EUNKNOWN: a kind of a later version; GAD_ENOMEM.
 */
int gad_event_unpack(unsigned kind, uint64_t seq, const uint8_t *p, size_t len,
                     struct gad_event *ret, struct gad_diag *d) GAD_MUST_CHECK;
