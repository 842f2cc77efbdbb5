/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

enum { TIMEOUT_MS = 5000 };

static char dir[64];
static char path[96];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(scratch_path(dir, sizeof(dir), "socket-XXXXXX")))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/s", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir);
}

/* A byte goes through from a fresh connection to an accepted one. */
static void assert_served(const char *address, int server)
{
    struct gad_diag d = {0};
    int client = -1;
    char c = 0;

    assert_int_equal(gad_socket_connect(address, TIMEOUT_MS, &client, &d), 0);
    assert_int_equal(write(client, "x", 1), 1);
    /* before it there may be one that only looked whether the socket is served */
    for (int i = 0; i < 2 && c == 0; i++) {
        struct pollfd p = {.fd = server, .events = POLLIN};
        assert_int_equal(poll(&p, 1, TIMEOUT_MS), 1);
        int peer = accept(server, NULL, NULL);
        assert_true(peer >= 0);
        assert_true(read(peer, &c, 1) >= 0);
        close(peer);
    }
    assert_int_equal(c, 'x');
    close(client);
}

static void a_slash_makes_a_path(void **state)
{
    (void)state;
    assert_true(gad_socket_is_unix("/run/x"));
    assert_true(gad_socket_is_unix("./x"));
    assert_true(gad_socket_is_unix("unix:x"));
    assert_false(gad_socket_is_unix("localhost:1"));
    assert_false(gad_socket_is_unix("tcp:a/b:1"));
    assert_false(gad_socket_is_unix("[::1]:1"));
}

static void unix_socket_serves_with_its_mode_whatever_the_umask(void **state)
{
    (void)state;
    struct gad_diag d = {0};
    struct stat st;
    int server = -1;

    mode_t old = umask(0177);
    assert_int_equal(gad_socket_listen(path, 0660, 8, &server, &d), 0);
    umask(old);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    assert_served(path, server);
    close(server);
}

static void a_served_socket_is_not_taken_and_a_dead_one_is(void **state)
{
    (void)state;
    struct gad_diag d = {0};
    int first = -1, second = -1;

    assert_int_equal(gad_socket_listen(path, 0600, 8, &first, &d), 0);
    assert_int_equal(gad_socket_listen(path, 0600, 8, &second, &d), -EADDRINUSE);
    assert_non_null(strstr(d.text, path));
    assert_int_equal(second, -1);
    assert_served(path, first);

    close(first); /* as after a crash: the file stays */
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(gad_socket_listen(path, 0600, 8, &second, &d), 0);
    assert_served(path, second);
    close(second);
}

static void *accept_one(void *arg)
{
    const struct timespec a_while = {.tv_nsec = 20000000};
    (void)nanosleep(&a_while,
                    NULL); /* so that the connect below does wait; it passes without, too */
    int fd = accept(*(const int *)arg, NULL, NULL);
    close(fd);
    return NULL;
}

static void a_full_backlog_is_waited_for(void **state)
{
    (void)state;
    struct gad_diag d = {0};
    int server = -1, fd[64], n = 0;
    pthread_t thread;

    assert_int_equal(gad_socket_listen(path, 0600, 1, &server, &d), 0);
    while (n < 64 && gad_socket_connect(path, 0, &fd[n], &d) == 0)
        n++;
    assert_in_range(n, 1, 63); /* the backlog is full now */
    int more = -1;
    assert_int_equal(gad_socket_connect(path, 50, &more, &d), -ETIMEDOUT);
    assert_int_equal(more, -1);

    (void)fcntl(server, F_SETFL, 0); /* accept_one() waits */
    assert_int_equal(pthread_create(&thread, NULL, accept_one, &server), 0);
    assert_int_equal(gad_socket_connect(path, TIMEOUT_MS, &more, &d), 0);
    assert_true((fcntl(more, F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(more);
    while (n > 0)
        close(fd[--n]);
    close(server);
}

static void a_file_of_another_type_is_left_alone(void **state)
{
    (void)state;
    struct gad_diag d = {0};
    int fd = -1;
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    assert_true(fputs("keep", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(gad_socket_listen(path, 0600, 8, &fd, &d), -EADDRINUSE);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4);
}

/* Port of a bound IPv4 socket. */
static int port_of(int fd)
{
    struct sockaddr_in a = {0};
    socklen_t len = sizeof(a);

    return getsockname(fd, (struct sockaddr *)&a, &len) == 0 ? ntohs(a.sin_port) : 0;
}

static void tcp_serves_on_a_port_of_the_systems_choice(void **state)
{
    (void)state;
    struct gad_diag d = {0};
    char address[64];
    int server = -1, fd = -1;

    assert_int_equal(gad_socket_listen("127.0.0.1:0", 0, 8, &server, &d), 0);
    int port = port_of(server);
    assert_in_range(port, 1, 65535);
    (void)snprintf(address, sizeof(address), "tcp:127.0.0.1:%d", port);
    assert_served(address, server);
    assert_int_equal(gad_socket_listen(address, 0, 8, &fd, &d), -EADDRINUSE);
    close(server);
    assert_int_equal(gad_socket_connect(address, TIMEOUT_MS, &fd, &d), -ECONNREFUSED);
    assert_non_null(strstr(d.text, address));
    assert_int_equal(fd, -1);
}

static void what_is_no_address_is_named(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "localhost", "localhost:", ":80",    "h:65536",
                                      "h:-1", "h: 1",      "::1:80",     "[::1]",  "[]:80",
                                      "tcp:", "unix:",     "h:80x",      "tcp::1", "[::1:80"};
    int fd = -1;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct gad_diag d = {0};
        assert_int_equal(gad_socket_connect(bad[i], TIMEOUT_MS, &fd, &d), GAD_EFORMAT);
        assert_non_null(strstr(d.text, bad[i]));
        assert_int_equal(gad_socket_listen(bad[i], 0600, 1, &fd, NULL), GAD_EFORMAT);
    }
    assert_int_equal(fd, -1);
}

/* sun_path has 108 bytes: 107 and the NUL. */
static void a_path_is_as_long_as_the_kernel_takes(void **state)
{
    (void)state;
    char longest[160];
    struct gad_diag d = {0};
    int fd = -1;

    for (size_t len = 106; len <= 108; len++) {
        memset(longest, 'x', sizeof(longest));
        longest[0] = '/';
        longest[len] = '\0';
        assert_int_equal(gad_socket_connect(longest, TIMEOUT_MS, &fd, &d),
                         len <= 107 ? -ENOENT : GAD_ELIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slash_makes_a_path),
        cmocka_unit_test_setup_teardown(unix_socket_serves_with_its_mode_whatever_the_umask, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_served_socket_is_not_taken_and_a_dead_one_is, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_backlog_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_of_another_type_is_left_alone, set_up, tear_down),
        cmocka_unit_test(tcp_serves_on_a_port_of_the_systems_choice),
        cmocka_unit_test(what_is_no_address_is_named),
        cmocka_unit_test(a_path_is_as_long_as_the_kernel_takes),
    };
    return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
