/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records through the socket. Usage: bench_socket GANADD CHECKPOINT [CORE_OF_GANADD
 * CORE_OF_CLIENT]. Starts the daemon pinned to one core and sends as many requests as may be in
 * flight from the other. With ganadd-no-scoring (and any name for a checkpoint) it measures ingest
 * without scoring; with ganadd and a real checkpoint, end to end. Rates are by the wall clock and
 * by the processor time of the daemon, both threads. Then it measures the round trip of one record,
 * sent alone at a tenth of the highest single-record rate.
 */

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/base/text.h"
#include "lib/base/time.h"
#include "lib/record/record.h"
#include "lib/wire/frame.h"
#include "lib/wire/socket.h"
#include "proto/ganad.pb-c.h"

enum { RUNS = 5, N_LATENCY = 20000, CHUNK = 256 << 10, IN_FLIGHT = 48, N_NUMBERS = 38 };

struct peer {
    pid_t pid;
    char dir[64], path[96], tcp[32];
};

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "bench_socket: %s\n", what);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void pin(int core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)core, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        (void)fprintf(stderr, "bench_socket: cannot pin to core %d\n", core);
}

/* Port of a bound IPv4 socket. */
static int port_of(int fd)
{
    struct sockaddr_in a = {0};
    socklen_t len = sizeof(a);

    return getsockname(fd, (struct sockaddr *)&a, &len) == 0 ? ntohs(a.sin_port) : 0;
}

/* The port is free until the daemon binds it, so another program can take it: a benchmark may
 * fail now and then. */
static int free_port(void)
{
    int fd, port = 0;

    if (gad_socket_listen("127.0.0.1:0", 0, 1, &fd, NULL) == 0) {
        port = port_of(fd);
        (void)close(fd);
    }
    return port;
}

static struct peer start(const char *ganadd, const char *checkpoint, int core)
{
    struct peer p = {.dir = "/tmp/ganad-bench.XXXXXX"};
    char conf[96];
    char *argv[] = {NULL, NULL, NULL, NULL};

    if (!mkdtemp(p.dir))
        die("no temporary directory");
    (void)snprintf(p.path, sizeof(p.path), "%s/s", p.dir);
    (void)snprintf(conf, sizeof(conf), "%s/conf", p.dir);
    (void)snprintf(p.tcp, sizeof(p.tcp), "127.0.0.1:%d", free_port());
    FILE *f = fopen(conf, "we");
    if (!f)
        die("no configuration");
    (void)fprintf(f,
                  "[scoring]\nunix = %s\ntcp = %s\n[control]\nunix =\n[model m]\ncheckpoint = %s\n",
                  p.path, p.tcp, checkpoint);
    (void)fclose(f);
    argv[0] = (char *)(uintptr_t)ganadd;
    argv[1] = (char *)(uintptr_t) "-c";
    argv[2] = conf;
    pin(core); /* the child inherits it */
    if (posix_spawn(&p.pid, ganadd, NULL, NULL, argv, environ) != 0)
        die("cannot start the daemon");
    return p;
}

static void stop(const struct peer *p)
{
    char conf[96];
    (void)kill(p->pid, SIGTERM);
    (void)waitpid(p->pid, NULL, 0);
    (void)snprintf(conf, sizeof(conf), "%s/conf", p->dir);
    (void)unlink(conf);
    (void)rmdir(p->dir);
}

static int reach(const char *path)
{
    const struct timespec pause = {0, 10000000};
    struct gad_diag d;
    int fd;

    for (int i = 0; i < 500; i++) {
        if (gad_socket_connect(path, 1000, &fd, &d) == 0)
            return fd;
        (void)nanosleep(&pause, NULL);
    }
    die("the daemon does not come up");
}

static double daemon_seconds(pid_t pid)
{
    clockid_t clock;
    struct timespec t = {0};
    if (clock_getcpuclockid(pid, &clock) == 0)
        (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void make_record(struct gad_rng *r, struct gad_record *rec)
{
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        const struct gad_column_info *col = &gad_columns[c];
        uint32_t draw =
            gad_rng_below(r, 3) == 0 ? gad_rng_below(r, 500) : 0; /* two thirds are zero */
        if (col->kind == GAD_KIND_NAME)
            rec->v[c] = gad_rng_below(r, (uint32_t)col->n_names);
        else if (col->kind == GAD_KIND_RATE)
            rec->v[c] = (double)(draw % 101) / 100.0;
        else
            rec->v[c] = (double)(draw % ((uint32_t)(col->max < 1e4 ? col->max : 1e4) + 1));
    }
}

static void add_frame(uint8_t kind, const ProtobufCMessage *m, struct gad_buf *out)
{
    size_t len = protobuf_c_message_get_packed_size(m);
    if (!gad_buf_room(out, GAD_FRAME_HEAD + len))
        die("no memory");
    gad_frame_add_head(out, kind, len);
    out->len += protobuf_c_message_pack(m, out->p + out->len);
}

static void add_packed(const struct gad_record *rec, size_t n, Ganad__V1__ScoreOptions *o,
                       struct gad_buf *out)
{
    Ganad__V1__PackedRequest m;
    uint8_t *names = gad_calloc(3, n);
    float *number = gad_calloc(N_NUMBERS, n * sizeof(float));
    size_t at = 0;

    if (!names || !number)
        die("no memory");
    ganad__v1__packed_request__init(&m);
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        bool is_name = gad_columns[c].kind == GAD_KIND_NAME;
        for (size_t i = 0; i < n; i++) {
            if (is_name)
                names[(size_t)(c - GAD_PROTOCOL_TYPE) * n + i] = (uint8_t)rec[i].v[c];
            else
                number[at++] = (float)rec[i].v[c];
        }
    }
    m.options = o;
    m.n = (uint32_t)n;
    m.protocol_type = (ProtobufCBinaryData){n, names};
    m.service = (ProtobufCBinaryData){n, names + n};
    m.flag = (ProtobufCBinaryData){n, names + 2 * n};
    m.n_number = at;
    m.number = number;
    add_frame(GANAD__V1__KIND__PACKED_REQUEST, &m.base, out);
    gad_free(names);
    gad_free(number);
}

static void fill_message(const struct gad_record *rec, Ganad__V1__Record *m)
{
    ganad__v1__record__init(m);
    for (unsigned c = 0; c < GAD_N_COLUMNS; c++) {
        const ProtobufCFieldDescriptor *f = &ganad__v1__record__descriptor.fields[c];
        char *at = (char *)m + f->offset;
        uint64_t u64 = f->type == PROTOBUF_C_TYPE_UINT64 ? (uint64_t)rec->v[c] : 0;
        uint32_t u32 = f->type == PROTOBUF_C_TYPE_UINT32 ? (uint32_t)rec->v[c] : 0;
        float f32 = (float)rec->v[c];
        const char *name = gad_name_text((enum gad_column)c, (int)rec->v[c]);
        if (f->type == PROTOBUF_C_TYPE_STRING)
            memcpy(at, &name, sizeof(name));
        else if (f->type == PROTOBUF_C_TYPE_UINT64)
            memcpy(at, &u64, sizeof(u64));
        else if (f->type == PROTOBUF_C_TYPE_FLOAT)
            memcpy(at, &f32, sizeof(f32));
        else
            memcpy(at, &u32, sizeof(u32));
    }
}

static void add_friendly(const struct gad_record *rec, size_t n, Ganad__V1__ScoreOptions *o,
                         struct gad_buf *out)
{
    Ganad__V1__ScoreRequest m;
    Ganad__V1__Record *r = gad_calloc(n, sizeof(*r));
    Ganad__V1__Record **list = gad_calloc(n, sizeof(Ganad__V1__Record *));

    if (!r || !list)
        die("no memory");
    for (size_t i = 0; i < n; i++) {
        fill_message(&rec[i], &r[i]);
        list[i] = &r[i];
    }
    ganad__v1__score_request__init(&m);
    m.options = o;
    m.n_record = n;
    m.record = list;
    add_frame(GANAD__V1__KIND__SCORE_REQUEST, &m.base, out);
    gad_free(r);
    gad_free(list);
}

static size_t any_cap(uint8_t kind, const void *arg)
{
    (void)arg;
    if (kind == GANAD__V1__KIND__ERROR_REPLY)
        die("the daemon answered with an error");
    return 1 << 24;
}

struct pump {
    int fd;
    const struct gad_buf *frames; /* n_frames requests one after the other */
    size_t n_frames, frame_len;
    struct gad_buf in;
};

static size_t take_answers(struct pump *p)
{
    uint8_t *to = gad_buf_room(&p->in, CHUNK);
    ssize_t n = to ? read(p->fd, to, CHUNK) : -1;
    struct gad_frame f;
    size_t used, got = 0;

    if (n == 0)
        die("the daemon closed");
    if (n > 0)
        p->in.len += (size_t)n;
    while (gad_frame_next(p->in.p + p->in.pos, gad_buf_left(&p->in), any_cap, NULL, &f, &used) ==
           0) {
        gad_buf_consume(&p->in, used);
        got++;
    }
    return got;
}

/* Sends @total requests, at most IN_FLIGHT ahead of their answers. All frames have the same
 * length. */
static void pump(struct pump *p, size_t total)
{
    size_t sent = 0, sent_bytes = 0, got = 0;

    while (got < total) {
        size_t may = got + IN_FLIGHT < total ? got + IN_FLIGHT : total;
        struct pollfd fd = {.fd = p->fd, .events = POLLIN};
        if (sent < may) {
            size_t first = sent % p->n_frames, n = may - sent;
            if (n > p->n_frames - first)
                n = p->n_frames - first;
            const uint8_t *from = p->frames->p + first * p->frame_len + sent_bytes;
            ssize_t w = send(p->fd, from, n * p->frame_len - sent_bytes, MSG_NOSIGNAL);
            if (w > 0) {
                sent_bytes += (size_t)w;
                sent += sent_bytes / p->frame_len;
                sent_bytes %= p->frame_len;
            }
            fd.events = POLLIN | POLLOUT;
        }
        if (sent == may)
            fd.events = POLLIN;
        (void)poll(&fd, 1, -1);
        if (fd.revents & POLLIN)
            got += take_answers(p);
    }
}

static double bench_rate(const struct peer *peer, const char *address, bool packed, size_t n,
                         size_t total)
{
    gad_cleanup(gad_freep) struct gad_record *rec = gad_calloc(n, sizeof(*rec));
    struct gad_buf frames = GAD_BUF_INIT(1 << 26);
    Ganad__V1__ScoreOptions o;
    struct gad_rng r = gad_rng_init(1, n);
    double wall[RUNS], cpu[RUNS];

    ganad__v1__score_options__init(&o);
    o.no_alert = 1;
    if (!rec)
        die("no memory");
    for (size_t i = 0; i < n; i++)
        make_record(&r, &rec[i]);
    struct pump p = {.fd = reach(address), .in = GAD_BUF_INIT(1 << 26), .frames = &frames};
    for (; p.n_frames < IN_FLIGHT; p.n_frames++) {
        if (packed)
            add_packed(rec, n, &o, &frames);
        else
            add_friendly(rec, n, &o, &frames);
    }
    p.frame_len = frames.len / p.n_frames;
    pump(&p, total / n / 8 + 1);
    for (int i = 0; i < RUNS; i++) {
        struct gad_time t = gad_time_monotonic();
        double c = daemon_seconds(peer->pid);
        pump(&p, total / n);
        cpu[i] = daemon_seconds(peer->pid) - c;
        wall[i] = gad_time_seconds(gad_time_sub(gad_time_monotonic(), t));
    }
    qsort(wall, RUNS, sizeof(wall[0]), by_value);
    qsort(cpu, RUNS, sizeof(cpu[0]), by_value);
    size_t whole = total / n * n; /* requests are full */
    double done = (double)whole;
    printf("%-4s %-8s %4zu records a frame  %10.0f records/s  (best %.0f)  %7.0f ns of ganadd a "
           "record\n",
           address == peer->tcp ? "tcp" : "unix", packed ? "packed" : "friendly", n,
           done / wall[RUNS / 2], done / wall[0], 1e9 * cpu[RUNS / 2] / done);
    (void)close(p.fd);
    gad_buf_deinit(&frames);
    gad_buf_deinit(&p.in);
    return done / wall[RUNS / 2];
}

/* One record at a time, at the given rate. */
static void bench_latency(const struct peer *peer, double rate)
{
    static double t[N_LATENCY];
    struct gad_record rec = {0};
    struct gad_buf frame = GAD_BUF_INIT(4096);
    Ganad__V1__ScoreOptions o;
    struct gad_rng r = gad_rng_init(2, 0);
    size_t n = rate > 4000 ? N_LATENCY : (size_t)(rate * 5);

    ganad__v1__score_options__init(&o);
    o.no_alert = 1;
    make_record(&r, &rec);
    add_friendly(&rec, 1, &o, &frame);
    struct pump p = {.fd = reach(peer->path), .in = GAD_BUF_INIT(1 << 20), .frames = &frame};
    p.n_frames = 1;
    p.frame_len = frame.len;
    struct gad_time begin = gad_time_monotonic();
    for (size_t i = 0; i < n; i++) {
        int64_t due = begin.ns + (int64_t)((double)i * 1e9 / rate);
        struct gad_time from;
        while ((from = gad_time_monotonic()).ns < due)
            ; /* a timer would wake up late */
        pump(&p, 1);
        t[i] = gad_time_seconds(gad_time_sub(gad_time_monotonic(), from));
    }
    qsort(t, n, sizeof(t[0]), by_value);
    printf("one record there and back at %.0f/s: p50 %.0f us, p99 %.0f us, p99.9 %.0f us (%zu "
           "records)\n",
           rate, 1e6 * t[n / 2], 1e6 * t[n * 99 / 100], 1e6 * t[n * 999 / 1000], n);
    (void)close(p.fd);
    gad_buf_deinit(&frame);
    gad_buf_deinit(&p.in);
}

static int core_of(const char *text)
{
    uint64_t v;
    if (gad_text_u64(text, strlen(text), CPU_SETSIZE - 1, &v) != 0)
        die("not a core's number");
    return (int)v;
}

int main(int argc, char **argv)
{
    static const size_t sizes[] = {1, 16, 256, 4096};
    double single = 0;

    if (argc != 3 && argc != 5)
        die("usage: bench_socket GANADD CHECKPOINT [CORE_OF_GANADD CORE_OF_CLIENT]");
    int ours = argc == 5 ? core_of(argv[4]) : 1;
    struct peer peer = start(argv[1], argv[2], argc == 5 ? core_of(argv[3]) : 0);
    pin(ours);
    (void)close(reach(peer.path));
    for (int packed = 1; packed >= 0; packed--)
        for (size_t i = 0; i < (packed ? 4 : 3); i++) {
            size_t total = sizes[i] == 1 ? 200000 : 1000000;
            double rate = bench_rate(&peer, peer.path, packed, sizes[i], total);
            if (packed && sizes[i] == 1)
                single = rate;
            (void)bench_rate(&peer, peer.tcp, packed, sizes[i], total);
        }
    bench_latency(&peer, single / 10);
    stop(&peer);
    return 0;
}
