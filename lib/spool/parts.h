/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The writer's insides. Each of its files calls only those behind it: open.c (what a start finds), commit.c (the group,
 * sync), mend.c (files that someone else deleted), store.c (segments, state, cursors, quota), directory.c.
 *
 *     numbers     end <= next <= reserved
 *                 < end: committed, what readers may see     end .. next: in the group, or dropped
 *                 next .. reserved: may be given out before the state is written again
 *     active      0 .. at: good bytes     at ..: what a failed write left, cut off or not
 */

#include "lib/spool/directory.h"
#include "lib/spool/format.h"
#include "lib/spool/spool.h"
#include "lib/spool/state.h"

/* Numbers reserved by one write of the state; half of them are left when it is written again. */
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
    bool unsynced;              /* bytes of it are not known to be on the disk */
    struct gad_time last_sync;  /* when it began to be so, or was synced; monotonic */

    uint64_t next, end;

    uint8_t *group; /* (o.group_max) records with their heads, as they go to the file */
    size_t group_len;
    uint64_t group_first, group_end; /* numbers of its first record, and behind its last */
    int64_t group_time;              /* of its first record, wall */
    uint64_t group_n, group_bytes;   /* records, bytes of their payloads */

    int state_fd;
    struct gad_spool_state state; /* as it is to be written; .reserved as it was last synced */
    unsigned synced_slot;         /* the one that is known to be on the disk */
    uint64_t
        stored_next; /* the number that the state on file says; none below it is given out again */
    bool state_changed;
    struct gad_time last_state; /* monotonic */

    uint64_t mended;
    unsigned missed, mending; /* enum gad_spool_missed: of the last time, and of this commit */
    struct gad_time looked;   /* when the sealed segments were looked for; monotonic */
    size_t look_at;           /* the next of them to look for */

    int failure;
    struct gad_time retry; /* monotonic; nothing is tried before */
};

/* Writes the state into the slot that is not the synced one; @sync makes it the synced one. A changed @reserved must
 * be synced. -errno. */
int gad_spool_state_store(struct gad_spool *s, uint64_t reserved, bool sync) GAD_MUST_CHECK;

/* Writes the state as it is now, on the disk unless the rule is never. -errno. */
int gad_spool_state_keep(struct gad_spool *s) GAD_MUST_CHECK;

/* Reserves the next numbers, if that is due. */
int gad_spool_reserve(struct gad_spool *s) GAD_MUST_CHECK;

/* Deletes what all cursors have passed, and forgets the gaps before it. */
void gad_spool_retire(struct gad_spool *s);

/* Deletes the oldest segments until @more bytes are within the quota; never the active one. -EDQUOT: they are not. */
int gad_spool_evict(struct gad_spool *s, uint64_t more) GAD_MUST_CHECK;

/* Have all cursors passed all records? False without cursors. */
bool gad_spool_all_done(const struct gad_spool *s);

/* Opens the state in @directory, makes it if it is not there, and locks it. -EWOULDBLOCK: another process has it. */
int gad_spool_state_open(const struct gad_spool *s, int directory, int *ret) GAD_MUST_CHECK;

/* Gives up the active segment, which holds no record; the state takes over what its head says. @remove: its file, too. */
void gad_spool_discard_empty(struct gad_spool *s, bool remove);

/* Makes again what someone else deleted or replaced. Before each commit. 0, or why it cannot be. */
int gad_spool_mend(struct gad_spool *s, struct gad_time now) GAD_MUST_CHECK;

/* Closes the active segment; the next commit begins another. */
void gad_spool_seal(struct gad_spool *s);

/* Makes a new active segment, whose records have numbers from @first on; @created: ns, wall, 0: not known. */
int gad_spool_begin_segment(struct gad_spool *s, uint64_t first, int64_t created,
                            bool sync) GAD_MUST_CHECK;

/* The whole of it, or -errno. */
int gad_spool_write(const struct gad_spool *s, int fd, const void *p, size_t len,
                    uint64_t at) GAD_MUST_CHECK;
