/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An incident: anomalous records that belong together, as an alert reports it. A value.
 *
 * Its records share a source (a scan, a sweep, guessing), a target (a distributed flood, forged
 * sources), or a service and a cause in the whole network. All of them have the same nature.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/time.h"

struct gad_record;

enum gad_incident_state {
    GAD_INCIDENT_NONE, /* the alert is of one record and belongs to no incident */
    GAD_INCIDENT_OPEN, /* the first alert of the incident */
    GAD_INCIDENT_UPDATE,
    GAD_INCIDENT_CLOSED, /* no such record came for some time; the last alert of the incident */
    GAD_N_INCIDENT_STATES
};

/* What the records share. */
enum gad_line {
    GAD_LINE_NONE,
    GAD_LINE_PAIR,    /* source and target, so far */
    GAD_LINE_SOURCE,  /* one source, several targets */
    GAD_LINE_TARGET,  /* one target, several sources */
    GAD_LINE_NETWORK, /* neither: service and cause */
    GAD_N_LINES
};

/* What a record is, from its values alone; a later one is graver. Records of different natures
 * share no incident. */
enum gad_nature {
    GAD_NATURE_NONE,
    GAD_NATURE_PROBE,     /* TCP or UDP; the target sent no payload, the source less than 1 MiB */
    GAD_NATURE_ICMP,      /* ICMP messages, less than 1 MiB */
    GAD_NATURE_MALFORMED, /* wrong fragments, urgent data, source and target are the same */
    GAD_NATURE_TRAFFIC,   /* any other exchange */
    GAD_NATURE_LOGIN,     /* failed logins, or a guest login */
    GAD_NATURE_CONTENT,   /* payload shows a shell, root, files, hot indicators */
    GAD_NATURE_HOST,      /* of an unusual source host: no record of it need be anomalous */
    GAD_N_NATURES
};

/* What it looks like. A hint for people from a table over the numbers (hint.c), not a finding. */
enum gad_hint {
    GAD_HINT_NONE,
    GAD_HINT_FLOOD,
    GAD_HINT_SCAN,     /* many ports */
    GAD_HINT_SWEEP,    /* many targets */
    GAD_HINT_GUESSING, /* failed logins */
    GAD_HINT_GUESSED,  /* failed logins, then one that succeeded */
    GAD_HINT_CONTENT,  /* unusual content */
    GAD_HINT_VOLUME,   /* unusual volume or duration */
    GAD_HINT_SERVICE,  /* unusual service */
    GAD_HINT_MALFORMED,
    GAD_HINT_BEACON, /* one target at regular intervals */
    GAD_HINT_TUNNEL, /* large DNS or ICMP messages to one target */
    GAD_HINT_HOST,   /* an unusual host, otherwise */
    GAD_N_HINTS
};

/* What is unusual about a source host, of an incident of nature host. The numbers never change. */
enum gad_sign {
    GAD_SIGN_NONE,
    GAD_SIGN_FAILED,      /* targets that did not answer, within an hour */
    GAD_SIGN_FAILED_SLOW, /* the same, within 12 hours */
    GAD_SIGN_PORTS,       /* ports that did not answer, within an hour */
    GAD_SIGN_TARGETS,     /* targets within an hour */
    GAD_SIGN_RARITY,      /* sum of -ln p over its last records with different targets and ports */
    GAD_SIGN_BEACON,      /* s: the interval at which it contacts one target */
    GAD_SIGN_TUNNEL,      /* bytes beyond the usual size of DNS or ICMP messages, to one target */
    GAD_SIGN_UPLOAD,      /* bytes to one target, within hours */
    GAD_SIGN_GUESSING,    /* failed or short logins at one target, within hours */
    GAD_N_SIGNS
};

/* A sign of a host that is above what is usual. */
struct gad_unusual {
    enum gad_sign sign;
    double value;   /* of the host */
    double usual;   /* few hosts of this network have more; 0: not known */
    double p_value; /* share of hours of hosts with such a value, extrapolated */
};

enum { GAD_INCIDENT_TOP = 5, GAD_UNUSUAL_MAX = 3 };

/* A number of different things: exact to 32, beyond it an estimate with the standard error
 * GAD_DISTINCT_ERROR. */
struct gad_distinct {
    uint64_t n;
    bool is_estimate;
};
#define GAD_DISTINCT_ERROR 0.033

struct gad_host_count {
    uint8_t family; /* 4, 6 */
    uint8_t address[16];
    uint64_t count; /* records; beyond 32 different hosts a lower bound */
};

struct gad_port_count {
    uint16_t port;
    uint64_t count;
};

struct gad_incident {
    uint64_t number; /* with sensor and run it is the incident's id; 0: no incident */
    enum gad_incident_state state;
    enum gad_line line;
    enum gad_nature nature;
    enum gad_hint hint;
    /* of all its records: packet time, or wall clock for records of clients */
    struct gad_time first, last;
    uint64_t records;    /* so far; those of this alert are gad_alert.count */
    uint64_t bystanders; /* records of others whose anomaly the incident caused, not in records */
    uint64_t logins;     /* records that logged in */
    bool succeeded;      /* a login after failed ones, or a root shell */
    uint64_t src_bytes, dst_bytes;
    struct gad_distinct sources, targets, ports; /* 0: not known */
    struct gad_distinct answered;                /* targets that sent payload or accepted */
    size_t n_source, n_target, n_port;
    struct gad_host_count source[GAD_INCIDENT_TOP], target[GAD_INCIDENT_TOP];
    struct gad_port_count port[GAD_INCIDENT_TOP]; /* of the targets */
    bool may_be_forged; /* of nature host: its source completed no handshake for a day */
    size_t n_unusual;   /* of nature host, else 0 */
    struct gad_unusual unusual[GAD_UNUSUAL_MAX]; /* the rarest first */
};

const char *gad_incident_state_name(enum gad_incident_state s); /* "open", "update", "closed" */
const char *gad_line_name(enum gad_line l);     /* "pair", "source", "target", "network" */
const char *gad_nature_name(enum gad_nature n); /* "probe", "icmp", ... */
const char *gad_hint_name(enum gad_hint h);     /* "flood", "scan", ... */
const char *gad_sign_name(enum gad_sign s);     /* "failed_targets", "beacon", ... */

/* Number of the hint's signature in EVE and ECS, from 1; it never changes. */
unsigned gad_hint_signature(enum gad_hint h);

/* "a flood", "a scan", ..., after "looks like"; "": none. */
const char *gad_hint_phrase(enum gad_hint h);

enum gad_nature gad_nature_of(const struct gad_record *r);

/* The hint of an incident, or of a single record (records = 1), with @cause, the column of the top
 * feature (GAD_N_COLUMNS: not known). */
enum gad_hint gad_hint_of(const struct gad_incident *i, unsigned cause);
