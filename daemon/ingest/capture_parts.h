/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The inside of a capture, for the files that it consists of: capture.c makes and ends it, capture_thread.c goes from
 * frames to batches; capture_file.c, capture_directory.c and capture_interface.c read what there is to be read.
 */

#include <stdatomic.h>

#include "daemon/ingest/capture.h"
#include "daemon/log_limit.h"
#include "daemon/thread.h"
#include "lib/net/source.h"

struct gad_decoder;
struct gad_directory;
struct gad_flow_table;
struct gad_packet;
struct gad_ring;

enum { CAPTURE_FRAMES = 512 }; /* read at once */

struct capture {
    const struct config_capture *config;
    bool is_live;
    bool is_check; /* it is opened to see whether that is possible, and never started */
    struct gad_source
        *source; /* NULL: a folder that has no file to be read, a pipe that is not open */
    struct gad_directory *directory; /* or NULL */
    struct gad_decoder *decoder;
    struct gad_flow_table *flows;
    struct gad_ring *filled, *emptied;
    struct capture_batch *batches; /* (CAPTURE_BATCHES) */
    struct thread thread;
    _Atomic bool leave; /* at once: nobody takes batches any more */

    /* Thread: the capture's, from here on. */
    struct capture_batch *batch; /* being filled, or NULL */
    struct capture_stats stats;
    struct gad_time reached, last_packet; /* packet time */
    struct gad_time last_seen;            /* monotonic, of last_packet */
    struct gad_time sent, asked, retry;   /* monotonic */
    bool is_ending;
    bool has_begun; /* an interface: it has been there */
    struct log_limit link_limit;
    enum gad_link said_link;   /* the state of its link that the log has */
    struct gad_time say_again; /* monotonic; before it the log gets no other */
    int why; /* an interface could not be opened the last time, which the log has; 0: it could */
};

/* Makes the source of a file; main's thread too. */
int capture_file_open(struct capture *c, const char *path, struct gad_diag *d) GAD_MUST_CHECK;
bool capture_file_waits(
    const char *path); /* opening it may take for ever: the capture's thread does it */
int capture_directory_open(struct capture *c, struct gad_diag *d) GAD_MUST_CHECK;

/* Thread: the capture's, all of these. */

void capture_run(void *capture);

/* Read until told to stop, or to the end. 0: it is fine, or a file was cut off. */
int capture_file_read(struct capture *c);
int capture_directory_read(struct capture *c);
void capture_interface_watch(struct capture *c);
/* The source's frames. GAD_END; GAD_MORE if told to stop; a negative error. With GAD_END @d may hold a warning. */
int capture_source_read(struct capture *c, struct gad_diag *d) GAD_MUST_CHECK;
/* What the kernel has already is part of what was captured. */
void capture_interface_empty(struct capture *c);
void capture_interface_count(struct capture *c);

/* A batch to fill; NULL: none, or (leaving) nobody wants it. */
struct capture_batch *capture_batch_of(struct capture *c, bool waits);
void capture_send(struct capture *c);

gad_frame_fn capture_on_frame;
void capture_on_packet(void *capture, const struct gad_packet *p);
void capture_on_conn(void *capture, const struct gad_conn *conn);
