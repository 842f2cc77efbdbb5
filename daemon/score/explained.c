/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/explained.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/siphash.h"
#include "lib/net/tuple.h"

enum { PLACES = 16384 };

struct place {
    uint64_t hash; /* stands for the key: two keys with the same 64-bit keyed hash count as one */
    struct gad_time until;
    double p_value;
};

struct explained {
    _Atomic int64_t period; /* ns */
    uint64_t secret[2];
    struct place place[PLACES];
};

int explained_new(struct gad_time period, struct explained **ret)
{
    gad_cleanup(explained_freep) struct explained *e = gad_calloc(1, sizeof(*e));

    if (!e)
        return GAD_ENOMEM;
    atomic_init(&e->period, period.ns);
    if (getrandom(e->secret, sizeof(e->secret), 0) != (ssize_t)sizeof(e->secret))
        return -errno;
    *ret = gad_steal(&e);
    return 0;
}

void explained_set_period(struct explained *e, struct gad_time period)
{
    atomic_store(&e->period, period.ns);
}

void explained_free(struct explained *e)
{
    gad_free(e);
}

bool explained_is_due(struct explained *e, const struct explained_key *k, double p_value,
                      struct gad_time now)
{
    const struct gad_tuple *t = k->tuple;
    uint64_t key[3] = {(uint64_t)k->model << 32 | (uint64_t)k->cause << 16 |
                       (uint64_t)k->is_captured << 8 | t->family};

    int64_t period = atomic_load(&e->period);
    if (period == 0)
        return true;
    memcpy(&key[1], t->src, t->family == 4 ? 4 : t->family == 6 ? 16 : 0);
    uint64_t hash = gad_siphash13(e->secret, key, 3);
    struct place *p = &e->place[hash % PLACES];
    if (p->hash == hash && now.ns < p->until.ns && p_value >= p->p_value)
        return false;
    *p = (struct place){hash, {now.ns + period}, p_value};
    return true;
}
