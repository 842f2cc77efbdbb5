/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_hosts [-d DAYS] [-s SEED] [-a ATTACK] [-f] [-p] [-v]: two weeks of an office, record by
 * record, through the watch of source hosts. Without an attack all that it finds is false. With
 * one, which begins on the third morning before the end, it says after how many of its records the
 * attacking host is found. tests/bench/hosts runs all of them. -f: forged sources flood
 * the table from that morning on. -p: four hosts teach failures all the time. -v: each finding, and
 * the levels.
 *
 * The office has 40 clients with working days, browsing, DNS, NTP, polling programs, mail, file
 * servers, SSH, a monitoring host that asks everything each minute, a mail server that fails at
 * remote servers, nightly backups, dead servers and new devices.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/alert/host_watch.h"
#include "daemon/config/config.h"
#include "daemon/log.h"
#include "daemon/stats.h"
#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "lib/record/record.h"

enum {
    CLIENTS = 40,
    MINUTE = 60,
    HOUR = 3600,
    DAY = 86400,
    SITES = 20000,
    LAST = 3,
    FORGED = 3000
};
enum { RESOLVER = 1, MAIL, FILES, MONITOR, BACKUP, PRINTER }; /* 10.0.1.x */
#define START INT64_C(1767571200)                             /* a Monday, 0:00 */

struct world {
    struct host_watch *watch;
    struct stats stats;
    struct gad_rng rng;
    bool is_loud, is_forged, is_poisoned;
    bool is_attack; /* of the record that is sent */
    int64_t now;    /* s since START */
    uint32_t attacker, days;
    uint64_t records, of_attack, found_after, found_false, found_forgeable;
    double found_s;
    int64_t attack_from;
    char what[256];
};

static double uniform(struct world *w)
{
    return ((double)(gad_rng_u64(&w->rng) >> 11) + 0.5) / 9007199254740992.0;
}

static uint32_t below(struct world *w, uint32_t n)
{
    return gad_rng_below(&w->rng, n);
}

static uint32_t address(unsigned b, unsigned c, unsigned d)
{
    return 10u << 24 | b << 16 | c << 8 | d;
}

/* Popular sites are much more popular than others. */
static uint32_t site(struct world *w)
{
    double u = uniform(w);
    uint32_t n = (uint32_t)(SITES * u * u * u * u);

    return 0x60000000u + n * 2654435u;
}

static void tell(struct world *w, uint32_t src, const struct host_finding *f)
{
    const struct gad_unusual *u = &f->unusual[0];
    bool is_his = w->is_attack || (w->attacker == src && w->now >= w->attack_from);

    if (is_his && w->found_after == 0) {
        w->found_after = w->of_attack;
        w->found_s = (double)(w->now - w->attack_from);
        (void)snprintf(w->what, sizeof(w->what), "%s %.6g", gad_sign_name(u->sign), u->value);
    }
    w->found_false += !is_his;
    w->found_forgeable += !is_his && f->may_be_forged;
    if (w->is_loud)
        (void)printf("  day %.2f %u.%u.%u.%u %s %.6g usual %.6g p %.2g%s\n", (double)w->now / DAY,
                     src >> 24, src >> 16 & 255, src >> 8 & 255, src & 255, gad_sign_name(u->sign),
                     u->value, u->usual, u->p_value, is_his ? " (attack)" : "");
}

struct sent {
    uint32_t src, dst;
    uint16_t port;
    uint8_t proto;
    int flag;
    double up, down, seconds, p;
    unsigned failed_logins;
};

static void send_record(struct world *w, double second, const struct sent *s)
{
    struct gad_record r = {.tuple = {.family = 4, .proto = s->proto, .dst_port = s->port}};
    uint32_t src = __builtin_bswap32(s->src), dst = __builtin_bswap32(s->dst);
    int64_t at = (START + w->now) * 1000000000 + (int64_t)(second * 1e9);

    memcpy(r.tuple.src, &src, sizeof(src));
    memcpy(r.tuple.dst, &dst, sizeof(dst));
    r.v[GAD_PROTOCOL_TYPE] = s->proto == 6    ? GAD_PROTOCOL_TCP
                             : s->proto == 17 ? GAD_PROTOCOL_UDP
                                              : GAD_PROTOCOL_ICMP;
    r.v[GAD_FLAG] = s->flag;
    if (s->proto == 1)
        r.v[GAD_SERVICE] = gad_name_number(GAD_SERVICE, s->down > 0 ? "ecr_i" : "eco_i", 5);
    r.is_answer = s->proto == 1 && s->down > 0;
    r.v[GAD_SRC_BYTES] = floor(s->up);
    r.v[GAD_DST_BYTES] = s->proto == 1 ? 0 : floor(s->down);
    r.v[GAD_DURATION] = floor(s->seconds);
    r.v[GAD_NUM_FAILED_LOGINS] = s->failed_logins;
    r.start.ns = at;
    r.end.ns = at + (int64_t)(s->seconds * 1e9);
    double p = s->p > 0 ? s->p : uniform(w);
    w->records++;
    w->of_attack += w->is_attack;
    const struct host_finding *f = host_watch_take(w->watch, &r, p, r.end, true);
    if (f && f->is_new)
        tell(w, s->src, f);
}

/* --- the office --- */

static bool is_work(const struct world *w, uint32_t client)
{
    int64_t day = w->now / DAY % 7, hour = w->now / HOUR % 24;

    return day < 5 && hour >= 8 + client % 2 && hour < 17 + client % 3;
}

static void lookup(struct world *w, uint32_t src)
{
    send_record(w, uniform(w),
                &(struct sent){.src = src,
                               .dst = address(0, 1, RESOLVER),
                               .port = 53,
                               .proto = 17,
                               .flag = GAD_FLAG_SF,
                               .up = 28 + 40 * uniform(w) * uniform(w),
                               .down = 60 + 300 * uniform(w)});
}

static void browse(struct world *w, uint32_t src)
{
    uint32_t n = 1 + below(w, 12);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t dst = site(w);
        double sizes = exp(5 * uniform(w));
        bool is_dead = below(w, 400) == 0;
        lookup(w, src);
        send_record(w, 30 * uniform(w),
                    &(struct sent){.src = src,
                                   .dst = dst,
                                   .port = 443,
                                   .proto = 6,
                                   .flag = is_dead ? GAD_FLAG_S0 : GAD_FLAG_SF,
                                   .up = is_dead ? 0 : 400 + 60 * sizes,
                                   .down = is_dead ? 0 : 1000 * sizes,
                                   .seconds = 20 * uniform(w)});
    }
}

static void tcp(struct world *w, uint32_t src, uint32_t dst, uint16_t port, double up, double down)
{
    send_record(w, 55 * uniform(w),
                &(struct sent){.src = src,
                               .dst = dst,
                               .port = port,
                               .proto = 6,
                               .flag = GAD_FLAG_SF,
                               .up = up,
                               .down = down,
                               .seconds = 3});
}

static void udp(struct world *w, uint32_t src, uint32_t dst, uint16_t port, double up, double down)
{
    send_record(w, 2 * uniform(w),
                &(struct sent){.src = src,
                               .dst = dst,
                               .port = port,
                               .proto = 17,
                               .flag = GAD_FLAG_SF,
                               .up = up,
                               .down = down});
}

/* A message and its answer are a record each, of the host that asked. */
static void ping(struct world *w, uint32_t src, uint32_t dst, double second, double size,
                 bool answers)
{
    struct sent s = {.src = src, .dst = dst, .proto = 1, .flag = GAD_FLAG_SF, .up = size};

    send_record(w, second, &s);
    s.down = 1; /* marks the answer */
    if (answers)
        send_record(w, second + 0.01, &s);
}

/* What programs do by themselves: time, updates, telemetry. */
static void poll_all(struct world *w, uint32_t client, uint32_t src)
{
    int64_t minute = w->now / MINUTE;

    if (minute % 17 == client % 17)
        udp(w, src, 0x60900001, 123, 48, 48);
    for (uint32_t k = 0; k < 3; k++)
        if (minute % (5 + 10 * k) == (client + k) % (5 + 10 * k))
            tcp(w, src, 0x60910000 + k, 443, 900, 4000);
    if (client % 13 == 5 && minute % 10 == 3) /* of its own, since always */
        tcp(w, src, 0x60920000 + client, 8443, 700, 300);
}

static void client_minute(struct world *w, uint32_t client)
{
    uint32_t src = address(0, 0, 10 + client);
    bool is_outage = w->now / DAY == 8 && w->now / HOUR % 24 == 11;

    if (client >= 38 && w->now < 8 * DAY) /* new devices */
        return;
    poll_all(w, client, src);
    if (!is_work(w, client))
        return;
    if (below(w, 4) == 0)
        browse(w, src);
    if (below(w, 5) == 0)
        send_record(w, 30,
                    &(struct sent){.src = src,
                                   .dst = address(0, 1, FILES),
                                   .port = 445,
                                   .proto = 6,
                                   .flag = is_outage ? GAD_FLAG_S0 : GAD_FLAG_SF,
                                   .up = is_outage ? 0 : 2000 * exp(6 * uniform(w) * uniform(w)),
                                   .down = is_outage ? 0 : 20000 * exp(5 * uniform(w)),
                                   .seconds = 10});
    if (w->now / MINUTE % 5 == client % 5)
        tcp(w, src, address(0, 1, MAIL), 993, 800, 3000);
    if (below(w, 240) == 0)
        tcp(w, src, address(0, 1, PRINTER), 9100, 300000, 200);
    if (below(w, 600) == 0) /* a video call, or an upload */
        tcp(w, src, site(w), 443, 2e7 * uniform(w), 2e7);
    if (client < 4 && below(w, 30) == 0)
        tcp(w, src, address(0, 1, below(w, 6) + 1), 22, 3000 + 20000 * uniform(w), 9000);
    if (below(w, 900) == 0) /* a wrong password, a host that is off */
        send_record(w, 5,
                    &(struct sent){.src = src,
                                   .dst = address(0, 0, below(w, 200)),
                                   .port = 3389,
                                   .proto = 6,
                                   .flag = GAD_FLAG_S0});
}

static void servers_minute(struct world *w)
{
    uint32_t mail = address(0, 1, MAIL), monitor = address(0, 1, MONITOR);
    bool is_night = w->now / HOUR % 24 == 2;

    for (uint32_t k = 0; k < CLIENTS + 6; k++) {
        uint32_t dst = k < 6 ? address(0, 1, k + 1) : address(0, 0, 4 + k);
        bool is_off = k >= 6 && !is_work(w, k - 6) && k % 3 == 0;
        ping(w, monitor, dst, k, 56, !is_off);
    }
    tcp(w, monitor, address(0, 1, 1 + (uint32_t)(w->now / MINUTE % 6)), 22, 2500, 2500);
    for (uint32_t n = below(w, 4), i = 0; i < n; i++) {
        bool is_dead = below(w, 30) == 0;
        lookup(w, mail);
        send_record(w, 40 * uniform(w),
                    &(struct sent){.src = mail,
                                   .dst = site(w),
                                   .port = 25,
                                   .proto = 6,
                                   .flag = is_dead ? GAD_FLAG_S0 : GAD_FLAG_SF,
                                   .up = is_dead ? 0 : 3000 * exp(4 * uniform(w)),
                                   .down = is_dead ? 0 : 900});
    }
    for (uint32_t i = 0; i < 4; i++)
        udp(w, address(0, 1, RESOLVER), 0x61000000 + below(w, 300), 53, 30 + 30 * uniform(w), 200);
    if (is_night)
        for (uint32_t k = 1; k < 5; k++)
            tcp(w, address(0, 1, k), address(0, 1, BACKUP), 873, 3e7 * (1 + uniform(w)), 1000);
}

/* --- attacks; each from a client that works as well --- */

struct attack {
    const char *name, *what;
    int64_t every, spare; /* s between its records; s of jitter */
    void (*step)(struct world *w, uint32_t n, double second);
};

static void step_sweep(struct world *w, uint32_t n, double second)
{
    send_record(w, second,
                &(struct sent){.src = w->attacker,
                               .dst = address(0, 2 + n / 250, 1 + n % 250),
                               .port = 445,
                               .proto = 6,
                               .flag = n % 3 == 0 ? GAD_FLAG_REJ : GAD_FLAG_S0});
}

/* One in five hosts answers, so that not all fail. */
static void step_sweep_live(struct world *w, uint32_t n, double second)
{
    send_record(w, second,
                &(struct sent){.src = w->attacker,
                               .dst = address(0, 2 + n / 250, 1 + n % 250),
                               .port = 22,
                               .proto = 6,
                               .flag = n % 5 == 0 ? GAD_FLAG_SF : GAD_FLAG_S0,
                               .down = n % 5 == 0 ? 40 : 0});
}

static void step_beacon(struct world *w, uint32_t n, double second)
{
    (void)n;
    send_record(w, second,
                &(struct sent){.src = w->attacker,
                               .dst = 0x5b000001,
                               .port = 443,
                               .proto = 6,
                               .flag = GAD_FLAG_SF,
                               .up = 450,
                               .down = 300,
                               .seconds = 1});
}

static void step_dns(struct world *w, uint32_t n, double second)
{
    (void)n;
    send_record(w, second,
                &(struct sent){.src = w->attacker,
                               .dst = address(0, 1, RESOLVER),
                               .port = 53,
                               .proto = 17,
                               .flag = GAD_FLAG_SF,
                               .up = 160 + 60 * uniform(w),
                               .down = 200 + 100 * uniform(w)});
}

static void step_icmp(struct world *w, uint32_t n, double second)
{
    (void)n;
    ping(w, w->attacker, 0x5b000002, second, 600, true);
}

static void step_guess(struct world *w, uint32_t n, double second)
{
    (void)n;
    send_record(w, second,
                &(struct sent){.src = w->attacker,
                               .dst = address(0, 1, FILES),
                               .port = 22,
                               .proto = 6,
                               .flag = GAD_FLAG_SF,
                               .up = 1900,
                               .down = 2700,
                               .seconds = 3});
}

static void step_upload(struct world *w, uint32_t n, double second)
{
    (void)n;
    send_record(w, second,
                &(struct sent){.src = w->attacker,
                               .dst = 0x5b000003,
                               .port = 443,
                               .proto = 6,
                               .flag = GAD_FLAG_SF,
                               .up = 1048576,
                               .down = 900,
                               .seconds = 2});
}

/* Records of a p-value of .01, each at another host, with answers. */
static void step_odd(struct world *w, uint32_t n, double second)
{
    send_record(w, second,
                &(struct sent){.src = w->attacker,
                               .dst = address(0, 0, 10 + n % 30),
                               .port = (uint16_t)(8000 + n % 5),
                               .proto = 6,
                               .flag = GAD_FLAG_SF,
                               .up = 300,
                               .down = 500,
                               .p = 0.01 * uniform(w)});
}

static const struct attack attacks[] = {
    {"sweep-1s", "horizontal scan, 1 host a second", 1, 0, step_sweep},
    {"sweep-1min", "horizontal scan, 1 host a minute", 60, 0, step_sweep},
    {"sweep-10min", "horizontal scan, 1 host in 10 minutes", 600, 0, step_sweep},
    {"sweep-live", "the same, 1 a minute, a fifth answers", 60, 0, step_sweep_live},
    {"beacon", "beacon each 60 s", 60, 0, step_beacon},
    {"beacon-10", "beacon each 60 s +-10 %", 60, 6, step_beacon},
    {"beacon-20", "beacon each 60 s +-20 %", 60, 12, step_beacon},
    {"beacon-10min", "beacon each 10 minutes +-10 %", 600, 60, step_beacon},
    {"dns", "DNS tunnel, a query in 2 s", 2, 0, step_dns},
    {"icmp", "ICMP tunnel, an echo in 2 s", 2, 0, step_icmp},
    {"guess", "a password each 2 minutes by SSH", 120, 30, step_guess},
    {"upload", "1 MiB each 30 s to one host", 30, 10, step_upload},
    {"odd", "odd records, p below .01, one a minute", 60, 20, step_odd},
};
enum { N_ATTACKS = sizeof(attacks) / sizeof(attacks[0]) };

static void attack_minute(struct world *w, const struct attack *a, double *next, uint32_t *n)
{
    w->is_attack = true;
    while (*next < (double)(w->now + MINUTE)) {
        double jitter = (double)a->spare * (2 * uniform(w) - 1);
        double at = *next + jitter - (double)w->now;
        a->step(w, (*n)++, at);
        *next += (double)a->every;
    }
    w->is_attack = false;
}

/* --- against the detector itself --- */

/* A SYN each from FORGED forged sources, public and private. */
static void forge_minute(struct world *w)
{
    for (uint32_t i = 0; i < FORGED; i++)
        send_record(w, 60.0 * i / FORGED,
                    &(struct sent){.src = i % 2 ? (uint32_t)gad_rng_u64(&w->rng) | 1u << 30
                                                : address(200, below(w, 256), below(w, 256)),
                                   .dst = address(0, 1, FILES),
                                   .port = 80,
                                   .proto = 6,
                                   .flag = GAD_FLAG_S0});
}

/* Four hosts that fail a little more often each day, to teach what is usual. */
static void poison_minute(struct world *w)
{
    int64_t day = w->now / DAY;
    uint32_t n = (uint32_t)(3 * pow(1.06, (double)day)), minute = (uint32_t)(w->now % HOUR / 60);

    if (w->now / HOUR % 24 != 14 || minute >= n || w->now >= w->attack_from)
        return;
    for (uint32_t k = 0; k < 4; k++)
        send_record(w, 10,
                    &(struct sent){.src = address(0, 0, 30 + k),
                                   .dst = address(3, (uint32_t)day, minute),
                                   .port = 445,
                                   .proto = 6,
                                   .flag = GAD_FLAG_S0});
}

static void run(struct world *w, const struct attack *a)
{
    double next = (double)w->attack_from;
    uint32_t n = 0;

    for (w->now = 0; w->now < (int64_t)w->days * DAY; w->now += MINUTE) {
        for (uint32_t c = 0; c < CLIENTS; c++)
            client_minute(w, c);
        servers_minute(w);
        if (w->is_forged && w->now >= ((int64_t)w->days - LAST) * DAY + 36000)
            forge_minute(w);
        if (w->is_poisoned)
            poison_minute(w);
        if (a && w->now >= w->attack_from && w->found_after == 0)
            attack_minute(w, a, &next, &n);
        if (w->found_after != 0)
            break;
    }
}

static int begin(struct world *w, uint64_t seed)
{
    static const char text[] = "[model a]\ncheckpoint = /a\n";
    struct gad_diag d = {""};
    struct config *c = NULL;

    w->rng = gad_rng_init(seed, 0);
    if (config_parse("bench", text, sizeof(text) - 1, &c, &d) != 0) {
        (void)fprintf(stderr, "bench_hosts: %s\n", d.text);
        return -1;
    }
    int r = host_watch_new(c, 1, "", &w->stats, &w->watch);
    config_free(c);
    return r;
}

static double seconds_of_cpu(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static int usage(void)
{
    (void)fprintf(stderr,
                  "usage: bench_hosts [-d DAYS] [-s SEED] [-a ATTACK] [-f] [-p] [-v]\nattacks:");
    for (size_t i = 0; i < N_ATTACKS; i++)
        (void)fprintf(stderr, " %s", attacks[i].name);
    (void)fprintf(stderr, "\n");
    return 2;
}

struct choice {
    const struct attack *attack;
    uint64_t days, seed;
    bool is_loud, is_forged, is_poisoned;
};

static const struct attack *attack_of(const char *name)
{
    for (size_t k = 0; k < N_ATTACKS; k++)
        if (strcmp(attacks[k].name, name) == 0)
            return &attacks[k];
    return NULL;
}

static bool choose(struct choice *c, int argc, char **argv)
{
    int option;

    while ((option = getopt(argc, argv, "vfpd:s:a:")) != -1) {
        size_t len = optarg ? strlen(optarg) : 0;
        bool ok = option != '?';
        c->is_loud |= option == 'v';
        c->is_forged |= option == 'f';
        c->is_poisoned |= option == 'p';
        if (option == 'd')
            ok = gad_text_u64(optarg, len, 400, &c->days) == 0 && c->days > LAST;
        if (option == 's')
            ok = gad_text_u64(optarg, len, UINT64_MAX, &c->seed) == 0;
        if (option == 'a')
            ok = (c->attack = attack_of(optarg)) != NULL;
        if (!ok)
            return false;
    }
    return optind == argc;
}

static void report(const struct world *w, const struct choice *c, double took)
{
    const struct attack *a = c->attack;

    if (a && w->found_after > 0)
        (void)printf("%-40s found after %4llu records, %6.0f s: %s", a->what,
                     (unsigned long long)w->found_after, w->found_s, w->what);
    else if (a)
        (void)printf("%-40s NOT found in %llu records", a->what, (unsigned long long)w->of_attack);
    else
        (void)printf("office, seed %llu: %llu records in %llu days, %.2f us each",
                     (unsigned long long)c->seed, (unsigned long long)w->records,
                     (unsigned long long)c->days, 1e6 * took / (double)w->records);
    (void)printf("; %llu false incidents (%.1f a week), %llu of them forgeable\n",
                 (unsigned long long)w->found_false, 7.0 * (double)w->found_false / (double)c->days,
                 (unsigned long long)w->found_forgeable);
}

int main(int argc, char **argv)
{
    static struct world w = {.attacker = 10u << 24 | 17};
    struct choice c = {.days = 14, .seed = 1};

    if (!choose(&c, argc, argv))
        return usage();
    w.is_loud = c.is_loud;
    w.days = (uint32_t)c.days;
    w.is_forged = c.is_forged;
    w.is_poisoned = c.is_poisoned;
    w.attack_from = c.attack ? ((int64_t)w.days - LAST) * DAY + 37800 : INT64_MAX; /* 10:30 */
    if (w.is_loud)
        log_set_level("debug");
    if (begin(&w, c.seed) != 0)
        return 1;
    double from = seconds_of_cpu();
    run(&w, c.attack);
    report(&w, &c, seconds_of_cpu() - from);
    host_watch_free(w.watch);
    return 0;
}
