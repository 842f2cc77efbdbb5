/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside of output.h. output.c is the state machine of a connection and calls the other files. They
 * do not call output.c:
 *
 *     output.c --> output_file.c --> output_buffer.c
 *        '-------> output_proof.c
 */

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
struct gad_spool_reader;
struct watch;

enum { OUTPUT_MESSAGES = 1024, OUTPUT_BUFFER = 128 << 10, OUTPUT_LINE_MAX = 64 << 10 };

/* In the buffer, not wholly written. */
struct output_message {
    size_t len;
    uint64_t next; /* number of the event behind it in the spool */
};

struct output {
    struct output_options o;
    const struct transport_ops *ops;
    struct transport_memory memory;
    const struct gad_format *format;
    struct gad_format_options form;
    bool octets;
    unsigned kinds, severity; /* of the events that this output sends */
    bool filters;             /* it does not send all events */

    enum output_state state;
    struct transport *transport; /* NULL: no connection */
    struct watch *readable, *writable, *timer;
    struct gad_time deadline; /* connecting: when it has taken too long */
    struct gad_time opened;
    /* when the receiver last took something, or nothing was left to take */
    struct gad_time progress;
    unsigned tries;
    bool failing;         /* the failure was logged, and nothing has been delivered since */
    bool proven;          /* something was delivered on this connection */
    uint64_t sent_before; /* now.sent when the connection was opened */
    int64_t taken;        /* bytes that the receiver's kernel had at the last check */
    struct gad_time warned;
    char warned_of[OUTPUT_ERROR_TEXT];
    bool lookup_fails; /* of a name that was resolved before */
    bool finishing;
    struct gad_rng rng;

    struct gad_spool_reader *reader;
    uint64_t known; /* events before it were written at least once, or reported as lost */
    uint64_t prev;  /* number of the last event read that this output sends; 0: not known */
    struct losses losses;
    struct rate_limit rate;
    bool rate_waits;
    bool spool_fails;
    bool gives_up;                /* events that the spool does not have count as lost */
    struct gad_time spool_failed; /* since when the spool cannot be read */
    struct gad_time spool_again;  /* when to read it again */
    struct resend_window window;
    struct gad_buf buf, line;
    size_t written;                                 /* bytes of the first message */
    struct output_message message[OUTPUT_MESSAGES]; /* a ring */
    size_t head, n_messages;

    /* Of an output of type file. */
    struct disk *disk;           /* NULL: another type */
    unsigned disk_wants;         /* parts of the next task */
    uint64_t file_bytes;         /* size of the file */
    uint64_t file_from;          /* file_size counts from here, if a file could not be moved away */
    bool unsynced;               /* the file has bytes that the disk may not have */
    bool synced_some;            /* something was written and synced since the file was opened */
    struct gad_diag disk_failed; /* why a write failed; the output fails once the file is synced */
    bool stalled;                /* the file system does not answer, and that was reported */
    bool reopening;

    struct gad_event event; /* scratch */
    pthread_mutex_t lock;   /* of published */
    struct output_status now, published;
};

/* --- output_buffer.c --- */

/* Reads events from the spool and formats them, up to a full buffer, the limit of the rate or the
 * end of the spool. */
void output_fill(struct output *o);

/* Bytes of the buffer for one write: a datagram, as many lines as the file may still have, or
 * all. */
size_t output_next_write(const struct output *o);
void output_took(struct output *o, size_t len); /* @len bytes of the buffer are written */
void output_drop_first(struct output *o);       /* the first message fits into no datagram */

/* Discards the buffer; the spool is read again from the first event that is not released. */
void output_forget_unwritten(struct output *o);
bool output_is_at_end(const struct output *o);

/* --- output_proof.c --- */

/* The connection was opened; is checked, once a second while it is open; has failed, and is not
 * closed yet. */
void output_proof_begin(struct output *o);
void output_proof_check(struct output *o, struct gad_time now);
void output_proof_failed(struct output *o, const char *why);
void output_schedule_retry(struct output *o);

/* --- output_file.c --- */

int output_file_new(struct output *o) GAD_MUST_CHECK;
void output_file_opened(struct output *o);

/* Begins to write the next messages. Nothing happens while the thread is busy. */
void output_file_write(struct output *o);

/* Takes the thread's result, if it has one. Negative: the output has failed, and @d says why. */
int output_file_done(struct output *o, struct gad_diag *d) GAD_MUST_CHECK;
void output_file_tick(struct output *o);
void output_file_reopen(struct output *o);
bool output_file_is_reopening(const struct output *o);

/* Whether the disk has everything that was written; if not, a sync is begun. */
bool output_file_is_safe(struct output *o);
