/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/ftp.h"

enum { WORDS = 4 }; /* of a key: both addresses */

int gad_ftp_sessions_init(struct gad_ftp_sessions *f, const struct gad_flow_secret *secret)
{
    *f = (struct gad_ftp_sessions){.sessions =
                                       gad_calloc(GAD_FTP_SESSIONS + 1, sizeof(*f->sessions))};
    if (f->sessions && gad_lru_new(GAD_FTP_SESSIONS, WORDS, secret->k, &f->by_hosts) == 0)
        return 0;
    gad_ftp_sessions_deinit(f);
    return GAD_ENOMEM;
}

void gad_ftp_sessions_deinit(struct gad_ftp_sessions *f)
{
    gad_lru_free(f->by_hosts);
    gad_free(f->sessions);
    *f = (struct gad_ftp_sessions){0};
}

struct gad_ftp_session *gad_ftp_find(struct gad_ftp_sessions *f, const struct gad_flow_key *key)
{
    const uint64_t hosts[WORDS] = {key->a[0], key->a[1], key->b[0], key->b[1]};
    uint32_t slot = gad_lru_find(f->by_hosts, hosts);

    if (slot == 0)
        return NULL;
    gad_lru_touch(f->by_hosts, slot);
    return &f->sessions[slot];
}

struct gad_ftp_session *gad_ftp_get(struct gad_ftp_sessions *f, const struct gad_flow_key *key)
{
    const uint64_t hosts[WORDS] = {key->a[0], key->a[1], key->b[0], key->b[1]};
    struct gad_ftp_session *s = gad_ftp_find(f, key);

    if (s)
        return s;
    if (gad_lru_is_full(f->by_hosts))
        gad_lru_remove(f->by_hosts, gad_lru_oldest(f->by_hosts));
    s = &f->sessions[gad_lru_add(f->by_hosts, hosts)];
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an element of an array is not NULL */
    *s = (struct gad_ftp_session){0};
    return s;
}
