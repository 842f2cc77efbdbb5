/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One place that packets come from, and the thread that reads it: frames to packets to finished connections,
 * which go to the main loop in batches.
 *
 *     source -> decoder -> flow table -> batch -- filled --> main loop
 *                                          ^--- emptied ---
 *
 * There are CAPTURE_BATCHES of them, and whoever has one has it alone. When the main loop has them all a file
 * waits; an interface does not, its connections are lost and counted. Each batch brings the counters of its
 * source and the packet time that it has come to, so an interface sends one now and then even if it is empty.
 *
 * An interface that is silent or gone goes on in time: by the clock of its last packet and what has passed
 * since, less what the kernel may hold back.
 *
 * The files of a folder are one capture, with connections going on from one to the next. While a watched folder has
 * nothing to be read time stands still, for the next file goes on where the last one ended, however late it comes;
 * when it has had nothing for as long as the configuration says, its connections end as at the end of a file.
 *
 * Thread: main, everything here; the other one is inside.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/flow/conn.h"
#include "lib/net/interface.h"

struct capture;
struct config_capture;
struct gad_diag;

enum { CAPTURE_BATCH = 128, CAPTURE_BATCHES = 64 };

struct capture_stats {
    uint64_t packets, bytes; /* frames; bytes as on the wire */
    uint64_t kernel_dropped, interface_dropped;
    uint64_t refused; /* frames that gave no packet */
    uint64_t flows;   /* now */
    uint64_t conns, evicted;
    uint64_t lost;     /* connections, for want of a batch */
    uint64_t reopened; /* times the interface came back */
    uint64_t files;    /* of a folder: read to where they end */
    uint64_t files_broken;
    uint64_t link_changes; /* of an interface, seen while it was captured on or waited for */
    enum gad_link link;    /* of an interface */
    bool is_gone;          /* the interface or folder, for now */
    bool is_waiting;       /* a folder: all its files have been read */
    bool is_idle; /* ... so long ago that nothing more is waited for; its connections are over */
};

struct capture_batch {
    struct gad_time reached; /* packet time; nothing comes from before */
    struct capture_stats stats;
    bool is_last;
    bool is_broken; /* the last, and the file could not be read to its end */
    size_t n;
    struct gad_conn conn[CAPTURE_BATCH];
};

/*
 * Opens the source, which may need root. @c must outlive it. An interface that is not there or down is waited for, with
 * a line in the log; a file or directory must be there.
 */
int capture_open(const struct config_capture *c, struct capture **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;

/* Would capture_open() succeed now? Opens the source for a moment, an interface without its promiscuous mode. */
int capture_check(const struct config_capture *c, struct gad_diag *d) GAD_MUST_CHECK;

/* The interface, directory or file. */
const char *capture_target(const struct config_capture *c);

/* What is known of it before capture_start(); from then on batches bring it. */
const struct capture_stats *capture_before_start(const struct capture *c);

/* Starts the thread, with all signals blocked in it. */
int capture_start(struct capture *c) GAD_MUST_CHECK;

/* Reads no more; connections that are not over come all the same, and then the last batch. */
void capture_stop(struct capture *c);

/* Does not wait for a last batch. A thread that is stuck in reading a disk is left to the end of the process. */
void capture_free(struct capture *c);
GAD_DEFINE_CLEANUP(struct capture, capture_free);

/* The next batch, or NULL: none now. */
struct capture_batch *capture_take(struct capture *c);
void capture_give_back(struct capture *c, struct capture_batch *b);

/*
 * Readable when there may be a batch again, once capture_wait() has returned true: there is none now. Whoever is told
 * so calls capture_woken(), for it stays readable; a batch that nobody wants yet would be told of for ever.
 */
int capture_fd(const struct capture *c);
bool capture_wait(struct capture *c);
void capture_woken(struct capture *c);
