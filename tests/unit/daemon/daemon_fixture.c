/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/daemon/daemon_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/log.h"
#include "daemon/main/daemon.h"
#include "daemon/score/models.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/wire/frame.h"
#include "lib/wire/socket.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

enum { PATIENCE = 20 /* s */, RECEIVE_MAX = 4 << 20 };

char daemon_dir[64];

static struct config *config;
static struct models *models;
static pthread_t thread;
static bool runs, is_stopped;
static int result;
static struct gad_diag why;
static uint8_t *received;

int daemon_make(void **state)
{
    (void)state;
    log_set_level("error");
    received = gad_calloc(1, RECEIVE_MAX);
    return received && mkdtemp(scratch_path(daemon_dir, sizeof(daemon_dir), "daemon.XXXXXX")) ? 0
                                                                                              : -1;
}

int daemon_unmake(void **state)
{
    (void)state;
    char path[512];
    struct dirent *e;

    daemon_stop();
    DIR *d = opendir(daemon_dir);
    while (d && (e = readdir(d)) != NULL) {
        (void)snprintf(path, sizeof(path), "%s/%s", daemon_dir, e->d_name);
        (void)unlink(path);
    }
    if (d)
        (void)closedir(d);
    gad_free(received);
    return rmdir(daemon_dir);
}

static void *run(void *arg)
{
    (void)arg;
    result = daemon_run(config, models, false, &why);
    return NULL;
}

void daemon_start(const char *more)
{
    char text[2048];
    struct gad_diag d = {""};

    int n = snprintf(text, sizeof(text),
                     "[scoring]\nunix = %s/s\n[control]\nunix = %s/c\n"
                     "[alerts]\nrollup = 0s\nrate = 0\nheartbeat = 0s\nstats = 0s\n"
                     "[model m]\ncheckpoint = /m\n%s",
                     daemon_dir, daemon_dir, more);
    if (config_parse("t", text, (size_t)n, &config, &d) != 0)
        fail_msg("%s", d.text);
    assert_int_equal(models_load(config, &models, &d), 0);
    is_stopped = false;
    runs = pthread_create(&thread, NULL, run, NULL) == 0;
    assert_true(runs);
    (void)close(client_open("c")); /* it is there once this one is: the control socket comes last */
}

void daemon_signal(int signal)
{
    (void)pthread_kill(thread, signal);
}

void daemon_tell(void)
{
    if (!is_stopped)
        daemon_signal(SIGTERM); /* a second signal could arrive when it is not handled any more */
    is_stopped = true;
}

void daemon_stop(void)
{
    if (!runs)
        return;
    daemon_tell();
    (void)pthread_join(thread, NULL);
    runs = false;
    models_free(models);
    config_free(config);
    if (result != 0)
        fail_msg("%s", why.text);
}

int client_open(const char *socket)
{
    char path[80];
    struct gad_time begin = gad_time_monotonic();
    const struct timeval patience = {PATIENCE, 0};
    int fd;

    (void)snprintf(path, sizeof(path), "%s/%s", daemon_dir, socket);
    while (gad_socket_connect(path, 1000, &fd, NULL) != 0) {
        assert_true(gad_time_seconds(gad_time_sub(gad_time_monotonic(), begin)) < PATIENCE);
        (void)sched_yield();
    }
    int flags = fcntl(fd, F_GETFL);
    assert_int_equal(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
    return fd;
}

bool client_send_bytes(int fd, const void *p, size_t len)
{
    const uint8_t *at = p;
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        at += n;
        len -= (size_t)n;
    }
    return true;
}

bool client_send(int fd, uint8_t kind, const ProtobufCMessage *m)
{
    size_t len = protobuf_c_message_get_packed_size(m);
    uint8_t *p = gad_calloc(1, len + GAD_FRAME_HEAD);
    assert_non_null(p);
    uint32_t total = (uint32_t)len + 1;
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(total >> (24 - 8 * i));
    p[4] = kind;
    (void)protobuf_c_message_pack(m, p + GAD_FRAME_HEAD);
    bool sent = client_send_bytes(fd, p, len + GAD_FRAME_HEAD);
    gad_free(p);
    return sent;
}

static bool receive(int fd, uint8_t *p, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(fd, p, len, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            fail_msg("nothing came for %d s", PATIENCE);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

const uint8_t *client_receive(int fd, uint8_t *ret_kind, size_t *ret_len)
{
    uint8_t head[GAD_FRAME_HEAD];

    if (!receive(fd, head, sizeof(head)))
        return NULL;
    size_t len =
        ((size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3]) - 1;
    assert_true(len < RECEIVE_MAX);
    *ret_kind = head[4];
    *ret_len = len;
    return receive(fd, received, len) ? received : NULL;
}

void client_expect_error(int fd, uint64_t id, int code, const char *text)
{
    uint8_t kind;
    size_t len = 0;
    const uint8_t *p = client_receive(fd, &kind, &len);

    assert_non_null(p);
    assert_int_equal(kind, GANAD__V1__KIND__ERROR_REPLY);
    Ganad__V1__ErrorReply *m = ganad__v1__error_reply__unpack(NULL, len, p);
    assert_non_null(m);
    assert_string_equal(m->message, text);
    assert_int_equal(m->code, code);
    assert_int_equal(m->id, id);
    ganad__v1__error_reply__free_unpacked(m, NULL);
}

void client_expect_end(int fd)
{
    uint8_t kind;
    size_t len = 0;
    assert_null(client_receive(fd, &kind, &len));
}

bool client_ask(int fd, uint64_t id, double score)
{
    Ganad__V1__ScoreRequest m;
    Ganad__V1__Record r, *list[1] = {&r};

    ganad__v1__score_request__init(&m);
    ganad__v1__record__init(&r);
    m.id = id;
    m.n_record = 1;
    m.record = list;
    r.src_bytes = score < 0 ? 0 : (uint64_t)score;
    r.serror_rate = score < 0 ? 2 : 0;
    return client_send(fd, GANAD__V1__KIND__SCORE_REQUEST, &m.base);
}

void client_expect_score(int fd, uint64_t id, double score)
{
    uint8_t kind;
    size_t len = 0;

    if (score < 0) {
        client_expect_error(fd, id, GANAD__V1__ERROR_REPLY__CODE__BAD_RECORD,
                            "record 0: column 'serror_rate': 2 is out of range");
        return;
    }
    const uint8_t *p = client_receive(fd, &kind, &len);
    assert_non_null(p);
    assert_int_equal(kind, GANAD__V1__KIND__SCORE_REPLY);
    Ganad__V1__ScoreReply *m = ganad__v1__score_reply__unpack(NULL, len, p);
    assert_non_null(m);
    assert_int_equal(m->id, id);
    assert_int_equal(m->n_score, 1);
    assert_true(m->score[0] == (float)score);
    assert_int_equal(m->anomalous.data[0], score > 1000);
    ganad__v1__score_reply__free_unpacked(m, NULL);
}

uint64_t status_counter(const char *name)
{
    Ganad__V1__ControlRequest q;
    uint8_t kind;
    size_t len = 0;
    int fd = client_open("c");

    ganad__v1__control_request__init(&q);
    q.command = GANAD__V1__CONTROL_REQUEST__COMMAND__STATUS;
    assert_true(client_send(fd, GANAD__V1__KIND__CONTROL_REQUEST, &q.base));
    const uint8_t *p = client_receive(fd, &kind, &len);
    assert_non_null(p);
    assert_int_equal(kind, GANAD__V1__KIND__STATUS_REPLY);
    Ganad__V1__StatusReply *m = ganad__v1__status_reply__unpack(NULL, len, p);
    assert_non_null(m);
    uint64_t value = UINT64_MAX;
    for (size_t i = 0; i < m->n_counter; i++)
        if (strcmp(m->counter[i]->name, name) == 0)
            value = m->counter[i]->value;
    ganad__v1__status_reply__free_unpacked(m, NULL);
    (void)close(fd);
    assert_true(value != UINT64_MAX);
    return value;
}

void status_wait(const char *name, uint64_t value)
{
    struct gad_time begin = gad_time_monotonic();
    uint64_t now;

    while ((now = status_counter(name)) != value)
        if (gad_time_seconds(gad_time_sub(gad_time_monotonic(), begin)) > PATIENCE)
            fail_msg("%s is %llu, not %llu", name, (unsigned long long)now,
                     (unsigned long long)value);
}
