/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One packet source, and the thread that reads it: frames to packets to finished connections, which
 * go to the main loop in batches.
 *
 *     source -> decoder -> flow table -> batch -- filled --> main loop
 *                                          ^--- emptied ---
 *
 * There are CAPTURE_BATCHES batches; each has one owner at a time. When the main loop has all of
 * them, a file waits. An interface does not wait: its connections are lost and counted. Each batch
 * carries the counters of its source and the packet time that was reached, so an interface sends a
 * batch regularly even if it is empty.
 *
 * While an interface is idle or missing, its packet time advances with the clock. It is the time of
 * the last packet plus the time since then, less the time for which the kernel can hold frames
 * back.
 *
 * The files of a directory are one capture: connections continue from one file to the next. While a
 * watched directory has nothing to read, packet time stands still, because the next file continues
 * where the last one ended, however late it arrives. After the configured patience its connections
 * end as at the end of a file.
 *
 * Thread: main, for everything here; the capture's thread is internal.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/capture_counts.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/flow/conn.h"
#include "lib/net/interface.h"

struct capture;
struct config_capture;
struct evidence;
struct gad_diag;
struct gad_ports;

enum { CAPTURE_BATCH = 128, CAPTURE_BATCHES = 64 };

struct capture_stats {
    struct capture_counts counts;
    uint64_t reopened; /* times the interface was reopened */
    uint64_t files;    /* of a directory: read to their end */
    uint64_t files_broken;
    uint64_t link_changes; /* of an interface, seen while capturing or waiting for it */
    enum gad_link link;    /* of an interface */
    bool is_gone;          /* the interface or directory is missing now */
    bool is_waiting;       /* a directory: all its files have been read */
    bool is_idle;          /* ... and patience has expired; its connections are finished */
};

struct capture_batch {
    struct gad_time reached; /* packet time; no later batch has an earlier record */
    struct capture_stats stats;
    bool is_last;
    bool is_broken; /* with is_last: the file could not be read to its end */
    size_t n;
    struct gad_conn conn[CAPTURE_BATCH];
};

/*
 * Opens the source, which may need root. @c must outlive it; @ports, those of the services, only
 * the call. A missing interface, or one that is down, is waited for, with a line in the log; a file
 * or directory must exist. @evidence: or NULL; outlives it.
 */
int capture_open(const struct config_capture *c, const struct gad_ports *ports,
                 struct evidence *evidence, struct capture **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;

/*
 * Whether capture_open() would succeed now. Opens the source briefly, an interface without
 * promiscuous mode.
 */
int capture_check(const struct config_capture *c, struct gad_diag *d) GAD_MUST_CHECK;

/* The interface, directory or file. */
const char *capture_target(const struct config_capture *c);

/* The state before capture_start(); afterwards batches carry it. */
const struct capture_stats *capture_before_start(const struct capture *c);

/* Starts the thread. */
int capture_start(struct capture *c) GAD_MUST_CHECK;

/* Stops reading. Open connections are still delivered, and then the last batch. */
void capture_stop(struct capture *c);

/*
 * Does not wait for the last batch. A thread that is blocked reading a disk is left running until
 * the process ends.
 */
void capture_free(struct capture *c);
GAD_DEFINE_CLEANUP(struct capture, capture_free);

/* The next batch; NULL: none now. */
struct capture_batch *capture_take(struct capture *c);
void capture_give_back(struct capture *c, struct capture_batch *b);

/*
 * The descriptor is readable when there may be a batch again, once capture_wait() has returned
 * true, which means that no batch is ready now. The caller then has to call capture_woken(),
 * because it stays readable: a batch that is not needed yet would wake the loop again and again.
 */
int capture_fd(const struct capture *c);
bool capture_wait(struct capture *c);
void capture_woken(struct capture *c);
