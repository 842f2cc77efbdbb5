/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Capture files to records: frames, packets, connections, records, windows. For tools and tests; a
 * live sensor has the same steps, divided between two threads.
 *
 * A lane is one capture point: consecutive files, with connections that continue from one to the
 * next. Several lanes are several capture points at the same time; their records are put in order
 * of time before the windows see them (lib/record/merge.h).
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
    struct gad_decoder_options decoder; /* its seed is ignored */
    struct gad_flow_options flow;       /* its hash_key and ports are ignored */
    const char *filter;                 /* pcap-filter(7), or NULL */
    const char *services;               /* gad_services_map(), or NULL */
    bool community_id;
    uint16_t community_seed;
};

struct gad_extractor_options gad_extractor_defaults(void);

/* @decided: the time for windows and order. A negative return value ends the extraction. */
typedef int gad_record_fn(void *arg, struct gad_time decided, const struct gad_record *r);

/**
 * gad_extractor_new() - creates an extractor for n_lanes lanes, 1 .. GAD_MERGE_SOURCES_MAX
 * Return: 0; GAD_EINVAL for an option out of range; an error of gad_services_map(); GAD_ENOMEM.
 */
int gad_extractor_new(const struct gad_extractor_options *opt, size_t n_lanes,
                      struct gad_extractor **ret, struct gad_diag *d) GAD_MUST_CHECK;
void gad_extractor_free(struct gad_extractor *x);
GAD_DEFINE_CLEANUP(struct gad_extractor, gad_extractor_free);

/**
 * gad_extractor_add() - adds a file to a lane, before the first step
 * @path:     "-" is standard input; copied
 * @optional: a file that is not a capture is skipped with a warning, and counts as passed over; one
 *            that is not optional counts as failed
 */
int gad_extractor_add(struct gad_extractor *x, size_t lane, const char *path,
                      bool optional) GAD_MUST_CHECK;

/* The same for an open file, which is not optional. */
int gad_extractor_add_begun(struct gad_extractor *x, size_t lane,
                            const struct gad_file_begun *f) GAD_MUST_CHECK;

/**
 * gad_extractor_step() - reads some more frames, of the lane that the others wait for
 * @fn: called for each record that is complete by then
 * @d:  with GAD_MORE it can hold a warning: a file was truncated, damaged or skipped, or the filter
 *      took nothing because of VLAN tags
 *
 * Return: GAD_MORE: call again; GAD_END: all files were read and all records emitted; the value
 * that fn returned; a negative error: not a single file that is not optional could be read, or
 * GAD_ENOMEM. After any other value than GAD_MORE only gad_extractor_free() is allowed.
 */
int gad_extractor_step(struct gad_extractor *x, gad_record_fn *fn, void *arg,
                       struct gad_diag *d) GAD_MUST_CHECK;

struct gad_extractor_stats {
    uint64_t files;
    uint64_t files_cut;     /* of these: truncated */
    uint64_t files_damaged; /* of these: some of it could not be read */
    uint64_t files_failed;  /* not read at all */
    uint64_t files_passed_over;
    uint64_t records;
};

struct gad_extractor_stats gad_extractor_stats(const struct gad_extractor *x);

/* Returns a lane's counters, summed over its files. */
struct gad_net_stats gad_extractor_net(const struct gad_extractor *x, size_t lane);
struct gad_flow_counters gad_extractor_flow(const struct gad_extractor *x, size_t lane);
