/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The inside of a capture. capture.c makes and ends it, and turns frames into batches;
 * capture_file.c reads files and directories, capture_interface.c an interface.
 */

#include <stdatomic.h>

#include "daemon/ingest/capture.h"
#include "daemon/log_limit.h"
#include "daemon/thread.h"
#include "lib/net/source.h"

struct evidence_source;
struct gad_decoder;
struct gad_directory;
struct gad_flow_table;
struct gad_packet;
struct gad_ring;

enum { CAPTURE_FRAMES = 512 }; /* frames per read */

struct capture {
    const struct config_capture *config;
    bool is_live;
    bool is_check; /* opened only to check whether that works; never started */
    /* NULL: a directory without a readable file, or a pipe that is not open */
    struct gad_source *source;
    struct gad_directory *directory; /* or NULL */
    struct gad_decoder *decoder;
    struct gad_flow_table *flows;
    struct evidence_source *evidence; /* or NULL */
    struct gad_ring *filled, *emptied;
    struct capture_batch *batches; /* (CAPTURE_BATCHES) */
    struct thread thread;
    _Atomic bool leave; /* stop at once: the main loop takes no more batches */

    /* The following belongs to the capture's thread. */
    struct capture_batch *batch; /* being filled, or NULL */
    struct capture_stats stats;
    struct gad_time reached, last_packet; /* packet time */
    struct gad_time last_seen;            /* monotonic, of last_packet */
    struct gad_time sent, asked, retry;   /* monotonic */
    bool is_ending;
    bool has_begun; /* an interface: it has existed */
    /* Files: what the filter refused before it took a first frame, for one warning. */
    struct gad_filter_refused refused;
    bool has_taken, has_hinted;
    bool has_damaged; /* a file was damaged */
    struct log_limit link_limit;
    enum gad_link logged_link;  /* the link state that was logged last */
    struct gad_time link_retry; /* monotonic; no other state is logged before it */
    int why;                    /* error of opening an interface that was logged; 0: it is open */
};

/* Makes the source of a file. Thread: main or the capture's. */
int capture_file_open(struct capture *c, const char *path, struct gad_diag *d) GAD_MUST_CHECK;
/* Opening it can block without limit, so the capture's thread does it. */
bool capture_file_waits(const char *path);
int capture_directory_open(struct capture *c, struct gad_diag *d) GAD_MUST_CHECK;

/* Thread: the capture's, for all of the following. */

/*
 * Read until the stop flag is set, or to the end. Return 0 if that was fine or a file was
 * truncated; GAD_EFORMAT if a file was damaged.
 */
int capture_file_read(struct capture *c);
int capture_directory_read(struct capture *c);
void capture_interface_watch(struct capture *c);
/* Reads what the kernel has already captured. */
void capture_interface_empty(struct capture *c);
void capture_interface_count(struct capture *c);

/* A batch to fill; NULL: none is free, or the main loop takes no more. */
struct capture_batch *capture_batch_of(struct capture *c, bool waits);
void capture_send(struct capture *c);

gad_frame_fn capture_on_frame;
void capture_on_packet(void *capture, const struct gad_packet *p);
void capture_on_conn(void *capture, const struct gad_conn *conn);
