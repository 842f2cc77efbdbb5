/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a source host has done lately, as a few numbers: its signs. Each is higher for what is less
 * usual. KDD99's columns look at a target or a service; these look at a source, over hours.
 *
 *     failed, failed_slow   targets that did not answer, in the last hour and in 12 hours
 *     ports                 ports without an answer, in the last hour
 *     targets               targets, in the last hour
 *     rarity                sum of the surprise of the last records, each target and port once
 *     beacon                how regularly one target is contacted, as a log-likelihood
 *     tunnel                bytes beyond the usual size in DNS or ICMP to one target, decaying
 *     upload                bytes to one target, decaying over hours
 *     guessing              failed logins and short sessions at one login service, decaying
 *
 * The surprise of a record is how rare its p-value is among those of all records here, as -ln, up
 * to HOST_SURPRISE_MAX. So a model that finds much anomalous makes no host unusual.
 *
 * Numbers of targets and ports are linear counts (Whang et al. 1990) over places with a time each.
 * All is of fixed size, and a record costs the same whatever the host did before.
 *
 * Each ICMP message is a record of its own. An echo request counts as not answered until its answer
 * comes, and other messages count for nothing.
 *
 * A source address can be forged where no handshake completes. So TCP counts for the last four
 * signs only after a handshake, and UDP and ICMP only with an answer. The first three count what
 * was not answered; `proven` says whether the host completed a handshake at all.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/alert/distinct.h"
#include "lib/base/time.h"
#include "lib/event/incident.h"

struct gad_record;

enum {
    HOST_RECORDS = 24, /* last records that are kept */
    HOST_PLACES = 64,  /* of a linear count */
    HOST_PAIRS = 32,   /* targets and ports with numbers of their own */
    HOST_POPULAR = 8192,
    HOST_RARE_BINS = 64,
};

/* What the signs need of a record. */
struct host_record {
    struct thing target;
    uint32_t second; /* when it was decided */
    float surprise;  /* -ln of the share of records here that are as rare */
    uint16_t port;
    uint8_t proto;
    bool failed;     /* it was not answered */
    bool is_two_way; /* TCP: completed its handshake; UDP, ICMP: an answer */
    bool is_echo;    /* ICMP: an echo request, or the answer to one */
};
#define HOST_SURPRISE_MAX 7.0F

/* A target and port of a host. */
struct host_pair {
    uint32_t tag;         /* of target, port and protocol; 0: free */
    uint32_t second;      /* of the last record */
    uint32_t taught;      /* of the last one that the median of sizes knows */
    int64_t start;        /* of the last beat, ns */
    float period, spread; /* mean interval, s; mean deviation as a part of it */
    float up, beyond, guesses;
    uint16_t records, intervals;
    bool is_known; /* its beat was seen while learning, or was reported */
};

struct host {
    struct thing address;
    struct gad_time first, proven; /* @proven: last completed handshake; 0: none */
    uint64_t records;
    uint8_t part;      /* enum host_part */
    uint8_t at;        /* of past: the next one */
    uint16_t reported; /* set of signs that were reported; host_watch.c's, as are the next ones */
    uint32_t reported_pair;
    uint32_t reported_second[GAD_N_SIGNS];
    uint32_t hour;            /* of most */
    float most[GAD_N_SIGNS];  /* of this hour, as host_level.h scales it */
    uint32_t day;             /* of today */
    float today[GAD_N_SIGNS]; /* highest values that count in the levels */
    float own[GAD_N_SIGNS];   /* what is usual for this host, or was reported */
    struct host_record past[HOST_RECORDS];
    uint16_t failed_at[HOST_PLACES], ports_at[HOST_PLACES], targets_at[HOST_PLACES];
    struct host_pair pair[HOST_PAIRS];
};

/* A target and port that several hosts use. */
struct host_popular {
    uint32_t tag, strength;
    uint64_t hosts; /* a bitmap of hashes */
};

/* What all hosts of a network share. */
struct host_usual {
    uint64_t secret[2];
    uint32_t epoch;   /* second of the first record */
    unsigned records; /* of rarity, at most HOST_RECORDS */
    /* how many records had -ln p in a bin; the surprise of each bin, refreshed now and then */
    uint32_t n_rare[HOST_RARE_BINS], n_fresh;
    float surprise[HOST_RARE_BINS];
    double hosts;  /* that are active, about */
    float size[2]; /* median bytes of a DNS and of an ICMP exchange, learned; 0: none yet */
    struct host_popular popular[HOST_POPULAR];
    uint64_t pairs_evicted, one_way;
};

/* The values of the signs after a record, and the pair that it belongs to. */
struct host_values {
    float v[GAD_N_SIGNS];
    struct host_pair *pair; /* NULL: none */
    size_t pair_at;         /* its place */
    struct host_record record;
};

/* Counts a record. @p: its p-value. @now: never moves backwards. */
void host_signs_add(struct host *h, struct host_usual *u, const struct gad_record *r, double p,
                    struct gad_time now, struct host_values *ret);

/* Forgets what is older than the longest window, which is due once an hour of a host. */
void host_signs_age(struct host *h, const struct host_usual *u, struct gad_time now);
