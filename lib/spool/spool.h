/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A spool: records on disk between one writer and several readers, each at its own pace. This
 * header is the writer's side, reader.h the readers', inspect.h a view from outside.
 *
 * In the directory, all numbers little-endian:
 *
 *     ganad-spool.state      two slots of 4096 bytes (state.h): cursors, counters, reserved numbers
 *     0000000000000001.seg   segments, named by the first sequence number they may hold, in hex
 *
 *     segment   head (64)  record  record ...
 *     head      magic "GADSPOOL"  version u32 = 1  salt u32  first u64  unused_from u64
 *               unused_to u64  created i64  flags u32  0 (8 bytes)  CRC of the 60 bytes before u32
 *     record    len u32  kind u32  seq u64  time i64  CRC of the payload u32
 *               CRC of the 28 bytes before u32  payload (len)  0 .. 7 bytes up to a multiple of 8
 *
 * CRCs are CRC-32C. The CRC of a record's head begins with the salt, so that an attacker who
 * chooses a payload cannot forge a record inside it. Times are nanoseconds of the wall clock.
 *
 * Sequence numbers begin with 1 and rise by one with each record, stored or dropped. A reader never
 * sees a number twice with different records. Numbers missing between two records are lost, so each
 * reader can count its losses exactly.
 *
 * Where the numbers continue after an unclean end, and why:
 *
 *     1  A reader sees a record only after a commit has returned. A commit returns when the record
 *        is in the file (sync always: on the disk). So all that readers saw is before the end of
 *        the last segment, if that file is as the writer left it. It is, if the machine has not
 *        rebooted (the page cache has all that was written) or if each commit was synced.
 *     2  The last segment is deleted only when the state file has a number behind its last record.
 *        So if the segments end below the state's number, that number is valid.
 *     3  Numbers that were dropped, or that were in memory when the state was written, are below
 *        the state's number, and are lost. No reader saw numbers given out after the state was
 *        written (it is at most a second old); they are reused.
 *     4  If 1 holds and nothing is damaged, the numbers continue behind the last record or at the
 *        state's number, whichever is larger. No number is skipped.
 *     5  Otherwise a reader may have seen any number that the state reserved. The numbers continue
 *        behind those. The state's list of gaps (gaps.h) and the head of the next segment
 *        (unused_from .. unused_to - 1) name the skipped numbers. Readers return them as unused,
 *        not as lost. Where a power failure may have taken records, a loss is an upper limit.
 *
 * The next commit notices files that someone deleted, renamed or replaced (mend.c). The writer
 * restores them: the active segment from its open descriptor, the other segments by hard links if
 * the directory was only renamed. What no longer exists is lost. A directory that another process
 * has taken since is left alone: commits fail until it is free.
 *
 * Opening takes memory for the names in the directory. It reads the state and the last segment, or,
 * if that has no record (as after a crash), the last segment that has one.
 *
 * Nothing half-written remains: what a failed write left is truncated, or lies behind the end of
 * the good bytes.
 *
 * Thread: the caller's, one at a time; readers run in any thread. Appending uses memory only; a
 * commit waits for the disk.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/spool/gaps.h"

struct gad_diag;
struct gad_spool;
struct gad_spool_io;

enum {
    GAD_SPOOL_RECORD_MAX = 64 << 10,   /* bytes of a payload */
    GAD_SPOOL_SEGMENT_MIN = 256 << 10, /* bytes; limits of segment_max */
    GAD_SPOOL_SEGMENT_MAX = 64 << 20,
    GAD_SPOOL_GROUP_MIN = 2 * GAD_SPOOL_RECORD_MAX,
    GAD_SPOOL_SEGMENTS = 1 << 16, /* maximum of segments in a directory */
    GAD_SPOOL_CURSORS = 16,
    GAD_SPOOL_NAME = 64, /* bytes of a cursor's name, with its NUL */
    GAD_SPOOL_KINDS = 1 << 16,
};

/* When records are synced to disk. Readers see a record once it is committed. */
enum gad_spool_sync {
    /* before a commit returns: a power failure loses nothing that was committed */
    GAD_SPOOL_ALWAYS,
    /* once an interval: a power failure loses at most an interval, a killed process nothing */
    GAD_SPOOL_INTERVAL,
    GAD_SPOOL_NEVER, /* left to the kernel; only the reserved numbers are synced */
};

struct gad_spool_options {
    enum gad_spool_sync sync;
    struct gad_time interval; /* of GAD_SPOOL_INTERVAL */
    uint64_t quota;           /* bytes of all segments; at least 2 * segment_max */
    uint64_t segment_max;     /* bytes; a new segment begins before one would exceed it */
    /* bytes kept in memory between commits, GAD_SPOOL_GROUP_MIN .. less than a segment */
    size_t group_max;
    /* identifies the boot of the machine: while it is the same, written files are whole; 0:
     * unknown */
    uint64_t boot;
    uint32_t salt;                 /* random, for a new spool */
    const struct gad_spool_io *io; /* NULL: the system's */
};

/* What opening found. */
struct gad_spool_recovery {
    bool is_new;     /* the directory had no spool */
    bool unclean;    /* the last writer did not call gad_spool_finish() */
    bool state_torn; /* one of the two slots was damaged; the other one is used */
    /* no slot was whole: cursors begin with the oldest record, numbers far above the last */
    bool state_lost;
    bool tail_lost;   /* the head of the last segment is damaged; its numbers count as lost */
    uint64_t damaged; /* bytes of the last segment that were not a record */
    uint64_t cut;     /* of them, truncated at its end */
    /* lost_first .. lost_end - 1 may have been committed and are lost; 0: no loss. Readers report
     * the same numbers as a loss. */
    uint64_t lost_first;
    uint64_t lost_end;
    /* unused_first .. unused_end - 1 are skipped, no record had them; 0: no number is */
    uint64_t unused_first;
    uint64_t unused_end;
    size_t n_foreign; /* files that are not the spool's; left alone */
};

/* Since the spool exists; kept in the state. */
struct gad_spool_totals {
    uint64_t committed, committed_bytes; /* records, bytes of their payloads */
    uint64_t dropped;                    /* records: gad_spool_drop() */
    uint64_t evicted, evicted_bytes;     /* segments deleted for the quota, bytes of their files */
    uint64_t damaged;                    /* bytes that were not a record when it was opened */
    uint64_t failures;                   /* failed writes and syncs */
    uint64_t removed;                    /* segments that someone else deleted */
};

struct gad_spool_status {
    struct gad_spool_totals totals;
    uint64_t bytes; /* of all segments */
    size_t n_segments;
    uint64_t oldest;            /* the first number that may have a record */
    uint64_t end;               /* behind the last committed record: the limit of readers */
    uint64_t next;              /* number of the next record */
    size_t waiting;             /* bytes appended and not committed */
    int failure;                /* error of the last commit, or 0 */
    uint64_t mended;            /* times that missing files were restored, since it was opened */
    unsigned missed;            /* which files the last time: enum gad_spool_missed */
    struct gad_spool_gaps gaps; /* numbers below next that have no record */
};

/* What someone else deleted or replaced. */
enum gad_spool_missed {
    GAD_SPOOL_MISSED_DIRECTORY = 1,
    GAD_SPOOL_MISSED_STATE = 2,
    GAD_SPOOL_MISSED_ACTIVE = 4, /* the active segment; it was restored */
    GAD_SPOOL_MISSED_OTHER = 8, /* other segments; records that readers do not have open are lost */
};

struct gad_spool_cursor {
    char name[GAD_SPOOL_NAME]; /* "": free */
    uint64_t next;             /* all records before it are acknowledged */
    uint64_t lost;             /* records, of those before it, that the reader missed */
};

/**
 * gad_spool_open() - opens the spool in a directory for writing; creates a missing directory with
 * mode 0750
 * @ret_found: may be NULL
 *
 * Damage is not an error: it is truncated or skipped, and counted. Errors are for the operator: a
 * directory that cannot be written, a spool in use (-EWOULDBLOCK), or one of a later version
 * (GAD_EVERSION). Further ones are a state that is not ours (GAD_EFORMAT), too many segments
 * (GAD_ELIMIT), and options out of range (GAD_EINVAL).
 */
int gad_spool_open(const char *directory, const struct gad_spool_options *o, struct gad_spool **ret,
                   struct gad_spool_recovery *ret_found, struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_spool_finish() - commits and syncs everything, and marks the state as clean
 * @now: monotonic On failure the next opening finds an unclean end, as after a crash.
 */
int gad_spool_finish(struct gad_spool *s, struct gad_time now) GAD_MUST_CHECK;

/* Records that were not committed are lost, unless gad_spool_finish() was called. */
void gad_spool_close(struct gad_spool *s);
GAD_DEFINE_CLEANUP(struct gad_spool, gad_spool_close);

/**
 * gad_spool_append() - adds a record to the group in memory
 * @kind: the caller's, below GAD_SPOOL_KINDS
 * @wall: time of the record
 * @ret_seq: its number; may be NULL
 *
 * Returns 0; GAD_MORE: the group is full, nothing was stored and no number used; GAD_EINVAL: kind
 * or length (1 to GAD_SPOOL_RECORD_MAX). After GAD_MORE the caller commits and retries, and if the
 * group is still full calls gad_spool_drop().
 */
int gad_spool_append(struct gad_spool *s, unsigned kind, struct gad_time wall, const void *p,
                     size_t len, uint64_t *ret_seq) GAD_MUST_CHECK;

/* Gives the next @n numbers to records that cannot be stored. Readers report them as a loss. */
void gad_spool_drop(struct gad_spool *s, uint64_t n);

/**
 * gad_spool_commit() - writes the group, syncs by the rule, keeps the state, deletes segments that
 * all cursors have passed
 * @now: monotonic
 *
 * On failure the group stays in memory (gad_spool_status.waiting), and the next commit retries. For
 * 100 ms after a failure a commit returns the same error and touches nothing. Besides errors of the
 * disk: -EWOULDBLOCK: the directory was replaced, and another process has the new one; -EEXIST: the
 * directory that replaced it has segments; -EPERM: it belongs to another user.
 *
 * If a sync of GAD_SPOOL_INTERVAL fails, the records stay committed, as safe as without a sync, and
 * the segment receives no more of them.
 */
int gad_spool_commit(struct gad_spool *s, struct gad_time now) GAD_MUST_CHECK;

/* Returns when a commit is due although nothing was appended (sync, state, retry), monotonic;
 * INT64_MAX: never. */
struct gad_time gad_spool_due(const struct gad_spool *s);

void gad_spool_status(const struct gad_spool *s, struct gad_spool_status *ret);

/**
 * gad_spool_cursor() - finds the cursor of that name, or creates it
 * @from_oldest: a new cursor begins with the oldest record, else behind the last
 * @ret: its number, which does not change
 * Returns 0; GAD_ELIMIT: all GAD_SPOOL_CURSORS are in use; GAD_EINVAL: the name is empty or too
 * long.
 *
 * Without any cursor, records are kept up to the quota.
 */
int gad_spool_cursor(struct gad_spool *s, const char *name, bool from_oldest,
                     unsigned *ret) GAD_MUST_CHECK;
void gad_spool_cursor_remove(struct gad_spool *s, unsigned cursor);
/* NULL: not in use */
const struct gad_spool_cursor *gad_spool_cursor_at(const struct gad_spool *s, unsigned cursor);

/* Returns what the spool has for an output whose position is only known from its cursor. */
struct gad_spool_share gad_spool_cursor_share(const struct gad_spool_cursor *c,
                                              const struct gad_spool_gaps *gaps, uint64_t oldest,
                                              uint64_t end);

/* Acknowledges all records before @next, of which @lost more were missed. A cursor never moves
 * back. The next write of the state, at most a second later at a commit, makes it durable; after a
 * crash, later acknowledgements are repeated. */
void gad_spool_ack(struct gad_spool *s, unsigned cursor, uint64_t next, uint64_t lost);

/* Operations on files, which a test can make fail. Each behaves as the call of the same name: -1
 * and errno. */
struct gad_spool_io {
    int (*open)(void *arg, int dir, const char *name, int flags);
    ssize_t (*pwrite)(void *arg, int fd, const void *p, size_t len, uint64_t at);
    int (*sync)(void *arg, int fd); /* fdatasync(), of files and of the directory */
    int (*truncate)(void *arg, int fd, uint64_t len);
    int (*unlink)(void *arg, int dir, const char *name);
    void *arg;
};
