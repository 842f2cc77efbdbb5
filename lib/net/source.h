/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Frames from a network interface, by libpcap, or from a capture file (pcap or pcapng, plain or
 * packed, also from a pipe). A live source never waits: the caller reads it when its descriptor is
 * readable, and also by a timer, because the kernel delays the frames of a slow network.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/net/source_filter.h"

struct gad_diag;
struct gad_file_begun;
struct gad_source;

/*
 * Waits until @fd is readable or at its end. False: the caller stops reading; the file then counts
 * as truncated here.
 */
typedef bool gad_source_wait_fn(void *arg, int fd);

/* Zero in a field means its default. */
struct gad_source_options {
    const char *filter; /* in the syntax of pcap-filter(7); NULL or "": everything */
    int snaplen;        /* live: bytes of a frame; 262,144, enough for offloaded frames */
    int buffer;         /* live: bytes of the kernel's ring; 64 MiB */
    int timeout_ms;     /* live: until the kernel delivers a block that is not full; 100 */
    bool no_promiscuous;
    bool may_be_missing;      /* live: see gad_source_open_live() */
    gad_source_wait_fn *wait; /* for pipes: called before each read; read() itself blocks */
    void *wait_arg;
};

struct gad_source_stats {
    uint64_t frames, bytes; /* read; bytes as on the wire */
    uint64_t received;      /* live: received by the kernel for this capture */
    uint64_t dropped;       /* live: the kernel's ring was full */
    uint64_t interface_dropped;
    uint64_t reopened; /* live: number of restarts of the capture */
    bool truncated;    /* file: it ends within a frame or within its packed stream */
    bool damaged;      /* file: some of it could not be read */
    /* file: of the filter, while it had taken no frame; of a live capture the kernel filters */
    struct gad_filter_refused refused;
};

/* frame: (caplen) of len bytes, borrowed until the callback returns. */
typedef void gad_frame_fn(void *arg, struct gad_time time, const uint8_t *frame, size_t caplen,
                          size_t len);

/**
 * gad_source_open_live() - starts capturing; needs CAP_NET_RAW
 * @interface: a name, or "any"
 * @d:         on success it can hold a warning
 *
 * Return: 0; a negative error, -EPERM without CAP_NET_RAW. With opt->may_be_missing GAD_MORE and
 * the reason in @d if the interface does not exist now or is down. The source then captures nothing
 * until gad_source_reopen() succeeds.
 */
int gad_source_open_live(const char *interface, const struct gad_source_options *opt,
                         struct gad_source **ret, struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_source_open_file() - opens a capture file; waits for a FIFO's writer, by opt->wait if it is
 * set
 * @path: "-" is standard input
 * @opt:  may be NULL
 *
 * Return: 0; GAD_EFORMAT if the file is not a capture or has only unsupported link types;
 * GAD_ETRUNC if it ends within its header; GAD_EUNKNOWN if this build does not unpack it; a system
 * error.
 */
int gad_source_open_file(const char *path, const struct gad_source_options *opt,
                         struct gad_source **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* The same for an open file. */
int gad_source_open_begun(const struct gad_file_begun *f, const struct gad_source_options *opt,
                          struct gad_source **ret, struct gad_diag *d) GAD_MUST_CHECK;

void gad_source_close(struct gad_source *s);

/**
 * gad_source_read() - reads up to n frames
 * @fn: called for each
 * @d:  with GAD_END it says what is wrong with a file that is truncated or damaged, and where its
 *      link type or snaplen changes; all frames that it still holds were passed to @fn
 *
 * Return: GAD_MORE: call again (live: when readable); GAD_END: the file has ended; GAD_ENOMEM; or,
 * live, an error: the interface is missing or down and the caller can try gad_source_reopen().
 */
int gad_source_read(struct gad_source *s, int n, gad_frame_fn *fn, void *arg,
                    struct gad_diag *d) GAD_MUST_CHECK;

/* Live: starts a new capture on the same interface; the statistics continue. The caller can retry
 * after a failure:
 * -ENODEV: the interface does not exist, -ENETDOWN: it is down. */
int gad_source_reopen(struct gad_source *s, struct gad_diag *d) GAD_MUST_CHECK;

/* In gad_frame_fn that of the frame: each frame of a pcapng file can have its own. Before the first
 * frame that of the first interface. */
int gad_source_link_type(const struct gad_source *s);

/* In gad_frame_fn: the number of the frame in its file, from 1, also counting those that the filter
 * refuses; 0: live. */
uint64_t gad_source_number(const struct gad_source *s);

/* Live: a descriptor that is readable when there can be frames; -1 for files, and while the
 * interface is missing. Reopening changes it. */
int gad_source_fd(const struct gad_source *s);

/* Live: does the name now belong to another interface, or to none? The open capture then still
 * sees the old one, if it exists. */
bool gad_source_is_replaced(const struct gad_source *s);

/* Reads the kernel's counters. Live, call it before its 32-bit counters can wrap twice: once a
 * minute is enough. */
void gad_source_stats(struct gad_source *s, struct gad_source_stats *ret);

GAD_DEFINE_CLEANUP(struct gad_source, gad_source_close);
