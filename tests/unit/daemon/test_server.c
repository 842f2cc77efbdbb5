/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/server.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/ingest/conn.h"
#include "daemon/score/job.h"
#include "tests/unit/daemon/daemon_fixture.h"
#include "tests/unit/test.h"

#define CODE(name) GANAD__V1__ERROR_REPLY__CODE__##name

static void answers_keep_the_order_of_pipelined_requests(void **state)
{
    (void)state;
    daemon_start("[scoring]\nin_flight = 5\n");
    int fd = client_open("s");
    for (int i = 0; i < 500; i++)
        assert_true(client_ask(fd, (uint64_t)i, i % 3 == 1 ? -1 : i));
    for (int i = 0; i < 500; i++)
        client_expect_score(fd, (uint64_t)i, i % 3 == 1 ? -1 : i);
    assert_true(status_counter("clients_waits") > 0); /* five in flight were not enough for it */
    assert_int_equal(status_counter("frames_in"), 500);
    assert_int_equal(status_counter("requests_refused"), 167);
    assert_int_equal(status_counter("records_bad"), 167);
    assert_int_equal(status_counter("records_scored"), 333);
    assert_int_equal(status_counter("jobs"), 0);
    (void)close(fd);
}

/*
 * 100 requests of three records each, at once, to a model that can do two searches a second. A
 * record with its top features costs two. The first record is scored, and the others are answered
 * as unscored, in order. The other model scores all records of its requests in between.
 */
static void beyond_a_budget_records_are_answered_unscored(void **state)
{
    (void)state;
    enum { N = 100 };
    Ganad__V1__Record record, *list[3] = {&record, &record, &record};
    Ganad__V1__ScoreOptions options;
    Ganad__V1__ScoreRequest m;
    uint64_t n_unscored = 0;

    daemon_start("[model s]\ncheckpoint = /search\nsearch_rate = 2\nthreshold = 1\n");
    int fd = client_open("s");
    ganad__v1__record__init(&record);
    ganad__v1__score_options__init(&options);
    record.src_bytes = 5;
    options.model = (char *)(uintptr_t) "s";
    options.top = 1;
    for (uint64_t i = 0; i < N; i++) {
        ganad__v1__score_request__init(&m);
        m.id = 2 * i;
        m.options = &options;
        m.n_record = 3;
        m.record = list;
        assert_true(client_send(fd, GANAD__V1__KIND__SCORE_REQUEST, &m.base));
        assert_true(client_ask(fd, 2 * i + 1, 7));
    }
    for (uint64_t i = 0; i < N; i++) {
        uint8_t kind;
        size_t len;
        const uint8_t *p = client_receive(fd, &kind, &len);
        assert_non_null(p);
        assert_int_equal(kind, GANAD__V1__KIND__SCORE_REPLY);
        Ganad__V1__ScoreReply *r = ganad__v1__score_reply__unpack(NULL, len, p);
        assert_true(r && r->id == 2 * i && r->n_score == 3 && r->n_p_value == 3);
        assert_true(r->anomalous.len == 3 && r->unscored.len == 3 && r->n_explanation == 3);
        for (size_t k = 0; k < 3; k++) {
            bool unscored = r->unscored.data[k];
            n_unscored += unscored;
            assert_true(i > 0 || unscored == (k > 0));
            assert_true(unscored ? isnan(r->score[k]) && isnan(r->p_value[k])
                                 : r->score[k] == 5.0f && r->p_value[k] < 1);
            assert_int_equal(r->anomalous.data[k], !unscored);
            assert_int_equal(r->explanation[k]->n_reason, unscored ? 0 : 1);
        }
        ganad__v1__score_reply__free_unpacked(r, NULL);
        client_expect_score(fd, 2 * i + 1, 7);
    }
    assert_true(n_unscored > 3 * N - 30); /* some seconds would have to pass for more */
    assert_int_equal(status_counter("records_unscored"), n_unscored);
    assert_int_equal(status_counter("records_scored"), 4 * N - n_unscored);
    assert_int_equal(status_counter("records_anomalous"), 3 * N - n_unscored);
    assert_int_equal(status_counter("alerts"), 3 * N - n_unscored);
    (void)close(fd);
}

static void a_frame_may_come_byte_by_byte(void **state)
{
    (void)state;
    /* id 1 and one empty record */
    static const uint8_t frame[] = {0, 0, 0, 5, 1, 0x08, 1, 0x1a, 0};

    daemon_start("");
    int fd = client_open("s");
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof(frame); i++)
            assert_true(client_send_bytes(fd, &frame[i], 1));
        client_expect_score(fd, 1, 0);
    }
    (void)close(fd);
}

static void every_bad_frame_is_named_behind_the_answers_before_it(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[8];
        size_t len;
        int code;
        const char *text;
    } rows[] = {
        {{0, 0, 0, 0}, 4, CODE(BAD_FRAME), "a frame of length 0"},
        {{0, 0, 0, 1, 0}, 5, CODE(BAD_FRAME), "kind 0 is not taken here"},
        {{0, 0, 0, 1, 3}, 5, CODE(BAD_FRAME), "kind 3 is not taken here"},
        {{0, 0, 0, 1, 129}, 5, CODE(BAD_FRAME), "kind 129 is not taken here"},
        {{0, 1, 0, 2, 1},
         5,
         CODE(BAD_FRAME),
         "a message of 65537 bytes, the limit for kind 1 is 65536"},
        {{0x80, 0, 0, 0, 2},
         5,
         CODE(BAD_FRAME),
         "a message of 2147483647 bytes, the limit for kind 2 is 1048576"},
        {{0xff, 0xff, 0xff, 0xff, 1},
         5,
         CODE(BAD_FRAME),
         "a message of 4294967294 bytes, the limit for kind 1 is 65536"},
        {{0, 0, 0, 2, 1, 0xff}, 6, CODE(BAD_MESSAGE), "not a ScoreRequest message"},
        {{0, 0, 0, 2, 2, 0xff}, 6, CODE(BAD_MESSAGE), "not a PackedRequest message"},
    };

    daemon_start("");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = client_open("s");
        for (uint64_t k = 0; k < 20; k++)
            assert_true(client_ask(fd, k, 7));
        assert_true(client_send_bytes(fd, rows[i].bytes, rows[i].len));
        (void)client_ask(fd, 99, 7); /* this is not read any more */
        for (uint64_t k = 0; k < 20; k++)
            client_expect_score(fd, k, 7);
        client_expect_error(fd, 0, rows[i].code, rows[i].text);
        client_expect_end(fd);
        (void)close(fd);
    }
    assert_int_equal(status_counter("frames_bad"), sizeof(rows) / sizeof(rows[0]));
}

static void a_stream_that_ends_gets_its_answers_first(void **state)
{
    (void)state;
    daemon_start("");
    int fd = client_open("s");
    for (uint64_t k = 0; k < 50; k++)
        assert_true(client_ask(fd, k, 7));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    for (uint64_t k = 0; k < 50; k++)
        client_expect_score(fd, k, 7);
    client_expect_end(fd);
    (void)close(fd);

    fd = client_open("s");
    assert_true(client_send_bytes(fd, "\0\0\0", 3));
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    client_expect_error(fd, 0, CODE(BAD_FRAME), "the stream ended inside a frame");
    client_expect_end(fd);
    (void)close(fd);
}

static void clients_that_vanish_leave_nothing_behind(void **state)
{
    (void)state;
    daemon_start("");
    for (int i = 0; i < 200; i++) {
        int fd = client_open("s");
        for (uint64_t k = 0; k < 40; k++)
            assert_true(client_ask(fd, k, 7));
        if (i % 2)
            assert_true(client_send_bytes(fd, "\0\0\1", 3)); /* half a frame */
        (void)close(fd);
    }
    status_wait("clients_accepted", 200); /* at the listener's pace */
    status_wait("clients", 0);
    assert_int_equal(status_counter("jobs"), 0);
}

static void one_too_many_is_refused_as_busy(void **state)
{
    (void)state;
    int fd[3];

    daemon_start("[scoring]\nmax_clients = 3\n");
    for (int i = 0; i < 3; i++) {
        fd[i] = client_open("s");
        assert_true(client_ask(fd[i], 1, 7));
        client_expect_score(fd[i], 1, 7);
    }
    int more = client_open("s");
    client_expect_error(more, 0, CODE(BUSY), "too many clients");
    client_expect_end(more);
    (void)close(more);
    assert_true(client_ask(fd[0], 2, 8)); /* the others never notice */
    client_expect_score(fd[0], 2, 8);
    (void)close(fd[0]);
    status_wait("clients", 2);
    more = client_open("s");
    assert_true(client_ask(more, 1, 7));
    client_expect_score(more, 1, 7);
    (void)close(more);
    (void)close(fd[1]);
    (void)close(fd[2]);
    assert_int_equal(status_counter("clients_refused"), 1);
}

static void slow_and_idle_clients_are_cut(void **state)
{
    (void)state;
    daemon_start("[scoring]\nframe_timeout = 100ms\nidle_timeout = 400ms\n");
    int slow = client_open("s");
    assert_true(client_send_bytes(slow, "\0\0\0\x10\1\0", 6));
    client_expect_error(slow, 0, CODE(TIMEOUT), "the frame was not complete in time");
    client_expect_end(slow);
    int idle = client_open("s");
    client_expect_error(idle, 0, CODE(TIMEOUT), "no data arrived within idle_timeout");
    client_expect_end(idle);
    (void)close(slow);
    (void)close(idle);
    assert_int_equal(status_counter("clients_timed_out"), 2);
}

/* Bytes that keep coming do not help: the frame has an absolute time. */
static void a_dripping_client_is_cut_and_the_others_are_served(void **state)
{
    (void)state;
    uint8_t kind;
    size_t len;

    daemon_start("[scoring]\nframe_timeout = 300ms\n");
    int drip = client_open("s"), good = client_open("s");
    assert_true(client_send_bytes(drip, "\0\0\x80\0\1\0", 6));
    for (uint64_t i = 0;; i++) {
        assert_true(client_ask(good, i, 7));
        client_expect_score(good, i, 7);
        if (!client_send_bytes(drip, "\0", 1))
            break; /* its error was sent and its side of the connection is closed */
        struct {
            uint8_t peek;
        } byte;
        if (recv(drip, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1)
            break;
        assert_true(i < 30000); /* else it would have sent its frame */
    }
    const uint8_t *p = client_receive(drip, &kind, &len);
    assert_non_null(p);
    assert_int_equal(kind, GANAD__V1__KIND__ERROR_REPLY);
    (void)close(drip);
    (void)close(good);
}

/* A request in nine bytes, again and again, until no more fits the buffers between us. */
static void send_what_fits(int fd, size_t *sent)
{
    static const uint8_t frame[] = {0, 0, 0, 5, 1, 0x08, 1, 0x1a, 0};
    static uint8_t many[sizeof(frame) * 1000];
    ssize_t n;

    for (size_t i = 0; i < sizeof(many); i++)
        many[i] = frame[i % sizeof(frame)];
    while ((n = send(fd, many + *sent % sizeof(frame), sizeof(many) - sizeof(frame),
                     MSG_NOSIGNAL | MSG_DONTWAIT)) > 0)
        *sent += (size_t)n;
    assert_int_equal(errno, EAGAIN);
    assert_true(*sent < 100 << 20);
}

static void who_does_not_take_answers_is_not_read_and_then_cut(void **state)
{
    (void)state;
    size_t sent = 0;

    daemon_start("[scoring]\nclient_output = 4096\nidle_timeout = 300ms\n");
    int deaf = client_open("s"), good = client_open("s");
    while (status_counter("clients_waits") == 0)
        send_what_fits(deaf, &sent);
    assert_true(client_ask(good, 1, 7));
    client_expect_score(good, 1, 7);
    (void)close(good); /* or it would be idle for too long itself */
    send_what_fits(deaf, &sent);
    assert_true(status_counter("frames_in") < sent / 9);
    status_wait("clients_timed_out", 1);
    (void)close(deaf);
}

static void stopping_answers_what_was_accepted(void **state)
{
    (void)state;
    uint8_t kind;
    size_t len;
    uint64_t answered = 0;

    daemon_start("");
    int fd = client_open("s"), quiet = client_open("s");
    for (uint64_t k = 0; k < 1000; k++)
        assert_true(client_ask(fd, k, 7));
    client_expect_score(fd, answered++, 7);
    daemon_tell();
    client_expect_error(quiet, 0, CODE(SHUTTING_DOWN), "ganadd is shutting down");
    client_expect_end(quiet);
    (void)close(quiet);
    const uint8_t *p;
    while ((p = client_receive(fd, &kind, &len)) != NULL && kind == GANAD__V1__KIND__SCORE_REPLY) {
        Ganad__V1__ScoreReply *m = ganad__v1__score_reply__unpack(NULL, len, p);
        assert_non_null(m);
        assert_int_equal(m->id, answered++); /* none is left out */
        ganad__v1__score_reply__free_unpacked(m, NULL);
    }
    assert_non_null(p);
    assert_int_equal(kind, GANAD__V1__KIND__ERROR_REPLY);
    client_expect_end(fd);
    (void)close(fd);
    daemon_stop(); /* asserts that it ended well */
}

static void many_clients_share_one_small_pool(void **state)
{
    (void)state;
    enum { CLIENTS = 30, ROUNDS = 40, AHEAD = 60 };
    int fd[CLIENTS];

    daemon_start("[scoring]\njob_memory = 1M\n");
    for (int i = 0; i < CLIENTS; i++)
        fd[i] = client_open("s");
    for (uint64_t round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CLIENTS; i++)
            for (uint64_t k = 0; k < AHEAD; k++)
                assert_true(client_ask(fd[i], round * AHEAD + k, i));
        for (int i = 0; i < CLIENTS; i++)
            for (uint64_t k = 0; k < AHEAD; k++)
                client_expect_score(fd[i], round * AHEAD + k, i);
    }
    assert_int_equal(status_counter("records_scored"), CLIENTS * ROUNDS * AHEAD);
    for (int i = 0; i < CLIENTS; i++)
        (void)close(fd[i]);
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, daemon_make, daemon_unmake)
    const struct CMUnitTest tests[] = {
        WITH(answers_keep_the_order_of_pipelined_requests),
        WITH(beyond_a_budget_records_are_answered_unscored),
        WITH(a_frame_may_come_byte_by_byte),
        WITH(every_bad_frame_is_named_behind_the_answers_before_it),
        WITH(a_stream_that_ends_gets_its_answers_first),
        WITH(clients_that_vanish_leave_nothing_behind),
        WITH(one_too_many_is_refused_as_busy),
        WITH(slow_and_idle_clients_are_cut),
        WITH(a_dripping_client_is_cut_and_the_others_are_served),
        WITH(who_does_not_take_answers_is_not_read_and_then_cut),
        WITH(stopping_answers_what_was_accepted),
        WITH(many_clients_share_one_small_pool),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
