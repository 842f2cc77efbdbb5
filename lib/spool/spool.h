/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A spool: records on disk between one that makes them and several that take them away, each at its own pace.
 * This header is the writer's side, reader.h the takers', inspect.h looks from outside.
 *
 * In the directory, all numbers little-endian:
 *
 *     ganad-spool.state          two slots of 4096 bytes (state.h): cursors, counters, numbers that are reserved
 *     0000000000000001.seg       segments, named by the first sequence number that they may hold, in hex
 *
 *     segment   head (64)  record  record ...
 *     head      magic "GADSPOOL"  version u32 = 1  salt u32  first u64  unused_from u64  unused_to u64  created i64
 *               flags u32  0 (8 bytes)  CRC of the 60 bytes before u32
 *     record    len u32  kind u32  seq u64  time i64  CRC of the payload u32  CRC of the 28 bytes before u32
 *               payload (len)  0 .. 7 bytes up to a multiple of 8
 *
 * CRCs are CRC-32C; that of a record's head begins with the salt, so that who chooses what is in a payload cannot
 * make bytes that pass for a record. Times are nanoseconds of the wall clock.
 *
 * Sequence numbers begin with 1, rise by one with each record, stored or dropped. A reader never sees a number twice
 * with different records. What is missing between two records of the spool was lost, and by these numbers each reader
 * knows exactly how much.
 *
 * Where the numbers go on after an unclean end, and why:
 *
 *     1  A reader sees a record only when a commit has returned, and a commit returns when the record is in the file
 *        (sync always: on the disk). So all that readers saw is before the end of the last segment, if that file is as
 *        the writer left it. It is as the writer left it when the same boot of the machine goes on (the page cache has
 *        all that was written), or when each commit was synced.
 *     2  The last segment is deleted only when the state on file says a number behind its last record. So an end that
 *        is lower than the state's number is no end of a deleted segment: the state's number counts.
 *     3  Numbers that were dropped, or that were in memory when the state was written, are below the state's number,
 *        and are a loss. Those given out since the state was written (it is at most a second old) were seen by no
 *        reader, and are used again.
 *     4  If 1 holds and nothing is damaged, the numbers go on behind the last record or at the state's number, the larger
 *        of both. Nothing is skipped.
 *     5  Else a reader may have seen numbers up to the ones that the state reserved. The numbers go on behind those. The
 *        state's list of gaps (gaps.h) and the head of the next segment (unused_from .. unused_to - 1) say which were
 *        skipped. Readers return them as unused, not as lost; where power may have taken records, a loss is an upper
 *        limit.
 *
 * Files that someone deletes, renames or replaces while the spool is open are noticed at the next commit (mend.c). The
 * writer makes them again: the active segment from its open descriptor, the other segments by hard links if the directory
 * was only renamed. What is not there any more is a loss. A directory that another process has taken since is left alone:
 * commits fail until it is free.
 *
 * Whatever is in the directory, opening it takes memory for its names and reads no more than the state and the last
 * segment, or if that has no record (after a crash one may be begun at once) the last one that has.
 *
 * Nothing half-written stays: what fails to be written is cut off again, or stands behind the end of what counts.
 *
 * Thread: the caller's, one at a time; readers run in any thread. Appending is memory only; commit waits for the disk.
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
    GAD_SPOOL_SEGMENTS = 1 << 16, /* as many a directory may hold */
    GAD_SPOOL_CURSORS = 16,
    GAD_SPOOL_NAME = 64, /* bytes of a cursor's name, with its NUL */
    GAD_SPOOL_KINDS = 1 << 16,
};

/* When a commit waits until the disk has it. Readers see a record once it is committed. */
enum gad_spool_sync {
    GAD_SPOOL_ALWAYS, /* before it returns: power may go, what was committed stays */
    GAD_SPOOL_INTERVAL, /* once an interval: a killed process loses nothing of it, power takes at most an interval */
    GAD_SPOOL_NEVER, /* the kernel decides; only the reserved numbers are synced */
};

struct gad_spool_options {
    enum gad_spool_sync sync;
    struct gad_time interval; /* of GAD_SPOOL_INTERVAL */
    uint64_t quota;           /* bytes of all segments; at least 2 * segment_max */
    uint64_t segment_max;     /* bytes; a new one begins before it would be more */
    size_t
        group_max; /* bytes kept in memory between commits, GAD_SPOOL_GROUP_MIN .. less than a segment */
    uint64_t
        boot; /* same number, same boot of the machine: files written before are whole; 0: not known */
    uint32_t salt;                 /* random, for a directory that has none */
    const struct gad_spool_io *io; /* NULL: the system's */
};

/* What opening found. */
struct gad_spool_recovery {
    bool is_new;     /* there was no spool */
    bool unclean;    /* the last writer did not come to gad_spool_finish() */
    bool state_torn; /* one of the two slots was damaged; the other one counts */
    bool
        state_lost; /* no slot was whole: cursors begin with the oldest record, numbers far behind the last */
    bool tail_lost;   /* the head of the last segment is damaged; its numbers count as lost */
    uint64_t damaged; /* bytes of the last segment that were no record */
    uint64_t cut;     /* of them, cut off at its end */
    uint64_t
        lost_first; /* lost_first .. lost_end - 1 may have been committed and are gone; 0: none. */
    uint64_t lost_end; /* Readers meet the same numbers as a loss. */
    uint64_t
        unused_first; /* unused_first .. unused_end - 1 are skipped, no record had them; 0: none */
    uint64_t unused_end;
    size_t n_foreign; /* files that are none of ours; left alone */
};

/* Since the spool exists; kept in the state. */
struct gad_spool_totals {
    uint64_t committed, committed_bytes; /* records, bytes of their payloads */
    uint64_t dropped;                    /* records: gad_spool_drop() */
    uint64_t evicted, evicted_bytes;     /* segments deleted for the quota, bytes of their files */
    uint64_t damaged;                    /* bytes that were no record when it was opened */
    uint64_t failures;                   /* writes and syncs */
    uint64_t removed;                    /* segments that someone else deleted */
};

struct gad_spool_status {
    struct gad_spool_totals totals;
    uint64_t bytes; /* of all segments */
    size_t n_segments;
    uint64_t oldest; /* the first number that may be there */
    uint64_t end;    /* behind the last committed record: the limit of readers */
    uint64_t next;   /* number of the next record */
    size_t waiting;  /* bytes appended and not committed */
    int failure;     /* why the last commit failed; 0 */
    uint64_t mended; /* times that files were missing and made again, since it was opened */
    unsigned missed; /* which these were the last time: enum gad_spool_missed */
    struct gad_spool_gaps gaps; /* numbers below next that have no record */
};

/* What someone else deleted or replaced. */
enum gad_spool_missed {
    GAD_SPOOL_MISSED_DIRECTORY = 1,
    GAD_SPOOL_MISSED_STATE = 2,
    GAD_SPOOL_MISSED_ACTIVE = 4, /* the segment that was written to; it was saved */
    GAD_SPOOL_MISSED_OTHER = 8,  /* other segments; what readers do not have open of them is lost */
};

struct gad_spool_cursor {
    char name[GAD_SPOOL_NAME]; /* "": free */
    uint64_t next;             /* all records before it are done with */
    uint64_t lost;             /* records, of those before it, that the reader missed */
};

/**
 * gad_spool_open() - open the spool in a directory for writing; a directory that is not there is made, mode 0750
 * @ret_found: may be NULL
 *
 * Damage is no error: it is cut or stepped over, and counted. Errors are what a person must mend: a directory that
 * cannot be written, a spool in use (-EWOULDBLOCK), one of a later version (GAD_EVERSION), a state that is not ours
 * (GAD_EFORMAT), too many segments (GAD_ELIMIT), options out of range (GAD_EINVAL).
 */
int gad_spool_open(const char *directory, const struct gad_spool_options *o, struct gad_spool **ret,
                   struct gad_spool_recovery *ret_found, struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_spool_finish() - commit and sync everything, and say in the state that nothing is open
 * @now:  monotonic
 * On failure the next opening finds an unclean end, as after a crash.
 */
int gad_spool_finish(struct gad_spool *s, struct gad_time now) GAD_MUST_CHECK;

/* Without gad_spool_finish() what was not committed is gone. */
void gad_spool_close(struct gad_spool *s);
GAD_DEFINE_CLEANUP(struct gad_spool, gad_spool_close);

/**
 * gad_spool_append() - a record into the group, in memory
 * @kind: the caller's, below GAD_SPOOL_KINDS
 * @wall: for the age of what waits
 * @ret_seq: its number; may be NULL
 *
 * Return: 0; GAD_MORE: the group is full, nothing was stored and no number used: commit and try again, and if it is
 * still full, gad_spool_drop(). GAD_EINVAL: kind or length (1 .. GAD_SPOOL_RECORD_MAX).
 */
int gad_spool_append(struct gad_spool *s, unsigned kind, struct gad_time wall, const void *p,
                     size_t len, uint64_t *ret_seq) GAD_MUST_CHECK;

/* The next n numbers belong to records that cannot be stored: readers will meet them as a loss. */
void gad_spool_drop(struct gad_spool *s, uint64_t n);

/**
 * gad_spool_commit() - write the group, sync by the rule, keep the state, delete what all are done with
 * @now:  monotonic
 *
 * On failure what was not committed stays in memory, whole (gad_spool_status.waiting), and the next commit tries
 * again; for 100 ms after a failure it returns the same error and touches nothing. Besides errors of the disk there
 * are -EWOULDBLOCK (another process has the directory, which was replaced), -EEXIST (the directory that took its place has
 * segments) and -EPERM (it belongs to another user). A sync of GAD_SPOOL_INTERVAL that
 * fails takes nothing back: the records are committed, as safe as without a sync, and the segment gets no more.
 */
int gad_spool_commit(struct gad_spool *s, struct gad_time now) GAD_MUST_CHECK;

/* When a commit is due though nothing was appended (sync, state, another try), monotonic; INT64_MAX: not at all. */
struct gad_time gad_spool_due(const struct gad_spool *s);

void gad_spool_status(const struct gad_spool *s, struct gad_spool_status *ret);

/**
 * gad_spool_cursor() - the cursor of that name, made if there is none
 * @from_oldest: a new one begins with the oldest record, else behind the last
 * @ret: its number, which stays
 * Return: 0; GAD_ELIMIT: there are GAD_SPOOL_CURSORS; GAD_EINVAL: the name is empty or too long.
 *
 * Without any cursor records are kept up to the quota.
 */
int gad_spool_cursor(struct gad_spool *s, const char *name, bool from_oldest,
                     unsigned *ret) GAD_MUST_CHECK;
void gad_spool_cursor_remove(struct gad_spool *s, unsigned cursor);
const struct gad_spool_cursor *gad_spool_cursor_at(const struct gad_spool *s,
                                                   unsigned cursor); /* NULL: none */

/* What the spool has for an output of which no more is known than its cursor. */
struct gad_spool_share gad_spool_cursor_share(const struct gad_spool_cursor *c,
                                              const struct gad_spool_gaps *gaps, uint64_t oldest,
                                              uint64_t end);

/* All records before @next are done with; @lost more of them were missed. Never goes back; durable with the state,
 * at most a second after it at a commit: what was acknowledged since is read again after a crash. */
void gad_spool_ack(struct gad_spool *s, unsigned cursor, uint64_t next, uint64_t lost);

/* Operations on files, so that a test can make them fail. Each as the call of the same name, -1 and errno. */
struct gad_spool_io {
    int (*open)(void *arg, int dir, const char *name, int flags);
    ssize_t (*pwrite)(void *arg, int fd, const void *p, size_t len, uint64_t at);
    int (*sync)(void *arg, int fd); /* fdatasync(), of files and of the directory */
    int (*truncate)(void *arg, int fd, uint64_t len);
    int (*unlink)(void *arg, int dir, const char *name);
    void *arg;
};
