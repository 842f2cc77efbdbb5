/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of output.h: output.c is the life of a connection, output_proof.c whether it is of use, output_pump.c what goes
 * over it. */

#include <pthread.h>

#include "daemon/feed/losses.h"
#include "daemon/feed/output.h"
#include "daemon/feed/resend_window.h"
#include "daemon/feed/transport.h"
#include "daemon/rate_limit.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"
#include "lib/event/event.h"
#include "lib/event/format.h"

struct disk;
struct event;
struct gad_spool_reader;

enum {

    OUTPUT_MESSAGES = 1024,
    OUTPUT_BUFFER = 128 << 10,
    OUTPUT_LINE_MAX = 64 << 10
};

/* In the buffer, not wholly written. */
struct output_message {
    size_t len;
    uint64_t next; /* behind it, in the spool */
};

struct output {
    struct output_options o;
    const struct transport_ops *ops;
    struct transport_memory memory;
    const struct gad_format *format;
    struct gad_format_options form;
    bool octets;
    unsigned kinds, severity; /* that go there */
    bool filters;             /* not all do */

    enum output_state state;
    struct transport *transport; /* NULL: none */
    struct event *readable, *writable, *timer;
    struct gad_time deadline; /* connecting: when it has taken too long */
    struct gad_time opened,
        progress; /* progress: when it last took something, or had nothing to take */
    unsigned tries;
    bool failing;         /* the failure was logged, and nothing was delivered since */
    bool proven;          /* something was delivered on this connection */
    uint64_t sent_before; /* when it was opened */
    int64_t taken;        /* bytes that the other side had when it was last looked at */
    struct gad_time warned;
    char warned_of[OUTPUT_ERROR_TEXT];
    bool lookup_fails; /* of a name that was looked up before */
    bool finishing;
    struct gad_rng rng;

    struct gad_spool_reader *reader;
    uint64_t known; /* events before it were written at least once, themselves or as a loss */
    uint64_t prev;  /* the last event read that goes there; 0: not known */
    struct losses losses;
    struct rate_limit rate;
    bool rate_waits;
    bool spool_fails, gives_up; /* gives_up: what is missing is believed to be lost */
    struct gad_time spool_failed, spool_again; /* since when, and when it is tried again */
    struct resend_window window;
    struct gad_buf buf, line;
    size_t written;                                 /* bytes of the first message */
    struct output_message message[OUTPUT_MESSAGES]; /* a ring */
    size_t head, n_messages;

    /* Of a file. */
    struct disk *disk;   /* NULL: it is none */
    unsigned disk_wants; /* parts of the next task */
    uint64_t file_bytes,
        file_from;    /* its size; where one that cannot be moved away is counted from */
    bool unsynced;    /* it has something that the disk may not have */
    bool synced_some; /* something was written and synced since it was opened */
    struct gad_diag
        disk_failed; /* why a write failed: it fails once what is in the file is synced */
    bool stalled;    /* its file system does not answer, and that was reported */
    bool reopening;

    struct gad_event event; /* scratch */
    pthread_mutex_t lock;   /* of told */
    struct output_status now, told;
};

/* It has been opened; looked at each second while it is; it has failed, before the connection is dropped. */
void output_proof_begin(struct output *o);
void output_proof_look(struct output *o, struct gad_time now);
void output_proof_failed(struct output *o, const char *why);
void output_schedule_retry(struct output *o);

/* Reads, formats and writes what can be now. */
void output_pump(struct output *o);
void output_forget_unwritten(struct output *o); /* the buffer, back to what is released */
bool output_is_at_end(const struct output *o);

int output_connect(struct output *o,
                   struct gad_diag *d); /* makes the transport: 0, GAD_MORE, negative */
void output_drop_connection(struct output *o);
void output_took(struct output *o, size_t len); /* so many bytes of the buffer are written */

/* output_file.c: of type file. */
int output_file_new(struct output *o) GAD_MUST_CHECK;
void output_file_opened(struct output *o);
void output_file_write(struct output *o, size_t first,
                       size_t len);      /* of the first message, of all that fit */
void output_file_done(struct output *o); /* its thread has a result */
void output_file_tick(struct output *o);
void output_file_reopen(struct output *o);
bool output_file_is_reopening(const struct output *o);
bool output_file_is_safe(
    struct output *o); /* the disk has everything that was written; else that is begun */

void output_timer_event(int fd, short what, void *arg); /* arg: the output */

/* The connection is no use any more. */
void output_fail(struct output *o, const char *why);
void output_publish(struct output *o);
