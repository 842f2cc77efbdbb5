/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/ftp.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/siphash.h"

int gad_ftp_sessions_init(struct gad_ftp_sessions *f)
{
    *f = (struct gad_ftp_sessions){.entries = gad_calloc(GAD_FTP_SESSIONS + 1, sizeof(*f->entries)),
                                   .bucket = gad_calloc(GAD_FTP_SESSIONS, sizeof(*f->bucket))};
    if (f->entries && f->bucket)
        return 0;
    gad_ftp_sessions_deinit(f);
    return GAD_ENOMEM;
}

void gad_ftp_sessions_deinit(struct gad_ftp_sessions *f)
{
    gad_free(f->entries);
    gad_free(f->bucket);
    f->entries = NULL;
    f->bucket = NULL;
}

static uint16_t *bucket_of(struct gad_ftp_sessions *f, const uint64_t a[static 2],
                           const uint64_t b[static 2], const struct gad_flow_secret *secret)
{
    const uint64_t hosts[4] = {a[0], a[1], b[0], b[1]};

    return &f->bucket[gad_siphash13(secret->k, hosts, 4) % GAD_FTP_SESSIONS];
}

static void take_out(struct gad_ftp_sessions *f, uint16_t i)
{
    f->entries[f->entries[i].older].newer = f->entries[i].newer;
    f->entries[f->entries[i].newer].older = f->entries[i].older;
}

/* The newest is older than the end of the order, entry 0. */
static void put_newest(struct gad_ftp_sessions *f, uint16_t i)
{
    uint16_t newest = f->entries[0].older;

    f->entries[i].older = newest;
    f->entries[i].newer = 0;
    f->entries[newest].newer = i;
    f->entries[0].older = i;
}

struct gad_ftp_session *gad_ftp_find(struct gad_ftp_sessions *f, const struct gad_flow_key *key,
                                     const struct gad_flow_secret *secret)
{
    uint16_t i = *bucket_of(f, key->a, key->b, secret);

    for (; i != 0; i = f->entries[i].next) {
        struct gad_ftp_session *s = &f->entries[i];
        if (memcmp(s->a, key->a, sizeof(key->a)) != 0 || memcmp(s->b, key->b, sizeof(key->b)) != 0)
            continue;
        take_out(f, i);
        put_newest(f, i);
        return s;
    }
    return NULL;
}

/* The place of the pair longest unused. */
static uint16_t forget_oldest(struct gad_ftp_sessions *f, const struct gad_flow_secret *secret)
{
    uint16_t i = f->entries[0].newer;
    uint16_t *at = bucket_of(f, f->entries[i].a, f->entries[i].b, secret);

    while (*at != i)
        at = &f->entries[*at].next;
    *at = f->entries[i].next;
    take_out(f, i);
    return i;
}

struct gad_ftp_session *gad_ftp_get(struct gad_ftp_sessions *f, const struct gad_flow_key *key,
                                    const struct gad_flow_secret *secret)
{
    struct gad_ftp_session *s = gad_ftp_find(f, key, secret);

    if (s)
        return s;
    uint16_t i = f->n < GAD_FTP_SESSIONS ? ++f->n : forget_oldest(f, secret);
    uint16_t *bucket = bucket_of(f, key->a, key->b, secret);
    s = &f->entries[i];
    *s = (struct gad_ftp_session){.next = *bucket};
    memcpy(s->a, key->a, sizeof(s->a));
    memcpy(s->b, key->b, sizeof(s->b));
    *bucket = i;
    put_newest(f, i);
    return s;
}
