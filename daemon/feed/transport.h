/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Carries bytes to a receiver: over a connection, by a datagram socket, or into a file. Nothing
 * here blocks. One transport is one connection: when it fails, the output closes it and makes
 * another.
 *
 *  open -> GAD_MORE -> proceed ... -> 0: ready -> write, read ... -> finish ... -> GAD_END -> close
 *
 * Until a transport is ready, the output calls proceed() when the descriptor can be read (or
 * written, if wants_write), and every TRANSPORT_POLL_MS, because there is no descriptor while a
 * name is resolved.
 *
 * Thread: the feed's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "daemon/feed/addresses.h"
#include "daemon/feed/lookup.h"
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
    const char *type; /* name in the configuration */
    bool is_datagram; /* each write is one event */
    /* the receiver may disconnect, and it is unknown whether what it took has arrived */
    bool is_connected;
    bool is_file;

    int (*check)(const struct config_output *c,
                 struct gad_diag *d);                        /* transport_check(); may be NULL */
    int (*open)(struct transport *t, struct gad_diag *d);    /* 0, GAD_MORE, negative */
    int (*proceed)(struct transport *t, struct gad_diag *d); /* likewise; may be NULL */
    /* as write(2); -1 and EAGAIN: not now */
    ssize_t (*write)(struct transport *t, const uint8_t *p, size_t len);
    /* Called when the descriptor is readable. Returns 0; GAD_END: the receiver closed the
     * connection in order; negative: the connection broke. */
    int (*read)(struct transport *t, struct gad_diag *d);
    /* Closes our side. Returns 0: the receiver has to close its side; GAD_END: nothing is left to
     * wait for; GAD_MORE: call again when the descriptor is writable. */
    int (*finish)(struct transport *t);
    /* Called once a second while it is open; may be NULL. Returns 0: nothing new; GAD_END: the name
     * was resolved and has the same address; GAD_MORE: the transport has another descriptor;
     * negative: @d says what failed, and the transport is unchanged. */
    int (*refresh)(struct transport *t, struct gad_diag *d);
    void (*close)(struct transport *t);
};

/* What an output keeps from one connection to the next. */
struct transport_memory {
    void *context;     /* of tls: the SSL_CTX */
    struct disk *disk; /* of a file: its thread; borrowed from the output */
    struct addresses addresses;
    struct lookups lookups;
};

struct transport {
    const struct transport_ops *ops;
    const struct config_output *config; /* borrowed */
    struct transport_memory *memory;    /* borrowed */
    int fd;
    bool finishing;
    bool is_opening; /* a file: its thread has been asked to open it */
    /* proceed() and finish() wait until the descriptor is writable, else readable */
    bool wants_write;
    struct race *race;         /* while it is connecting, or udp resolves its name again */
    struct address peer;       /* of tcp, tls and udp: the address of the receiver */
    struct gad_time looked_up; /* udp: when its name was last resolved, monotonic */
    void *ssl;
    char error[160]; /* of the last failed write() or finish(); "": see errno */
};

/* Returns NULL if there is no such type. */
const struct transport_ops *transport_find(const char *type);

/**
 * transport_check() - checks for `ganadd -t` whether an output can be made, as far as that shows
 * without making it
 *
 * Returns 0, and @d names what could not be checked, or is ""; else @d says why not, with the name
 * of the output.
 */
int transport_check(const struct config_output *c, struct gad_diag *d) GAD_MUST_CHECK;

/* Makes a transport. The caller then calls ops->open. */
int transport_new(const struct transport_ops *ops, const struct config_output *c,
                  struct transport_memory *memory, struct transport **ret) GAD_MUST_CHECK;
void transport_free(struct transport *t); /* closes it */

/* Notes for the next connection that the address took events, or failed. */
void transport_worked(struct transport *t);
void transport_failed(struct transport *t);

/* Writes for the log what it waits for: an address or several; "": not for an address. */
enum { TRANSPORT_TEXT = 160 };
void transport_text(const struct transport *t, char text[static TRANSPORT_TEXT]);
GAD_DEFINE_CLEANUP(struct transport, transport_free);

extern const struct transport_ops transport_stdout, transport_file, transport_unix,
    transport_unix_dgram, transport_journal, transport_tcp, transport_udp, transport_tls;

/* What tls shares with tcp. */
int transport_connect_begin(struct transport *t, struct gad_diag *d); /* to config->to */
int transport_connect_proceed(struct transport *t, struct gad_diag *d);
void transport_close_inet(struct transport *t);
