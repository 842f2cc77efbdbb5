/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where frames come from: a network interface, or a file of captured ones (pcap, pcapng, either gzipped, or from
 * a pipe). libpcap ends here. A live source never waits: it is read when its descriptor is readable, and by a
 * timer besides, for the kernel hands over what a slow network gave with a delay.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_diag;
struct gad_file_begun;
struct gad_source;

/*
 * Waits until @fd is readable, or at its end. False: it will not be read any more; the file ends here, as if it were
 * cut off.
 */
typedef bool gad_source_wait_fn(void *arg, int fd);

/* Zero in a field stands for its default. */
struct gad_source_options {
    const char *filter; /* in the language of pcap-filter(7); NULL or "": everything */
    int snaplen;        /* live: bytes of a frame; 262,144, which frames of offload fit in */
    int buffer;         /* live: bytes of the kernel's ring; 64 MiB */
    int timeout_ms;     /* live: until a block that is not full is handed over; 100 */
    bool no_promiscuous;
    bool may_be_missing;      /* live: see gad_source_open_live() */
    gad_source_wait_fn *wait; /* a pipe: asked before each read; read() itself waits */
    void *wait_arg;
};

struct gad_source_stats {
    uint64_t frames, bytes; /* read; bytes as on the wire */
    uint64_t received;      /* live: by the kernel, for us */
    uint64_t dropped;       /* live: the kernel's ring was full */
    uint64_t interface_dropped;
    uint64_t reopened; /* live: times a capture began again */
    bool truncated;    /* file: it ends within a frame, or its gzip stream does */
};

/* frame: (caplen) bytes, borrowed until the callback returns; of len on the wire. */
typedef void gad_frame_fn(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen,
                          size_t len);

/**
 * gad_source_open_live() - starts capturing; needs CAP_NET_RAW
 * @interface: or "any"
 * @d:         on success, too, it may hold a warning
 *
 * Return: 0; with opt->may_be_missing GAD_MORE and the reason in @d if there is no such interface now, or it is down:
 * the source captures nothing until gad_source_reopen() succeeds; a negative error, -EPERM without CAP_NET_RAW.
 */
int gad_source_open_live(const char *interface, const struct gad_source_options *opt,
                         struct gad_source **ret, struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_source_open_file() - a capture file; waits for a FIFO's writer, by opt->wait if there is one
 * @path: "-" is the standard input
 * @opt:  may be NULL
 *
 * Return: 0; GAD_EFORMAT if it is no capture or of an interface type that nobody here reads; GAD_ETRUNC if
 * it ends before its first frame could begin; a system error.
 */
int gad_source_open_file(const char *path, const struct gad_source_options *opt,
                         struct gad_source **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* The same of a file that is open. */
int gad_source_open_begun(const struct gad_file_begun *f, const struct gad_source_options *opt,
                          struct gad_source **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* Could it be a filter, of Ethernet, raw IP, Linux's "any" or wireless frames? "" is none. GAD_EINVAL with the reason. */
int gad_source_check_filter(const char *filter, struct gad_diag *d) GAD_MUST_CHECK;

void gad_source_close(struct gad_source *s);

/**
 * gad_source_read() - up to n frames
 * @fn: called for each
 * @d:  with GAD_END it says so if the file was cut off; what was there has been given all the same
 *
 * Return: GAD_MORE: come again (live: when readable); GAD_END: the file has ended; a negative error: a file is
 * broken from here on, an interface is gone or down and the source may be tried with gad_source_reopen().
 */
int gad_source_read(struct gad_source *s, int n, gad_frame_fn *fn, void *arg,
                    struct gad_diag *d) GAD_MUST_CHECK;

/* Live: a new capture on the same interface; the statistics go on. On failure it may be tried again: -ENODEV: there is
 * no such interface, -ENETDOWN: it is down. */
int gad_source_reopen(struct gad_source *s, struct gad_diag *d) GAD_MUST_CHECK;

int gad_source_link_type(const struct gad_source *s);

/* Live: readable when frames may be there; -1 for files, and while an interface is gone. Changes by reopening. */
int gad_source_fd(const struct gad_source *s);

/* Live: is another interface, or none, of its name by now? What is open then sees what the old one has, if anything. */
bool gad_source_is_replaced(const struct gad_source *s);

/* Asks the kernel; live, it must be asked before its counters of 32 bits come round: once a minute is plenty. */
void gad_source_stats(struct gad_source *s, struct gad_source_stats *ret);

GAD_DEFINE_CLEANUP(struct gad_source, gad_source_close);
