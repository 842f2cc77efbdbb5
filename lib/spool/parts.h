/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside of the writer. Each file calls only those behind it: open.c (what a start finds), commit.c
 * (group and sync), mend.c (files that someone else deleted), store.c (segments, state, cursors,
 * quota), directory.c.
 *
 *     numbers     end <= next <= reserved
 *                 < end: committed, what readers may see     end .. next: in the group, or dropped
 *                 next .. reserved: may be given out before the state is written again
 *     active      0 .. at: good bytes     at ..: what a failed write left, truncated or not
 */

#include "lib/spool/directory.h"
#include "lib/spool/format.h"
#include "lib/spool/spool.h"
#include "lib/spool/state.h"

/* Numbers that one write of the state reserves. The next write is due when half of them are
 * used. */
enum { GAD_SPOOL_RESERVE = 1 << 16 };

struct gad_spool {
    struct gad_spool_options o;
    const struct gad_spool_io *io;
    char *path;
    struct gad_spool_directory directory; /* its last segment is the active one, if fd >= 0 */

    int fd;      /* active segment; -1: none, the next commit makes one */
    uint64_t at; /* its good bytes */
    uint32_t salt;
    struct gad_spool_head head; /* its head, until it has a record */
    bool unsynced;              /* bytes of it may not be on the disk */
    struct gad_time last_sync;  /* when it was synced, or became unsynced; monotonic */

    uint64_t next, end;

    uint8_t *group; /* (o.group_max) records with their heads, as they go to the file */
    size_t group_len;
    uint64_t group_first, group_end; /* numbers of its first record, and behind its last */
    int64_t group_time;              /* of its first record, wall */
    uint64_t group_n, group_bytes;   /* records, bytes of their payloads */

    int state_fd;
    struct gad_spool_state state; /* the next to write; .reserved as last synced */
    unsigned synced_slot;         /* number of the slot that is on the disk */
    uint64_t stored_next; /* next number in the state file; no number below it is given out again */
    bool state_changed;
    struct gad_time last_state; /* monotonic */

    uint64_t mended;
    unsigned missed, mending; /* enum gad_spool_missed: of the last repair, and of this commit */
    struct gad_time looked;   /* when the sealed segments were last checked; monotonic */
    size_t look_at;           /* index of the next one to check */

    int failure;
    struct gad_time retry; /* monotonic; no commit is attempted before */
};

/* Writes the state into the slot that is not the synced one. @sync: makes it the synced one;
 * required for a changed @reserved. Returns 0 or -errno. */
int gad_spool_state_store(struct gad_spool *s, uint64_t reserved, bool sync) GAD_MUST_CHECK;

/* Writes the state, and syncs it unless the rule is GAD_SPOOL_NEVER. Returns 0 or -errno. */
int gad_spool_state_keep(struct gad_spool *s) GAD_MUST_CHECK;

/* Reserves the next numbers if that is due. Returns 0 or -errno. */
int gad_spool_reserve(struct gad_spool *s) GAD_MUST_CHECK;

/* Deletes the segments that all cursors have passed, and forgets the gaps before them. */
void gad_spool_retire(struct gad_spool *s);

/* Evicts the oldest segments, never the active one, until @more bytes are within the quota.
 * -EDQUOT: a segment could not be deleted. */
int gad_spool_evict(struct gad_spool *s, uint64_t more) GAD_MUST_CHECK;

/* Whether all cursors have passed all records. False without cursors. */
bool gad_spool_all_done(const struct gad_spool *s);

/* Opens or creates the state in @directory and locks it. -EWOULDBLOCK: another process holds the
 * lock. */
int gad_spool_state_open(const struct gad_spool *s, int directory, int *ret) GAD_MUST_CHECK;

/* Discards the active segment, which holds no record; the state keeps the numbers of its head.
 * @remove: also deletes the file. */
void gad_spool_discard_empty(struct gad_spool *s, bool remove);

/* Restores what someone else deleted or replaced; called before each commit. Returns 0 or an
 * error. */
int gad_spool_mend(struct gad_spool *s, struct gad_time now) GAD_MUST_CHECK;

/* Closes the active segment; the next commit begins another. */
void gad_spool_seal(struct gad_spool *s);

/* Creates a new active segment for numbers from @first on. @created: ns, wall; 0: unknown. */
int gad_spool_begin_segment(struct gad_spool *s, uint64_t first, int64_t created,
                            bool sync) GAD_MUST_CHECK;

/* Writes all @len bytes. Returns 0 or -errno. */
int gad_spool_write(const struct gad_spool *s, int fd, const void *p, size_t len,
                    uint64_t at) GAD_MUST_CHECK;
