/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The effect of reloads on clients. Usage: bench_reload GANADD CHECKPOINT OTHER_CHECKPOINT [RELOADS
 * [PAUSE_MS]]
 *
 * Starts the daemon, and times each request from sending to its answer. It does so under full load
 * (16 requests of 64 records in flight, all the time), and one record after the other. Rounds
 * without and with reloads alternate. A reload is 'model load' of the other checkpoint or 'reload',
 * which restores the configured one; each begins PAUSE_MS after the last is done. No request may be
 * left without an answer, unscored, or scored by a third model. Numbers are of one machine in one
 * state: compare within a table.
 */

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/wire/frame.h"
#include "lib/wire/socket.h"
#include "proto/ganad.pb-c.h"

enum {
    ROUNDS = 5, /* of each kind, of RELOADS / ROUNDS reloads */
    RELOADS = 1000,
    PAUSE_MS = 20,
    IN_FLIGHT = 16,
    N_NUMBERS = 38,
    CHUNK = 256 << 10,
    SAMPLES = 1 << 22, /* requests of a kind; later ones are not timed */
};

struct sock {
    int fd;
    struct gad_buf in;
};

struct client {
    struct sock s;
    struct gad_buf frame; /* each request is the same */
    size_t n, in_flight;  /* records of a request; requests at a time */
    struct gad_time sent[IN_FLIGHT];
    size_t n_sent, n_got, out; /* out: bytes of the request that is being sent */
};

struct samples {
    size_t n;
    float *us;
};

struct control {
    struct sock s;
    const char *other;
    bool is_out;
    struct gad_time at, next; /* requested; the next is due */
    size_t n;
    double seconds; /* of all, from the request to the answer */
};

static uint8_t sha[3][32]; /* that were seen */
static size_t n_sha, n_by[2];

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_reload: %s\n", what);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static size_t any_cap(uint8_t kind, const void *arg)
{
    (void)kind;
    (void)arg;
    return 1 << 24;
}

static int reach(const char *path)
{
    const struct timespec pause = {0, 10000000};
    int fd;

    for (int i = 0; i < 500; i++) {
        if (gad_socket_connect(path, 1000, &fd, NULL) == 0)
            return fd;
        (void)nanosleep(&pause, NULL);
    }
    die("the daemon does not come up");
}

static void add_frame(uint8_t kind, const ProtobufCMessage *m, struct gad_buf *out)
{
    size_t len = protobuf_c_message_get_packed_size(m);

    if (!gad_buf_room(out, GAD_FRAME_HEAD + len))
        die("no memory");
    gad_frame_add_head(out, kind, len);
    out->len += protobuf_c_message_pack(m, out->p + out->len);
}

/* n records of zeros, which take as long as others. */
static void make_request(struct client *c)
{
    Ganad__V1__PackedRequest m;
    Ganad__V1__ScoreOptions o;
    uint8_t *names = gad_calloc(1, c->n);
    float *number = gad_calloc(N_NUMBERS, c->n * sizeof(float));

    if (!names || !number)
        die("no memory");
    ganad__v1__packed_request__init(&m);
    ganad__v1__score_options__init(&o);
    o.no_alert = 1;
    m.options = &o;
    m.n = (uint32_t)c->n;
    m.protocol_type = m.service = m.flag = (ProtobufCBinaryData){c->n, names};
    m.n_number = N_NUMBERS * c->n;
    m.number = number;
    add_frame(GANAD__V1__KIND__PACKED_REQUEST, &m.base, &c->frame);
    gad_free(names);
    gad_free(number);
}

/* Takes the received data, a frame at a time; false: no complete frame is left. */
static bool next_frame(struct sock *s, struct gad_frame *f)
{
    size_t used;

    if (gad_frame_next(s->in.p + s->in.pos, gad_buf_left(&s->in), any_cap, NULL, f, &used) != 0)
        return false;
    gad_buf_consume(&s->in, used); /* the bytes stay until more are read */
    return true;
}

static void fill(struct sock *s)
{
    uint8_t *to = gad_buf_room(&s->in, CHUNK);
    ssize_t n = to ? read(s->fd, to, CHUNK) : -1;

    if (n == 0)
        die("the daemon closed");
    if (n > 0)
        s->in.len += (size_t)n;
}

static void take_answer(struct client *c, const struct gad_frame *f, struct samples *to)
{
    struct gad_time now = gad_time_monotonic();

    if (f->kind != GANAD__V1__KIND__SCORE_REPLY)
        die("an answer without scores");
    Ganad__V1__ScoreReply *m = ganad__v1__score_reply__unpack(NULL, f->len, f->p);
    if (!m || m->n_score != c->n || m->unscored.len != 0 || m->model_sha256.len != 32)
        die("an answer that is not whole");
    size_t i = 0;
    while (i < n_sha && memcmp(sha[i], m->model_sha256.data, 32) != 0)
        i++;
    if (i == 2)
        die("a third model");
    if (i == n_sha)
        memcpy(sha[n_sha++], m->model_sha256.data, 32);
    n_by[i]++;
    ganad__v1__score_reply__free_unpacked(m, NULL);
    const struct gad_time since = c->sent[c->n_got++ % IN_FLIGHT];
    if (to && to->n < SAMPLES)
        to->us[to->n++] = (float)(1e6 * gad_time_seconds(gad_time_sub(now, since)));
}

static void send_requests(struct client *c)
{
    while (c->n_sent - c->n_got < c->in_flight) {
        if (c->out == 0)
            c->sent[c->n_sent % IN_FLIGHT] = gad_time_monotonic();
        ssize_t n =
            send(c->s.fd, c->frame.p + c->out, c->frame.len - c->out, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return;
        c->out += (size_t)n;
        if (c->out < c->frame.len)
            return;
        c->out = 0;
        c->n_sent++;
    }
}

static void ask_reload(struct control *k, struct gad_time now)
{
    Ganad__V1__ControlRequest m;
    struct gad_buf b = GAD_BUF_INIT(8192);

    ganad__v1__control_request__init(&m);
    m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__RELOAD;
    if (k->n % 2 == 0) {
        m.command = GANAD__V1__CONTROL_REQUEST__COMMAND__MODEL_LOAD;
        m.model = (char *)(uintptr_t) "m";
        m.file = (char *)(uintptr_t)k->other;
    }
    add_frame(GANAD__V1__KIND__CONTROL_REQUEST, &m.base, &b);
    if (send(k->s.fd, b.p, b.len, MSG_NOSIGNAL) != (ssize_t)b.len)
        die("the control socket takes nothing");
    gad_buf_deinit(&b);
    k->is_out = true;
    k->at = now;
}

static void take_reload(struct control *k, struct gad_time pause)
{
    struct gad_frame f;

    fill(&k->s);
    if (!next_frame(&k->s, &f))
        return;
    if (f.kind != GANAD__V1__KIND__RELOAD_REPLY)
        die("a reload was refused");
    struct gad_time now = gad_time_monotonic();
    k->seconds += gad_time_seconds(gad_time_sub(now, k->at));
    k->is_out = false;
    k->next = (struct gad_time){now.ns + pause.ns};
    k->n++;
}

/* Runs until @reloads more are done, or without any for the given seconds. Returns the seconds. */
static double round_of(struct client *c, struct control *k, size_t reloads, struct gad_time pause,
                       double seconds, struct samples *to)
{
    struct gad_time begin = gad_time_monotonic(), now = begin;
    const size_t end = k->n + reloads;
    struct gad_frame f;

    k->next = begin;
    while (reloads > 0 ? k->n < end || k->is_out
                       : gad_time_seconds(gad_time_sub(now, begin)) < seconds) {
        if (reloads > 0 && !k->is_out && now.ns >= k->next.ns)
            ask_reload(k, now);
        send_requests(c);
        struct pollfd p[2] = {
            {.fd = c->s.fd, .events = (short)(c->out > 0 ? POLLIN | POLLOUT : POLLIN)},
            {.fd = k->s.fd, .events = POLLIN}};
        (void)poll(p, 2, 1);
        if (p[1].revents & POLLIN)
            take_reload(k, pause);
        if (p[0].revents & POLLIN) {
            fill(&c->s);
            while (next_frame(&c->s, &f))
                take_answer(c, &f, to);
        }
        now = gad_time_monotonic();
    }
    return gad_time_seconds(gad_time_sub(now, begin));
}

static double at(const struct samples *s, double q)
{
    return s->n > 0 ? (double)s->us[(size_t)(q * (double)(s->n - 1))] / 1000 : 0;
}

static void print(const char *what, struct samples *s, double seconds, size_t n)
{
    qsort(s->us, s->n, sizeof(s->us[0]), by_value);
    printf("  %-10s %9zu requests %10.0f records/s   p50 %7.3f   p99 %7.3f   p99.9 %7.3f   max "
           "%7.3f ms\n",
           what, s->n, (double)(s->n * n) / seconds, at(s, 0.5), at(s, 0.99), at(s, 0.999),
           at(s, 1));
}

static void bench(const char *dir, const char *other, size_t reloads, struct gad_time pause,
                  size_t n, size_t in_flight)
{
    char path[96];
    struct client c = {.frame = GAD_BUF_INIT(1 << 24), .n = n, .in_flight = in_flight};
    struct control k = {.other = other};
    struct samples quiet = {.us = gad_calloc(SAMPLES, sizeof(float))},
                   loud = {.us = gad_calloc(SAMPLES, sizeof(float))};
    double seconds[2] = {0};

    if (!quiet.us || !loud.us)
        die("no memory");
    make_request(&c);
    (void)snprintf(path, sizeof(path), "%s/s", dir);
    c.s = (struct sock){reach(path), GAD_BUF_INIT(1 << 26)};
    (void)snprintf(path, sizeof(path), "%s/c", dir);
    k.s = (struct sock){reach(path), GAD_BUF_INIT(1 << 26)};
    (void)round_of(&c, &k, 0, pause, 0.5, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        double now = round_of(&c, &k, reloads / ROUNDS, pause, 0, &loud);
        seconds[1] += now;
        seconds[0] += round_of(&c, &k, 0, pause, now, &quiet);
    }
    printf("%zu requests of %zu in flight, %zu reloads, %.1f ms each\n", in_flight, n, k.n,
           1000 * k.seconds / (double)k.n);
    print("without", &quiet, seconds[0], n);
    print("with", &loud, seconds[1], n);
    printf("  p99 %+.3f ms by reloads; by the one model %zu requests, by the other %zu\n",
           at(&loud, 0.99) - at(&quiet, 0.99), n_by[0], n_by[1]);
    (void)close(c.s.fd);
    (void)close(k.s.fd);
    gad_buf_deinit(&c.frame);
    gad_buf_deinit(&c.s.in);
    gad_buf_deinit(&k.s.in);
    gad_free(quiet.us);
    gad_free(loud.us);
}

static pid_t start(const char *ganadd, const char *checkpoint, const char *dir, const char *conf)
{
    char *argv[] = {(char *)(uintptr_t)ganadd, (char *)(uintptr_t) "-c", (char *)(uintptr_t)conf,
                    NULL};
    FILE *f = fopen(conf, "we");
    pid_t pid;

    if (!f)
        die("no configuration");
    (void)fprintf(f,
                  "[ganadd]\nlog_level = warn\n[scoring]\nunix = %s/s\n[control]\nunix = %s/c\n"
                  "[model m]\ncheckpoint = %s\n",
                  dir, dir, checkpoint);
    (void)fclose(f);
    if (posix_spawn(&pid, ganadd, NULL, NULL, argv, environ) != 0)
        die("cannot start the daemon");
    return pid;
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/ganad-bench.XXXXXX", conf[64];
    uint64_t reloads = RELOADS, pause = PAUSE_MS;

    if (argc < 4 || (argc > 4 && gad_text_u64(argv[4], strlen(argv[4]), 1000000, &reloads) != 0) ||
        (argc > 5 && gad_text_u64(argv[5], strlen(argv[5]), 60000, &pause) != 0) ||
        reloads < ROUNDS)
        die("usage: bench_reload GANADD CHECKPOINT OTHER_CHECKPOINT [RELOADS [PAUSE_MS]]");
    if (!mkdtemp(dir))
        die("no temporary directory");
    (void)snprintf(conf, sizeof(conf), "%s/conf", dir);
    pid_t pid = start(argv[1], argv[2], dir, conf);
    const struct gad_time between = {(int64_t)pause * 1000000};
    bench(dir, argv[3], reloads, between, 64, IN_FLIGHT);
    bench(dir, argv[3], reloads, between, 1, 1);
    (void)kill(pid, SIGTERM);
    (void)waitpid(pid, NULL, 0);
    (void)unlink(conf);
    (void)rmdir(dir);
    return 0;
}
