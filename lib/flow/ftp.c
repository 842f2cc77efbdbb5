/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/ftp.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/siphash.h"

enum { SETS = 256, WAYS = 4 };

int gad_ftp_sessions_init(struct gad_ftp_sessions *f)
{
    *f = (struct gad_ftp_sessions){.entries = gad_calloc(SETS * WAYS, sizeof(*f->entries))};
    return f->entries ? 0 : GAD_ENOMEM;
}

void gad_ftp_sessions_deinit(struct gad_ftp_sessions *f)
{
    gad_free(f->entries);
}

static struct gad_ftp_session *set_of(struct gad_ftp_sessions *f, const struct gad_flow_key *key,
                                      const struct gad_flow_secret *secret)
{
    uint64_t hosts[4] = {key->a[0], key->a[1], key->b[0], key->b[1]};

    return &f->entries[gad_siphash13(secret->k, hosts, 4) % SETS * WAYS];
}

struct gad_ftp_session *gad_ftp_find(struct gad_ftp_sessions *f, const struct gad_flow_key *key,
                                     const struct gad_flow_secret *secret)
{
    struct gad_ftp_session *set = set_of(f, key, secret);

    for (int i = 0; i < WAYS; i++) {
        if (set[i].used != 0 && memcmp(set[i].a, key->a, sizeof(key->a)) == 0 &&
            memcmp(set[i].b, key->b, sizeof(key->b)) == 0) {
            set[i].used = ++f->uses;
            return &set[i];
        }
    }
    return NULL;
}

struct gad_ftp_session *gad_ftp_get(struct gad_ftp_sessions *f, const struct gad_flow_key *key,
                                    const struct gad_flow_secret *secret)
{
    struct gad_ftp_session *s = gad_ftp_find(f, key, secret), *oldest = set_of(f, key, secret);

    if (s)
        return s;
    for (struct gad_ftp_session *e = oldest; e < set_of(f, key, secret) + WAYS; e++)
        if (e->used < oldest->used)
            oldest = e;
    *oldest = (struct gad_ftp_session){.used = ++f->uses};
    memcpy(oldest->a, key->a, sizeof(oldest->a));
    memcpy(oldest->b, key->b, sizeof(oldest->b));
    return oldest;
}
