/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/run.h"

#include <errno.h>

#include "lib/base/diag.h"
#include "tools/common/bar.h"
#include "tools/common/show.h"
#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/frame.h"
#include "tools/ganad-traffic/out.h"
#include "tools/ganad-traffic/schedule.h"
#include "tools/ganad-traffic/sessions.h"
#include "tools/ganad-traffic/world.h"

enum { FLUSH_ABOVE = 1 << 20 };
/* Streams of random numbers. */
enum stream { STREAM_ARRIVALS = 1, STREAM_ATTACK = 16, STREAM_SESSION = 1 << 20 };

struct run {
    const struct options *opt;
    struct run_counts *counts;
    struct world *world;
    struct schedule schedule;
    struct out pcap, truth;
    uint64_t n_streams; /* of sessions, used so far */
};

/* A session whose packets are being written. */
struct player {
    struct task task;
    struct run *run;
    struct session *session;
};

static void player_free(struct task *t)
{
    struct player *p = (struct player *)t;
    session_free(p->session);
    gad_free(p);
}

static int player_act(struct task *t)
{
    struct player *p = (struct player *)t;
    struct session *s = p->session;
    struct run_counts *n = p->run->counts;
    const struct packet *k = &s->packet[s->next];
    struct conn *c = s->conn[k->conn];

    if (!c->seen) {
        c->seen = true;
        n->connections++;
        truth_line(&p->run->truth, c);
    }
    uint8_t *room = pcap_out_room(&p->run->pcap, FRAME_MAX);
    if (!room)
        return GAD_ENOMEM;
    size_t len = frame_build(s, k, room);
    pcap_out_frame(&p->run->pcap, k->time, len);
    n->packets++;
    n->bytes += len;
    n->first = n->first ? n->first : k->time;
    n->last = k->time;

    if (++s->next == s->n_packets)
        return GAD_END;
    t->time = s->packet[s->next].time;
    return 0;
}

static int play(struct run *r, struct session *session)
{
    gad_cleanup(session_freep) struct session *s = session;
    int err = session_finish(s);

    if (err != 0 || s->n_packets == 0)
        return err;
    struct player *p = gad_calloc(1, sizeof(*p));
    if (!p)
        return GAD_ENOMEM;
    p->task = (struct task){.time = s->packet[0].time, .act = player_act, .free = player_free};
    p->run = r;
    p->session = gad_steal(&s);
    return schedule_add(&r->schedule, &p->task);
}

static int begin(struct run *r, int64_t start, const char *kind, const char *label,
                 struct session **ret)
{
    struct gad_rng rng = gad_rng_init(r->opt->seed, STREAM_SESSION + r->n_streams++);

    r->counts->sessions++;
    return session_new(r->world, rng, start, kind, label, ret);
}

/* A source of sessions: normal ones, or the steps of one attack. */
struct source {
    struct task task;
    struct run *run;
    struct gad_rng rng;
    int64_t now_ns; /* since the start; gaps can be below 1 us */
    uint64_t left;
    const uint32_t *cum; /* normal ones: cumulative weights of the kinds */
    const struct attack *attack;
    struct campaign campaign;
};

static void source_free(struct task *t)
{
    gad_free(t);
}

static int source_advance(struct source *s, uint64_t mean_ns)
{
    s->now_ns += (int64_t)draw_exp(&s->rng, mean_ns);
    s->task.time = s->run->opt->start_us + s->now_ns / 1000;
    return --s->left ? 0 : GAD_END;
}

static size_t draw_kind(struct source *s)
{
    uint32_t x = gad_rng_below(&s->rng, s->cum[n_kinds - 1]);
    size_t i = 0;

    while (x >= s->cum[i])
        i++;
    return i;
}

static int normal_act(struct task *t)
{
    struct source *src = (struct source *)t;
    const struct options *opt = src->run->opt;
    const struct kind *kind = &kinds[draw_kind(src)];
    struct session *s = NULL;

    if (opt->seconds > 0 && src->now_ns / 1000000000 >= (int64_t)opt->seconds)
        return GAD_END;
    int err = begin(src->run, t->time, kind->name, "normal", &s);
    if (err != 0)
        return err;
    kind->make(s);
    err = play(src->run, s);
    return err ? err : source_advance(src, opt->gap_ns);
}

static int attack_act(struct task *t)
{
    struct source *src = (struct source *)t;
    const struct attack *a = src->attack;
    struct session *s = NULL;
    int err = begin(src->run, t->time, a->name, a->name, &s);

    if (err != 0)
        return err;
    a->make(s, &src->campaign);
    src->campaign.step++;
    err = play(src->run, s);
    return err ? err : source_advance(src, (uint64_t)a->gap * 1000);
}

static struct source *source_new(struct run *r, uint64_t stream, uint64_t n)
{
    struct source *s = gad_calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->task = (struct task){.time = r->opt->start_us, .free = source_free};
    s->run = r;
    s->rng = gad_rng_init(r->opt->seed, stream);
    s->left = n;
    r->counts->n_sessions += n;
    return s;
}

/* An attack starts at a random time during the normal sessions. */
static int add_attack(struct run *r, size_t i, uint64_t span_ns)
{
    const struct options_attack *o = &r->opt->attack[i];
    struct source *s = source_new(r, STREAM_ATTACK + i, o->count);

    if (!s)
        return GAD_ENOMEM;
    s->attack = &attacks[o->number];
    s->task.act = attack_act;
    s->now_ns = (int64_t)((span_ns >> 16) * gad_rng_below(&s->rng, 60000));
    s->task.time += s->now_ns / 1000;
    s->campaign.n_steps = o->count;
    s->campaign.mood = gad_rng_below(&s->rng, 1000);
    world_attacker(r->world, &s->campaign.attacker);
    return schedule_add(&r->schedule, &s->task);
}

static int add_sources(struct run *r)
{
    const struct options *opt = r->opt;
    uint64_t n = opt->sessions, span, seconds = opt->seconds * UINT64_C(1000000000);

    if (__builtin_mul_overflow(opt->gap_ns, n, &span) || (seconds > 0 && span > seconds))
        span = seconds;
    if (n > 0) {
        struct source *s = source_new(r, STREAM_ARRIVALS, n);
        if (!s)
            return GAD_ENOMEM;
        s->task.act = normal_act;
        s->cum = opt->kind_cum;
        int err = schedule_add(&r->schedule, &s->task);
        if (err != 0)
            return err;
    }
    for (size_t i = 0; i < opt->n_attacks; i++) {
        int err = add_attack(r, i, span);
        if (err != 0)
            return err;
    }
    return 0;
}

/* Reads the clock only every 4096 packets: a call costs more than a packet. */
static void show_progress(struct bar *bar, const struct run_counts *n)
{
    enum { PACKETS = 4096 };
    char packets[SHOW_TEXT], left[SHOW_TEXT];

    if (!bar->on || n->packets % PACKETS != 0 || !bar_due(bar))
        return;
    show_count(n->packets, packets);
    /* With --seconds alone the number of sessions is unknown. */
    if (n->n_sessions > UINT32_MAX) {
        bar_draw(bar, -1, "%s packets, %llu sessions", packets, (unsigned long long)n->sessions);
        return;
    }
    double done = (double)n->sessions / (double)n->n_sessions;
    bar_draw(bar, done, "%s packets, %s left", packets,
             show_duration(done > 0 ? bar_seconds(bar) * (1 - done) / done : 0, left));
}

/* Runs until everything is written or a signal arrives. */
static int play_all(struct run *r, const volatile sig_atomic_t *stop)
{
    struct bar bar;
    int err = 0;

    bar_start(&bar, r->opt->progress);
    while (err == 0 && !*stop) {
        err = schedule_act(&r->schedule);
        if (err == 0)
            err = out_flush(&r->pcap, FLUSH_ABOVE);
        if (err == 0)
            err = out_flush(&r->truth, FLUSH_ABOVE);
        show_progress(&bar, r->counts);
    }
    bar_clear(&bar);
    return err == GAD_END ? 0 : err ? err : -EINTR;
}

static int write_all(struct run *r, const volatile sig_atomic_t *stop, struct gad_diag *d)
{
    int err = out_open(&r->pcap, r->opt->pcap, d);

    if (err == 0)
        err = out_open(&r->truth, r->opt->truth, d);
    if (err != 0)
        return err;
    pcap_out_header(&r->pcap);
    if (r->opt->truth)
        truth_header(&r->truth);
    err = add_sources(r);
    if (err == 0)
        err = play_all(r, stop);
    if (err != 0)
        return gad_fail(d, err, "%s", gad_strerror(err));
    err = out_commit(&r->pcap, d);
    if (err == 0 && r->opt->truth)
        err = out_commit(&r->truth, d);
    return err;
}

int run_traffic(const struct options *opt, const volatile sig_atomic_t *stop,
                struct run_counts *counts, struct gad_diag *d)
{
    struct run r = {.opt = opt, .counts = counts, .pcap.fd = -1, .truth.fd = -1};

    *counts = (struct run_counts){0};
    int err = world_new(opt->seed, &r.world);
    if (err == 0)
        err = write_all(&r, stop, d);
    else
        err = gad_fail(d, err, "%s", gad_strerror(err));
    out_close(&r.truth);
    out_close(&r.pcap);
    schedule_deinit(&r.schedule);
    world_free(r.world);
    return err;
}
