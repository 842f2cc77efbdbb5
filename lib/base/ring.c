/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/ring.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/mem.h"

enum { CAPACITY_MIN = 2, CAPACITY_MAX = 1 << 20, LINE = 64 };

/*
 * head and tail count pushes and pops for ever (they wrap at SIZE_MAX, which a power of two
 * divides):
 *     tail .. head  are filled;  head - tail <= capacity
 * Each side's words have a cache line of their own.
 */
struct gad_ring {
    size_t mask;
    int fd;                             /* wakes the consumer */
    _Atomic bool asleep;                /* the consumer has announced that it is about to sleep */
    _Alignas(LINE) _Atomic size_t head; /* written by the producer */
    _Alignas(LINE) _Atomic size_t tail; /* written by the consumer */
    _Alignas(LINE) void *slot[];
};

int gad_ring_new(size_t capacity, struct gad_ring **ret)
{
    size_t n = CAPACITY_MIN;

    if (capacity == 0 || capacity > CAPACITY_MAX)
        return GAD_EINVAL;
    while (n < capacity)
        n *= 2;

    /* n is bounded above, so this cannot overflow. */
    struct gad_ring *r = gad_calloc_aligned(1, sizeof(*r) + n * sizeof(r->slot[0]));
    if (!r)
        return GAD_ENOMEM;
    r->mask = n - 1;
    r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->fd < 0) {
        int err = -errno;
        gad_ring_free(r);
        return err;
    }
    *ret = r;
    return 0;
}

void gad_ring_free(struct gad_ring *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    gad_free(r);
}

/*
 * The producer stores the head, then reads `asleep`; a consumer that goes to sleep stores `asleep`,
 * then reads the head. All four are sequentially consistent, so at least one of the two sees the
 * other.
 */
static void wake_sleeper(struct gad_ring *r)
{
    if (atomic_load(&r->asleep) && atomic_exchange(&r->asleep, false))
        gad_ring_wake(r);
}

size_t gad_ring_push_lazily(struct gad_ring *r, void *const *item, size_t n, size_t enough)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t room = r->mask + 1 - (head - atomic_load_explicit(&r->tail, memory_order_acquire));

    if (n > room)
        n = room;
    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        r->slot[(head + i) & r->mask] = item[i];
    atomic_store(&r->head, head + n);
    if (enough <= 1 || gad_ring_count(r) >= enough)
        wake_sleeper(r);
    return n;
}

size_t gad_ring_push_many(struct gad_ring *r, void *const *item, size_t n)
{
    return gad_ring_push_lazily(r, item, n, 1);
}

bool gad_ring_push(struct gad_ring *r, void *item)
{
    return gad_ring_push_lazily(r, &item, 1, 1) == 1;
}

void *gad_ring_pop(struct gad_ring *r)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (atomic_load_explicit(&r->head, memory_order_acquire) == tail)
        return NULL;
    void *item = r->slot[tail & r->mask];
    atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
    return item;
}

size_t gad_ring_count(const struct gad_ring *r)
{
    /* The tail first: it only grows towards the head, so the difference is never negative. */
    size_t tail = atomic_load(&r->tail);
    size_t n = atomic_load(&r->head) - tail;
    return n > r->mask + 1 ? r->mask + 1 : n;
}

int gad_ring_items_fd(const struct gad_ring *r)
{
    return r->fd;
}

bool gad_ring_arm_items(struct gad_ring *r)
{
    atomic_store(&r->asleep, true);
    return gad_ring_count(r) > 0;
}

void gad_ring_disarm_items(struct gad_ring *r)
{
    uint64_t n;

    atomic_store(&r->asleep, false);
    (void)!read(r->fd, &n, sizeof(n)); /* empty is fine */
}

void gad_ring_wake(struct gad_ring *r)
{
    uint64_t one = 1;
    (void)!write(r->fd, &one, sizeof(one)); /* only fails when already readable */
}
