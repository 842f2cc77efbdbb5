/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Capture files to records, the whole way: frames, packets, connections, records, windows. For tools and tests;
 * a live sensor walks the same way with its halves on two threads.
 *
 * A lane is one place that was captured: files that follow each other, with connections going on from one to the
 * next. Several lanes are several places at the same time, and their records are put in order of time before the
 * windows look at them (lib/record/merge.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"
#include "lib/record/record.h"

struct gad_diag;
struct gad_extractor;
struct gad_file_begun;

struct gad_extractor_options {
    struct gad_decoder_options decoder; /* its seed is not looked at */
    struct gad_flow_options flow;       /* nor is its hash_key */
    const char *filter;                 /* pcap-filter(7), or NULL */
    const char *services;               /* gad_services_map(), or NULL */
    bool community_id;
    uint16_t community_seed;
};

struct gad_extractor_options gad_extractor_defaults(void);

/* @decided: what windows and order go by. A negative value ends the extraction. */
typedef int gad_record_fn(void *arg, struct gad_time decided, const struct gad_record *r);

/**
 * gad_extractor_new() - for so many lanes, 1 .. GAD_MERGE_SOURCES_MAX
 * Return: 0; GAD_EINVAL for an option out of range; what gad_services_map() says; GAD_ENOMEM.
 */
int gad_extractor_new(const struct gad_extractor_options *opt, size_t n_lanes,
                      struct gad_extractor **ret, struct gad_diag *d) GAD_MUST_CHECK;
void gad_extractor_free(struct gad_extractor *x);
GAD_DEFINE_CLEANUP(struct gad_extractor, gad_extractor_free);

/**
 * gad_extractor_add() - one more file for a lane, before the first step
 * @path:     "-" is the standard input; copied
 * @optional: if it is no capture, it is passed over with a warning, and if it is broken further on, so is the rest
 */
int gad_extractor_add(struct gad_extractor *x, size_t lane, const char *path,
                      bool optional) GAD_MUST_CHECK;

/* The same of a file that is open, and not optional. */
int gad_extractor_add_begun(struct gad_extractor *x, size_t lane,
                            const struct gad_file_begun *f) GAD_MUST_CHECK;

/**
 * gad_extractor_step() - some frames more, of the lane that the others wait for
 * @fn: gets the records that are known by then
 * @d:  with GAD_MORE it may hold a warning: a file was cut off, or passed over
 *
 * Return: GAD_MORE: come again; GAD_END: all has been read and given; what fn returned; a negative error: a file
 * cannot be read, or GAD_ENOMEM. After anything but GAD_MORE only gad_extractor_free() makes sense.
 */
int gad_extractor_step(struct gad_extractor *x, gad_record_fn *fn, void *arg,
                       struct gad_diag *d) GAD_MUST_CHECK;

struct gad_extractor_stats {
    uint64_t files;
    uint64_t files_cut; /* of these: that end too early, or are broken from somewhere on */
    uint64_t files_passed_over;
    uint64_t records;
};

struct gad_extractor_stats gad_extractor_stats(const struct gad_extractor *x);

/* A lane's own counters; copies, summed over its files. */
struct gad_net_stats gad_extractor_net(const struct gad_extractor *x, size_t lane);
struct gad_flow_counters gad_extractor_flow(const struct gad_extractor *x, size_t lane);
