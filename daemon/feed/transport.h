/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How bytes leave: a connection, a datagram socket or a file. Nothing here blocks. One transport is one connection: when it fails it is closed, and another is made.
 *
 *     open -> GAD_MORE -> proceed ... -> 0: ready -> write, read ... -> finish -> ... GAD_END -> close
 *
 * While it is not ready, proceed() is called when the descriptor can be read or written, as wants_write says, and every
 * TRANSPORT_POLL_MS, for a name is looked up without a descriptor.
 *
 * Thread: the feed's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "daemon/feed/addresses.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct config_output;
struct disk;
struct gad_diag;
struct race;
struct transport;

enum { TRANSPORT_POLL_MS = 20 };

struct transport_ops {
    const char *type; /* the configuration's */
    bool is_datagram; /* each write is one event */
    bool
        is_connected; /* somebody is there who may go away: what he got is not known to have arrived */
    bool is_file;

    int (*check)(const struct config_output *c,
                 struct gad_diag *d);                        /* transport_check(); may be NULL */
    int (*open)(struct transport *t, struct gad_diag *d);    /* 0, GAD_MORE, negative */
    int (*proceed)(struct transport *t, struct gad_diag *d); /* likewise; may be NULL */
    ssize_t (*write)(struct transport *t, const uint8_t *p, size_t len); /* as write(2), EAGAIN */
    /* The descriptor is readable: 0; GAD_END: the other side came to its end in order; negative: it broke. */
    int (*read)(struct transport *t, struct gad_diag *d);
    int (*finish)(struct transport *t); /* says that no more comes; 0; GAD_MORE: call again */
    /* Once a second while it is open: 0: nothing new; GAD_END: asked, and all is as it was; GAD_MORE: it has another
     * descriptor; negative: @d says what went wrong, and it goes on as it was. May be NULL. */
    int (*refresh)(struct transport *t, struct gad_diag *d);
    void (*close)(struct transport *t);
};

/* What an output keeps from one connection to the next. */
struct transport_memory {
    void *context;     /* of tls: the SSL_CTX */
    struct disk *disk; /* of a file: its thread; borrowed from the output */
    struct addresses addresses;
};

struct transport {
    const struct transport_ops *ops;
    const struct config_output *config; /* borrowed */
    struct transport_memory *memory;    /* borrowed */
    int fd;
    bool finishing;
    bool is_opening;     /* a file: its thread was asked to */
    bool wants_write;    /* proceed(), finish(): when it can be written; else when it can be read */
    struct race *race;   /* while it is connecting, or udp looks its name up again */
    struct address peer; /* of tcp, tls and udp: to whom it is connected */
    struct gad_time looked_up; /* udp: when its name was, monotonic */
    void *ssl;
    char error[160]; /* of the last write() or finish() that failed, "" if errno says it */
};

/* NULL: no such type. */
const struct transport_ops *transport_find(const char *type);

/**
 * transport_check() - whether an output could be made of this, as far as can be seen without making it; for ganadd -t
 * Return: 0, and @d says what could not be checked, or ""; else @d says why not, output and all.
 */
int transport_check(const struct config_output *c, struct gad_diag *d) GAD_MUST_CHECK;

/* Takes nothing yet; then ops->open. */
int transport_new(const struct transport_ops *ops, const struct config_output *c,
                  struct transport_memory *memory, struct transport **ret) GAD_MUST_CHECK;
void transport_free(struct transport *t); /* closes it */

/* What an address did is remembered for the next connection: it took events, or it is of no use. */
void transport_worked(struct transport *t);
void transport_failed(struct transport *t);

/* What it waits for, for a person: an address, or several; "": nothing of the kind. */
enum { TRANSPORT_TEXT = 160 };
void transport_text(const struct transport *t, char text[static TRANSPORT_TEXT]);
GAD_DEFINE_CLEANUP(struct transport, transport_free);

extern const struct transport_ops transport_stdout, transport_file, transport_unix,
    transport_unix_dgram, transport_journal, transport_tcp, transport_udp, transport_tls;

/* What tls shares with tcp. */
int transport_connect_begin(struct transport *t, struct gad_diag *d); /* to config->to */
int transport_connect_proceed(struct transport *t, struct gad_diag *d);
void transport_close_inet(struct transport *t);
