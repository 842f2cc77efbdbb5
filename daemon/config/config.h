/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The configuration: an INI file and, after it, the files FILE.d/<*>.conf in the order of their
 * names; a later file overrides an earlier one. The table in keys.c is the reference for all keys:
 * loading, --dump-config, the shipped ganadd.conf and the manual are checked against it. An unknown
 * key, a wrong type, a value out of range, or a key given twice in one file is an error with its
 * place: "FILE:12: key 'x': reason; did you mean 'y'?".
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_buf;
struct gad_diag;

#define CONFIG_FILE "/etc/ganad/ganadd.conf"

enum {
    CONFIG_MODELS_MAX = 16,
    CONFIG_CAPTURES_MAX = 64, /* the limit of the merge */
    CONFIG_OUTPUTS_MAX = 15,  /* each has a cursor in the spool */
    CONFIG_CLIENTS_MAX = 64,  /* of [scoring] tls */
    CONFIG_NAME_MAX = 40,     /* bytes of the name of a model, capture or output, without the NUL */
    CONFIG_FILE_MAX = 1 << 20,
    CONFIG_SHADOWS_MAX = 4, /* models that only score what others score */
    CONFIG_DROP_INS_MAX = 256,
};

/* A value as written, for --dump-config. */
struct config_value {
    char *text;    /* owned; the text fields below point to it */
    char *file;    /* owned; NULL: the default */
    unsigned line; /* in file */
};

struct config_model {
    char name[CONFIG_NAME_MAX + 1];
    const char *checkpoint;
    double fpr_budget;
    double threshold; /* NaN: from fpr_budget */
    uint64_t top_features;
    double search_rate;
    uint64_t search_steps;
    uint64_t minimum_version; /* 0: any, also none */
    uint64_t memo;            /* bytes; 0: none */
    const char *networks;     /* as daemon/config/networks.h reads them */
    bool shadow;
    struct config_value *value; /* one a key of the table */
};

/* A packet source: an interface, a file or a directory of files. */
struct config_capture {
    char name[CONFIG_NAME_MAX + 1];
    /* at most one is not ""; if all are "", the section is not used */
    const char *interface, *file, *directory;
    const char *filter, *checksums, *tunnel_kinds, *detect;
    const char *vxlan_ports, *geneve_ports, *gtp_ports;
    uint64_t snaplen, buffer, tunnels, max_flows, inspect_memory, inspect_bytes;
    bool promiscuous, by_vlan, watch, recursive, delete_done;
    struct gad_time poll, settle, patience, udp_answered, interim;
    struct gad_time tcp_idle, tcp_half_open, tcp_close, udp_idle, linger;
    struct config_value *value; /* one a key of the table */
};

/* A receiver of events. */
struct config_output {
    char name[CONFIG_NAME_MAX + 1];
    const char *type, *to, *format, *framing, *events, *severity;
    const char *ca, *server_name, *certificate, *key;
    bool syslog;
    uint64_t rate, replay, length, file_size, files, facility, enterprise;
    struct gad_time replay_time, connect_timeout, stall_timeout, resolve_interval;
    struct config_value *value; /* one a key of the table */
};

/* A scoring client that a certificate identifies. */
struct config_client {
    char name[CONFIG_NAME_MAX + 1];
    const char *names; /* as daemon/config/clients.h reads them */
    uint64_t connections, in_flight, records, rate;
    struct config_value *value; /* one a key of the table */
};

/* The formats of lib/event, for the table of keys; a unit test compares them. */
#define CONFIG_FORMATS "json|eve|ecs|ocsf|cef|leef|syslog|journal"

/* Which signatures of models are required. */
struct config_trust {
    bool require_signature, bind;
    const char *keys; /* a directory */
    const char *versions;
};

struct config_records {
    const char *services, *file, *format;
    bool connection, score, clients;
    uint64_t community_id_seed, file_size, files;
};

/* A text is "" if its feature is off. */
struct config {
    struct config_trust trust;
    struct {
        const char *sensor, *user, *log_level;
        struct gad_time stop_timeout;
    } ganadd;
    struct {
        const char *unix_path, *tcp, *group;
        uint32_t mode;
        uint64_t max_clients, in_flight, packed_frame_max, client_memory, client_output, job_memory;
        struct gad_time idle_timeout, frame_timeout;
        const char *tls, *certificate, *key, *ca, *crl;
        uint64_t handshakes;
        struct gad_time handshake_timeout;
    } scoring;
    struct {
        const char *unix_path, *group, *admin_group;
        uint32_t mode;
        uint64_t max_clients;
        struct gad_time tail_idle;
    } control;
    struct {
        const char *unix_path, *tcp, *group;
        uint32_t mode;
        bool open, page;
    } metrics;
    struct {
        struct gad_time rollup, idle, heartbeat, stats;
        uint64_t rollup_keys, rate;
        const char *suppress, *feedback;
    } alerts;
    struct {
        bool watch;
        double budget;
        uint64_t hosts, records, least_hosts, least_records;
        struct gad_time after;
        const char *state;
    } host;
    struct {
        double threshold;
        uint64_t window, rate;
    } drift;
    struct {
        struct gad_time after;
        uint64_t least;
        bool adapt;
        double step, most;
        const char *state;
    } budget;
    struct {
        const char *directory, *ring;
        uint64_t ring_size, snaplen, connection_bytes;
        uint64_t quota, files, incident_packets, incident_bytes, rate;
    } evidence;
    struct {
        const char *directory, *sync;
        uint64_t quota, segment;
        struct gad_time interval;
    } spool;
    struct config_records records;
    struct {
        const char *mode, *directory;
        uint64_t days, records, size;
    } learning;
    size_t n_captures;
    struct config_capture capture[CONFIG_CAPTURES_MAX]; /* in the order of the files */
    size_t n_outputs;
    struct config_output output[CONFIG_OUTPUTS_MAX]; /* in the order of the files */
    size_t n_clients;
    struct config_client client[CONFIG_CLIENTS_MAX]; /* in the order of the files */
    size_t n_models;
    /* in the order of the files; the first is the default */
    struct config_model model[CONFIG_MODELS_MAX];

    char *file;                 /* the main file's name */
    struct config_value *value; /* one a key of the table */
};

/**
 * config_load() - reads a file and its drop-ins
 * Returns 0, or an error with the file, line, key and reason in @d.
 */
int config_load(const char *file, struct config **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* The same from memory, with @name in messages; no drop-ins. */
int config_parse(const char *name, const char *text, size_t len, struct config **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;

/**
 * config_read_files() - replaces the captures by these files and turns sockets off; for ganadd -r
 * @file: (n), "-" is the standard input, a directory is read once; the pointers are kept
 *
 * The settings come from the configuration's capture section, if it has one: the only one that
 * names a source or, if none does, the only one. Without an output, alerts go to the standard
 * output.
 */
int config_read_files(struct config *c, const char *const *file, size_t n,
                      struct gad_diag *d) GAD_MUST_CHECK;

/*
 * Checks that there is an input, and that no file or socket is used twice. To be called after
 * config_read_files().
 */
int config_check_input(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;

static inline bool config_capture_is_used(const struct config_capture *p)
{
    return *p->interface != '\0' || *p->file != '\0' || *p->directory != '\0';
}

static inline bool config_client_is_used(const struct config_client *s)
{
    return *s->names != '\0';
}

/* Parses "alert, loss" into a set of 1 << enum gad_event_kind. */
int config_event_kinds(const char *text, unsigned *ret, struct gad_diag *d) GAD_MUST_CHECK;

size_t config_n_captures_used(const struct config *c);
bool config_is_live(const struct config *c); /* whether it captures on an interface */

void config_free(struct config *c);
GAD_DEFINE_CLEANUP(struct config, config_free);

struct config_entry {
    const char *section, *name, *key; /* name: of [section name]; "" for a section without a name */
    const char *text;
    const char *file; /* NULL: the default */
    unsigned line;
    bool is_unused; /* another key overrides it */
};

typedef void config_entry_fn(void *arg, const struct config_entry *e);

/*
 * Calls @fn for each value in use, section by section: @start is the configuration of the start,
 * @now the latest one.
 */
void config_walk(const struct config *start, const struct config *now, config_entry_fn *fn,
                 void *arg);

/* Writes every value in the format of a configuration file, each with its source. */
void config_dump(const struct config *c, struct gad_buf *out);
