/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/main/daemon.h"

#include <dirent.h>
#include <event2/event.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/control/control.h"
#include "daemon/feed/feed.h"
#include "daemon/ingest/server.h"
#include "daemon/log.h"
#include "daemon/privileges.h"
#include "daemon/score/models.h"
#include "daemon/score/scorer.h"
#include "daemon/stats.h"
#include "lib/base/diag.h"
#include "tests/unit/daemon/daemon_fixture.h"
#include "tests/unit/test.h"

/* What daemon_run() makes before it runs, one after the other. */
struct modules {
    struct event_base *base;
    struct config *config;
    struct models *models;
    struct scorer *scorer;
    struct feed *feed;
    struct server *server;
    struct control *control;
    struct stats stats;
};

static void ignore_job(void *arg, const struct job *j)
{
    (void)arg;
    (void)j;
}

static void ignore(void *arg)
{
    (void)arg;
}

static int make_modules(struct modules *m, struct gad_diag *d)
{
    int r = models_load(m->config, &m->models, d);

    if (r == 0 && (r = scorer_new(&m->scorer)) != 0)
        r = gad_fail(d, r, "scorer");
    const struct feed_options fo = {.base = m->base, .config = m->config, .stats = &m->stats};
    if (r == 0)
        r = feed_new(&fo, &m->feed, d);
    const struct server_options so = {.base = m->base,
                                      .config = m->config,
                                      .models = m->models,
                                      .scorer = m->scorer,
                                      .stats = &m->stats,
                                      .scored = ignore_job,
                                      .drained = ignore,
                                      .stopped = ignore};
    if (r == 0)
        r = server_new(&so, &m->server, d);
    const struct control_options co = {.base = m->base,
                                       .config = m->config,
                                       .models = m->models,
                                       .stats = &m->stats,
                                       .feed = m->feed};
    if (r == 0)
        r = control_new(&co, &m->control, d);
    return r;
}

static void free_modules(struct modules *m)
{
    control_free(m->control);
    server_free(m->server);
    feed_free(m->feed);
    scorer_free(m->scorer);
    models_free(m->models);
}

static void remove_spool(void)
{
    char path[256];
    const struct dirent *e;

    (void)snprintf(path, sizeof(path), "%s/spool", daemon_dir);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.')
            assert_int_equal(unlinkat(dirfd(dir), e->d_name, 0), 0);
    (void)closedir(dir);
    assert_int_equal(rmdir(path), 0);
}

static void every_failed_allocation_is_an_error_that_leaves_nothing(void **state)
{
    (void)state;
    char text[512];
    struct modules m = {.base = event_base_new()};

    assert_non_null(m.base);
    int n = snprintf(
        text, sizeof(text),
        "[scoring]\nunix = %s/s\n[control]\nunix = %s/c\n[output f]\ntype = file\nto = %s/a\n"
        "[spool]\ndirectory = %s/spool\n[model m]\ncheckpoint = /m\n",
        daemon_dir, daemon_dir, daemon_dir, daemon_dir);
    assert_int_equal(config_parse("t", text, (size_t)n, &m.config, NULL), 0);
    for (long k = 1;; k++) {
        struct gad_diag d = {""};
        (void)gad_mem_fail_at(k);
        int r = make_modules(&m, &d);
        (void)gad_mem_fail_at(0);
        free_modules(&m);
        m = (struct modules){.base = m.base, .config = m.config};
        (void)snprintf(text, sizeof(text), "%s/s", daemon_dir);
        assert_int_not_equal(access(text, F_OK), 0); /* sockets are removed again */
        if (r == 0) {
            assert_true(k > 20);
            break;
        }
        assert_int_equal(r, GAD_ENOMEM);
    }
    config_free(m.config);
    event_base_free(m.base);
    remove_spool();
}

static void a_socket_that_is_served_is_left_alone(void **state)
{
    (void)state;
    char text[512];
    struct config *c = NULL;
    struct models *models = NULL;
    struct gad_diag d = {""};

    daemon_start("");
    int n = snprintf(text, sizeof(text), "[scoring]\nunix = %s/s\n[model m]\ncheckpoint = /m\n",
                     daemon_dir);
    assert_int_equal(config_parse("t", text, (size_t)n, &c, NULL), 0);
    assert_int_equal(models_load(c, &models, NULL), 0);
    struct modules m = {.base = event_base_new(), .config = c};
    assert_int_equal(make_modules(&m, &d), -EADDRINUSE);
    assert_non_null(strstr(d.text, daemon_dir));
    free_modules(&m);
    event_base_free(m.base);
    models_free(models);
    config_free(c);
    int fd = client_open("s"); /* the first one still serves */
    assert_true(client_ask(fd, 1, 7));
    client_expect_score(fd, 1, 7);
    (void)close(fd);
}

static void sockets_have_the_mode_that_was_asked_for(void **state)
{
    (void)state;
    char path[96];
    struct stat st;
    mode_t mask = umask(0777);

    daemon_start("[scoring]\nmode = 0622\n");
    (void)umask(mask);
    (void)snprintf(path, sizeof(path), "%s/s", daemon_dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0622);
    (void)snprintf(path, sizeof(path), "%s/c", daemon_dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    daemon_stop();
    assert_int_not_equal(access(path, F_OK), 0);
}

/* In a child, which cannot come back from it. */
static void root_is_given_up_for_good(void **state)
{
    (void)state;
    const struct passwd *pw = getpwnam("nobody");

    if (geteuid() != 0 || !pw)
        skip(); /* only root can show it */
    uid_t uid = pw->pw_uid;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        gid_t group[64];
        if (privileges_drop("nobody", false, NULL) != 0)
            _exit(1);
        int n = getgroups(64, group);
        for (int i = 0; i < n; i++)
            if (group[i] == 0)
                _exit(2);
        _exit(getuid() != uid || geteuid() != uid || setuid(0) == 0 || setegid(0) == 0 ? 3 : 0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_user_that_does_not_exist_is_named(void **state)
{
    (void)state;
    struct gad_diag d = {""};

    if (geteuid() != 0)
        skip();
    assert_int_equal(privileges_give("no-such-user", "/tmp", &d), GAD_EUNKNOWN);
    assert_string_equal(d.text, "[ganadd] user 'no-such-user': no such user");
    assert_int_equal(privileges_give("", "/nowhere", &d), 0);
}

static void receive(int fd, char got[static 256])
{
    ssize_t n = recv(fd, got, 255, 0);

    assert_true(n > 0);
    got[n] = '\0';
}

static void the_service_manager_is_notified(void **state)
{
    (void)state;
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const struct timeval patience = {20, 0};
    char got[256];

    if (!WITH_SYSTEMD)
        skip();
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/n", daemon_dir);
    assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", addr.sun_path, 1), 0);
    daemon_start("");
    receive(fd, got);
    assert_string_equal(
        got, "READY=1\nSTATUS=model m; no capture, records from clients only; no output");
    daemon_stop();
    receive(fd, got);
    assert_string_equal(got, "STOPPING=1\nSTATUS=finishing what was accepted");
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    (void)close(fd);
}

/* What log_warn() writes. */
static void logged(const char *text, char got[static 4096])
{
    int fd[2], keep = dup(STDERR_FILENO);

    assert_int_equal(pipe(fd), 0);
    assert_true(dup2(fd[1], STDERR_FILENO) >= 0);
    log_warn("room", "'%s'", text);
    assert_true(dup2(keep, STDERR_FILENO) >= 0);
    (void)close(fd[1]);
    (void)close(keep);
    ssize_t n = read(fd[0], got, 4095);
    (void)close(fd[0]);
    assert_true(n >= 0);
    got[n] = '\0';
}

static void no_message_forges_a_line_of_the_log(void **state)
{
    (void)state;
    char got[4096], much[3000];

    log_set_level("warn");
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    logged("a\n<0>b\x1b[2J\xff", got);
    assert_non_null(strstr(got, "Z warning: room: 'a\\x0a<0>b\\x1b[2J\\xff'\n"));
    assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
    assert_int_equal(setenv("JOURNAL_STREAM", "1:2", 1), 0);
    logged("a\n", got);
    assert_string_equal(got, "<4>room: 'a\\x0a'\n");
    memset(much, '\n', sizeof(much) - 1);
    much[sizeof(much) - 1] = '\0';
    logged(much, got);
    assert_true(strlen(got) < 2048);
    assert_string_equal(got + strlen(got) - 4, "...\n");
    log_set_level("error");
    logged("too quiet", got);
    assert_string_equal(got, "");
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, daemon_make, daemon_unmake)
    const struct CMUnitTest tests[] = {
        WITH(every_failed_allocation_is_an_error_that_leaves_nothing),
        WITH(a_socket_that_is_served_is_left_alone),
        WITH(sockets_have_the_mode_that_was_asked_for),
        cmocka_unit_test(root_is_given_up_for_good),
        cmocka_unit_test(a_user_that_does_not_exist_is_named),
        WITH(the_service_manager_is_notified),
        cmocka_unit_test(no_message_forges_a_line_of_the_log),
    };
    return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
