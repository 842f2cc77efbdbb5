/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The inside of the sensor: capture_merge_order.c goes from the captures' batches to records in order, sensor.c from there to
 * jobs and makes and ends it all.
 */

#include "daemon/ingest/capture_merge.h"
#include "daemon/score/job.h"

struct event;
struct gad_community_id;
struct gad_merge;
struct gad_merge_item;
struct gad_services;
struct gad_window;
struct job_pool;

enum { JOB_ROWS = 256 }; /* records of one job, at most */

struct place {
    struct capture_merge *sensor;
    struct capture *capture;
    struct event *filled;
    const struct config_capture *config;
    struct capture_stats stats;
    uint64_t records;
    bool has_ended, is_broken;
};

struct capture_merge {
    struct capture_merge_options o;
    struct gad_services *services;
    struct gad_community_id *id;
    struct gad_merge *merge; /* NULL: there are no captures */
    struct gad_window *window;
    struct job_pool *pool;
    struct event *again, *later;
    size_t in_flight, rows_in_flight; /* jobs, records */
    /* Jobs come back in the order in which they went, so that the next one's place is free. */
    struct job_origin (*origin)[JOB_ROWS]; /* (JOBS_CAPTURED) */
    size_t n_pushed;
    bool are_files, stopping, has_ended;
    size_t n;
    struct place place[]; /* (n) */
};

enum capture_merge_next { SENSOR_RECORD, SENSOR_WAIT, SENSOR_END };

/* The next record in order, with its window features; WAIT: a capture's event will come. */
enum capture_merge_next capture_merge_next(struct capture_merge *s, struct gad_merge_item *ret);

/* Nobody waits for captures that are idle, so somebody must look whether they have something again. True: one had.
 * Those that have nothing will wake the main loop. */
bool capture_merge_look_at_idle(struct capture_merge *s);
