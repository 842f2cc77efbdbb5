/* SPDX-License-Identifier: Apache-2.0 */
/* Collects records in a group in memory, and commits the group to segments. */
#include "lib/spool/parts.h"

static const struct gad_time retry_after = {100000000}, state_every = {1000000000};

int gad_spool_append(struct gad_spool *s, unsigned kind, struct gad_time wall, const void *p,
                     size_t len, uint64_t *ret_seq)
{
    if (kind >= GAD_SPOOL_KINDS || len == 0 || len > GAD_SPOOL_RECORD_MAX)
        return GAD_EINVAL;
    size_t size = gad_spool_record_size(len);
    if (size > s->o.group_max - s->group_len)
        return GAD_MORE;
    const struct gad_spool_record r = {
        .seq = s->next, .time = wall.ns, .p = p, .len = (uint32_t)len, .kind = kind};
    gad_spool_record_write(&r, s->salt, s->group + s->group_len);
    if (s->group_len == 0) {
        s->group_first = s->next;
        s->group_time = wall.ns;
    }
    s->group_len += size;
    s->group_n++;
    s->group_bytes += len;
    s->group_end = ++s->next;
    if (ret_seq)
        *ret_seq = r.seq;
    return 0;
}

void gad_spool_drop(struct gad_spool *s, uint64_t n)
{
    gad_assert(n < GAD_SPOOL_SEQ_MAX - s->next);
    gad_spool_gaps_add(&s->state.gaps, s->next, s->next + n, GAD_SPOOL_LOST);
    s->next += n;
    s->state.totals.dropped += n;
    s->state_changed = true;
}

/* Syncs the active segment. If that fails, what reached the disk is unknown (the kernel forgets
 * which pages were not written). So the segment is sealed and receives no more records. */
static int sync_active(struct gad_spool *s, struct gad_time now)
{
    if (s->io->sync(s->io->arg, s->fd) != 0) {
        int r = -errno;
        s->state.totals.failures++;
        gad_spool_seal(s);
        return r;
    }
    s->unsynced = false;
    s->last_sync = now;
    return 0;
}

/* Makes an active segment with room for the group, within the quota. */
static int make_room(struct gad_spool *s, struct gad_time now)
{
    int r = 0;

    if (s->fd >= 0 && s->at + s->group_len > s->o.segment_max) {
        if (s->unsynced && s->o.sync != GAD_SPOOL_NEVER)
            r = sync_active(s, now); /* only the last segment may have a tail that is not synced */
        gad_spool_seal(s);
    }
    if (r == 0)
        r = gad_spool_evict(s, s->group_len + GAD_SPOOL_HEAD);
    if (r == 0 && s->fd < 0)
        r = gad_spool_begin_segment(s, s->group_first, s->group_time, s->o.sync != GAD_SPOOL_NEVER);
    return r;
}

/* Removes what a failed write left behind the good bytes. */
static void undo(struct gad_spool *s)
{
    s->state.totals.failures++;
    if (s->fd < 0)
        return;
    if (s->at == GAD_SPOOL_HEAD)
        gad_spool_discard_empty(s, true);
    else if (s->io->truncate(s->io->arg, s->fd, s->at) != 0 || gad_spool_all_done(s))
        gad_spool_seal(s); /* the rest is harmless: the next segment has the same records */
}

static int write_group(struct gad_spool *s, struct gad_time now)
{
    int r = gad_spool_reserve(s);
    if (r != 0)
        return r;
    r = make_room(s, now);
    if (r == 0)
        r = gad_spool_write(s, s->fd, s->group, s->group_len, s->at);
    if (r == 0 && s->o.sync == GAD_SPOOL_ALWAYS && s->io->sync(s->io->arg, s->fd) != 0) {
        r = -errno;
        if (s->at != GAD_SPOOL_HEAD) {
            (void)s->io->truncate(s->io->arg, s->fd, s->at);
            gad_spool_seal(s);
        }
    }
    if (r != 0) {
        undo(s);
        return r;
    }
    if (s->o.sync == GAD_SPOOL_INTERVAL && !s->unsynced) {
        s->unsynced = true;
        s->last_sync = now;
    }
    s->at += s->group_len;
    s->directory.seg[s->directory.n - 1].bytes = s->at;
    s->end = s->group_end;
    s->state.totals.committed += s->group_n;
    s->state.totals.committed_bytes += s->group_bytes;
    s->state_changed = true;
    s->group_len = 0;
    s->group_n = s->group_bytes = 0;
    return 0;
}

static bool is_over(struct gad_time since, struct gad_time span, struct gad_time now)
{
    return gad_time_sub(now, since).ns >= span.ns;
}

static int try_commit(struct gad_spool *s, struct gad_time now)
{
    int r = gad_spool_mend(s, now);

    if (r != 0)
        return r;
    if (s->group_len > 0)
        r = write_group(s, now);
    if (r == 0 && s->o.sync == GAD_SPOOL_INTERVAL && s->unsynced &&
        is_over(s->last_sync, s->o.interval, now))
        r = sync_active(s, now);
    gad_spool_retire(s);
    if (s->state_changed && is_over(s->last_state, state_every, now)) {
        s->last_state = now;
        /* counted as a failure; old cursors only cause repetitions */
        int ignored = gad_spool_state_keep(s);
        (void)ignored;
    }
    return r;
}

int gad_spool_commit(struct gad_spool *s, struct gad_time now)
{
    if (s->failure != 0 && now.ns < s->retry.ns)
        return s->failure;
    s->failure = try_commit(s, now);
    s->retry.ns = now.ns + retry_after.ns;
    return s->failure;
}

struct gad_time gad_spool_due(const struct gad_spool *s)
{
    int64_t due = INT64_MAX;

    if (s->failure != 0)
        return s->retry;
    if (s->state_changed)
        due = s->last_state.ns + state_every.ns;
    if (s->unsynced && s->last_sync.ns + s->o.interval.ns < due)
        due = s->last_sync.ns + s->o.interval.ns;
    return (struct gad_time){due};
}

int gad_spool_finish(struct gad_spool *s, struct gad_time now)
{
    bool sync = s->o.sync != GAD_SPOOL_NEVER;

    s->retry = now; /* no wait after an earlier failure */
    int r = gad_spool_commit(s, now);
    if (r == 0 && s->fd >= 0 && sync && s->unsynced)
        r = sync_active(s, now);
    if (r != 0 || s->group_len > 0)
        return r;
    s->state.clean = true;
    r = gad_spool_state_store(s, s->next, sync);
    s->state.clean = false; /* if the caller continues, gad_spool_reserve() rewrites the state */
    return r;
}
