/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/spool_writer.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/thread.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"

enum { UNDER_WAY_MAX = 2 }; /* blocks: one being written, and the next one */

/* In a block's bytes before each payload, which ends on a multiple of 8. */
struct entry {
    int64_t wall;
    uint32_t len, kind;
};

struct ack {
    uint64_t next, lost; /* 0, 0: nothing new */
};

/* One thread owns a block at a time. */
struct block {
    /* numbers before its first record that were dropped because no block was free */
    uint64_t dropped;
    uint64_t first; /* number of its first record */
    struct ack ack[GAD_SPOOL_CURSORS];
    struct gad_spool_status status; /* set by the thread before it returns the block */
    size_t len;
    _Alignas(8) uint8_t data[SPOOL_BLOCK_LEN];
};

struct spool_writer {
    struct gad_spool *spool; /* the thread's, while it runs */
    bool failing;            /* the failure was logged; the thread's */
    uint64_t failed_at;      /* records committed when the failure began; the thread's */
    struct gad_ring *full, *empty;
    struct block *all[SPOOL_BLOCKS];
    struct thread thread;
    bool has_run;
    _Atomic uint64_t end;
    _Atomic uint64_t refused; /* records that the thread dropped */
    void (*committed)(void *arg);
    void *arg;

    struct block *free[SPOOL_BLOCKS]; /* (n_free) returned by the thread */
    size_t n_free;
    struct block *filling; /* NULL: none */
    uint64_t next;         /* number of the next record */
    uint64_t dropped;      /* since the last block was begun */
    uint64_t n_dropped;    /* because no block was free, since the start */
    struct ack ack[GAD_SPOOL_CURSORS];
    bool has_acks;
    struct gad_spool_status status;
};

static size_t entry_size(size_t len)
{
    return sizeof(struct entry) + ((len + 7) & ~(size_t)7);
}

static void append(struct spool_writer *w, uint64_t seq, const struct entry *e, const uint8_t *p)
{
    struct gad_spool *s = w->spool;
    const struct gad_time wall = {e->wall};
    uint64_t got = seq;

    int r = gad_spool_append(s, e->kind, wall, p, e->len, &got);
    if (r == GAD_MORE) {
        int committed = gad_spool_commit(s, gad_time_monotonic());
        (void)committed; /* the status has the error; a record that still does not fit is lost */
        r = gad_spool_append(s, e->kind, wall, p, e->len, &got);
    }
    gad_assert(r >= 0 && got == seq); /* both threads count alike */
    if (r == GAD_MORE) {
        gad_spool_drop(s, 1);
        atomic_fetch_add(&w->refused, 1);
    }
}

static void take_acks(struct gad_spool *s, const struct ack ack[static GAD_SPOOL_CURSORS])
{
    for (unsigned i = 0; i < GAD_SPOOL_CURSORS; i++)
        if (ack[i].next > 0 || ack[i].lost > 0)
            gad_spool_ack(s, i, ack[i].next, ack[i].lost);
}

static void append_block(struct spool_writer *w, const struct block *b)
{
    struct entry e;
    uint64_t seq = b->first;

    if (b->dropped > 0)
        gad_spool_drop(w->spool, b->dropped);
    for (size_t at = 0; at < b->len; at += entry_size(e.len)) {
        memcpy(&e, b->data + at, sizeof(e));
        append(w, seq++, &e, b->data + at + sizeof(e));
    }
    take_acks(w->spool, b->ack);
}

static const char *why(int failure)
{
    if (failure == -EWOULDBLOCK)
        return "its directory was replaced, and another process writes to the new one";
    if (failure == -EEXIST)
        return "its directory was replaced by one that has segments of another spool";
    return gad_strerror(failure);
}

/* Logs once when commits begin to fail, and once when they work again: something was committed
 * since, and nothing waits. */
static void report_failure(struct spool_writer *w, const struct gad_spool_status *now)
{
    if (now->failure != 0 && !w->failing) {
        log_warn("spool", "cannot write: %s; keeping what fits in memory, retrying",
                 why(now->failure));
        w->failing = true;
        w->failed_at = now->totals.committed;
    } else if (now->failure == 0 && w->failing && now->waiting == 0 &&
               now->totals.committed > w->failed_at) {
        log_notice("spool", "writes again; %llu records dropped so far",
                   (unsigned long long)now->totals.dropped);
        w->failing = false;
    }
}

/* Files that someone else deleted or replaced. */
static void report_mended(const struct gad_spool_status *before, const struct gad_spool_status *now)
{
    static const struct {
        unsigned bit;
        const char *name;
    } parts[] = {{GAD_SPOOL_MISSED_DIRECTORY, "the directory"},
                 {GAD_SPOOL_MISSED_STATE, "the state"},
                 {GAD_SPOOL_MISSED_ACTIVE, "the active segment"},
                 {GAD_SPOOL_MISSED_OTHER, "other segments"}};
    char text[128] = "";
    size_t len = 0;

    if (now->mended == before->mended)
        return;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if ((now->missed & parts[i].bit) != 0)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", len > 0 ? ", " : "",
                                    parts[i].name);
    log_warn("spool",
             "another program deleted, renamed or replaced %s; files that were still open "
             "were restored, %llu segments are lost",
             text, (unsigned long long)(now->totals.removed - before->totals.removed));
}

static void log_segments(const struct gad_spool_status *before, const struct gad_spool_status *now)
{
    if (now->n_segments != before->n_segments || now->oldest != before->oldest)
        log_debug("spool", "segments: %zu, with %llu bytes, of events %llu to %llu",
                  (size_t)now->n_segments, (unsigned long long)now->bytes,
                  (unsigned long long)now->oldest, (unsigned long long)now->end - 1);
}

/* Appends all blocks in the ring and commits once. */
static void work(struct spool_writer *w)
{
    struct gad_spool_status before, now;
    void *block[SPOOL_BLOCKS];
    size_t n = 0;

    gad_spool_status(w->spool, &before);
    while (n < SPOOL_BLOCKS && (block[n] = gad_ring_pop(w->full)) != NULL)
        append_block(w, block[n++]);
    int r = gad_spool_commit(w->spool, gad_time_monotonic());
    (void)r; /* as above */
    gad_spool_status(w->spool, &now);
    report_failure(w, &now);
    report_mended(&before, &now);
    log_segments(&before, &now);
    atomic_store(&w->end, now.end);
    if (now.end != before.end && w->committed)
        w->committed(w->arg);
    for (size_t i = 0; i < n; i++)
        ((struct block *)block[i])->status = now;
    size_t pushed = gad_ring_push_many(w->empty, block, n);
    gad_assert(pushed == n); /* the ring holds all blocks there are */
    if (n == 0 && now.end != before.end)
        gad_ring_wake(w->empty);
}

/* Returns the milliseconds until a commit is due without new records; -1: never. */
static int patience(const struct gad_spool *s)
{
    int64_t due = gad_spool_due(s).ns, now = gad_time_monotonic().ns;

    if (due == INT64_MAX)
        return -1;
    return due <= now ? 0
                      : (int)((due - now < 60000000000 ? due - now : 60000000000) / 1000000 + 1);
}

static void run(void *arg)
{
    struct spool_writer *w = arg;
    struct pollfd p = {.fd = gad_ring_items_fd(w->full), .events = POLLIN};

    for (;;) {
        /* read before work(), which then sees all blocks pushed before the stop */
        bool stop = thread_must_stop(&w->thread);
        work(w);
        if (stop && gad_ring_count(w->full) == 0)
            return;
        if (!gad_ring_arm_items(w->full) && !thread_must_stop(&w->thread))
            (void)poll(&p, 1, patience(w->spool));
        gad_ring_disarm_items(w->full);
    }
}

/* Takes the returned blocks; the last one has the newest status. */
static void collect(struct spool_writer *w)
{
    struct block *b;

    while ((b = gad_ring_pop(w->empty)) != NULL) {
        w->status = b->status;
        w->free[w->n_free++] = b;
    }
}

int spool_writer_new(const char *directory, const struct gad_spool_options *o,
                     struct spool_writer **ret, struct gad_spool_recovery *ret_found,
                     struct gad_diag *d)
{
    gad_cleanup(spool_writer_freep) struct spool_writer *w = gad_calloc(1, sizeof(*w));

    if (!w)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = gad_spool_open(directory, o, &w->spool, ret_found, d);
    if (r != 0)
        return r;
    r = gad_ring_new(SPOOL_BLOCKS, &w->full);
    if (r == 0)
        r = gad_ring_new(SPOOL_BLOCKS, &w->empty);
    for (int i = 0; r == 0 && i < SPOOL_BLOCKS; i++) {
        w->all[i] = gad_calloc(1, sizeof(*w->all[i]));
        if (w->all[i])
            w->free[w->n_free++] = w->all[i];
        else
            r = GAD_ENOMEM;
    }
    if (r != 0)
        return gad_fail(d, r, "%s: %s", directory, gad_strerror(r));
    gad_spool_status(w->spool, &w->status);
    w->next = w->status.next;
    atomic_store(&w->end, w->status.end);
    *ret = gad_steal(&w);
    return 0;
}

void spool_writer_free(struct spool_writer *w)
{
    if (!w)
        return;
    (void)spool_writer_stop(w);
    if (w->spool && !w->has_run) { /* the start failed elsewhere: mark the spool as clean */
        int ignored = gad_spool_finish(w->spool, gad_time_monotonic());
        (void)ignored;
    }
    for (int i = 0; i < SPOOL_BLOCKS; i++)
        gad_free(w->all[i]);
    gad_ring_free(w->full);
    gad_ring_free(w->empty);
    gad_spool_close(w->spool);
    gad_free(w);
}

struct gad_spool *spool_writer_spool(struct spool_writer *w)
{
    gad_assert(!w->thread.runs);
    return w->spool;
}

void spool_writer_on_commit(struct spool_writer *w, void (*committed)(void *arg), void *arg)
{
    w->committed = committed;
    w->arg = arg;
}

int spool_writer_start(struct spool_writer *w)
{
    int r = thread_run(&w->thread, "ganadd-spool", run, w);
    w->has_run = r == 0;
    return r;
}

int spool_writer_stop(struct spool_writer *w)
{
    if (!w->thread.runs)
        return 0;
    spool_writer_flush(w, true);
    thread_ask_stop(&w->thread);
    gad_ring_wake(w->full);
    thread_join(&w->thread);
    spool_writer_take(w);
    if (w->dropped > 0) /* no block was free for these drops and acknowledgements */
        gad_spool_drop(w->spool, w->dropped);
    w->dropped = 0;
    take_acks(w->spool, w->ack);
    memset(w->ack, 0, sizeof(w->ack));
    int r = gad_spool_finish(w->spool, gad_time_monotonic());
    gad_spool_status(w->spool, &w->status);
    atomic_store(&w->end, w->status.end);
    return r;
}

/* Makes a block current, if one is free. */
static bool begin_block(struct spool_writer *w)
{
    if (w->filling)
        return true;
    if (w->n_free == 0)
        collect(w);
    if (w->n_free == 0)
        return false;
    struct block *b = w->free[--w->n_free];
    b->len = 0;
    b->dropped = w->dropped;
    b->first = w->next;
    memset(b->ack, 0, sizeof(b->ack));
    w->dropped = 0;
    w->filling = b;
    return true;
}

/* Blocks that the thread has or will take. */
static size_t blocks_under_way(const struct spool_writer *w)
{
    return SPOOL_BLOCKS - w->n_free - gad_ring_count(w->empty) - (w->filling ? 1 : 0);
}

static void push_filling(struct spool_writer *w)
{
    memcpy(w->filling->ack, w->ack, sizeof(w->ack));
    memset(w->ack, 0, sizeof(w->ack));
    w->has_acks = false;
    bool pushed = gad_ring_push(w->full, w->filling);
    gad_assert(pushed); /* as in work() */
    w->filling = NULL;
}

uint64_t spool_writer_add(struct spool_writer *w, unsigned kind, struct gad_time wall,
                          const void *p, size_t len, bool *ret_dropped)
{
    const struct entry e = {.wall = wall.ns, .len = (uint32_t)len, .kind = kind};
    size_t size = entry_size(len);

    gad_assert(len > 0 && len <= GAD_SPOOL_RECORD_MAX && kind < GAD_SPOOL_KINDS);
    if (w->filling && size > SPOOL_BLOCK_LEN - w->filling->len)
        push_filling(w);
    *ret_dropped = !begin_block(w);
    if (*ret_dropped) {
        w->dropped++;
        w->n_dropped++;
        return w->next++;
    }
    memcpy(w->filling->data + w->filling->len, &e, sizeof(e));
    memcpy(w->filling->data + w->filling->len + sizeof(e), p, len);
    w->filling->len += size;
    return w->next++;
}

void spool_writer_ack(struct spool_writer *w, unsigned cursor, uint64_t next, uint64_t lost)
{
    gad_assert(cursor < GAD_SPOOL_CURSORS);
    if (next > w->ack[cursor].next)
        w->ack[cursor].next = next;
    w->ack[cursor].lost += lost;
    w->has_acks = true;
}

void spool_writer_flush(struct spool_writer *w, bool tick)
{
    if (!w->filling && (tick || w->has_acks || w->dropped > 0) && !begin_block(w))
        return; /* the next flush retries */
    if (!w->filling)
        return;
    /* While the disk is busy, a block with room waits for more records. Otherwise nearly empty
     * blocks would soon use up all blocks. */
    if (!tick && blocks_under_way(w) >= UNDER_WAY_MAX)
        return;
    push_filling(w);
}

size_t spool_writer_room(const struct spool_writer *w)
{
    /* The unused end of a block may be too short for a record. */
    size_t usable = SPOOL_BLOCK_LEN - GAD_SPOOL_RECORD_MAX - sizeof(struct entry);
    size_t n = (w->n_free + gad_ring_count(w->empty)) * usable;

    if (w->filling && w->filling->len < usable)
        n += usable - w->filling->len;
    return n;
}

int spool_writer_fd(const struct spool_writer *w)
{
    return gad_ring_items_fd(w->empty);
}

void spool_writer_take(struct spool_writer *w)
{
    gad_ring_disarm_items(w->empty);
    collect(w);
}

bool spool_writer_arm(struct spool_writer *w)
{
    return gad_ring_arm_items(w->empty);
}

uint64_t spool_writer_dropped(const struct spool_writer *w)
{
    return w->n_dropped + atomic_load(&w->refused);
}

bool spool_writer_is_idle(const struct spool_writer *w)
{
    return w->status.next == w->next && w->status.waiting == 0;
}

uint64_t spool_writer_next(const struct spool_writer *w)
{
    return w->next;
}

uint64_t spool_writer_end(const struct spool_writer *w)
{
    return atomic_load(&w->end);
}

const struct gad_spool_status *spool_writer_status(const struct spool_writer *w)
{
    return &w->status;
}
