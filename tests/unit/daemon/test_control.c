/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/control.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control/access.h"
#include "lib/base/file.h"
#include "tests/unit/daemon/daemon_fixture.h"
#include "tests/unit/test.h"

#define CODE(name) GANAD__V1__ERROR_REPLY__CODE__##name

static void ask(int fd, Ganad__V1__ControlRequest__Command command)
{
    Ganad__V1__ControlRequest m;
    ganad__v1__control_request__init(&m);
    m.command = command;
    assert_true(client_send(fd, GANAD__V1__KIND__CONTROL_REQUEST, &m.base));
}

static Ganad__V1__StatusReply *status(int fd)
{
    uint8_t kind;
    size_t len;

    ask(fd, GANAD__V1__CONTROL_REQUEST__COMMAND__STATUS);
    const uint8_t *p = client_receive(fd, &kind, &len);
    assert_non_null(p);
    assert_int_equal(kind, GANAD__V1__KIND__STATUS_REPLY);
    Ganad__V1__StatusReply *m = ganad__v1__status_reply__unpack(NULL, len, p);
    assert_non_null(m);
    return m;
}

/* The next event as JSON. */
static json_t *event(int fd)
{
    uint8_t kind;
    size_t len;
    json_error_t e;

    const uint8_t *p = client_receive(fd, &kind, &len);
    assert_non_null(p);
    assert_int_equal(kind, GANAD__V1__KIND__EVENT);
    Ganad__V1__Event *m = ganad__v1__event__unpack(NULL, len, p);
    assert_non_null(m);
    json_t *j = json_loads(m->json, 0, &e);
    if (!j)
        fail_msg("%s: %s", e.text, m->json);
    ganad__v1__event__free_unpacked(m, NULL);
    return j;
}

static int64_t number(const json_t *j, const char *key)
{
    return json_integer_value(json_object_get(j, key));
}

static size_t count_lines(const char *path)
{
    uint8_t *text = NULL;
    size_t len, n = 0;

    assert_int_equal(gad_file_read(path, 1 << 20, &text, &len, NULL), 0);
    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    gad_free(text);
    return n;
}

static void status_knows_model_outputs_and_counters(void **state)
{
    (void)state;
    char more[256], file[96];
    struct stat st;

    (void)snprintf(file, sizeof(file), "%s/a.json", daemon_dir);
    (void)snprintf(more, sizeof(more),
                   "[output f]\ntype = file\nto = %s\n[model n]\ncheckpoint = /n\nthreshold = 5\n"
                   "[model s]\ncheckpoint = /search\n",
                   file);
    daemon_start(more);
    int fd = client_open("s"), control = client_open("c");
    for (uint64_t i = 0; i < 10; i++)
        assert_true(client_ask(fd, i, i < 3 ? 2000 : 7));
    for (uint64_t i = 0; i < 10; i++)
        client_expect_score(fd, i, i < 3 ? 2000 : 7);
    while (stat(file, &st) != 0 || count_lines(file) < 3)
        (void)status_counter("alerts");       /* the outputs' thread writes them */
    for (int again = 0; again < 2; again++) { /* one connection may ask twice */
        Ganad__V1__StatusReply *m = status(control);
        assert_int_equal(m->pid, getpid());
        assert_int_equal(m->n_model, 3);
        assert_true(m->model[0]->steps == 1 && m->model[0]->search_rate == 0.0);
        assert_true(m->model[2]->steps == 500 && m->model[2]->search_rate == 100.0);
        assert_string_equal(m->model[0]->name, "m");
        assert_string_equal(m->model[0]->kind, "fake");
        assert_string_equal(m->model[0]->file, "/m");
        assert_int_equal(strlen(m->model[0]->sha256), 64);
        assert_true(m->model[0]->fpr_budget == 0.001 && m->model[0]->threshold == 1000.0f);
        assert_int_equal(m->model[0]->scored, 10);
        assert_int_equal(m->model[0]->anomalous, 3);
        assert_true(m->model[1]->fpr_budget == 0.0 && m->model[1]->threshold == 5.0f);
        assert_int_equal(m->n_output, 1);
        assert_string_equal(m->output[0]->name, "f");
        assert_string_equal(m->output[0]->type, "file");
        assert_string_equal(m->output[0]->format, "json");
        assert_string_equal(m->output[0]->target, file);
        assert_string_equal(m->output[0]->state, "open");
        assert_in_range(m->output[0]->sent, 0, 3);
        assert_non_null(m->spool);
        assert_int_equal(m->spool->dropped, 0);
        assert_true(m->n_counter > 15);
        ganad__v1__status_reply__free_unpacked(m, NULL);
    }
    assert_int_equal(status_counter("alerts"), 3);
    assert_int_equal(status_counter("records_anomalous"), 3);
    (void)close(fd);
    (void)close(control);
}

static void a_tail_gets_each_alert_from_then_on(void **state)
{
    (void)state;
    daemon_start("[ganadd]\nsensor = here\n");
    int fd = client_open("s"), tail = client_open("c");

    assert_true(client_ask(fd, 0, 5000)); /* before: seq 1 */
    client_expect_score(fd, 0, 5000);
    ask(tail, GANAD__V1__CONTROL_REQUEST__COMMAND__TAIL);
    status_wait("tails", 1);
    for (uint64_t i = 1; i < 100; i++) {
        assert_true(client_ask(fd, i, i % 2 ? 7 : 5000));
        client_expect_score(fd, i, i % 2 ? 7 : 5000);
    }
    for (int64_t seq = 2; seq <= 50; seq++) {
        json_t *j = event(tail);
        assert_string_equal(json_string_value(json_object_get(j, "event_type")), "alert");
        assert_string_equal(json_string_value(json_object_get(j, "host")), "here");
        assert_int_equal(number(j, "seq"), seq);
        json_decref(j);
    }
    (void)close(tail);
    status_wait("tails", 0);
    (void)close(fd);
}

static void a_slow_tail_gets_the_number_of_lost_alerts(void **state)
{
    (void)state;
    enum { N = 4000 };
    int64_t got = 0, lost = 0, last = 0;

    daemon_start("");
    int fd = client_open("s"), tail = client_open("c");
    ask(tail, GANAD__V1__CONTROL_REQUEST__COMMAND__TAIL);
    status_wait("tails", 1);
    for (uint64_t i = 0; i < N; i++) { /* 1.2 KB each: more than its queue and the socket hold */
        assert_true(client_ask(fd, i, 5000));
        client_expect_score(fd, i, 5000);
    }
    assert_true(status_counter("tail_lost") > 0);
    while (lost == 0) {
        json_t *j = event(tail);
        if (strcmp(json_string_value(json_object_get(j, "event_type")), "loss") == 0) {
            lost += number(j, "lost");
            last += number(j, "lost");
        } else {
            got++;
            assert_int_equal(number(j, "seq"), ++last);
        }
        json_decref(j);
        if (got % 100 == 0) { /* once there is room again the next alert brings the news */
            assert_true(client_ask(fd, N, 5000));
            client_expect_score(fd, N, 5000);
        }
    }
    json_t *j = event(tail);
    assert_int_equal(number(j, "seq"), last + 1); /* each gap is reported */
    json_decref(j);
    assert_true(lost > 0 && got > 0);
    (void)close(fd);
    (void)close(tail);
}

static void what_is_no_control_request_ends_the_connection(void **state)
{
    (void)state;
    daemon_start("");
    int fd = client_open("c");
    assert_true(client_ask(fd, 1, 7)); /* belongs on the other socket */
    client_expect_error(fd, 0, CODE(BAD_FRAME), "kind 1 is not taken here");
    client_expect_end(fd);
    (void)close(fd);
    fd = client_open("c");
    assert_true(client_send_bytes(fd, "\0\0\x10\2\3", 5));
    client_expect_error(fd, 0, CODE(BAD_FRAME),
                        "a message of 4097 bytes, the limit for kind 3 is 4096");
    (void)close(fd);
    fd = client_open("c");
    assert_true(client_send_bytes(fd, "\0\0\0\3\3\x08\x63", 7));
    client_expect_error(fd, 0, CODE(BAD_MESSAGE), "unknown command");
    (void)close(fd);
    fd = client_open("c");
    assert_true(client_send_bytes(fd, "\0\0\0\2\3\xff", 6));
    client_expect_error(fd, 0, CODE(BAD_MESSAGE), "not a ControlRequest message");
    (void)close(fd);
}

static void control_clients_are_limited(void **state)
{
    (void)state;
    int fd[2 + ACCESS_RESERVED];
    /* the test has the daemon's user, for whom one place is reserved, or is root */
    const int n = 2 + (geteuid() == 0 ? ACCESS_RESERVED : 1);

    daemon_start("[control]\nmax_clients = 2\n");
    for (int i = 0; i < n; i++) {
        do {
            /* the close of the fixture's client may not have been noticed yet */
            fd[i] = client_open("c");
            ask(fd[i], GANAD__V1__CONTROL_REQUEST__COMMAND__STATUS);
            uint8_t kind;
            size_t len;
            if (client_receive(fd[i], &kind, &len) && kind == GANAD__V1__KIND__STATUS_REPLY)
                break;
            (void)close(fd[i]);
        } while (true);
    }
    int more = client_open("c");
    client_expect_error(more, 0, CODE(BUSY), "too many control clients");
    client_expect_end(more);
    (void)close(more);
    for (int i = 0; i < n; i++)
        (void)close(fd[i]);
}

static void sighup_reopens_the_alert_file(void **state)
{
    (void)state;
    char more[256], file[96], old[96];
    struct stat st;
    uint8_t *text = NULL;
    size_t len;

    (void)snprintf(file, sizeof(file), "%s/a.json", daemon_dir);
    (void)snprintf(old, sizeof(old), "%s/b.json", daemon_dir);
    (void)snprintf(more, sizeof(more), "[output f]\ntype = file\nto = %s\n", file);
    daemon_start(more);
    int fd = client_open("s");
    assert_true(client_ask(fd, 1, 5000));
    client_expect_score(fd, 1, 5000);
    while (stat(file, &st) != 0 || st.st_size == 0)
        (void)status_counter("alerts");
    assert_int_equal(rename(file, old), 0);
    daemon_signal(SIGHUP);
    while (access(file, F_OK) != 0)
        (void)status_counter("alerts");
    assert_true(client_ask(fd, 2, 6000));
    client_expect_score(fd, 2, 6000);
    (void)close(fd);
    daemon_stop();
    assert_int_equal(gad_file_read(file, 1 << 20, &text, &len, NULL), 0);
    assert_true(len > 0 && text[len - 1] == '\n');
    assert_non_null(strstr((char *)text, "\"score\":6000"));
    assert_null(strstr((char *)text, "\"score\":5000"));
    gad_free(text);
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, daemon_make, daemon_unmake)
    const struct CMUnitTest tests[] = {
        WITH(status_knows_model_outputs_and_counters),
        WITH(a_tail_gets_each_alert_from_then_on),
        WITH(a_slow_tail_gets_the_number_of_lost_alerts),
        WITH(what_is_no_control_request_ends_the_connection),
        WITH(control_clients_are_limited),
        WITH(sighup_reopens_the_alert_file),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
