/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/ftp.h"

enum { WORDS = 5 }; /* of a key: both addresses, VLAN */

struct hosts {
    uint64_t word[WORDS];
};

static struct hosts hosts_of(const struct gad_flow_key *key)
{
    return (struct hosts){
        {key->a[0], key->a[1], key->b[0], key->b[1], key->rest >> GAD_FLOW_KEY_VLAN & 0xffffff}};
}

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
    const struct hosts hosts = hosts_of(key);
    uint32_t slot = gad_lru_find(f->by_hosts, hosts.word);

    if (slot == 0)
        return NULL;
    gad_lru_touch(f->by_hosts, slot);
    return &f->sessions[slot];
}

static void release(struct gad_ftp_sessions *f, struct gad_ftp_expected *e)
{
    if (e->control != 0)
        f->n_expected[e->port % GAD_FTP_PORT_COUNTS]--;
    *e = (struct gad_ftp_expected){0};
}

static void remove_oldest(struct gad_ftp_sessions *f)
{
    uint32_t slot = gad_lru_oldest(f->by_hosts);

    for (size_t i = 0; i < GAD_FTP_EXPECTED; i++)
        release(f, &f->sessions[slot].expected[i]);
    gad_lru_remove(f->by_hosts, slot);
}

void gad_ftp_sessions_clear(struct gad_ftp_sessions *f)
{
    while (gad_lru_count(f->by_hosts) > 0)
        remove_oldest(f);
}

struct gad_ftp_session *gad_ftp_get(struct gad_ftp_sessions *f, const struct gad_flow_key *key)
{
    const struct hosts hosts = hosts_of(key);
    struct gad_ftp_session *s = gad_ftp_find(f, key);

    if (s)
        return s;
    if (gad_lru_is_full(f->by_hosts)) {
        remove_oldest(f);
        f->n_evicted++;
    }
    s = &f->sessions[gad_lru_add(f->by_hosts, hosts.word)];
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an element of an array is not NULL */
    *s = (struct gad_ftp_session){0};
    return s;
}

void gad_ftp_expect(struct gad_ftp_sessions *f, struct gad_ftp_session *s,
                    const struct gad_ftp_expected *e)
{
    struct gad_ftp_expected *to = &s->expected[0];

    for (size_t i = 0; i < GAD_FTP_EXPECTED && to->control != e->control; i++)
        if (s->expected[i].control == e->control || s->expected[i].until < to->until)
            to = &s->expected[i]; /* a free one has until 0 */
    release(f, to);
    *to = *e;
    /* at most GAD_FTP_SESSIONS * GAD_FTP_EXPECTED = 32,768 */
    f->n_expected[e->port % GAD_FTP_PORT_COUNTS]++;
}

bool gad_ftp_take(struct gad_ftp_sessions *f, const struct gad_flow_key *key, uint16_t port,
                  bool at_b, int64_t now)
{
    struct gad_ftp_session *s =
        f->n_expected[port % GAD_FTP_PORT_COUNTS] > 0 ? gad_ftp_find(f, key) : NULL;

    for (size_t i = 0; s && i < GAD_FTP_EXPECTED; i++) {
        struct gad_ftp_expected *e = &s->expected[i];
        if (e->control == 0 || e->port != port || e->at_b != at_b)
            continue;
        bool in_time = now <= e->until;
        release(f, e);
        if (in_time)
            return true;
    }
    return false;
}
